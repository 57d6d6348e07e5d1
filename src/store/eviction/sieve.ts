/**
 * allkeys-sieve and volatile-sieve: SIEVE (Y. Zhang and others, "SIEVE is Simpler than LRU", NSDI 2024). A hand goes through the keys
 * from the oldest to the newest, takes the mark from those that were used, and evicts the first without; a used key stays where it is.
 *
 *     oldest                    hand                         newest
 *       |  passed, kept          |       to come, and new ones  |
 *
 * Two queues are exactly that: one of the keys before the hand, one of those behind it. What the hand passes goes from the second
 * to the first, and when the second is empty, the hand begins again: the queues change places.
 */
import { HashQueue } from './hash-queue.ts';
import { QueuedEviction } from './queued.ts';

export class SieveEviction extends QueuedEviction {
  #passed = new HashQueue();
  #coming = new HashQueue();

  override get bytes(): number {
    return this.#passed.bytes + this.#coming.bytes;
  }

  protected override get queued(): number {
    return this.#passed.count + this.#coming.count;
  }

  protected override admit(hash: number): void {
    this.#coming.push(hash);
  }

  protected override readmit(hash: number): void {
    this.#coming.push(hash);
  }

  protected override clear(): void {
    this.#passed.clear();
    this.#coming.clear();
  }

  protected override take(): boolean {
    for (;;) {
      if (this.#coming.count === 0) {
        if (this.#passed.count === 0) return false;
        const passed = this.#passed;
        this.#passed = this.#coming;
        this.#coming = passed;
      }
      const hash = this.#coming.shift();
      if (!this.find(hash)) continue;
      if (this.marks() === 0) return true;
      this.setMarks(0);
      this.#passed.push(hash);
    }
  }
}
