/**
 * Listpacks, in which Redis keeps short collections since 7.0, and the entries of streams since 5.0.
 *
 *     bytes(u32) count(u16) { encoding, content, length of these backwards } 0xff
 *
 * The length backwards has 7 bits a byte, the highest first and the mark of one more byte on all but the first, so that it can be
 * read from the end. The count is 0xffff when it is not known.
 */
import { backwardsBytes } from '../types/listpack-entry.ts';
import { decimal, PackedReader } from './packed-reader.ts';
import type { PackedBytes } from './rdb-input.ts';

const END = 0xff;
const COUNT_UNKNOWN = 0xffff;

/** Reads one listpack from front to back. */
export class ListpackReader {
  readonly #reader: PackedReader;
  readonly #count: number;
  #seen = 0;
  /** The integer of the element just read, when it is kept as one. */
  #integer: number | bigint = 0;
  #bytes: Uint8Array | undefined;

  constructor(packed: PackedBytes) {
    const reader = new PackedReader(packed, 'a listpack');
    const total = reader.uint32();
    this.#count = reader.uint16();
    if (total !== reader.bytes.length) reader.fail(`it says that it has ${total} bytes`, 0);
    this.#reader = reader;
  }

  fail(problem: string): never {
    return this.#reader.fail(problem);
  }

  /** Whether the end was reached; checks the end when it was. */
  isAtEnd(): boolean {
    const reader = this.#reader;
    reader.need(1);
    if (reader.bytes[reader.position] !== END) return false;
    if (reader.position + 1 !== reader.bytes.length) reader.fail('bytes follow its end');
    if (this.#count !== COUNT_UNKNOWN && this.#count !== this.#seen) {
      reader.fail(`it has ${this.#seen} elements and says ${this.#count}`, 4);
    }
    return true;
  }

  /** The next element as a string. Its bytes may be a part of the listpack's. */
  element(): Uint8Array {
    this.#next();
    return this.#bytes ?? decimal(this.#integer);
  }

  /** The next element, which must be an integer. */
  integer(): bigint {
    this.#next();
    if (this.#bytes !== undefined) this.fail('there is a string in the place of an integer');
    return BigInt(this.#integer);
  }

  /** The next element, which must be an integer from 0 to 2^53. */
  count(): number {
    const value = this.integer();
    if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`${value} is no number of elements`);
    return Number(value);
  }

  #next(): void {
    if (this.isAtEnd()) this.fail('it has too few elements');
    const reader = this.#reader;
    const start = reader.position;
    this.#bytes = undefined;
    this.#readContent(reader);
    this.#seen++;
    const length = reader.position - start;
    const size = backwardsBytes(length);
    for (let i = 0; i < size; i++) {
      const bits = Math.floor(length / 2 ** (7 * (size - 1 - i))) & 0x7f;
      if (reader.byte() !== (i === 0 ? bits : bits | 0x80)) {
        reader.fail('an element is not as long as it says backwards');
      }
    }
  }

  #readContent(reader: PackedReader): void {
    const first = reader.byte();
    if (first < 0x80) {
      this.#integer = first;
    } else if (first < 0xc0) {
      this.#bytes = reader.range(first & 0x3f);
    } else if (first < 0xe0) {
      this.#integer = ((((first & 0x1f) << 8) | reader.byte()) << 19) >> 19;
    } else if (first < 0xf0) {
      this.#bytes = reader.range(((first & 0x0f) << 8) | reader.byte());
    } else if (first === 0xf0) {
      this.#bytes = reader.range(reader.uint32());
    } else if (first <= 0xf4) {
      this.#integer = reader.signed(first === 0xf4 ? 8 : first - 0xef);
    } else {
      reader.fail(`0x${first.toString(16)} is no encoding of an element`, reader.position - 1);
    }
  }
}

/** The elements from front to back. */
export function readListpack(packed: PackedBytes): Uint8Array[] {
  const reader = new ListpackReader(packed);
  const elements: Uint8Array[] = [];
  while (!reader.isAtEnd()) elements.push(reader.element());
  return elements;
}
