/**
 * Reading a shard's strings from another thread, without asking the shard.
 *
 *     load the stripe's version (odd: unsure) → directory → segment → slot → entry → compare the key
 *     → the caller copies the value → load the version again: unchanged, or the copy is thrown away
 *
 * Between the two loads anything may change under the reader's feet: refs, lengths and bytes are garbage until
 * the second check says otherwise. So every one is checked against bounds before it is used, a probe is at most a segment
 * long, and no result is given out as certain before a check: MISSING is checked inside `locate`, FOUND by
 * the caller with `isConsistent` after copying. A buffer that the view was not told of, or whose generation has
 * moved on (see sharing.ts), is UNSURE: the command then takes the lane to the shard, which is always right.
 *
 * The second check: plain loads may not slip past it. On x64 loads stay in order, so an atomic load is enough. On arm64 a
 * later acquire load does not hold back earlier plain loads; a read-modify-write does.
 */
import { viewedBytes } from '../base/bytes.ts';
import type { HashSeed } from '../base/hash.ts';
import { ACCESS_CLOCK, AccessRule } from './access.ts';
import {
  ACCESS_MASK,
  EXPIRY_BYTES,
  EXTENT_SHIFT,
  FLAG_EXPIRY,
  FLAG_LARGE,
  FLAG_PACKED,
  HEADER_BYTES,
  LENGTH_MASK,
  TYPE_MASK,
  TYPE_STRING,
  UNIT_MASK,
} from './layout.ts';
import {
  HOME_SHIFT,
  INDEX_EXTENT_SHIFT,
  POSITION_MASK,
  SEGMENT_SHIFT,
  SLOT_MASK,
  SLOTS,
} from './segments.ts';
import {
  GenerationOffsets,
  type HelloMessage,
  READER_WORDS,
  READERS_MAX,
  type ShareMessage,
  STRIPE_MASK,
} from './sharing.ts';

export const FOUND = 1;
export const MISSING = 0;
export const UNSURE = -1;
/** As in keyspace.ts, which a reader must not import. */
const NO_EXPIRY = -1;
const HIGH = 4294967296;

const NO_WORDS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);
/** No generation is negative: a number that was never told of fits none. */
const NEVER = -1;

export class KeyspaceView {
  readonly seed: HashSeed;
  /** The time that decides whether an entry has expired; kept up by the caller. */
  nowMs = Date.now();
  /** What `touch` writes unless uses are counted: seconds, 24 bits. */
  clockSeconds = 0;
  /** Of the located entry: the buffer's bytes, and where the value is. Valid only if `isConsistent` says so afterwards. */
  bytes: Uint8Array = NO_BYTES;
  valueStart = 0;
  /** Bytes of a string or a packed collection; 0 of any other. */
  valueLength = 0;
  /** Whether the value is a collection of more than LARGE_BYTES. */
  isLargeCollection = false;
  type = TYPE_STRING;
  /** ms since 1970, or -1. */
  expiresAt = NO_EXPIRY;

  private readonly versions: Int32Array;
  private readonly generations: Int32Array;
  private readonly depthAt: number;
  private readonly directoryAt: number;
  private readonly extentAt: number;
  private readonly indexExtentAt: number;
  private readonly directories: Int32Array[] = [];
  private readonly directoryGenerations: number[] = [];
  private readonly words: Int32Array[] = [];
  private readonly byteViews: Uint8Array[] = [];
  private readonly extentGenerations: number[] = [];
  private readonly indexWords: Int32Array[] = [];
  private readonly indexGenerations: number[] = [];
  private readonly touches: Int32Array;
  private readonly accessRule: AccessRule;
  /** Where this reader announces its touches; 0: too many readers, this one does not touch. */
  private readonly announceAt: number;
  private readonly strict: boolean;
  private stripe = 0;
  private version = 0;
  private ref = 0;
  private access = 0;

