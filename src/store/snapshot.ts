/**
 * A snapshot: all entries of a keyspace as they were at one moment, the **cut**, written while the keyspace changes.
 *
 * Without fork, by a version of each entry, as Dragonfly does it for each bucket. One bit of version is enough:
 *
 *     parity of the keyspace   0 0 0 0 0 | 1 1 1 1 1 1 1 1 1 1 1 1 1
 *                                       cut                    end
 *     entry A (walked)         0 0 0 0 0   0 0 0 0 1 1 1 1 1 1 1 1 1     written by the walk
 *     entry B (changed)        0 0 0 0 0   0 0 1 1 1 1 1 1 1 1 1 1 1     written by the change, before it
 *     entry C (new)                              1 1 1 1 1 1 1 1 1 1     not part of it
 *
 * Outside of snapshots the bit (FLAG_SNAPSHOT) of all entries equals the keyspace's parity, and new ones get it. The cut
 * turns the parity over, which takes no time: now every entry is unwritten, and each that is written gets its bit turned
 * over as well. The walk goes in the order of walks.ts, a slice at a time; who changes an entry that it has not
 * reached lets it be written first (`preserve`). Each entry of the cut is written exactly once, in no particular order.
 *
 * - A database keeps the number that it had at the cut, although SWAPDB gives it another meanwhile. An entry that is moved
 *   to another database is written first.
 * - An entry that has expired is written as it is, with its expiry; when the expiry cycle deletes it, before that.
 * - A large entry is written over several slices. What has to come between (a change of another entry, compaction that
 *   moves this one) waits until it is whole: it is then finished at once, however long that takes.
 * - Emptying a database would mean to write all of it first, at once. Instead it *aborts* the snapshot, unless the
 *   database is written. The owner takes another one, which has less to write.
 * - After an abort the bits that are not turned over yet have to be, before there can be another cut: `step` goes on with
 *   that, and whoever takes the next snapshot before it says true waits for the rest.
 */
import { assert } from '../base/assert.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';
import type { SnapshotUnderWay } from './keyspace-memory.ts';
import { EXTENT_SHIFT, FLAG_SNAPSHOT, UNIT_MASK } from './layout.ts';
import { SEGMENT_WORDS } from './segments.ts';
import { copySlots, ORDER_END, segmentAt, segmentEnd } from './walks.ts';

/** Bytes of entries between two looks at the clock, and what an entry counts beside its key and value. */
const CLOCK_BYTES = 16_384;
const ENTRY_BYTES = 64;
const CACHE_LINE_WORDS = 16;

/** Where a snapshot is written to. */
export interface SnapshotSink {
  /**
   * Writes an entry of the database that had the number `db` at the cut; or goes on with the one that it said false for.
   * False: the time was up (`performance.now()` is `deadlineMs` or later) before it was whole; it is called again for the
   * same entry, with the same ref, before any other. With `deadlineMs` Infinity it must write all of it. `hash` is int32.
   *
   * It must neither throw nor change the keyspace. When it cannot write, it may call `abort` of the snapshot.
   */
  write(db: number, ref: number, hash: number, deadlineMs: number): boolean;
}

export class KeyspaceSnapshot implements SnapshotUnderWay {
  /** Entries that the keyspace had at the cut: as many are written at the end. */
  readonly entries: number;
  readonly #keyspace: Keyspace;
  readonly #sink: SnapshotSink;
  readonly #slots = new Int32Array(SEGMENT_WORDS);
  /** By their numbers at the cut. */
  readonly #databases: readonly Database[];
  /** Nothing but the result of loads whose only purpose is to be made. */
  touched = 0;
  #remaining = 0;
  #written = 0;
  #isAborted = false;
  /** Where the walk is: in which database, and the order value of the segment. */
  #walked = 0;
  #order = 0;
  /** The entry that the sink has written in part; 0: none. */
  #partRef = 0;
  #partHash = 0;
  #partDatabase: Database | undefined = undefined;

