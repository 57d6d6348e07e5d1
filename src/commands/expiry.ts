/** EXPIRE, TTL and the other commands that set, tell and remove a key's expiry. */
import {
  EXPIRE_GT_LT_CONFLICT,
  EXPIRE_NX_CONFLICT,
  invalidExpireTime,
  NOT_AN_INTEGER,
  unsupportedOption,
} from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { ABSENT, NO_EXPIRY } from '../store/keyspace.ts';
import type { KeyspaceView } from '../store/view.ts';
import {
  type ArgumentSpec,
  type CommandFlag,
  type CommandSpec,
  defineCommands,
  type HistoryEntry,
} from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, oneKey, token } from './declarations.ts';
import { absoluteTime, MILLISECONDS, SECONDS, type UnitMs } from './expiry-options.ts';
import { findKey, peekKey } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

const CONDITION: ArgumentSpec = {
  name: 'condition',
  type: 'oneof',
  since: '7.0.0',
  optional: true,
  arguments: [token('NX'), token('XX'), token('GT'), token('LT')],
};

/** What the four commands that set an expiry have in common. */
const SETTER = {
  group: 'generic',
  complexity: 'O(1)',
  arity: -3,
  flags: ['write', 'fast'] as readonly CommandFlag[],
  keys: oneKey('RW', 'update'),
  history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']] as readonly HistoryEntry[],
} as const satisfies Partial<CommandSpec>;

/** What the four commands that tell it have in common. */
const TELLER = {
  group: 'generic',
  complexity: 'O(1)',
  arity: 2,
  flags: ['readonly', 'fast'] as readonly CommandFlag[],
  keys: oneKey('RO', 'access'),
  arguments: [KEY] as readonly ArgumentSpec[],
  leavesAccessTime: true,
} as const satisfies Partial<CommandSpec>;

export const expiry = defineCommands([
  {
    ...SETTER,
    name: 'expire',
    since: '1.0.0',
    summary: 'Makes a key expire after some seconds',
    arguments: [KEY, { name: 'seconds', type: 'integer' }, CONDITION],
    placement: { at: 'key', handler: (context) => expire(context, SECONDS, context.now()) },
  },
  {
    ...SETTER,
    name: 'pexpire',
    since: '2.6.0',
    summary: 'Makes a key expire after some milliseconds',
    arguments: [KEY, { name: 'milliseconds', type: 'integer' }, CONDITION],
    placement: { at: 'key', handler: (context) => expire(context, MILLISECONDS, context.now()) },
  },
  {
    ...SETTER,
    name: 'expireat',
    since: '1.2.0',
    summary: 'Makes a key expire at a moment, in seconds since 1970',
    arguments: [KEY, { name: 'unix-time-seconds', type: 'unix-time' }, CONDITION],
    placement: { at: 'key', handler: (context) => expire(context, SECONDS, 0) },
  },
  {
    ...SETTER,
    name: 'pexpireat',
    since: '2.6.0',
    summary: 'Makes a key expire at a moment, in milliseconds since 1970',
    arguments: [KEY, { name: 'unix-time-milliseconds', type: 'unix-time' }, CONDITION],
    placement: { at: 'key', handler: (context) => expire(context, MILLISECONDS, 0) },
  },
  {
    ...TELLER,
    name: 'ttl',
    since: '1.0.0',
    summary: 'Returns the seconds until a key expires',
    history: [['2.8.0', 'Added the -2 reply.']],
    tips: ['nondeterministic_output'],
    placement: {
      at: 'key',
      handler: (context) => tell(context, SECONDS, context.now()),
      direct: (reply, view, found, nowMs) => tellDirect(reply, view, found, SECONDS, nowMs),
    },
  },
  {
    ...TELLER,
    name: 'pttl',
    since: '2.6.0',
    summary: 'Returns the milliseconds until a key expires',
    history: [['2.8.0', 'Added the -2 reply.']],
    tips: ['nondeterministic_output'],
    placement: {
      at: 'key',
      handler: (context) => tell(context, MILLISECONDS, context.now()),
      direct: (reply, view, found, nowMs) => tellDirect(reply, view, found, MILLISECONDS, nowMs),
    },
  },
  {
    ...TELLER,
    name: 'expiretime',
    since: '7.0.0',
    summary: 'Returns the moment at which a key expires, in seconds since 1970',
    placement: {
      at: 'key',
      handler: (context) => tell(context, SECONDS, 0),
      direct: (reply, view, found) => tellDirect(reply, view, found, SECONDS, 0),
    },
  },
  {
    ...TELLER,
    name: 'pexpiretime',
    since: '7.0.0',
    summary: 'Returns the moment at which a key expires, in milliseconds since 1970',
    placement: {
      at: 'key',
      handler: (context) => tell(context, MILLISECONDS, 0),
      direct: (reply, view, found) => tellDirect(reply, view, found, MILLISECONDS, 0),
    },
  },
  {
    name: 'persist',
    group: 'generic',
    since: '2.2.0',
    summary: 'Makes a key stay that was to expire',
    complexity: 'O(1)',
    arity: 2,
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'update'),
    arguments: [KEY],
    placement: { at: 'key', handler: persist },
  },
]);

