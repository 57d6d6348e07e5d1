/** MOVE and SWAPDB: keys and logical databases. A key's shard does not depend on the database. */
import { DB_OUT_OF_RANGE, FIRST_DB_INVALID, SAME_OBJECT, SECOND_DB_INVALID } from '../protocol/errors.ts';
import { ABSENT } from '../store/keyspace.ts';
import { moveEntry, swapDatabases } from '../store/transfers.ts';
import { defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { databaseIndex } from './database-index.ts';
import { KEY, oneKey } from './declarations.ts';
import { findKey } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

export const databases = defineCommands([
  {
    name: 'move',
    group: 'generic',
    since: '1.0.0',
    summary: 'Moves a key to another database, unless it exists there',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'access', 'update'),
    arguments: [KEY, { name: 'db', type: 'integer' }],
    changesOtherDatabases: true,
    placement: { at: 'key', handler: move },
  },
  {
    name: 'swapdb',
    group: 'server',
    since: '4.0.0',
    summary: 'Lets two databases change places, for all clients at once',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write', 'fast'],
    categories: ['keyspace', 'dangerous'],
    arguments: [
      { name: 'index1', type: 'integer' },
      { name: 'index2', type: 'integer' },
    ],
    changesOtherDatabases: true,
    placement: { at: 'every', handler: swap, merge: 'ok' },
  },
]);

function move(context: ShardContext): void {
  const { keyspace, args, reply, hash } = context;
  const db = databaseIndex(args, 2, keyspace.databases.length);
  if (typeof db === 'string' || db === context.db) {
    reply.error(typeof db === 'string' ? db : SAME_OBJECT);
    return;
  }
  const start = args.starts[1]!;
  const end = args.ends[1]!;
  // The destination first: a look-up may delete an expired entry, and a ref holds until the next change only.
  const isThere = keyspace.find(db, args.bytes, start, end, hash) !== ABSENT;
  const ref = findKey(context);
  if (ref === ABSENT || isThere) {
    reply.integer(0);
    return;
  }
  moveEntry(keyspace, context.db, db, ref, hash);
  context.notify(EVENT.generic, 'move_from', 1);
  context.notify(EVENT.generic, 'move_to', 1, db);
  reply.integer(1);
}

function swap({ keyspace, args, reply }: ShardContext): void {
  const count = keyspace.databases.length;
  const first = databaseIndex(args, 1, count, FIRST_DB_INVALID);
  const second = databaseIndex(args, 2, count, SECOND_DB_INVALID);
  // Whether both are numbers is looked at before how large they are.
  const problem = [first, second].find((db) => typeof db === 'string' && db !== DB_OUT_OF_RANGE);
  if (problem !== undefined) {
    reply.error(problem as string);
  } else if (typeof first === 'string' || typeof second === 'string') {
    reply.error(DB_OUT_OF_RANGE);
  } else {
    swapDatabases(keyspace, first, second);
    reply.ok();
  }
}
