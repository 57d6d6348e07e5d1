/**
 * `startup`: milliseconds from just before the spawn of an empty server to its first +PONG, tried every 2 ms. One
 * uncounted start of each brings the files into the page cache; then the two take turns.
 */
import {
  environment,
  format,
  median,
  printHeader,
  printJson,
  printTable,
  progress,
  progressDone,
  requireRedis,
} from './report.ts';
import { redisLaunch, type ServerName, shardisLaunch, splitWords, startServer } from './servers.ts';

export interface StartupOptions {
  rounds: number;
  shards: number;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

const TARGET_MS = 500;

export async function runStartup(options: StartupOptions): Promise<void> {
  requireRedis('redis-server');
  const env = environment();
  const launches = [
    redisLaunch(splitWords(options.peerArgs ?? '')),
    shardisLaunch(options.shards, options.serverCommand, splitWords(options.shardisArgs ?? '')),
  ];
  const times: Record<ServerName, number[]> = { redis: [], shardis: [] };
  for (let round = 0; round <= options.rounds; round++) {
    for (const launch of round % 2 === 0 ? launches : launches.toReversed()) {
      progress(`start ${round}/${options.rounds}: ${launch.name}`);
      const server = await startServer(launch);
      await server.stop();
      if (round > 0) times[launch.name].push(server.startMs);
    }
  }
  progressDone();
  const results = (['redis', 'shardis'] as const).map((server) => ({
    server,
    medianMs: median(times[server]),
    minMs: Math.min(...times[server]),
    maxMs: Math.max(...times[server]),
    allMs: times[server],
  }));
  const reached = results[1]!.medianMs <= TARGET_MS;
  if (options.json) {
    const target = { wantedMs: TARGET_MS, verdict: reached ? 'ok' : 'miss' };
    printJson('startup', env, { options, results, target });
    return;
  }
  printHeader('startup', env, [
    `from spawn to the first +PONG, ${options.rounds} starts each; shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}, empty`,
  ]);
  printTable(
    [{ title: 'server', align: 'left' }, { title: 'median ms' }, { title: 'min ms' }, { title: 'max ms' }],
    results.map((row) => [row.server, ...[row.medianMs, row.minMs, row.maxMs].map((ms) => format(ms, 1))]),
  );
  console.log(`target: shardis ≤ ${TARGET_MS} ms: ${reached ? 'ok' : 'miss'}\n`);
}
