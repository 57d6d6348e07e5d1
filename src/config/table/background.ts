/** Options: work between commands. */
import { INT_MAX, integer } from '../kinds.ts';
import { row } from '../row.ts';

export const background = {
  hz: row({
    kind: integer(0, INT_MAX, { clamp: [1, 500] }),
    default: 10,
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Background work',
    help: 'background cycles a second; from 1 to 500, values beyond are moved to the nearest',
  }),
  'active-expire-effort': row({
    kind: integer(1, 10),
    default: 1,
    mutable: true,
    affects: ['shards'],
    group: 'Background work',
    help: 'how much time goes into removing expired keys, from 1 to 10',
  }),
  'shutdown-timeout': row({
    kind: integer(0, INT_MAX),
    default: 10,
    mutable: true,
    affects: ['server'],
    group: 'Background work',
    placeholder: 'seconds',
    help: 'seconds that a shutdown waits for clients to take their replies',
  }),
};
