/**
 * The keyspace of one shard: all databases' entries, in memory that other threads can read.
 *
 *     database ── index (directory → segments of slots [hash, ref]) ──► entry in the arena
 *              └─ expires index: the same, only entries with an expiry, read by the owner alone
 *
 * One thread owns it and is the only one to write; others read through KeyspaceView (view.ts). The order of a change:
 *
 * 1. make room (index slots, memory): the only steps that can fail, and they change nothing that is stored;
 * 2. write a new entry where nobody can see it;
 * 3. begin the stripe, link it (or change the entry in place), unlink the old one, end the stripe;
 * 4. free the old entry's memory (or set it aside while a reader announced a touch of it, see touches.ts).
 *
 * Hashes are taken as signed or unsigned; inside they are int32. Refs are int32, opaque, and valid until the next
 * change of the keyspace. Keys and values given as arguments must not lie in an entry that the call changes.
 * An entry is expired when the time is *after* its expiry, as in Redis.
 */
import { copyBytes } from '../base/bytes.ts';
import { Compaction } from './compaction.ts';
import { isObject } from './entries.ts';
import { ExpiryCycle } from './expiry.ts';
import { KeyspaceEviction } from './keyspace-eviction.ts';
import { ABSENT, type KeyspaceOptions, NO_EXPIRY } from './keyspace-memory.ts';
import { KEEP_EXPIRY } from './keyspace-steps.ts';
import {
  EXPIRY_BYTES,
  EXTENT_SHIFT,
  FLAG_EXPIRY,
  FLAG_PACKED,
  FLAG_RAW,
  FLAG_SLACK,
  OutOfMemory,
  TYPE_MASK,
  TYPE_STRING,
  UNIT_MASK,
  unitsFor,
} from './layout.ts';
import { EMPTY_DEPTH } from './sharing.ts';
import { forEachEntry } from './walks.ts';

export type { KeyspaceOptions } from './keyspace-memory.ts';
export { ABSENT, KEEP_EXPIRY, NO_EXPIRY, OutOfMemory };

/** At most this much is added to a value that grows, as in Redis's strings. */
const GROWTH_BYTES_MAX = 1 << 20;
/** A packed collection that grows gets an eighth of its size as room. */
const PACKED_ROOM_SHIFT = 3;

export class Keyspace extends KeyspaceEviction {
  private readonly cycle: ExpiryCycle;
  readonly compaction: Compaction;

  constructor(options: KeyspaceOptions) {
    super(options);
    this.cycle = new ExpiryCycle(this);
    this.compaction = new Compaction(this);
  }

  // ---------------------------------------------------------------- finding

  /** The entry's ref, or ABSENT. Deletes the entry when it has expired. Counts as a use, unless `touching` is off. */
  find(db: number, key: Uint8Array, start: number, end: number, hash: number): number {
    const ref = this.peek(db, key, start, end, hash);
    if (ref !== 0 && this.touching) this.touch(ref);
    return ref;
  }

  /** As `find`, but never counts as a use. */
  peek(db: number, key: Uint8Array, start: number, end: number, hash: number): number {
    const ref = this.alive(db, key, start, end, hash | 0);
    if (this.countsLookups) {
      if (ref !== 0) this.statistics.hits++;
      else this.missed(db, key, start, end);
    }
    return ref;
  }

  private missed(db: number, key: Uint8Array, start: number, end: number): void {
    this.statistics.misses++;
    if (this.onMissed !== undefined) this.onMissed(db, key.slice(start, end));
  }

  private alive(db: number, key: Uint8Array, start: number, end: number, hash: number): number {
    const index = this.databases[db]!.index;
    if (index === undefined) return ABSENT;
    const ref = this.lookup(index, key, start, end, hash);
    if (ref === 0 || !this.isExpired(ref)) return ref;
    this.expireEntry(db, ref, hash);
    return ABSENT;
  }

  // ---------------------------------------------------------------- writing

