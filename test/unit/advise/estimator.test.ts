/** Estimates from samples, held against caches of full size under all requests. */
import { describe, expect, test } from 'vitest';
import { denseTrace } from '../../../src/advise/caches/dense-ids.ts';
import { ExactLru } from '../../../src/advise/caches/exact.ts';
import { ALLKEYS_POLICIES, makeCache, VOLATILE_POLICIES } from '../../../src/advise/caches/policies.ts';
import { ESTIMATOR_DEFAULTS, Estimator, type EstimatorOptions } from '../../../src/advise/estimator.ts';
import { recommend } from '../../../src/advise/recommendation.ts';
import { KIND, NEVER, numberHash, RequestBatch, UNCHANGED } from '../../../src/advise/requests.ts';
import { Random } from '../../../src/base/random.ts';

/** Requests for keys of which the n-th is asked for in proportion to 1 / n ^ skew. */
function zipf(keys: number, skew: number, length: number, seed: number): Int32Array {
  const sums = new Float64Array(keys);
  let total = 0;
  for (let i = 0; i < keys; i++) {
    total += 1 / (i + 1) ** skew;
    sums[i] = total;
  }
  const random = new Random(seed);
  return Int32Array.from({ length }, () => {
    const wanted = random.next() * total;
    let low = 0;
    let high = keys - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

function estimatorOf(options: Partial<EstimatorOptions>): Estimator {
  return new Estimator({ ...ESTIMATOR_DEFAULTS, policies: ['allkeys-lru'], sizes: [100], ...options });
}

type Request = readonly [kind: number, key: number, timeMs?: number, expiresAtMs?: number, weight?: number];

function play(estimator: Estimator, requests: Iterable<Request>): Estimator {
  const batch = new RequestBatch((full) => estimator.take(full));
  for (const [kind, key, timeMs, expiresAtMs, weight] of requests) {
    batch.add(kind, numberHash(key), 0, timeMs, expiresAtMs, weight);
  }
  batch.flush();
  return estimator;
}

function load(estimator: Estimator, keys: Int32Array): Estimator {
  return play(
    estimator,
    Array.from(keys, (key) => [KIND.load, key] as const),
  );
}

/** The hits of a cache of full size, for which no sampling code runs. */
function fullHitRatio(policy: string, keys: Int32Array, capacity: number): number {
  const { ids, count } = denseTrace(keys);
  const around = { ...ESTIMATOR_DEFAULTS, nowMs: 0, weights: undefined };
  const expiresAtMs = new Float64Array(count).fill(NEVER);
  const seed = ALLKEYS_POLICIES.indexOf(policy) + 1;
  const cache = makeCache(policy, count, capacity, { ...around, expiresAtMs }, seed);
  let hits = 0;
  for (const id of ids) if (cache.access(id)) hits++;
  return hits / ids.length;
}

const KEYS = 30_000;
const REQUESTS = 300_000;

describe.each([0.7, 0.99, 1.1])('Zipf %s', (skew) => {
  const keys = zipf(KEYS, skew, REQUESTS, 7);
  const sizes = [1000, 3000, 10_000];

  test('at sampling 1 the estimate is the hit ratio itself, for every policy', () => {
    const estimates = load(estimatorOf({ policies: ALLKEYS_POLICIES, sizes }), keys).estimates();
    expect(estimates).toHaveLength(ALLKEYS_POLICIES.length * sizes.length);
    for (const { policy, size, hitRatio, standardError } of estimates) {
      expect(hitRatio).toBe(fullHitRatio(policy, keys, size));
      expect(standardError).toBe(0);
    }
  });

  test('at sampling 1/10 it is within 2 points', () => {
    // A random victim may be a hot key, so that what the sample lacks of hot keys are not all hits: not for skewed traffic.
    const policies = ALLKEYS_POLICIES.filter((policy) => policy !== 'allkeys-random');
    const estimator = load(estimatorOf({ policies, sizes, rateMax: 0.1 }), keys);
    expect(estimator.sampledRequests).toBeLessThan(REQUESTS / 5);
    for (const { policy, size, hitRatio } of estimator.estimates()) {
      const wrong = Math.abs(hitRatio - fullHitRatio(policy, keys, size));
      expect(wrong, `${policy} with ${size} keys`).toBeLessThan(0.02);
    }
  });

  test('with a fixed number of keys the rate falls, and the estimate of LRU stays within 2 points', () => {
    const estimator = load(estimatorOf({ sizes, keysMax: 4096 }), keys);
    expect(estimator.rate).toBeLessThan(0.2);
    expect(estimator.keys).toBeLessThanOrEqual(4096);
    for (const { size, hitRatio } of estimator.estimates()) {
      expect(Math.abs(hitRatio - fullHitRatio('allkeys-lru', keys, size)), `${size} keys`).toBeLessThan(0.02);
    }
  });
});

test('the sampled LRU of the server is near exact LRU', () => {
  const keys = zipf(KEYS, 0.99, REQUESTS, 3);
  const { ids, count } = denseTrace(keys);
  const exact = new ExactLru(count, 3000);
  let hits = 0;
  for (const id of ids) if (exact.access(id)) hits++;
  expect(Math.abs(fullHitRatio('allkeys-lru', keys, 3000) - hits / ids.length)).toBeLessThan(0.01);
});

test('ten times the keys are watched in the same number of places', () => {
  const estimator = estimatorOf({ policies: ALLKEYS_POLICIES, keysMax: 1000 });
  const batch = new RequestBatch((full) => estimator.take(full));
  for (let key = 0; key < 300_000; key++) {
    batch.add(KIND.load, numberHash(key), 0);
    if (key % 10_000 === 0) expect(estimator.keys).toBeLessThanOrEqual(1000);
  }
  batch.flush();
  expect(estimator.keys).toBeLessThanOrEqual(1000);
  expect(estimator.keysEstimated / 300_000).toBeGreaterThan(0.85);
  expect(estimator.keysEstimated / 300_000).toBeLessThan(1.15);
  expect(estimator.coldShare).toBeGreaterThan(0.85);
});

describe('commands', () => {
  const hits = (requests: readonly Request[], options: Partial<EstimatorOptions> = {}) => {
    const estimator = play(estimatorOf(options), requests);
    return [Math.round(estimator.estimates()[0]!.hitRatio * estimator.requests), estimator.requests];
  };
  const { read, update, write, remove, expire } = KIND;

  test('reads and updates count, writes do not', () => {
    expect(
      hits([
        [write, 1],
        [read, 1],
        [update, 1],
        [update, 2],
        [read, 2],
      ]),
    ).toEqual([3, 4]);
  });

  test('what is removed misses', () => {
    expect(
      hits([
        [read, 1],
        [remove, 1],
        [read, 1],
        [read, 1],
      ]),
    ).toEqual([1, 3]);
  });

  test('what expired misses', () => {
    expect(
      hits([
        [write, 1, 1000, 2000],
        [read, 1, 1999],
        [read, 1, 2000],
        [read, 1, 9000],
      ]),
    ).toEqual([2, 3]);
    expect(
      hits([
        [write, 1, 1000, 2000],
        [write, 1, 1500, NEVER],
        [read, 1, 2500],
      ]),
    ).toEqual([1, 1]);
    expect(
      hits([
        [write, 1, 1000],
        [expire, 1, 1000, 1500],
        [read, 1, 1400],
        [read, 1, 1600],
      ]),
    ).toEqual([1, 2]);
    expect(
      hits([
        [write, 1, 1000, 2000],
        [read, 1, 1500, UNCHANGED],
        [read, 1, 2500],
      ]),
    ).toEqual([1, 2]);
  });

  test('the write that fills a miss is no use of its own', () => {
    // Key 1 is filled and 2 is written: of the two the older goes when 3 comes, unless the fill had made 1 the newer one.
    const fill: Request[] = [
      [read, 1],
      [read, 2],
      [write, 1],
      [read, 3],
      [read, 1],
    ];
    expect(hits(fill, { sizes: [2], samples: 64 })).toEqual([0, 4]);
    const twoWrites: Request[] = [
      [read, 1],
      [read, 2],
      [write, 1],
      [write, 1],
      [read, 3],
      [read, 1],
    ];
    expect(hits(twoWrites, { sizes: [2], samples: 64 })).toEqual([1, 4]);
  });

  test.each(VOLATILE_POLICIES)('%s takes only keys with an expiry', (policy) => {
    const requests: Request[] = [
      [write, 1, 1, NEVER],
      [write, 2, 2, NEVER],
    ];
    for (let key = 3; key < 50; key++) requests.push([write, key, key, 1e9 + key]);
    requests.push([read, 1, 100], [read, 2, 100]);
    expect(hits(requests, { policies: [policy], sizes: [4] })).toEqual([2, 2]);
    // Nobody may go: what comes stays outside.
    expect(
      hits(
        [
          [write, 1],
          [write, 2],
          [read, 3],
          [read, 3],
          [read, 1],
        ],
        { policies: [policy], sizes: [2] },
      ),
    ).toEqual([1, 3]);
  });

  test('volatile-ttl takes the key that expires first', () => {
    const requests: Request[] = [
      [write, 1, 1, 5000],
      [write, 2, 1, 4000],
      [write, 3, 1, 6000],
      [read, 1, 2],
      [read, 2, 2],
    ];
    expect(hits(requests, { policies: ['volatile-ttl'], sizes: [2], samples: 64 })).toEqual([1, 2]);
  });

  test('entries count by their size where it is told', () => {
    const { load: loads } = KIND;
    const requests: Request[] = [
      [loads, 1, 1, NEVER, 600],
      [loads, 2, 2, NEVER, 600],
      [loads, 2, 3, NEVER, 600],
      [loads, 1, 4, NEVER, 600],
    ];
    expect(hits(requests, { weighs: true, sizes: [1000] })).toEqual([1, 4]);
    expect(hits(requests, { weighs: true, sizes: [1200] })).toEqual([2, 4]);
  });
});

describe('what is recommended', () => {
  const sizes = [100, 200, 400].map((size) => ({ label: `${size}`, size, maxmemoryBytes: size * 10 }));
  const estimates = (lru: readonly number[], sieve: readonly number[], standardError = 0) =>
    sizes.flatMap(({ size }, i) => [
      { policy: 'allkeys-lru', size, hitRatio: lru[i]!, standardError, smallCapacity: 100 },
      { policy: 'allkeys-sieve', size, hitRatio: sieve[i]!, standardError, smallCapacity: 100 },
    ]);
  const sample = { requests: 100_000, rate: 1, footprint: 1000 };
  const present = { policy: 'allkeys-lru', sizeIndex: 1 };

  test('a better policy, and more memory where it brings something', () => {
    const found = recommend(estimates([0.5, 0.6, 0.7], [0.55, 0.65, 0.75]), sizes, present, sample);
    expect(found).toMatchObject({
      policy: 'allkeys-sieve',
      isPolicyChangeWorthIt: true,
      recommendedSizeIndex: 2,
      confidence: 'exact',
    });
    expect(found.policyGain).toBeCloseTo(0.05);
    expect(found.sizeGain).toBeCloseTo(0.1);
  });

  test('no change for less than the error', () => {
    const found = recommend(estimates([0.5, 0.6, 0.7], [0.52, 0.62, 0.72], 0.03), sizes, present, sample);
    expect(found).toMatchObject({ policy: 'allkeys-lru', isPolicyChangeWorthIt: false, policyGain: 0 });
  });

  test('less memory where that costs nothing', () => {
    const found = recommend(estimates([0.7, 0.7, 0.7], [0.7, 0.7, 0.7]), sizes, present, sample);
    expect(found).toMatchObject({ recommendedSizeIndex: 0, isPolicyChangeWorthIt: false });
  });

  test('the same memory where the traffic has not filled it', () => {
    const flat = [0.7, 0.7, 0.7];
    const few = { ...sample, footprint: 150 };
    expect(recommend(estimates(flat, flat), sizes, present, few).recommendedSizeIndex).toBe(1);
  });

  test('little certainty after few requests', () => {
    const flat = [0.1, 0.1, 0.1];
    expect(recommend(estimates(flat, flat), sizes, present, { ...sample, requests: 50 }).confidence).toBe(
      'low',
    );
  });
});
