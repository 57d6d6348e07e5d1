/** ZPOPMIN, ZPOPMAX and ZMPOP: they take the members with the lowest scores, or the highest. */
import { fromLatin1 } from '../../base/bytes.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import {
  COUNT_NOT_POSITIVE,
  KEY_COUNT_NOT_POSITIVE,
  NOT_POSITIVE,
  SYNTAX_ERROR,
  WRONG_TYPE,
} from '../../protocol/errors.ts';
import { readNumber } from '../../protocol/reply-reader.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_ZSET } from '../../store/layout.ts';
import { REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands, type KeyPositions } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { countedKeys } from '../lists/moving.ts';
import { beginMembers, type PairForm, rewritePairs, writeEach } from './member-replies.ts';
import { findSortedSet, removeRanks, SORTED_SET, sortedSetAt } from './sorted-set-access.ts';

const POP = {
  ...SORTED_SET,
  since: '5.0.0',
  complexity:
    'O(log(N)*M) where N is the number of members of the sorted set and M the number of those returned',
  arity: -2,
  flags: ['write', 'fast'],
  keys: oneKey('RW', 'access', 'delete'),
  arguments: [KEY, { name: 'count', type: 'integer', optional: true }],
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

/** The numbers of clients must not be larger in an inner command. */
const INNER_COUNT_MAX = 2 ** 31;
const POPPED = ['RW', 'access', 'delete'] as const;

export const MANY_ARGUMENTS: readonly ArgumentSpec[] = [
  { name: 'numkeys', type: 'integer' },
  { name: 'key', type: 'key', multiple: true },
  { name: 'where', type: 'oneof', arguments: [token('MIN'), token('MAX')] },
  { name: 'count', type: 'integer', token: 'COUNT', optional: true },
];

/** The keys behind their number in word `at`, from which members are taken. */
export function poppedKeys(at: number): KeyPositions {
  return {
    first: 0,
    last: 0,
    step: 0,
    flags: POPPED,
    specifications: [{ keyNumber: { word: at, first: 1, step: 1 }, flags: POPPED }],
    find: (args) => countedKeys(args, at),
  };
}

export const sortedSetPopping = defineCommands([
  {
    ...POP,
    name: 'zpopmin',
    summary: 'Removes the members of a sorted set with the lowest scores, and returns them',
    placement: { at: 'key', handler: (context) => pop(context, false) },
  },
  {
    ...POP,
    name: 'zpopmax',
    summary: 'Removes the members of a sorted set with the highest scores, and returns them',
    placement: { at: 'key', handler: (context) => pop(context, true) },
  },
  {
    ...SORTED_SET,
    name: 'zmpop',
    since: '7.0.0',
    summary: 'Removes members of the first sorted set among several keys, and returns them',
    complexity:
      'O(K) + O(M*log(N)) where K is the number of keys, N the number of members of the sorted set and M the number of those returned',
    arity: -4,
    flags: ['write', 'movablekeys'],
    keys: poppedKeys(1),
    arguments: MANY_ARGUMENTS,
    hasLongReply: true,
    check: (args) => {
      const request = readPopRequest(args, 1);
      return typeof request === 'string' ? request : undefined;
    },
    placement: { at: 'together', handler: popMany },
  },
]);

function pop(context: ShardContext, isMax: boolean): void {
  const { args, reply } = context;
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const hasCount = args.count === 3;
  const given = hasCount ? args.integer(2) : 1;
  if (given === undefined || given < 0) {
    reply.error(NOT_POSITIVE);
    return;
  }
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT || Number(given) === 0) {
    reply.array(0);
    return;
  }
  const count = Math.min(Number(given), sortedSetAt(context, ref).length);
  const form = hasCount && reply.resp === 3 ? 'nested' : 'flat';
  beginMembers(reply, count, form);
  take(context, 1, ref, isMax, count, form);
}

/** Takes `count` members, which are there, writes them without a header, and tells of it. */
export function take(
  context: ShardContext,
  word: number,
  ref: number,
  isMax: boolean,
  count: number,
  form: PairForm,
): void {
  const set = sortedSetAt(context, ref);
  const first = isMax ? set.length - count : 0;
  writeEach(context.reply, set, first, count, isMax, form);
  removeRanks(context, word, ref, first, count, isMax ? 'zpopmax' : 'zpopmin');
}

/** What ZMPOP's words say. */
interface PopRequest {
  readonly keys: readonly number[];
  readonly isMax: boolean;
  readonly count: number;
}

/** Words from the number of keys, word `at`, on; or the text of an error. */
export function readPopRequest(args: Arguments, at: number): PopRequest | string {
  const keyCount = args.integer(at);
  if (keyCount === undefined || keyCount < 1) return KEY_COUNT_NOT_POSITIVE;
  const keys = countedKeys(args, at);
  const where = at + 1 + keys.length;
  if (keys.length === 0 || where >= args.count) return SYNTAX_ERROR;
  const isMax = args.is(where, 'max');
  if (!isMax && !args.is(where, 'min')) return SYNTAX_ERROR;
  if (where + 1 === args.count) return { keys, isMax, count: 1 };
  if (!args.is(where + 1, 'count') || where + 2 === args.count) return SYNTAX_ERROR;
  const count = args.integer(where + 2);
  if (count === undefined || count < 1) return COUNT_NOT_POSITIVE;
  return where + 3 < args.count ? SYNTAX_ERROR : { keys, isMax, count: Number(count) };
}

function popMany(context: ShardContext): void {
  const { args, reply, together } = context;
  const request = readPopRequest(args, 1);
  // The words have been checked.
  if (typeof request === 'string') return;
  for (const word of request.keys) {
    const type = together.typeOf(word);
    if (type === undefined) continue;
    if (type === TYPE_ZSET) popFrom(context, word, request.isMax, request.count);
    else reply.error(WRONG_TYPE);
    return;
  }
  reply.nullArray();
}

/** Takes up to `count` members from the key in word `word`, which has a sorted set, and answers with the key and an array of them. */
export function popFrom(context: ShardContext, word: number, isMax: boolean, count: number): void {
  const { args, reply, together } = context;
  const key = args.copy(word);
  reply.array(2);
  reply.bulk(key);
  if (!context.owns(key)) {
    const number = fromLatin1(String(Math.min(count, INNER_COUNT_MAX)));
    const inner = together.run(isMax ? 'zpopmax' : 'zpopmin', key, number);
    reply.array(pairsIn(inner));
    rewritePairs(reply, inner, 'nested');
    return;
  }
  const ref = findSortedSet(context, word);
  const taken = Math.min(count, sortedSetAt(context, ref).length);
  reply.array(taken);
  take(context, word, ref, isMax, taken, 'nested');
}

/** How many members stand in a flat array. */
function pairsIn(inner: Uint8Array): number {
  return readNumber(inner, 0) / 2;
}
