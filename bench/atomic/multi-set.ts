/**
 * (b) MSET of ten keys at P=16 under redis-benchmark with 50 connections, shardis with two shards.
 *
 * redis-benchmark draws each of the ten keys anew out of 100,000 (values of 64 bytes), so one MSET in 500 has all of
 * its keys on one shard. CPU is that of the server alone; redis-benchmark is one thread and the same for both.
 */
import { type Figure, inTurns, NAMES, ratioFigure } from '../figures.ts';
import { type LoadResult, probeRequests, runLoad } from '../load.ts';
import { median, progress } from '../report.ts';
import type { ServerName } from '../servers.ts';
import { SHARDS } from './keys.ts';
import { type AtomicOptions, withAtomicServers } from './servers.ts';

const PIPELINE = 16;

export function multiSet(options: AtomicOptions): Promise<Figure[]> {
  return withAtomicServers(options, [SHARDS], async (servers) => {
    const runs: Record<ServerName, LoadResult[]> = { redis: [], shardis: [] };
    const load = { test: 'mset', pipeline: PIPELINE } as const;
    let rate = 0;
    for (const server of servers) {
      progress(`warming up MSET, ${server.name}`);
      const requests = probeRequests('mset', PIPELINE);
      await runLoad(server, { ...load, requests });
      rate += (await runLoad(server, { ...load, requests })).rps / servers.length;
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const server of inTurns(round, servers)) {
        progress(`round ${round + 1}/${options.rounds}: MSET, ${server.name}`);
        runs[server.name].push(await runLoad(server, { ...load, requests: rate * options.seconds }));
      }
    }
    const of = (key: 'rps' | 'cpuUs' | 'coresBusy') =>
      Object.fromEntries(NAMES.map((name) => [name, median(runs[name].map((one) => one[key]))])) as Record<
        ServerName,
        number
      >;
    return [
      ratioFigure(`MSET of 10, P=${PIPELINE}; ${SHARDS} shards`, 'commands/s', of('rps'), 1, 'at least'),
      { title: '… server CPU', unit: 'µs/command', ...of('cpuUs') },
      { title: '… cores that the server kept busy', unit: '', ...of('coresBusy') },
    ];
  });
}
