/** Which cache over numbers behaves as the server does under which `maxmemory-policy`. */
import { EVICTION_POLICIES, type EvictionPolicyName } from '../../base/eviction-policies.ts';
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

type RuleOf<Name> = Name extends `${'allkeys' | 'volatile'}-${infer Rule}` ? Rule : never;

/** By what follows `allkeys-` or `volatile-`, in the order in which they are shown. */
const RULES: Readonly<Record<RuleOf<EvictionPolicyName>, CacheClass>> = {
  lru: SampledLru,
  lfu: SampledLfu,
  s3fifo: S3Fifo,
  sieve: Sieve,
  random: SampledRandom,
  ttl: SampledTtl,
};

/** Those that choose among all keys. */
export const ALLKEYS_POLICIES = policiesOf('allkeys');

/**
 * Those that choose among keys with an expiry: where all keys have one they choose as the others do, where none has one nothing
 * ever goes.
 */
export const VOLATILE_POLICIES = policiesOf('volatile');

function policiesOf(scope: string): readonly string[] {
  const all: readonly string[] = EVICTION_POLICIES;
  return Object.keys(RULES)
    .map((rule) => `${scope}-${rule}`)
    .filter((policy) => all.includes(policy));
}

/** `ids` and `capacity` as for Cache; `policy` is one of the names above. */
export function makeCache(
  policy: string,
  ids: number,
  capacity: number,
  around: Surroundings,
  seed: number,
): Cache {
  const [scope, rule] = policy.split('-');
  const CacheOfRule = RULES[rule as keyof typeof RULES];
  return new CacheOfRule(ids, capacity, around, { isVolatile: scope === 'volatile', seed });
}
