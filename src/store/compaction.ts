/**
 * Compaction: moving entries together, so that many small holes become something of use. There are two ways:
 *
 * **Emptying** moves all entries of one extent into holes of others, and gives the extent back to the system.
 *
 *     before   | A |    hole    | B |  hole  |      | C | hole | D | E |   hole   | F |
 *     after              (gone)                     | C |  A   | D | E |  B  |hole| F |
 *
 * **Sliding** moves the entries of one extent down over the holes between them.
 *
 *     before   | A |  hole  | B | C | hole | D |  hole  |
 *     after    | A | B | C | D |          hole          |
 *
 * Emptying costs a copy of what is left in the extent and gains a whole extent, so it comes first, and the emptiest extent
 * first of all. It needs room for that in others, and some more (ROOM_TO_SPARE): otherwise the next writes would take the
 * extent again that was just given back, and it would go round in circles. The one extent that is kept empty does not count.
 *
 * Sliding costs a copy of the extent and gains no memory, but room for larger blocks. It helps where merging free
 * neighbours and emptying do not: in a full shard in which small values are evicted for larger ones each large value goes to
 * the first hole that happens to be big enough, and what is left between two of them is smaller than one. That is Rényi's
 * parking problem, and 25 % of the memory stays empty (measured: 25.3 %). So extents are slid when none can be emptied
 * and memory is refused, and when an entry of the extent that is being emptied finds no hole that it fits in.
 *
 * A pass walks one extent from its start. The walk's place is a block boundary that the arena keeps right while blocks come and go
 * between two slices of the pass. Emptying makes two passes: the first withholds the free blocks from the allocator (arena.ts), so
 * that nothing moves in any more, the second moves the entries out. Commands that need what is withheld get it, and that ends it.
 *
 * A moved entry is a changed entry to readers on other threads: its stripe is begun, and a block that one of them announced
 * (touches.ts) stays where it is, or is set aside. To a snapshot and to the journal it is not: content and flags are
 * the same (but see SnapshotUnderWay.finish). Nobody else keeps refs from one slice to the next: SCAN cursors and the walks of
 * the expiry cycle and of snapshots are places in the order of hashes (walks.ts), commands and waiting clients keep keys,
 * collections with parts that expire are kept by the numbers of their objects. The loader of files does keep refs
 * (loading.ts): there is no compaction while it works. An extent with one large block gains nothing, and stays.
 */
import type { Arena } from './arena.ts';
import type { Entries } from './entries.ts';
import type { HashIndex } from './hash-index.ts';
import { EXTENT_SHIFT, FLAG_SLACK, PREVIOUS_FREE_BIT, UNIT_MASK } from './layout.ts';
import type { Stripes } from './stripes.ts';
import type { Touches } from './touches.ts';

/** The least share of an extent in holes for which a pass is made. */
const GAIN_MIN = 0.1;
/** What must be free in other extents after one was emptied into them, in extents. */
const ROOM_TO_SPARE = 1 / 8;
/** Blocks between two looks at the clock; one that is moved counts once more for each KB. */
const CLOCK_STRIDE = 64;
const UNITS_SHIFT = 7;
/** Withheld blocks that go back to the allocator between two looks at the clock. */
const RESTORE_STRIDE = 1024;
/** Up to so many words are copied one by one. */
const SHORT_WORDS = 48;

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
  /** Lets an entry's slot lead to its new block, and frees the old one. */
  relink(db: number, hash: number, ref: number, target: number, units: number): void;
  retrySetAside(): void;
}

type Pass = 'none' | 'withhold' | 'empty' | 'slide';

export class Compaction {
  /** Entries moved since the start, and blocks that a pass came to and left where they were. */
  moved = 0;
  left = 0;
  /** Somebody asked for all that can be gained, whatever it takes. */
  isWanted = false;
  private readonly target: CompactionTarget;
  private pass: Pass = 'none';
  /** The extent that is being emptied; -1: none. Also while another one is slid to make room for its entries. */
  private emptying = -1;
  /** Free units when no hole was found for an entry and nothing could be done about it; -1: that has not been. */
  private stuckAt = -1;
  /** The database of the last entry that moved: the next one's is often the same. */
  private database = 0;
  /** No more can be done now, although the pass is not at its end. */
  private mustWait = false;

  constructor(target: CompactionTarget) {
    this.target = target;
  }

