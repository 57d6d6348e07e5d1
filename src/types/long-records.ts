/** The records of a table that are too long for a page: each an array of its own, and in the page a stub with its number. */
import type { ViewedBytes } from '../base/bytes.ts';

export const STUB_BYTES = 4;
/** What an array takes beside its content. Measured on Node 20. */
const ARRAY_BYTES = 350;
const NO_BYTES: ViewedBytes = new Uint8Array(0);

export class LongRecords {
  /** What the records take of memory. */
  memoryBytes = 0;
  readonly #records: ViewedBytes[] = [];
  readonly #free: number[] = [];

  /** Makes a record of `size` bytes and writes its stub. */
  make(page: Uint8Array, at: number, size: number): ViewedBytes {
    const number = this.#free.pop() ?? this.#records.length;
    const record = new Uint8Array(size);
    this.#records[number] = record;
    this.memoryBytes += size + ARRAY_BYTES;
    for (let i = 0; i < STUB_BYTES; i++) page[at + i] = number >>> (8 * i);
    return record;
  }

  /** The record whose stub is `page[at]`. */
  of(page: Uint8Array, at: number): ViewedBytes {
    return this.#records[readStub(page, at)]!;
  }

  free(page: Uint8Array, at: number): void {
    const number = readStub(page, at);
    this.memoryBytes -= this.#records[number]!.length + ARRAY_BYTES;
    this.#records[number] = NO_BYTES;
    this.#free.push(number);
  }
}

function readStub(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
