/**
 * What the policies that compare have in common: of some random entries the one that is to go first, by a score. The
 * best candidates that did not go are kept in a pool and compared with those that are drawn next, so that a few samples for each
 * eviction come close to the exact rule (S. Sanfilippo, "Random notes on improving the Redis LRU algorithm", 2016).
 *
 * The pool knows candidates by their hash; they may be gone, or have been used, when their turn comes: then the score is
 * not what it was, and they are left out.
 */
import type { AccessKind } from '../access.ts';
import { HOME_SHIFT, INDEX_EXTENT_SHIFT, POSITION_MASK, SEGMENT_SHIFT, SEGMENT_WORDS } from '../segments.ts';
import { type EvictionOptions, type EvictionPolicy, type EvictionTarget, Victim } from './policy.ts';
import { Sampler } from './sampler.ts';

const POOL_SIZE = 16;
/** For so many evictions samples are drawn at once. */
const RUNS = 4;
/** Rounds of samples in which all that was pooled may turn out to be gone. */
const ROUNDS = 16;

export abstract class SampledEviction implements EvictionPolicy {
  abstract readonly access: AccessKind;
  readonly victim = new Victim();
  readonly arrivals = undefined;
  readonly bytes = 0;
  protected readonly target: EvictionTarget;
  readonly #sampler: Sampler;
  readonly #samples: number;
  /** The pool, in the order of the scores: the last one goes first. */
  readonly #scores = new Float64Array(POOL_SIZE);
  readonly #hashes = new Int32Array(POOL_SIZE);
  readonly #refs = new Int32Array(POOL_SIZE);
  readonly #databases = new Uint16Array(POOL_SIZE);
  #pooled = 0;
  /** Evictions for which samples have been drawn already. */
  #ahead = 0;
  /** The scores of the samples. */
  readonly #drawn: Float64Array;

  constructor(target: EvictionTarget, isVolatile: boolean, options: EvictionOptions) {
    this.target = target;
    this.#sampler = new Sampler(target, isVolatile);
    // Samples stand in one segment.
    this.#samples = Math.min(options.samples, SEGMENT_WORDS >>> 1);
    this.#drawn = new Float64Array(this.#samples * RUNS);
  }

  /** The time in whatever scores compare with it. */
  protected abstract moment(nowMs: number): number;
  /** The higher, the sooner it goes. */
  protected abstract score(ref: number, moment: number): number;

  choose(): boolean {
    const moment = this.moment(this.target.now());
    for (let round = 0; round < ROUNDS; round++) {
      const db = this.#sampler.drawDatabase();
      if (db < 0) {
        this.#pooled = 0;
        return false;
      }
      if (this.#ahead > 0) this.#ahead--;
      else this.#sample(db, moment);
      if (this.#takeBest(moment)) return true;
      this.#ahead = 0;
    }
    return this.#sampler.draw(this.victim);
  }

  /** Draws the samples of several evictions: reading them costs cache misses, and the processor waits for all at once. */
  #sample(db: number, moment: number): void {
    const sampler = this.#sampler;
    const found = sampler.run(db, this.#samples, RUNS);
    this.#ahead = RUNS - 1;
    const { slots } = sampler;
    const drawn = this.#drawn;
    for (let i = 0; i < found; i++) drawn[i] = this.score(slots[(i << 1) + 1]!, moment);
    for (let i = 0; i < found; i++) {
      const score = drawn[i]!;
      if (this.#pooled === POOL_SIZE && score <= this.#scores[0]!) continue;
      this.#insert(score, db, slots[i << 1]!, slots[(i << 1) + 1]!);
    }
  }

  #insert(score: number, db: number, hash: number, ref: number): void {
    const scores = this.#scores;
    const hashes = this.#hashes;
    const databases = this.#databases;
    const refs = this.#refs;
    const pooled = this.#pooled;
    for (let i = 0; i < pooled; i++) if (hashes[i] === hash && databases[i] === db) return;
    let at: number;
    // Step by step: the arrays are far too short for copyWithin.
    if (pooled === POOL_SIZE) {
      // The one that would go last leaves.
      for (at = 0; at < POOL_SIZE - 1 && scores[at + 1]! <= score; at++) this.#move(at + 1, at);
    } else {
      for (at = pooled; at > 0 && scores[at - 1]! > score; at--) this.#move(at - 1, at);
      this.#pooled++;
    }
    scores[at] = score;
    hashes[at] = hash;
    refs[at] = ref;
    databases[at] = db;
  }

  #move(from: number, to: number): void {
    this.#scores[to] = this.#scores[from]!;
    this.#hashes[to] = this.#hashes[from]!;
    this.#refs[to] = this.#refs[from]!;
    this.#databases[to] = this.#databases[from]!;
  }

  #takeBest(moment: number): boolean {
    while (this.#pooled > 0) {
      const at = --this.#pooled;
      const db = this.#databases[at]!;
      const hash = this.#hashes[at]!;
      const ref = this.#refs[at]!;
      // A ref alone says nothing: another entry may lie there now. With its hash in a slot it is the one, or one as good.
      if (!this.#isThere(db, hash, ref) || this.score(ref, moment) < this.#scores[at]!) continue;
      this.victim.db = db;
      this.victim.hash = hash;
      this.victim.ref = ref;
      return true;
    }
    return false;
  }

  #isThere(db: number, hash: number, ref: number): boolean {
    const index = this.#sampler.indexOf(db);
    if (index === undefined) return false;
    const segment = index.directory[hash & index.mask]!;
    const words = index.pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    let at = base + ((hash >>> HOME_SHIFT) << 1);
    for (let found = words[at + 1]!; found !== 0; found = words[at + 1]!) {
      if (found === ref && words[at] === hash) return true;
      at = base + ((at - base + 2) & (SEGMENT_WORDS - 1));
    }
    return false;
  }
}
