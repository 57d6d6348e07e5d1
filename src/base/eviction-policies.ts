/** The names of the eviction policies, in the order in which errors list them: Redis's, then ours. */
export const EVICTION_POLICIES = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
  'allkeys-s3fifo',
  'allkeys-sieve',
  'volatile-s3fifo',
  'volatile-sieve',
] as const;

export type EvictionPolicyName = (typeof EVICTION_POLICIES)[number];
