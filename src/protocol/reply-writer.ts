/**
 * Encodes replies in RESP2 or RESP3 straight into the buffer of whoever sends them.
 *
 * The writer owns a window `bytes[position, limit)`; when a reply does not fit, its sink makes room: an
 * acceptor hands the filled part to the socket, a shard closes the frame in its reply lane and opens the next.
 * A type that RESP2 lacks is written in the form Redis gives it there.
 */
import { copyBytes, countDigits, fromLatin1, writeLatin1, writeUnsigned } from '../base/bytes.ts';
import { formatDouble } from '../base/numbers.ts';
import type { ErrorTally } from './error-tally.ts';

export interface ReplySink {
  /**
   * Sets `writer.bytes`, `position` and `limit` so that at least `Math.min(size, ROOM_MAX)` bytes fit. What
   * was written so far belongs to the sink.
   */
  makeRoom(writer: ReplyWriter, size: number): void;
}

/** The largest contiguous room that a sink must be able to make. Longer payloads are written in pieces. */
export const ROOM_MAX = 8 * 1024;

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const COLON = 58;
const MINUS = 45;
/** A type byte, the longest number (20 digits and a sign) and the line end. */
const HEADER_BYTES_MAX = 24;

export class ReplyWriter {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  limit = 0;
  /** The protocol version of the client that the reply is for. */
  resp: 2 | 3 = 2;
  /** How many error replies were written: the statistics read it. */
  errors = 0;
  /** Where they are counted by code. */
  tally: ErrorTally | undefined = undefined;
  #lastError = '';

  readonly #sink: ReplySink;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  /** Makes sure that `size` bytes (at most ROOM_MAX) can be written at `position`. */
  room(size: number): void {
    if (this.position + size > this.limit) this.#sink.makeRoom(this, size);
  }

  ok(): void {
    this.room(5);
    const bytes = this.bytes;
    const at = this.position;
    bytes[at] = 43;
    bytes[at + 1] = 79;
    bytes[at + 2] = 75;
    bytes[at + 3] = CR;
    bytes[at + 4] = LF;
    this.position = at + 5;
  }

  simple(text: string): void {
    this.#line('+', text);
  }

  /** `text` begins with the error code. Line ends within it would break the protocol: as in Redis, those at the
   * end go and others become spaces. */
  error(text: string): void {
    this.errors++;
    this.#lastError = text;
    this.tally?.count(text);
    this.#line('-', /[\r\n]/.test(text) ? text.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' ') : text);
  }

  /** The last error is not sent after all: whoever wrote it has put `position` back. */
  takeBackError(): void {
    this.errors--;
    this.tally?.uncount(this.#lastError);
  }

  /** An integer that is exact as a number, or a 64-bit one as a bigint. */
  integer(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#line(':', String(value));
      return;
    }
    this.room(HEADER_BYTES_MAX);
    this.bytes[this.position++] = COLON;
    let magnitude = value;
    if (value < 0) {
      this.bytes[this.position++] = MINUS;
      magnitude = -value;
    }
    this.position = writeUnsigned(this.bytes, this.position, magnitude);
    this.#lineEnd();
  }

  /** A bulk string of `source[start, end)`. */
  bulk(source: Uint8Array, start = 0, end: number = source.length): void {
    const length = end - start;
    this.#header(DOLLAR, length);
    if (length + 2 <= this.limit - this.position) {
      this.position = copyBytes(source, start, end, this.bytes, this.position);
      this.#lineEnd();
      return;
    }
    this.raw(source, start, end);
    this.room(2);
    this.#lineEnd();
  }

  bulkText(text: string): void {
    if (text.length <= 64) {
      this.room(HEADER_BYTES_MAX + text.length);
      this.#header(DOLLAR, text.length);
      this.position = writeLatin1(this.bytes, this.position, text);
      this.#lineEnd();
      return;
    }
    this.bulk(fromLatin1(text));
  }

  /** A bulk string of a text that may hold any Unicode character. */
  bulkUtf8(text: string): void {
    this.bulk(Buffer.from(text, 'utf8'));
  }

  /** A non-negative integer below 2^53 as a bulk string. */
  bulkInteger(value: number): void {
    this.#header(DOLLAR, countDigits(value));
    this.room(HEADER_BYTES_MAX);
    this.position = writeUnsigned(this.bytes, this.position, value);
    this.#lineEnd();
  }

