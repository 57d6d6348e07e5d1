/** LMOVE, RPOPLPUSH, LMPOP: elements from one of several lists, which may be on several shards. */
import { RangeList } from '../../base/byte-ranges.ts';
import { fromLatin1 } from '../../base/bytes.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import {
  COUNT_NOT_POSITIVE,
  KEY_COUNT_NOT_POSITIVE,
  SYNTAX_ERROR,
  WRONG_TYPE,
} from '../../protocol/errors.ts';
import { bulkOf } from '../../protocol/reply-reader.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_LIST } from '../../store/layout.ts';
import { LIST_DROP_HEAD, LIST_DROP_TAIL } from '../../types/list-changes.ts';
import { ListCursor } from '../../types/list-cursor.ts';
import { by, change, REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { keyAt, token, unlikeKeys } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { writeElements } from './elements.ts';
import { drop, findList, listOf, push } from './list-access.ts';

const cursor = new ListCursor();
const moved = new RangeList();

const MOVE = {
  group: 'list',
  complexity: 'O(1)',
  flags: ['write', 'denyoom'],
  keys: unlikeKeys(1, 2, keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')),
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

export const ENDS: readonly ArgumentSpec[] = [
  { name: 'source', type: 'key' },
  { name: 'destination', type: 'key', keySpecification: 1 },
];

export function end(name: string): ArgumentSpec {
  return { name, type: 'oneof', arguments: [token('LEFT'), token('RIGHT')] };
}

export const listMoving = defineCommands([
  {
    ...MOVE,
    name: 'lmove',
    since: '6.2.0',
    summary: 'Moves an element from an end of a list to an end of another, or of the same',
    arity: 5,
    arguments: [...ENDS, end('wherefrom'), end('whereto')],
    placement: { at: 'together', handler: move },
  },
  {
    ...MOVE,
    name: 'rpoplpush',
    since: '1.2.0',
    summary: 'Moves the last element of a list to the front of another, or of the same',
    arity: 3,
    arguments: ENDS,
    deprecated: { since: '6.2.0', replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
    placement: { at: 'together', handler: (context) => moveElement(context, false, true) },
  },
  {
    name: 'lmpop',
    group: 'list',
    since: '7.0.0',
    summary: 'Removes elements of the first list among several keys, and returns them',
    complexity: 'O(N+M) where N is the number of keys and M the number of elements returned',
    arity: -4,
    flags: ['write', 'movablekeys'],
    keys: {
      first: 0,
      last: 0,
      step: 0,
      flags: ['RW', 'access', 'delete'],
      specifications: [{ keyNumber: { word: 1, first: 1, step: 1 }, flags: ['RW', 'access', 'delete'] }],
      find: (args) => countedKeys(args, 1),
    },
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', multiple: true },
      end('where'),
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    hasLongReply: true,
    check: (args) => {
      const request = readPopRequest(args, 1);
      return typeof request === 'string' ? request : undefined;
    },
    placement: { at: 'together', handler: (context) => popMany(context, 1) },
  },
]);

/** Whether word `index` says LEFT; undefined when it says neither that nor RIGHT. */
export function readEnd(args: Arguments, index: number): boolean | undefined {
  if (args.is(index, 'left')) return true;
  return args.is(index, 'right') ? false : undefined;
}

function move(context: ShardContext): void {
  const fromHead = readEnd(context.args, 3);
  const toHead = readEnd(context.args, 4);
  if (fromHead === undefined || toHead === undefined) context.reply.error(SYNTAX_ERROR);
  else moveElement(context, fromHead, toHead);
}

/** Moves one element from the list at word 1 to that at word 2, and answers with it; nil when there is none. */
export function moveElement(context: ShardContext, fromHead: boolean, toHead: boolean): void {
  const { reply } = context;
  // In a transaction another shard may execute it than that of the first key.
  if (!ownsWord(context, 1) || !ownsWord(context, 2)) {
    moveBetweenShards(context, fromHead, toHead);
    return;
  }
  const source = findList(context);
  if (source === REFUSED) return;
  if (source === ABSENT) {
    reply.null();
    return;
  }
  const target = findList(context, 2);
  if (target === REFUSED) return;
  const list = listOf(context, source);
  cursor.open(list, fromHead ? 0 : list.length - 1);
  // Where it is now is no place to copy it from when lists change.
  const element = cursor.read().copy();
  moveHere(context, source, target, fromHead, toHead, element);
  reply.bulk(element);
}

function ownsWord(context: ShardContext, word: number): boolean {
  const { bytes, starts, ends } = context.args;
  return context.owns(bytes.subarray(starts[word]!, ends[word]!));
}

function moveBetweenShards(context: ShardContext, fromHead: boolean, toHead: boolean): void {
  const { args, reply, together } = context;
  const type = together.typeOf(1);
  if (type === undefined) {
    reply.null();
    return;
  }
  const targetType = together.typeOf(2);
  if (type !== TYPE_LIST || (targetType !== undefined && targetType !== TYPE_LIST)) {
    reply.error(WRONG_TYPE);
    return;
  }
  const source = args.copy(1);
  const element = bulkOf(together.run('lindex', source, fromLatin1(fromHead ? '0' : '-1')))!;
  // First, because it may fail.
  together.run(toHead ? 'lpush' : 'rpush', args.copy(2), element);
  together.run(fromHead ? 'lpop' : 'rpop', source);
  reply.bulk(element);
}

function moveHere(
  context: ShardContext,
  source: number,
  target: number,
  fromHead: boolean,
  toHead: boolean,
  element: Uint8Array,
): void {
  moved.bytes = element;
  moved.starts[0] = 0;
  moved.ends[0] = element.length;
  if (source === target && listOf(context, source).length > 1) {
    // In this order the list does not become larger than it was.
    change(context, 1, source, by(fromHead ? LIST_DROP_HEAD : LIST_DROP_TAIL, 1));
    push(context, 2, target, toHead, moved, 0, 1);
    context.notify(EVENT.list, fromHead ? 'lpop' : 'rpop', 1);
    return;
  }
  push(context, 2, target, toHead, moved, 0, 1);
  drop(context, 1, source, fromHead, 1);
}

/** What LMPOP's words say. */
interface PopRequest {
  readonly keys: readonly number[];
  readonly fromHead: boolean;
  readonly count: number;
}

/** The words that are keys behind their number in word `at`; none when there are not so many words. */
export function countedKeys(args: Arguments, at: number): readonly number[] {
  const count = Number(args.integer(at) ?? 0);
  if (count < 1 || count > args.count - at - 1) return [];
  return Array.from({ length: count }, (_, i) => at + 1 + i);
}

/** Words from the number of keys, word `at`, on; or the text of an error. */
export function readPopRequest(args: Arguments, at: number): PopRequest | string {
  const keyCount = args.integer(at);
  if (keyCount === undefined || keyCount < 1) return KEY_COUNT_NOT_POSITIVE;
  const keys = countedKeys(args, at);
  const endWord = at + 1 + keys.length;
  if (keys.length === 0 || endWord >= args.count) return SYNTAX_ERROR;
  const fromHead = readEnd(args, endWord);
  if (fromHead === undefined) return SYNTAX_ERROR;
  let count = 1;
  if (endWord + 1 < args.count) {
    if (!args.is(endWord + 1, 'count') || endWord + 2 === args.count) return SYNTAX_ERROR;
    const given = args.integer(endWord + 2);
    if (given === undefined || given < 1) return COUNT_NOT_POSITIVE;
    if (endWord + 3 < args.count) return SYNTAX_ERROR;
    count = Number(given);
  }
  return { keys, fromHead, count };
}

/**
 * Pops from the first key that is there, and answers with it and the elements; with nil when none is there. `at` is the word
 * with the number of keys.
 */
export function popMany(context: ShardContext, at: number): void {
  const { args, reply, together } = context;
  const request = readPopRequest(args, at);
  if (typeof request === 'string') {
    reply.error(request);
    return;
  }
  const { fromHead, count } = request;
  for (const word of request.keys) {
    const type = together.typeOf(word);
    if (type === undefined) continue;
    if (type !== TYPE_LIST) {
      reply.error(WRONG_TYPE);
      return;
    }
    popFrom(context, word, fromHead, count);
    return;
  }
  reply.nullArray();
}

export function popFrom(context: ShardContext, word: number, fromHead: boolean, count: number): void {
  const { args, reply, together } = context;
  const key = args.copy(word);
  reply.array(2);
  reply.bulk(key);
  if (!context.owns(key)) {
    const number = fromLatin1(String(Math.min(count, 2 ** 31)));
    reply.raw(together.run(fromHead ? 'lpop' : 'rpop', key, number));
    return;
  }
  const ref = findList(context, word);
  const list = listOf(context, ref);
  const taken = Math.min(count, list.length);
  writeElements(reply, list, fromHead ? 0 : list.length - 1, taken, !fromHead);
  drop(context, word, ref, fromHead, taken);
}
