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
import { typedArrayBytes, VIEWED_ARRAY_BYTES } from '../base/engine-bytes.ts';

const SLAB_BYTES = 32 * 1024;
/** What a slab takes beside its blocks: the object, its array with a view, and the words. Measured on Node 20. */
const SLAB_EXTRA_BYTES = 80 + VIEWED_ARRAY_BYTES + 104;
/** Of the blocks, each at most half as large again as the one before. */
const SIZES = [32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
/** All of the pages of tables: their memory is a few large blocks, not many small ones, so these are nearer to one another. */
const PAGE_SIZES = [128, 192, 256, 320, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 2560, 3072, 3584, 4096];
/** Of each size a multiple. */
const SIZE_STEP = 16;

/** An array of blocks of one size. */
export class Slab {
  readonly bytes: ViewedBytes = viewedBytes(new ArrayBuffer(SLAB_BYTES));
  /** The same memory. */
  readonly words: Int32Array = new Int32Array(this.bytes.buffer);
  readonly sizeClass: number;
  readonly blockBytes: number;
  /** What a block takes of memory: with its part of what the slab has beside the blocks. */
  readonly blockCost: number;
  readonly #free: Uint16Array;
  #freeCount: number;

  constructor(sizeClass: number, blockBytes: number) {
    this.sizeClass = sizeClass;
    this.blockBytes = blockBytes;
    const slots = Math.floor(SLAB_BYTES / this.blockBytes);
    this.#free = new Uint16Array(slots);
    this.blockCost = Math.round((SLAB_BYTES + SLAB_EXTRA_BYTES + typedArrayBytes(2 * slots)) / slots);
    for (let i = 0; i < slots; i++) this.#free[i] = slots - 1 - i;
    this.#freeCount = slots;
  }

  /** How many blocks it has, free ones included. */
  get slots(): number {
    return this.#free.length;
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
  readonly #sizes: readonly number[];
  readonly #sizeMax: number;
  /** Of all slabs that are not full: their free blocks, as what those take. */
  freeBytes = 0;
  /** By (size + 15) / 16: which of the sizes. */
  readonly #classes: Uint8Array;
  /** By size, the slabs with free slots; the last one is taken from. */
  readonly #slabs: Slab[][];

  /** Of blocks of these sizes, in bytes, in ascending order. */
  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
    this.#sizeMax = sizes.at(-1)!;
    this.#slabs = sizes.map(() => []);
    this.#classes = Uint8Array.from({ length: this.#sizeMax / SIZE_STEP + 1 }, (_, i) =>
      sizes.findIndex((size) => size >= i * SIZE_STEP),
    );
  }

  /** A slab that has a free block of `size` bytes or some more; undefined when that is too large for any. */
  slabFor(size: number): Slab | undefined {
    if (size > this.#sizeMax) return undefined;
    const sizeClass = this.#classes[(size + SIZE_STEP - 1) >> 4]!;
    const slabs = this.#slabs[sizeClass]!;
    if (slabs.length === 0) {
      const slab = new Slab(sizeClass, this.#sizes[sizeClass]!);
      slabs.push(slab);
      this.freeBytes += slab.slots * slab.blockCost;
    }
    return slabs[slabs.length - 1]!;
  }

  /** Takes a block of what `slabFor` has found. */
  take(slab: Slab): number {
    const offset = slab.take();
    this.freeBytes -= slab.blockCost;
    if (slab.isFull) this.#slabs[slab.sizeClass]!.pop();
    return offset;
  }

  give(slab: Slab, offset: number): void {
    const slabs = this.#slabs[slab.sizeClass]!;
    const wasFull = slab.isFull;
    slab.give(offset);
    this.freeBytes += slab.blockCost;
    if (wasFull) {
      slabs.push(slab);
    } else if (slab.isEmpty && slabs.length > 1) {
      slabs.splice(slabs.indexOf(slab), 1);
      this.freeBytes -= slab.slots * slab.blockCost;
    }
  }
}

/** Of this thread. */
export const blockPool: BlockPool = new BlockPool(SIZES);
/** Of this thread, for the pages of tables. */
export const pagePool: BlockPool = new BlockPool(PAGE_SIZES);
