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
import { type HashSeed, hashBytes } from '../base/hash.ts';
import { Arena } from './arena.ts';
import { Database, type DatabaseHost } from './database.ts';
import { Entries } from './entries.ts';
import { ExpiryCycle } from './expiry.ts';
import type { HashIndex } from './hash-index.ts';
import {
  ACCESS_MASK,
  accessClock,
  EXPIRY_BYTES,
  EXTENT_BYTES_MAX,
  EXTENT_SHIFT,
  EXTENTS_MAX,
  FLAG_EXPIRY,
  FLAG_RAW,
  FLAG_SLACK,
  HEADER_BYTES,
  LENGTH_MASK,
  OutOfMemory,
  TYPE_MASK,
  TYPE_STRING,
  UNIT_BYTES,
  UNIT_MASK,
  unitsFor,
} from './layout.ts';
import { HOME_SHIFT, INDEX_EXTENT_SHIFT, POSITION_MASK, SEGMENT_SHIFT, SegmentPool, SLOT_MASK } from './segments.ts';
import { EMPTY_DEPTH, GenerationOffsets, type ShareMessage } from './sharing.ts';
import { Stripes } from './stripes.ts';
import { Touches } from './touches.ts';
import { forEachEntry, randomEntry, scanIndex } from './walks.ts';

export { OutOfMemory };

export const ABSENT = 0;
export const NO_EXPIRY = -1;
export const KEEP_EXPIRY = -2;

/** At most this much is added to a value that grows, as in Redis's strings. */
const GROWTH_BYTES_MAX = 1 << 20;
const RANDOM_TRIES = 100;

export interface KeyspaceOptions {
  databases: number;
  seed: HashSeed;
  /** Milliseconds since 1970. Called often: give a clock that is read once a batch. */
  now: () => number;
  onShare?: (message: ShareMessage) => void;
  extentBytes?: number;
  maxArenaBytes?: number;
  /** Just before an expired entry is deleted; the accessors still work on it. */
  onExpired?: (db: number, ref: number, hash: number) => void;
  /** An entry of another type than string goes or is overwritten: its collection is not needed any more. */
  onObjectFreed?: (object: number, type: number) => void;
}

export class Keyspace implements DatabaseHost {
  readonly seed: HashSeed;
  readonly options: KeyspaceOptions;
  readonly arena: Arena;
  readonly entries: Entries;
  readonly stripes = new Stripes();
  readonly touches = new Touches();
  readonly pool: SegmentPool;
  readonly expiresPool = new SegmentPool();
  readonly databases: Database[] = [];
  readonly generations: Int32Array;
  readonly offsets: GenerationOffsets;
  readonly statistics = { expired: 0 };
  /** False while commands run that must not count as a use of the key. */
  touching = true;
  /** Blocks that could not be freed because a reader was about to touch them. */
  readonly setAside: { ref: number; units: number }[] = [];
  private readonly cycle: ExpiryCycle;
  private granted = 0;

  constructor(options: KeyspaceOptions) {
    this.options = options;
    this.seed = options.seed;
    this.offsets = new GenerationOffsets(options.databases);
    this.generations = new Int32Array(new SharedArrayBuffer(this.offsets.total * 4));
    const onShare = (message: ShareMessage) => this.announce(message);
    this.arena = new Arena({
      extentBytes: options.extentBytes ?? EXTENT_BYTES_MAX,
      maxArenaBytes: options.maxArenaBytes ?? Infinity,
      generations: this.generations.subarray(this.offsets.extent, this.offsets.extent + EXTENTS_MAX),
      onShare,
    });
    this.entries = new Entries(this.arena);
    this.pool = new SegmentPool({ generations: this.generations.subarray(this.offsets.indexExtent), onShare });
    for (let db = 0; db < options.databases; db++) this.databases.push(new Database(db, this));
    this.cycle = new ExpiryCycle(this);
  }

  now(): number {
    return this.options.now();
  }

  /** The hash that all calls want: int32, a small integer for the engine. */
  hash(key: Uint8Array, start: number, end: number): number {
    return hashBytes(key, start, end, this.seed) | 0;
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
    hash |= 0;
    const index = this.databases[db]!.index;
    if (index === undefined) return ABSENT;
    const ref = this.lookup(index, key, start, end, hash);
    if (ref === 0 || !this.isExpired(ref)) return ref;
    this.expireEntry(db, ref, hash);
    return ABSENT;
  }

