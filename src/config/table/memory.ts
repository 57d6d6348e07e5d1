/** Options: how much memory the keys may take. */
import { count, fixed, INT_MAX, integer, memory, text } from '../kinds.ts';
import { inert, row } from '../row.ts';

const POLICIES = [
  ...['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'],
  ...['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'noeviction'],
];

export const memoryLimits = {
  maxmemory: row({
    kind: memory({ min: 0 }),
    default: 0,
    mutable: true,
    affects: ['server'],
    group: 'Memory',
    help: 'bytes of keys, values and indexes beyond which writes that add to them are refused; 0 for no limit',
  }),
  'maxmemory-policy': row({
    kind: fixed(
      text('policy'),
      'noeviction',
      (words) => words.length === 1 && POLICIES.includes(words[0]!.toLowerCase()),
      `argument(s) must be one of the following: ${POLICIES.join(', ')}`,
      'eviction is not available in this version',
    ),
    default: 'noeviction',
    mutable: true,
    affects: ['server'],
    group: 'Memory',
    help: 'what is removed when maxmemory is reached; only noeviction in this version, which removes nothing',
  }),
  'maxmemory-samples': inert(integer(1, INT_MAX), 5, 'keys that eviction compares'),
  'list-max-listpack-size': row({
    kind: integer(-(2 ** 31), INT_MAX),
    default: -2,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'how large one piece of a list gets: elements, or -1 to -5 for 4 KB to 64 KB',
    aliases: ['list-max-ziplist-size'],
  }),
  'hash-max-listpack-entries': row({
    kind: count(0),
    default: 512,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'fields of a hash up to which it is packed',
    aliases: ['hash-max-ziplist-entries'],
  }),
  'hash-max-listpack-value': row({
    kind: memory({ min: 0 }),
    default: 64,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'bytes of a field or a value up to which a hash is packed',
    aliases: ['hash-max-ziplist-value'],
  }),
  'hll-sparse-max-bytes': row({
    kind: memory({ min: 0 }),
    default: 3000,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'bytes up to which a HyperLogLog is kept as runs of equal registers; beyond that it takes 12304',
  }),
  'zset-max-listpack-entries': row({
    kind: count(0),
    default: 128,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'members of a small sorted set, which takes less memory for each',
    aliases: ['zset-max-ziplist-entries'],
  }),
  'zset-max-listpack-value': row({
    kind: memory({ min: 0 }),
    default: 64,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'bytes of the longest member of a small sorted set',
    aliases: ['zset-max-ziplist-value'],
  }),
  'stream-node-max-bytes': row({
    kind: memory({ min: 0 }),
    default: 4096,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'bytes of one piece of a stream; 0: as many as its entries need',
  }),
  'stream-node-max-entries': row({
    kind: count(0),
    default: 100,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'entries of one piece of a stream; 0: any number',
  }),
};
