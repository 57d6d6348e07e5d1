/**
 * Filling a keyspace from a file.
 *
 * Stored one by one, each key waits for its own cache misses in the index, and each block of memory is looked for. Here entries
 * are written one behind the other into runs of memory, and noted; the index gets very many of them at once, sorted by its
 * segments.
 */
import { copyBytes, equalBytes, type ViewedBytes } from '../base/bytes.ts';
import type { HashIndex } from './hash-index.ts';
import type { Keyspace } from './keyspace.ts';
import {
  EXPIRY_BYTES,
  EXTENT_SHIFT,
  FLAG_EXPIRY,
  HEADER_BYTES,
  OutOfMemory,
  PREVIOUS_FREE_BIT,
  TYPE_STRING,
  UNIT_MASK,
  unitsFor,
} from './layout.ts';
import { SPLIT_COUNT } from './segments.ts';
import { SlotNotes } from './slot-notes.ts';

/** Memory for entries is taken in runs of so many units, 64 KB; entries of more than a part of it have a block of their own. */
const RUN_UNITS = 8192;
const RUN_PARTS = 8;
/** So many entries are noted before the index gets them: 16 bytes each for that long. */
const NOTES_MAX = 1 << 20;
const HIGH = 4294967296;

/** Takes in strings. Those of one key in a row: the last one counts, whatever was there. */
export class StringLoader {
  readonly #keyspace: Keyspace;
  /** What is not in the index yet, and what of that is to be in the index of expiries. */
  readonly #noted = new SlotNotes(NOTES_MAX);
  readonly #expiring = new SlotNotes(NOTES_MAX);
  readonly #isSameKey: (a: number, b: number) => boolean;
  #db = 0;
  /** The access word of what is not known to have been used. */
  #fresh = 0;
  /** The run under way: what is left of it. */
  #runRef = 0;
  #runUnits = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
    const { entries } = keyspace;
    this.#isSameKey = (a, b) => {
      const length = entries.keyLength(a);
      if (length !== entries.keyLength(b)) return false;
      return equalBytes(
        entries.bytesOf(a),
        entries.keyStart(a),
        entries.bytesOf(b),
        entries.keyStart(b),
        length,
      );
    };
  }

  /**
   * Stores a string; `expiresAt` in milliseconds since 1970, NO_EXPIRY for none; `access` is its access word, -1 for none. It is there after `flush` at the latest. Throws
   * OutOfMemory; then what was loaded up to there is in the keyspace, or some of it.
   */
  add(
    db: number,
    key: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    hash: number,
    value: ViewedBytes,
    valueStart: number,
    valueEnd: number,
    expiresAt: number,
    access = -1,
  ): void {
    const noted = this.#noted;
    if (noted.isFull || db !== this.#db) this.#link();
    if (noted.count === 0) this.#begin(db);
    const keyLength = keyEnd - keyStart;
    const length = valueEnd - valueStart;
    const hasExpiry = expiresAt >= 0;
    const ref = this.#allocate(unitsFor(keyLength + length, hasExpiry));
    const { entries, snapshotParity } = this.#keyspace;
    const words = entries.words[ref >>> EXTENT_SHIFT]!;
    const at = (ref & UNIT_MASK) << 1;
    let flags = TYPE_STRING | snapshotParity;
    if (hasExpiry) flags |= FLAG_EXPIRY;
    // It may be the first of a run, and what is before it may have been freed since.
    words[at] = keyLength | (words[at]! & PREVIOUS_FREE_BIT);
    words[at + 1] = length;
    words[at + 2] = (access < 0 ? this.#fresh : access) | (flags << 24);
    let to = (at << 2) + HEADER_BYTES;
    if (hasExpiry) {
      words[at + 3] = expiresAt | 0;
      words[at + 4] = Math.floor(expiresAt / HIGH);
      to += EXPIRY_BYTES;
    }
    const bytes = entries.bytes[ref >>> EXTENT_SHIFT]!;
    copyBytes(value, valueStart, valueEnd, bytes, copyBytes(key, keyStart, keyEnd, bytes, to));
    noted.add(hash, ref);
    if (hasExpiry) this.#expiring.add(hash, ref);
  }

  /** All that was added is there, and memory that was taken in advance is free again. */
  flush(): void {
    this.#link();
    this.#endRun();
    this.#keyspace.arrivals?.manyArrived();
  }

  #begin(db: number): void {
    this.#db = db;
    this.#fresh = this.#keyspace.accessRule.fresh(this.#keyspace.now());
  }

  #allocate(units: number): number {
    const { arena } = this.#keyspace;
    if (units > arena.largestUnits) arena.largestUnits = units;
    if (units > this.#runUnits) {
      if (units > RUN_UNITS / RUN_PARTS || !this.#beginRun(units)) return arena.allocate(units);
    }
    const ref = this.#runRef;
    this.#runRef += units;
    this.#runUnits -= units;
    // The rest is a used block without content: whoever frees a neighbour looks at its first word.
    if (this.#runUnits > 0) {
      arena.words[ref >>> EXTENT_SHIFT]![(this.#runRef & UNIT_MASK) << 1] = 0;
    }
    return ref;
  }

  /** False when there is no run of that length: what is left may do for the entry alone. */
  #beginRun(units: number): boolean {
    this.#endRun();
    const { arena } = this.#keyspace;
    const length = Math.min(RUN_UNITS, arena.dedicatedUnits);
    if (units > length) return false;
    const largest = arena.largestUnits;
    try {
      this.#runRef = arena.allocate(length);
      this.#runUnits = length;
      return true;
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      return false;
    } finally {
      // A run is no entry.
      arena.largestUnits = largest;
    }
  }

  #endRun(): void {
    if (this.#runUnits > 0) this.#keyspace.arena.free(this.#runRef, this.#runUnits);
    this.#runUnits = 0;
  }

  /** Puts what is noted into the indexes. */
  #link(): void {
    const noted = this.#noted;
    const expiring = this.#expiring;
    if (noted.count === 0) return;
    const keyspace = this.#keyspace;
    const db = this.#db;
    const database = keyspace.databases[db]!;
    const index = database.openIndex();
    let linked = 0;
    try {
      if (expiring.count > 0) this.#linkExpiring(database.openExpires());
      index.spread(noted.count);
      noted.sort(depthOf(index, noted.count));
      const { slots, count } = noted;
      for (; linked < count; linked++) {
        const hash = slots[linked << 1]!;
        const ref = slots[(linked << 1) + 1]!;
        const old = index.insertUnless(hash, ref, this.#isSameKey);
        if (old !== 0) keyspace.replaceByLoaded(db, hash, old, ref);
        else if (keyspace.journal !== undefined) keyspace.journal.stored(db, ref);
      }
    } finally {
      if (linked < noted.count) this.#drop(linked);
      noted.count = 0;
      expiring.count = 0;
    }
  }

  #linkExpiring(expires: HashIndex): void {
    const expiring = this.#expiring;
    expires.spread(expiring.count);
    expiring.sort(depthOf(expires, expiring.count));
    const { slots, count } = expiring;
    for (let at = 0; at < count << 1; at += 2) {
      const hash = slots[at]!;
      expires.reserve(hash);
      expires.insert(hash, slots[at + 1]!);
    }
  }

  /** Gives back the memory of what could not be linked. */
  #drop(from: number): void {
    const { arena, entries } = this.#keyspace;
    const { slots, count } = this.#noted;
    const { expires } = this.#keyspace.databases[this.#db]!;
    for (let at = from << 1; at < count << 1; at += 2) {
      const ref = slots[at + 1]!;
      if (expires?.seek(slots[at]!, ref)) expires.remove(slots[at]!, ref);
      arena.free(ref, entries.blockUnits(ref));
    }
  }
}

/** The depth that an index will have with so many more entries, about. */
function depthOf(index: HashIndex, more: number): number {
  return Math.max(0, 32 - Math.clz32((index.count + more) / SPLIT_COUNT));
}
