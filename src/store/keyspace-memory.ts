/** The memory of a keyspace and all reading of it: looking up, accessors, walks, counts. The base of Keyspace, which writes. */
import { type HashSeed, hashBytes } from '../base/hash.ts';
import type { Collection, CollectionLimits } from '../types/collection.ts';
import { AccessRule } from './access.ts';
import { Arena } from './arena.ts';
import { Database, type DatabaseHost } from './database.ts';
import { Entries } from './entries.ts';
import type { Arrivals } from './eviction/policy.ts';
import type { HashIndex } from './hash-index.ts';
import type { Journal } from './journal.ts';
import {
  ACCESS_MASK,
  EXPIRY_BYTES,
  EXTENT_BYTES_MAX,
  EXTENT_SHIFT,
  EXTENTS_MAX,
  FLAG_EXPIRY,
  FLAG_RAW,
  HEADER_BYTES,
  LENGTH_MASK,
  UNIT_BYTES,
  UNIT_MASK,
} from './layout.ts';
import { Objects } from './objects.ts';
import { PackedViewers } from './packed-viewers.ts';
import {
  HOME_SHIFT,
  INDEX_EXTENT_SHIFT,
  POSITION_MASK,
  SEGMENT_SHIFT,
  SegmentPool,
  SLOT_MASK,
} from './segments.ts';
import { GenerationOffsets, type ShareMessage } from './sharing.ts';
import { Stripes } from './stripes.ts';
import { Touches } from './touches.ts';
import { forEachEntry, randomEntry, scanIndex } from './walks.ts';

export const ABSENT = 0;
export const NO_EXPIRY = -1;

const RANDOM_TRIES = 100;
const WARM_PROBES = 4;
const CACHE_LINE_WORDS = 16;

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
  /** Just before an entry is deleted to make room; the accessors still work on it. */
  onEvicted?: (db: number, ref: number, hash: number) => void;
  /** Just before fields of a hash are removed because they have expired; `isAll`: nothing of it is left then. */
  onFieldsExpired?: (db: number, ref: number, isAll: boolean) => void;
  /** An entry of another type than string goes or is overwritten: its collection is not needed any more. */
  onObjectFreed?: (object: number, type: number) => void;
  /** Chance, from 0 up to 1: what is evicted, and how counters of use grow, depends on it. */
  random?: () => number;
  /** Shared by keyspaces between which collections move. */
  limits?: CollectionLimits;
}

/** What changes of a keyspace, and compaction, need of a snapshot (snapshot.ts). */
export interface SnapshotUnderWay {
  readonly isAborted: boolean;
  step(budgetMs: number): boolean;
  /** The entry is about to change, or to go: it is written as it is, unless that is done. */
  preserve(database: Database, ref: number, hash: number): void;
  /** The entry is about to move: if it is written in part it must be finished first. */
  finish(ref: number): void;
  /** All entries of the database are about to go at once. */
  drop(database: Database): void;
}

export abstract class KeyspaceMemory implements DatabaseHost {
  /** Told when a key has come that was not there; set only while somebody wants to know. */
  onCreated: ((db: number, ref: number) => void) | undefined = undefined;
  /** Told of look-ups that count, and find nothing; set only while somebody wants to know. */
  onMissed: ((db: number, key: Uint8Array) => void) | undefined = undefined;
  readonly seed: HashSeed;
  readonly options: KeyspaceOptions;
  readonly arena: Arena;
  readonly entries: Entries;
  readonly stripes = new Stripes();
  readonly touches = new Touches();
  readonly accessRule: AccessRule;
  readonly pool: SegmentPool;
  readonly expiresPool = new SegmentPool();
  readonly databases: Database[] = [];
  readonly generations: Int32Array;
  readonly offsets: GenerationOffsets;
  /** The collections that entries of other types than string stand for. */
  readonly objects: Objects;
  readonly viewers: PackedViewers;
  readonly statistics = { expired: 0, evicted: 0, hits: 0, misses: 0 };
  /** False while commands run that must not count as a use of the key. */
  touching = true;
  /** True while commands run whose look-ups count as hits or misses: those that read. */
  countsLookups = false;
  /** False while files are loaded: what has expired since may have been changed before, so it is kept until the end. */
  expires = true;
  /** Blocks that could not be freed because a reader was about to touch them. */
  readonly setAside: { ref: number; units: number }[] = [];
  /** The policy in force, told of what may be evicted from now on: all that is new, or what has an expiry from then on. */
  arrivals: Arrivals | undefined = undefined;
  /** Is told of every change; undefined: nobody is. */
  journal: Journal | undefined = undefined;
  /** Under way. Set and unset by the snapshot itself. */
  snapshot: SnapshotUnderWay | undefined = undefined;
  /** FLAG_SNAPSHOT or 0: the bit of all entries that a snapshot need not write (any more). */
  snapshotParity = 0;

  constructor(options: KeyspaceOptions) {
    this.options = options;
    this.seed = options.seed;
    this.accessRule = new AccessRule(this.touches.words, options.random);
    this.objects = new Objects(options.limits);
    this.viewers = new PackedViewers(this.objects.limits);
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
    this.pool = new SegmentPool({
      generations: this.generations.subarray(this.offsets.indexExtent),
      onShare,
    });
    for (let db = 0; db < options.databases; db++) this.databases.push(new Database(db, this));
  }

  now(): number {
    return this.options.now();
  }

  random(): number {
    return this.options.random === undefined ? Math.random() : this.options.random();
  }

  /** Deletes an entry because its time has come. */
  abstract expireEntry(db: number, ref: number, hash: number): void;

