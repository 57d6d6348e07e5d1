/** SINTER, SUNION, SDIFF, which answer with or store what they make of several sets, and SINTERCARD. */
import type { Arguments } from '../../protocol/arguments.ts';
import {
  KEY_COUNT_NOT_POSITIVE,
  LIMIT_NEGATIVE,
  SYNTAX_ERROR,
  TOO_MANY_KEYS,
} from '../../protocol/errors.ts';
import { imageOf } from '../../rdb/collections.ts';
import { storeCollection } from '../../store/collections.ts';
import { NO_EXPIRY } from '../../store/keyspace.ts';
import { TYPE_SET } from '../../store/layout.ts';
import { MemberSet } from '../../types/set.ts';
import { SetCursor } from '../../types/set-cursor.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { allKeys, KEYS, keyAt, unlikeKeys } from '../declarations.ts';
import { hashOfKey } from '../key-access.ts';
import { EVENT } from '../keyspace-events.ts';
import { writeElement } from '../lists/elements.ts';
import { countedKeys } from '../lists/moving.ts';
import { intersect, type Sets, subtract, unite } from './combining.ts';
import { GatheredSets, ownsWord } from './gathering.ts';
import { chosen } from './set-access.ts';

type Combine = (sets: Sets, result: MemberSet) => void;

const cursor = new SetCursor();

const READ = {
  group: 'set',
  since: '1.0.0',
  arity: -2,
  flags: ['readonly'],
  keys: allKeys('RO', 'access'),
  arguments: [KEYS],
  tips: ['nondeterministic_output_order'],
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

const SOURCES = { positions: { first: 2, last: -1, step: 1 }, flags: ['RO', 'access'] } as const;

const STORE = {
  group: 'set',
  since: '1.0.0',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: unlikeKeys(1, -1, keyAt(1, 'OW', 'update'), SOURCES),
  arguments: [
    { name: 'destination', type: 'key' },
    { name: 'key', type: 'key', multiple: true, keySpecification: 1 },
  ],
} as const satisfies Partial<CommandSpec>;

const OF_ALL = 'O(N) where N is the number of members of all sets';
const OF_SMALLEST = 'O(N*M) where N is the number of members of the smallest set and M the number of sets';

export const setAlgebra = defineCommands([
  {
    ...READ,
    name: 'sinter',
    summary: 'Returns the members that all of several sets have',
    complexity: OF_SMALLEST,
    placement: { at: 'together', handler: answerIntersection },
  },
  {
    ...STORE,
    name: 'sinterstore',
    keys: unlikeKeys(1, -1, keyAt(1, 'RW', 'update'), SOURCES),
    summary: 'Stores the members that all of several sets have as a set',
    complexity: OF_SMALLEST,
    placement: { at: 'together', handler: (context) => store(context, intersectInto, 'sinterstore') },
  },
  {
    ...READ,
    name: 'sunion',
    summary: 'Returns the members that any of several sets has',
    complexity: OF_ALL,
    placement: { at: 'together', handler: (context) => answer(context, unite) },
  },
  {
    ...STORE,
    name: 'sunionstore',
    summary: 'Stores the members that any of several sets has as a set',
    complexity: OF_ALL,
    placement: { at: 'together', handler: (context) => store(context, unite, 'sunionstore') },
  },
  {
    ...READ,
    name: 'sdiff',
    summary: 'Returns the members of a set that no other of several sets has',
    complexity: OF_ALL,
    placement: { at: 'together', handler: (context) => answer(context, subtract) },
  },
  {
    ...STORE,
    name: 'sdiffstore',
    summary: 'Stores the members of a set that no other of several sets has as a set',
    complexity: OF_ALL,
    placement: { at: 'together', handler: (context) => store(context, subtract, 'sdiffstore') },
  },
  {
    name: 'sintercard',
    group: 'set',
    since: '7.0.0',
    summary: 'Returns how many members all of several sets have',
    complexity: OF_SMALLEST,
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    keys: {
      first: 0,
      last: 0,
      step: 0,
      flags: ['RO', 'access'],
      specifications: [{ keyNumber: { word: 1, first: 1, step: 1 }, flags: ['RO', 'access'] }],
      find: (args) => countedKeys(args, 1),
    },
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', multiple: true },
      { name: 'limit', type: 'integer', token: 'LIMIT', optional: true },
    ],
    check: (args) => {
      const limit = readLimit(args);
      return typeof limit === 'string' ? limit : undefined;
    },
    placement: { at: 'together', handler: countIntersection },
  },
]);

