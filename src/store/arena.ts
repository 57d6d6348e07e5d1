/**
 * The allocator of the arena: segregated free lists with boundary tags (after M. Masmano and others, "TLSF: a
 * New Dynamic Memory Allocator for Real-Time Systems", 2004), in units of 8 bytes.
 *
 * - Every size below 128 units (1 KB) has a list of its own, larger ones 16 lists for each power of two. A bitmap
 *   finds the first list that must hold a fit: no search, no matter how full.
 * - A block is cut to exactly what was asked, and the rest stays free, down to one unit. Freed blocks merge with both
 *   neighbours at once. So there is no waste inside blocks, and memory freed by small values serves large
 *   ones as soon as neighbours are free, and the other way round.
 * - An allocation of more than a quarter of an extent gets an extent of its own, which goes as a whole when it is freed.
 * - An extent that becomes completely free is given back, except one.
 * - What merging cannot heal, compaction.ts does, on the caller's request. The free blocks of an extent that it empties
 *   are **withheld**: they stand in a list of their own, which no search looks into. When nothing else will do, they
 *   go back to the others, before a new extent is taken: emptying never makes the arena larger.
 *
 * All free-list links lie in the free blocks; the heads and bitmaps are on the owner's heap. The block formats are in layout.ts.
 */
import { assert } from '../base/assert.ts';
import { Extents, type ExtentsOptions } from './extents.ts';
import {
  EXTENT_SHIFT,
  EXTENTS_MAX,
  FREE_BIT,
  LENGTH_MASK,
  PREVIOUS_FREE_BIT,
  UNIT_BYTES,
  UNIT_MASK,
} from './layout.ts';

const EXACT_CLASSES = 128;
const EXACT_SHIFT = 7;
/** Lists for each power of two above: 2^4. */
const STEP_SHIFT = 4;
const CLASSES = EXACT_CLASSES + ((EXTENT_SHIFT - EXACT_SHIFT) << STEP_SHIFT);
/** How many blocks of a list of mixed sizes are tried before a new extent is taken. */
const MIXED_TRIES = 32;
/** The list of withheld blocks. It has no bit in the bitmap. */
export const WITHHELD = CLASSES;
/** So many withheld blocks go back at a time. */
const RESTORE_STRIDE = 256;

/** The list in which a free block of `units` stands. */
export function classOf(units: number): number {
  if (units < EXACT_CLASSES) return units;
  const log = 31 - Math.clz32(units);
  return (
    EXACT_CLASSES +
    ((log - EXACT_SHIFT) << STEP_SHIFT) +
    ((units >>> (log - STEP_SHIFT)) & ((1 << STEP_SHIFT) - 1))
  );
}

/** The first list in which every block has at least `units`. */
function fittingClass(units: number): number {
  if (units < EXACT_CLASSES) return units;
  const log = 31 - Math.clz32(units);
  return classOf(units + (1 << (log - STEP_SHIFT)) - 1);
}

export class Arena {
  readonly extents: Extents;
  /** The extents' views by number; the same arrays as in `extents`. */
  readonly words: Int32Array[];
  readonly bytes: Uint8Array[];
  /** Heads of the free lists, by class, and of the one of withheld blocks. */
  readonly heads = new Int32Array(CLASSES + 1);
  /** Bit c % 32 of word c / 32: list c is not empty. */
  readonly bitmap = new Int32Array(CLASSES >>> 5);
  usedUnits = 0;
  freeUnits = 0;
  /** Completely free extents that are kept: none or one. */
  emptyExtents = 0;
  /** The extent whose free blocks are withheld; -1: none. */
  sealed = -1;
  /** Extents that became free while they were sealed, since the start. */
  emptied = 0;
  /** Used units of each extent that is not dedicated. */
  readonly usedByExtent = new Int32Array(EXTENTS_MAX);
  /**
   * A block's start that stays one: when the block is merged into another, the other's start. Compaction keeps its
   * place with it; 0: nothing to keep.
   */
  boundary = 0;
  /** The largest block since the arena was last empty. */
  largestUnits = 0;
  /** Blocks in one ordinary extent, in units. */
  readonly areaUnits: number;
  /** A longer block gets an extent of its own. */
  readonly dedicatedUnits: number;

