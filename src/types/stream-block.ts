/**
 * Memory for the nodes of streams. The nodes of a short stream have a block each, of about their size. A long stream has larger
 * blocks, in which nodes lie behind one another, so that a node costs no array of its own: only the last one grows, at the end of
 * the last block. A block is given back when its last node is gone, which streams that are trimmed come to one after the other.
 */
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { VIEWED_ARRAY_BYTES } from '../base/engine-bytes.ts';
import { blockPool, type Slab } from './block-pool.ts';

/** What the object takes. */
const BLOCK_BYTES = 72;

export class StreamBlock {
  readonly bytes: ViewedBytes;
  /** The block is `bytes[base, limit)`. */
  readonly base: number;
  readonly limit: number;
  /** It is for several nodes. */
  readonly isShared: boolean;
  /** How many it has. */
  nodes = 0;
  readonly #slab: Slab | undefined;

  /** Of at least `size` bytes. */
  constructor(size: number, isShared: boolean) {
    const slab = blockPool.slabFor(size);
    this.#slab = slab;
    this.bytes = slab === undefined ? viewedBytes(new ArrayBuffer(size)) : slab.bytes;
    this.base = slab === undefined ? 0 : blockPool.take(slab);
    this.limit = this.base + (slab === undefined ? size : slab.blockBytes);
    this.isShared = isShared;
  }

  get memoryBytes(): number {
    const own = VIEWED_ARRAY_BYTES + this.limit - this.base;
    return BLOCK_BYTES + (this.#slab === undefined ? own : this.#slab.blockCost);
  }

  /** Gives the memory back. */
  release(): void {
    if (this.#slab !== undefined) blockPool.give(this.#slab, this.base);
  }
}
