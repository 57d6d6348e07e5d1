/** HEXPIRE and its kin, and HPERSIST: fields that expire, of Redis 7.4. */
import type { ByteRanges } from '../../base/byte-ranges.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import {
  FIELDS_MISMATCH,
  FIELDS_MISSING,
  FIELDS_NOT_POSITIVE,
  NUMFIELDS_NOT_POSITIVE,
} from '../../protocol/collection-errors.ts';
import { INVALID_EXPIRE_NEGATIVE, invalidExpireTime, NOT_AN_INTEGER } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { NEVER_EXPIRES } from '../../types/field-expiries.ts';
import type { Hash } from '../../types/hash.ts';
import { HASH_DELETE, HASH_EXPIRE, HASH_PERSIST, highOf, lowOf } from '../../types/hash-changes.ts';
import { by, change, REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { MILLISECONDS, SECONDS, type UnitMs } from '../expiry-options.ts';
import { EVENT } from '../keyspace-events.ts';
import { FIELDS, findField, findHash, hashOf } from './hash-access.ts';

/** What is answered for a field. */
const NO_FIELD = -2;
export const NO_EXPIRY = -1;
const NOT_MET = 0;
const DONE = 1;
const DELETED = 2;

/** Redis keeps moments in 48 bits, and leaves the upper ones of these alone. */
const MOMENT_MAX = 2 ** 46 - 1;

/** The part of the command that names fields. */
export const FIELDS_BLOCK: ArgumentSpec = {
  name: 'fields',
  type: 'block',
  token: 'FIELDS',
  arguments: [{ name: 'numfields', type: 'integer' }, FIELDS],
};

const CONDITION: ArgumentSpec = {
  name: 'condition',
  type: 'oneof',
  optional: true,
  arguments: [token('NX'), token('XX'), token('GT'), token('LT')],
};

const EXPIRING = {
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N) where N is the number of specified fields',
  arity: -6,
  flags: ['write', 'denyoom', 'fast'],
  keys: oneKey('RW', 'update'),
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

export const hashExpiry = defineCommands([
  {
    ...EXPIRING,
    name: 'hexpire',
    summary: 'Makes fields of a hash expire after some seconds',
    arguments: [KEY, { name: 'seconds', type: 'integer' }, CONDITION, FIELDS_BLOCK],
    placement: { at: 'key', handler: (context) => expire(context, SECONDS, context.now()) },
  },
  {
    ...EXPIRING,
    name: 'hpexpire',
    summary: 'Makes fields of a hash expire after some milliseconds',
    arguments: [KEY, { name: 'milliseconds', type: 'integer' }, CONDITION, FIELDS_BLOCK],
    placement: { at: 'key', handler: (context) => expire(context, MILLISECONDS, context.now()) },
  },
  {
    ...EXPIRING,
    name: 'hexpireat',
    summary: 'Makes fields of a hash expire at a moment, in seconds since 1970',
    arguments: [KEY, { name: 'unix-time-seconds', type: 'unix-time' }, CONDITION, FIELDS_BLOCK],
    placement: { at: 'key', handler: (context) => expire(context, SECONDS, 0) },
  },
  {
    ...EXPIRING,
    name: 'hpexpireat',
    summary: 'Makes fields of a hash expire at a moment, in milliseconds since 1970',
    arguments: [KEY, { name: 'unix-time-milliseconds', type: 'unix-time' }, CONDITION, FIELDS_BLOCK],
    placement: { at: 'key', handler: (context) => expire(context, MILLISECONDS, 0) },
  },
  {
    ...EXPIRING,
    name: 'hpersist',
    summary: 'Makes fields of a hash stay that were to expire',
    arity: -5,
    flags: ['write', 'fast'],
    arguments: [KEY, FIELDS_BLOCK],
    placement: { at: 'key', handler: persist },
  },
]);

type Condition = 'nx' | 'xx' | 'gt' | 'lt';
const CONDITIONS: readonly Condition[] = ['nx', 'xx', 'gt', 'lt'];

/** `baseMs` is what the time counts from: now, or 0 for a moment since 1970. */
function expire(context: ShardContext, unitMs: UnitMs, baseMs: number): void {
  const { args, reply } = context;
  const ref = findHash(context);
  if (ref === REFUSED) return;
  const time = args.integer(2);
  const problem = problemOfTime(context, time, unitMs, baseMs);
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  const moment = Number(time) * unitMs + baseMs;
  const condition = CONDITIONS.find((each) => args.is(3, each));
  const first = firstField(args, condition === undefined ? 3 : 4, NUMFIELDS_NOT_POSITIVE);
  if (typeof first === 'string') {
    reply.error(first);
    return;
  }
  reply.array(args.count - first);
  if (ref === ABSENT) {
    for (let word = first; word < args.count; word++) reply.integer(NO_FIELD);
    return;
  }
  expireFields(context, ref, first, moment, condition);
}

function problemOfTime(
  { commandName }: ShardContext,
  time: number | bigint | undefined,
  unitMs: UnitMs,
  baseMs: number,
): string | undefined {
  if (time === undefined) return NOT_AN_INTEGER;
  if (time < 0) return INVALID_EXPIRE_NEGATIVE;
  return Number(time) * unitMs > MOMENT_MAX - baseMs ? invalidExpireTime(commandName) : undefined;
}

/** The word of the first field, behind `FIELDS` in word `word` and their number; or the text of an error. */
function firstField(args: Arguments, word: number, notPositive: string): number | string {
  if (word >= args.count || !args.is(word, 'fields')) return FIELDS_MISSING;
  const count = word + 1 < args.count ? args.integer(word + 1) : undefined;
  if (count === undefined || count < 1) return notPositive;
  return Number(count) === args.count - word - 2 ? word + 2 : FIELDS_MISMATCH;
}

/** The words that are chosen, as the ranges of a change. */
function chosen(args: Arguments, words: readonly number[]): ByteRanges {
  return {
    bytes: args.bytes,
    starts: Int32Array.from(words, (word) => args.starts[word]!),
    ends: Int32Array.from(words, (word) => args.ends[word]!),
  };
}

/** Answers for each field, and does what it says. */
function expireFields(
  context: ShardContext,
  ref: number,
  first: number,
  moment: number,
  condition: Condition | undefined,
): void {
  const { args, reply } = context;
  const hash = hashOf(context, ref);
  const isPast = moment <= context.now();
  const words = new Map<string, number>();
  for (let word = first; word < args.count; word++) {
    const name = args.text(word);
    // What is named again is gone already, or has this moment already.
    const isAgain = words.has(name);
    if ((isAgain && isPast) || !findField(context, hash, word)) {
      reply.integer(NO_FIELD);
      continue;
    }
    const current = isAgain ? moment : hash.expiryOf(args.bytes, args.starts[word]!, args.ends[word]!);
    if (!isMet(condition, current, moment)) {
      reply.integer(NOT_MET);
      continue;
    }
    words.set(name, word);
    reply.integer(isPast ? DELETED : DONE);
  }
  if (words.size === 0) return;
  const isAll = isPast && words.size === hash.length;
  const ranges = chosen(args, [...words.values()]);
  if (isPast) change(context, 1, ref, by(HASH_DELETE).with(ranges, 0, words.size));
  else change(context, 1, ref, by(HASH_EXPIRE, highOf(moment), lowOf(moment)).with(ranges, 0, words.size));
  context.notify(EVENT.hash, isPast ? 'hdel' : 'hexpire', 1);
  if (isAll) context.notify(EVENT.generic, 'del', 1);
}

/** For GT and LT a field that stays expires later than any moment. */
function isMet(condition: Condition | undefined, current: number, moment: number): boolean {
  const expires = current !== NEVER_EXPIRES;
  switch (condition) {
    case 'nx':
      return !expires;
    case 'xx':
      return expires;
    case 'gt':
      return expires && moment > current;
    case 'lt':
      return !expires || moment < current;
    default:
      return true;
  }
}

/**
 * Answers for each of the fields behind `FIELDS` in word 2 with what `tell` says of the current field of the hash, whose name is in
 * `word`, and NO_FIELD for those that are not there. Returns the hash's entry, ABSENT, or REFUSED after an error reply.
 */
export function answerEachField(context: ShardContext, tell: (hash: Hash, word: number) => number): number {
  const { args, reply } = context;
  const ref = findHash(context);
  if (ref === REFUSED) return REFUSED;
  const first = firstField(args, 2, FIELDS_NOT_POSITIVE);
  if (typeof first === 'string') {
    reply.error(first);
    return REFUSED;
  }
  const hash = ref === ABSENT ? undefined : hashOf(context, ref);
  reply.array(args.count - first);
  for (let word = first; word < args.count; word++) {
    const isThere = hash !== undefined && findField(context, hash, word);
    reply.integer(isThere ? tell(hash, word) : NO_FIELD);
  }
  return ref;
}

function persist(context: ShardContext): void {
  const { args } = context;
  const words = new Map<string, number>();
  const ref = answerEachField(context, (hash, word) => {
    const name = args.text(word);
    if (words.has(name)) return NO_EXPIRY;
    if (hash.expiryOf(args.bytes, args.starts[word]!, args.ends[word]!) === NEVER_EXPIRES) return NO_EXPIRY;
    words.set(name, word);
    return DONE;
  });
  if (words.size === 0) return;
  change(context, 1, ref, by(HASH_PERSIST).with(chosen(args, [...words.values()]), 0, words.size));
  context.notify(EVENT.hash, 'hpersist', 1);
}
