/**
 * The index of the members of a large sorted set: from the hash of a member to the number of the leaf that has it. It
 * grows without ever stopping for long (extendible hashing, Fagin and others 1979): the low bits of a hash choose a page from a
 * directory, and a full page is split by the next bit.
 *
 *     directory: page, page, page, …   2^depth of them, a page stands there several times while it has fewer bits
 *     page:      hash, number, hash, number, …     open addressing by the high bits of the hash; number 0: free
 */
import { LIST_BYTES, REFERENCE_BYTES, typedArrayBytes } from '../base/engine-bytes.ts';

const PAGE_SLOTS_MIN = 64;
const PAGE_SLOTS_MAX = 512;
/** Two pages are joined when both together have fewer members. */
const JOINED_MAX = PAGE_SLOTS_MAX / 4;
/** What the objects of a page and of the index take. */
const PAGE_BYTES = 48;
const INDEX_BYTES = 80 + LIST_BYTES;
const HIGH_BITS_SHIFT = 23;
/** About so many members a step of a scan. */
const SCAN_MEMBERS = 8;

class Page {
  slots: Int32Array;
  count = 0;
  /** Bits of the hash that all of its members have in common. */
  depth: number;

  constructor(depth: number, slots: number) {
    this.depth = depth;
    this.slots = new Int32Array(slots * 2);
  }

  get capacity(): number {
    return this.slots.length >>> 1;
  }

  get memoryOf(): number {
    return PAGE_BYTES + typedArrayBytes(this.slots.byteLength);
  }

  /** There is a free slot. */
  add(hash: number, number: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let at = ((hash >>> HIGH_BITS_SHIFT) << 1) & mask;
    while (slots[at + 1] !== 0) at = (at + 2) & mask;
    slots[at] = hash;
    slots[at + 1] = number;
    this.count++;
  }

  /** Frees the slot at `at`, into which those move that were put behind it for want of it. */
  free(at: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let hole = at;
    for (let next = (at + 2) & mask; slots[next + 1] !== 0; next = (next + 2) & mask) {
      const home = ((slots[next]! >>> HIGH_BITS_SHIFT) << 1) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      slots[hole] = slots[next]!;
      slots[hole + 1] = slots[next + 1]!;
      hole = next;
    }
    slots[hole + 1] = 0;
    this.count--;
  }
}

export class MemberIndex {
  #directory: Page[] = [new Page(0, PAGE_SLOTS_MIN)];
  #depth = 0;
  count = 0;
  #pageBytes: number = this.#directory[0]!.memoryOf;
  /** Where the last probe found something. */
  #page: Page = this.#directory[0]!;
  #at = 0;

  get memoryBytes(): number {
    return INDEX_BYTES + this.#pageBytes + this.#directory.length * REFERENCE_BYTES;
  }

  /** The number of a leaf that has a member with this hash; 0 when there is none. `again` goes on to another. */
  find(hash: number): number {
    this.#page = this.#directory[hash & (this.#directory.length - 1)]!;
    this.#at = ((hash >>> HIGH_BITS_SHIFT) << 1) & (this.#page.slots.length - 1);
    return this.#probe(hash);
  }

  again(hash: number): number {
    this.#at = (this.#at + 2) & (this.#page.slots.length - 1);
    return this.#probe(hash);
  }

