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
  'set-max-intset-entries': row({
    kind: count(0),
    default: 512,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'members of a set of integers up to which it is packed',
  }),
  'set-max-listpack-entries': row({
    kind: count(0),
    default: 128,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'members of any other set up to which it is packed',
  }),
  'set-max-listpack-value': row({
    kind: count(0),
    default: 64,
    mutable: true,
    affects: ['shards'],
    group: 'Memory',
    help: 'bytes of a member up to which a set that is not of integers is packed',
  }),
};
