/**
 * The collections of a shard: objects on its heap, by the numbers that their entries have. Numbers are used again.
 *
 *     entry: type, key, number ──► objects[number]
 */
import { type Collection, CollectionLimits } from '../types/collection.ts';

export class Objects {
  readonly limits: CollectionLimits;
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

  /** Forgets a collection; a number that was not given here is none. */
  remove(number: number): void {
    const collection = this.#slots[number];
    if (collection === undefined) return;
    collection.dispose();
    this.bytes -= this.#counted[number]!;
    this.#slots[number] = undefined;
    this.#free.push(number);
  }
}
