/**
 * allkeys-s3fifo and volatile-s3fifo: S3-FIFO (J. Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023) as the server
 * has it (store/eviction/s3fifo.ts), whose small queue learns its size: new keys go through a small queue, used ones of it to the main
 * queue, where they go round once more for each use up to three. When a key comes back that left one of the queues shortly before, that queue
 * was too small.
 */
import { LinkedIds } from './linked-ids.ts';
import { ServerCache, type ServerCacheOptions, type Surroundings } from './server-cache.ts';

const USES_MAX = 3;
/** The small queue's part of all keys: at first, at least, and at most. */
const PART_START = 0.1;
const PART_MIN = 0.01;
const PART_MAX = 0.9;
/** A key that left the small queue not longer ago than evictions of this part of the keys goes to the main queue at once. */
const GHOST_PART = 0.9;
/** One that left so shortly ago says which of the queues is too small; in the smallest caches one of the last two. */
const LESSON_PART = 0.05;

const SMALL = 0;
const MAIN = 1;
const NEITHER = 2;

export class S3Fifo extends ServerCache {
  readonly #queues: readonly [small: LinkedIds, main: LinkedIds];
  /** By key: in which queue it stands, or which it was evicted from. */
  readonly #queueOf: Uint8Array;
  readonly #uses: Uint8Array;
  /** By key that was evicted: how many evictions of its queue there had been. */
  readonly #evictedAt: Float64Array;
  readonly #evictions: [small: number, main: number] = [0, 0];
  #part = PART_START;

  constructor(ids: number, capacity: number, around: Surroundings, options: ServerCacheOptions) {
    super(ids, capacity, around, options);
    this.#queues = [new LinkedIds(ids), new LinkedIds(ids)];
    this.#queueOf = new Uint8Array(ids).fill(NEITHER);
    this.#uses = new Uint8Array(ids);
    this.#evictedAt = new Float64Array(ids);
  }

  protected override touch(id: number): void {
    if (this.#uses[id]! < USES_MAX) this.#uses[id]!++;
  }

  protected override admit(id: number): void {
    const left = this.#queueOf[id]!;
    let queue = SMALL;
    if (left !== NEITHER) {
      const queued = Math.max(1, this.#queued);
      // 0 for the key that went last.
      const age = (this.#evictions[left]! - this.#evictedAt[id]! - 1) / queued;
      if (age <= Math.max(LESSON_PART, 2 / queued)) this.#learn(left);
      if (left === SMALL && age <= GHOST_PART) queue = MAIN;
    }
    this.#uses[id] = 0;
    this.#push(id, queue);
  }

  protected override withdraw(id: number): void {
    this.#queues[this.#queueOf[id]!]!.remove(id);
    this.#queueOf[id] = NEITHER;
  }

  protected override erase(id: number): void {
    this.#queueOf[id] = NEITHER;
  }

  protected override choose(): number {
    const [small, main] = this.#queues;
    for (;;) {
      const size = Math.max(1, this.#part * this.#queued);
      const isSmall = small.length > 0 && (small.length >= size || main.length === 0);
      const id = (isSmall ? small : main).popBack();
      if (id < 0) return -1;
      const uses = this.#uses[id]!;
      if (uses === 0) return this.#evict(id);
      this.#uses[id] = isSmall ? 0 : uses - 1;
      this.#push(id, MAIN);
    }
  }

  get #queued(): number {
    return this.#queues[SMALL].length + this.#queues[MAIN].length;
  }

  #push(id: number, queue: number): void {
    this.#queueOf[id] = queue;
    this.#queues[queue]!.pushFront(id);
  }

  #evict(id: number): number {
    this.#evictedAt[id] = this.#evictions[this.#queueOf[id]!]!++;
    return id;
  }

  #learn(left: number): void {
    const step = 1 / Math.max(1, this.#queued);
    const part = left === SMALL ? this.#part + step : this.#part - step;
    this.#part = Math.min(PART_MAX, Math.max(PART_MIN, part));
  }
}
