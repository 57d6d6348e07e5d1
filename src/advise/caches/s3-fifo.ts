/**
 * allkeys-s3fifo (J. Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023): a tenth of the keys is a first queue,
 * which those leave soon that are not asked for again; the others stand in a main queue, whose used keys go round once more for each use up to
 * three. Keys that left the first queue are remembered for a while, and go to the main one when they come back.
 */
import { Cache, type Weights } from './cache.ts';
import { LinkedIds } from './linked-ids.ts';

const SMALL_SHARE = 0.1;
const USES_MAX = 3;
/** As often must a key have been used in the first queue to go on to the main one. */
const PROMOTION_USES = 2;

const NOWHERE = 0;
const SMALL = 1;
const MAIN = 2;
const GHOST = 3;

export class S3Fifo extends Cache {
  readonly #small: LinkedIds;
  readonly #main: LinkedIds;
  readonly #ghosts: LinkedIds;
  /** By key: in which of the three it stands. */
  readonly #where: Uint8Array;
  readonly #uses: Uint8Array;

  constructor(ids: number, capacity: number, weights?: Weights) {
    super(ids, capacity, weights);
    this.#small = new LinkedIds(ids);
    this.#main = new LinkedIds(ids);
    this.#ghosts = new LinkedIds(ids);
    this.#where = new Uint8Array(ids);
    this.#uses = new Uint8Array(ids);
  }

  protected override add(id: number): void {
    const isBack = this.#where[id] === GHOST;
    if (isBack) this.#ghosts.remove(id);
    this.#where[id] = isBack ? MAIN : SMALL;
    this.#uses[id] = 0;
    (isBack ? this.#main : this.#small).pushFront(id);
  }

  protected override touch(id: number): void {
    if (this.#uses[id]! < USES_MAX) this.#uses[id]!++;
  }

  protected override drop(id: number): void {
    (this.#where[id] === MAIN ? this.#main : this.#small).remove(id);
    this.#where[id] = NOWHERE;
  }

  protected override erase(id: number): void {
    if (this.#where[id] !== GHOST) return;
    this.#ghosts.remove(id);
    this.#where[id] = NOWHERE;
  }

  protected override takeVictim(): number {
    const keys = this.#small.length + this.#main.length;
    if (keys === 0) return -1;
    while (this.#small.length > 0 && (this.#main.length === 0 || this.#small.length >= keys * SMALL_SHARE)) {
      const id = this.#small.popBack();
      if (this.#uses[id]! < PROMOTION_USES) {
        this.#remember(id, keys);
        return id;
      }
      this.#uses[id] = 0;
      this.#where[id] = MAIN;
      this.#main.pushFront(id);
    }
    return this.#takeFromMain();
  }

  #takeFromMain(): number {
    for (;;) {
      const id = this.#main.popBack();
      if (this.#uses[id] === 0) {
        this.#where[id] = NOWHERE;
        return id;
      }
      this.#uses[id]!--;
      this.#main.pushFront(id);
    }
  }

  /** As many as the main queue has keys at most. */
  #remember(id: number, keys: number): void {
    this.#where[id] = GHOST;
    this.#ghosts.pushFront(id);
    while (this.#ghosts.length > Math.max(1, keys * (1 - SMALL_SHARE))) {
      this.#where[this.#ghosts.popBack()] = NOWHERE;
    }
  }
}
