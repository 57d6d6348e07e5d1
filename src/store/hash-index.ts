/**
 * One index: extendible hashing (R. Fagin and others, "Extendible Hashing: A Fast Access Method for Dynamic
 * Files", 1979) over segments of 512 slots. It grows by one segment at a time, so no insertion waits for a large table.
 *
 *     hash   31      23                                    0
 *           +--------+-------------------------+-----------+
 *           |  home  |                         | directory |
 *           +--------+-------------------------+-----------+
 *            slot inside the segment             low `depth` bits: place in the directory
 *
 * The directory maps the low bits to a segment number. A segment of local depth d holds all hashes with the same
 * low d bits, and 2^(depth - d) directory places lead to it. A split needs no key: the hash is in the slot.
 * Growing the directory copies its lower half to the upper half, so a reader that still uses the old depth
 * arrives at the right segments.
 *
 * Inside a segment: linear probing from the home slot, wrapping; removal shifts later slots back, so there are no tombstones.
 *
 * Readers: what a change can hide from a reader is bumped by the change itself, here: a split or a merge bumps all
 * stripes of the segments; a removal bumps the stripe of each slot it shifts. The caller bumps the stripe of its
 * own key around `insert`, `replace` and `remove`. Filling an empty slot disturbs nobody else.
 */
import { assert } from '../base/assert.ts';
import { OutOfMemory } from './layout.ts';
import {
  HOME_SHIFT,
  INDEX_EXTENT_SHIFT,
  POSITION_MASK,
  SEGMENT_SHIFT,
  SEGMENT_WORDS,
  type SegmentPool,
  SLOT_MASK,
  SLOTS,
  SPLIT_COUNT,
} from './segments.ts';
import { STRIPE_MASK } from './sharing.ts';
import type { Stripes } from './stripes.ts';

export const DEPTH_MAX = 22;
/** Buddies with so few entries together become one segment again: far from splitting at once. */
const MERGE_COUNT = 160;
/** A segment above this is not even looked at. */
const MERGE_CANDIDATE = 64;

/** With so many entries for each segment on average nearly all of them split. */
const SPREAD_COUNT = 480;

/** Where an index keeps its directory. */
export interface DirectoryHome {
  /** A zeroed directory of `capacity` places; told to readers by `publish`. Throws OutOfMemory. */
  allocate(capacity: number): Int32Array;
  /** The present directory; after it was filled. */
  publish(directory: Int32Array): void;
  publishDepth(depth: number): void;
}

const scratch = new Int32Array(SEGMENT_WORDS);

export class HashIndex {
  readonly pool: SegmentPool;
  directory: Int32Array;
  depth = 0;
  mask = 0;
  count = 0;
  /** Where the last successful search ended: the words of the index extent, and the slot's first word. */
  slots: Int32Array;
  at = 0;
  private readonly home: DirectoryHome;
  private readonly stripes: Stripes | undefined;

  constructor(pool: SegmentPool, home: DirectoryHome, stripes?: Stripes) {
    this.pool = pool;
    this.home = home;
    this.stripes = stripes;
    this.directory = home.allocate(1 << 10);
    this.directory[0] = pool.allocate(0);
    this.slots = pool.words[this.directory[0]! >>> INDEX_EXTENT_SHIFT]!;
    home.publish(this.directory);
    home.publishDepth(0);
  }

  /** Finds the slot with this hash and ref, and leaves it in `slots` and `at`. */
  seek(hash: number, ref: number): boolean {
    const segment = this.directory[hash & this.mask]!;
    const words = this.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    for (let slot = hash >>> HOME_SHIFT; ; slot = (slot + 1) & SLOT_MASK) {
      const at = base + (slot << 1);
      const found = words[at + 1]!;
      if (found === ref) {
        this.slots = words;
        this.at = at;
        return true;
      }
      if (found === 0) return false;
    }
  }

  /** Makes room for one entry of this hash, splitting if needed. Throws OutOfMemory, with the index still whole. */
  reserve(hash: number): void {
    for (;;) {
      const segment = this.directory[hash & this.mask]!;
      if (this.pool.counts[segment]! < SPLIT_COUNT) return;
      this.split(segment, hash);
    }
  }