  /** `strictCheck`: the second check is a read-modify-write. By default everywhere but on x64. */
  constructor(hello: HelloMessage, strictCheck = process.arch !== 'x64') {
    this.seed = hello.seed;
    this.strict = strictCheck;
    this.versions = new Int32Array(hello.versions);
    this.generations = new Int32Array(hello.generations);
    this.touches = new Int32Array(hello.touches);
    this.accessRule = new AccessRule(this.touches);
    const offsets = new GenerationOffsets(hello.databases);
    this.depthAt = offsets.depth;
    this.directoryAt = offsets.directory;
    this.extentAt = offsets.extent;
    this.indexExtentAt = offsets.indexExtent;
    for (let db = 0; db < hello.databases; db++) {
      this.directories.push(NO_WORDS);
      this.directoryGenerations.push(NEVER);
    }
    const reader = Atomics.add(this.touches, 0, 1) + 1;
    this.announceAt = reader < READERS_MAX ? reader * READER_WORDS : 0;
  }

  /** A view from what `Keyspace.share` returned. */
  static open(messages: readonly ShareMessage[], strictCheck?: boolean): KeyspaceView {
    const hello = messages.find((message) => message.kind === 'hello');
    if (hello === undefined) throw new Error('the messages of a keyspace begin with hello');
    const view = new KeyspaceView(hello, strictCheck);
    for (const message of messages) view.accept(message);
    return view;
  }

  /**
   * Takes in one message of the owner. Messages must come in the order in which they were sent. Returns of how many bytes
   * of the owner's memory it has let go.
   */
  accept(message: ShareMessage): number {
    switch (message.kind) {
      case 'hello':
      case 'release':
        return 0;
      case 'extent': {
        const { number, buffer, byteLength } = message;
        const before = this.byteViews[number];
        // What was located last is not asked for any more.
        if (before === this.bytes) this.bytes = NO_BYTES;
        fillTo(this.words, number, NO_WORDS);
        fillTo(this.byteViews, number, NO_BYTES);
        fillTo(this.extentGenerations, number, NEVER);
        this.words[number] = buffer === null ? NO_WORDS : new Int32Array(buffer, 0, byteLength >>> 2);
        this.byteViews[number] = buffer === null ? NO_BYTES : viewedBytes(buffer, 0, byteLength);
        this.extentGenerations[number] = buffer === null ? NEVER : message.generation;
        return before?.length ?? 0;
      }
      case 'indexExtent': {
        const { number, buffer } = message;
        const before = this.indexWords[number]?.byteLength ?? 0;
        fillTo(this.indexWords, number, NO_WORDS);
        fillTo(this.indexGenerations, number, NEVER);
        this.indexWords[number] = buffer === null ? NO_WORDS : new Int32Array(buffer);
        this.indexGenerations[number] = buffer === null ? NEVER : message.generation;
        return before;
      }
      case 'directory': {
        const { database, buffer } = message;
        const before = this.directories[database]!.byteLength;
        this.directories[database] = buffer === null ? NO_WORDS : new Int32Array(buffer);
        this.directoryGenerations[database] = buffer === null ? NEVER : message.generation;
        return before;
      }
    }
  }

  /** Looks for a key: FOUND (to be checked after copying), MISSING (certain), or UNSURE. */
  locate(db: number, key: Uint8Array, start: number, end: number, hash: number): number {
    hash |= 0;
    const stripe = hash & STRIPE_MASK;
    const version = Atomics.load(this.versions, stripe);
    this.stripe = stripe;
    this.version = version;
    if ((version & 1) !== 0) return UNSURE;
    const generations = this.generations;
    const depth = generations[this.depthAt + db]!;
    if (depth < 0) return this.missing();
    if (generations[this.directoryAt + db] !== this.directoryGenerations[db]) return UNSURE;
    const segment = this.directories[db]![hash & ((1 << depth) - 1)];
    if (segment === undefined) return UNSURE;
    const number = segment >>> INDEX_EXTENT_SHIFT;
    if (number >= this.indexWords.length) return UNSURE;
    if (generations[this.indexExtentAt + number] !== this.indexGenerations[number]) return UNSURE;
    const words = this.indexWords[number]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    let slot = hash >>> HOME_SHIFT;
    for (let probes = 0; probes < SLOTS; probes++) {
      const at = base + (slot << 1);
      const ref = words[at + 1]!;
      if (ref === 0) return this.missing();
      if (words[at] === hash) {
        const result = this.examine(ref, key, start, end);
        if (result !== MISSING) return result;
      }
      slot = (slot + 1) & SLOT_MASK;
    }
    return UNSURE;
  }

