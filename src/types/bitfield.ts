/**
 * Integers of 1 to 64 bits at any bit of a string, the highest bit first: what BITFIELD computes.
 *
 * Values are numbers where these are exact, otherwise bigints, as everywhere.
 */
import { INT64_MAX, INT64_MIN, narrow } from '../base/numbers.ts';

export interface BitfieldType {
  readonly isSigned: boolean;
  /** 1 to 64, or to 63 for unsigned ones. */
  readonly bits: number;
}

/** What becomes of a result that the type cannot hold: it wraps around, stops at the limit, or is not stored. */
export type Overflow = 'wrap' | 'sat' | 'fail';

/** The largest number of bits whose unsigned values are all exact numbers. */
const NUMBER_BITS_MAX = 53;
const LOW_BITS = 32;

/** The value of `type` whose highest bit is bit `offset` of the bitmap that begins at `bytes[start]`. */
export function readBitfield(
  bytes: Uint8Array,
  start: number,
  offset: number,
  { isSigned, bits }: BitfieldType,
): number | bigint {
  if (bits <= NUMBER_BITS_MAX) {
    const value = readBits(bytes, start, offset, bits);
    return isSigned && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  const high = BigInt(readBits(bytes, start, offset, bits - LOW_BITS));
  const low = BigInt(readBits(bytes, start, offset + bits - LOW_BITS, LOW_BITS));
  const value = (high << BigInt(LOW_BITS)) | low;
  return narrow(isSigned ? BigInt.asIntN(bits, value) : value);
}

/** Stores a value that fits `bits` bits, signed or not. */
export function writeBitfield(
  bytes: Uint8Array,
  start: number,
  offset: number,
  bits: number,
  value: number | bigint,
): void {
  if (bits <= NUMBER_BITS_MAX) {
    const number = Number(value);
    writeBits(bytes, start, offset, bits, number < 0 ? number + 2 ** bits : number);
    return;
  }
  const unsigned = BigInt.asUintN(bits, BigInt(value));
  const low = Number(BigInt.asUintN(LOW_BITS, unsigned));
  writeBits(bytes, start, offset, bits - LOW_BITS, Number(unsigned >> BigInt(LOW_BITS)));
  writeBits(bytes, start, offset + bits - LOW_BITS, LOW_BITS, low);
}

function readBits(bytes: Uint8Array, start: number, offset: number, bits: number): number {
  let value = 0;
  let at = start + Math.floor(offset / 8);
  let bit = offset % 8;
  for (let left = bits; left > 0; ) {
    const taken = Math.min(8 - bit, left);
    const part = (bytes[at]! >>> (8 - bit - taken)) & ((1 << taken) - 1);
    // Not a shift: the value may have more than 32 bits.
    value = value * 2 ** taken + part;
    left -= taken;
    bit = 0;
    at++;
  }
  return value;
}

function writeBits(bytes: Uint8Array, start: number, offset: number, bits: number, value: number): void {
  let at = start + Math.floor(offset / 8);
  let bit = offset % 8;
  for (let left = bits; left > 0; ) {
    const taken = Math.min(8 - bit, left);
    const part = Math.floor(value / 2 ** (left - taken)) % 2 ** taken;
    const shift = 8 - bit - taken;
    const mask = ((1 << taken) - 1) << shift;
    bytes[at] = (bytes[at]! & ~mask) | (part << shift);
    left -= taken;
    bit = 0;
    at++;
  }
}

/** What SET stores for `value`, a signed 64-bit integer; undefined when it is not stored. */
export function fitBitfield(
  value: number | bigint,
  type: BitfieldType,
  overflow: Overflow,
): number | bigint | undefined {
  // For an unsigned field Redis takes the 64 bits of a negative value for a large one.
  const isLarge = !type.isSigned && value < 0;
  return toField(isLarge ? BigInt.asUintN(64, BigInt(value)) : value, type, overflow);
}

/** The sum of a field's value and an increment, as INCRBY stores it; undefined when it is not stored. */
export function addToBitfield(
  value: number | bigint,
  increment: number | bigint,
  type: BitfieldType,
  overflow: Overflow,
): number | bigint | undefined {
  if (typeof value === 'number' && typeof increment === 'number') {
    const sum = value + increment;
    if (Number.isSafeInteger(sum)) return toField(sum, type, overflow);
  }
  return toField(BigInt(value) + BigInt(increment), type, overflow);
}

function toField(
  value: number | bigint,
  type: BitfieldType,
  overflow: Overflow,
): number | bigint | undefined {
  const { isSigned, bits } = type;
  const max = maxOf(type);
  const min = minOf(type);
  if (value >= min && value <= max) return typeof value === 'bigint' ? narrow(value) : value;
  switch (overflow) {
    case 'wrap':
      return narrow(isSigned ? BigInt.asIntN(bits, BigInt(value)) : BigInt.asUintN(bits, BigInt(value)));
    case 'sat':
      return value > max ? max : min;
    case 'fail':
      return undefined;
  }
}

function maxOf({ isSigned, bits }: BitfieldType): number | bigint {
  const valueBits = isSigned ? bits - 1 : bits;
  return valueBits <= NUMBER_BITS_MAX ? 2 ** valueBits - 1 : INT64_MAX >> BigInt(63 - valueBits);
}

function minOf({ isSigned, bits }: BitfieldType): number | bigint {
  if (!isSigned) return 0;
  return bits - 1 < NUMBER_BITS_MAX ? -(2 ** (bits - 1)) : INT64_MIN >> BigInt(64 - bits);
}
