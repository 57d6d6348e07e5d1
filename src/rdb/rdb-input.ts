/**
 * The bytes of an RDB file in the order of reading, through a window onto them: numbers, lengths and strings. Whatever would
 * read beyond the end of the file is an RdbError, before any memory is taken for it.
 *
 *     file    ├───────────┤ base        ┤ keptFrom     ┤ offset            ┤ base + bytes.length
 *     window              └─────────────┴──────────────┴───────────────────┘
 *
 * The window moves on when it has too little left. From `keptFrom` on it keeps what it has: the key of the record whose value is read.
 */
import { latin1, type ViewedBytes, viewedBytes, writeUnsigned } from '../base/bytes.ts';
import { Crc64 } from './crc64.ts';
import {
  LENGTH_32_BITS,
  LENGTH_64_BITS,
  STRING_INT8,
  STRING_INT16,
  STRING_INT32,
  STRING_LZF,
} from './format.ts';
import { EXPANSION_MAX, expandLzf } from './lzf.ts';
import { RdbError } from './rdb-error.ts';
import type { RdbSource } from './rdb-source.ts';

/** More than a string of JavaScript's can have in one buffer. */
const STRING_BYTES_MAX = 0xffffffff;
const INTEGER_CHARS_MAX = 20;
/** A longer buffer for expanded strings is not kept. */
const SCRATCH_BYTES_MAX = 1 << 20;

/** A string that was read: in the window, or expanded into a buffer of the slot's own. */
export class StringSlot {
  /** Where it begins in the file, when it is there as it is. */
  offset = 0;
  length = 0;
  isPlain = true;
  scratch: ViewedBytes = viewedBytes(new ArrayBuffer(64));

  /** Room for an expanded string. */
  reserve(length: number): ViewedBytes {
    if (this.scratch.length < length || this.scratch.length > SCRATCH_BYTES_MAX) {
      this.scratch = viewedBytes(new ArrayBuffer(Math.max(64, length)));
    }
    return this.scratch;
  }
}

/** A string of a value's own encoding, with what errors in it are told by. */
export interface PackedBytes {
  /** Stays as it is: no part of the window. */
  readonly bytes: Uint8Array;
  /** Where the first byte is in the file, or where the compressed form begins. */
  readonly offset: number;
  readonly isCompressed: boolean;
}

export class RdbInput {
  /** What is being read, for errors. */
  reading = 'the header';
  bytes: ViewedBytes = viewedBytes(new ArrayBuffer(0));
  position = 0;
  /** Nothing from this offset of the file on may leave the window; Infinity when anything may. */
  keptFrom = Number.POSITIVE_INFINITY;
  readonly #source: RdbSource;
  readonly #crc: Crc64 | undefined;
  readonly #slot = new StringSlot();
  #base = 0;
  #summedTo = 0;

  /** With `isSummed` the checksum of all that was read is known. */
  constructor(source: RdbSource, isSummed: boolean) {
    this.#source = source;
    this.#crc = isSummed ? new Crc64() : undefined;
  }

  /** Where in the file the next byte is. */
  get offset(): number {
    return this.#base + this.position;
  }

  /** Bytes up to the end of the file. */
  get remaining(): number {
    return this.#source.length - this.#base - this.position;
  }

  /** The window's position of an offset of the file. */
  positionOf(offset: number): number {
    return offset - this.#base;
  }

  fail(problem: string, offset = this.offset, code?: 'damaged' | 'unsupported'): never {
    throw new RdbError(offset, this.reading, problem, code);
  }

  /** Makes sure that the next `length` bytes are in the window. */
  ensure(length: number): void {
    if (this.position + length > this.bytes.length) this.#advance(length);
  }