  /**
   * True when nothing changed since `locate`: what was copied is what the key held at one moment.
   */
  isConsistent(): boolean {
    if (this.strict) return Atomics.add(this.versions, this.stripe, 0) === this.version;
    return Atomics.load(this.versions, this.stripe) === this.version;
  }

  /** Marks the located entry as used. Call after `isConsistent`; it may do nothing (see touches.ts). */
  touch(): void {
    const { accessRule } = this;
    const access =
      accessRule.kind === ACCESS_CLOCK
        ? this.clockSeconds & ACCESS_MASK
        : accessRule.used(this.access, this.nowMs);
    if (access === this.access || this.announceAt === 0) return;
    Atomics.store(this.touches, this.announceAt, this.ref);
    if (this.isConsistent()) {
      const bytes = this.byteViews[this.ref >>> EXTENT_SHIFT]!;
      const at = ((this.ref & UNIT_MASK) << 3) + 8;
      // Byte by byte: the fourth byte holds the flags, which only the owner may write.
      bytes[at] = access;
      bytes[at + 1] = access >>> 8;
      bytes[at + 2] = access >>> 16;
      this.access = access;
    }
    Atomics.store(this.touches, this.announceAt, 0);
  }

  /** Compares the entry's key and notes where its value is. MISSING: another key. UNSURE also when it has expired. */
  private examine(ref: number, key: Uint8Array, start: number, end: number): number {
    this.ref = 0;
    const number = ref >>> EXTENT_SHIFT;
    if (number >= this.words.length) return UNSURE;
    if (this.generations[this.extentAt + number] !== this.extentGenerations[number]) return UNSURE;
    const words = this.words[number]!;
    const bytes = this.byteViews[number]!;
    const at = (ref & UNIT_MASK) << 1;
    if (at + 6 > words.length) return UNSURE;
    const keyLength = words[at]! & LENGTH_MASK;
    if (keyLength !== end - start) return MISSING;
    const word = words[at + 2]!;
    const hasExpiry = (word & (FLAG_EXPIRY << 24)) !== 0;
    const from = (at << 2) + (hasExpiry ? HEADER_BYTES + EXPIRY_BYTES : HEADER_BYTES);
    if (from + keyLength > bytes.length) return UNSURE;
    for (let i = 0; i < keyLength; i++) {
      if (bytes[from + i] !== key[start + i]) return MISSING;
    }
    const type = (word >>> 24) & TYPE_MASK;
    const length = words[at + 1]!;
    const valueStart = from + keyLength;
    if (type === TYPE_STRING && (length < 0 || valueStart + length > bytes.length)) return UNSURE;
    let expiresAt = NO_EXPIRY;
    if (hasExpiry) {
      expiresAt = (words[at + 3]! >>> 0) + words[at + 4]! * HIGH;
      // Absent for everybody; but only the shard, asked for it, can free it.
      if (this.nowMs > expiresAt) return UNSURE;
    }
    this.bytes = bytes;
    this.valueStart = valueStart;
    const isObject = type !== TYPE_STRING && (word & (FLAG_PACKED << 24)) === 0;
    this.valueLength = isObject ? 0 : length;
    this.isLargeCollection = isObject && (word & (FLAG_LARGE << 24)) !== 0;
    this.type = type;
    this.expiresAt = expiresAt;
    this.ref = ref;
    this.access = word & ACCESS_MASK;
    return FOUND;
  }

  private missing(): number {
    return this.isConsistent() ? MISSING : UNSURE;
  }
}

/** Keeps an array without holes up to and including `last`. */
function fillTo<T>(array: T[], last: number, filler: T): void {
  while (array.length <= last) array.push(filler);
}
