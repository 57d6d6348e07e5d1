/** RENAME, RENAMENX and COPY: whole values from one key to another, which may be on another shard. */
import { NO_SUCH_KEY, SAME_OBJECT, SYNTAX_ERROR } from '../protocol/errors.ts';
import { type CommandSpec, defineCommands } from './command.ts';
import type { KeysTogether, ShardContext } from './context.ts';
import { databaseIndex } from './database-index.ts';
import { keyAt, token, unlikeKeys } from './declarations.ts';

const RENAME = {
  group: 'generic',
  complexity: 'O(N) where N is the length of the value',
  arity: 3,
  arguments: [
    { name: 'key', type: 'key' },
    { name: 'newkey', type: 'key', keySpecification: 1 },
  ],
} as const satisfies Partial<CommandSpec>;

export const renaming = defineCommands([
  {
    ...RENAME,
    name: 'rename',
    since: '1.0.0',
    summary: 'Gives a key another name, and overwrites what has that name',
    flags: ['write'],
    keys: unlikeKeys(1, 2, keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'OW', 'update')),
    placement: { at: 'together', handler: rename },
  },
  {
    ...RENAME,
    name: 'renamenx',
    since: '1.0.0',
    summary: 'Gives a key another name that no key has',
    flags: ['write', 'fast'],
    keys: unlikeKeys(1, 2, keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'OW', 'insert')),
    history: [
      ['3.2.0', 'The command no longer returns an error when source and destination names are the same.'],
    ],
    placement: { at: 'together', handler: renameIfAbsent },
  },
  {
    name: 'copy',
    group: 'generic',
    since: '6.2.0',
    summary: 'Copies the value of a key to another key',
    complexity: 'O(N) where N is the length of the value',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: unlikeKeys(1, 2, keyAt(1, 'RO', 'access'), keyAt(2, 'OW', 'update')),
    arguments: [
      { name: 'source', type: 'key' },
      { name: 'destination', type: 'key', keySpecification: 1 },
      { name: 'destination-db', type: 'integer', token: 'DB', optional: true },
      { ...token('REPLACE'), optional: true },
    ],
    changesOtherDatabases: true,
    placement: { at: 'together', handler: copy },
  },
]);

function rename({ args, reply, together }: ShardContext): void {
  if (together.typeOf(1) === undefined) {
    reply.error(NO_SUCH_KEY);
    return;
  }
  if (!args.same(1, 2)) move(together);
  reply.ok();
}

/** Moves the value at word 1 to word 2. It is there. */
function move(together: KeysTogether): void {
  if (together.rename(1, 2)) return;
  // In this order nothing is lost when there is no memory for it.
  together.write(2, together.read(1)!);
  together.remove(1);
}

function renameIfAbsent({ args, reply, together }: ShardContext): void {
  if (together.typeOf(1) === undefined) {
    reply.error(NO_SUCH_KEY);
    return;
  }
  if (args.same(1, 2) || together.typeOf(2) !== undefined) {
    reply.integer(0);
    return;
  }
  move(together);
  reply.integer(1);
}

function copy(context: ShardContext): void {
  const { args, reply, together, keyspace } = context;
  let db = context.db;
  let replaces = false;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'replace')) {
      replaces = true;
    } else if (args.is(i, 'db') && i + 1 < args.count) {
      const named = databaseIndex(args, ++i, keyspace.databases.length);
      if (typeof named === 'string') {
        reply.error(named);
        return;
      }
      db = named;
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  if (db === context.db && args.same(1, 2)) {
    reply.error(SAME_OBJECT);
    return;
  }
  if (together.typeOf(1) === undefined || (!replaces && together.typeOf(2, db) !== undefined)) {
    reply.integer(0);
    return;
  }
  together.write(2, together.read(1)!, db);
  reply.integer(1);
}
