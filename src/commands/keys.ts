/** Commands on keys of any type: DEL, EXISTS, TYPE, RANDOMKEY, and those on whole databases. */

import type { Arguments } from '../protocol/arguments.ts';
import { SYNTAX_ERROR } from '../protocol/errors.ts';
import { firstElement, isErrorReply, readNumber, replyEnd } from '../protocol/reply-reader.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { ABSENT } from '../store/keyspace.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_STRING, TYPE_ZSET } from '../store/layout.ts';
import type { KeyspaceView } from '../store/view.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import {
  allKeys,
  CUT_BY_SHARD,
  KEY,
  KEYS,
  ON_EVERY_SHARD,
  oneKey,
  REPLIES_ALL_OK,
  REPLIES_SUMMED,
  token,
} from './declarations.ts';
import { findKey, hashOfKey, peekKey } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

/** By the type's number in an entry. */
export const TYPE_NAMES: readonly string[] = Object.values({
  [TYPE_STRING]: 'string',
  [TYPE_LIST]: 'list',
  [TYPE_SET]: 'set',
  [TYPE_ZSET]: 'zset',
  [TYPE_HASH]: 'hash',
  [TYPE_STREAM]: 'stream',
});

const FLUSH_MODE: ArgumentSpec = {
  name: 'async',
  type: 'oneof',
  optional: true,
  arguments: [token('ASYNC', '4.0.0'), token('SYNC', '6.2.0')],
};

const FLUSH = {
  group: 'server',
  arity: -1,
  flags: ['write'],
  categories: ['keyspace', 'dangerous'],
  arguments: [FLUSH_MODE],
  history: [
    ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
    ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
  ],
  tips: [ON_EVERY_SHARD, REPLIES_ALL_OK],
  check: checkFlushMode,
} as const satisfies Partial<CommandSpec>;

export const keys = defineCommands([
  {
    name: 'del',
    group: 'generic',
    since: '1.0.0',
    summary: 'Deletes keys and returns how many there were',
    complexity: 'O(N) where N is the number of keys, more for a key that holds a collection',
    arity: -2,
    flags: ['write'],
    keys: allKeys('RM', 'delete'),
    arguments: [KEYS],
    tips: [CUT_BY_SHARD, REPLIES_SUMMED],
    placement: { at: 'keys', handler: deleteKeys, merge: 'sum' },
  },
  {
    name: 'unlink',
    group: 'generic',
    since: '4.0.0',
    summary: 'Deletes keys like DEL',
    complexity: 'O(1) for each key',
    arity: -2,
    flags: ['write', 'fast'],
    keys: allKeys('RM', 'delete'),
    arguments: [KEYS],
    tips: [CUT_BY_SHARD, REPLIES_SUMMED],
    placement: { at: 'keys', handler: deleteKeys, merge: 'sum' },
  },
  {
    name: 'exists',
    group: 'generic',
    since: '1.0.0',
    summary: 'Counts which of the keys exist; a key given twice counts twice',
    complexity: 'O(N) where N is the number of keys',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: allKeys('RO'),
    arguments: [KEYS],
    history: [['3.0.3', 'Accepts multiple `key` arguments.']],
    tips: [CUT_BY_SHARD, REPLIES_SUMMED],
    leavesAccessTime: true,
    placement: {
      at: 'keys',
      handler: countExisting,
      merge: 'sum',
      // Whoever calls it counts the keys that are found, and nothing is to be written for each.
      directEach: () => {},
      directResult: 'count',
    },
  },
  {
    name: 'touch',
    group: 'generic',
    since: '3.2.1',
    summary: 'Marks keys as used now and returns how many exist',
    complexity: 'O(N) where N is the number of keys',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: allKeys('RO'),
    arguments: [KEYS],
    tips: [CUT_BY_SHARD, REPLIES_SUMMED],
    placement: { at: 'keys', handler: touchKeys, merge: 'sum' },
  },
  {
    name: 'type',
    group: 'generic',
    since: '1.0.0',
    summary: 'Returns the type of what a key holds',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO'),
    arguments: [KEY],
    leavesAccessTime: true,
    placement: { at: 'key', handler: typeOfKey, direct: typeOfKeyDirect },
  },
  {
    name: 'randomkey',
    group: 'generic',
    since: '1.0.0',
    summary: 'Returns one key, each with the same chance',
    complexity: 'O(1)',
    arity: 1,
    flags: ['readonly', 'touches_arbitrary_keys'],
    tips: [ON_EVERY_SHARD, 'nondeterministic_output'],
    placement: { at: 'every', handler: randomKey, merge: chooseRandomKey },
  },
  {
    name: 'dbsize',
    group: 'server',
    since: '1.0.0',
    summary: 'Returns the number of keys in the database',
    complexity: 'O(1)',
    arity: 1,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    tips: [ON_EVERY_SHARD, REPLIES_SUMMED],
    placement: { at: 'every', handler: databaseSize, merge: 'sum' },
  },
  {
    ...FLUSH,
    name: 'flushdb',
    since: '1.0.0',
    summary: 'Deletes all keys of the database',
    complexity: 'O(N) where N is the number of keys in the database',
    placement: { at: 'every', handler: flushDatabase, merge: 'ok' },
  },
  {
    ...FLUSH,
    name: 'flushall',
    since: '1.0.0',
    summary: 'Deletes all keys of all databases',
    complexity: 'O(N) where N is the number of keys in all databases',
    changesOtherDatabases: true,
    placement: { at: 'every', handler: flushAllDatabases, merge: 'ok' },
  },
]);