const CONDITION_NX = 1;
const CONDITION_XX = 2;
const CONDITION_GT = 4;
const CONDITION_LT = 8;
/** The words were wrong, and the error is answered. */
const CONDITION_INVALID = -1;

/** `baseMs` is what the time counts from: now, or 0 for a moment since 1970. */
function expire(context: ShardContext, unitMs: UnitMs, baseMs: number): void {
  const { keyspace, args, reply, db, hash } = context;
  const condition = args.count === 3 ? 0 : readCondition(context);
  if (condition === CONDITION_INVALID) return;
  const value = args.integer(2);
  if (value === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const expiresAt = absoluteTime(value, unitMs, baseMs);
  if (expiresAt === undefined) {
    reply.error(invalidExpireTime(context.commandName));
    return;
  }
  const ref = findKey(context);
  if (ref === ABSENT || (condition !== 0 && !isAllowed(condition, keyspace.expiry(ref), expiresAt))) {
    reply.integer(0);
    return;
  }
  if (expiresAt <= context.now()) {
    context.notify(EVENT.generic, 'del', 1);
    keyspace.deleteEntry(db, ref, hash);
  } else {
    keyspace.setExpiry(db, ref, hash, expiresAt);
    context.notify(EVENT.generic, 'expire', 1);
  }
  reply.integer(1);
}

/** The options behind the time, as CONDITION bits. */
function readCondition(context: ShardContext): number {
  const { args, reply } = context;
  let condition = 0;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'nx')) condition |= CONDITION_NX;
    else if (args.is(i, 'xx')) condition |= CONDITION_XX;
    else if (args.is(i, 'gt')) condition |= CONDITION_GT;
    else if (args.is(i, 'lt')) condition |= CONDITION_LT;
    else {
      reply.error(unsupportedOption(args.text(i)));
      return CONDITION_INVALID;
    }
  }
  if ((condition & CONDITION_NX) !== 0 && condition !== CONDITION_NX) {
    reply.error(EXPIRE_NX_CONFLICT);
    return CONDITION_INVALID;
  }
  if ((condition & CONDITION_GT) !== 0 && (condition & CONDITION_LT) !== 0) {
    reply.error(EXPIRE_GT_LT_CONFLICT);
    return CONDITION_INVALID;
  }
  return condition;
}

/** Whether the conditions hold; for GT and LT a key that stays forever expires later than any moment. */
function isAllowed(condition: number, current: number, expiresAt: number): boolean {
  const hasExpiry = current !== NO_EXPIRY;
  if ((condition & CONDITION_NX) !== 0 && hasExpiry) return false;
  if ((condition & CONDITION_XX) !== 0 && !hasExpiry) return false;
  if ((condition & CONDITION_GT) !== 0 && (!hasExpiry || expiresAt <= current)) return false;
  return (condition & CONDITION_LT) === 0 || !hasExpiry || expiresAt < current;
}

function tell(context: ShardContext, unitMs: UnitMs, baseMs: number): void {
  const { keyspace } = context;
  const ref = peekKey(context);
  writeTime(context.reply, ref !== ABSENT, ref === ABSENT ? NO_EXPIRY : keyspace.expiry(ref), unitMs, baseMs);
}

function tellDirect(
  reply: ReplyWriter,
  view: KeyspaceView,
  found: boolean,
  unitMs: UnitMs,
  baseMs: number,
): void {
  writeTime(reply, found, view.expiresAt, unitMs, baseMs);
}

/** Answers with the time from `baseMs` to `expiresAt`: -2 without the key, -1 without an expiry. */
function writeTime(
  reply: ReplyWriter,
  found: boolean,
  expiresAt: number,
  unitMs: UnitMs,
  baseMs: number,
): void {
  if (!found) {
    reply.integer(-2);
  } else if (expiresAt === NO_EXPIRY) {
    reply.integer(-1);
  } else {
    // A garbled expiry of a direct read must still be a number that can be written.
    const leftMs = Math.min(Math.max(0, expiresAt - baseMs), Number.MAX_SAFE_INTEGER);
    reply.integer(unitMs === SECONDS ? Math.floor((leftMs + 500) / 1000) : leftMs);
  }
}

function persist(context: ShardContext): void {
  const { keyspace, db, hash } = context;
  const ref = findKey(context);
  if (ref === ABSENT || keyspace.expiry(ref) === NO_EXPIRY) {
    context.reply.integer(0);
    return;
  }
  keyspace.setExpiry(db, ref, hash, NO_EXPIRY);
  context.notify(EVENT.generic, 'persist', 1);
  context.reply.integer(1);
}
