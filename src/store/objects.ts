/**
 * The collections of a shard: objects on its heap, by the numbers that their entries have. Numbers are used again.
 *
 *     entry: type, key, number ──► objects[number]
 */
import { type Collection, CollectionLimits } from '../types/collection.ts';
import type { Hash } from '../types/hash.ts';
import { TYPE_HASH } from '../types/value-types.ts';
import { DueObjects } from './due-objects.ts';

export class Objects {
  readonly limits: CollectionLimits;
  /** Hashes with fields that expire. */
  readonly due = new DueObjects();
  /** What all of them take of memory. */
  bytes = 0;
  readonly #slots: (Collection | undefined)[] = [];
  readonly #free: number[] = [];
  /** By number, what an object was counted with. */
  readonly #counted: number[] = [];

  constructor(limits: CollectionLimits = new CollectionLimits()) {
    this.limits = limits;
  }

  /** Keeps a collection and returns its number. */
  add(collection: Collection): number {
    const number = this.#free.pop() ?? this.#slots.length;
    const { memoryBytes } = collection;
    this.#slots[number] = collection;
    this.#counted[number] = memoryBytes;
    this.bytes += memoryBytes;
    return number;
  }

  get(number: number): Collection {
    return this.#slots[number]!;
  }

  /** To be called after a change of the collection. */
  recount(number: number): void {
    const { memoryBytes } = this.#slots[number]!;
    this.bytes += memoryBytes - this.#counted[number]!;
    this.#counted[number] = memoryBytes;
  }

  /** To be called when a collection has got a key, with its hash, or has changed. */
  noteDue(number: number, hash: number): void {
    const collection = this.#slots[number]!;
    if (collection.type !== TYPE_HASH) return;
    const { firstExpiry } = collection as Hash;
    if (firstExpiry !== Infinity) this.due.note(number, hash | 0, firstExpiry);
  }

  /** Forgets a collection; a number that was not given here is none. */
  remove(number: number): void {
    const collection = this.#slots[number];
    if (collection === undefined) return;
    collection.dispose();
    if (collection.type === TYPE_HASH) this.due.forget(number);
    this.bytes -= this.#counted[number]!;
    this.#slots[number] = undefined;
    this.#free.push(number);
  }
}
