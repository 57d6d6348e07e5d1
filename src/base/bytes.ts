/** Byte-level copying, comparing and number writing: what the hot path does instead of making strings. */

export const CR = 13;
export const LF = 10;

/**
 * A byte array that carries a DataView of the same memory. The view reads and writes four unaligned bytes at a
 * time, which makes copies of short keys and values three times as fast as a byte loop; carrying it along saves
 * finding or making one for each copy. Buffers that hot paths copy between are made by `viewedBytes`.
 */
export interface ViewedBytes extends Uint8Array {
  view?: DataView;
}

/** The bytes of `memory[offset, offset + length)` with a view. */
export function viewedBytes(
  memory: ArrayBufferLike,
  offset = 0,
  length = memory.byteLength - offset,
): ViewedBytes {
  const bytes: ViewedBytes = new Uint8Array(memory, offset, length);
  bytes.view = new DataView(memory, offset, length);
  return bytes;
}

/** Up to this, finding the views takes longer than a byte loop: arrays come with and without them. */
const SHORT_COPY_BYTES = 16;
/** Beyond this, `TypedArray.set` is faster, although it costs a subarray object and a call into the runtime. */
const VIEW_COPY_BYTES = 256;
/** The same without views. */
const LOOP_COPY_BYTES = 48;

/** Copies `source[start, end)` to `target` at `at` and returns the offset after the copy. */
export function copyBytes(
  source: ViewedBytes,
  start: number,
  end: number,
  target: ViewedBytes,
  at: number,
): number {
  const length = end - start;
  if (length <= SHORT_COPY_BYTES) {
    for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
    return at + length;
  }
  if (length <= VIEW_COPY_BYTES) {
    const from = source.view;
    const to = target.view;
    if (from !== undefined && to !== undefined) {
      let i = 0;
      for (; i + 4 <= length; i += 4) to.setInt32(at + i, from.getInt32(start + i, true), true);
      for (; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
      return at + length;
    }
    if (length <= LOOP_COPY_BYTES) {
      for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
      return at + length;
    }
  }
  target.set(source.subarray(start, end), at);
  return at + length;
}

/** True when `a[aStart, aStart + length)` equals `b[bStart, bStart + length)`. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (a[aStart + i] !== b[bStart + i]) return false;
  }
  return true;
}

/**
 * Writes a non-negative integer below 2^53 in decimal at `target[at]` and returns the offset after it.
 */
export function writeUnsigned(target: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    target[at] = 48 + value;
    return at + 1;
  }
  if (value < 100) {
    const tens = (value / 10) | 0;
    target[at] = 48 + tens;
    target[at + 1] = 48 + value - tens * 10;
    return at + 2;
  }
  if (value < SMALL_INTEGER_BOUND) return writeSmall(target, at, value | 0);
  const digits = countDigits(value);
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    target[i] = 48 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

/** Below it dividing is a matter of small integers, which is several times as fast as that of others. */
const SMALL_INTEGER_BOUND = 1_000_000_000;

function writeSmall(target: Uint8Array, at: number, value: number): number {
  let end = at + 3;
  for (let bound = 1000; bound <= value; bound = Math.imul(bound, 10)) end++;
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    target[i] = 48 + rest - Math.imul(next, 10);
    rest = next;
  }
  return end;
}

/** How many decimal digits a non-negative integer below 2^53 has. */
export function countDigits(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** Writes `text` at `target[at]` as latin1, one byte a character, and returns the offset after it. */
export function writeLatin1(target: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** A string whose characters are the bytes of `source[start, end)`: lossless for any bytes. */
export function latin1(source: Uint8Array, start: number, end: number): string {
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).toString('latin1');
}

/** The bytes of a string in which each character stands for one byte. */
export function fromLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** The lower-case form of an ASCII letter; any other byte unchanged. */
export function lowerByte(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte;
}

/** The text with ASCII letters in lower case and all other characters, bytes of anything, left alone. */
export function lowerText(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
