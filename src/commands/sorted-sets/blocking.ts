/** BZPOPMIN, BZPOPMAX and BZMPOP: they take members that are there, or wait until there are some. */
import { TYPE_ZSET } from '../../store/layout.ts';
import { TIMEOUT, timeoutProblem } from '../blocking-timeout.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { allButLast, claimFirst, lastWord, WAITING_POP, waitsFor } from '../waiting.ts';
import { rewritePairs } from './member-replies.ts';
import { MANY_ARGUMENTS, popFrom, poppedKeys, readPopRequest, take } from './popping.ts';
import { findSortedSet, SORTED_SET } from './sorted-set-access.ts';

const POP = {
  ...WAITING_POP,
  ...SORTED_SET,
  since: '5.0.0',
  complexity: 'O(log(N)) where N is the number of members of the sorted set',
  flags: ['write', 'fast', 'blocking'],
} as const satisfies Partial<CommandSpec>;

export const sortedSetBlocking = defineCommands([
  {
    ...POP,
    name: 'bzpopmin',
    summary:
      'Removes the member with the lowest score of the first sorted set that has any and returns it; waits for one if none has',
    placement: waitsFor(TYPE_ZSET, (context) => pop(context, false), lastWord),
  },
  {
    ...POP,
    name: 'bzpopmax',
    summary:
      'Removes the member with the highest score of the first sorted set that has any and returns it; waits for one if none has',
    placement: waitsFor(TYPE_ZSET, (context) => pop(context, true), lastWord),
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
    placement: waitsFor(TYPE_ZSET, popMany, () => 1),
  },
]);

function pop(context: ShardContext, isMax: boolean): void {
  const { args, reply } = context;
  const word = claimFirst(context, TYPE_ZSET, allButLast(args));
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
  const word = claimFirst(context, TYPE_ZSET, request.keys);
  if (word !== undefined) popFrom(context, word, request.isMax, request.count);
}
