/** Options: limits of connections and of what they send. */
import { GB, INT_MAX, integer, MB, memory, UINT_MAX } from '../kinds.ts';
import { outputLimits } from '../output-limits.ts';
import { row } from '../row.ts';

export const clients = {
  maxclients: row({
    kind: integer(1, UINT_MAX),
    default: 10000,
    mutable: true,
    affects: ['server'],
    group: 'Clients',
    help: 'connections at the same time',
  }),
  timeout: row({
    kind: integer(0, INT_MAX),
    default: 0,
    mutable: true,
    affects: ['server'],
    group: 'Clients',
    placeholder: 'seconds',
    help: 'close a client that was idle for so many seconds; 0 for never',
  }),
  'proto-max-bulk-len': row({
    kind: memory({ min: MB }),
    default: 512 * MB,
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Clients',
    help: 'longest single argument, and longest string value',
  }),
  'client-query-buffer-limit': row({
    kind: memory({ min: MB }),
    default: GB,
    mutable: true,
    affects: ['server'],
    group: 'Clients',
    help: 'close a client whose unfinished command is larger',
  }),
  'client-output-buffer-limit': row({
    kind: outputLimits,
    default: {
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 256 * MB, softBytes: 64 * MB, softSeconds: 60 },
      pubsub: { hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60 },
    },
    mutable: true,
    affects: ['server'],
    group: 'Clients',
    help: 'close a client of a class whose unread replies are larger; 0 for no limit',
  }),
};