  /** Sets the access word to the time. */
  touch(ref: number): void {
    const words = this.entries.words[ref >>> EXTENT_SHIFT]!;
    const at = ((ref & UNIT_MASK) << 1) + 2;
    const word = words[at]!;
    const clock = accessClock(this.options.now());
    if ((word & ACCESS_MASK) !== clock) words[at] = (word & ~ACCESS_MASK) | clock;
  }

  isExpired(ref: number): boolean {
    return this.entries.hasExpiry(ref) && this.options.now() > this.entries.expiry(ref);
  }

  private lookup(index: HashIndex, key: Uint8Array, start: number, end: number, hash: number): number {
    const segment = index.directory[hash & index.mask]!;
    const words = this.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    for (let slot = hash >>> HOME_SHIFT; ; slot = (slot + 1) & SLOT_MASK) {
      const at = base + (slot << 1);
      const ref = words[at + 1]!;
      if (ref === 0) return ABSENT;
      if (words[at] === hash && this.hasKey(ref, key, start, end)) return ref;
    }
  }

  private hasKey(ref: number, key: Uint8Array, start: number, end: number): boolean {
    const extent = ref >>> EXTENT_SHIFT;
    const words = this.entries.words[extent]!;
    const at = (ref & UNIT_MASK) << 1;
    const length = end - start;
    if ((words[at]! & LENGTH_MASK) !== length) return false;
    const bytes = this.entries.bytes[extent]!;
    let from = (at << 2) + HEADER_BYTES;
    if ((words[at + 2]! & (FLAG_EXPIRY << 24)) !== 0) from += EXPIRY_BYTES;
    for (let i = 0; i < length; i++) {
      if (bytes[from + i] !== key[start + i]) return false;
    }
    return true;
  }

  // ---------------------------------------------------------------- accessors

  typeOf(ref: number): number {
    return this.entries.typeOf(ref);
  }

  keyLength(ref: number): number {
    return this.entries.keyLength(ref);
  }

  /** Bytes of a string; the number of the object of any other type. */
  valueLength(ref: number): number {
    return this.entries.word(ref, 1);
  }

  objectOf(ref: number): number {
    return this.entries.word(ref, 1);
  }

  /** The bytes in which `keyStart` and `valueStart` are offsets. */
  bytesOf(ref: number): Uint8Array {
    return this.entries.bytesOf(ref);
  }

  keyStart(ref: number): number {
    return this.entries.keyStart(ref);
  }

  valueStart(ref: number): number {
    return this.entries.keyStart(ref) + this.entries.keyLength(ref);
  }

  expiry(ref: number): number {
    return this.entries.hasExpiry(ref) ? this.entries.expiry(ref) : NO_EXPIRY;
  }

  isRaw(ref: number): boolean {
    return (this.entries.flags(ref) & FLAG_RAW) !== 0;
  }

  idleSeconds(ref: number): number {
    return (accessClock(this.options.now()) - this.access(ref)) & ACCESS_MASK;
  }

  /** The 24 bits of the access word. */
  access(ref: number): number {
    return this.entries.word(ref, 2) & ACCESS_MASK;
  }

  setAccess(ref: number, access: number): void {
    const word = this.entries.word(ref, 2);
    this.entries.setWord(ref, 2, (word & ~ACCESS_MASK) | (access & ACCESS_MASK));
  }

  /** The whole block. */
  entryBytes(ref: number): number {
    return this.entries.blockUnits(ref) * UNIT_BYTES;
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
    const entries = this.entries;
    const flags = entries.flags(ref);
    // The hot path: the same size, no change of expiry or type.
    const length = valueEnd - valueStart;
    const keepsExpiry = expiresAt === KEEP_EXPIRY || (expiresAt >= 0) === ((flags & FLAG_EXPIRY) !== 0);
    if (keepsExpiry && (flags & (TYPE_MASK | FLAG_SLACK)) === 0) {
      const content = keyEnd - keyStart + length;
      const hasExpiry = (flags & FLAG_EXPIRY) !== 0;
      if (unitsFor(content, hasExpiry) === entries.neededUnits(ref)) {
        this.stripes.begin(hash);
        this.refresh(ref, flags & ~FLAG_RAW);
        if (expiresAt >= 0) entries.setExpiry(ref, expiresAt);
        if (length !== entries.word(ref, 1)) entries.setWord(ref, 1, length);
        copyBytes(value, valueStart, valueEnd, entries.bytesOf(ref), this.valueStart(ref));
        this.stripes.end(hash);
        return;
      }
    }
    this.overwrite(db, key, keyStart, keyEnd, hash, ref, value, valueStart, valueEnd, expiresAt);
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
    if (old === 0) this.link(db, hash, created);
    else this.supersede(db, hash, old, created);
    return created;
  }