  constructor(options: ExtentsOptions) {
    this.extents = new Extents(options);
    this.words = this.extents.words;
    this.bytes = this.extents.bytes;
    this.areaUnits = this.extents.extentBytes / UNIT_BYTES - 2;
    this.dedicatedUnits = Math.floor(this.extents.extentBytes / UNIT_BYTES / 4);
  }

  get usedBytes(): number {
    return this.usedUnits * UNIT_BYTES;
  }

  get freeBytes(): number {
    return this.freeUnits * UNIT_BYTES;
  }

  get totalBytes(): number {
    return this.extents.totalBytes;
  }

  isDedicated(ref: number): boolean {
    return this.extents.dedicated[ref >>> EXTENT_SHIFT] === 1;
  }

  /** A block of exactly `units`, whose word 0 is 0. Throws OutOfMemory with nothing changed. */
  allocate(units: number): number {
    if (units > this.largestUnits) this.largestUnits = units;
    if (units > this.dedicatedUnits) return this.allocateDedicated(units);
    let ref = this.take(units);
    if (ref === 0) ref = this.takeWithheld(units);
    if (ref === 0) {
      this.addExtent();
      ref = this.take(units);
    }
    return ref;
  }

  /** As `allocate`, but 0 when no free block in an extent in use will do. Not for what gets an extent of its own. */
  allocateBeside(units: number): number {
    const ref = this.find(units);
    return ref === 0 || this.freeSize(ref) === this.areaUnits ? 0 : this.cut(ref, units);
  }

  /** Frees the block of `units` at `ref`. */
  free(ref: number, units: number): void {
    const number = ref >>> EXTENT_SHIFT;
    this.usedUnits -= units;
    if (this.extents.dedicated[number] === 1) {
      this.extents.drop(number);
      return;
    }
    this.freeUnits += units;
    this.usedByExtent[number]! -= units;
    const words = this.words[number]!;
    let start = ref & UNIT_MASK;
    let size = units;
    const next = words[(start + units) << 1]!;
    if (next < 0) {
      const nextSize = next & LENGTH_MASK;
      this.unlink(words, ref + units, nextSize);
      size += nextSize;
    }
    if ((words[start << 1]! & PREVIOUS_FREE_BIT) !== 0) {
      const previousSize = words[(start << 1) - 1]!;
      start -= previousSize;
      size += previousSize;
      this.unlink(words, (number << EXTENT_SHIFT) | start, previousSize);
    }
    const first = (number << EXTENT_SHIFT) | start;
    if (this.boundary > first && this.boundary < first + size) this.boundary = first;
    if (size === this.areaUnits) {
      if (this.emptyExtents > 0 || number === this.sealed) {
        this.dropExtent(number);
        return;
      }
      this.emptyExtents++;
    }
    this.makeFree(words, first, size);
  }

  /** Begins to empty an extent: `withhold` is to be called for the free blocks that it has now. */
  seal(number: number): void {
    assert(this.heads[WITHHELD] === 0, 'one extent is emptied at a time');
    this.sealed = number;
  }

  /** Takes a free block of the sealed extent out of the allocator's sight. */
  withhold(ref: number): void {
    const words = this.words[ref >>> EXTENT_SHIFT]!;
    const size = this.freeSize(ref);
    this.unlink(words, ref, size);
    this.enlist(words, ref, size);
  }

  /** Ends emptying, and gives up to `count` withheld blocks back to the allocator. False: there were none. */
  restore(count: number): boolean {
    this.sealed = -1;
    if (this.heads[WITHHELD] === 0) return false;
    for (let i = 0; i < count; i++) {
      const ref = this.heads[WITHHELD]!;
      if (ref === 0) break;
      this.withhold(ref);
    }
    return true;
  }

