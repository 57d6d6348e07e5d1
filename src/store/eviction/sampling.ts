/**
 * Random entries of a keyspace, each with the same chance: a database is drawn by its number of entries, a segment by the
 * hashes that it covers (see randomEntry in walks.ts), a slot among those in use.
 */
import type { HashIndex } from '../hash-index.ts';
import { INDEX_EXTENT_SHIFT, POSITION_MASK, SEGMENT_SHIFT, SEGMENT_WORDS, SLOT_MASK } from '../segments.ts';
import { ORDER_END } from '../walks.ts';
import type { EvictionTarget, Victim } from './policy.ts';

/** Random slots to try before the occupied ones are counted. */
const SLOT_TRIES = 32;
const SEGMENT_TRIES = 64;

export class Sampler {
  readonly #target: EvictionTarget;
  readonly #isVolatile: boolean;

  /** `isVolatile`: only of the entries with an expiry. */
  constructor(target: EvictionTarget, isVolatile: boolean) {
    this.#target = target;
    this.#isVolatile = isVolatile;
  }

  /** Entries that may be drawn. */
  get count(): number {
    let count = 0;
    const { databases } = this.#target;
    for (let db = 0; db < databases.length; db++) count += this.indexOf(db)?.count ?? 0;
    return count;
  }

  indexOf(db: number): HashIndex | undefined {
    const database = this.#target.databases[db]!;
    return this.#isVolatile ? database.expires : database.index;
  }

  /** Draws one into `drawn`; false: there is none. */
  draw(drawn: Victim): boolean {
    const db = this.#drawDatabase();
    if (db < 0) return false;
    drawn.db = db;
    drawSlot(this.indexOf(db)!, drawn);
    return true;
  }

  #drawDatabase(): number {
    const { databases } = this.#target;
    let total = 0;
    let last = -1;
    let others = 0;
    for (let db = 0; db < databases.length; db++) {
      const count = this.indexOf(db)?.count ?? 0;
      if (count === 0) continue;
      total += count;
      if (last >= 0) others++;
      last = db;
    }
    if (others === 0) return last;
    let left = Math.floor(Math.random() * total);
    for (let db = 0; db < last; db++) {
      left -= this.indexOf(db)?.count ?? 0;
      if (left < 0) return db;
    }
    return last;
  }
}

/** Draws a slot of an index that is not empty. */
function drawSlot(index: HashIndex, drawn: Victim): void {
  const { counts, words } = index.pool;
  let segment = -1;
  for (let tries = 0; tries < SEGMENT_TRIES; tries++) {
    segment = index.directory[Math.floor(Math.random() * ORDER_END) & index.mask]!;
    if (counts[segment]! > 0) break;
  }
  if (counts[segment] === 0) segment = nextUsed(index);
  const slots = words[segment >>> INDEX_EXTENT_SHIFT]!;
  const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
  for (let tries = 0; tries < SLOT_TRIES; tries++) {
    const at = base + ((Math.floor(Math.random() * ORDER_END) & SLOT_MASK) << 1);
    if (slots[at + 1] === 0) continue;
    drawn.hash = slots[at]!;
    drawn.ref = slots[at + 1]!;
    return;
  }
  let left = Math.floor(Math.random() * counts[segment]!);
  for (let at = base; at < base + SEGMENT_WORDS; at += 2) {
    if (slots[at + 1] === 0 || left-- > 0) continue;
    drawn.hash = slots[at]!;
    drawn.ref = slots[at + 1]!;
    return;
  }
}

/** The first segment with an entry from a random place on. */
function nextUsed(index: HashIndex): number {
  const start = Math.floor(Math.random() * (index.mask + 1));
  for (let i = 0; i <= index.mask; i++) {
    const segment = index.directory[(start + i) & index.mask]!;
    if (index.pool.counts[segment]! > 0) return segment;
  }
  return index.directory[0]!;
}
