/** Writing members of sorted sets into replies, and reading them from the replies of commands that were run elsewhere. */
import { latin1 } from '../../base/bytes.ts';
import { parseDouble } from '../../base/numbers.ts';
import { bulkOf, firstElement, replyEnd } from '../../protocol/reply-reader.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { SortedSetCursor } from '../../types/sorted-set-cursor.ts';

/** How members stand in a reply with their scores: member, score, member, score, … or each with its score in an array. */
export type PairForm = 'flat' | 'nested';

/** The usual form: nested in RESP3. */
export function pairForm(reply: ReplyWriter): PairForm {
  return reply.resp === 3 ? 'nested' : 'flat';
}

const cursor = new SortedSetCursor();

/** The header of an array of `count` members. */
export function beginMembers(reply: ReplyWriter, count: number, form: PairForm | undefined): void {
  reply.array(form === 'flat' ? 2 * count : count);
}

/** Writes one of them; without its score when `form` is undefined. */
export function writePair(
  reply: ReplyWriter,
  form: PairForm | undefined,
  score: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (form === 'nested') reply.array(2);
  reply.bulk(bytes, start, end);
  if (form !== undefined) reply.double(score);
}

/** Writes an array of the `count` members from rank `first` on, which are there, the last one first if `isReverse`. */
export function writeMembers(
  reply: ReplyWriter,
  set: SortedSet,
  first: number,
  count: number,
  isReverse: boolean,
  form: PairForm | undefined,
): void {
  beginMembers(reply, count, form);
  writeEach(reply, set, first, count, isReverse, form);
}

/** The same without a header. */
export function writeEach(
  reply: ReplyWriter,
  set: SortedSet,
  first: number,
  count: number,
  isReverse: boolean,
  form: PairForm | undefined,
): void {
  if (count === 0) return;
  cursor.open(set, isReverse ? first + count - 1 : first);
  for (let left = count; left > 0; left--) {
    writePair(reply, form, cursor.score, cursor.bytes, cursor.start, cursor.end);
    if (isReverse) cursor.previous();
    else cursor.next();
  }
}

/** Writes members in another form than they have in `inner`, an encoded reply in RESP2, where they stand flat; without a header. */
export function rewritePairs(reply: ReplyWriter, inner: Uint8Array, form: PairForm): void {
  for (let at = firstElement(inner, 0); at < inner.length; ) {
    const scoreAt = replyEnd(inner, at);
    const end = replyEnd(inner, scoreAt);
    const member = bulkOf(inner.subarray(at, scoreAt))!;
    const score = bulkOf(inner.subarray(scoreAt, end))!;
    writePair(reply, form, parseDouble(latin1(score, 0, score.length))!, member, 0, member.length);
    at = end;
  }
}