function deleteKeys(context: ShardContext): void {
  const { keyspace, args, db } = context;
  let deleted = 0;
  for (let i = 1; i < args.count; i++) {
    if (!keyspace.delete(db, args.bytes, args.starts[i]!, args.ends[i]!, hashOfKey(context, i))) continue;
    context.notify(EVENT.generic, 'del', i);
    deleted++;
  }
  context.reply.integer(deleted);
}

function countExisting(context: ShardContext): void {
  let found = 0;
  for (let i = 1; i < context.args.count; i++) if (peekKey(context, i) !== ABSENT) found++;
  context.reply.integer(found);
}

function touchKeys(context: ShardContext): void {
  let found = 0;
  for (let i = 1; i < context.args.count; i++) if (findKey(context, i) !== ABSENT) found++;
  context.reply.integer(found);
}

function typeOfKey(context: ShardContext): void {
  const ref = peekKey(context);
  context.reply.simple(ref === ABSENT ? 'none' : TYPE_NAMES[context.keyspace.typeOf(ref)]!);
}

function typeOfKeyDirect(reply: ReplyWriter, view: KeyspaceView, found: boolean): void {
  // An entry that changes while it is read can show any number.
  reply.simple((found && TYPE_NAMES[view.type]) || 'none');
}

/** Each shard answers with the number of its keys and one of them, nil when it has none. */
function randomKey(context: ShardContext): void {
  const { keyspace, reply, db } = context;
  const ref = keyspace.randomRef(db);
  reply.array(2);
  reply.integer(keyspace.size(db));
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  const start = keyspace.keyStart(ref);
  reply.bulk(keyspace.bytesOf(ref), start, start + keyspace.keyLength(ref));
}

/** Chooses a shard with a chance proportional to the number of its keys, and answers with its key. */
function chooseRandomKey(parts: readonly Uint8Array[], reply: ReplyWriter): void {
  const failed = parts.find(isErrorReply);
  if (failed !== undefined) {
    reply.raw(failed);
    return;
  }
  const candidates = parts.map(readCandidate).filter((candidate) => candidate !== undefined);
  const total = candidates.reduce((sum, candidate) => sum + candidate.size, 0);
  let left = Math.random() * total;
  for (const { part, size, keyStart } of candidates) {
    left -= size;
    if (left >= 0) continue;
    reply.raw(part, keyStart, replyEnd(part, keyStart));
    return;
  }
  reply.null();
}

function readCandidate(part: Uint8Array) {
  const sizeStart = firstElement(part, 0);
  const keyStart = replyEnd(part, sizeStart);
  // A bulk string that is not the null one: `$` and a digit.
  const hasKey = part[keyStart] === 36 && part[keyStart + 1] !== 45;
  return hasKey ? { part, size: readNumber(part, sizeStart), keyStart } : undefined;
}

function databaseSize(context: ShardContext): void {
  context.reply.integer(context.keyspace.size(context.db));
}

/** ASYNC and SYNC are the same here: Redis's ASYNC only moves the freeing of memory to another thread. */
function flushDatabase(context: ShardContext): void {
  context.keyspace.flush(context.db);
  context.flushed();
  context.reply.ok();
}

function flushAllDatabases(context: ShardContext): void {
  context.keyspace.flushAll();
  context.flushed();
  context.reply.ok();
}

/** Nothing, or one word that is ASYNC or SYNC. */
function checkFlushMode(args: Arguments): string | undefined {
  if (args.count === 1) return undefined;
  return args.count === 2 && (args.is(1, 'async') || args.is(1, 'sync')) ? undefined : SYNTAX_ERROR;
}
