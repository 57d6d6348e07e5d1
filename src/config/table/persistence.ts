/** Options: what is kept on disk. */
import { resolve } from 'node:path';
import { boolean, GB, INT_MAX, integer, MB, memory, oneOf } from '../kinds.ts';
import { row } from '../row.ts';
import { saveRules } from '../save-rules.ts';
import { directory, fileName } from '../word-kinds.ts';

const group = 'Persistence';

export const persistence = {
  // Redis changes to it; a server that is embedded must leave the directory of the process as it is.
  dir: row({
    kind: directory(),
    default: () => resolve('data'),
    defaultText: './data',
    mutable: true,
    affects: ['server'],
    group,
    isProtected: true,
    help: 'directory of the files with the data; a change while the server runs concerns dumps only',
  }),
  dbfilename: row({
    kind: fileName('dbfilename'),
    default: 'dump.rdb',
    mutable: true,
    affects: ['server'],
    group,
    isProtected: true,
    help: 'name of the dump in dir',
  }),
  save: row({
    kind: saveRules,
    default: [
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10000 },
    ],
    mutable: true,
    affects: ['server'],
    group,
    help: 'when a dump is written: after so many seconds with so many changes, for each pair; "" for never',
  }),
  'stop-writes-on-bgsave-error': row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server'],
    group,
    help: 'whether writes are refused while the last dump has failed',
  }),
  rdbcompression: row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server', 'shards'],
    group,
    help: 'whether long strings are compressed in dumps and bases',
  }),
  rdbchecksum: row({
    kind: boolean(),
    default: true,
    mutable: false,
    affects: ['server', 'shards'],
    group,
    help: 'whether dumps and bases end with a checksum, and are checked by it when they are loaded',
  }),
  appendonly: row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server'],
    group,
    help: 'whether every change is written to a log',
  }),
  appendfsync: row({
    kind: oneOf('everysec', 'always', 'no'),
    default: 'everysec',
    mutable: true,
    affects: ['server', 'shards'],
    group,
    help: 'when the log is synced to the disk: before each reply, each second, or when the system likes',
  }),
  'auto-aof-rewrite-percentage': row({
    kind: integer(0, INT_MAX),
    default: 100,
    mutable: true,
    affects: ['server'],
    group,
    help: 'growth of the log in percent after which it is written anew; 0 for never',
  }),
  'auto-aof-rewrite-min-size': row({
    kind: memory({ min: 0 }),
    default: 64 * MB,
    mutable: true,
    affects: ['server'],
    group,
    help: 'bytes from which on the log is written anew by itself',
  }),
  'aof-load-truncated': row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server', 'shards'],
    group,
    help: 'whether a log whose end was not written completely is loaded up to there, or refused',
  }),
  'wal-segment-size': row({
    kind: memory({ min: MB, max: GB }),
    default: 64 * MB,
    mutable: true,
    affects: ['shards'],
    group,
    help: 'bytes of one file of the log',
  }),
};
