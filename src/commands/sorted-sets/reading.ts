/** ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT, ZLEXCOUNT: numbers about members. */
import { SYNTAX_ERROR, wrongArity } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { BY_LEX, BY_SCORE, MemberRange } from './member-range.ts';
import { findSortedSet, SORTED_SET, sortedSetAt } from './sorted-set-access.ts';

export const MEMBER: ArgumentSpec = { name: 'member', type: 'string' };

const RANK = {
  ...SORTED_SET,
  since: '2.0.0',
  complexity: 'O(log(N)) where N is the number of members of the sorted set',
  arity: -3,
  flags: ['readonly', 'fast'],
  keys: oneKey('RO', 'access'),
  arguments: [KEY, MEMBER, { ...token('WITHSCORE'), optional: true }],
  history: [['7.2.0', 'Added the optional `WITHSCORE` argument.']],
} as const satisfies Partial<CommandSpec>;

const COUNT = {
  ...SORTED_SET,
  complexity: 'O(log(N)) where N is the number of members of the sorted set',
  arity: 4,
  flags: ['readonly', 'fast'],
  keys: oneKey('RO', 'access'),
} as const satisfies Partial<CommandSpec>;

export const sortedSetReading = defineCommands([
  {
    ...SORTED_SET,
    name: 'zcard',
    since: '1.2.0',
    summary: 'Returns the number of members of a sorted set',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO'),
    arguments: [KEY],
    placement: { at: 'key', handler: cardinality },
  },
  {
    ...SORTED_SET,
    name: 'zscore',
    since: '1.2.0',
    summary: 'Returns the score of a member of a sorted set',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, MEMBER],
    placement: { at: 'key', handler: score },
  },
  {
    ...SORTED_SET,
    name: 'zmscore',
    since: '6.2.0',
    summary: 'Returns the scores of several members of a sorted set',
    complexity: 'O(N) where N is the number of members asked for',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, { ...MEMBER, multiple: true }],
    hasLongReply: true,
    placement: { at: 'key', handler: scores },
  },
  {
    ...RANK,
    name: 'zrank',
    summary: 'Returns how many members of a sorted set come before a member',
    placement: { at: 'key', handler: (context) => rank(context, false) },
  },
  {
    ...RANK,
    name: 'zrevrank',
    summary: 'Returns how many members of a sorted set come behind a member',
    placement: { at: 'key', handler: (context) => rank(context, true) },
  },
  {
    ...COUNT,
    name: 'zcount',
    since: '2.0.0',
    summary: 'Returns how many members of a sorted set have a score between two others',
    arguments: [KEY, { name: 'min', type: 'double' }, { name: 'max', type: 'double' }],
    placement: { at: 'key', handler: (context) => count(context, BY_SCORE) },
  },
  {
    ...COUNT,
    name: 'zlexcount',
    since: '2.8.9',
    summary: 'Returns how many members of a sorted set, all of one score, are between two strings',
    arguments: [KEY, { name: 'min', type: 'string' }, { name: 'max', type: 'string' }],
    placement: { at: 'key', handler: (context) => count(context, BY_LEX) },
  },
]);

/** What `findRange` has found. */
export const range: MemberRange = new MemberRange();

function cardinality(context: ShardContext): void {
  const ref = findSortedSet(context);
  if (ref !== REFUSED) context.reply.integer(ref === ABSENT ? 0 : sortedSetAt(context, ref).length);
}

function score(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  const set = sortedSetAt(context, ref);
  if (set.find(args.bytes, args.starts[2]!, args.ends[2]!)) reply.double(set.score);
  else reply.null();
}

function scores(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  reply.array(args.count - 2);
  const set = ref === ABSENT ? undefined : sortedSetAt(context, ref);
  for (let i = 2; i < args.count; i++) {
    if (set?.find(args.bytes, args.starts[i]!, args.ends[i]!) === true) reply.double(set.score);
    else reply.null();
  }
}

function rank(context: ShardContext, isReverse: boolean): void {
  const { args, reply, commandName } = context;
  if (args.count > 4) {
    reply.error(wrongArity(commandName));
    return;
  }
  const withScore = args.count === 4;
  if (withScore && !args.is(3, 'withscore')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  const set = ref === ABSENT ? undefined : sortedSetAt(context, ref);
  if (set === undefined || !set.find(args.bytes, args.starts[2]!, args.ends[2]!)) {
    if (withScore) reply.nullArray();
    else reply.null();
    return;
  }
  const found = isReverse ? set.length - 1 - set.rank : set.rank;
  if (withScore) reply.array(2);
  reply.integer(found);
  if (withScore) reply.double(set.score);
}

/**
 * Finds out which members of the sorted set are in the range that words 2 and 3 say. Returns the entry, ABSENT when none of them are
 * there, REFUSED after an error reply.
 */
export function findRange(context: ShardContext, kind: number): number {
  const { args, reply } = context;
  const problem = range.read(args, kind, 2, 3);
  if (problem !== undefined) {
    reply.error(problem);
    return REFUSED;
  }
  const ref = findSortedSet(context);
  if (ref === REFUSED || ref === ABSENT) return ref;
  range.cut(sortedSetAt(context, ref));
  return range.count === 0 ? ABSENT : ref;
}

function count(context: ShardContext, kind: number): void {
  const ref = findRange(context, kind);
  if (ref !== REFUSED) context.reply.integer(ref === ABSENT ? 0 : range.count);
}
