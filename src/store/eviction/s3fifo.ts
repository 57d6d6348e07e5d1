/**
 * allkeys-s3fifo and volatile-s3fifo: S3-FIFO (J. Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023), with a
 * small queue that finds its size itself.
 *
 *     new key ──► small queue ──► used meanwhile? ──yes──► main queue ──► used meanwhile? ──yes──► once more, with one use less
 *                                      │ no                    ▲                │ no
 *                                      ▼                       │                ▼
 *                                    gone, a ghost ──asked for again         gone, a ghost
 *
 * Most keys are never asked for again: they leave through the small queue and do not disturb the main one. How large it has to be
 * depends on what the keys are: 10 % of all, as in the paper, loses a third of the hits where keys are asked for several times
 * in a short time and then never again (the traces of database objects in `npm run bench -- hitratio`), and 1 % is best where
 * some keys are always more popular than others. So it is learnt, as ARC does it (N. Megiddo and D. Modha, "ARC: A Self-Tuning, Low
 * Overhead Replacement Cache", FAST 2003): when a key comes back that left the small queue within the last evictions of 5 % of
 * the keys, the queue was too small and grows by one key; when one comes back that left the main queue so shortly before, that one
 * was too small. The same number of evictions from either queue is the same number of places, so the two compare directly.
 *
 * Beyond the paper: one use is enough for the main queue. Counted are keys, not bytes.
 */
import { Ghosts } from './ghosts.ts';
import { HashQueue } from './hash-queue.ts';
import { QueuedEviction } from './queued.ts';

const SMALL = 0;
const MAIN = 1;
/** The small queue's part of all keys: at first, at least, and at most. */
const PART_START = 0.1;
const PART_MIN = 0.01;
const PART_MAX = 0.9;
/** A key that left the small queue not longer ago than this part of the keys goes to the main queue at once. */
const GHOST_PART = 0.9;
/** One that left so shortly ago says which of the queues is too small; in the smallest caches one of the last two. */
const LESSON_PART = 0.05;

export class S3FifoEviction extends QueuedEviction {
  readonly #small = new HashQueue();
  readonly #main = new HashQueue();
  readonly #ghosts = new Ghosts();
  #part = PART_START;

  override get bytes(): number {
    return this.#small.bytes + this.#main.bytes + this.#ghosts.bytes;
  }

  protected override get queued(): number {
    return this.#small.count + this.#main.count;
  }

  protected override admit(hash: number): void {
    const ghosts = this.#ghosts;
    let queue = this.#small;
    if (!ghosts.isEmpty && ghosts.find(hash)) {
      const { queue: left, age } = ghosts;
      if (age <= Math.max(LESSON_PART, 2 / ghosts.keys)) this.#learn(left);
      if (left === SMALL && age <= GHOST_PART) queue = this.#main;
      ghosts.forget();
    }
    queue.push(hash);
  }

  protected override readmit(hash: number): void {
    this.#main.push(hash);
  }

  protected override clear(): void {
    this.#small.clear();
    this.#main.clear();
  }

  protected override take(): boolean {
    const small = this.#small;
    const main = this.#main;
    this.#ghosts.resize(small.count + main.count);
    for (;;) {
      const size = Math.max(1, this.#part * (small.count + main.count));
      if (small.count > 0 && (small.count >= size || main.count === 0)) {
        const hash = small.shift();
        if (!this.find(hash)) continue;
        if (this.marks() === 0) {
          this.#ghosts.add(hash, SMALL);
          return true;
        }
        this.setMarks(0);
        main.push(hash);
      } else {
        if (main.count === 0) return false;
        const hash = main.shift();
        if (!this.find(hash)) continue;
        const marks = this.marks();
        if (marks === 0) {
          this.#ghosts.add(hash, MAIN);
          return true;
        }
        this.setMarks(marks - 1);
        main.push(hash);
      }
    }
  }

  #learn(left: number): void {
    const step = 1 / Math.max(1, this.queued);
    const part = left === SMALL ? this.#part + step : this.#part - step;
    this.#part = Math.min(PART_MAX, Math.max(PART_MIN, part));
  }
}