  /** Inserts a string or overwrites the entry of that key, whatever its type. Throws OutOfMemory with nothing changed. */
  setString(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAt: number,
  ): void {
    hash |= 0;
    const ref = this.peek(db, key, keyStart, keyEnd, hash);
    if (ref === 0) {
      const length = valueEnd - valueStart;
      const created = this.insert(db, key, keyStart, keyEnd, hash, TYPE_STRING, length, length, expiresAt);
      copyBytes(value, valueStart, valueEnd, this.entries.bytesOf(created), this.valueStart(created));
      this.link(db, hash, created);
      return;
    }
    if (this.writeInPlace(db, ref, hash, value, valueStart, valueEnd, expiresAt)) return;
    this.overwrite(db, key, keyStart, keyEnd, hash, ref, value, valueStart, valueEnd, expiresAt);
  }

  /**
   * Overwrites a string without moving it: the hot path, when neither the block's size nor whether there is an expiry
   * changes. False, and nothing done, when that is not so.
   */
  writeInPlace(
    db: number,
    ref: number,
    hash: number,
    value: Uint8Array,
    start: number,
    end: number,
    expiresAt: number,
  ): boolean {
    const { entries, stripes } = this;
    let flags = entries.flags(ref);
    const hasExpiry = (flags & FLAG_EXPIRY) !== 0;
    if (expiresAt !== KEEP_EXPIRY && expiresAt >= 0 !== hasExpiry) return false;
    if ((flags & (TYPE_MASK | FLAG_SLACK)) !== 0) return false;
    const length = end - start;
    if (unitsFor(entries.keyLength(ref) + length, hasExpiry) !== entries.neededUnits(ref)) return false;
    if (this.snapshot !== undefined) flags = this.preserve(db, ref, hash);
    stripes.begin(hash);
    this.refresh(ref, flags & ~FLAG_RAW);
    if (expiresAt >= 0) entries.setExpiry(ref, expiresAt);
    if (length !== entries.word(ref, 1)) entries.setWord(ref, 1, length);
    copyBytes(value, start, end, entries.bytesOf(ref), this.valueStart(ref));
    stripes.end(hash);
    if (this.journal !== undefined) this.journal.stored(db, ref);
    return true;
  }

  /** setString on an existing entry whose size, type or expiry changes. */
  private overwrite(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    ref: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAt: number,
  ): void {
    if (this.snapshot !== undefined) this.preserve(db, ref, hash);
    const { entries, arena } = this;
    const database = this.databases[db]!;
    const expiry = this.resolveExpiry(ref, expiresAt);
    const hasExpiry = expiry >= 0;
    const had = entries.hasExpiry(ref);
    const length = valueEnd - valueStart;
    const needed = unitsFor(keyEnd - keyStart + length, hasExpiry);
    const have = entries.blockUnits(ref);
    // A large block with an extent of its own is not kept for a much smaller value.
    const fits = needed <= have && !(arena.isDedicated(ref) && needed < have >>> 1);
    if (hasExpiry && !had) database.openExpires().reserve(hash);
    if (!fits && !arena.extend(ref, have, needed)) {
      const created = this.insert(db, key, keyStart, keyEnd, hash, TYPE_STRING, length, length, expiry);
      copyBytes(value, valueStart, valueEnd, entries.bytesOf(created), this.valueStart(created));
      this.supersede(db, hash, ref, created);
      return;
    }
    const flags = entries.flags(ref);
    const object = entries.word(ref, 1);
    this.stripes.begin(hash);
    entries.setWord(ref, 1, length);
    this.refresh(ref, this.snapshotParity | (hasExpiry ? FLAG_EXPIRY : 0));
    if (hasExpiry) entries.setExpiry(ref, expiry);
    // The place of the key depends on the presence of an expiry.
    if (had !== hasExpiry) copyBytes(key, keyStart, keyEnd, entries.bytesOf(ref), entries.keyStart(ref));
    copyBytes(value, valueStart, valueEnd, entries.bytesOf(ref), this.valueStart(ref));
    entries.settle(ref, Math.max(have, needed), false);
    this.stripes.end(hash);
    if (!had && hasExpiry) this.noteExpiry(database, hash, ref);
    if (had && !hasExpiry) this.forgetExpiry(database, hash, ref);
    if (isObject(flags)) this.freeObject(database, object, flags & TYPE_MASK);
    if (this.journal !== undefined) this.journal.stored(db, ref);
  }

