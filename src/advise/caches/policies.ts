/** Which cache over numbers behaves as the server does under which `maxmemory-policy`. */
import type { Cache } from './cache.ts';
import { S3Fifo } from './s3-fifo.ts';
import { SampledLfu, SampledLru, SampledRandom, SampledTtl, type Surroundings } from './sampled.ts';
import { Sieve } from './sieve.ts';

type Make = (ids: number, capacity: number, around: Surroundings, seed: number) => Cache;

const POLICIES: ReadonlyMap<string, Make> = new Map<string, Make>([
  [
    'allkeys-lru',
    (ids, capacity, around, seed) => new SampledLru(ids, capacity, around, { isVolatile: false, seed }),
  ],
  [
    'allkeys-lfu',
    (ids, capacity, around, seed) => new SampledLfu(ids, capacity, around, { isVolatile: false, seed }),
  ],
  ['allkeys-s3fifo', (ids, capacity, { weights }) => new S3Fifo(ids, capacity, weights)],
  ['allkeys-sieve', (ids, capacity, { weights }) => new Sieve(ids, capacity, weights)],
  [
    'allkeys-random',
    (ids, capacity, around, seed) => new SampledRandom(ids, capacity, around, { isVolatile: false, seed }),
  ],
  [
    'volatile-lru',
    (ids, capacity, around, seed) => new SampledLru(ids, capacity, around, { isVolatile: true, seed }),
  ],
  [
    'volatile-lfu',
    (ids, capacity, around, seed) => new SampledLfu(ids, capacity, around, { isVolatile: true, seed }),
  ],
  [
    'volatile-ttl',
    (ids, capacity, around, seed) => new SampledTtl(ids, capacity, around, { isVolatile: true, seed }),
  ],
  [
    'volatile-random',
    (ids, capacity, around, seed) => new SampledRandom(ids, capacity, around, { isVolatile: true, seed }),
  ],
]);

/** Those that choose among all keys. */
export const ALLKEYS_POLICIES: readonly string[] = [...POLICIES.keys()].filter((name) =>
  name.startsWith('allkeys-'),
);

/** Those that choose among keys with an expiry: where all keys have one they choose as the others do, where none has one nothing ever goes. */
export const VOLATILE_POLICIES: readonly string[] = [...POLICIES.keys()].filter((name) =>
  name.startsWith('volatile-'),
);

export function makeCache(
  policy: string,
  ids: number,
  capacity: number,
  around: Surroundings,
  seed: number,
): Cache {
  return POLICIES.get(policy)!(ids, capacity, around, seed);
}
