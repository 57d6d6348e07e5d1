/** LINSERT, LSET, LREM, LTRIM: changes in the middle of a list. */
import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import type { List } from '../../types/list.ts';
import {
  LIST_DROP_HEAD,
  LIST_DROP_TAIL,
  LIST_INSERT,
  LIST_REMOVE,
  LIST_SET,
} from '../../types/list-changes.ts';
import { ListCursor } from '../../types/list-cursor.ts';
import { EntryWriter } from '../../types/listpack-entry.ts';
import { by, change, REFUSED, tellOfRemoval } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { ELEMENT } from './ends.ts';
import { IndexRange } from './index-range.ts';
import { findList, listOf } from './list-access.ts';

const cursor = new ListCursor();
const writer = new EntryWriter();
const range = new IndexRange();

export const listEditing = defineCommands([
  {
    name: 'linsert',
    group: 'list',
    since: '2.2.0',
    summary: 'Puts an element before or behind the first one that equals a pivot',
    complexity: 'O(N) where N is the number of elements before the pivot',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys: oneKey('RW', 'insert'),
    arguments: [
      KEY,
      { name: 'where', type: 'oneof', arguments: [token('BEFORE'), token('AFTER')] },
      { name: 'pivot', type: 'string' },
      ELEMENT,
    ],
    placement: { at: 'key', handler: insert },
  },
  {
    name: 'lset',
    group: 'list',
    since: '1.0.0',
    summary: 'Puts another element to an index of a list',
    complexity:
      'O(N) where N is the distance of the element from the nearer end, counted in pieces of the list',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: oneKey('RW', 'update'),
    arguments: [KEY, { name: 'index', type: 'integer' }, ELEMENT],
    placement: { at: 'key', handler: replace },
  },
  {
    name: 'lrem',
    group: 'list',
    since: '1.0.0',
    summary: 'Removes elements that equal a value, from the head or the tail of a list on',
    complexity: 'O(N) where N is the number of elements of the list',
    arity: 4,
    flags: ['write'],
    keys: oneKey('RW', 'delete'),
    arguments: [KEY, { name: 'count', type: 'integer' }, ELEMENT],
    placement: { at: 'key', handler: removeEqual },
  },
  {
    name: 'ltrim',
    group: 'list',
    since: '1.0.0',
    summary: 'Removes all elements of a list but those between two indexes',
    complexity: 'O(N) where N is the number of elements removed',
    arity: 4,
    flags: ['write'],
    keys: oneKey('RW', 'delete'),
    arguments: [KEY, { name: 'start', type: 'integer' }, { name: 'stop', type: 'integer' }],
    placement: { at: 'key', handler: trim },
  },
]);

/** The index of the first element that equals word `word`, or -1. */
function indexOf({ args }: ShardContext, list: List, word: number): number {
  const wanted = writer.entry(args.bytes, args.starts[word]!, args.ends[word]!);
  for (let is = cursor.open(list, 0); is; is = cursor.next()) {
    if (cursor.equals(wanted)) return cursor.index;
  }
  return -1;
}

function insert(context: ShardContext): void {
  const { args, reply } = context;
  const isAfter = args.is(2, 'after');
  if (!isAfter && !args.is(2, 'before')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const ref = findList(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.integer(0);
    return;
  }
  const list = listOf(context, ref);
  const pivot = indexOf(context, list, 3);
  if (pivot < 0) {
    reply.integer(-1);
    return;
  }
  change(context, 1, ref, by(LIST_INSERT, isAfter ? pivot + 1 : pivot).with(args, 4, 5));
  context.notify(EVENT.list, 'linsert', 1);
  reply.integer(list.length);
}

function replace(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findList(context);
  if (ref === REFUSED) return;
  const given = ref === ABSENT ? undefined : args.integer(2);
  if (given === undefined) {
    reply.error(ref === ABSENT ? NO_SUCH_KEY : NOT_AN_INTEGER);
    return;
  }
  const { length } = listOf(context, ref);
  const index = given < 0 ? length + Number(given) : Number(given);
  if (index < 0 || index >= length) {
    reply.error(INDEX_OUT_OF_RANGE);
    return;
  }
  change(context, 1, ref, by(LIST_SET, index).with(args, 3, 4));
  reply.ok();
  context.notify(EVENT.list, 'lset', 1);
}

function removeEqual(context: ShardContext): void {
  const { args, reply } = context;
  const given = args.integer(2);
  if (given === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const ref = findList(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.integer(0);
    return;
  }
  const list = listOf(context, ref);
  const { length } = list;
  // More than there are is all, whichever number says it.
  const most = Math.min(Math.abs(Number(given)), length);
  const removed = change(context, 1, ref, by(LIST_REMOVE, most, given < 0 ? 1 : 0).with(args, 3, 4));
  if (removed > 0) context.notify(EVENT.list, 'lrem', 1);
  if (removed === length) context.notify(EVENT.generic, 'del', 1);
  reply.integer(removed);
}

function trim(context: ShardContext): void {
  const { args, reply } = context;
  if (!range.read(args)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const ref = findList(context);
  if (ref === REFUSED) return;
  if (ref !== ABSENT) {
    const { length } = listOf(context, ref);
    range.cut(length);
    if (range.count === 0) {
      tellOfRemoval(context, 1, EVENT.list, 'ltrim');
      change(context, 1, ref, by(LIST_DROP_HEAD, length));
    } else {
      const { first, count } = range;
      if (first > 0) change(context, 1, ref, by(LIST_DROP_HEAD, first));
      if (first + count < length) change(context, 1, ref, by(LIST_DROP_TAIL, length - first - count));
      context.notify(EVENT.list, 'ltrim', 1);
    }
  }
  reply.ok();
}
