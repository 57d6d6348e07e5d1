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
