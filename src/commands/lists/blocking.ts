/** BLPOP, BLMOVE and the like: they take from lists what is there, or wait until there is something. */
import { SYNTAX_ERROR } from '../../protocol/errors.ts';
import { TYPE_LIST } from '../../store/layout.ts';
import { TIMEOUT, TIMEOUT_HISTORY, timeoutProblem } from '../blocking-timeout.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { keyAt, unlikeKeys } from '../declarations.ts';
import { allButLast, claimFirst, lastWord, WAITING_POP, waitsFor } from '../waiting.ts';
import { writeEnd } from './elements.ts';
import { drop, findList, listOf } from './list-access.ts';
import { countedKeys, ENDS, end, moveElement, popFrom, readEnd, readPopRequest } from './moving.ts';

const POP = {
  ...WAITING_POP,
  group: 'list',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of keys',
  flags: ['write', 'blocking'],
} as const satisfies Partial<CommandSpec>;

const MOVE = {
  group: 'list',
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'blocking'],
  keys: unlikeKeys(1, 2, keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')),
} as const satisfies Partial<CommandSpec>;

const POPPED = ['RW', 'access', 'delete'] as const;

export const listBlocking = defineCommands([
  {
    ...POP,
    name: 'blpop',
    summary:
      'Removes the first element of the first list that has any and returns it; waits for one if none has',
    placement: waitsFor(TYPE_LIST, (context) => pop(context, true), lastWord),
  },
  {
    ...POP,
    name: 'brpop',
    summary:
      'Removes the last element of the first list that has any and returns it; waits for one if none has',
    placement: waitsFor(TYPE_LIST, (context) => pop(context, false), lastWord),
  },
  {
    ...MOVE,
    name: 'blmove',
    since: '6.2.0',
    summary: 'Moves an element from an end of a list to an end of another; waits for one if there is none',
    arity: 6,
    arguments: [...ENDS, end('wherefrom'), end('whereto'), TIMEOUT],
    check: (args) => {
      if (readEnd(args, 3) === undefined || readEnd(args, 4) === undefined) return SYNTAX_ERROR;
      return timeoutProblem(args, 5);
    },
    placement: waitsFor(
      TYPE_LIST,
      (context) => move(context, readEnd(context.args, 3)!, readEnd(context.args, 4)!),
      () => 5,
      [1],
    ),
  },
  {
    ...MOVE,
    name: 'brpoplpush',
    since: '2.2.0',
    summary: 'Moves the last element of a list to the front of another; waits for one if there is none',
    arity: 4,
    arguments: [...ENDS, TIMEOUT],
    history: TIMEOUT_HISTORY,
    deprecated: { since: '6.2.0', replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
    check: (args) => timeoutProblem(args, 3),
    placement: waitsFor(
      TYPE_LIST,
      (context) => move(context, false, true),
      () => 3,
      [1],
    ),
  },
  {
    name: 'blmpop',
    group: 'list',
    since: '7.0.0',
    summary: 'Removes elements of the first list that has any and returns them; waits for some if none has',
    complexity: 'O(N+M) where N is the number of keys and M the number of elements returned',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    keys: {
      first: 0,
      last: 0,
      step: 0,
      flags: POPPED,
      specifications: [{ keyNumber: { word: 2, first: 1, step: 1 }, flags: POPPED }],
      find: (args) => countedKeys(args, 2),
    },
    arguments: [
      TIMEOUT,
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', multiple: true },
      end('where'),
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    check: (args) => {
      const request = readPopRequest(args, 2);
      return typeof request === 'string' ? request : timeoutProblem(args, 1);
    },
    placement: waitsFor(TYPE_LIST, popMany, () => 1),
  },
]);

function pop(context: ShardContext, fromHead: boolean): void {
  const { args, reply } = context;
  const word = claimFirst(context, TYPE_LIST, allButLast(args));
  if (word === undefined) return;
  const key = args.copy(word);
  reply.array(2);
  reply.bulk(key);
  if (!context.owns(key)) {
    reply.raw(context.together.run(fromHead ? 'lpop' : 'rpop', key));
    return;
  }
  const ref = findList(context, word);
  writeEnd(reply, listOf(context, ref), fromHead);
  drop(context, word, ref, fromHead, 1);
}

function popMany(context: ShardContext): void {
  const request = readPopRequest(context.args, 2);
  // The words have been checked.
  if (typeof request === 'string') return;
  const word = claimFirst(context, TYPE_LIST, request.keys);
  if (word !== undefined) popFrom(context, word, request.fromHead, request.count);
}

function move(context: ShardContext, fromHead: boolean, toHead: boolean): void {
  if (context.together.typeOf(1) === undefined) {
    if (!context.waiting.wait()) context.reply.null();
  } else if (context.waiting.claim()) {
    moveElement(context, fromHead, toHead);
  }
}