  /** Gives the completely free extent back that is kept for the next allocations. */
  dropSpare(): void {
    if (this.emptyExtents === 0) return;
    for (let number = 0; number < this.words.length; number++) {
      const words = this.words[number]!;
      if (words.length === 0 || this.extents.dedicated[number] === 1) continue;
      if (this.usedByExtent[number]! > 0) continue;
      this.emptyExtents--;
      this.unlink(words, (number << EXTENT_SHIFT) | 1, this.areaUnits);
      this.dropExtent(number);
    }
  }

  /** Of an extent without used blocks, whose free block is in no list. */
  private dropExtent(number: number): void {
    this.freeUnits -= this.areaUnits;
    if (this.boundary !== 0 && this.boundary >>> EXTENT_SHIFT === number) this.boundary = 0;
    if (number === this.sealed) {
      this.sealed = -1;
      this.emptied++;
    }
    this.extents.drop(number);
  }

  /** The size of the free block at `ref`. */
  freeSize(ref: number): number {
    return this.words[ref >>> EXTENT_SHIFT]![(ref & UNIT_MASK) << 1]! & LENGTH_MASK;
  }

  /** Moves the used block of `units` at `ref` down to the start of the hole right before it; the hole is then behind it. */
  slideDown(hole: number, ref: number, units: number): void {
    const words = this.words[ref >>> EXTENT_SHIFT]!;
    const to = (hole & UNIT_MASK) << 1;
    const from = (ref & UNIT_MASK) << 1;
    let size = ref - hole;
    const next = words[from + (units << 1)]!;
    this.unlink(words, hole, size);
    words.copyWithin(to, from, from + (units << 1));
    words[to]! &= ~PREVIOUS_FREE_BIT;
    if (next < 0) {
      const nextSize = next & LENGTH_MASK;
      this.unlink(words, ref + units, nextSize);
      size += nextSize;
    }
    this.makeFree(words, hole + units, size);
  }

  /** Cuts a block from `have` to `need` units and frees the rest. Not for dedicated extents. */
  shrink(ref: number, have: number, need: number): void {
    const tail = ref + need;
    this.words[ref >>> EXTENT_SHIFT]![(tail & UNIT_MASK) << 1] = 0;
    this.free(tail, have - need);
  }

  /** Grows a block in place when the free block behind it is large enough. */
  extend(ref: number, have: number, need: number): boolean {
    if (need > this.largestUnits) this.largestUnits = need;
    // What grows out of an extent that is to become free is one block less to move.
    if (this.isDedicated(ref) || ref >>> EXTENT_SHIFT === this.sealed) return false;
    const words = this.words[ref >>> EXTENT_SHIFT]!;
    const next = words[((ref & UNIT_MASK) + have) << 1]!;
    if (next >= 0) return false;
    const nextSize = next & LENGTH_MASK;
    const rest = have + nextSize - need;
    if (rest < 0) return false;
    this.unlink(words, ref + have, nextSize);
    if (rest > 0) this.makeFree(words, ref + need, rest);
    else words[((ref & UNIT_MASK) + need) << 1]! &= ~PREVIOUS_FREE_BIT;
    if (this.boundary > ref && this.boundary < ref + need) this.boundary = ref;
    this.usedByExtent[ref >>> EXTENT_SHIFT]! += need - have;
    this.usedUnits += need - have;
    this.freeUnits -= need - have;
    return true;
  }

  /** Forgets all blocks and gives all extents back. */
  reset(): void {
    this.extents.dropAll();
    this.heads.fill(0);
    this.bitmap.fill(0);
    this.usedUnits = 0;
    this.freeUnits = 0;
    this.emptyExtents = 0;
    this.sealed = -1;
    this.usedByExtent.fill(0);
    this.boundary = 0;
    this.largestUnits = 0;
  }

  private allocateDedicated(units: number): number {
    const number = this.extents.add((units + 2) * UNIT_BYTES, true);
    this.usedUnits += units;
    return (number << EXTENT_SHIFT) | 1;
  }

  private addExtent(): void {
    const number = this.extents.add(this.extents.extentBytes, false);
    this.emptyExtents++;
    this.freeUnits += this.areaUnits;
    this.makeFree(this.words[number]!, (number << EXTENT_SHIFT) | 1, this.areaUnits);
  }

