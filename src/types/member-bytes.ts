/**
 * Members of sorted sets as they lie in memory: their length, then their bytes.
 *
 *     0xxxxxxx                        a length of up to 127
 *     1xxxxxxx and 3 bytes more       a longer one, the highest bits first
 */
import { copyBytes, type ViewedBytes } from '../base/bytes.ts';

const SHORT_MAX = 0x7f;

/** What a member of `length` bytes takes. */
export function memberSize(length: number): number {
  return length <= SHORT_MAX ? 1 + length : 4 + length;
}

/** Where the bytes of the member at `at` begin. */
export function memberStart(bytes: Uint8Array, at: number): number {
  return bytes[at]! <= SHORT_MAX ? at + 1 : at + 4;
}

/** Where the member at `at` ends. */
export function memberEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first <= SHORT_MAX) return at + 1 + first;
  const length =
    ((first & SHORT_MAX) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return at + 4 + length;
}

/** Writes the member `source[start, end)` at `target[at]` and returns the offset behind it. */
export function writeMember(
  target: ViewedBytes,
  at: number,
  source: ViewedBytes,
  start: number,
  end: number,
): number {
  const length = end - start;
  let to = at;
  if (length <= SHORT_MAX) {
    target[to++] = length;
  } else {
    target[to++] = 0x80 | (length >>> 24);
    target[to++] = length >>> 16;
    target[to++] = length >>> 8;
    target[to++] = length;
  }
  return copyBytes(source, start, end, target, to);
}

/** As memcmp, and the shorter one first where it is the beginning of the other. */
export function compareMembers(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < length; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!;
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}
