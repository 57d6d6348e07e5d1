/**
 * What the policies with queues have in common: queues of hashes (hash-queue.ts), and how entries get into them.
 *
 * New entries are told of as they come. Those that were there when the policy was set, or have been loaded from a file, are found
 * by a walk through the indexes, a segment for each eviction and each new key: nothing waits for it, and before a policy evicts it
 * knows some.
 * Hashes of entries that are gone stay in the queues until their turn comes. When they are more than the entries (many keys
 * were deleted, and none was evicted), the queues are emptied, and the walk begins anew: their order is lost, the marks are not.
 *
 * So a key may stand in a queue twice, and then its turn comes too early once; and one may be in none, which the last resort finds:
 * when the queues are empty and entries are not, the walk begins anew.
 */
import { ACCESS_MARKS, MARKS_MASK } from '../access.ts';
import {
  HOME_SHIFT,
  INDEX_EXTENT_SHIFT,
  POSITION_MASK,
  SEGMENT_SHIFT,
  SEGMENT_WORDS,
  SLOT_MASK,
} from '../segments.ts';
import { copySlots, ORDER_END, segmentAt, segmentEnd } from '../walks.ts';
import { type Arrivals, type EvictionPolicy, type EvictionTarget, Victim } from './policy.ts';
import { candidatesOf } from './sampler.ts';

/** So many hashes more than twice the entries are let be. */
const STALE_ALLOWED = 4096;

export abstract class QueuedEviction implements EvictionPolicy, Arrivals {
  readonly access = ACCESS_MARKS;
  readonly victim = new Victim();
  readonly isVolatile: boolean;
  protected readonly target: EvictionTarget;
  readonly #slots = new Int32Array(SEGMENT_WORDS);
  /** Where the walk is: the database, and the order value in it. The last database: it is over. */
  #walkDb = 0;
  #walkOrder = 0;

  constructor(target: EvictionTarget, isVolatile: boolean) {
    this.target = target;
    this.isVolatile = isVolatile;
    if (this.#candidates() === 0) this.#walkDb = target.databases.length;
  }

  get arrivals(): Arrivals {
    return this;
  }

  abstract get bytes(): number;
  /** Hashes in the queues. */
  protected abstract get queued(): number;
  /** A new entry. */
  protected abstract admit(hash: number): void;
  /** An entry that has been there, nobody knows for how long. */
  protected abstract readmit(hash: number): void;
  protected abstract clear(): void;
  /** Takes hashes out of the queues until one is the victim's; false: they are empty. */
  protected abstract take(): boolean;

  arrived(hash: number): void {
    if (this.queued > STALE_ALLOWED && this.queued > STALE_ALLOWED + 2 * this.#candidates())
      this.manyArrived();
    // Or so many might come before the next eviction that the walk meets most keys for the second time.
    if (this.#walkDb < this.target.databases.length) this.#walk();
    this.admit(hash);
  }

  manyArrived(): void {
    this.clear();
    this.#walkDb = 0;
    this.#walkOrder = 0;
  }

  choose(): boolean {
    this.#walk();
    for (let isAgain = false; !this.take(); ) {
      if (this.#walk()) continue;
      if (isAgain || this.#candidates() === 0) return false;
      isAgain = true;
      this.manyArrived();
    }
    return true;
  }

  /** Leads from a hash to its entry, into `victim`; false: it is gone, or may not go. */
  protected find(hash: number): boolean {
    const { databases } = this.target;
    for (let db = 0; db < databases.length; db++) {
      const index = candidatesOf(databases[db]!, this.isVolatile);
      if (index === undefined) continue;
      const segment = index.directory[hash & index.mask]!;
      const words = index.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
      const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
      for (let slot = hash >>> HOME_SHIFT; ; slot = (slot + 1) & SLOT_MASK) {
        const at = base + (slot << 1);
        const ref = words[at + 1]!;
        if (ref === 0) break;
        if (words[at] !== hash) continue;
        this.victim.db = db;
        this.victim.hash = hash;
        this.victim.ref = ref;
        return true;
      }
    }
    return false;
  }

  /** How often the found entry was used since its marks were set back, up to 3. */
  protected marks(): number {
    return this.target.entries.word(this.victim.ref, 2) & MARKS_MASK;
  }

  protected setMarks(marks: number): void {
    const { entries } = this.target;
    const { ref } = this.victim;
    entries.setWord(ref, 2, (entries.word(ref, 2) & ~MARKS_MASK) | marks);
  }

  #candidates(): number {
    let count = 0;
    for (const database of this.target.databases) {
      count += candidatesOf(database, this.isVolatile)?.count ?? 0;
    }
    return count;
  }

  /** Takes in the next segment of the walk; false: it is over. */
  #walk(): boolean {
    const { databases } = this.target;
    for (; this.#walkDb < databases.length; this.#walkDb++) {
      const index = candidatesOf(databases[this.#walkDb]!, this.isVolatile);
      if (index === undefined || this.#walkOrder >= ORDER_END) {
        this.#walkOrder = 0;
        continue;
      }
      const count = copySlots(index, segmentAt(index, this.#walkOrder), this.#slots);
      this.#walkOrder = segmentEnd(index, this.#walkOrder);
      for (let i = 0; i < count; i++) this.readmit(this.#slots[i << 1]!);
      return true;
    }
    return false;
  }
}