  #advance(length: number): void {
    if (length > this.remaining) {
      this.fail(`${length} bytes were expected and ${this.remaining} are left: the file is cut off`);
    }
    this.#sum();
    const offset = this.offset;
    const from = Math.min(offset, this.keptFrom);
    this.bytes = this.#source.read(from, offset - from + length);
    this.#base = from;
    this.position = offset - from;
    if (this.bytes.length - this.position < length) {
      this.fail('the file became shorter while it was read');
    }
  }

  /** Adds to the checksum what was read since. */
  #sum(): void {
    const offset = this.offset;
    this.#crc?.update(this.bytes, this.#summedTo - this.#base, this.position);
    this.#summedTo = offset;
  }

  /** Whether the next eight bytes, which are not read by it, are the checksum of all before, or zeros for none. */
  isChecksumRight(): boolean {
    this.ensure(8);
    this.#sum();
    let isAbsent = true;
    for (let i = 0; i < 8; i++) isAbsent &&= this.bytes[this.position + i] === 0;
    return isAbsent || this.#crc === undefined || this.#crc.equals(this.bytes, this.position);
  }

  byte(): number {
    if (this.position >= this.bytes.length) this.#advance(1);
    return this.bytes[this.position++]!;
  }

  uint32(): number {
    this.ensure(4);
    const value = this.bytes.view!.getUint32(this.position, true);
    this.position += 4;
    return value;
  }

  /** A signed 64-bit number as the nearest double. */
  int64(): number {
    const low = this.uint32();
    return (this.uint32() | 0) * 0x100000000 + low;
  }

  double(): number {
    this.ensure(8);
    const value = this.bytes.view!.getFloat64(this.position, true);
    this.position += 8;
    return value;
  }

  /** An unsigned 64-bit number, big-endian. */
  uint64BigEndian(): bigint {
    this.ensure(8);
    const value = this.bytes.view!.getBigUint64(this.position, false);
    this.position += 8;
    return value;
  }

  /** Text of one character a byte. */
  text(length: number): string {
    this.ensure(length);
    const text = latin1(this.bytes, this.position, this.position + length);
    this.position += length;
    return text;
  }

  /** Passes over bytes without looking at them. */
  skip(length: number): void {
    if (length > this.remaining) this.ensure(length);
    const here = this.bytes.length - this.position;
    if (length <= here) {
      this.position += length;
      return;
    }
    if (this.#crc === undefined) {
      // Without a checksum they need not be read at all.
      this.#base = this.offset + length;
      this.#summedTo = this.#base;
      this.bytes = this.bytes.subarray(0, 0);
      this.position = 0;
      return;
    }
    this.position += here;
    for (let left = length - here; left > 0; ) {
      this.ensure(1);
      const step = Math.min(left, this.bytes.length - this.position);
      this.position += step;
      left -= step;
    }
  }

  // ---------------------------------------------------------------- lengths

  /** A length, a count or another number below 2^53. */
  length(): number {
    const first = this.byte();
    if (first < 0x40) return first;
    return this.#longLength(first);
  }

  #longLength(first: number): number {
    if (first < 0x80) return ((first & 0x3f) << 8) | this.byte();
    const offset = this.offset - 1;
    if (first === LENGTH_32_BITS) {
      this.ensure(4);
      const value = this.bytes.view!.getUint32(this.position, false);
      this.position += 4;
      return value;
    }
    if (first !== LENGTH_64_BITS) this.fail(`0x${first.toString(16)} begins no length`, offset);
    const value = this.uint64BigEndian();
    if (value > Number.MAX_SAFE_INTEGER) this.fail(`${value} is too large`, offset);
    return Number(value);
  }

  /** A number of up to 64 bits in the form of a length. */
  length64(): bigint {
    this.ensure(1);
    if (this.bytes[this.position] !== LENGTH_64_BITS) return BigInt(this.length());
    this.position++;
    return this.uint64BigEndian();
  }

  // ---------------------------------------------------------------- strings

  /** Reads a string. It is in the window only as long as `keptFrom` is at or before it. */
  string(slot: StringSlot): void {
    const first = this.byte();
    if (first >= STRING_INT8) {
      this.#packedString(first, slot);
      return;
    }
    const length = first < 0x40 ? first : this.#longLength(first);
    this.ensure(length);
    slot.isPlain = true;
    slot.offset = this.#base + this.position;
    slot.length = length;
    this.position += length;
  }

  /** Passes over a string. */
  skipString(): void {
    const first = this.byte();
    if (first < STRING_INT8) {
      this.skip(first < 0x40 ? first : this.#longLength(first));
    } else if (first === STRING_LZF) {
      const length = this.length();
      this.length();
      this.skip(length);
    } else {
      this.skip(this.#integerBytes(first));
    }
  }

  /** The bytes of a slot's string, of which `start` tells the first. */
  bytesOf(slot: StringSlot): ViewedBytes {
    return slot.isPlain ? this.bytes : slot.scratch;
  }

  startOf(slot: StringSlot): number {
    return slot.isPlain ? slot.offset - this.#base : 0;
  }

  /** A string in memory of its own. */
  stringCopy(): Uint8Array {
    return this.packed().bytes;
  }

  /** A string in memory of its own, with its place in the file. */
  packed(): PackedBytes {
    const slot = this.#slot;
    const offset = this.offset;
    this.string(slot);
    const start = this.startOf(slot);
    return {
      bytes: this.bytesOf(slot).slice(start, start + slot.length),
      offset: slot.isPlain ? slot.offset : offset,
      isCompressed: !slot.isPlain,
    };
  }

  /** A string that people read. */
  stringText(): string {
    const bytes = this.stringCopy();
    return latin1(bytes, 0, bytes.length);
  }

  #integerBytes(first: number): number {
    if (first === STRING_INT8) return 1;
    if (first === STRING_INT16) return 2;
    if (first === STRING_INT32) return 4;
    return this.fail(`0x${first.toString(16)} begins no string`, this.offset - 1);
  }

  #packedString(first: number, slot: StringSlot): void {
    slot.isPlain = false;
    if (first === STRING_LZF) {
      this.#compressedString(slot);
      return;
    }
    const size = this.#integerBytes(first);
    this.ensure(size);
    const view = this.bytes.view!;
    const value =
      size === 1
        ? view.getInt8(this.position)
        : size === 2
          ? view.getInt16(this.position, true)
          : view.getInt32(this.position, true);
    this.position += size;
    const target = slot.reserve(INTEGER_CHARS_MAX);
    if (value < 0) {
      target[0] = 45;
      slot.length = writeUnsigned(target, 1, -value);
    } else {
      slot.length = writeUnsigned(target, 0, value);
    }
  }

  #compressedString(slot: StringSlot): void {
    const offset = this.offset - 1;
    const compressed = this.length();
    const length = this.length();
    this.ensure(compressed);
    if (length > STRING_BYTES_MAX || length > compressed * EXPANSION_MAX) {
      this.fail(`${compressed} compressed bytes cannot hold ${length}`, offset);
    }
    const target = slot.reserve(length);
    if (!expandLzf(this.bytes, this.position, this.position + compressed, target, 0, length)) {
      this.fail('the compressed bytes are not those of a string of that length', offset);
    }
    slot.length = length;
    this.position += compressed;
  }
}
