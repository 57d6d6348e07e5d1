/**
 * The collections of a shard: objects on its heap, by the numbers that their entries have. Numbers are used again.
 *
 *     entry: type, key, number ──► objects[number]
 *
 * What a large collection, or very many, took of memory is given back later, in slices: at once it would stop the shard.
 */
import { blockPool, pagePool } from '../types/block-pool.ts';
import { type Collection, CollectionLimits } from '../types/collection.ts';
import type { Hash } from '../types/hash.ts';
import { TYPE_HASH } from '../types/value-types.ts';
import { DueObjects } from './due-objects.ts';

/** What the place of a collection takes in the lists here, with those that are not used. */
const PLACE_BYTES = 20;
/** The memory of smaller ones is given back at once. */
const RETIRED_BYTES_MIN = 64 * 1024;
/** Collections between two looks at the clock. */
const CLOCK_STRIDE = 64;

export class Objects {
  readonly limits: CollectionLimits;
  /** Hashes with fields that expire. */
  readonly due = new DueObjects();
  #bytes = 0;
  /** How many have been given back in slices. */
  freedLater = 0;
  #slots: (Collection | undefined)[] = [];
  #free: number[] = [];
  /** By number, what an object was counted with. */
  #counted: number[] = [];
  /** Forgotten, but still with their memory. */
  #retired: Collection[] = [];

  constructor(limits: CollectionLimits = new CollectionLimits()) {
    this.limits = limits;
  }

  /** What all of them take of memory, and the lists here. */
  get bytes(): number {
    return this.#bytes + this.due.memoryBytes;
  }

  /** Blocks that collections took, and have given back, but not the system: they are kept for the next ones. */
  get poolFreeBytes(): number {
    return blockPool.freeBytes + pagePool.freeBytes;
  }

  /** How many wait for their memory to be given back. */
  get retired(): number {
    return this.#retired.length;
  }

  /** Keeps a collection and returns its number. */
  add(collection: Collection): number {
    const number = this.#free.pop() ?? this.#slots.length;
    const memoryBytes = collection.memoryBytes + PLACE_BYTES;
    this.#slots[number] = collection;
    this.#counted[number] = memoryBytes;
    this.#bytes += memoryBytes;
    return number;
  }

  get(number: number): Collection {
    return this.#slots[number]!;
  }

  /** All that are kept. */
  *all(): Generator<Collection> {
    for (const collection of this.#slots) if (collection !== undefined) yield collection;
  }

  /** To be called after a change of the collection. Returns what it takes of memory now. */
  recount(number: number): number {
    const memoryBytes = this.#slots[number]!.memoryBytes + PLACE_BYTES;
    this.#bytes += memoryBytes - this.#counted[number]!;
    this.#counted[number] = memoryBytes;
    return memoryBytes;
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
    if (collection.type === TYPE_HASH) this.due.forget(number);
    const bytes = this.#counted[number]!;
    this.#bytes -= bytes;
    this.#slots[number] = undefined;
    this.#free.push(number);
    if (bytes < RETIRED_BYTES_MIN) collection.dispose();
    else this.#retired.push(collection);
  }

  /** Forgets all of them. */
  removeAll(): void {
    const gone = this.#slots.filter((collection) => collection !== undefined);
    this.#retired = this.#retired.length === 0 ? gone : this.#retired.concat(gone);
    this.#slots = [];
    this.#free = [];
    this.#counted = [];
    this.due.clear();
    this.#bytes = 0;
  }

  /** Gives memory of those that were forgotten back, for about `budgetMs`. */
  dispose(budgetMs: number): void {
    const deadline = performance.now() + budgetMs;
    while (this.#retired.length > 0) {
      for (let i = 0; i < CLOCK_STRIDE && this.#retired.length > 0; i++) {
        this.#retired.pop()!.dispose();
        this.freedLater++;
      }
      if (performance.now() >= deadline) return;
    }
  }
}