  /** The hash that all calls want: int32, a small integer for the engine. */
  hash(key: Uint8Array, start: number, end: number): number {
    return hashBytes(key, start, end, this.seed) | 0;
  }

  isExpired(ref: number): boolean {
    return this.entries.hasExpiry(ref) && this.options.now() > this.entries.expiry(ref) && this.expires;
  }

  /** Writes a use into the access word. */
  touch(ref: number): void {
    const words = this.entries.words[ref >>> EXTENT_SHIFT]!;
    const at = ((ref & UNIT_MASK) << 1) + 2;
    const word = words[at]!;
    const before = word & ACCESS_MASK;
    const access = this.accessRule.used(before, this.options.now());
    if (access !== before) words[at] = (word & ~ACCESS_MASK) | access;
  }

  /** The entry's slot, expired or not. */
  protected lookup(index: HashIndex, key: Uint8Array, start: number, end: number, hash: number): number {
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

  /** The entry of a database that stands for this object on the heap, at a key with this hash; ABSENT when there is none. */
  entryOfObject(db: number, object: number, hash: number): number {
    const index = this.databases[db]!.index;
    if (index === undefined) return ABSENT;
    const segment = index.directory[hash & index.mask]!;
    const words = this.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    for (let slot = hash >>> HOME_SHIFT; ; slot = (slot + 1) & SLOT_MASK) {
      const ref = words[base + (slot << 1) + 1]!;
      if (ref === 0) return ABSENT;
      if (words[base + (slot << 1)] !== hash || !this.hasObject(ref)) continue;
      if (this.objectOf(ref) === object) return ref;
    }
  }

  /**
   * Loads what a look-up of `hash` will read into the processor's cache, without comparing keys. The result means
   * nothing; it only makes the loads count.
   */
  warm(db: number, hash: number): number {
    const index = this.databases[db]!.index;
    if (index === undefined) return 0;
    const segment = index.directory[hash & index.mask]!;
    const words = this.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    let slot = hash >>> HOME_SHIFT;
    for (let probes = 0; probes < WARM_PROBES; probes++) {
      const at = base + (slot << 1);
      if (words[at] === hash) {
        const ref = words[at + 1]!;
        const from = (ref & UNIT_MASK) << 1;
        const entry = this.entries.words[ref >>> EXTENT_SHIFT]!;
        // An entry that is not aligned may begin in one cache line and have most of its bytes in the next.
        return entry[from]! ^ entry[from + CACHE_LINE_WORDS]!;
      }
      slot = (slot + 1) & SLOT_MASK;
    }
    return 0;
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

  /** Whether the value is a collection on the heap; otherwise its bytes are in the entry. */
  hasObject(ref: number): boolean {
    return this.entries.hasObject(ref);
  }

  /** Bytes of a string or a packed collection; the number of the object of any other. */
  valueLength(ref: number): number {
    return this.entries.word(ref, 1);
  }

  objectOf(ref: number): number {
    return this.entries.word(ref, 1);
  }

  /**
   * The collection of an entry of another type than string. A packed one is shown by an object of `viewers` that serves all of its
   * type: until the next one of that type is opened with them, or the keyspace changes.
   */
  collectionOf(ref: number, viewers: PackedViewers = this.viewers): Collection {
    const { entries } = this;
    if (entries.hasObject(ref)) return this.objects.get(entries.word(ref, 1));
    const start = this.valueStart(ref);
    return viewers.open(entries.typeOf(ref), entries.bytesOf(ref), start, start + entries.word(ref, 1));
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
   * meanwhile (see walks.ts); a key added or deleted meanwhile once or not at all. Expired keys
   * on the way are deleted. `visit` must not change the keyspace.
   */
  scan(db: number, cursor: number, count: number, visit: (ref: number) => void): number {
    const index = this.databases[db]!.index;
    if (index === undefined) return 0;
    return scanIndex(index, cursor, count, (ref, hash) => {
      if (this.isExpired(ref)) this.expireEntry(db, ref, hash);
      else visit(ref);
    });
  }

  /** Visits all keys, and deletes those that have expired instead. `visit` may delete the entry it is given. */
  forEach(db: number, visit: (ref: number, hash: number) => void): void {
    const index = this.databases[db]!.index;
    if (index === undefined) return;
    forEachEntry(index, (ref, hash) => {
      if (this.isExpired(ref)) this.expireEntry(db, ref, hash);
      else visit(ref, hash);
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

  // ---------------------------------------------------------------- memory

  /** The largest entry's block since the keyspace was last empty: no value is longer. */
  get largestEntryBytes(): number {
    return this.arena.largestUnits * UNIT_BYTES;
  }

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

  /** The same, of segments that have entries. */
  get indexUsedBytes(): number {
    let bytes = this.pool.usedBytes + this.expiresPool.usedBytes;
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

  /** Call before an entry changes while a snapshot is under way. Returns its flags. */
  preserve(db: number, ref: number, hash: number): number {
    this.snapshot?.preserve(this.databases[db]!, ref, hash);
    return this.entries.flags(ref);
  }

  /** Frees the block of an entry that is not linked any more, unless a reader is about to touch it. */
  protected release(ref: number, units: number): void {
    if (this.setAside.length > 0) this.retrySetAside();
    if (this.touches.announced(ref)) this.setAside.push({ ref, units });
    else this.arena.free(ref, units);
  }

  /** Frees what was set aside and is not announced any more. */
  retrySetAside(): void {
    for (let i = this.setAside.length - 1; i >= 0; i--) {
      const { ref, units } = this.setAside[i]!;
      if (this.touches.announced(ref)) continue;
      this.setAside[i] = this.setAside[this.setAside.length - 1]!;
      this.setAside.pop();
      this.arena.free(ref, units);
    }
  }
}
