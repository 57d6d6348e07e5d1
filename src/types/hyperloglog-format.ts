/**
 * HyperLogLogs as Redis lays them out in strings: 16384 registers of 6 bits, behind a header.
 *
 *     byte 0  "HYLL"
 *     byte 4  0 dense, 1 sparse; then three bytes that are not used
 *     byte 8  u64 the count, little-endian; bit 63 says that the registers have changed since it was computed
 *     byte 16 registers
 *
 * Dense registers stand one behind the other, the first in the lowest bits of the first byte. Sparse ones are runs:
 *
 *     ZERO   00nnnnnn           n + 1 registers of 0
 *     XZERO  01nnnnnn nnnnnnnn  n + 1 registers of 0, high bits first
 *     VAL    1vvvvvnn           n + 1 registers of v + 1
 */
import { narrow } from '../base/numbers.ts';
import { REGISTERS } from './hyperloglog-estimate.ts';

export const HEADER_BYTES = 16;
const DENSE_BYTES: number = (REGISTERS * 6) / 8;
/** Of a whole dense HyperLogLog. */
export const DENSE_LENGTH: number = HEADER_BYTES + DENSE_BYTES;
/** Where the count stands. */
export const COUNT_AT = 8;
export const COUNT_BYTES = 8;
/** The byte whose highest bit says that the count is out of date. */
export const STALE_AT = 15;
export const STALE = 0x80;

const MAGIC = [72, 89, 76, 76];
const ENCODING_AT = 4;
const DENSE = 0;
const SPARSE = 1;
const REGISTER_MAX = 63;

/** Of runs. */
export const VALUE_MAX = 32;
export const VALUE_RUN_MAX = 4;
export const ZERO_RUN_MAX = 64;

/** Whether the string `bytes[start, start + length)` has the form of one; sparse registers are not looked at. */
export function isHyperLogLog(bytes: Uint8Array, start: number, length: number): boolean {
  if (length < HEADER_BYTES) return false;
  for (let i = 0; i < MAGIC.length; i++) if (bytes[start + i] !== MAGIC[i]) return false;
  const encoding = bytes[start + ENCODING_AT]!;
  return encoding === SPARSE || (encoding === DENSE && length === DENSE_LENGTH);
}

export function isDense(bytes: Uint8Array, start: number): boolean {
  return bytes[start + ENCODING_AT] === DENSE;
}

/** Marks as dense or sparse. */
export function setDense(bytes: Uint8Array, start: number, dense: boolean): void {
  bytes[start + ENCODING_AT] = dense ? DENSE : SPARSE;
}

/** Writes the header of a sparse one that has counted nothing. */
export function writeHeader(bytes: Uint8Array): void {
  bytes.fill(0, 0, HEADER_BYTES);
  bytes.set(MAGIC);
  setDense(bytes, 0, false);
}

/** The count that the header has, or undefined when the registers have changed since. */
export function readCount(bytes: Uint8Array, start: number): number | bigint | undefined {
  if ((bytes[start + STALE_AT]! & STALE) !== 0) return undefined;
  let count = 0n;
  for (let i = COUNT_BYTES - 1; i >= 0; i--) count = (count << 8n) | BigInt(bytes[start + COUNT_AT + i]!);
  return narrow(count);
}

/** Writes the 8 bytes of a count at `bytes[at]`. */
export function writeCount(bytes: Uint8Array, at: number, count: number | bigint): void {
  let rest = BigInt.asUintN(64, BigInt(count));
  for (let i = 0; i < COUNT_BYTES; i++) {
    bytes[at + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** A register of the dense ones that begin at `bytes[start]`. */
export function denseRegister(bytes: Uint8Array, start: number, index: number): number {
  const bit = index * 6;
  const at = start + (bit >>> 3);
  const shift = bit & 7;
  const low = bytes[at]! >>> shift;
  // A register that ends within its byte needs no more.
  return shift <= 2 ? low & REGISTER_MAX : (low | (bytes[at + 1]! << (8 - shift))) & REGISTER_MAX;
}

export function setDenseRegister(bytes: Uint8Array, start: number, index: number, value: number): void {
  const bit = index * 6;
  const at = start + (bit >>> 3);
  const shift = bit & 7;
  bytes[at] = (bytes[at]! & ~(REGISTER_MAX << shift)) | (value << shift);
  if (shift <= 2) return;
  const rest = 8 - shift;
  bytes[at + 1] = (bytes[at + 1]! & ~(REGISTER_MAX >>> rest)) | (value >>> rest);
}

/** The bytes of the run at `bytes[at]`. */
export function runBytes(bytes: Uint8Array, at: number): number {
  return (bytes[at]! & 0xc0) === 0x40 ? 2 : 1;
}

/** How many registers the run at `bytes[at]` is for. Of a run that is cut off, what is missing counts as 0. */
export function runLength(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at]!;
  if ((byte & 0x80) !== 0) return (byte & 3) + 1;
  if ((byte & 0x40) === 0) return byte + 1;
  return (((byte & 0x3f) << 8) | (at + 1 < end ? bytes[at + 1]! : 0)) + 1;
}

/** The value of the registers of the run at `bytes[at]`. */
export function runValue(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]!;
  return (byte & 0x80) === 0 ? 0 : ((byte >>> 2) & 0x1f) + 1;
}

/** Writes a run of `length` registers and returns where it ends. */
export function writeRun(bytes: Uint8Array, at: number, value: number, length: number): number {
  if (value > 0) {
    bytes[at] = 0x80 | ((value - 1) << 2) | (length - 1);
    return at + 1;
  }
  const count = length - 1;
  if (length <= ZERO_RUN_MAX) {
    bytes[at] = count;
    return at + 1;
  }
  bytes[at] = 0x40 | (count >>> 8);
  bytes[at + 1] = count & 0xff;
  return at + 2;
}

/**
 * Goes through the runs in `bytes[start, end)`. False when they are not for just as many registers as there are; none beyond these
 * is visited then.
 */
export function forEachRun(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (value: number, first: number, length: number) => void,
): boolean {
  let first = 0;
  for (let at = start; at < end; at += runBytes(bytes, at)) {
    const length = runLength(bytes, at, end);
    if (first + length > REGISTERS) return false;
    visit(runValue(bytes, at), first, length);
    first += length;
  }
  return first === REGISTERS;
}
