/**
 * Collections of which parts expire, in the order in which that begins: hashes with fields that expire. Other collections are
 * never in here.
 *
 * A heap has, for each, a moment that is not later than the first of its parts'. One whose first moment has become earlier comes in
 * again; so what comes out may be out of date, and whoever takes it looks at the collection itself.
 */
import { BOXED_NUMBER_BYTES, MapBytes } from '../base/engine-bytes.ts';
import { MomentHeap } from '../base/moment-heap.ts';

export class DueObjects {
  /** The collections' numbers. */
  readonly #heap = new MomentHeap<number>();
  /** By number: the hash of its key, and the earliest moment that the heap has for it. */
  readonly #hashes = new Map<number, number>();
  readonly #queued = new Map<number, number>();
  readonly #hashesBytes = new MapBytes();
  readonly #queuedBytes = new MapBytes();
  readonly #emptyBytes = this.#allBytes;

  get #allBytes(): number {
    const boxed = this.#queued.size * BOXED_NUMBER_BYTES;
    return this.#heap.memoryBytes + this.#hashesBytes.bytes + this.#queuedBytes.bytes + boxed;
  }

  /** What it takes of memory more than when it is new. */
  get memoryBytes(): number {
    return this.#allBytes - this.#emptyBytes;
  }

  /** The earliest moment, ms since 1970; Infinity when there is none. */
  get first(): number {
    return this.#heap.first;
  }

  /** The collection with this number, at a key with this hash, has parts that expire from `moment` on; Infinity: it has none. */
  note(number: number, hash: number, moment: number): void {
    if (moment === Infinity) return;
    if (!this.#hashes.has(number)) this.#hashesBytes.added();
    this.#hashes.set(number, hash);
    const queued = this.#queued.get(number);
    if (queued !== undefined && queued <= moment) return;
    if (queued === undefined) this.#queuedBytes.added();
    this.#queued.set(number, moment);
    this.#heap.add(moment, number);
  }

  /** Takes the one with the earliest moment out, and returns its number; undefined when there is nothing to look at. */
  take(): number | undefined {
    const moment = this.first;
    const number = this.#heap.take();
    if (this.#queued.get(number) !== moment) return undefined;
    this.#queued.delete(number);
    this.#queuedBytes.removed();
    return number;
  }

  /** The hash of the key of one that was taken. */
  hashOf(number: number): number {
    return this.#hashes.get(number)!;
  }

  /** The collection is gone. Its place in the heap stays until its time comes. */
  forget(number: number): void {
    if (this.#hashes.delete(number)) this.#hashesBytes.removed();
  }

  /** All collections are gone. */
  clear(): void {
    this.#heap.clear();
    this.#hashes.clear();
    this.#queued.clear();
    this.#hashesBytes.cleared();
    this.#queuedBytes.cleared();
  }
}