  /** Splits an index without entries as far as so many will split it in any case. */
  spread(entries: number): void {
    if (this.count > 0) return;
    for (let depth = 0; entries > SPREAD_COUNT << depth && depth < DEPTH_MAX; depth++) {
      for (let place = 0; place < 1 << depth; place++) {
        const segment = this.directory[place]!;
        if (this.pool.localDepths[segment] === depth) this.split(segment, place);
      }
    }
  }

  /** Adds an entry for which `reserve` was called just before. */
  insert(hash: number, ref: number): void {
    const segment = this.directory[hash & this.mask]!;
    const words = this.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    place(words, (segment & POSITION_MASK) << SEGMENT_SHIFT, hash, ref);
    this.pool.counts[segment]!++;
    this.count++;
  }

  /**
   * Makes room for an entry and adds it, unless `isSame` says of one with the same hash that it is of the same key: then
   * nothing is done, and that one's ref is returned. 0: it was added.
   */
  insertUnless(hash: number, ref: number, isSame: (found: number, ref: number) => boolean): number {
    this.reserve(hash);
    const segment = this.directory[hash & this.mask]!;
    const words = this.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    let at = base + ((hash >>> HOME_SHIFT) << 1);
    for (let found = words[at + 1]!; found !== 0; found = words[at + 1]!) {
      if (words[at] === hash && isSame(found, ref)) return found;
      at = base + ((at - base + 2) & (SEGMENT_WORDS - 1));
    }
    this.stripes?.begin(hash);
    words[at] = hash;
    words[at + 1] = ref;
    this.stripes?.end(hash);
    this.pool.counts[segment]!++;
    this.count++;
    return 0;
  }

  /** The entry moved. */
  replace(hash: number, ref: number, newRef: number): void {
    assert(this.seek(hash, ref), 'an entry that moves is in the index');
    this.slots[this.at + 1] = newRef;
  }

  /** Removes the entry; the caller has begun the stripe of `hash`. Then `tidy` should be called, outside the stripe. */
  remove(hash: number, ref: number): void {
    assert(this.seek(hash, ref), 'an entry to be removed is in the index');
    const words = this.slots;
    const segment = this.directory[hash & this.mask]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    const ownStripe = hash & STRIPE_MASK;
    let hole = (this.at - base) >> 1;
    for (let slot = (hole + 1) & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
      const at = base + (slot << 1);
      const ref = words[at + 1]!;
      if (ref === 0) break;
      const other = words[at]!;
      // A slot may move to the hole when the hole is not before its home (counted around the segment).
      if (((slot - (other >>> HOME_SHIFT)) & SLOT_MASK) < ((slot - hole) & SLOT_MASK)) continue;
      const stripes = (other & STRIPE_MASK) === ownStripe ? undefined : this.stripes;
      stripes?.begin(other);
      words[base + (hole << 1)] = other;
      words[base + (hole << 1) + 1] = ref;
      stripes?.end(other);
      hole = slot;
    }
    words[base + (hole << 1)] = 0;
    words[base + (hole << 1) + 1] = 0;
    this.pool.counts[segment]!--;
    this.count--;
  }

  /** After a removal: merges the segment of this hash with its buddy when both are nearly empty. */
  tidy(hash: number): void {
    const { counts, localDepths } = this.pool;
    for (;;) {
      const segment = this.directory[hash & this.mask]!;
      const localDepth = localDepths[segment]!;
      if (counts[segment]! > MERGE_CANDIDATE || localDepth === 0) return;
      const buddy = this.directory[(hash ^ (1 << (localDepth - 1))) & this.mask]!;
      if (localDepths[buddy] !== localDepth || counts[segment]! + counts[buddy]! > MERGE_COUNT) return;
      this.merge(segment, buddy, hash, localDepth);
    }
  }

  /** Calls `visit` with each segment's number, and the lowest hash bits that lead to it. */
  forEachSegment(visit: (segment: number) => void): void {
    const places = 1 << this.depth;
    for (let place = 0; place < places; place++) {
      const segment = this.directory[place]!;
      // Several places lead to a segment of smaller local depth; the first of them has no higher bits.
      if (place >>> this.pool.localDepths[segment]! === 0) visit(segment);
    }
  }

