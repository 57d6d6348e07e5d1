/** The servers of this benchmark, and filling them. */
import { ask, type Reply } from '../client.ts';
import { BenchError } from '../report.ts';
import { redisLaunch, type Server, shardisLaunch, splitWords, withServers } from '../servers.ts';

export interface TypesOptions {
  only: string[];
  rounds: number;
  /** Length of one run. */
  seconds: number;
  /** Elements or keys where the targets speak of a million. */
  elements: number;
  shards: number;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

const KEEP_NOTHING = ['--save', '', '--appendonly', 'no'];
const BATCH = 1000;

/** Starts a Redis and a shardis that keep nothing on disk. */
export function withBoth<T>(options: TypesOptions, use: (servers: Server[]) => Promise<T>): Promise<T> {
  const own = options.serverCommand === undefined ? KEEP_NOTHING : [];
  const extra = [...own, ...splitWords(options.shardisArgs ?? '')];
  return withServers(
    [
      redisLaunch(splitWords(options.peerArgs ?? '')),
      shardisLaunch(options.shards, options.serverCommand, extra),
    ],
    use,
  );
}

/** Sends `count` commands, `commandOf(0)` first, a batch at a time. A reply that is an error ends the benchmark. */
export async function send(
  server: Server,
  count: number,
  commandOf: (index: number) => string[],
): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const length = Math.min(BATCH, count - from);
    const commands = Array.from({ length }, (_, i) => commandOf(from + i));
    check(server, await ask(server.port, commands));
  }
}

/** Sends one command and returns its reply. */
export async function sendOne(server: Server, ...words: string[]): Promise<Reply> {
  const replies = await ask(server.port, [words]);
  check(server, replies);
  return replies[0]!;
}

function check(server: Server, replies: Reply[]): void {
  const error = replies.find((reply) => reply instanceof Error);
  if (error !== undefined) throw new BenchError(`${server.name} answered ${String(error)}`);
}

/** Adds `count` elements, several with each command: `[...head, ...elementOf(i), …]`. */
export async function addElements(
  server: Server,
  head: string[],
  count: number,
  elementOf: (index: number) => string[],
): Promise<void> {
  const perCommand = 100;
  await send(server, Math.ceil(count / perCommand), (index) => {
    const from = index * perCommand;
    const length = Math.min(perCommand, count - from);
    return [...head, ...Array.from({ length }, (_, i) => elementOf(from + i)).flat()];
  });
}