  /**
   * Works for about `budgetMs` and returns how many entries it moved. `slides`: also where that gains no memory for the
   * system. `hasMore` says afterwards whether there is anything left to gain.
   */
  run(budgetMs: number, slides: boolean): number {
    const { arena } = this.target;
    const deadline = performance.now() + budgetMs;
    const before = this.moved;
    this.mustWait = false;
    this.target.retrySetAside();
    do {
      this.endThwarted();
      if (arena.sealed < 0 && arena.restore(RESTORE_STRIDE)) continue;
      if (arena.boundary === 0 && !this.begin(slides)) break;
      for (let work = 0; work < CLOCK_STRIDE && arena.boundary !== 0 && !this.mustWait; ) work += this.step();
    } while (!this.mustWait && performance.now() < deadline);
    return this.moved - before;
  }

  /** Whether a pass is under way, or there is an extent to be emptied. */
  get hasMore(): boolean {
    return this.target.arena.boundary !== 0 || this.emptying >= 0 || this.toEmpty() >= 0;
  }

  /** Ends emptying: what is withheld goes back to the allocator. */
  stop(): void {
    this.target.arena.restore(Infinity);
    this.endThwarted();
  }

  /** The allocator needed what was withheld, or the arena is another one. */
  private endThwarted(): void {
    const { arena } = this.target;
    if (this.emptying < 0 || this.emptying === arena.sealed) return;
    this.emptying = -1;
    if (this.pass !== 'slide') arena.boundary = 0;
  }

  /** Begins the next pass; false: there is none worth it. */
  private begin(slides: boolean): boolean {
    const { arena } = this.target;
    if (this.emptying >= 0) {
      // An extent was slid to make room, or blocks had to be left in the last pass.
      this.start(this.emptying, 'empty');
      return true;
    }
    const emptied = this.toEmpty();
    if (emptied >= 0) {
      arena.seal(emptied);
      this.emptying = emptied;
      this.start(emptied, 'withhold');
      return true;
    }
    const slid = slides ? this.toSlide() : -1;
    if (slid >= 0) this.start(slid, 'slide');
    return slid >= 0;
  }

  private start(number: number, pass: Pass): void {
    this.pass = pass;
    this.target.arena.boundary = (number << EXTENT_SHIFT) | 1;
  }

  /** The extent with fewest used units, if the others have room for them; or -1. */
  private toEmpty(): number {
    const { arena } = this.target;
    const { areaUnits } = arena;
    const spare = areaUnits * ROOM_TO_SPARE;
    if (this.stuckAt >= 0 && Math.abs(arena.freeUnits - this.stuckAt) < spare) return -1;
    this.stuckAt = -1;
    // Most often there is so little free in all that nothing has to be looked at.
    if (arena.freeUnits < areaUnits * (1 + ROOM_TO_SPARE)) return -1;
    let best = -1;
    let least = areaUnits * (1 - GAIN_MIN);
    for (let number = 0; number < arena.words.length; number++) {
      if (arena.words[number]!.length === 0 || arena.extents.dedicated[number] === 1) continue;
      const used = arena.usedByExtent[number]!;
      if (used === 0 || used > least) continue;
      least = used;
      best = number;
    }
    // What is free in the others is all that is free, less what is free in this one: areaUnits - least.
    const room = arena.freeUnits - areaUnits * (1 + arena.emptyExtents) + least;
    return best >= 0 && room >= least + spare ? best : -1;
  }

