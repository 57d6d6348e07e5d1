/**
 * Random entries of a keyspace. A database is drawn by its number of entries, then a segment by the hashes that it covers
 * (one that covers twice as many is drawn twice as often, and holds about twice the entries), then a slot of it.
 */
import type { Database } from '../database.ts';
import type { HashIndex } from '../hash-index.ts';
import { INDEX_EXTENT_SHIFT, POSITION_MASK, SEGMENT_SHIFT, SEGMENT_WORDS, SLOT_MASK } from '../segments.ts';
import { ORDER_END } from '../walks.ts';
import type { EvictionTarget, Victim } from './policy.ts';

/** Segments and slots to try by chance before those in use are looked for. */
const TRIES = 32;

/** The entries of a database that may go. */
export function candidatesOf(database: Database, isVolatile: boolean): HashIndex | undefined {
  return isVolatile ? database.expires : database.index;
}

export class Sampler {
  /** What `run` found: pairs of hash and ref. */
  slots = new Int32Array(2);
  /** Nothing but the result of loads whose only purpose is to be made. */
  touched = 0;
  /** Of the runs under way: their segments, and the slots where they begin. */
  #segments = new Int32Array(1);
  #starts = new Int32Array(1);
  readonly #target: EvictionTarget;
  readonly #isVolatile: boolean;

  /** `isVolatile`: only of the entries with an expiry. */
  constructor(target: EvictionTarget, isVolatile: boolean) {
    this.#target = target;
    this.#isVolatile = isVolatile;
  }

  indexOf(db: number): HashIndex | undefined {
    return candidatesOf(this.#target.databases[db]!, this.#isVolatile);
  }

  /** Draws one entry, each with the same chance; false: there is none. */
  draw(drawn: Victim): boolean {
    const db = this.drawDatabase();
    if (db < 0) return false;
    const index = this.indexOf(db)!;
    const segment = this.#drawSegment(index);
    const { words, base } = placeOf(index, segment);
    let at = base;
    for (let tries = 0; tries < TRIES; tries++) {
      at = base + (this.#below(SEGMENT_WORDS >>> 1) << 1);
      if (words[at + 1] !== 0) break;
    }
    if (words[at + 1] === 0) {
      let left = this.#below(index.pool.counts[segment]!);
      for (at = base; words[at + 1] === 0 || left-- > 0; ) at += 2;
    }
    drawn.db = db;
    drawn.hash = words[at]!;
    drawn.ref = words[at + 1]!;
    return true;
  }

  /**
   * Copies `runs` times up to `wanted` entries of database `db`, which has some, that stand one behind the other from a random slot
   * on, to `slots`: neighbours there have nothing in common, and reading them costs one cache miss in the place of many. Where each run begins is
   * touched before the first is read, so that the processor waits for all of them at once. Returns how many were found.
   */
  run(db: number, wanted: number, runs: number): number {
    const most = wanted * runs;
    if (this.slots.length < most * 2) this.slots = new Int32Array(most * 2);
    if (this.#segments.length < runs) {
      this.#segments = new Int32Array(runs);
      this.#starts = new Int32Array(runs);
    }
    const index = this.indexOf(db)!;
    const segments = this.#segments;
    const starts = this.#starts;
    let touched = 0;
    for (let i = 0; i < runs; i++) {
      const segment = this.#drawSegment(index);
      const start = this.#below(SEGMENT_WORDS >>> 1);
      const words = index.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
      touched ^= words[((segment & POSITION_MASK) << SEGMENT_SHIFT) + (start << 1)]!;
      segments[i] = segment;
      starts[i] = start;
    }
    // Kept, so that the loads above are not found useless and left out.
    this.touched = touched;
    let found = 0;
    for (let i = 0; i < runs; i++) found = this.#copy(index, segments[i]!, starts[i]!, found, wanted);
    return found;
  }

  /** Copies entries of a segment from slot `start` on behind the `found` ones in `slots`, and returns how many there are then. */
  #copy(index: HashIndex, segment: number, start: number, found: number, wanted: number): number {
    const words = index.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    const { slots } = this;
    const end = found + wanted;
    let count = found;
    for (let i = 0; i <= SLOT_MASK && count < end; i++) {
      const at = base + (((start + i) & SLOT_MASK) << 1);
      const ref = words[at + 1]!;
      if (ref === 0) continue;
      slots[count << 1] = words[at]!;
      slots[(count << 1) + 1] = ref;
      count++;
    }
    return count;
  }

  /** A database by its number of entries that may go; -1: there is none. */
  drawDatabase(): number {
    const { length } = this.#target.databases;
    let total = 0;
    let last = -1;
    let used = 0;
    for (let db = 0; db < length; db++) {
      const count = this.indexOf(db)?.count ?? 0;
      if (count === 0) continue;
      total += count;
      last = db;
      used++;
    }
    if (used < 2) return last;
    let left = this.#below(total);
    for (let db = 0; db < last; db++) {
      left -= this.indexOf(db)?.count ?? 0;
      if (left < 0) return db;
    }
    return last;
  }

  /** A segment with entries, of an index that has some. */
  #drawSegment(index: HashIndex): number {
    const { counts } = index.pool;
    for (let tries = 0; tries < TRIES; tries++) {
      const segment = index.directory[this.#below(ORDER_END) & index.mask]!;
      if (counts[segment]! > 0) return segment;
    }
    for (let place = this.#below(index.mask + 1); ; place = (place + 1) & index.mask) {
      const segment = index.directory[place]!;
      if (counts[segment]! > 0) return segment;
    }
  }

  #below(end: number): number {
    return Math.floor(this.#target.random() * end);
  }
}

function placeOf(index: HashIndex, segment: number): { words: Int32Array; base: number } {
  return {
    words: index.pool.words[segment >>> INDEX_EXTENT_SHIFT]!,
    base: (segment & POSITION_MASK) << SEGMENT_SHIFT,
  };
}