  #probe(hash: number): number {
    const { slots } = this.#page;
    const mask = slots.length - 1;
    let at = this.#at;
    for (; slots[at + 1] !== 0; at = (at + 2) & mask) if (slots[at] === hash) break;
    this.#at = at;
    return slots[at + 1]!;
  }

  add(hash: number, number: number): void {
    this.count++;
    for (;;) {
      const page = this.#directory[hash & (this.#directory.length - 1)]!;
      if (page.count < page.capacity - (page.capacity >>> 3)) {
        page.add(hash, number);
        return;
      }
      if (page.capacity < PAGE_SLOTS_MAX) this.#resize(page, page.capacity * 2);
      // Beyond that only members with equal hashes could fill it again and again.
      else if (page.depth < HIGH_BITS_SHIFT) this.#split(page, hash);
      else this.#resize(page, page.capacity * 2);
    }
  }

  /** The member with this hash is in the leaf `to` now, no more in `from`. */
  move(hash: number, from: number, to: number): void {
    this.#seek(hash, from);
    this.#page.slots[this.#at + 1] = to;
  }

  remove(hash: number, number: number): void {
    this.#seek(hash, number);
    const page = this.#page;
    page.free(this.#at);
    this.count--;
    if (page.count < JOINED_MAX / 2 && page.depth > 0) this.#join(page, hash);
  }

  #seek(hash: number, number: number): void {
    let found = this.find(hash);
    while (found !== number) {
      if (found === 0) throw new Error('a member is not in the index');
      found = this.again(hash);
    }
  }

  #resize(page: Page, capacity: number): void {
    const { slots } = page;
    this.#pageBytes -= page.memoryOf;
    page.slots = new Int32Array(capacity * 2);
    page.count = 0;
    for (let at = 0; at < slots.length; at += 2)
      if (slots[at + 1] !== 0) page.add(slots[at]!, slots[at + 1]!);
    this.#pageBytes += page.memoryOf;
  }

  #split(page: Page, hash: number): void {
    if (page.depth === this.#depth) {
      const { length } = this.#directory;
      const directory: Page[] = new Array(2 * length);
      for (let i = 0; i < 2 * length; i++) directory[i] = this.#directory[i & (length - 1)]!;
      this.#directory = directory;
      this.#depth++;
    }
    const bit = 1 << page.depth;
    const { slots } = page;
    const depth = page.depth + 1;
    const low = new Page(depth, PAGE_SLOTS_MAX);
    const high = new Page(depth, PAGE_SLOTS_MAX);
    for (let at = 0; at < slots.length; at += 2) {
      const number = slots[at + 1]!;
      if (number !== 0) ((slots[at]! & bit) === 0 ? low : high).add(slots[at]!, number);
    }
    this.#pageBytes += low.memoryOf + high.memoryOf - page.memoryOf;
    this.#point(hash & (bit - 1), depth, low);
    this.#point((hash & (bit - 1)) | bit, depth, high);
  }

  /** Puts a page to all places of the directory whose low `depth` bits are `bits`. */
  #point(bits: number, depth: number, page: Page): void {
    for (let i = bits; i < this.#directory.length; i += 1 << depth) this.#directory[i] = page;
  }

  /** Joins a page with the one from which it was split, where both have few members. */
  #join(page: Page, hash: number): void {
    const bits = hash & ((1 << page.depth) - 1);
    const other = this.#directory[bits ^ (1 << (page.depth - 1))]!;
    if (other.depth !== page.depth || page.count + other.count >= JOINED_MAX) return;
    const joined = new Page(page.depth - 1, PAGE_SLOTS_MAX);
    for (const { slots } of [page, other]) {
      for (let at = 0; at < slots.length; at += 2) {
        if (slots[at + 1] !== 0) joined.add(slots[at]!, slots[at + 1]!);
      }
    }
    this.#pageBytes += joined.memoryOf - page.memoryOf - other.memoryOf;
    this.#point(bits & ((1 << joined.depth) - 1), joined.depth, joined);
  }

  /**
   * Visits at least `count` members, as long as there are some left, and returns the cursor to go on from, 0 at the end. The walk is in
   * the order of the hashes' bits read backwards, as Redis's: what is there all the time is visited, whatever comes and goes.
   */
  scan(cursor: number, count: number, visit: (hash: number, number: number) => void): number {
    const bits = Math.max(this.#depth, Math.ceil(Math.log2(this.count / SCAN_MEMBERS + 1)));
    const mask = (2 ** bits - 1) | 0;
    let at = cursor | 0;
    let visited = 0;
    do {
      const { slots } = this.#directory[at & (this.#directory.length - 1)]!;
      for (let i = 0; i < slots.length; i += 2) {
        if (slots[i + 1] === 0 || ((slots[i]! ^ at) & mask) !== 0) continue;
        visit(slots[i]!, slots[i + 1]!);
        visited++;
      }
      at = reversed((reversed(at | ~mask) + 1) | 0);
    } while (at !== 0 && visited < count);
    return at >>> 0;
  }
}

/** The 32 bits in the other direction. */
function reversed(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return (v >>> 16) | (v << 16);
}
