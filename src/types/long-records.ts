/** The records of a table that are too long for a page: each an array of its own, and in the page a stub with its number. */
import type { ViewedBytes } from '../base/bytes.ts';
import { grownCapacity, LIST_BYTES, REFERENCE_BYTES, typedArrayBytes } from '../base/engine-bytes.ts';

export const STUB_BYTES = 4;
/** What the object takes, with its lists. */
const OBJECT_BYTES = 64 + 2 * LIST_BYTES;
const NO_BYTES: ViewedBytes = new Uint8Array(0);

export class LongRecords {
  #recordBytes = 0;
  /** Places of both lists. */
  #capacity = 0;
  #freeCapacity = 0;
  readonly #records: ViewedBytes[] = [];
  readonly #free: number[] = [];

  /** What the records take of memory. */
  get memoryBytes(): number {
    const places = this.#capacity + this.#freeCapacity;
    return OBJECT_BYTES + this.#recordBytes + places * REFERENCE_BYTES;
  }

  /** Makes a record of `size` bytes and writes its stub. */
  make(page: Uint8Array, at: number, size: number): ViewedBytes {
    const number = this.#free.pop() ?? this.#records.length;
    const record = new Uint8Array(size);
    this.#records[number] = record;
    this.#capacity = grownCapacity(this.#capacity, this.#records.length);
    this.#recordBytes += typedArrayBytes(size);
    for (let i = 0; i < STUB_BYTES; i++) page[at + i] = number >>> (8 * i);
    return record;
  }

  /** The record whose stub is `page[at]`. */
  of(page: Uint8Array, at: number): ViewedBytes {
    return this.#records[readStub(page, at)]!;
  }

  free(page: Uint8Array, at: number): void {
    const number = readStub(page, at);
    this.#recordBytes -= typedArrayBytes(this.#records[number]!.length);
    this.#records[number] = NO_BYTES;
    this.#free.push(number);
    this.#freeCapacity = grownCapacity(this.#freeCapacity, this.#free.length);
  }
}

function readStub(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
