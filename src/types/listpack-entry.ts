/**
 * The form in which the elements of collections lie behind one another: that of Redis's listpack entries, so that
 * what is written to an RDB file is what is in memory.
 *
 *     encoding and content | length of these, backwards
 *
 *     0xxxxxxx                      integer 0 … 127
 *     10xxxxxx  bytes               string of up to 63 bytes
 *     110xxxxx  1 byte              integer of 13 bits
 *     1110xxxx  1 byte, bytes       string of up to 4095 bytes
 *     11110000  u32, bytes          string
 *     11110001 … 11110100           integer of 16, 24, 32, 64 bits, little-endian
 *
 * The length backwards has 7 bits a byte, the highest first, with the top bit of all but the first set: read from its end. Texts
 * of integers are kept as integers, always in the shortest form: so two elements are equal if their entries are.
 */
import { copyBytes } from '../base/bytes.ts';
import { narrow, parseInteger } from '../base/numbers.ts';
import { writeInteger } from './string.ts';

/** The longest decimal form of an integer: longer strings are none. */
const INTEGER_CHARS_MAX = 20;
const STRING_6_BITS = 0x80;
const STRING_12_BITS = 0xe0;
const STRING_32_BITS = 0xf0;
const INTEGER_13_BITS = 0xc0;
const INTEGER_16_BITS = 0xf1;
const INTEGER_24_BITS = 0xf2;
const INTEGER_32_BITS = 0xf3;
const INTEGER_64_BITS = 0xf4;
const BYTES_OF_INTEGER = [2, 3, 4, 8];

const NO_BYTES = new Uint8Array(0);

/** Bytes that a length takes backwards. The bounds are Redis's, each one less than would fit. */
export function backwardsBytes(length: number): number {
  if (length < 128) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  return length < 268435455 ? 4 : 5;
}

function writeBackwards(target: Uint8Array, at: number, length: number): number {
  if (length < 128) {
    target[at] = length;
    return at + 1;
  }
  const size = backwardsBytes(length);
  for (let i = 0; i < size; i++) {
    const bits = Math.floor(length / 2 ** (7 * (size - 1 - i))) & 0x7f;
    target[at + i] = i === 0 ? bits : bits | 0x80;
  }
  return at + size;
}

/** An element that is about to be written: first measured, then written. One object serves one after the other. */
export class EntryWriter {
  /** Bytes of the entry of the element that was measured last. */
  size = 0;
  #source: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;
  #integer: number | bigint | undefined = undefined;
  /** Bytes of encoding and content. */
  #content = 0;

