/** GET, SET and the other commands that read and write whole strings. */
import { STRING_TOO_LONG, WRONG_TYPE, wrongArity } from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { ABSENT, KEEP_EXPIRY, NO_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import type { KeyspaceView } from '../store/view.ts';
import { type ArgumentSpec, defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { allKeys, CUT_BY_SHARD, KEY, KEYS, oneKey, REPLIES_ALL_OK, token, VALUE } from './declarations.ts';
import {
  ANSWERED,
  expiryArgument,
  expiryArguments,
  MILLISECONDS,
  SECONDS,
  StringOptions,
  type UnitMs,
} from './expiry-options.ts';
import { findKey, isOtherType, refusesType, storeWord } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

const SECONDS_ARGUMENT: ArgumentSpec = { name: 'seconds', type: 'integer' };
const MILLISECONDS_ARGUMENT: ArgumentSpec = { name: 'milliseconds', type: 'integer' };

const options = new StringOptions();

export const strings = defineCommands([
  {
    name: 'get',
    group: 'string',
    since: '1.0.0',
    summary: 'Returns the string at a key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY],
    hasLongReply: true,
    placement: { at: 'key', handler: get, direct: getDirect, directCopiesValue: true },
  },
  {
    name: 'set',
    group: 'string',
    since: '1.0.0',
    summary: 'Stores a string at a key, whatever was there before',
    complexity: 'O(1)',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: {
      ...oneKey('RW', 'access', 'update', 'variable_flags'),
      notes: 'RW and ACCESS due to the optional `GET` argument',
      // With GET the old value is read.
      flagsFor: (words) =>
        words.slice(3).some((word) => word.toLowerCase() === 'get')
          ? ['RW', 'access', 'update']
          : ['OW', 'update'],
    },
    arguments: [
      KEY,
      VALUE,
      {
        name: 'condition',
        type: 'oneof',
        since: '2.6.12',
        optional: true,
        arguments: [token('NX'), token('XX')],
      },
      { ...token('GET', '6.2.0'), optional: true },
      {
        name: 'expiration',
        type: 'oneof',
        optional: true,
        arguments: [...expiryArguments({ relative: '2.6.12', absolute: '6.2.0' }), token('KEEPTTL', '6.0.0')],
      },
    ],
    history: [
      ['2.6.12', 'Added the `EX`, `PX`, `NX` and `XX` options.'],
      ['6.0.0', 'Added the `KEEPTTL` option.'],
      ['6.2.0', 'Added the `GET`, `EXAT` and `PXAT` option.'],
      ['7.0.0', 'Allowed the `NX` and `GET` options to be used together.'],
    ],
    placement: { at: 'key', handler: set },
  },
  {
    name: 'setnx',
    group: 'string',
    since: '1.0.0',
    summary: 'Stores a string at a key that does not exist',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: oneKey('OW', 'insert'),
    arguments: [KEY, VALUE],
    deprecated: { since: '2.6.12', replacedBy: '`SET` with the `NX` argument' },
    placement: { at: 'key', handler: setIfAbsent },
  },
  {
    name: 'setex',
    group: 'string',
    since: '2.0.0',
    summary: 'Stores a string that expires after some seconds',
    complexity: 'O(1)',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: oneKey('OW', 'update'),
    arguments: [KEY, SECONDS_ARGUMENT, VALUE],
    deprecated: { since: '2.6.12', replacedBy: '`SET` with the `EX` argument' },
    placement: { at: 'key', handler: (context) => setWithExpiry(context, SECONDS) },
  },
  {
    name: 'psetex',
    group: 'string',
    since: '2.6.0',
    summary: 'Stores a string that expires after some milliseconds',
    complexity: 'O(1)',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: oneKey('OW', 'update'),
    arguments: [KEY, MILLISECONDS_ARGUMENT, VALUE],
    deprecated: { since: '2.6.12', replacedBy: '`SET` with the `PX` argument' },
    placement: { at: 'key', handler: (context) => setWithExpiry(context, MILLISECONDS) },
  },
  {
    name: 'getset',
    group: 'string',
    since: '1.0.0',
    summary: 'Stores a string at a key and returns the one before',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: oneKey('RW', 'access', 'update'),
    arguments: [KEY, VALUE],
    deprecated: { since: '6.2.0', replacedBy: '`SET` with the `!GET` argument' },
    hasLongReply: true,
    placement: { at: 'key', handler: getAndSet },
  },
  {
    name: 'getdel',
    group: 'string',
    since: '6.2.0',
    summary: 'Returns the string at a key and deletes the key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'access', 'delete'),
    arguments: [KEY],
    hasLongReply: true,
    placement: { at: 'key', handler: getAndDelete },
  },
  {
    name: 'getex',
    group: 'string',
    since: '6.2.0',
    summary: 'Returns the string at a key and sets or removes its expiry',
    complexity: 'O(1)',
    arity: -2,
    flags: ['write', 'fast'],
    keys: { ...oneKey('RW', 'access', 'update'), notes: 'RW and UPDATE because it changes the TTL' },
    arguments: [
      KEY,
      {
        name: 'expiration',
        type: 'oneof',
        optional: true,
        arguments: [...expiryArguments(), token('PERSIST')],
      },
    ],
    hasLongReply: true,
    placement: { at: 'key', handler: getAndExpire },
  },
  {
    name: 'mget',
    group: 'string',
    since: '1.0.0',
    summary: 'Returns the strings at several keys',
    complexity: 'O(N) where N is the number of keys',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: allKeys('RO', 'access'),
    arguments: [KEYS],
    tips: [CUT_BY_SHARD],
    hasLongReply: true,
    placement: {
      at: 'keys',
      handler: getMany,
      merge: 'by-key',
      directEach: getEachDirect,
      directResult: 'array',
    },
  },
  {
    name: 'mset',
    group: 'string',
    since: '1.0.1',
    summary: 'Stores strings at several keys, all at one moment',
    complexity: 'O(N) where N is the number of keys',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: { first: 1, last: -1, step: 2, flags: ['OW', 'update'] },
    arguments: [{ name: 'key_value', type: 'block', multiple: true, arguments: [KEY, VALUE] }],
    tips: [CUT_BY_SHARD, REPLIES_ALL_OK],
    check: (args) => (args.count % 2 === 0 ? wrongArity('mset') : undefined),
    placement: { at: 'keys', handler: setMany, merge: 'ok' },
  },
  {
    name: 'append',
    group: 'string',
    since: '2.0.0',
    summary: 'Adds bytes to the end of the string at a key',
    complexity: 'O(1), when what is added is small: a string that grows is given more room than it needs now',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: oneKey('RW', 'insert'),
    arguments: [KEY, VALUE],
    placement: { at: 'key', handler: append },
  },
  {
    name: 'strlen',
    group: 'string',
    since: '2.2.0',
    summary: 'Returns the number of bytes of the string at a key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO'),
    arguments: [KEY],
    placement: { at: 'key', handler: stringLength, direct: stringLengthDirect },
  },
]);

/** Writes the string of an entry, or nil when it is ABSENT. The entry is no other type. */
function writeValue(context: ShardContext, ref: number): void {
  const { keyspace, reply } = context;
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  const start = keyspace.valueStart(ref);
  reply.bulk(keyspace.bytesOf(ref), start, start + keyspace.valueLength(ref));
}

function get(context: ShardContext): void {
  const ref = findKey(context);
  if (!refusesType(context, ref)) writeValue(context, ref);
}

function getDirect(reply: ReplyWriter, view: KeyspaceView, found: boolean): void {
  if (!found) reply.null();
  else if (view.type !== TYPE_STRING) reply.error(WRONG_TYPE);
  else reply.bulk(view.bytes, view.valueStart, view.valueStart + view.valueLength);
}

function set(context: ShardContext): void {
  if (context.args.count === 3) {
    storeWord(context, 1, 2, NO_EXPIRY);
    context.notify(EVENT.string, 'set', 1);
    context.reply.ok();
  } else {
    setWithOptions(context);
  }
}

function setWithOptions(context: ShardContext): void {
  const { reply } = context;
  const error = options.read(context.args, 3, 'set');
  if (error !== undefined) {
    reply.error(error);
    return;
  }
  let expiresAt = options.keepsExpiry ? KEEP_EXPIRY : NO_EXPIRY;
  if (options.setsExpiry) {
    expiresAt = options.expiresAt(context);
    if (expiresAt === ANSWERED) return;
  }
  const ref = options.ifAbsent || options.ifPresent || options.returnsOld ? findKey(context) : ABSENT;
  if (options.returnsOld) {
    notifyMiss(context, ref);
    if (refusesType(context, ref)) return;
  }
  if ((options.ifAbsent && ref !== ABSENT) || (options.ifPresent && ref === ABSENT)) {
    if (options.returnsOld) writeValue(context, ref);
    else reply.null();
  } else if (options.returnsOld) {
    replaceValue(context, ref, expiresAt);
  } else {
    storeWord(context, 1, 2, expiresAt);
    notifySet(context, expiresAt);
    reply.ok();
  }
}

function notifySet(context: ShardContext, expiresAt: number): void {
  context.notify(EVENT.string, 'set', 1);
  if (expiresAt >= 0) context.notify(EVENT.generic, 'expire', 1);
}

/** As Redis, whose commands that return the old value look it up as a read does. */
function notifyMiss(context: ShardContext, ref: number): void {
  if (ref === ABSENT) context.notify(EVENT.keyMiss, 'keymiss', 1);
}

/**
 * Stores the value and answers with the one of `ref`. The old one is copied first: nothing may be answered
 * before the store, which throws when memory is short, and nothing is left to read after it.
 */
function replaceValue(context: ShardContext, ref: number, expiresAt: number): void {
  const { keyspace, reply } = context;
  if (ref === ABSENT) {
    storeWord(context, 1, 2, expiresAt);
    notifySet(context, expiresAt);
    reply.null();
    return;
  }
  const start = keyspace.valueStart(ref);
  const old = keyspace.bytesOf(ref).slice(start, start + keyspace.valueLength(ref));
  storeWord(context, 1, 2, expiresAt);
  notifySet(context, expiresAt);
  reply.bulk(old);
}

function setIfAbsent(context: ShardContext): void {
  if (findKey(context) !== ABSENT) {
    context.reply.integer(0);
    return;
  }
  storeWord(context, 1, 2, NO_EXPIRY);
  context.notify(EVENT.string, 'set', 1);
  context.reply.integer(1);
}

function setWithExpiry(context: ShardContext, unitMs: UnitMs): void {
  const expiresAt = expiryArgument(context, 2, unitMs, true);
  if (expiresAt === ANSWERED) return;
  storeWord(context, 1, 3, expiresAt);
  notifySet(context, expiresAt);
  context.reply.ok();
}

function getAndSet(context: ShardContext): void {
  const ref = findKey(context);
  notifyMiss(context, ref);
  if (!refusesType(context, ref)) replaceValue(context, ref, NO_EXPIRY);
}

function getAndDelete(context: ShardContext): void {
  const ref = findKey(context);
  notifyMiss(context, ref);
  if (refusesType(context, ref)) return;
  writeValue(context, ref);
  if (ref === ABSENT) return;
  context.notify(EVENT.generic, 'del', 1);
  context.keyspace.deleteEntry(context.db, ref, context.hash);
}

function getAndExpire(context: ShardContext): void {
  const { keyspace, reply } = context;
  const error = options.read(context.args, 2, 'getex');
  if (error !== undefined) {
    reply.error(error);
    return;
  }
  let ref = findKey(context);
  notifyMiss(context, ref);
  if (refusesType(context, ref)) return;
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  let expiresAt = NO_EXPIRY;
  if (options.setsExpiry) {
    expiresAt = options.expiresAt(context);
    if (expiresAt === ANSWERED) return;
  }
  if (options.isAbsoluteExpiry && expiresAt <= context.now()) {
    writeValue(context, ref);
    context.notify(EVENT.generic, 'del', 1);
    keyspace.deleteEntry(context.db, ref, context.hash);
    return;
  }
  // Changed before it is answered, since room for an expiry can be short.
  if (options.setsExpiry || (options.persists && keyspace.expiry(ref) !== NO_EXPIRY)) {
    ref = keyspace.setExpiry(context.db, ref, context.hash, expiresAt);
    context.notify(EVENT.generic, options.setsExpiry ? 'expire' : 'persist', 1);
  }
  writeValue(context, ref);
}

function getMany(context: ShardContext): void {
  const { args } = context;
  context.reply.array(args.count - 1);
  for (let i = 1; i < args.count; i++) {
    const ref = findKey(context, i);
    writeValue(context, isOtherType(context, ref, TYPE_STRING) ? ABSENT : ref);
  }
}

function getEachDirect(reply: ReplyWriter, view: KeyspaceView, found: boolean): void {
  if (found && view.type === TYPE_STRING) {
    reply.bulk(view.bytes, view.valueStart, view.valueStart + view.valueLength);
  } else {
    reply.null();
  }
}

function setMany(context: ShardContext): void {
  for (let i = 1; i + 1 < context.args.count; i += 2) {
    storeWord(context, i, i + 1, NO_EXPIRY);
    context.notify(EVENT.string, 'set', i);
  }
  context.reply.ok();
}

function append(context: ShardContext): void {
  const { keyspace, args, reply } = context;
  const ref = findKey(context);
  if (refusesType(context, ref)) return;
  if (ref === ABSENT) {
    storeWord(context, 1, 2, NO_EXPIRY);
    context.notify(EVENT.string, 'append', 1);
    reply.integer(args.length(2));
    return;
  }
  const length = keyspace.valueLength(ref);
  const total = length + args.length(2);
  if (total > context.stringBytesMax) {
    reply.error(STRING_TOO_LONG);
    return;
  }
  keyspace.writeRange(context.db, ref, context.hash, length, args.bytes, args.starts[2]!, args.ends[2]!);
  context.notify(EVENT.string, 'append', 1);
  reply.integer(total);
}

function stringLength(context: ShardContext): void {
  const ref = findKey(context);
  if (refusesType(context, ref)) return;
  context.reply.integer(ref === ABSENT ? 0 : context.keyspace.valueLength(ref));
}

function stringLengthDirect(reply: ReplyWriter, view: KeyspaceView, found: boolean): void {
  if (found && view.type !== TYPE_STRING) reply.error(WRONG_TYPE);
  else reply.integer(found ? view.valueLength : 0);
}
