/**
 * What the engine's own structures take of memory: its arrays, maps and buffers have more than their content, which for collections of
 * many small parts is most of it. Measured on Node 20 (64 bits, no compressed pointers), where they are what V8's sources say; `npm run
 * bench -- accounting` holds the sums against what really is taken.
 */

/** A reference, or a small integer, in an object or an array. */
export const REFERENCE_BYTES = 8;
/** What a typed array with a buffer outside of the heap takes beside its content: on the heap, and in the engine's own memory. */
export const ARRAY_BYTES = 392;
/** The same of one that carries a view (see bytes.ts). */
export const VIEWED_ARRAY_BYTES = 512;
/** Smaller ones have their content on the heap. */
const HEAP_ARRAY_BYTES_MAX = 64;
const HEAP_ARRAY_BYTES = 200;

/** What `new Uint8Array(size)` takes, or any other of so many bytes that was not made of a buffer. */
export function typedArrayBytes(size: number): number {
  return size <= HEAP_ARRAY_BYTES_MAX ? HEAP_ARRAY_BYTES + ((size + 7) & ~7) : ARRAY_BYTES + size;
}

/** What an array, `[]`, takes beside its places. One that never had anything takes a third less. */
export const LIST_BYTES = 48;

/** How many places an array has that had `capacity`, when it grows to `length` by pushing or splicing. It never has less again. */
export function grownCapacity(capacity: number, length: number): number {
  return length <= capacity ? capacity : length + (length >> 1) + 16;
}

/** What a string of `length` bytes takes that was made of bytes. */
export function stringBytes(length: number): number {
  return 16 + ((length + 7) & ~7);
}

/** A number with a fraction, or above 2^31, in an object's field or a map: the engine makes an object of it. */
export const BOXED_NUMBER_BYTES = 16;

const MAP_CAPACITY_MIN = 4;
/** The object, and the table's header with three numbers. */
const MAP_BYTES = 32 + 16 + 3 * REFERENCE_BYTES;
/** Key, value and next for each place, and half a bucket. */
const MAP_PLACE_BYTES = 3.5 * REFERENCE_BYTES;

/**
 * What a Map takes, without what its keys and values are: to be told of each addition and removal, it does as the engine does. Places
 * come in powers of two; those of what was removed are used again only when all are used up.
 */
export class MapBytes {
  #capacity = MAP_CAPACITY_MIN;
  #present = 0;
  #removed = 0;

  get bytes(): number {
    return MAP_BYTES + this.#capacity * MAP_PLACE_BYTES;
  }

  /** A key has come that was not there. */
  added(): void {
    if (this.#present + this.#removed >= this.#capacity) {
      if (this.#removed < this.#capacity >> 1) this.#capacity *= 2;
      this.#removed = 0;
    }
    this.#present++;
  }

  /** A key has gone that was there. */
  removed(): void {
    this.#present--;
    this.#removed++;
    if (this.#present >= this.#capacity >> 2 || this.#capacity <= MAP_CAPACITY_MIN) return;
    this.#capacity >>= 1;
    this.#removed = 0;
  }

  cleared(): void {
    this.#capacity = MAP_CAPACITY_MIN;
    this.#present = 0;
    this.#removed = 0;
  }
}
