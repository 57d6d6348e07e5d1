/**
 * The policies as textbooks have them, to hold others against: exact LRU, exact LFU, FIFO and random. Belady's optimum, which must
 * know the future, is in belady.ts.
 */
import { Random } from '../../base/random.ts';
import { Cache, type Weights } from './cache.ts';
import { LinkedIds } from './linked-ids.ts';
import { Members } from './members.ts';
import { RankedIds } from './ranked-ids.ts';

/** The key goes that came first. */
export class Fifo extends Cache {
  readonly #order: LinkedIds;

  constructor(ids: number, capacity: number, weights?: Weights) {
    super(ids, capacity, weights);
    this.#order = new LinkedIds(ids);
  }

  protected override add(id: number): void {
    this.#order.pushFront(id);
  }

  protected override touch(_id: number): void {}

  protected override drop(id: number): void {
    this.#order.remove(id);
  }

  protected override takeVictim(): number {
    return this.#order.popBack();
  }
}

/** The key goes that was not used for the longest time. */
export class ExactLru extends Fifo {
  protected override touch(id: number): void {
    this.drop(id);
    this.add(id);
  }
}

/**
 * The key goes that was used least often since it came in; of several the one whose last use is the longest ago. Counts do not age, and a
 * key that comes back begins at one.
 */
export class ExactLfu extends Cache {
  readonly #order: RankedIds;
  #now = 0;

  constructor(ids: number, capacity: number, weights?: Weights) {
    super(ids, capacity, weights);
    this.#order = new RankedIds(ids);
  }

  protected override add(id: number): void {
    this.#order.set(id, 1, this.#now++);
  }

  protected override touch(id: number): void {
    this.#order.set(id, this.#order.firstRank(id) + 1, this.#now++);
  }

  protected override drop(id: number): void {
    this.#order.remove(id);
  }

  protected override takeVictim(): number {
    return this.#order.takeLeast();
  }
}

/** Any key goes; the same one for the same seed. */
export class RandomEviction extends Cache {
  readonly #random: Random;
  readonly #members: Members;

  constructor(ids: number, capacity: number, weights?: Weights, seed = 1) {
    super(ids, capacity, weights);
    this.#random = new Random(seed);
    this.#members = new Members(ids);
  }

  protected override add(id: number): void {
    this.#members.add(id);
  }

  protected override touch(): void {}

  protected override drop(id: number): void {
    this.#members.remove(id);
  }

  protected override takeVictim(): number {
    if (this.#members.length === 0) return -1;
    const id = this.#members.draw(this.#random);
    this.#members.remove(id);
    return id;
  }
}
