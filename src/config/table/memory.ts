/** Options: how much memory the keys may take. */
import { EVICTION_POLICIES } from '../../base/eviction-policies.ts';
import { INT_MAX, integer, memory, oneOf } from '../kinds.ts';
import { row } from '../row.ts';

const SHARDS = { mutable: true, affects: ['shards'], group: 'Memory' } as const;
const anyCount = integer(0, INT_MAX);

export const memoryLimits = {
  maxmemory: row({
    kind: memory({ min: 0 }),
    default: 0,
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Memory',
    help: 'bytes of keys, indexes and buffers of clients that maxmemory-policy has to hold; 0 for no limit',
  }),
  'maxmemory-policy': row({
    ...SHARDS,
    kind: oneOf(...EVICTION_POLICIES),
    default: 'noeviction',
    help: 'what goes at maxmemory: any key (allkeys-) or only those that expire (volatile-), and by which rule',
  }),
  'maxmemory-samples': row({
    ...SHARDS,
    kind: integer(1, INT_MAX),
    default: 5,
    help: 'random keys that lru, lfu and ttl policies compare: more is closer to the rule, and slower',
  }),
  'maxmemory-eviction-tenacity': row({
    ...SHARDS,
    kind: integer(0, 100),
    default: 10,
    help: 'how long a command may make room for itself: at 10 half a millisecond, at 100 as it needs',
  }),
  'lfu-log-factor': row({
    ...SHARDS,
    kind: anyCount,
    default: 10,
    help: 'how slowly the counters of use of lfu policies grow: 10 tells keys apart up to a million uses',
  }),
  'lfu-decay-time': row({
    ...SHARDS,
    kind: anyCount,
    default: 1,
    help: 'minutes in which the counters of use of lfu policies fall by 1; 0: never',
  }),
};
