/** Writing ids and entries of streams into replies. */
import { fromLatin1, viewedBytes, writeUnsigned } from '../../base/bytes.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Stream } from '../../types/stream.ts';
import { StreamCursor } from '../../types/stream-cursor.ts';
import { type Half, idText, type StreamId } from '../../types/stream-id.ts';

const DASH = 45;
const cursor = new StreamCursor();
/** The text of an id: its ms stays for the next one, which mostly has the same. */
const text = viewedBytes(new ArrayBuffer(40));
let textMs: Half = -1;
let textMsEnd = 0;

export function writeId(reply: ReplyWriter, { ms, seq }: StreamId): void {
  writeIdOf(reply, ms, seq);
}

/** The same for an id that is no object. */
export function writeIdOf(reply: ReplyWriter, ms: Half, seq: Half): void {
  if (typeof ms !== 'number' || typeof seq !== 'number') {
    reply.bulk(fromLatin1(idText({ ms, seq })));
    return;
  }
  if (ms !== textMs) {
    textMs = ms;
    textMsEnd = writeUnsigned(text, 0, ms);
    text[textMsEnd++] = DASH;
  }
  reply.bulk(text, 0, writeUnsigned(text, textMsEnd, seq));
}

/** Writes the entry that a cursor is at: its id, and an array of names and values. */
export function writeEntry(reply: ReplyWriter, at: StreamCursor): void {
  reply.array(2);
  writeIdOf(reply, at.ms, at.seq);
  reply.array(2 * at.fieldCount);
  for (let left = at.fieldCount; left > 0; left--) {
    at.nextField();
    const { field, value } = at;
    reply.bulk(field.bytes, field.start, field.end);
    reply.bulk(value.bytes, value.start, value.end);
  }
}

/** Writes an array of the entries from `start` to `end`, at most `most` unless that is 0, the last first if `isReverse`. */
export function writeRange(
  reply: ReplyWriter,
  stream: Stream,
  start: StreamId,
  end: StreamId,
  most: number,
  isReverse: boolean,
): void {
  const count = stream.countBetween(start, end, most === 0 ? Infinity : most);
  reply.array(count);
  cursor.open(stream, start, end, isReverse);
  for (let left = count; left > 0 && cursor.next(); left--) writeEntry(reply, cursor);
}

/** Writes the entry with this id; false, and nothing written, when there is none. */
export function writeEntryAt(reply: ReplyWriter, stream: Stream, id: StreamId): boolean {
  cursor.open(stream, id, id);
  if (!cursor.next()) return false;
  writeEntry(reply, cursor);
  return true;
}
