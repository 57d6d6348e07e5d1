/** How lengths and strings are written: as a small integer, compressed, or as they are, as Redis chooses. */
import { copyBytes, type ViewedBytes } from '../base/bytes.ts';
import {
  LENGTH_14_BITS,
  LENGTH_32_BITS,
  LENGTH_64_BITS,
  STRING_INT8,
  STRING_INT16,
  STRING_INT32,
  STRING_LZF,
} from './format.ts';
import { compressLzf } from './lzf.ts';

/** The most bytes that a length takes. */
export const LENGTH_BYTES_MAX = 9;
/** The longest text of a 32-bit integer. */
const INT32_CHARS_MAX = 11;
/** Shorter strings are not worth compressing, nor is what saves fewer than 4 bytes. */
export const COMPRESSED_BYTES_MIN = 21;
const SAVED_BYTES_MIN = 4;

/** Writes a length, below 2^53, at `target[at]` and returns the offset after it. */
export function writeLength(target: Uint8Array, at: number, length: number): number {
  if (length < 64) {
    target[at] = length;
    return at + 1;
  }
  if (length < 16384) {
    target[at] = LENGTH_14_BITS | (length >>> 8);
    target[at + 1] = length;
    return at + 2;
  }
  if (length <= 0xffffffff) {
    target[at] = LENGTH_32_BITS;
    return writeBigEndian(target, at + 1, length);
  }
  target[at] = LENGTH_64_BITS;
  writeBigEndian(target, at + 1, Math.floor(length / 0x100000000));
  return writeBigEndian(target, at + 5, length % 0x100000000);
}

/** The same for any number of 64 bits. */
export function writeLength64(target: Uint8Array, at: number, length: number | bigint): number {
  if (typeof length === 'number') return writeLength(target, at, length);
  target[at] = LENGTH_64_BITS;
  writeBigEndian(target, at + 1, Number(length >> 32n));
  return writeBigEndian(target, at + 5, Number(length & 0xffffffffn));
}

function writeBigEndian(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}

/** The most bytes that a string of `length` bytes takes when it is written. */
export function encodedBytesMax(length: number): number {
  // Compressed, it has two lengths in front of it, but is shorter by some bytes.
  return length + 2 * LENGTH_BYTES_MAX + 1;
}

/**
 * Writes `source[start, end)` as a string at `target[at]`, where there is room for it (`encodedBytesMax`), and returns the
 * offset after it.
 */
export function writeString(
  target: ViewedBytes,
  at: number,
  source: ViewedBytes,
  start: number,
  end: number,
  compress: boolean,
): number {
  const length = end - start;
  if (length <= INT32_CHARS_MAX) {
    const after = writeInteger(target, at, source, start, end);
    if (after > 0) return after;
  } else if (compress && length >= COMPRESSED_BYTES_MIN) {
    const after = writeCompressed(target, at, source, start, end);
    if (after > 0) return after;
  }
  return copyBytes(source, start, end, target, writeLength(target, at, length));
}

/** Writes the text of an integer of 32 bits as that; -1, and nothing written, when it is not one. */
function writeInteger(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const isNegative = source[start] === 45;
  const first = isNegative ? start + 1 : start;
  const leading = source[first]!;
  // An integer has no zero in front of it, and zero has no sign.
  if (first >= end || (leading === 48 && end - start > 1)) return -1;
  let value = 0;
  for (let i = first; i < end; i++) {
    const digit = source[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  if (isNegative) value = -value;
  if (value >= -128 && value < 128) {
    target[at] = STRING_INT8;
    target[at + 1] = value;
    return at + 2;
  }
  if (value >= -32768 && value < 32768) {
    target[at] = STRING_INT16;
    target[at + 1] = value;
    target[at + 2] = value >> 8;
    return at + 3;
  }
  if (value < -2147483648 || value > 2147483647) return -1;
  target[at] = STRING_INT32;
  target[at + 1] = value;
  target[at + 2] = value >> 8;
  target[at + 3] = value >> 16;
  target[at + 4] = value >> 24;
  return at + 5;
}

/** Writes a string in compressed form; -1, and nothing of meaning written, when that would save too little. */
function writeCompressed(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  // The compressed bytes come first to where they will not be in the way of the two lengths, then behind these.
  const from = at + 1 + 2 * LENGTH_BYTES_MAX;
  const to = compressLzf(source, start, end, target, from, from + length - SAVED_BYTES_MIN);
  if (to < 0) return -1;
  target[at] = STRING_LZF;
  const behind = writeLength(target, writeLength(target, at + 1, to - from), length);
  target.copyWithin(behind, from, to);
  return behind + to - from;
}
