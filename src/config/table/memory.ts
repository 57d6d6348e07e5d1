/** Options: how much memory the keys may take. */
import { fixed, INT_MAX, integer, memory, text } from '../kinds.ts';
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
};
