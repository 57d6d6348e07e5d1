/**
 * allkeys-sieve and volatile-sieve (Y. Zhang and others, "SIEVE is simpler than LRU", NSDI 2024): one queue in the order of coming, through which a hand goes
 * from the oldest to the newest. It takes the first key that was not used since it last came by, and makes the used ones it passes unused.
 */
import { LinkedIds } from './linked-ids.ts';
import { ServerCache, type ServerCacheOptions, type Surroundings } from './server-cache.ts';

export class Sieve extends ServerCache {
  readonly #order: LinkedIds;
  readonly #isUsed: Uint8Array;
  /** The key that is looked at next; -1: the oldest. */
  #hand = -1;

  constructor(ids: number, capacity: number, around: Surroundings, options: ServerCacheOptions) {
    super(ids, capacity, around, options);
    this.#order = new LinkedIds(ids);
    this.#isUsed = new Uint8Array(ids);
  }

  protected override admit(id: number): void {
    this.#isUsed[id] = 0;
    this.#order.pushFront(id);
  }

  protected override touch(id: number): void {
    this.#isUsed[id] = 1;
  }

  protected override withdraw(id: number): void {
    if (id === this.#hand) this.#hand = this.#order.towardsFront(id);
    this.#order.remove(id);
  }

  protected override choose(): number {
    if (this.#order.length === 0) return -1;
    let id = this.#hand < 0 ? this.#order.back : this.#hand;
    while (this.#isUsed[id] === 1) {
      this.#isUsed[id] = 0;
      id = this.#order.towardsFront(id);
      if (id < 0) id = this.#order.back;
    }
    this.#hand = id;
    this.withdraw(id);
    return id;
  }
}