  /** The extent with most units in holes before its end, or -1. */
  private toSlide(): number {
    const { arena } = this.target;
    let best = -1;
    let most = 0;
    for (let number = 0; number < arena.words.length; number++) {
      const words = arena.words[number]!;
      if (words.length === 0 || arena.extents.dedicated[number] === 1 || number === arena.sealed) continue;
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

  /** One block at the boundary. Returns how much work it was, at least 1. */
  private step(): number {
    const { arena } = this.target;
    const ref = arena.boundary;
    const words = arena.words[ref >>> EXTENT_SHIFT]!;
    const at = (ref & UNIT_MASK) << 1;
    if (at >= words.length - 2) {
      this.endPass();
      return 1;
    }
    if (this.pass === 'slide') return this.slideAt(ref, words, at);
    if (words[at]! < 0) {
      arena.boundary = ref + arena.freeSize(ref);
      if (this.pass === 'withhold') arena.withhold(ref);
      return 1;
    }
    if (this.pass === 'withhold') {
      arena.boundary = ref + this.unitsOf(ref);
      return 1;
    }
    return this.moveOut(ref);
  }

  private endPass(): void {
    const { arena } = this.target;
    const { pass } = this;
    arena.boundary = 0;
    if (pass === 'withhold') this.start(this.emptying, 'empty');
    // It is not free yet: some blocks are left for a moment.
    if (pass === 'empty') this.mustWait = true;
  }

  // ---------------------------------------------------------------- emptying

  private moveOut(ref: number): number {
    const { arena, entries } = this.target;
    const units = this.unitsOf(ref);
    if (this.isSetAside(ref)) {
      arena.boundary = ref + units;
      this.left++;
      return 1;
    }
    // A value that grew by steps loses what it had for the next ones.
    const needed = entries.neededUnits(ref);
    const target = arena.allocateBeside(needed);
    if (target === 0) {
      this.makeRoom();
      return 1;
    }
    const hash = this.hashOf(ref);
    this.target.snapshot?.finish(ref);
    copyWords(entries.words, ref, target, needed);
    // The copied word 0 said whether the block before the old one is free.
    entries.setWord(target, 0, entries.keyLength(ref));
    entries.setFlags(target, entries.flags(ref) & ~FLAG_SLACK);
    this.target.relink(this.databaseOf(hash, ref), hash, ref, target, units);
    this.moved++;
    return 2 + (needed >>> UNITS_SHIFT);
  }

  /** No hole is large enough: another extent is slid, or this one stays. */
  private makeRoom(): void {
    const { arena } = this.target;
    const slid = this.toSlide();
    if (slid >= 0) {
      this.start(slid, 'slide');
      return;
    }
    this.stuckAt = arena.freeUnits;
    arena.boundary = 0;
    arena.sealed = -1;
  }

  // ---------------------------------------------------------------- sliding

  /** Passes the block at the boundary, or slides the one behind the hole there. */
  private slideAt(hole: number, words: Int32Array, at: number): number {
    const { arena } = this.target;
    if (words[at]! >= 0) {
      arena.boundary = hole + this.unitsOf(hole);
      return 1;
    }
    const ref = hole + arena.freeSize(hole);
    if ((ref & UNIT_MASK) << 1 >= words.length - 2) {
      arena.boundary = 0;
      return 1;
    }
    const units = this.unitsOf(ref);
    const moved = !this.isSetAside(ref) && this.slide(hole, ref, units);
    arena.boundary = moved ? hole + units : ref + units;
    if (moved) this.moved++;
    else this.left++;
    return 2 + (units >>> UNITS_SHIFT);
  }

  private slide(hole: number, ref: number, units: number): boolean {
    const { arena, entries, stripes, touches, databases } = this.target;
    const hash = this.hashOf(ref);
    const database = databases[this.databaseOf(hash, ref)]!;
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

  // ---------------------------------------------------------------- blocks

  private hashOf(ref: number): number {
    const { entries } = this.target;
    const start = entries.keyStart(ref);
    return this.target.hash(entries.bytesOf(ref), start, start + entries.keyLength(ref));
  }

  /** The number of the database that has the entry. */
  private databaseOf(hash: number, ref: number): number {
    const { databases } = this.target;
    if (databases[this.database]!.index?.seek(hash, ref) === true) return this.database;
    this.database = databases.findIndex(({ index }) => index?.seek(hash, ref) === true);
    return this.database;
  }

  private isSetAside(ref: number): boolean {
    const { setAside } = this.target;
    return setAside.length > 0 && setAside.some((block) => block.ref === ref);
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

/** Copies `units` from one block to another. */
function copyWords(extents: readonly Int32Array[], ref: number, target: number, units: number): void {
  const from = extents[ref >>> EXTENT_SHIFT]!;
  const to = extents[target >>> EXTENT_SHIFT]!;
  const at = (ref & UNIT_MASK) << 1;
  const targetAt = (target & UNIT_MASK) << 1;
  const count = units << 1;
  if (count > SHORT_WORDS) {
    to.set(from.subarray(at, at + count), targetAt);
    return;
  }
  for (let i = 0; i < count; i++) to[targetAt + i] = from[at + i]!;
}