  /** The absent value: `_` in RESP3, the null bulk string in RESP2. */
  null(): void {
    if (this.resp === 3) {
      this.#line('_', '');
      return;
    }
    this.room(5);
    const bytes = this.bytes;
    const at = this.position;
    bytes[at] = DOLLAR;
    bytes[at + 1] = MINUS;
    bytes[at + 2] = 49;
    bytes[at + 3] = CR;
    bytes[at + 4] = LF;
    this.position = at + 5;
  }

  /** The absent array: `_` in RESP3, `*-1` in RESP2. */
  nullArray(): void {
    this.#line(this.resp === 3 ? '_' : '*', this.resp === 3 ? '' : '-1');
  }

  array(count: number): void {
    this.#header(42, count);
  }

  /** A map of `pairs` keys and values; in RESP2 a flat array. */
  map(pairs: number): void {
    if (this.resp === 3) this.#header(37, pairs);
    else this.#header(42, pairs * 2);
  }

  set(count: number): void {
    this.#header(this.resp === 3 ? 126 : 42, count);
  }

  push(count: number): void {
    this.#header(this.resp === 3 ? 62 : 42, count);
  }

  /** Attributes of the reply that follows; RESP2 has none, so the caller writes no pairs there. */
  attribute(pairs: number): boolean {
    if (this.resp !== 3) return false;
    this.#header(124, pairs);
    return true;
  }

  double(value: number): void {
    // Most of them: without a text of their own.
    if (this.resp !== 3 && value > 0 && Number.isSafeInteger(value)) {
      this.bulkInteger(value);
      return;
    }
    const text = formatDouble(value);
    if (this.resp === 3) this.#line(',', text);
    else this.bulkText(text);
  }

  /** A double in a form of its own. */
  doubleText(text: string): void {
    if (this.resp === 3) this.#line(',', text);
    else this.bulkText(text);
  }

  boolean(value: boolean): void {
    if (this.resp === 3) this.#line('#', value ? 't' : 'f');
    else this.integer(value ? 1 : 0);
  }

  bigNumber(value: bigint): void {
    if (this.resp === 3) this.#line('(', String(value));
    else this.bulkText(String(value));
  }

  /** Text with a three-letter format, `txt` or `mkd`; in RESP2 a bulk string. */
  verbatim(format: 'txt' | 'mkd', text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    if (this.resp !== 3) {
      this.bulk(bytes);
      return;
    }
    this.#header(61, bytes.length + 4);
    this.raw(fromLatin1(`${format}:`));
    this.raw(bytes);
    this.room(2);
    this.#lineEnd();
  }

  /** Bytes that are encoded already. */
  raw(source: Uint8Array, start = 0, end: number = source.length): void {
    let from = start;
    while (from < end) {
      if (this.position === this.limit) this.room(Math.min(end - from, ROOM_MAX));
      const until = Math.min(end, from + this.limit - this.position);
      this.position = copyBytes(source, from, until, this.bytes, this.position);
      from = until;
    }
  }

  #header(type: number, count: number): void {
    this.room(HEADER_BYTES_MAX);
    this.bytes[this.position] = type;
    this.position = writeUnsigned(this.bytes, this.position + 1, count);
    this.#lineEnd();
  }

  #line(type: string, text: string): void {
    if (text.length > ROOM_MAX - 8) {
      this.raw(fromLatin1(`${type}${text}\r\n`));
      return;
    }
    this.room(text.length + 3);
    this.position = writeLatin1(this.bytes, this.position, type);
    this.position = writeLatin1(this.bytes, this.position, text);
    this.#lineEnd();
  }

  #lineEnd(): void {
    this.bytes[this.position] = CR;
    this.bytes[this.position + 1] = LF;
    this.position += 2;
  }
}

/** A growing buffer for replies that cannot be sent at once. `take` gives the bytes written since the last. */
export class ReplyBuffer implements ReplySink {
  readonly writer: ReplyWriter;

  constructor(initialBytes = 1024) {
    this.writer = new ReplyWriter(this);
    this.writer.bytes = new Uint8Array(initialBytes);
    this.writer.limit = initialBytes;
  }

  makeRoom(writer: ReplyWriter, size: number): void {
    const grown = new Uint8Array(Math.max(writer.limit * 2, writer.position + size));
    grown.set(writer.bytes.subarray(0, writer.position));
    writer.bytes = grown;
    writer.limit = grown.length;
  }

  /** A copy of what was written; the buffer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.writer.bytes.slice(0, this.writer.position);
    this.writer.position = 0;
    return taken;
  }
}