  /**
   * Inserts an entry that stands for a collection object of the caller's, or overwrites the entry of that key. Returns
   * its ref. Throws OutOfMemory with nothing changed.
   */
  setObject(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    type: number,
    object: number,
    expiresAt: number,
  ): number {
    hash |= 0;
    const old = this.peek(db, key, keyStart, keyEnd, hash);
    const expiry = this.resolveExpiry(old, expiresAt);
    const created = this.insert(db, key, keyStart, keyEnd, hash, type, object, 0, expiry);
    return this.place(db, hash, old, created);
  }

  /**
   * Inserts a packed collection, `packed[start, end)`, or overwrites the entry of that key by it. Returns the entry's ref. Throws
   * OutOfMemory with nothing changed.
   */
  setPacked(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    type: number,
    packed: Uint8Array,
    start: number,
    end: number,
    expiresAt: number,
  ): number {
    hash |= 0;
    const old = this.peek(db, key, keyStart, keyEnd, hash);
    const expiry = this.resolveExpiry(old, expiresAt);
    const length = end - start;
    const created = this.insert(db, key, keyStart, keyEnd, hash, type | FLAG_PACKED, length, length, expiry);
    copyBytes(packed, start, end, this.entries.bytesOf(created), this.valueStart(created));
    return this.place(db, hash, old, created);
  }

  /**
   * Gives the packed collection of an entry other bytes, `packed[start, end)`, which must not lie in it, and returns the entry's new
   * ref. The journal is not told, and neither is a snapshot: whoever makes the change does both. Throws OutOfMemory with nothing changed.
   */
  rewritePacked(
    db: number,
    ref: number,
    hash: number,
    packed: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { entries, arena, stripes } = this;
    hash |= 0;
    const length = end - start;
    const hasExpiry = entries.hasExpiry(ref);
    const keyLength = entries.keyLength(ref);
    const needed = unitsFor(keyLength + length, hasExpiry);
    const have = entries.blockUnits(ref);
    if (needed > have && !arena.extend(ref, have, needed)) {
      // Some room again, so that a collection that is filled field by field does not move with each.
      const target = this.allocateBetween(needed, needed + (needed >>> PACKED_ROOM_SHIFT));
      const from = (ref & UNIT_MASK) << 1;
      const to = (target & UNIT_MASK) << 1;
      const head = entries.words[ref >>> EXTENT_SHIFT]!.subarray(
        from,
        from + unitsFor(keyLength, hasExpiry) * 2,
      );
      entries.words[target >>> EXTENT_SHIFT]!.set(head, to);
      // The copied word 0 said whether the block before the old one is free.
      entries.setWord(target, 0, keyLength);
      entries.setWord(target, 1, length);
      entries.setFlags(target, entries.flags(ref) & ~FLAG_SLACK);
      copyBytes(packed, start, end, entries.bytesOf(target), this.valueStart(target));
      entries.settle(target, this.granted, true);
      this.relink(db, hash, ref, target, have);
      return target;
    }
    stripes.begin(hash);
    entries.setWord(ref, 1, length);
    entries.setFlags(ref, entries.flags(ref) & ~FLAG_SLACK);
    copyBytes(packed, start, end, entries.bytesOf(ref), this.valueStart(ref));
    const units = Math.max(have, needed);
    entries.settle(ref, units, units - needed <= needed >>> PACKED_ROOM_SHIFT);
    stripes.end(hash);
    return ref;
  }

  /** The packed collection of an entry has outgrown its form: the entry stands for `object` from now on. Otherwise as rewritePacked. */
  unpack(db: number, ref: number, hash: number, object: number): number {
    const { entries } = this;
    const have = entries.blockUnits(ref);
    hash |= 0;
    this.stripes.begin(hash);
    entries.setWord(ref, 1, object);
    entries.setFlags(ref, entries.flags(ref) & ~(FLAG_PACKED | FLAG_SLACK));
    entries.settle(ref, have, false);
    this.stripes.end(hash);
    this.databases[db]!.objects++;
    return ref;
  }

