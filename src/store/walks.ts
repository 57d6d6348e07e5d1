/**
 * Walking an index in an order that does not depend on its structure.
 *
 * The order is that of r, the hash with its 32 bits reversed. The directory is indexed by the *low* bits of
 * the hash, which are the *high* bits of r, so a segment of local depth d holds exactly one interval of r of length
 * 2^(32-d), and walking by r visits one segment after another:
 *
 *     r = 0                                                          2^32
 *     |----- segment 0 -----|-- segment 2 --|-- segment 6 --|- ... --|
 *
 * A cursor is the smallest r not yet visited. Splits and merges change which segment holds an interval, never a
 * key's r. So a key that is there from the first call to the last is visited exactly once, whatever happens meanwhile.
 */
import type { HashIndex } from './hash-index.ts';
import { INDEX_EXTENT_SHIFT, POSITION_MASK, SEGMENT_SHIFT, SEGMENT_WORDS, SLOTS } from './segments.ts';

/** r values end here. */
export const ORDER_END = 4294967296;

/** The 32 bits in reverse, unsigned. */
export function reverseBits(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return ((v >>> 16) | (v << 16)) >>> 0;
}

/** The segment that holds order value `r`. */
export function segmentAt(index: HashIndex, r: number): number {
  return index.directory[reverseBits(r) & index.mask]!;
}

/** The first order value behind the segment that holds `r`. */
export function segmentEnd(index: HashIndex, r: number): number {
  const span = ORDER_END / 2 ** index.pool.localDepths[segmentAt(index, r)]!;
  return (Math.floor(r / span) + 1) * span;
}

/** Copies the used slots of a segment to `target` as pairs of hash and ref, and returns how many there are. */
export function copySlots(index: HashIndex, segment: number, target: Int32Array): number {
  const words = index.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
  const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
  let n = 0;
  for (let at = base; at < base + SEGMENT_WORDS; at += 2) {
    if (words[at + 1] === 0) continue;
    target[n++] = words[at]!;
    target[n++] = words[at + 1]!;
  }
  return n >>> 1;
}

/** One walk may run inside another's visitor, so each scan has its own copy. */
class ScanBuffer {
  readonly slots = new Int32Array(SEGMENT_WORDS);
  /** r * 512 + position in `slots`: one number to sort by, exact in a double. */
  readonly order = new Float64Array(SLOTS);
}

/**
 * Visits about `count` entries from `cursor` on, all entries with an equal hash together, and returns the next cursor,
 * or 0 at the end. `visit` must not change the index.
 */
export function scanIndex(
  index: HashIndex,
  cursor: number,
  count: number,
  visit: (ref: number, hash: number) => void,
): number {
  const buffer = new ScanBuffer();
  let r = cursor >>> 0;
  let visited = 0;
  while (r < ORDER_END) {
    // Taken before the visits: deleting an entry may merge the segment with its buddy.
    const end = segmentEnd(index, r);
    const entries = copySlots(index, segmentAt(index, r), buffer.slots);
    let pending = 0;
    for (let i = 0; i < entries; i++) {
      const order = reverseBits(buffer.slots[i * 2]!);
      if (order >= r) buffer.order[pending++] = order * SLOTS + i;
    }
    const sorted = buffer.order.subarray(0, pending).sort();
    let last = -1;
    for (let i = 0; i < pending; i++) {
      const order = Math.floor(sorted[i]! / SLOTS);
      if (visited >= count && order !== last) return order;
      const slot = (sorted[i]! - order * SLOTS) * 2;
      visit(buffer.slots[slot + 1]!, buffer.slots[slot]!);
      visited++;
      last = order;
    }
    r = end;
    if (visited >= count && r < ORDER_END) return r;
  }
  return 0;
}

/** Visits every entry, segment by segment. `visit` may change the entry it is given, and remove it. */
export function forEachEntry(index: HashIndex, visit: (ref: number, hash: number) => void): void {
  const slots = new Int32Array(SEGMENT_WORDS);
  for (let r = 0; r < ORDER_END; ) {
    const segment = segmentAt(index, r);
    const end = segmentEnd(index, r);
    const entries = copySlots(index, segment, slots);
    for (let i = 0; i < entries; i++) visit(slots[i * 2 + 1]!, slots[i * 2]!);
    r = end;
  }
}

/** Segments to try before the walk from a random place. */
const RANDOM_TRIES = 64;

/**
 * A random entry's ref; 0 only when the index is empty. A random hash chooses the segment (a segment that
 * covers twice the hashes is chosen twice as often and holds about twice the entries), then each entry of it is
 * equally likely.
 */
export function randomEntry(index: HashIndex): number {
  if (index.count === 0) return 0;
  for (let tries = 0; tries < RANDOM_TRIES; tries++) {
    const segment = index.directory[Math.floor(Math.random() * ORDER_END) & index.mask]!;
    const count = index.pool.counts[segment]!;
    if (count > 0) return nthEntry(index, segment, Math.floor(Math.random() * count));
  }
  const start = Math.floor(Math.random() * (index.mask + 1));
  for (let i = 0; i <= index.mask; i++) {
    const segment = index.directory[(start + i) & index.mask]!;
    const count = index.pool.counts[segment]!;
    if (count > 0) return nthEntry(index, segment, Math.floor(Math.random() * count));
  }
  return 0;
}

function nthEntry(index: HashIndex, segment: number, nth: number): number {
  const words = index.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
  const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
  let left = nth;
  for (let at = base; at < base + SEGMENT_WORDS; at += 2) {
    if (words[at + 1] !== 0 && left-- === 0) return words[at + 1]!;
  }
  return 0;
}