/** Answers with what is common to the sets: known only when all was looked at, so it is collected first. */
function answerIntersection(context: ShardContext): void {
  const { args, reply } = context;
  const gathered = GatheredSets.of(context, 1, args.count);
  if (gathered === undefined) return;
  chosen.clear();
  intersect(gathered.sets, (member) => {
    chosen.add(member.bytes, member.start, member.end);
    return true;
  });
  reply.set(chosen.count);
  for (let i = 0; i < chosen.count; i++) reply.bulk(chosen.bytes, chosen.starts[i]!, chosen.ends[i]!);
  chosen.clear();
  gathered.release();
}

function answer(context: ShardContext, combine: Combine): void {
  const { args, reply, keyspace } = context;
  const gathered = GatheredSets.of(context, 1, args.count);
  if (gathered === undefined) return;
  const result = new MemberSet(keyspace.objects.limits.set);
  combine(gathered.sets, result);
  reply.set(result.length);
  cursor.open(result);
  while (cursor.next()) writeElement(reply, cursor.member);
  result.dispose();
  gathered.release();
}

function intersectInto(sets: Sets, result: MemberSet): void {
  intersect(sets, (member) => {
    result.add(member.bytes, member.start, member.end);
    return true;
  });
}

/** Stores the result at word 1, in the place of whatever is there. */
function store(context: ShardContext, combine: Combine, event: string): void {
  const { args, reply, keyspace, together } = context;
  const gathered = GatheredSets.of(context, 2, args.count);
  if (gathered === undefined) return;
  const result = new MemberSet(keyspace.objects.limits.set);
  combine(gathered.sets, result);
  gathered.release();
  const { length } = result;
  if (length === 0) {
    result.dispose();
    if (together.typeOf(1) !== undefined) {
      context.notify(EVENT.generic, 'del', 1);
      together.remove(1);
    }
  } else {
    storeResult(context, result);
    context.notify(EVENT.set, event, 1);
  }
  reply.integer(length);
}

function storeResult(context: ShardContext, result: MemberSet): void {
  const { args, keyspace, db } = context;
  if (ownsWord(context, 1)) {
    const hash = hashOfKey(context, 1);
    storeCollection(keyspace, db, args.bytes, args.starts[1]!, args.ends[1]!, hash, result, NO_EXPIRY);
    return;
  }
  const bytes = imageOf(result);
  result.dispose();
  context.together.write(1, { type: TYPE_SET, bytes, expiresAt: NO_EXPIRY, isRaw: false });
}

function countIntersection(context: ShardContext): void {
  const { args, reply } = context;
  const limit = readLimit(args);
  if (typeof limit === 'string') {
    reply.error(limit);
    return;
  }
  const gathered = GatheredSets.of(context, 2, 2 + countedKeys(args, 1).length);
  if (gathered === undefined) return;
  let count = 0;
  intersect(gathered.sets, () => ++count < limit);
  reply.integer(count);
  gathered.release();
}

/** How many members are enough, or the text of an error. */
function readLimit(args: Arguments): number | string {
  const keyCount = args.integer(1);
  if (keyCount === undefined || keyCount < 1) return KEY_COUNT_NOT_POSITIVE;
  if (keyCount > args.count - 2) return TOO_MANY_KEYS;
  let limit = 0;
  for (let i = 2 + Number(keyCount); i < args.count; i += 2) {
    if (!args.is(i, 'limit') || i + 1 === args.count) return SYNTAX_ERROR;
    const given = args.integer(i + 1);
    if (given === undefined || given < 0) return LIMIT_NEGATIVE;
    limit = Number(given);
  }
  return limit === 0 ? Infinity : limit;
}
