/** Which cache over numbers behaves as the server does under which `maxmemory-policy`. */
import type { Cache } from './cache.ts';
import { S3Fifo } from './s3-fifo.ts';
import { SampledLfu, SampledLru, SampledRandom, SampledTtl } from './sampled.ts';
import type { ServerCacheOptions, Surroundings } from './server-cache.ts';
import { Sieve } from './sieve.ts';

type CacheClass = new (
  ids: number,
  capacity: number,
  around: Surroundings,
  options: ServerCacheOptions,
) => Cache;

/** By what follows `allkeys-` or `volatile-`. */
const RULES: ReadonlyMap<string, CacheClass> = new Map<string, CacheClass>([
  ['lru', SampledLru],
  ['lfu', SampledLfu],
  ['s3fifo', S3Fifo],
  ['sieve', Sieve],
  ['random', SampledRandom],
  ['ttl', SampledTtl],
]);

/** Those that choose among all keys. */
export const ALLKEYS_POLICIES: readonly string[] = [...RULES.keys()]
  .filter((rule) => rule !== 'ttl')
  .map((rule) => `allkeys-${rule}`);

/**
 * Those that choose among keys with an expiry: where all keys have one they choose as the others do, where none has one nothing
 * ever goes.
 */
export const VOLATILE_POLICIES: readonly string[] = [...RULES.keys()].map((rule) => `volatile-${rule}`);

/** `ids` and `capacity` as for Cache; `policy` is one of the names above. */
export function makeCache(
  policy: string,
  ids: number,
  capacity: number,
  around: Surroundings,
  seed: number,
): Cache {
  const [scope, rule] = policy.split('-');
  const CacheOfRule = RULES.get(rule!)!;
  return new CacheOfRule(ids, capacity, around, { isVolatile: scope === 'volatile', seed });
}
