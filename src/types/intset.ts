/**
 * Rising integers in the narrowest form that they all fit in, little-endian:
 *
 *     width: 2, 4 or 8 (1 byte) | integer of so many bytes | integer | …
 *
 * An integer is taken as its upper and lower 32 bits, `high` signed and `low` unsigned, because not all of 64 bits are exact as numbers.
 */
import { narrow } from '../base/numbers.ts';

/** Both halves of the integer that was split last. One object serves all. */
export class SplitInteger {
  high = 0;
  low = 0;

  split(value: number | bigint): void {
    if (typeof value === 'number') {
      this.high = Math.floor(value / 4294967296);
      this.low = value >>> 0;
    } else {
      this.high = Number(BigInt.asIntN(32, value >> 32n));
      this.low = Number(BigInt.asUintN(32, value));
    }
  }

  /** Bytes that it takes. */
  get width(): number {
    const { high, low } = this;
    if (high !== low >> 31) return 8;
    return low >> 15 === high ? 2 : 4;
  }
}

function highAt(bytes: Uint8Array, at: number, width: number): number {
  if (width === 8) return lowAt(bytes, at + 4, 4) | 0;
  return bytes[at + width - 1]! >= 128 ? -1 : 0;
}

function lowAt(bytes: Uint8Array, at: number, width: number): number {
  const half = bytes[at]! | (bytes[at + 1]! << 8);
  if (width === 2) return ((half << 16) >> 16) >>> 0;
  return (half | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** How many integers there are in `bytes[start, end)`. */
export function intsetLength(bytes: Uint8Array, start: number, end: number): number {
  return (end - start - 1) / bytes[start]!;
}

/** The integer with an index. */
export function integerAt(bytes: Uint8Array, start: number, index: number): number | bigint {
  const width = bytes[start]!;
  const at = start + 1 + index * width;
  const low = lowAt(bytes, at, width);
  if (width !== 8) return low | 0;
  const high = highAt(bytes, at, width);
  // Within 53 bits.
  if (high >= -2097152 && high < 2097152) return high * 4294967296 + low;
  return narrow((BigInt(high) << 32n) | BigInt(low));
}

/** The index of an integer, or -1 - the index that it would get. */
export function findInteger(bytes: Uint8Array, start: number, end: number, integer: SplitInteger): number {
  const width = bytes[start]!;
  const { high, low } = integer;
  let from = 0;
  let to = intsetLength(bytes, start, end);
  while (from < to) {
    const middle = (from + to) >>> 1;
    const at = start + 1 + middle * width;
    const otherHigh = highAt(bytes, at, width);
    const otherLow = lowAt(bytes, at, width);
    if (otherHigh === high && otherLow === low) return middle;
    if (otherHigh < high || (otherHigh === high && otherLow < low)) from = middle + 1;
    else to = middle;
  }
  return -1 - from;
}

/** Writes an integer of `width` bytes. */
export function writeSplit(bytes: Uint8Array, at: number, width: number, high: number, low: number): void {
  for (let i = 0; i < Math.min(width, 4); i++) bytes[at + i] = low >>> (8 * i);
  for (let i = 4; i < width; i++) bytes[at + i] = high >>> (8 * (i - 4));
}

/** Gives `count` integers behind `start`, where there is room, more bytes each. */
export function widen(bytes: Uint8Array, start: number, count: number, width: number): void {
  const before = bytes[start]!;
  for (let i = count - 1; i >= 0; i--) {
    const at = start + 1 + i * before;
    const high = highAt(bytes, at, before);
    const low = lowAt(bytes, at, before);
    writeSplit(bytes, start + 1 + i * width, width, high, low);
  }
  bytes[start] = width;
}