  /** The cut is now. At most one snapshot of a keyspace is under way. */
  constructor(keyspace: Keyspace, sink: SnapshotSink) {
    const last = keyspace.snapshot;
    assert(last === undefined || last.isAborted, 'one snapshot at a time');
    while (last?.step(Infinity) === false);
    this.#keyspace = keyspace;
    this.#sink = sink;
    this.#databases = [...keyspace.databases];
    keyspace.snapshotParity ^= FLAG_SNAPSHOT;
    this.#databases.forEach((database, number) => {
      database.cutNumber = number;
      database.unwritten = database.index?.count ?? 0;
      this.#remaining += database.unwritten;
    });
    this.entries = this.#remaining;
    if (this.#remaining > 0) keyspace.snapshot = this;
  }

  /** Entries written up to now. */
  get written(): number {
    return this.#written;
  }

  /** True: what was written is not the whole, and never will be. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Works for about `budgetMs`. True: all is written or, after an abort, nothing is left to do for the next one. */
  step(budgetMs: number): boolean {
    const deadline = performance.now() + budgetMs;
    if (this.#partRef !== 0 && !this.#finishPart(deadline)) return false;
    while (this.#remaining > 0) {
      const database = this.#databases[this.#walked]!;
      if (database.unwritten === 0) {
        this.#walked++;
        this.#order = 0;
      } else if (!this.#walkSegments(database, deadline)) {
        return false;
      }
    }
    return true;
  }

  /** Gives up, unless all is written. Call `step` until it says true nevertheless, so that the next cut takes no time. */
  abort(): void {
    if (this.#remaining === 0) return;
    this.#isAborted = true;
    this.#partRef = 0;
  }

  preserve(database: Database, ref: number, hash: number): void {
    if (this.#isWritten(ref)) return;
    if (this.#partRef !== 0) {
      const isSame = this.#partRef === ref;
      this.#finishPart(Infinity);
      if (isSame) return;
    }
    this.#write(database, ref, hash, Infinity);
    this.#mark(database, ref);
  }

  finish(ref: number): void {
    if (this.#partRef === ref) this.#finishPart(Infinity);
  }

  drop(database: Database): void {
    if (database.unwritten === 0) return;
    this.abort();
    this.#forget(database, database.unwritten);
  }

  /**
   * Loads the beginnings of all entries of a segment: looked at one after the other, each would cost the wait for its own
   * cache misses; these loads do not depend on each other, and are waited for together.
   */
  #warm(slots: Int32Array, count: number): void {
    const { words } = this.#keyspace.entries;
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const ref = slots[i * 2 + 1]!;
      const entry = words[ref >>> EXTENT_SHIFT]!;
      const at = (ref & UNIT_MASK) << 1;
      touched ^= entry[at + 2]! ^ entry[at + CACHE_LINE_WORDS]!;
    }
    this.touched = touched;
  }

  /** Goes on from `#order`. False: the time is up. True: no entry of the database is left. */
  #walkSegments(database: Database, deadline: number): boolean {
    let bytes = 0;
    const { entries } = this.#keyspace;
    while (database.unwritten > 0) {
      assert(this.#order < ORDER_END, 'the walk meets every entry that is not written');
      const index = database.index!;
      const end = segmentEnd(index, this.#order);
      const slots = this.#slots;
      const count = copySlots(index, segmentAt(index, this.#order), slots);
      this.#warm(slots, count);
      for (let i = 0; i < count; i++) {
        const ref = slots[i * 2 + 1]!;
        if (this.#isWritten(ref)) continue;
        const hash = slots[i * 2]!;
        if (!this.#write(database, ref, hash, deadline)) {
          this.#partDatabase = database;
          this.#partRef = ref;
          this.#partHash = hash;
          return false;
        }
        this.#mark(database, ref);
        // A collection on the heap may be of any size.
        bytes += entries.hasObject(ref) ? CLOCK_BYTES : ENTRY_BYTES + entries.contentLength(ref);
        if (bytes < CLOCK_BYTES) continue;
        // The slots from here on are copied again in the next slice: by then they may be others.
        if (performance.now() >= deadline) return false;
        bytes = 0;
      }
      this.#order = end;
    }
    return true;
  }

  /** True when the entry that was written in part is whole. */
  #finishPart(deadline: number): boolean {
    const ref = this.#partRef;
    const database = this.#partDatabase!;
    if (!this.#write(database, ref, this.#partHash, deadline)) return false;
    this.#partRef = 0;
    this.#mark(database, ref);
    return true;
  }

  /** After an abort all counts as written. */
  #write(database: Database, ref: number, hash: number, deadline: number): boolean {
    if (this.#isAborted) return true;
    const isWhole = this.#sink.write(database.cutNumber, ref, hash, deadline);
    if (this.#isAborted) return true;
    assert(isWhole || deadline !== Infinity, 'an entry is written whole when time does not matter');
    if (isWhole) this.#written++;
    return isWhole;
  }

  #isWritten(ref: number): boolean {
    return (this.#keyspace.entries.flags(ref) & FLAG_SNAPSHOT) === this.#keyspace.snapshotParity;
  }

  #mark(database: Database, ref: number): void {
    this.#keyspace.entries.turnSnapshotFlag(ref);
    this.#forget(database, 1);
  }

  /** So many entries of the database need not be written any more. */
  #forget(database: Database, entries: number): void {
    database.unwritten -= entries;
    this.#remaining -= entries;
    if (this.#remaining === 0) this.#keyspace.snapshot = undefined;
  }
}
