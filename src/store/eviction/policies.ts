/** Which policy stands behind which name. */
import type { EvictionPolicyName } from '../../base/eviction-policies.ts';
import { LfuEviction } from './lfu.ts';
import { LruEviction } from './lru.ts';
import { NoEviction } from './noeviction.ts';
import type { EvictionOptions, EvictionPolicy, EvictionTarget } from './policy.ts';
import { RandomEviction } from './random.ts';
import { S3FifoEviction } from './s3fifo.ts';
import { SieveEviction } from './sieve.ts';
import { TtlEviction } from './ttl.ts';

type Maker = (target: EvictionTarget, options: EvictionOptions) => EvictionPolicy;

const MAKERS: Readonly<Record<EvictionPolicyName, Maker>> = {
  noeviction: () => new NoEviction(),
  'allkeys-lru': (target, options) => new LruEviction(target, false, options),
  'volatile-lru': (target, options) => new LruEviction(target, true, options),
  'allkeys-lfu': (target, options) => new LfuEviction(target, false, options),
  'volatile-lfu': (target, options) => new LfuEviction(target, true, options),
  'allkeys-random': (target) => new RandomEviction(target, false),
  'volatile-random': (target) => new RandomEviction(target, true),
  'volatile-ttl': (target, options) => new TtlEviction(target, true, options),
  'allkeys-s3fifo': (target) => new S3FifoEviction(target, false),
  'volatile-s3fifo': (target) => new S3FifoEviction(target, true),
  'allkeys-sieve': (target) => new SieveEviction(target, false),
  'volatile-sieve': (target) => new SieveEviction(target, true),
};

export function makePolicy(
  name: EvictionPolicyName,
  target: EvictionTarget,
  options: EvictionOptions,
): EvictionPolicy {
  return MAKERS[name](target, options);
}
