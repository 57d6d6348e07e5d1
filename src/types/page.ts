/**
 * A page of a table: records behind one another in one block of memory, and an index of them in front.
 *
 *     base                      | records          end
 *     ↓                         ↓                  ↓
 *     | slot slot slot … slot   | record record …  | free |
 *
 *     slot, 32 bits:  fingerprint, 16 bits | is large | offset of the record from `base`, 15 bits       0: none
 *
 * The index is a hash table with linear probing whose home of a record follows from its fingerprint: so a page is built anew, in
 * a larger or smaller block, without looking at any name. Removed records leave holes until then.
 */
import type { ViewedBytes } from '../base/bytes.ts';
import { pagePool, type Slab } from './block-pool.ts';
import { STUB_BYTES } from './long-records.ts';

/** The largest block. */
const PAGE_BYTES_MAX = 4096;
const SLOT_BYTES = 4;
/** What the object takes. */
const PAGE_BYTES = 152;
const OFFSET_MASK = 0x7fff;
/** In a slot: the record is not here but in an array of its own, whose number is here. */
const IS_LARGE = 0x8000;
/** Of what a page needs, what it is given, so that it does not need more at once. */
const ROOM = 1.15;

/** How many slots an index for `count` records has. One is always free. */
function slotsFor(count: number): number {
  return count + (count >>> 2) + 1;
}

/** The bytes that `count` records of `live` bytes need with their index. */
export function bytesFor(count: number, live: number): number {
  return slotsFor(count) * SLOT_BYTES + live;
}

export class Page {
  bytes!: ViewedBytes;
  words!: Int32Array;
  /** The block is `bytes[base, base + size)`; the index begins with `words[firstWord]`. */
  base = 0;
  firstWord = 0;
  size = 0;
  /** Slots, and records for which there are enough of them. */
  capacity = 0;
  countMax = 0;
  /** Records, the bytes they take, and where the next one comes, from `base`. */
  count = 0;
  live = 0;
  end = 0;
  /** How many leading bits of their hashes are the same for all names here. */
  depth: number;
  /**
   * The bytes up to which it grows: of each page others, between half of the largest block and that, because hashes fill all pages alike. If all
   * grew and split together, then one size of block after the other would be needed for all, and that which they leave for none.
   */
  readonly bytesMax: number = Math.floor(PAGE_BYTES_MAX / 2 ** Math.random());
  /** Another page with names of the same leading bits, where more of these are equal than a table tells apart. */
  next: Page | undefined = undefined;
  /** Its place in the list of the table's pages. */
  number = 0;
  #slab!: Slab;

  /** With room for `count` records of `live` bytes. */
  constructor(depth: number, count: number, live: number) {
    this.depth = depth;
    this.#allocate(count, live);
  }

  get memoryBytes(): number {
    return PAGE_BYTES + this.#slab.blockCost;
  }

  /** Whether a record of `size` bytes fits as it is. */
  takes(size: number): boolean {
    return this.count < this.countMax && this.end + size <= this.size;
  }

  /** Whether it may have `count` records of `live` bytes. */
  mayHold(count: number, live: number): boolean {
    return bytesFor(count, live) <= this.bytesMax;
  }

  #allocate(count: number, live: number): void {
    const needed = bytesFor(count, live);
    const slab = pagePool.slabFor(Math.max(needed, Math.min(Math.ceil(needed * ROOM), this.bytesMax)))!;
    this.#slab = slab;
    this.bytes = slab.bytes;
    this.words = slab.words;
    this.base = pagePool.take(slab);
    this.firstWord = this.base / SLOT_BYTES;
    this.size = slab.blockBytes;
    // As many slots as there will be records when the block is full of such as these.
    const each = count === 0 ? 16 : live / count;
    const expected = Math.max(count, Math.floor((this.size - SLOT_BYTES) / (each + SLOT_BYTES * 1.25)));
    this.capacity = Math.min(slotsFor(expected), Math.floor((this.size - live) / SLOT_BYTES));
    this.countMax = Math.max(count, Math.floor(((this.capacity - 1) * 4) / 5));
    this.end = this.capacity * SLOT_BYTES;
    this.words.fill(0, this.firstWord, this.firstWord + this.capacity);
  }

  /** Exchanges the block for one with room for `count` records of `live` bytes, which are at least those that are there. `measure` says the bytes of a record. */
  rebuild(count: number, live: number, measure: RecordMeasure): void {
    const { bytes, words, base, firstWord, capacity, end } = this;
    const slab = this.#slab;
    const isDense = end - capacity * SLOT_BYTES === this.live;
    this.#allocate(count, live);
    const moved = this.end - capacity * SLOT_BYTES;
    if (isDense) {
      this.bytes.set(bytes.subarray(base + capacity * SLOT_BYTES, base + end), this.base + this.end);
      this.end += this.live;
    }
    for (let slot = 0; slot < capacity; slot++) {
      const word = words[firstWord + slot]!;
      if (word === 0) continue;
      if (isDense) {
        this.#enter(word + moved);
        continue;
      }
      const at = base + (word & OFFSET_MASK);
      const size = isLarge(word) ? STUB_BYTES : measure.recordBytes(bytes, at);
      this.#enter((word & ~OFFSET_MASK) | this.end);
      this.bytes.set(bytes.subarray(at, at + size), this.base + this.end);
      this.end += size;
    }
    pagePool.give(slab, base);
  }

  /** Puts a slot to where it belongs. */
  #enter(word: number): void {
    const { words, firstWord, capacity } = this;
    let slot = ((word >>> 16) * capacity) >>> 16;
    while (words[firstWord + slot] !== 0) if (++slot === capacity) slot = 0;
    words[firstWord + slot] = word;
  }

  /** Makes a record of `size` bytes, for which there is room, and returns where in `bytes` it is to be written. */
  append(fingerprint: number, large: boolean, size: number): number {
    const at = this.end;
    this.#enter((fingerprint << 16) | (large ? IS_LARGE : 0) | at);
    this.end += size;
    this.live += size;
    this.count++;
    return this.base + at;
  }

  /** Removes the record of a slot, of `size` bytes here. */
  remove(slot: number, size: number): void {
    const { words, firstWord, capacity } = this;
    const offset = words[firstWord + slot]! & OFFSET_MASK;
    this.live -= size;
    this.count--;
    if (this.count === 0) this.end = capacity * SLOT_BYTES;
    else if (offset + size === this.end) this.end = offset;
    // Those behind move up unless that would put them before their home.
    let hole = slot;
    for (let next = slot; ; ) {
      if (++next === capacity) next = 0;
      const word = words[firstWord + next]!;
      if (word === 0) break;
      const home = ((word >>> 16) * capacity) >>> 16;
      const fromHome = next >= home ? next - home : next - home + capacity;
      const fromHole = next >= hole ? next - hole : next - hole + capacity;
      if (fromHome < fromHole) continue;
      words[firstWord + hole] = word;
      hole = next;
    }
    words[firstWord + hole] = 0;
  }

  /** Gives the block back. The page is of no more use. */
  release(): void {
    pagePool.give(this.#slab, this.base);
  }
}

/** Who knows how long records are. */
export interface RecordMeasure {
  /** Of the record at `bytes[at]`. */
  recordBytes(bytes: Uint8Array, at: number): number;
}

export function isLarge(word: number): boolean {
  return (word & IS_LARGE) !== 0;
}

/** From the base of the page. */
export function offsetOf(word: number): number {
  return word & OFFSET_MASK;
}
