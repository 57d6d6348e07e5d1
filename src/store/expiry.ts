/**
 * Active expiry: finding the expired keys that nobody asks for.
 *
 * Each database has a second index of the entries with an expiry (as Redis's expires dict). A cycle walks it
 * segment by segment in the order of walks.ts, from where the last cycle stopped, deletes what has expired, and
 * stops when its budget is used or when what it saw was less than 10 % stale. What it sees next is always what it
 * has not seen for longest, so a sample below 10 % means that the rest is below it as well.
 */
import type { Entries } from './entries.ts';
import type { HashIndex } from './hash-index.ts';
import { SEGMENT_WORDS } from './segments.ts';
import { copySlots, ORDER_END, segmentAt, segmentEnd } from './walks.ts';

/** Keys between two looks at the clock: some 10 µs. */
const CLOCK_STRIDE = 64;
/** A sample of this many keys, or a whole round, decides whether a database is clean enough. */
const SAMPLE_KEYS = 512;
const STALE_GOAL = 0.1;

/** What the cycle needs of a database. */
export interface ExpiringDatabase {
  expires: HashIndex | undefined;
  /** Order value of the segment that the walk is in, and how many of its slots are done. */
  walkOrder: number;
  walkSlot: number;
  averageTtlMs: number;
  /** Estimated share of expired keys among those with an expiry. */
  staleRatio: number;
}

/** What the cycle needs of the keyspace. */
export interface ExpiryTarget {
  readonly databases: readonly ExpiringDatabase[];
  readonly entries: Entries;
  now(): number;
  expireEntry(db: number, ref: number, hash: number): void;
}

export class ExpiryCycle {
  /** The last cycle stopped because of its budget: call again soon. */
  moreLikely = false;
  private readonly target: ExpiryTarget;
  private readonly slots = new Int32Array(SEGMENT_WORDS);
  private database = 0;
  private deadline = 0;

  constructor(target: ExpiryTarget) {
    this.target = target;
  }

  /** Works for about `budgetMs` and returns how many keys it deleted. */
  run(budgetMs: number): number {
    this.deadline = performance.now() + budgetMs;
    this.moreLikely = false;
    let deleted = 0;
    const databases = this.target.databases;
    for (let visited = 0; visited < databases.length; visited++) {
      deleted += this.cleanDatabase(this.database);
      if (this.moreLikely) break;
      this.database = (this.database + 1) % databases.length;
    }
    return deleted;
  }

  private cleanDatabase(number: number): number {
    const database = this.target.databases[number]!;
    const expires = database.expires;
    if (expires === undefined || expires.count === 0) {
      database.staleRatio = 0;
      return 0;
    }
    const now = this.target.now();
    let deleted = 0;
    let sampled = 0;
    let sampledStale = 0;
    let covered = 0;
    while (expires.count > 0) {
      const start = database.walkOrder;
      const end = segmentEnd(expires, start);
      const entries = copySlots(expires, segmentAt(expires, start), this.slots);
      let i = database.walkSlot;
      if (i === 0) covered += end - start;
      while (i < entries) {
        const stop = Math.min(i + CLOCK_STRIDE, entries);
        const stale = this.cleanSlots(number, i, stop, now);
        deleted += stale;
        sampled += stop - i;
        sampledStale += stale;
        // What was deleted is no longer among the slots when the walk comes back.
        database.walkSlot += stop - i - stale;
        i = stop;
        if (i < entries && performance.now() >= this.deadline) {
          this.moreLikely = true;
          break;
        }
      }
      if (i < entries) break;
      database.walkSlot = 0;
      database.walkOrder = end >= ORDER_END ? 0 : end;
      const clean = sampledStale < sampled * STALE_GOAL || sampled === 0;
      if (clean && (sampled >= SAMPLE_KEYS || covered >= ORDER_END)) break;
      if (performance.now() >= this.deadline) {
        this.moreLikely = true;
        break;
      }
      // Too much of this sample was stale: go on with a new one.
      if (sampled >= SAMPLE_KEYS || covered >= ORDER_END) {
        database.staleRatio = sampledStale / sampled;
        sampled = 0;
        sampledStale = 0;
        covered = 0;
      }
    }
    if (sampled > 0) database.staleRatio = sampledStale / sampled;
    return deleted;
  }

  /** Deletes what has expired among the copied slots [from, to) and returns how many that were. */
  private cleanSlots(number: number, from: number, to: number, now: number): number {
    const { entries } = this.target;
    const database = this.target.databases[number]!;
    let stale = 0;
    let ttlSum = 0;
    for (let i = from; i < to; i++) {
      const ref = this.slots[i * 2 + 1]!;
      const ttl = entries.expiry(ref) - now;
      if (ttl < 0) {
        this.target.expireEntry(number, ref, this.slots[i * 2]!);
        stale++;
      } else {
        ttlSum += ttl;
      }
    }
    if (to - from > stale) this.noteTtl(database, ttlSum / (to - from - stale));
    return stale;
  }

  private noteTtl(database: ExpiringDatabase, ttl: number): void {
    // A running average over some 50 samples, as Redis keeps it.
    if (database.averageTtlMs === 0) database.averageTtlMs = ttl;
    else database.averageTtlMs += (ttl - database.averageTtlMs) / 50;
  }
}
