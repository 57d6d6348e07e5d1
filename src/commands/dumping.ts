/** DUMP and RESTORE: values as bytes, in the form that RDB files have them. */
import {
  BAD_DATA_FORMAT,
  BAD_DUMP_PAYLOAD,
  BUSY_KEY,
  INVALID_FREQ,
  INVALID_IDLE_TIME,
  INVALID_TTL,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
} from '../protocol/errors.ts';
import { buildCollection } from '../rdb/collections.ts';
import { isDumpPayload, readDumpPayload } from '../rdb/dump-payload.ts';
import { RdbError } from '../rdb/rdb-error.ts';
import type { RdbValue } from '../rdb/values.ts';
import { storeCollection } from '../store/collections.ts';
import { ABSENT, NO_EXPIRY } from '../store/keyspace.ts';
import { type CommandSpec, defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, oneKey, token } from './declarations.ts';
import { absoluteTime, MILLISECONDS } from './expiry-options.ts';
import { findKey, peekKey, storeString } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';
import { payloadOf } from './payloads.ts';

const FREQ_MAX = 255;

const RESTORE = {
  complexity: 'O(N) where N is the length of the value',
  arity: -4,
  flags: ['write', 'denyoom'],
  categories: ['dangerous'],
  keys: oneKey('OW', 'update'),
  arguments: [
    KEY,
    { name: 'ttl', type: 'integer' },
    { name: 'serialized-value', type: 'string' },
    { ...token('REPLACE', '3.0.0'), optional: true },
    { ...token('ABSTTL', '5.0.0'), optional: true },
    { name: 'seconds', type: 'integer', token: 'IDLETIME', optional: true, since: '5.0.0' },
    { name: 'frequency', type: 'integer', token: 'FREQ', optional: true, since: '5.0.0' },
  ],
  history: [
    ['3.0.0', 'Added the `REPLACE` modifier.'],
    ['5.0.0', 'Added the `ABSTTL` modifier.'],
    ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
  ],
  placement: { at: 'key', handler: restore },
} as const satisfies Partial<CommandSpec>;

export const dumping = defineCommands([
  {
    name: 'dump',
    group: 'generic',
    since: '2.6.0',
    summary: 'Returns the value at a key as bytes that RESTORE takes',
    complexity: 'O(N) where N is the length of the value',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
    placement: { at: 'key', handler: dump },
  },
  {
    ...RESTORE,
    name: 'restore',
    group: 'generic',
    since: '2.6.0',
    summary: 'Stores a value at a key from the bytes that DUMP returned',
  },
  {
    ...RESTORE,
    name: 'restore-asking',
    group: 'server',
    since: '3.0.0',
    summary: 'RESTORE, as the nodes of a cluster send it to each other',
    flags: [...RESTORE.flags, 'asking'],
    categories: ['keyspace', 'dangerous'],
    isInternal: true,
  },
]);

function dump(context: ShardContext): void {
  const { keyspace, reply } = context;
  const ref = findKey(context);
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  reply.bulk(payloadOf(keyspace, ref));
}

interface RestoreOptions {
  replaces: boolean;
  isAbsolute: boolean;
  /** Seconds, undefined when none are given. */
  idle: number | bigint | undefined;
  /** The counter of uses. */
  frequency: number | undefined;
}

function restore(context: ShardContext): void {
  const error = tryRestore(context);
  if (error === undefined) context.reply.ok();
  else context.reply.error(error);
}

/** Does what RESTORE asks for, or returns the text of an error. */
function tryRestore(context: ShardContext): string | undefined {
  const { keyspace, args } = context;
  const options = readOptions(context);
  if (typeof options === 'string') return options;
  const old = peekKey(context);
  if (old !== ABSENT && !options.replaces) return BUSY_KEY;
  const ttl = args.integer(2);
  if (ttl === undefined) return NOT_AN_INTEGER;
  if (ttl < 0) return INVALID_TTL;
  const value = readValue(context);
  if (typeof value === 'string') return value;
  const expiresAt = expiryOf(context, ttl, options.isAbsolute);
  if (expiresAt !== NO_EXPIRY && expiresAt <= context.now()) {
    if (old !== ABSENT) {
      context.notify(EVENT.generic, 'del', 1);
      keyspace.deleteEntry(context.db, old, context.hash);
    }
    return undefined;
  }
  if (value.kind === 'string') storeString(context, 1, value.bytes, 0, value.bytes.length, expiresAt);
  else {
    const collection = buildCollection(value, keyspace.objects.limits);
    const { starts, ends, bytes } = args;
    storeCollection(keyspace, context.db, bytes, starts[1]!, ends[1]!, context.hash, collection, expiresAt);
  }
  // In Redis what was there goes first.
  if (old !== ABSENT) context.notify(EVENT.newKey, 'new', 1);
  context.notify(EVENT.generic, 'restore', 1);
  const ref = peekKey(context);
  if (keyspace.countsUses) {
    if (options.frequency !== undefined) keyspace.setFrequency(ref, options.frequency);
  } else if (options.idle !== undefined) {
    keyspace.setIdle(ref, Number(options.idle));
  }
  return undefined;
}

/** The words behind the payload; the text of an error when they are wrong. */
function readOptions({ args }: ShardContext): RestoreOptions | string {
  const options: RestoreOptions = {
    replaces: false,
    isAbsolute: false,
    idle: undefined,
    frequency: undefined,
  };
  for (let i = 4; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, 'replace')) {
      options.replaces = true;
    } else if (args.is(i, 'absttl')) {
      options.isAbsolute = true;
    } else if (args.is(i, 'idletime') && hasMore && options.frequency === undefined) {
      options.idle = args.integer(++i);
      if (options.idle === undefined) return NOT_AN_INTEGER;
      if (options.idle < 0) return INVALID_IDLE_TIME;
    } else if (args.is(i, 'freq') && hasMore && options.idle === undefined) {
      const frequency = args.integer(++i);
      if (frequency === undefined) return NOT_AN_INTEGER;
      if (frequency < 0 || frequency > FREQ_MAX) return INVALID_FREQ;
      options.frequency = Number(frequency);
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}

/** The value in the payload, or the text of an error. */
function readValue({ args }: ShardContext): RdbValue | string {
  const start = args.starts[3]!;
  const end = args.ends[3]!;
  if (!isDumpPayload(args.bytes, start, end)) return BAD_DUMP_PAYLOAD;
  try {
    return readDumpPayload(args.bytes, start, end);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    return BAD_DATA_FORMAT;
  }
}

/** The moment that the time to live names; 0 is none. */
function expiryOf(context: ShardContext, ttl: number | bigint, isAbsolute: boolean): number {
  if (Number(ttl) === 0) return NO_EXPIRY;
  return absoluteTime(ttl, MILLISECONDS, isAbsolute ? 0 : context.now()) ?? Number.MAX_SAFE_INTEGER;
}