  /** Looks at the element `source[start, end)` and returns `size`. */
  measure(source: Uint8Array, start: number, end: number): number {
    this.#source = source;
    this.#start = start;
    this.#end = end;
    const length = end - start;
    this.#integer = undefined;
    if (length > 0 && length <= INTEGER_CHARS_MAX && source[start]! <= 57) {
      this.#integer = parseInteger(source, start, end);
    }
    if (this.#integer !== undefined) this.#content = integerBytes(this.#integer);
    else this.#content = length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
    this.size = this.#content + backwardsBytes(this.#content);
    return this.size;
  }

  /** Writes the entry that was measured at `target[at]` and returns the offset behind it. */
  write(target: Uint8Array, at: number): number {
    if (this.#integer !== undefined) {
      writeIntegerEntry(target, at, this.#integer, this.#content);
      return writeBackwards(target, at + this.#content, this.#content);
    }
    const length = this.#end - this.#start;
    let to = at;
    if (length < 64) {
      target[to++] = STRING_6_BITS | length;
    } else if (length < 4096) {
      target[to++] = STRING_12_BITS | (length >>> 8);
      target[to++] = length;
    } else {
      target[to++] = STRING_32_BITS;
      for (let shift = 0; shift < 32; shift += 8) target[to++] = length >>> shift;
    }
    to = copyBytes(this.#source, this.#start, this.#end, target, to);
    return writeBackwards(target, to, this.#content);
  }

  /** The entry of an element in memory of its own. */
  entry(source: Uint8Array, start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(this.measure(source, start, end));
    this.write(bytes, 0);
    return bytes;
  }
}

/** Encoding and content of an integer. */
function integerBytes(value: number | bigint): number {
  if (typeof value === 'bigint') return 9;
  if (value >= 0 && value < 128) return 1;
  if (value >= -4096 && value < 4096) return 2;
  if (value >= -32768 && value < 32768) return 3;
  if (value >= -8388608 && value < 8388608) return 4;
  return value >= -2147483648 && value < 2147483648 ? 5 : 9;
}

function writeIntegerEntry(target: Uint8Array, at: number, value: number | bigint, content: number): void {
  if (content === 9) {
    target[at] = INTEGER_64_BITS;
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let i = 1; i < 9; i++, rest >>= 8n) target[at + i] = Number(rest & 0xffn);
    return;
  }
  const integer = value as number;
  if (content === 1) {
    target[at] = integer;
  } else if (content === 2) {
    target[at] = INTEGER_13_BITS | ((integer >> 8) & 0x1f);
    target[at + 1] = integer;
  } else {
    target[at] = INTEGER_16_BITS + content - 3;
    for (let i = 1; i < content; i++) target[at + i] = integer >> (8 * (i - 1));
  }
}

/** Bytes of the whole entry of an integer. */
export function integerEntryBytes(value: number | bigint): number {
  return integerBytes(value) + 1;
}

/** Writes the entry of an integer at `target[at]` and returns the offset behind it. */
export function writeIntegerElement(target: Uint8Array, at: number, value: number | bigint): number {
  if (value >= 0 && value < 128) {
    target[at] = value as number;
    target[at + 1] = 1;
    return at + 2;
  }
  const content = integerBytes(value);
  writeIntegerEntry(target, at, value, content);
  target[at + content] = content;
  return at + content + 1;
}

/** Bytes of the entry at `bytes[at]`. */
export function entryBytes(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  let content: number;
  if (first < 0x80) return 2;
  if (first < 0xc0) content = 1 + (first & 0x3f);
  else if (first < 0xe0) return 3;
  else if (first < 0xf0) content = 2 + (((first & 0x0f) << 8) | bytes[at + 1]!);
  else if (first === STRING_32_BITS) content = 5 + uint32(bytes, at + 1);
  else return 2 + BYTES_OF_INTEGER[first - INTEGER_16_BITS]!;
  return content + backwardsBytes(content);
}

/** Where the entry begins that ends at `end`. */
export function entryBefore(bytes: Uint8Array, end: number): number {
  let at = end - 1;
  let byte = bytes[at]!;
  let length = byte & 0x7f;
  let size = 1;
  for (let factor = 128; byte >= 128; factor *= 128) {
    byte = bytes[--at]!;
    length += (byte & 0x7f) * factor;
    size++;
  }
  return end - size - length;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** An element that was read: a range of the bytes in which it lies, or an integer. One object serves one after the other. */
export class EntryReader {
  /** Whether the element is an integer, `integer`; otherwise it is `bytes[start, end)`. */
  isInteger = false;
  integer: number | bigint = 0;
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  readonly #text = new Uint8Array(INTEGER_CHARS_MAX);

  /** Reads the entry at `bytes[at]`. */
  read(bytes: Uint8Array, at: number): void {
    const first = bytes[at]!;
    this.isInteger = false;
    this.bytes = bytes;
    if (first < 0x80) this.#found(first);
    else if (first < 0xc0) this.#string(at + 1, first & 0x3f);
    else if (first < 0xe0) this.#found(((((first & 0x1f) << 8) | bytes[at + 1]!) << 19) >> 19);
    else if (first < 0xf0) this.#string(at + 2, ((first & 0x0f) << 8) | bytes[at + 1]!);
    else if (first === STRING_32_BITS) this.#string(at + 5, uint32(bytes, at + 1));
    else this.#found(readInteger(bytes, at + 1, first));
  }

  /** The element as text, `bytes[start, end)`: also an integer then, which lies there until the next one is read. */
  asBytes(): void {
    if (!this.isInteger) return;
    this.bytes = this.#text;
    this.start = 0;
    this.end = writeInteger(this.#text, 0, this.integer);
  }

  /** The element in memory of its own. */
  copy(): Uint8Array {
    this.asBytes();
    return this.bytes.slice(this.start, this.end);
  }

  #string(start: number, length: number): void {
    this.start = start;
    this.end = start + length;
  }

  #found(integer: number | bigint): void {
    this.isInteger = true;
    this.integer = integer;
  }
}

function readInteger(bytes: Uint8Array, at: number, encoding: number): number | bigint {
  if (encoding === INTEGER_16_BITS) return ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16;
  if (encoding === INTEGER_24_BITS) {
    return ((bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) << 8) >> 8;
  }
  if (encoding === INTEGER_32_BITS) return uint32(bytes, at) | 0;
  return narrow(BigInt.asIntN(64, (BigInt(uint32(bytes, at + 4)) << 32n) | BigInt(uint32(bytes, at))));
}