  /**
   * Overwrites a string from `offset` on and returns the entry's new ref; `edit` may change more of it. A gap behind the old
   * end is filled with zero bytes. What grows gets as much room again (at most 1 MB), so that many appends cost little.
   */
  writeRange(
    db: number,
    ref: number,
    hash: number,
    offset: number,
    source: Uint8Array,
    start: number,
    end: number,
    edit?: (bytes: Uint8Array, valueStart: number) => void,
  ): number {
    const { entries, arena, stripes } = this;
    hash |= 0;
    if (this.snapshot !== undefined) this.preserve(db, ref, hash);
    const oldLength = entries.word(ref, 1);
    const length = Math.max(oldLength, offset + end - start);
    const hasExpiry = entries.hasExpiry(ref);
    const keyLength = entries.keyLength(ref);
    const needed = unitsFor(keyLength + length, hasExpiry);
    const oldUnits = entries.blockUnits(ref);
    let units = oldUnits;
    let target = ref;
    if (needed > units) {
      const wanted = unitsFor(keyLength + length + Math.min(length, GROWTH_BYTES_MAX), hasExpiry);
      if (arena.extend(ref, units, wanted)) {
        units = wanted;
      } else {
        target = this.allocateBetween(needed, wanted);
        units = this.granted;
        const from = (ref & UNIT_MASK) << 1;
        const words = entries.words[ref >>> EXTENT_SHIFT]!.subarray(
          from,
          from + entries.neededUnits(ref) * 2,
        );
        entries.words[target >>> EXTENT_SHIFT]!.set(words, (target & UNIT_MASK) << 1);
        // The copied word 0 said whether the block before the old one is free.
        entries.setWord(target, 0, keyLength);
      }
    }
    if (target === ref) stripes.begin(hash);
    entries.setWord(target, 1, length);
    this.refresh(target, (entries.flags(target) | FLAG_RAW) & ~FLAG_SLACK);
    const bytes = entries.bytesOf(target);
    const valueStart = this.valueStart(target);
    if (offset > oldLength) bytes.fill(0, valueStart + oldLength, valueStart + offset);
    copyBytes(source, start, end, bytes, valueStart + offset);
    edit?.(bytes, valueStart);
    entries.settle(target, units, true);
    if (target === ref) stripes.end(hash);
    else this.relink(db, hash, ref, target, oldUnits);
    if (this.journal === undefined) return target;
    if (edit === undefined) this.journal.patched(db, target, offset, offset + end - start);
    else this.journal.stored(db, target);
    return target;
  }

  /** Sets or removes (NO_EXPIRY) the expiry of an entry and returns its new ref. */
  setExpiry(db: number, ref: number, hash: number, expiresAt: number): number {
    hash |= 0;
    const had = this.entries.hasExpiry(ref);
    if (expiresAt < 0 && !had) return ref;
    if (this.snapshot !== undefined) this.preserve(db, ref, hash);
    let target = ref;
    if (expiresAt < 0) this.removeExpiry(db, ref, hash);
    else if (!had) target = this.addExpiry(db, ref, hash, expiresAt);
    else {
      this.stripes.begin(hash);
      this.entries.setExpiry(ref, expiresAt);
      this.stripes.end(hash);
    }
    if (this.journal !== undefined) this.journal.expiryChanged(db, target);
    return target;
  }

