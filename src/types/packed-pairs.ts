/**
 * Pairs of byte strings, fields and their values, behind one another in one piece of bytes:
 *
 *     count(u16) { field, value } …          fields and values are entries as in listpack-entry.ts
 *
 * They stay in the order in which they came. What is looked for is compared as an entry: equal strings have equal ones. No
 * pairs are no bytes at all.
 */
import { copyBytes, type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { VIEWED_ARRAY_BYTES } from '../base/engine-bytes.ts';
import { EntryWriter, entryBytes } from './listpack-entry.ts';

/** What stands in front of the pairs. */
export const PACKED_COUNT_BYTES = 2;
const OWN_BYTES_MIN = 128;
const SHORT_STRING = 0x80;
const SHORT_STRING_END = 0xc0;
/** What the entry of such a string has beside it. */
const SHORT_FRAME_BYTES = 2;
const NONE = -1;

const fieldWriter = new EntryWriter();
const valueWriter = new EntryWriter();
const NO_BYTES: ViewedBytes = viewedBytes(new ArrayBuffer(0));

/** The entry that was looked for last: `wanted[0, wantedBytes)`. */
let wanted: ViewedBytes = viewedBytes(new ArrayBuffer(512));
let wantedBytes = 0;

/** Whether the entry at `bytes[at]` is the one that is looked for. From the end: names that begin alike are more frequent. */
function isWanted(bytes: Uint8Array, at: number, size: number): boolean {
  for (let i = size - 1; i > 0; i--) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/** Of the first byte of an entry: a string of up to 63 bytes (see listpack-entry.ts). */
function isShortString(first: number): boolean {
  return first >= SHORT_STRING && first < SHORT_STRING_END;
}

export class PackedPairs {
  /** They are `bytes[start, end)`. */
  bytes: ViewedBytes = NO_BYTES;
  start = 0;
  end = 0;
  /** A buffer of its own, for changes; kept when other bytes are looked at. */
  #own: ViewedBytes = NO_BYTES;

  /** Becomes the pairs in `bytes[start, end)`, which are never written to. */
  view(bytes: ViewedBytes, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  get count(): number {
    return this.start === this.end ? 0 : this.bytes[this.start]! | (this.bytes[this.start + 1]! << 8);
  }

  /** What the buffer of its own takes of memory. */
  get ownBytes(): number {
    return this.#own === NO_BYTES ? 0 : VIEWED_ARRAY_BYTES + this.#own.length;
  }

  /** Where the first field is: `end` when there is none. */
  get first(): number {
    return this.start === this.end ? this.end : this.start + PACKED_COUNT_BYTES;
  }

  /** Where the field `source[start, end)` is, or -1. */
  find(source: ViewedBytes, start: number, end: number): number {
    const size = fieldWriter.measure(source, start, end);
    if (size > wanted.length) wanted = viewedBytes(new ArrayBuffer(2 * size));
    fieldWriter.write(wanted, 0);
    wantedBytes = size;
    const { bytes, end: last } = this;
    const begin = wanted[0]!;
    for (let at = this.first; at < last; ) {
      const first = bytes[at]!;
      if (first === begin && isWanted(bytes, at, size)) return at;
      // Most are short strings, and their lengths are told at once.
      at += isShortString(first) ? first - SHORT_STRING + SHORT_FRAME_BYTES : entryBytes(bytes, at);
      const value = bytes[at]!;
      at += isShortString(value) ? value - SHORT_STRING + SHORT_FRAME_BYTES : entryBytes(bytes, at);
    }
    return NONE;
  }

  /** Where the value of the field at `at` is. */
  valueOf(at: number): number {
    return at + entryBytes(this.bytes, at);
  }

  /** Where the field behind the one at `at` is. */
  next(at: number): number {
    const value = this.valueOf(at);
    return value + entryBytes(this.bytes, value);
  }

  /**
   * Puts another value of the same size into the place of that of the field at `at`, into the very bytes that are looked at. False, and
   * nothing done: the size is another.
   */
  overwrite(at: number, source: ViewedBytes, start: number, end: number): boolean {
    const valueAt = this.valueOf(at);
    if (valueWriter.measure(source, start, end) !== entryBytes(this.bytes, valueAt)) return false;
    valueWriter.write(this.bytes, valueAt);
    return true;
  }

  /** Puts another value into the place of that of the field at `at`. */
  replace(at: number, source: ViewedBytes, start: number, end: number): void {
    const size = valueWriter.measure(source, start, end);
    const valueAt = this.valueOf(at);
    const old = entryBytes(this.bytes, valueAt);
    const offset = valueAt - this.start;
    this.#edit(Math.max(0, size - old));
    const { bytes } = this;
    const to = this.start + offset;
    if (size !== old) {
      bytes.copyWithin(to + size, to + old, this.end);
      this.end += size - old;
    }
    valueWriter.write(bytes, to);
  }

  /** Adds a pair of the field that was looked for last, and not found. */
  append(source: ViewedBytes, start: number, end: number): void {
    const size = valueWriter.measure(source, start, end);
    const count = this.count;
    this.#edit(PACKED_COUNT_BYTES + wantedBytes + size);
    if (count === 0) this.end = this.start + PACKED_COUNT_BYTES;
    this.end = copyBytes(wanted, 0, wantedBytes, this.bytes, this.end);
    this.end = valueWriter.write(this.bytes, this.end);
    this.#setCount(count + 1);
  }

  /** Removes the field at `at` with its value. */
  remove(at: number): void {
    const count = this.count;
    const offset = at - this.start;
    const size = this.next(at) - at;
    this.#edit(0);
    if (count === 1) {
      this.end = this.start;
      return;
    }
    const from = this.start + offset;
    this.bytes.copyWithin(from, from + size, this.end);
    this.end -= size;
    this.#setCount(count - 1);
  }

  /** The buffer of its own gets about the size that is needed. */
  fit(): void {
    const size = this.end - this.start;
    const own = viewedBytes(new ArrayBuffer(size));
    copyBytes(this.bytes, this.start, this.end, own, 0);
    this.#own = own;
    this.view(own, 0, size);
  }

  /** It has nothing any more, no buffer either. */
  drop(): void {
    this.#own = NO_BYTES;
    this.view(NO_BYTES, 0, 0);
  }

  #setCount(count: number): void {
    this.bytes[this.start] = count;
    this.bytes[this.start + 1] = count >>> 8;
  }

  /** From here on the bytes are its own, with room for `more` behind them. */
  #edit(more: number): void {
    const { bytes, start, end } = this;
    const size = end - start;
    if (bytes === this.#own && start + size + more <= bytes.length) return;
    if (size + more > this.#own.length) {
      this.#own = viewedBytes(new ArrayBuffer(Math.max(OWN_BYTES_MIN, 2 * (size + more))));
    }
    copyBytes(bytes, start, end, this.#own, 0);
    this.view(this.#own, 0, size);
  }
}
