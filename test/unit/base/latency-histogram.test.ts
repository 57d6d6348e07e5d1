import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketEndNs,
  LATENCY_BUCKETS,
  LatencyHistogram,
  latencyBucket,
} from '../../../src/base/latency-histogram.ts';

const NS_MAX = 2 ** 30 - 1;

function histogramOf(durations: readonly number[]): LatencyHistogram {
  const counts = new Float64Array(LATENCY_BUCKETS);
  for (const ns of durations) counts[latencyBucket(ns)]! += 1;
  return new LatencyHistogram(counts);
}

/** Durations of all magnitudes alike. */
const durations = fc
  .record({ exponent: fc.integer({ min: 0, max: 29 }), part: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ exponent, part }) => Math.min(NS_MAX, Math.floor(2 ** exponent * (1 + part))));

describe('buckets', () => {
  test('each begins right behind the end of the one before', () => {
    for (let bucket = 1; bucket < LATENCY_BUCKETS; bucket++) {
      expect(latencyBucket(bucketEndNs(bucket))).toBe(bucket);
      expect(latencyBucket(bucketEndNs(bucket - 1) + 1)).toBe(bucket);
    }
    expect(latencyBucket(0)).toBe(0);
    expect(bucketEndNs(LATENCY_BUCKETS - 1)).toBe(NS_MAX);
  });

  test('are at most a 32nd of their values wide', () => {
    fc.assert(
      fc.property(durations, (ns) => {
        const end = bucketEndNs(latencyBucket(ns));
        expect(end).toBeGreaterThanOrEqual(ns);
        expect(end - ns).toBeLessThanOrEqual(ns / 32);
      }),
    );
  });

  test('take fractions, what is too long, and a clock that went back', () => {
    expect(latencyBucket(63.9)).toBe(63);
    expect(latencyBucket(1e15)).toBe(LATENCY_BUCKETS - 1);
    expect(latencyBucket(-5)).toBe(0);
  });
});

describe('percentiles', () => {
  test('are those of the sorted durations, up to a 32nd more', () => {
    const percentile = fc.oneof(
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.constantFrom(0, 50, 99, 99.9, 100),
    );
    fc.assert(
      fc.property(fc.array(durations, { minLength: 1, maxLength: 200 }), percentile, (values, p) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]!;
        const found = histogramOf(values).percentileNs(p);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact + exact / 32);
      }),
    );
  });

  test('of nothing are 0', () => {
    expect(histogramOf([]).percentileNs(50)).toBe(0);
  });
});

describe('the cumulative distribution', () => {
  test('counts what is below each power of two, without rows that add nothing', () => {
    const rows = histogramOf([10, 1023, 1024, 5000, 40_000, 65_535, 65_536]).cumulative();
    expect(rows).toEqual([
      [1, 2],
      [2, 3],
      [8, 4],
      [66, 6],
      [132, 7],
    ]);
  });

  test('ends with all of them, and rises', () => {
    fc.assert(
      fc.property(fc.array(durations, { minLength: 1, maxLength: 50 }), (values) => {
        const rows = histogramOf(values).cumulative();
        expect(rows.at(-1)![1]).toBe(values.length);
        for (let i = 1; i < rows.length; i++) {
          expect(rows[i]![0]).toBeGreaterThan(rows[i - 1]![0]);
          expect(rows[i]![1]).toBeGreaterThan(rows[i - 1]![1]);
        }
      }),
    );
  });

  test('of nothing is empty', () => {
    expect(histogramOf([]).cumulative()).toEqual([]);
  });
});
