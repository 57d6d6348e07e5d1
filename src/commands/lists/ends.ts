/** LPUSH, RPOP and the like: the two ends of a list. */
import { NOT_POSITIVE, wrongArity } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { writeElements, writeEnd } from './elements.ts';
import { drop, findList, listOf, push } from './list-access.ts';

export const ELEMENT: ArgumentSpec = { name: 'element', type: 'string' };

const PUSH = {
  group: 'list',
  complexity: 'O(1) for each element',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keys: oneKey('RW', 'insert'),
  arguments: [KEY, { ...ELEMENT, multiple: true }],
} as const satisfies Partial<CommandSpec>;

const POP = {
  group: 'list',
  since: '1.0.0',
  complexity: 'O(1) without a count, otherwise O(N) where N is the number of elements returned',
  arity: -2,
  flags: ['write', 'fast'],
  keys: oneKey('RW', 'access', 'delete'),
  arguments: [KEY, { name: 'count', type: 'integer', optional: true, since: '6.2.0' }],
  history: [['6.2.0', 'Added the `count` argument.']],
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

export const listEnds = defineCommands([
  {
    ...PUSH,
    name: 'lpush',
    since: '1.0.0',
    summary: 'Puts elements in front of a list, one after the other; makes the list if there is none',
    history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    placement: { at: 'key', handler: (context) => pushWords(context, true, false) },
  },
  {
    ...PUSH,
    name: 'rpush',
    since: '1.0.0',
    summary: 'Puts elements behind a list; makes the list if there is none',
    history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    placement: { at: 'key', handler: (context) => pushWords(context, false, false) },
  },
  {
    ...PUSH,
    name: 'lpushx',
    since: '2.2.0',
    summary: 'Puts elements in front of a list that exists',
    history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    placement: { at: 'key', handler: (context) => pushWords(context, true, true) },
  },
  {
    ...PUSH,
    name: 'rpushx',
    since: '2.2.0',
    summary: 'Puts elements behind a list that exists',
    history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    placement: { at: 'key', handler: (context) => pushWords(context, false, true) },
  },
  {
    ...POP,
    name: 'lpop',
    summary: 'Removes the first elements of a list and returns them',
    placement: { at: 'key', handler: (context) => pop(context, true) },
  },
  {
    ...POP,
    name: 'rpop',
    summary: 'Removes the last elements of a list and returns them',
    placement: { at: 'key', handler: (context) => pop(context, false) },
  },
]);

function pushWords(context: ShardContext, atHead: boolean, onlyIfPresent: boolean): void {
  const { args, reply } = context;
  const ref = findList(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT && onlyIfPresent) reply.integer(0);
  else reply.integer(push(context, 1, ref, atHead, args, 2, args.count));
}

function pop(context: ShardContext, fromHead: boolean): void {
  const { args, reply, commandName } = context;
  if (args.count > 3) {
    reply.error(wrongArity(commandName));
    return;
  }
  const hasCount = args.count === 3;
  const given = hasCount ? args.integer(2) : 1;
  if (given === undefined || given < 0) {
    reply.error(NOT_POSITIVE);
    return;
  }
  const ref = findList(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    if (hasCount) reply.nullArray();
    else reply.null();
    return;
  }
  const list = listOf(context, ref);
  const count = Math.min(Number(given), list.length);
  if (!hasCount) writeEnd(reply, list, fromHead);
  else if (fromHead) writeElements(reply, list, 0, count);
  else writeElements(reply, list, list.length - 1, count, true);
  if (count > 0) drop(context, 1, ref, fromHead, count);
}
