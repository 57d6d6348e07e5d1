/** A piece of a list: entries behind one another in a block of memory, with free room at both ends. */
import type { ViewedBytes } from '../base/bytes.ts';
import { typedArrayBytes } from '../base/engine-bytes.ts';
import { blockPool, type Slab } from './block-pool.ts';

/** What the object takes. */
const CHUNK_BYTES = 96;

export class Chunk {
  bytes!: ViewedBytes;
  /** The block is `bytes[base, limit)`, the entries are `bytes[start, end)`. */
  base = 0;
  limit = 0;
  start = 0;
  end = 0;
  /** Elements. */
  count = 0;
  previous: Chunk | undefined = undefined;
  next: Chunk | undefined = undefined;
  #slab: Slab | undefined = undefined;

  /** With a block of at least `size` bytes. */
  constructor(size: number) {
    this.#allocate(size);
  }

  get capacity(): number {
    return this.limit - this.base;
  }

  /** What it takes of memory. */
  get memoryBytes(): number {
    return CHUNK_BYTES + (this.#slab === undefined ? typedArrayBytes(this.capacity) : this.#slab.blockCost);
  }

  #allocate(size: number): void {
    const slab = blockPool.slabFor(size);
    this.#slab = slab;
    this.bytes = slab === undefined ? new Uint8Array(size) : slab.bytes;
    this.base = slab === undefined ? 0 : blockPool.take(slab);
    this.limit = this.base + (slab === undefined ? size : slab.blockBytes);
    this.start = this.base;
    this.end = this.base;
  }

  /** Moves the entries to another block, of at least `size` bytes; behind all of its free room if `toEnd`. */
  resize(size: number, toEnd: boolean): void {
    const { bytes, start, end, base } = this;
    const slab = this.#slab;
    this.#allocate(size);
    if (toEnd) this.start = this.limit - (end - start);
    this.end = this.start + end - start;
    this.bytes.set(bytes.subarray(start, end), this.start);
    if (slab !== undefined) blockPool.give(slab, base);
  }

  /** Gives the block back. The chunk is of no more use. */
  release(): void {
    if (this.#slab !== undefined) blockPool.give(this.#slab, this.base);
    this.#slab = undefined;
  }
}
