/** ZRANGE, its older forms, and ZRANGESTORE. */

import { ABSENT } from '../../store/keyspace.ts';
import { SortedSet } from '../../types/sorted-set.ts';
import { SortedSetCursor } from '../../types/sorted-set-cursor.ts';
import { unlessFewBetween } from '../asks-for-most.ts';
import { REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, keyAt, oneKey, token, unlikeKeys } from '../declarations.ts';
import { readInput, releaseInputs, storeResult } from './inputs-and-results.ts';
import { BY_LEX, BY_RANK, BY_SCORE } from './member-range.ts';
import { pairForm, writeMembers } from './member-replies.ts';
import { type RangeForm, RangeRequest } from './range-request.ts';
import { findSortedSet, SORTED_SET, sortedSetAt } from './sorted-set-access.ts';

const COMPLEXITY =
  'O(log(N)+M) where N is the number of members of the sorted set and M the number of those returned';
const LIMIT: ArgumentSpec = {
  name: 'limit',
  type: 'block',
  token: 'LIMIT',
  optional: true,
  arguments: [
    { name: 'offset', type: 'integer' },
    { name: 'count', type: 'integer' },
  ],
};
const SORT_BY: ArgumentSpec = {
  name: 'sortby',
  type: 'oneof',
  optional: true,
  arguments: [token('BYSCORE'), token('BYLEX')],
};
const REV: ArgumentSpec = { ...token('REV'), optional: true };
const WITHSCORES: ArgumentSpec = { ...token('WITHSCORES'), optional: true };

const RANGE = {
  ...SORTED_SET,
  complexity: COMPLEXITY,
  arity: -4,
  flags: ['readonly'],
  keys: oneKey('RO', 'access'),
  hasLongReply: true,
  asksForMost: unlessFewBetween,
} as const satisfies Partial<CommandSpec>;

function ends(first: string, last: string, type: 'integer' | 'double' | 'string'): readonly ArgumentSpec[] {
  return [KEY, { name: first, type }, { name: last, type }];
}

function placed(form: RangeForm): NonNullable<CommandSpec['placement']> {
  return { at: 'key', handler: (context) => writeRange(context, form) };
}

export const sortedSetRanges = defineCommands([
  {
    ...RANGE,
    name: 'zrange',
    since: '1.2.0',
    summary: 'Returns the members of a sorted set between two ranks, scores or strings',
    arguments: [
      ...ends('start', 'stop', 'string'),
      { ...SORT_BY, since: '6.2.0' },
      { ...REV, since: '6.2.0' },
      { ...LIMIT, since: '6.2.0' },
      WITHSCORES,
    ],
    history: [['6.2.0', 'Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.']],
    placement: placed({}),
  },
  {
    ...RANGE,
    name: 'zrevrange',
    since: '1.2.0',
    summary:
      'Returns the members of a sorted set between two ranks, counted from the last member, which comes first',
    arguments: [...ends('start', 'stop', 'integer'), WITHSCORES],
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` argument' },
    placement: placed({ kind: BY_RANK, isReverse: true }),
  },
  {
    ...RANGE,
    name: 'zrangebyscore',
    since: '1.0.5',
    summary: 'Returns the members of a sorted set whose scores are between two others',
    arguments: [...ends('min', 'max', 'double'), { ...WITHSCORES, since: '2.0.0' }, LIMIT],
    history: [['2.0.0', 'Added the `WITHSCORES` modifier.']],
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYSCORE` argument' },
    placement: placed({ kind: BY_SCORE, isReverse: false }),
  },
  {
    ...RANGE,
    name: 'zrevrangebyscore',
    since: '2.2.0',
    summary: 'Returns the members of a sorted set whose scores are between two others, the highest first',
    arguments: [...ends('max', 'min', 'double'), WITHSCORES, LIMIT],
    history: [['2.1.6', '`min` and `max` can be exclusive.']],
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments' },
    placement: placed({ kind: BY_SCORE, isReverse: true }),
  },
  {
    ...RANGE,
    name: 'zrangebylex',
    since: '2.8.9',
    summary: 'Returns the members of a sorted set, all of one score, between two strings',
    arguments: [...ends('min', 'max', 'string'), LIMIT],
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYLEX` argument' },
    placement: placed({ kind: BY_LEX, isReverse: false }),
  },
  {
    ...RANGE,
    name: 'zrevrangebylex',
    since: '2.8.9',
    summary: 'Returns the members of a sorted set, all of one score, between two strings, the last first',
    arguments: [...ends('max', 'min', 'string'), LIMIT],
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments' },
    placement: placed({ kind: BY_LEX, isReverse: true }),
  },
  {
    ...SORTED_SET,
    name: 'zrangestore',
    since: '6.2.0',
    summary: 'Stores the members of a sorted set between two ranks, scores or strings as another sorted set',
    complexity:
      'O(log(N)+M) where N is the number of members of the sorted set and M the number of those stored',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: unlikeKeys(1, 2, keyAt(1, 'OW', 'update'), keyAt(2, 'RO', 'access')),
    arguments: [
      { name: 'dst', type: 'key' },
      { name: 'src', type: 'key', keySpecification: 1 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
      SORT_BY,
      REV,
      LIMIT,
    ],
    placement: { at: 'together', handler: storeRange },
  },
]);

const request = new RangeRequest();
const cursor = new SortedSetCursor();

function writeRange(context: ShardContext, form: RangeForm): void {
  const { args, reply } = context;
  const problem = request.read(args, 2, form);
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.array(0);
    return;
  }
  const set = sortedSetAt(context, ref);
  request.cut(set);
  const { first, count } = request.range;
  writeMembers(reply, set, first, count, request.isReverse, request.withScores ? pairForm(reply) : undefined);
}

function storeRange(context: ShardContext): void {
  const { args, reply, keyspace } = context;
  const problem = request.read(args, 3, { stores: true });
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  const source = readInput(context, 2, false, true);
  if (source === REFUSED) return;
  const result = new SortedSet(keyspace.objects.limits.sortedSet);
  if (source !== undefined) {
    request.cut(source);
    const { first, count } = request.range;
    let is = count > 0 && cursor.open(source, first);
    for (let left = count; is && left > 0; left--, is = cursor.next()) {
      result.add(cursor.score, cursor.bytes, cursor.start, cursor.end);
    }
  }
  releaseInputs();
  storeResult(context, 1, result, 'zrangestore');
}
