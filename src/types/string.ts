/** What commands compute on the content of strings: integers of 64 bits in decimal. */
import { writeLatin1, writeUnsigned } from '../base/bytes.ts';
import { INT64_MAX, INT64_MIN, narrow } from '../base/numbers.ts';

/** The longest decimal form of a 64-bit integer, its sign included. */
export const INTEGER_BYTES_MAX = 20;

const MINUS = 45;

/** The sum of two 64-bit integers (numbers when these are exact), or undefined when it leaves 64 bits. */
export function addIntegers(a: number | bigint, b: number | bigint): number | bigint | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = BigInt(a) + BigInt(b);
  return sum > INT64_MAX || sum < INT64_MIN ? undefined : narrow(sum);
}

/** The negative of a 64-bit integer, or undefined for the one that has none. */
export function negateInteger(value: number | bigint): number | bigint | undefined {
  // Zero is kept as it is: a negative zero would be written with a sign.
  if (typeof value === 'number') return value === 0 ? 0 : -value;
  return value === INT64_MIN ? undefined : narrow(-value);
}

/** Writes an integer in decimal at `target[at]` and returns the offset after it. */
export function writeInteger(target: Uint8Array, at: number, value: number | bigint): number {
  if (typeof value === 'bigint') return writeLatin1(target, at, value.toString());
  if (value >= 0) return writeUnsigned(target, at, value);
  target[at] = MINUS;
  return writeUnsigned(target, at + 1, -value);
}
