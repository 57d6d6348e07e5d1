/**
 * Compaction: moving entries together inside an extent, so that many small holes become one large one.
 *
 * Merging free neighbours is not enough for a full shard in which small values are evicted for larger ones: each
 * large value goes to the first hole that happens to be big enough, and what is left between two of them is
 * smaller than one. That is Rényi's parking problem, and 25 % of the memory stays empty (measured: 25.3 %). Only moving helps.
 *
 *     before   | A |  hole  | B | C | hole | D |  hole  |
 *     after    | A | B | C | D |          hole          |
 *
 * A pass walks one extent from its start and slides each used block down over the hole before it. The walk's place
 * is a block boundary that the arena keeps right while blocks come and go between two slices of the pass. It takes
 * the extent with the most to gain, and none with less than a tenth, because a pass costs a copy of the extent.
 *
 * A moved entry is a changed entry: its stripe is begun, and a block that a reader announced (touches.ts) stays where it is.
 * To a snapshot and to the journal it is not: content and flags are the same (but see SnapshotUnderWay.finish).
 */
import type { Arena } from './arena.ts';
import type { Entries } from './entries.ts';
import type { HashIndex } from './hash-index.ts';
import { EXTENT_SHIFT, PREVIOUS_FREE_BIT, UNIT_MASK } from './layout.ts';
import type { Stripes } from './stripes.ts';
import type { Touches } from './touches.ts';

/** The least share of an extent in holes for which a pass is made. */
const GAIN_MIN = 0.1;
/** Blocks between two looks at the clock. */
const CLOCK_STRIDE = 64;

/** What compaction needs of the keyspace. */
export interface CompactionTarget {
  readonly arena: Arena;
  readonly entries: Entries;
  readonly stripes: Stripes;
  readonly touches: Touches;
  readonly databases: readonly { index: HashIndex | undefined; expires: HashIndex | undefined }[];
  readonly setAside: readonly { ref: number; units: number }[];
  readonly snapshot: { finish(ref: number): void } | undefined;
  hash(key: Uint8Array, start: number, end: number): number;
}

export class Compaction {
  private readonly target: CompactionTarget;

  constructor(target: CompactionTarget) {
    this.target = target;
  }

  /** Works for about `budgetMs` and returns how many entries it moved; 0: there is nothing to gain. */
  run(budgetMs: number): number {
    const { arena } = this.target;
    const deadline = performance.now() + budgetMs;
    let moved = 0;
    for (;;) {
      if (arena.boundary === 0) {
        const number = this.choose();
        if (number < 0) return moved;
        arena.boundary = (number << EXTENT_SHIFT) | 1;
      }
      for (let i = 0; i < CLOCK_STRIDE && arena.boundary !== 0; i++) if (this.step()) moved++;
      if (performance.now() >= deadline) return moved;
    }
  }

  /** The extent with most units in holes before its end, or -1. */
  private choose(): number {
    const { arena } = this.target;
    let best = -1;
    let most = 0;
    for (let number = 0; number < arena.words.length; number++) {
      const words = arena.words[number]!;
      if (words.length === 0 || arena.extents.dedicated[number] === 1) continue;
      const end = words.length - 2;
      const last = (words[end]! & PREVIOUS_FREE_BIT) === 0 ? 0 : words[end - 1]!;
      const holes = end / 2 - 1 - arena.usedByExtent[number]! - last;
      if (holes > most && holes >= (end / 2) * GAIN_MIN) {
        most = holes;
        best = number;
      }
    }
    return best;
  }

  /** Passes one block at the boundary, or slides the one behind the hole there. True when an entry moved. */
  private step(): boolean {
    const { arena, entries } = this.target;
    const hole = arena.boundary;
    const words = arena.words[hole >>> EXTENT_SHIFT]!;
    const at = (hole & UNIT_MASK) << 1;
    const end = words.length - 2;
    if (at >= end) {
      arena.boundary = 0;
      return false;
    }
    if (words[at]! >= 0) {
      arena.boundary = hole + this.unitsOf(hole);
      return false;
    }
    const ref = hole + arena.freeSize(hole);
    if ((ref & UNIT_MASK) << 1 >= end) {
      arena.boundary = 0;
      return false;
    }
    const units = this.unitsOf(ref);
    if (this.target.setAside.some((block) => block.ref === ref)) {
      arena.boundary = ref + units;
      return false;
    }
    const start = entries.keyStart(ref);
    const hash = this.target.hash(entries.bytesOf(ref), start, start + entries.keyLength(ref));
    const moved = this.slide(hole, ref, units, hash);
    arena.boundary = moved ? hole + units : ref + units;
    return moved;
  }

  private slide(hole: number, ref: number, units: number, hash: number): boolean {
    const { arena, entries, stripes, touches, databases } = this.target;
    const database = databases.find(({ index }) => index?.seek(hash, ref) === true)!;
    const hasExpiry = entries.hasExpiry(ref);
    this.target.snapshot?.finish(ref);
    stripes.begin(hash);
    const movable = !touches.announced(ref);
    if (movable) {
      arena.slideDown(hole, ref, units);
      database.index!.replace(hash, ref, hole);
    }
    stripes.end(hash);
    if (movable && hasExpiry) database.expires!.replace(hash, ref, hole);
    return movable;
  }

  private unitsOf(ref: number): number {
    const { setAside, entries } = this.target;
    if (setAside.length > 0) {
      const block = setAside.find((one) => one.ref === ref);
      if (block !== undefined) return block.units;
    }
    return entries.blockUnits(ref);
  }
}
