/** Writing elements of lists into replies. */
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { List } from '../../types/list.ts';
import { ListCursor } from '../../types/list-cursor.ts';
import type { EntryReader } from '../../types/listpack-entry.ts';

const cursor = new ListCursor();

export function writeElement(reply: ReplyWriter, element: EntryReader): void {
  if (!element.isInteger) {
    reply.bulk(element.bytes, element.start, element.end);
    return;
  }
  const { integer } = element;
  if (typeof integer === 'number' && integer >= 0) reply.bulkInteger(integer);
  else reply.bulkText(String(integer));
}

/** Writes the first element, or the last. */
export function writeEnd(reply: ReplyWriter, list: List, isFirst: boolean): void {
  cursor.open(list, isFirst ? 0 : list.length - 1);
  writeElement(reply, cursor.read());
}

/** Writes an array of `count` elements from index `first` on, towards the head if `isReverse`; they are there. */
export function writeElements(
  reply: ReplyWriter,
  list: List,
  first: number,
  count: number,
  isReverse = false,
): void {
  reply.array(count);
  if (count === 0) return;
  cursor.open(list, first);
  for (let left = count; left > 0; left--) {
    writeElement(reply, cursor.read());
    if (isReverse) cursor.previous();
    else cursor.next();
  }
}
