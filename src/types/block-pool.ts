/**
 * Memory for the bytes of small collections. An array of its own costs the engine some 350 bytes beside its content, and a
 * small collection has less than that. So small blocks are slots of larger arrays, of one size for each array:
 *
 *     slab of 96 bytes:   | block | free | block | block | free | …      its free slots are a stack of numbers
 *
 * The pool keeps only the slabs with free slots: a full one is kept by those who have its blocks. A slab without any blocks
 * is let go when there is another of its size.
 */
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';

const SLAB_BYTES = 32 * 1024;
/** Of the blocks, each at most half as large again as the one before. */
const SIZES = [32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
const SIZE_MAX = 1024;
const SIZE_STEP = 16;
/** By (size + 15) / 16: which of SIZES. */
const CLASSES = Uint8Array.from({ length: SIZE_MAX / SIZE_STEP + 1 }, (_, i) =>
  SIZES.findIndex((size) => size >= i * SIZE_STEP),
);

/** An array of blocks of one size. */
export class Slab {
  readonly bytes: ViewedBytes = viewedBytes(new ArrayBuffer(SLAB_BYTES));
  readonly sizeClass: number;
  readonly blockBytes: number;
  readonly #free: Uint16Array;
  #freeCount: number;

  constructor(sizeClass: number) {
    this.sizeClass = sizeClass;
    this.blockBytes = SIZES[sizeClass]!;
    const slots = Math.floor(SLAB_BYTES / this.blockBytes);
    this.#free = Uint16Array.from({ length: slots }, (_, i) => slots - 1 - i);
    this.#freeCount = slots;
  }

  get isFull(): boolean {
    return this.#freeCount === 0;
  }

  get isEmpty(): boolean {
    return this.#freeCount === this.#free.length;
  }

  /** The offset of a free block, which is not free any more. */
  take(): number {
    return this.#free[--this.#freeCount]! * this.blockBytes;
  }

  give(offset: number): void {
    this.#free[this.#freeCount++] = offset / this.blockBytes;
  }
}

class BlockPool {
  /** By size, the slabs with free slots; the last one is taken from. */
  readonly #slabs: Slab[][] = SIZES.map(() => []);

  /** A slab that has a free block of `size` bytes or some more; undefined when that is too large for any. */
  slabFor(size: number): Slab | undefined {
    if (size > SIZE_MAX) return undefined;
    const sizeClass = CLASSES[(size + SIZE_STEP - 1) >> 4]!;
    const slabs = this.#slabs[sizeClass]!;
    if (slabs.length === 0) slabs.push(new Slab(sizeClass));
    return slabs[slabs.length - 1]!;
  }

  /** Takes a block of what `slabFor` has found. */
  take(slab: Slab): number {
    const offset = slab.take();
    if (slab.isFull) this.#slabs[slab.sizeClass]!.pop();
    return offset;
  }

  give(slab: Slab, offset: number): void {
    const slabs = this.#slabs[slab.sizeClass]!;
    const wasFull = slab.isFull;
    slab.give(offset);
    if (wasFull) slabs.push(slab);
    else if (slab.isEmpty && slabs.length > 1) slabs.splice(slabs.indexOf(slab), 1);
  }
}

/** Of this thread. */
export const blockPool: BlockPool = new BlockPool();