  /**
   * Overwrites a string from `offset` on and returns the entry's new ref. A gap behind the old end is filled with zero
   * bytes. When the value grows it gets as much room again (at most 1 MB), so that many appends cost little.
   */
  writeRange(
    db: number,
    ref: number,
    hash: number,
    offset: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { entries, arena, stripes } = this;
    hash |= 0;
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
        const words = entries.words[ref >>> EXTENT_SHIFT]!.subarray(from, from + entries.neededUnits(ref) * 2);
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
    entries.settle(target, units, true);
    if (target === ref) stripes.end(hash);
    else this.relink(db, hash, ref, target, oldUnits);
    return target;
  }

  /** Sets or removes (NO_EXPIRY) the expiry of an entry and returns its new ref. */
  setExpiry(db: number, ref: number, hash: number, expiresAt: number): number {
    const { entries, stripes } = this;
    hash |= 0;
    const had = entries.hasExpiry(ref);
    if (expiresAt < 0) return had ? this.removeExpiry(db, ref, hash) : ref;
    if (had) {
      stripes.begin(hash);
      entries.setExpiry(ref, expiresAt);
      stripes.end(hash);
      return ref;
    }
    const expires = this.databases[db]!.openExpires();
    expires.reserve(hash);
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
      expires.insert(hash, ref);
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
    expires.insert(hash, target);
    return target;
  }

  private removeExpiry(db: number, ref: number, hash: number): number {
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
    return ref;
  }

  /** Deletes a key; false when there is none (or it had expired). */
  delete(db: number, key: Uint8Array, start: number, end: number, hash: number): boolean {
    const ref = this.peek(db, key, start, end, hash);
    if (ref === 0) return false;
    this.deleteEntry(db, ref, hash);
    return true;
  }

  deleteEntry(db: number, ref: number, hash: number): void {
    hash |= 0;
    const { entries } = this;
    const database = this.databases[db]!;
    const type = entries.typeOf(ref);
    const units = entries.blockUnits(ref);
    if (entries.hasExpiry(ref)) this.forgetExpiry(database, hash, ref);
    if (type !== TYPE_STRING) this.freeObject(database, entries.word(ref, 1), type);
    this.stripes.begin(hash);
    database.index!.remove(hash, ref);
    this.stripes.end(hash);
    this.release(ref, units);
    database.index!.tidy(hash);
  }

  /** Deletes an entry because its time has come. */
  expireEntry(db: number, ref: number, hash: number): void {
    this.statistics.expired++;
    this.options.onExpired?.(db, ref, hash);
    this.deleteEntry(db, ref, hash);
  }

  /** Empties a database. The memory goes back at once when no other database has keys. */
  flush(db: number): void {
    const database = this.databases[db]!;
    const index = database.index;
    if (index === undefined) return;
    this.stripes.bumpAll(0, 0);
    database.publishDepth(EMPTY_DEPTH);
    this.stripes.bumpAll(0, 0);
    // From here on no reader gets at anything of this database.
    const alone = this.databases.every((other) => other === database || other.index === undefined || other.index.count === 0);
    if (!alone || database.objects > 0) {
      forEachEntry(index, (ref) => {
        const type = this.entries.typeOf(ref);
        if (type !== TYPE_STRING) this.freeObject(database, this.entries.word(ref, 1), type);
        if (!alone) this.release(ref, this.entries.blockUnits(ref));
      });
    }
    database.close();
    if (!alone) return;
    this.setAside.length = 0;
    this.arena.reset();
  }

  flushAll(): void {
    for (let db = 0; db < this.databases.length; db++) this.flush(db);
  }

  // ---------------------------------------------------------------- walking

  /** Keys in the database, expired ones that nobody met yet included, as in Redis. */
  size(db: number): number {
    return this.databases[db]!.index?.count ?? 0;
  }

  expiresCount(db: number): number {
    return this.databases[db]!.expires?.count ?? 0;
  }

  /** Estimate, from the keys that the expiry cycle saw. */
  averageTtlMs(db: number): number {
    return this.expiresCount(db) === 0 ? 0 : this.databases[db]!.averageTtlMs;
  }