  private take(units: number): number {
    const ref = this.find(units);
    return ref === 0 ? 0 : this.cut(ref, units);
  }

  /** As `take`, when nothing is left but what is withheld. */
  private takeWithheld(units: number): number {
    let ref = 0;
    while (ref === 0 && this.restore(RESTORE_STRIDE)) ref = this.take(units);
    return ref;
  }

  /** A free block of at least `units`, or 0. */
  private find(units: number): number {
    const found = this.firstList(fittingClass(units));
    if (found >= 0) return this.heads[found]!;
    return units < EXACT_CLASSES ? 0 : this.searchMixed(classOf(units), units);
  }

  /** Uses the first `units` of a free block. */
  private cut(ref: number, units: number): number {
    const words = this.words[ref >>> EXTENT_SHIFT]!;
    const at = (ref & UNIT_MASK) << 1;
    const size = words[at]! & LENGTH_MASK;
    if (size === this.areaUnits) this.emptyExtents--;
    this.unlink(words, ref, size);
    if (size > units) this.makeFree(words, ref + units, size - units);
    else words[at + (units << 1)]! &= ~PREVIOUS_FREE_BIT;
    words[at] = 0;
    this.usedByExtent[ref >>> EXTENT_SHIFT]! += units;
    this.usedUnits += units;
    this.freeUnits -= units;
    return ref;
  }

  /** The first list from `from` on that is not empty, or -1. */
  private firstList(from: number): number {
    const bitmap = this.bitmap;
    let word = from >>> 5;
    if (word >= bitmap.length) return -1;
    let bits = bitmap[word]! & (-1 << (from & 31));
    while (bits === 0) {
      if (++word === bitmap.length) return -1;
      bits = bitmap[word]!;
    }
    return (word << 5) + (31 - Math.clz32(bits & -bits));
  }

  private searchMixed(list: number, units: number): number {
    let ref = this.heads[list]!;
    for (let tries = 0; ref !== 0 && tries < MIXED_TRIES; tries++) {
      const words = this.words[ref >>> EXTENT_SHIFT]!;
      const at = (ref & UNIT_MASK) << 1;
      if ((words[at]! & LENGTH_MASK) >= units) return ref;
      ref = words[at + 1]!;
    }
    return 0;
  }

  /** Writes a free block and puts it at the head of its list. Its predecessor is a used block. */
  private makeFree(words: Int32Array, ref: number, size: number): void {
    const at = (ref & UNIT_MASK) << 1;
    const end = at + (size << 1);
    words[at] = FREE_BIT | size;
    words[end - 1] = size;
    words[end]! |= PREVIOUS_FREE_BIT;
    this.enlist(words, ref, size);
  }

  /** Puts a free block at the head of its list. */
  private enlist(words: Int32Array, ref: number, size: number): void {
    if (size === 1) return;
    const at = (ref & UNIT_MASK) << 1;
    const list = ref >>> EXTENT_SHIFT === this.sealed ? WITHHELD : classOf(size);
    const head = this.heads[list]!;
    words[at + 1] = head;
    words[at + 2] = 0;
    if (head !== 0) this.words[head >>> EXTENT_SHIFT]![((head & UNIT_MASK) << 1) + 2] = ref;
    else if (list !== WITHHELD) this.bitmap[list >>> 5]! |= 1 << (list & 31);
    this.heads[list] = ref;
  }

  private unlink(words: Int32Array, ref: number, size: number): void {
    if (size === 1) return;
    const at = (ref & UNIT_MASK) << 1;
    const next = words[at + 1]!;
    const previous = words[at + 2]!;
    if (next !== 0) this.words[next >>> EXTENT_SHIFT]![((next & UNIT_MASK) << 1) + 2] = previous;
    if (previous !== 0) {
      this.words[previous >>> EXTENT_SHIFT]![((previous & UNIT_MASK) << 1) + 1] = next;
      return;
    }
    const list = classOf(size);
    if (this.heads[list] !== ref) {
      this.heads[WITHHELD] = next;
      return;
    }
    this.heads[list] = next;
    if (next === 0) this.bitmap[list >>> 5]! &= ~(1 << (list & 31));
  }
}
