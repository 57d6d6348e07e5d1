/**
 * The most hits that a cache can have which takes in every key that it misses: the key goes whose next request is furthest away (L. A. Belady,
 * "A Study of Replacement Algorithms for a Virtual-Storage Computer", IBM Systems Journal 5(2), 1966). It needs the whole trace.
 */
import { Cache } from './cache.ts';
import { RankedIds } from './ranked-ids.ts';

/** By request: the place of the next request for the same key, Infinity for the last one. `ids` numbers below `count`. */
function nextRequests(ids: Int32Array, count: number): Float64Array {
  const next = new Float64Array(ids.length);
  const seen = new Float64Array(count).fill(Infinity);
  for (let i = ids.length - 1; i >= 0; i--) {
    const id = ids[i]!;
    next[i] = seen[id]!;
    seen[id] = i;
  }
  return next;
}

class Belady extends Cache {
  readonly #order: RankedIds;
  /** Where the next request for the key is that is requested now. */
  next = Infinity;

  constructor(ids: number, capacity: number) {
    super(ids, capacity);
    this.#order = new RankedIds(ids);
  }

  protected override add(id: number): void {
    this.#order.set(id, -this.next, 0);
  }

  protected override touch(id: number): void {
    this.#order.set(id, -this.next, 0);
  }

  protected override drop(id: number): void {
    this.#order.remove(id);
  }

  protected override takeVictim(): number {
    return this.#order.takeLeast();
  }
}

/** The hits of the requests `ids`, numbers below `count`, in a cache of `capacity` keys. */
export function beladyHits(ids: Int32Array, count: number, capacity: number): number {
  const next = nextRequests(ids, count);
  const cache = new Belady(count, capacity);
  let hits = 0;
  for (let i = 0; i < ids.length; i++) {
    cache.next = next[i]!;
    if (cache.access(ids[i]!)) hits++;
  }
  return hits;
}