  /** Estimated share of keys that have expired but are still there, among those with an expiry. */
  staleRatio(db: number): number {
    return this.databases[db]!.staleRatio;
  }

  /**
   * Visits about `count` keys from `cursor` (0 at first) on and returns the next cursor, 0 at the end. Every key
   * that is there from the first call to the last is visited exactly once, although segments split and merge
   * meanwhile (see walks.ts); a key added or deleted meanwhile once or not at all. `visit` must not change the keyspace.
   */
  scan(db: number, cursor: number, count: number, visit: (ref: number) => void): number {
    const index = this.databases[db]!.index;
    if (index === undefined) return 0;
    return scanIndex(index, cursor, count, (ref) => {
      if (!this.isExpired(ref)) visit(ref);
    });
  }

  /** Visits all keys that have not expired. `visit` may delete the entry it is given. */
  forEach(db: number, visit: (ref: number, hash: number) => void): void {
    const index = this.databases[db]!.index;
    if (index === undefined) return;
    forEachEntry(index, (ref, hash) => {
      if (!this.isExpired(ref)) visit(ref, hash);
    });
  }

  /** A random key that has not expired, or ABSENT when there is none. */
  randomRef(db: number): number {
    const index = this.databases[db]!.index;
    if (index === undefined) return ABSENT;
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const ref = randomEntry(index);
      if (ref === 0 || !this.isExpired(ref)) return ref;
    }
    let first = ABSENT;
    scanIndex(index, 0, Infinity, (ref) => {
      if (first === 0 && !this.isExpired(ref)) first = ref;
    });
    return first;
  }

  /** Deletes expired keys for about `budgetMs` and returns how many. Then `expireMore` says whether it should go on soon. */
  expireCycle(budgetMs: number): number {
    return this.cycle.run(budgetMs);
  }

  get expireMore(): boolean {
    return this.cycle.moreLikely;
  }

  // ---------------------------------------------------------------- memory

  /** Blocks of entries. */
  get usedBytes(): number {
    return this.arena.usedBytes;
  }

  /** Free blocks, in extents that are taken. */
  get freeBytes(): number {
    return this.arena.freeBytes;
  }

  /** All extents. */
  get arenaBytes(): number {
    return this.arena.totalBytes;
  }

  /** Segments and directories of all indexes. */
  get indexBytes(): number {
    let bytes = this.pool.totalBytes + this.expiresPool.totalBytes;
    for (const database of this.databases) bytes += database.directoryBytes;
    return bytes;
  }

  // ---------------------------------------------------------------- sharing

  /** Everything that a new KeyspaceView must be told. */
  share(): ShareMessage[] {
    const messages: ShareMessage[] = [
      {
        kind: 'hello',
        seed: this.seed,
        databases: this.databases.length,
        versions: this.stripes.versions.buffer as SharedArrayBuffer,
        generations: this.generations.buffer as SharedArrayBuffer,
        touches: this.touches.words.buffer as SharedArrayBuffer,
      },
      ...this.arena.extents.share(),
      ...this.pool.share(),
    ];
    for (const database of this.databases) messages.push(...database.shareDirectory());
    return messages;
  }

  announce(message: ShareMessage): void {
    this.options.onShare?.(message);
  }

  // ---------------------------------------------------------------- steps

  /** The expiry that an overwritten entry gets. */
  private resolveExpiry(ref: number, expiresAt: number): number {
    if (expiresAt !== KEEP_EXPIRY) return expiresAt;
    return ref === 0 ? NO_EXPIRY : this.expiry(ref);
  }

  /** Makes room in the indexes and writes an entry that is not linked yet, without its value's bytes. */
  private insert(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    type: number,
    payload: number,
    valueLength: number,
    expiresAt: number,
  ): number {
    const database = this.databases[db]!;
    const entries = this.entries;
    const hasExpiry = expiresAt >= 0;
    database.openIndex().reserve(hash);
    if (hasExpiry) database.openExpires().reserve(hash);
    const keyLength = keyEnd - keyStart;
    const ref = this.arena.allocate(unitsFor(keyLength + valueLength, hasExpiry));
    entries.setWord(ref, 0, keyLength);
    entries.setWord(ref, 1, payload);
    const flags = hasExpiry ? type | FLAG_EXPIRY : type;
    entries.setWord(ref, 2, accessClock(this.options.now()) | (flags << 24));
    if (hasExpiry) entries.setExpiry(ref, expiresAt);
    copyBytes(key, keyStart, keyEnd, entries.bytesOf(ref), entries.keyStart(ref));
    return ref;
  }

  /** Makes a new entry visible. Room was reserved. */
  private link(db: number, hash: number, ref: number): void {
    const database = this.databases[db]!;
    if (this.entries.hasExpiry(ref)) database.expires!.insert(hash, ref);
    if (this.entries.typeOf(ref) !== TYPE_STRING) database.objects++;
    this.stripes.begin(hash);
    database.index!.insert(hash, ref);
    this.stripes.end(hash);
  }

  /** Lets an entry's slot lead to its new block, and frees the old one, of `units`. */
  private relink(db: number, hash: number, ref: number, target: number, units: number): void {
    const database = this.databases[db]!;
    if (this.entries.hasExpiry(ref) && this.entries.hasExpiry(target)) {
      database.expires!.replace(hash, ref, target);
    }
    this.stripes.begin(hash);
    database.index!.replace(hash, ref, target);
    this.stripes.end(hash);
    this.release(ref, units);
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
    const type = entries.typeOf(ref);
    const object = entries.word(ref, 1);
    this.stripes.begin(hash);
    entries.setWord(ref, 1, length);
    this.refresh(ref, hasExpiry ? FLAG_EXPIRY : 0);
    if (hasExpiry) entries.setExpiry(ref, expiry);
    // The place of the key depends on the presence of an expiry.
    if (had !== hasExpiry) copyBytes(key, keyStart, keyEnd, entries.bytesOf(ref), entries.keyStart(ref));
    copyBytes(value, valueStart, valueEnd, entries.bytesOf(ref), this.valueStart(ref));
    entries.settle(ref, Math.max(have, needed), false);
    this.stripes.end(hash);
    if (!had && hasExpiry) database.expires!.insert(hash, ref);
    if (had && !hasExpiry) this.forgetExpiry(database, hash, ref);
    if (type !== TYPE_STRING) this.freeObject(database, object, type);
  }

  /** Puts a new entry of the same key in the place of an old one. Room for its expiry was reserved. */
  private supersede(db: number, hash: number, ref: number, created: number): void {
    const { entries } = this;
    const database = this.databases[db]!;
    const had = entries.hasExpiry(ref);
    const hasExpiry = entries.hasExpiry(created);
    const type = entries.typeOf(ref);
    const object = entries.word(ref, 1);
    if (!this.touching) this.setAccess(created, this.access(ref));
    if (entries.typeOf(created) !== TYPE_STRING) database.objects++;
    if (had && !hasExpiry) this.forgetExpiry(database, hash, ref);
    this.relink(db, hash, ref, created, entries.blockUnits(ref));
    if (!had && hasExpiry) database.expires!.insert(hash, created);
    if (type !== TYPE_STRING) this.freeObject(database, object, type);
  }

  private forgetExpiry(database: Database, hash: number, ref: number): void {
    database.expires!.remove(hash, ref);
    database.expires!.tidy(hash);
  }

  /** Writes an entry's flags, and the time into its access word. */
  private refresh(ref: number, flags: number): void {
    const access = this.touching ? accessClock(this.options.now()) : this.access(ref);
    this.entries.setWord(ref, 2, access | (flags << 24));
  }

  /** A block of `wanted` units, or of `needed` when there is no memory for more; `granted` says which. */
  private allocateBetween(needed: number, wanted: number): number {
    try {
      this.granted = wanted;
      return this.arena.allocate(wanted);
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      this.granted = needed;
      return this.arena.allocate(needed);
    }
  }

  private freeObject(database: Database, object: number, type: number): void {
    database.objects--;
    this.options.onObjectFreed?.(object, type);
  }

  /** Frees the block of an entry that is not linked any more, unless a reader is about to touch it. */
  private release(ref: number, units: number): void {
    if (this.setAside.length > 0) this.retrySetAside();
    if (this.touches.announced(ref)) this.setAside.push({ ref, units });
    else this.arena.free(ref, units);
  }

  private retrySetAside(): void {
    for (let i = this.setAside.length - 1; i >= 0; i--) {
      const { ref, units } = this.setAside[i]!;
      if (this.touches.announced(ref)) continue;
      this.setAside[i] = this.setAside[this.setAside.length - 1]!;
      this.setAside.pop();
      this.arena.free(ref, units);
    }
  }
}
