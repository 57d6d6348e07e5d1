/** BZPOPMIN, BZPOPMAX and BZMPOP: they take members that are there, or wait until there are some. */
import type { Arguments } from '../../protocol/arguments.ts';
import { WRONG_TYPE } from '../../protocol/errors.ts';
import { TYPE_ZSET } from '../../store/layout.ts';
import { TIMEOUT, TIMEOUT_HISTORY, timeoutMs, timeoutProblem } from '../blocking-timeout.ts';
import { type CommandSpec, defineCommands, type Placement, type ShardHandler } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEYS } from '../declarations.ts';
import { rewritePairs } from './member-replies.ts';
import { MANY_ARGUMENTS, popFrom, poppedKeys, readPopRequest, take } from './popping.ts';
import { findSortedSet, SORTED_SET } from './sorted-set-access.ts';

const POP = {
  ...SORTED_SET,
  since: '5.0.0',
  complexity: 'O(log(N)) where N is the number of members of the sorted set',
  arity: -3,
  flags: ['write', 'fast', 'blocking'],
  keys: { first: 1, last: -2, step: 1, flags: ['RW', 'access', 'delete'] },
  arguments: [KEYS, TIMEOUT],
  history: TIMEOUT_HISTORY,
  check: (args) => timeoutProblem(args, args.count - 1),
} as const satisfies Partial<CommandSpec>;

export const sortedSetBlocking = defineCommands([
  {
    ...POP,
    name: 'bzpopmin',
    summary:
      'Removes the member with the lowest score of the first sorted set that has any and returns it; waits for one if none has',
    placement: waits(
      (context) => pop(context, false),
      (args) => args.count - 1,
    ),
  },
  {
    ...POP,
    name: 'bzpopmax',
    summary:
      'Removes the member with the highest score of the first sorted set that has any and returns it; waits for one if none has',
    placement: waits(
      (context) => pop(context, true),
      (args) => args.count - 1,
    ),
  },
  {
    ...SORTED_SET,
    name: 'bzmpop',
    since: '7.0.0',
    summary:
      'Removes members of the first sorted set that has any and returns them; waits for some if none has',
    complexity:
      'O(K) + O(M*log(N)) where K is the number of keys, N the number of members of the sorted set and M the number of those returned',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    keys: poppedKeys(2),
    arguments: [TIMEOUT, ...MANY_ARGUMENTS],
    check: (args) => {
      const request = readPopRequest(args, 2);
      return typeof request === 'string' ? request : timeoutProblem(args, 1);
    },
    placement: waits(popMany, () => 1),
  },
]);

/** A command that waits for sorted sets at its keys; its timeout is in word `timeoutWord`. */
function waits(handler: ShardHandler, timeoutWord: (args: Arguments) => number): Placement {
  return {
    at: 'blocking',
    handler,
    timeoutMs: (args) => timeoutMs(args, timeoutWord(args)),
    awaitedType: TYPE_ZSET,
  };
}

function pop(context: ShardContext, isMax: boolean): void {
  const { args, reply } = context;
  const words = Array.from({ length: args.count - 2 }, (_, i) => i + 1);
  const word = claimSortedSet(context, words);
  if (word === undefined) return;
  const key = args.copy(word);
  reply.array(3);
  reply.bulk(key);
  if (context.owns(key)) take(context, word, findSortedSet(context, word), isMax, 1, 'flat');
  else rewritePairs(reply, context.together.run(isMax ? 'zpopmax' : 'zpopmin', key), 'flat');
}

function popMany(context: ShardContext): void {
  const request = readPopRequest(context.args, 2);
  // The words have been checked.
  if (typeof request === 'string') return;
  const word = claimSortedSet(context, request.keys);
  if (word !== undefined) popFrom(context, word, request.isMax, request.count);
}

/**
 * The first of the keys in `words` that has a sorted set, which is the client's then. When nothing more is to be done, undefined: it
 * waits, or waits no more, or it has got an error because of a key of another type.
 */
function claimSortedSet(context: ShardContext, words: readonly number[]): number | undefined {
  const { reply, waiting, together } = context;
  for (const word of words) {
    if (!waiting.reaches(word)) continue;
    const type = together.typeOf(word);
    if (type === undefined) continue;
    if (!waiting.claim()) return undefined;
    if (type === TYPE_ZSET) return word;
    reply.error(WRONG_TYPE);
    return undefined;
  }
  if (!waiting.wait()) reply.nullArray();
  return undefined;
}
