/** The servers of this benchmark: a Redis, and shardis with one number of shards or another. */
import { ask } from '../client.ts';
import { fillKeyspace } from '../load.ts';
import { BenchError } from '../report.ts';
import { durability, redisLaunch, type Server, shardisLaunch, splitWords, withServers } from '../servers.ts';

export interface AtomicOptions {
  only: string[];
  rounds: number;
  /** Length of one run. */
  seconds: number;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

/** Starts a Redis and one shardis for each number of shards; all keys are there and nothing is kept on disk. */
export function withAtomicServers<T>(
  options: AtomicOptions,
  shards: number[],
  use: (servers: Server[]) => Promise<T>,
): Promise<T> {
  const keepNothing = ['--save', '', '--appendonly', 'no'];
  const launches = [
    redisLaunch(splitWords(options.peerArgs ?? '')),
    ...shards.map((count) =>
      shardisLaunch(count, options.serverCommand, [
        ...(options.serverCommand === undefined ? keepNothing : []),
        ...splitWords(options.shardisArgs ?? ''),
      ]),
    ),
  ];
  return withServers(launches, async (servers) => {
    for (const server of servers) {
      await durability(server);
      await fillKeyspace(server);
    }
    return use(servers);
  });
}

/** Fails where a server lacks a command, before anything waits for its reply. */
export async function mustKnow(server: Server, command: string): Promise<void> {
  const [reply] = await ask(server.port, [['COMMAND', 'INFO', command]]);
  if (Array.isArray(reply) && Array.isArray(reply[0])) return;
  throw new BenchError(`${server.name} does not know ${command.toUpperCase()}`);
}