  /** Gives all segments back. The index must not be used again. */
  destroy(): void {
    this.forEachSegment((segment) => {
      this.pool.release(segment);
    });
    this.count = 0;
  }

  private split(segment: number, hash: number): void {
    const localDepth = this.pool.localDepths[segment]!;
    if (localDepth >= DEPTH_MAX) throw new OutOfMemory('too many keys with the same hash bits');
    if (localDepth === this.depth) this.doubleDirectory();
    const sibling = this.pool.allocate(localDepth + 1);
    this.stripes?.bumpAll(hash, localDepth);
    this.pool.localDepths[segment] = localDepth + 1;
    const bit = 1 << localDepth;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    const words = this.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const siblingBase = (sibling & POSITION_MASK) << SEGMENT_SHIFT;
    const siblingWords = this.pool.words[sibling >>> INDEX_EXTENT_SHIFT]!;
    let moved = 0;
    const end = this.pool.counts[segment] === 0 ? 0 : SEGMENT_WORDS;
    if (end > 0) {
      scratch.set(words.subarray(base, base + SEGMENT_WORDS));
      words.fill(0, base, base + SEGMENT_WORDS);
    }
    for (let i = 0; i < end; i += 2) {
      const ref = scratch[i + 1]!;
      if (ref === 0) continue;
      if ((scratch[i]! & bit) === 0) {
        place(words, base, scratch[i]!, ref);
      } else {
        place(siblingWords, siblingBase, scratch[i]!, ref);
        moved++;
      }
    }
    this.pool.counts[segment]! -= moved;
    this.pool.counts[sibling] = moved;
    const places = 1 << this.depth;
    for (let p = (hash & (bit - 1)) | bit; p < places; p += bit << 1) this.directory[p] = sibling;
    this.stripes?.bumpAll(hash, localDepth);
  }

  /** Moves the entries of `segment` to `buddy`; both have this local depth. */
  private merge(segment: number, buddy: number, hash: number, localDepth: number): void {
    this.stripes?.bumpAll(hash, localDepth - 1);
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    const words = this.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const buddyBase = (buddy & POSITION_MASK) << SEGMENT_SHIFT;
    const buddyWords = this.pool.words[buddy >>> INDEX_EXTENT_SHIFT]!;
    if (this.pool.counts[segment]! > 0) {
      for (let slot = 0; slot < SLOTS; slot++) {
        const at = base + (slot << 1);
        if (words[at + 1] !== 0) place(buddyWords, buddyBase, words[at]!, words[at + 1]!);
      }
    }
    this.pool.counts[buddy]! += this.pool.counts[segment]!;
    this.pool.localDepths[buddy] = localDepth - 1;
    const places = 1 << this.depth;
    const step = 1 << localDepth;
    for (let p = hash & (step - 1); p < places; p += step) this.directory[p] = buddy;
    this.stripes?.bumpAll(hash, localDepth - 1);
    this.pool.release(segment);
  }

  private doubleDirectory(): void {
    const places = 1 << this.depth;
    if (places * 2 > this.directory.length) {
      const larger = this.home.allocate(Math.min(this.directory.length * 16, 1 << DEPTH_MAX));
      larger.set(this.directory);
      this.directory = larger;
      larger.copyWithin(places, 0, places);
      this.home.publish(larger);
    } else {
      this.directory.copyWithin(places, 0, places);
    }
    this.depth++;
    this.mask = (1 << this.depth) - 1;
    this.home.publishDepth(this.depth);
  }
}

/** Puts a slot into the first empty place from its home on. The ref is written last: it makes the slot exist. */
function place(words: Int32Array, base: number, hash: number, ref: number): void {
  let at = base + ((hash >>> HOME_SHIFT) << 1);
  while (words[at + 1] !== 0) at = base + ((at - base + 2) & (SEGMENT_WORDS - 1));
  words[at] = hash;
  words[at + 1] = ref;
}