  private addExpiry(db: number, ref: number, hash: number, expiresAt: number): number {
    const { entries, stripes } = this;
    const database = this.databases[db]!;
    database.openExpires().reserve(hash);
    const content = entries.contentLength(ref);
    const needed = unitsFor(content, true);
    const have = entries.blockUnits(ref);
    const flags = entries.flags(ref);
    if (needed <= have || this.arena.extend(ref, have, needed)) {
      const from = entries.keyStart(ref);
      stripes.begin(hash);
      entries.bytesOf(ref).copyWithin(from + EXPIRY_BYTES, from, from + content);
      entries.setFlags(ref, (flags | FLAG_EXPIRY) & ~FLAG_SLACK);
      entries.setExpiry(ref, expiresAt);
      entries.settle(ref, Math.max(have, needed), (flags & FLAG_SLACK) !== 0);
      stripes.end(hash);
      this.noteExpiry(database, hash, ref);
      return ref;
    }
    const target = this.arena.allocate(needed);
    entries.setWord(target, 0, entries.keyLength(ref));
    entries.setWord(target, 1, entries.word(ref, 1));
    entries.setWord(target, 2, entries.word(ref, 2));
    entries.setFlags(target, (flags | FLAG_EXPIRY) & ~FLAG_SLACK);
    entries.setExpiry(target, expiresAt);
    const from = entries.keyStart(ref);
    copyBytes(entries.bytesOf(ref), from, from + content, entries.bytesOf(target), entries.keyStart(target));
    this.relink(db, hash, ref, target, have);
    this.noteExpiry(database, hash, target);
    return target;
  }

  private removeExpiry(db: number, ref: number, hash: number): void {
    const { entries, stripes } = this;
    const have = entries.blockUnits(ref);
    const content = entries.contentLength(ref);
    const flags = entries.flags(ref);
    const from = entries.keyStart(ref);
    stripes.begin(hash);
    entries.bytesOf(ref).copyWithin(from - EXPIRY_BYTES, from, from + content);
    entries.setFlags(ref, flags & ~(FLAG_EXPIRY | FLAG_SLACK));
    entries.settle(ref, have, (flags & FLAG_SLACK) !== 0);
    stripes.end(hash);
    this.forgetExpiry(this.databases[db]!, hash, ref);
  }

  /** Deletes a key; false when there is none (or it had expired). */
  delete(db: number, key: Uint8Array, start: number, end: number, hash: number): boolean {
    const ref = this.peek(db, key, start, end, hash);
    if (ref === 0) return false;
    this.deleteEntry(db, ref, hash);
    return true;
  }

  /** Empties a database. The memory goes back at once when no other database has keys. */
  flush(db: number): void {
    const database = this.databases[db]!;
    const index = database.index;
    if (index === undefined) return;
    this.snapshot?.drop(database);
    this.stripes.bumpAll(0, 0);
    database.publishDepth(EMPTY_DEPTH);
    this.stripes.bumpAll(0, 0);
    // From here on no reader gets at anything of this database.
    const alone = this.databases.every(
      (other) => other === database || other.index === undefined || other.index.count === 0,
    );
    if (!alone || this.options.onObjectFreed !== undefined) {
      forEachEntry(index, (ref) => {
        const flags = this.entries.flags(ref);
        if (isObject(flags)) this.freeObject(database, this.entries.word(ref, 1), flags & TYPE_MASK);
        if (!alone) this.release(ref, this.entries.blockUnits(ref));
      });
    }
    database.close();
    if (alone) {
      this.setAside.length = 0;
      this.arena.reset();
      this.objects.removeAll();
    }
    if (this.journal !== undefined) this.journal.flushed(db);
  }

  flushAll(): void {
    for (let db = 0; db < this.databases.length; db++) this.flush(db);
  }

  // ---------------------------------------------------------------- upkeep

  /** Deletes expired keys for about `budgetMs` and returns how many. Then `expireMore` says whether it should go on soon. */
  expireCycle(budgetMs: number): number {
    return this.cycle.run(budgetMs);
  }

  /**
   * Moves entries together for about `budgetMs` and returns how many moved; 0: nothing worth it is left. Refs from
   * before are invalid. For a pause of the shard, and for when memory is refused although `freeBytes` would do.
   */
  compact(budgetMs: number): number {
    return this.compaction.run(budgetMs, true);
  }

  get expireMore(): boolean {
    return this.cycle.moreLikely;
  }
}
