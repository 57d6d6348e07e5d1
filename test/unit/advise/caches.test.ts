/** The caches that hold only numbers, each held against a plain model of its rule. */
import { describe, expect, test } from 'vitest';
import { beladyHits } from '../../../src/advise/caches/belady.ts';
import type { Cache, Weights } from '../../../src/advise/caches/cache.ts';
import { denseTrace } from '../../../src/advise/caches/dense-ids.ts';
import { ExactLfu, ExactLru, Fifo, RandomEviction } from '../../../src/advise/caches/exact.ts';
import { Random } from '../../../src/base/random.ts';

interface Entry {
  readonly id: number;
  readonly cameAt: number;
  lastUse: number;
  uses: number;
}

const KEYS = 40;

/** Small keys come more often. */
function requests(seed: number, length: number): Int32Array {
  const random = new Random(seed);
  return Int32Array.from({ length }, () => Math.floor(KEYS * random.next() * random.next()));
}

/** The hits of a cache of objects from which the least by `rank` goes. */
function modelHits(ids: Int32Array, capacity: number, rank: (entry: Entry) => readonly number[]): number {
  const entries = new Map<number, Entry>();
  let hits = 0;
  ids.forEach((id, now) => {
    const found = entries.get(id);
    if (found !== undefined) {
      found.lastUse = now;
      found.uses++;
      hits++;
      return;
    }
    if (entries.size === capacity) {
      const ranked = [...entries.values()].sort((a, b) => {
        const [x, y] = [rank(a), rank(b)];
        return x[0]! - y[0]! || x[1]! - y[1]!;
      });
      entries.delete(ranked[0]!.id);
    }
    entries.set(id, { id, cameAt: now, lastUse: now, uses: 1 });
  });
  return hits;
}

function hitsOf(cache: Cache, ids: Int32Array): number {
  let hits = 0;
  for (const id of ids) if (cache.access(id)) hits++;
  return hits;
}

const rules: [name: string, make: (capacity: number) => Cache, rank: (entry: Entry) => readonly number[]][] =
  [
    ['LRU', (capacity) => new ExactLru(KEYS, capacity), ({ lastUse }) => [lastUse, 0]],
    ['LFU', (capacity) => new ExactLfu(KEYS, capacity), ({ uses, lastUse }) => [uses, lastUse]],
    ['FIFO', (capacity) => new Fifo(KEYS, capacity), ({ cameAt }) => [cameAt, 0]],
  ];

describe.each(rules)('%s', (_name, make, rank) => {
  test.each([1, 2, 7, 20, KEYS])('has the hits of the plain model with %i keys', (capacity) => {
    for (let seed = 0; seed < 20; seed++) {
      const ids = requests(seed, 500);
      const cache = make(capacity);
      expect(hitsOf(cache, ids)).toBe(modelHits(ids, capacity, rank));
      expect(cache.entries).toBe(Math.min(capacity, new Set(ids).size));
    }
  });

  test('keeps its order when keys are removed and the cache changes its size', () => {
    const cache = make(10);
    const random = new Random(3);
    const isIn = new Set<number>();
    for (let i = 0; i < 5000; i++) {
      const id = random.below(KEYS);
      const choice = random.below(10);
      if (choice === 0) {
        cache.remove(id);
        expect(cache.has(id)).toBe(false);
      } else if (choice === 1) {
        cache.resize(1 + random.below(20));
        expect(cache.entries).toBeLessThanOrEqual(cache.capacity);
      } else {
        expect(cache.access(id)).toBe(isIn.has(id));
        expect(cache.has(id)).toBe(true);
      }
      isIn.clear();
      for (let key = 0; key < KEYS; key++) if (cache.has(key)) isIn.add(key);
      expect(cache.entries).toBe(isIn.size);
    }
  });
});

test('random eviction fills the cache, repeats itself for one seed, and not for another', () => {
  const ids = requests(1, 5000);
  const hits = [1, 1, 2].map((seed) => {
    const cache = new RandomEviction(KEYS, 10, undefined, seed);
    const count = hitsOf(cache, ids);
    expect(cache.entries).toBe(10);
    return count;
  });
  expect(hits[0]).toBe(hits[1]);
  expect(hits[0]).not.toBe(hits[2]);
});

/** The best of all choices of victims, by trying them all. */
function bestHits(ids: Int32Array, capacity: number): number {
  const best = new Map<string, number>();
  const from = (at: number, cached: readonly number[]): number => {
    if (at === ids.length) return 0;
    const state = `${at}:${cached.join(',')}`;
    const known = best.get(state);
    if (known !== undefined) return known;
    const id = ids[at]!;
    const with_ = (rest: readonly number[]) =>
      from(
        at + 1,
        [...rest, id].sort((a, b) => a - b),
      );
    const result = cached.includes(id)
      ? 1 + from(at + 1, cached)
      : cached.length < capacity
        ? with_(cached)
        : Math.max(...cached.map((victim) => with_(cached.filter((other) => other !== victim))));
    best.set(state, result);
    return result;
  };
  return from(0, []);
}

test("Belady's optimum is what trying all choices finds", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = new Random(seed);
    const ids = Int32Array.from({ length: 40 }, () => random.below(7));
    for (const capacity of [1, 2, 3, 5]) expect(beladyHits(ids, 7, capacity)).toBe(bestHits(ids, capacity));
  }
});

describe('weights', () => {
  const weights: Weights = Float64Array.from({ length: KEYS }, (_, id) => 1 + (id % 5));
  const used = (cache: Cache) => weights.reduce((sum, weight, id) => sum + (cache.has(id) ? weight : 0), 0);

  test('a cache of bytes holds its limit, and makes no more room than it needs', () => {
    const cache = new ExactLru(KEYS, 30, weights);
    for (const id of requests(5, 2000)) {
      const before = used(cache);
      const isHit = cache.access(id);
      expect(used(cache)).toBeLessThanOrEqual(30);
      if (!isHit && before + weights[id]! <= 30) expect(used(cache)).toBe(before + weights[id]!);
    }
  });

  test('a key that is larger than the cache stays outside, and pushes nobody out', () => {
    const cache = new ExactLru(3, 10, Float64Array.of(4, 5, 11));
    for (const id of [0, 1, 2]) cache.access(id);
    expect([0, 1, 2].map((id) => cache.has(id))).toEqual([true, true, false]);
  });

  test('a key that grows pushes others out, or goes itself when it no longer fits', () => {
    const sizes = Float64Array.of(4, 5, 1);
    const cache = new ExactLru(3, 10, sizes);
    for (const id of [0, 1, 2]) cache.access(id);
    cache.reweigh(2, 3);
    sizes[2] = 3;
    expect([0, 1, 2].map((id) => cache.has(id))).toEqual([false, true, true]);
    cache.reweigh(1, 11);
    sizes[1] = 11;
    expect([0, 1, 2].map((id) => cache.has(id))).toEqual([false, false, true]);
    cache.access(0);
    expect([0, 1, 2].map((id) => cache.has(id))).toEqual([true, false, true]);
  });
});

test('keys are numbered as they come', () => {
  expect(denseTrace(Int32Array.of(70, -3, 70, 5, -3))).toEqual({
    ids: Int32Array.of(0, 1, 0, 2, 1),
    count: 3,
  });
});
