/** The servers of this benchmark, filled to their limit. */
import { ask } from '../client.ts';
import { fill, VALUE_BYTES } from '../load.ts';
import { BenchError, progress } from '../report.ts';
import { type Launch, redisLaunch, type Server, shardisLaunch, splitWords, withServers } from '../servers.ts';

export interface EvictionOptions {
  only: string[];
  rounds: number;
  /** Length of one run. */
  seconds: number;
  /** The limit. */
  megabytes: number;
  policy: string;
  shards: number;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

/** So many keys that hardly any of those that are drawn is there. */
export const RANGE = 100_000_000;
/** A key of 16 bytes with 64 of value takes about so many. */
const ENTRY_BYTES = 100;

export function limitBytes({ megabytes }: EvictionOptions): number {
  return megabytes * 1024 * 1024;
}

/** How a shardis is started that keeps nothing on disk. */
export function launchOf(options: EvictionOptions, words: string[]): Launch {
  const extra = ['--save', '', '--appendonly', 'no', ...words, ...splitWords(options.shardisArgs ?? '')];
  return shardisLaunch(options.shards, options.serverCommand, extra);
}

/** Starts a Redis and a shardis with the limit. */
export function withLimited<T>(options: EvictionOptions, use: (servers: Server[]) => Promise<T>): Promise<T> {
  const words = ['--maxmemory', String(limitBytes(options)), '--maxmemory-policy', options.policy];
  const redis = redisLaunch([...words, ...splitWords(options.peerArgs ?? '')]);
  return withServers([redis, launchOf(options, words)], use);
}

/** Writes keys until some are evicted. */
export async function fillToLimit(server: Server, options: EvictionOptions): Promise<void> {
  progress(`filling ${server.name} to its limit`);
  const count = Math.ceil((limitBytes(options) / ENTRY_BYTES) * 1.5);
  await fill(server, { prefix: 'fill:', count, value: Buffer.alloc(VALUE_BYTES, 'v') });
  await checkEvicting(server);
}

/** A server that does not evict must not be measured as if it did, and one must hold its limit. */
export async function checkEvicting(server: Server, bytesMax = Infinity): Promise<void> {
  if ((await infoNumber(server, 'evicted_keys')) === 0) throw new BenchError(`${server.name} evicts nothing`);
  const used = await infoNumber(server, 'used_memory');
  if (used > bytesMax) throw new BenchError(`${server.name} uses ${used} bytes of ${bytesMax}`);
}

export async function infoNumber(server: Server, field: string): Promise<number> {
  const [reply] = await ask(server.port, [['INFO', 'everything']]);
  const found = new RegExp(`^${field}:(\\d+)`, 'm').exec(String(reply));
  if (found === null) throw new BenchError(`${server.name} has no ${field} in INFO`);
  return Number(found[1]);
}
