/** The changes of lists as numbers: what commands make, and what a log tells, so that both do the same. */
import type { ByteRanges } from '../base/byte-ranges.ts';
import type { Change } from './change.ts';
import type { List } from './list.ts';
import { ListCursor } from './list-cursor.ts';

/** `ranges` one after the other. */
export const LIST_PUSH_HEAD = 0;
export const LIST_PUSH_TAIL = 1;
/** The first number: how many elements. */
export const LIST_DROP_HEAD = 2;
export const LIST_DROP_TAIL = 3;
/** The first number: an index. */
export const LIST_SET = 4;
/** The first number: the index that the element gets. */
export const LIST_INSERT = 5;
/** The first number: how many at most, 0 for all; the second: 1 from the tail. */
export const LIST_REMOVE = 6;

const cursor = new ListCursor();

/** Makes a change and returns how many elements came or went. What a list does not have is passed over. */
export function changeList(list: List, { operation, first, second, ranges, from, to }: Change): number {
  const { bytes, starts, ends } = ranges;
  const before = list.length;
  switch (operation) {
    case LIST_PUSH_HEAD:
    case LIST_PUSH_TAIL:
      pushAll(list, operation === LIST_PUSH_HEAD, ranges, from, to);
      break;
    case LIST_DROP_HEAD:
      list.dropHead(Math.min(first, before));
      break;
    case LIST_DROP_TAIL:
      list.dropTail(Math.min(first, before));
      break;
    case LIST_SET:
      list.willGrow(ends[from]! - starts[from]!, 1);
      if (!cursor.open(list, first)) return 0;
      list.replace(cursor, bytes, starts[from]!, ends[from]!);
      return 1;
    case LIST_INSERT:
      list.willGrow(ends[from]! - starts[from]!, 1);
      if (cursor.open(list, first)) list.insert(cursor, bytes, starts[from]!, ends[from]!);
      else list.pushTail(bytes, starts[from]!, ends[from]!);
      break;
    case LIST_REMOVE: {
      const most = first === 0 ? Infinity : first;
      list.removeEqual(bytes, starts[from]!, ends[from]!, most, second === 1);
      break;
    }
  }
  return Math.abs(list.length - before);
}

/** Pushes `ranges[from, to)` one after the other. */
export function pushAll(list: List, atHead: boolean, ranges: ByteRanges, from: number, to: number): void {
  const { bytes, starts, ends } = ranges;
  let total = 0;
  for (let i = from; i < to; i++) total += ends[i]! - starts[i]!;
  list.willGrow(total, to - from);
  for (let i = from; i < to; i++) {
    if (atHead) list.pushHead(bytes, starts[i]!, ends[i]!);
    else list.pushTail(bytes, starts[i]!, ends[i]!);
  }
}
