/** LLEN, LINDEX, LRANGE, LPOS: what does not change a list. */

import type { Arguments } from '../../protocol/arguments.ts';
import {
  LPOS_COUNT_NEGATIVE,
  LPOS_MAXLEN_NEGATIVE,
  LPOS_RANK_ZERO,
} from '../../protocol/collection-errors.ts';
import { NOT_AN_INTEGER, outOfRange, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import type { List } from '../../types/list.ts';
import { ListCursor } from '../../types/list-cursor.ts';
import { EntryWriter } from '../../types/listpack-entry.ts';
import { unlessFewBetween } from '../asks-for-most.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { writeElement, writeElements } from './elements.ts';
import { ELEMENT } from './ends.ts';
import { IndexRange } from './index-range.ts';
import { findList, listOf } from './list-access.ts';

const LONG_MIN = -(2n ** 63n);

const cursor = new ListCursor();
const writer = new EntryWriter();
const range = new IndexRange();

export const listReading = defineCommands([
  {
    name: 'llen',
    group: 'list',
    since: '1.0.0',
    summary: 'Returns the number of elements of a list',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO'),
    arguments: [KEY],
    placement: { at: 'key', handler: length },
  },
  {
    name: 'lindex',
    group: 'list',
    since: '1.0.0',
    summary: 'Returns the element of a list with an index',
    complexity:
      'O(N) where N is the distance of the element from the nearer end, counted in pieces of the list',
    arity: 3,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, { name: 'index', type: 'integer' }],
    hasLongReply: true,
    placement: { at: 'key', handler: elementAt },
  },
  {
    name: 'lrange',
    group: 'list',
    since: '1.0.0',
    summary: 'Returns the elements of a list between two indexes, both included',
    complexity:
      'O(S+N) where S is the distance of the range from the nearer end and N the number of elements returned',
    arity: 4,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, { name: 'start', type: 'integer' }, { name: 'stop', type: 'integer' }],
    hasLongReply: true,
    asksForMost: unlessFewBetween,
    placement: { at: 'key', handler: elementsBetween },
  },
  {
    name: 'lpos',
    group: 'list',
    since: '6.0.6',
    summary: 'Returns the index of an element, or the indexes of those that equal it',
    complexity: 'O(N) where N is the number of elements compared',
    arity: -3,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [
      KEY,
      ELEMENT,
      { name: 'rank', type: 'integer', token: 'RANK', optional: true },
      { name: 'num-matches', type: 'integer', token: 'COUNT', optional: true },
      { name: 'len', type: 'integer', token: 'MAXLEN', optional: true },
    ],
    hasLongReply: true,
    placement: { at: 'key', handler: positions },
  },
]);

function length(context: ShardContext): void {
  const ref = findList(context);
  if (ref !== REFUSED) context.reply.integer(ref === ABSENT ? 0 : listOf(context, ref).length);
}

function elementAt(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findList(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  const index = args.integer(2);
  if (index === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const list = listOf(context, ref);
  const at = Number(index);
  if (cursor.open(list, at < 0 ? list.length + at : at)) writeElement(reply, cursor.read());
  else reply.null();
}

function elementsBetween(context: ShardContext): void {
  const { args, reply } = context;
  if (!range.read(args)) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const ref = findList(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.array(0);
    return;
  }
  const list = listOf(context, ref);
  range.cut(list.length);
  writeElements(reply, list, range.first, range.count);
}

/** What LPOS's options say. */
interface Search {
  rank: number;
  /** Undefined: one, and it is answered by itself. 0: all. */
  count: number | undefined;
  /** 0: no bound. */
  lengthMax: number;
}

function positions(context: ShardContext): void {
  const { args, reply } = context;
  const search = readSearch(args);
  if (typeof search === 'string') {
    reply.error(search);
    return;
  }
  const ref = findList(context);
  if (ref === REFUSED) return;
  const wanted = writer.entry(args.bytes, args.starts[2]!, args.ends[2]!);
  const found = ref === ABSENT ? [] : find(listOf(context, ref), wanted, search);
  if (search.count === undefined) {
    if (found.length === 0) reply.null();
    else reply.integer(found[0]!);
    return;
  }
  reply.array(found.length);
  for (const index of found) reply.integer(index);
}

/** The options, or the text of an error. */
function readSearch(args: Arguments): Search | string {
  const search: Search = { rank: 1, count: undefined, lengthMax: 0 };
  for (let i = 3; i < args.count; i += 2) {
    const number = i + 1 < args.count ? args.integer(i + 1) : 0;
    if (i + 1 === args.count) return SYNTAX_ERROR;
    if (args.is(i, 'rank')) {
      if (number === undefined) return NOT_AN_INTEGER;
      if (number === LONG_MIN) return outOfRange(LONG_MIN + 1n, -LONG_MIN - 1n);
      if (number === 0) return LPOS_RANK_ZERO;
      search.rank = Number(number);
    } else if (args.is(i, 'count')) {
      if (number === undefined || number < 0) return LPOS_COUNT_NEGATIVE;
      search.count = Number(number);
    } else if (args.is(i, 'maxlen')) {
      if (number === undefined || number < 0) return LPOS_MAXLEN_NEGATIVE;
      search.lengthMax = Number(number);
    } else {
      return SYNTAX_ERROR;
    }
  }
  return search;
}

/** The indexes of the elements with the entry `wanted`, in the order in which they are met. */
function find(list: List, wanted: Uint8Array, { rank, count, lengthMax }: Search): number[] {
  const found: number[] = [];
  const isBackwards = rank < 0;
  const most = count === undefined ? 1 : count === 0 ? Infinity : count;
  let skip = Math.abs(rank) - 1;
  let left = lengthMax === 0 ? Infinity : lengthMax;
  let isAtElement = cursor.open(list, isBackwards ? list.length - 1 : 0);
  for (; isAtElement && left > 0 && found.length < most; left--) {
    if (cursor.equals(wanted)) {
      if (skip > 0) skip--;
      else found.push(cursor.index);
    }
    isAtElement = isBackwards ? cursor.previous() : cursor.next();
  }
  return found;
}
