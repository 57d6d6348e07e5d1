import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LATENCY_BUCKETS, LatencyHistogram } from '../../../src/base/latency-histogram.ts';
import { CommandStatistics } from '../../../src/ring/command-statistics.ts';
import { CommandTimer, NOT_SLOW, slowLimitNs } from '../../../src/ring/command-timer.ts';

const QUICK = 0;
const GROWING = 1;
/** Constant with two words. */
const COUNTING = 2;

let nowMs = 0;
let looks = 0;
let statistics: CommandStatistics;
let timer: CommandTimer;
let late: [id: number, ns: number][];

beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => {
    looks++;
    return nowMs;
  });
  nowMs = 1000;
  looks = 0;
  late = [];
  statistics = new CommandStatistics(CommandStatistics.memory(3));
  timer = new CommandTimer(statistics, Float64Array.of(Infinity, 0, 2), (id, ns) =>
    late.push([id, Math.round(ns)]),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs a command that takes `us`; the rounded nanoseconds if it was slow. */
function run(id: number, us: number, bytes = 64, words = 2): number {
  timer.begin(id, bytes, words);
  nowMs += us / 1000;
  return Math.round(timer.end());
}

function figures(id: number) {
  const sum = {
    calls: 0,
    microseconds: 0,
    rejected: 0,
    failed: 0,
    latencies: new Float64Array(LATENCY_BUCKETS),
  };
  statistics.addTo(sum, id);
  const latencies = new LatencyHistogram(sum.latencies);
  const [p50, p100] = [50, 100].map((p) => latencies.percentileNs(p) / 1000);
  return { calls: sum.calls, us: Math.round(sum.microseconds * 10) / 10, p50: p50!, p100: p100! };
}

test('times commands that may take long one by one', () => {
  for (const us of [1, 1, 300, 1]) run(GROWING, us);
  expect(looks).toBe(5);
  const { calls, us, p50, p100 } = figures(GROWING);
  expect([calls, us]).toEqual([4, 303]);
  expect(p50).toBeCloseTo(1, 1);
  expect(p100).toBeGreaterThanOrEqual(300);
});

test('times quick ones together, exact in number and sum', () => {
  for (let i = 0; i < 100; i++) run(QUICK, 0.5);
  timer.pause();
  // One look at the start, one for the first, then one for each 16 and one for the rest.
  expect(looks).toBeLessThan(12);
  const { calls, us, p50, p100 } = figures(QUICK);
  expect([calls, us]).toEqual([100, 50]);
  expect(p50).toBeCloseTo(0.5, 1);
  expect(p100).toBeCloseTo(0.5, 1);
});

test('one with more words than those with which it is constant is timed by itself', () => {
  for (let i = 0; i < 40; i++) run(COUNTING, 0.5);
  timer.slowNs = 1e6;
  expect(run(COUNTING, 5000, 64, 3)).toBe(5e6);
  expect(run(COUNTING, 0.5, 64, 3)).toBe(NOT_SLOW);
  for (let i = 0; i < 40; i++) run(COUNTING, 0.5);
  timer.pause();
  expect(looks).toBeLessThan(14);
  const { calls, us, p50 } = figures(COUNTING);
  expect([calls, us]).toEqual([82, 5040.5]);
  expect(p50).toBeCloseTo(0.5, 1);
});

test('a quick command that is held up counts alone as slow', () => {
  for (let i = 0; i < 10; i++) run(QUICK, 0.5);
  run(QUICK, 700);
  for (let i = 0; i < 20; i++) run(QUICK, 0.5);
  timer.pause();
  const { calls, us, p50, p100 } = figures(QUICK);
  expect([calls, us]).toEqual([31, 715]);
  expect(p50).toBeLessThan(0.6);
  expect(p100).toBeGreaterThan(690);
});

test('a large request is timed alone', () => {
  for (let i = 0; i < 20; i++) run(QUICK, 0.5);
  run(QUICK, 1.5, 5000);
  timer.pause();
  const { calls, us, p100 } = figures(QUICK);
  expect([calls, us]).toEqual([21, 11.5]);
  expect(p100).toBeGreaterThanOrEqual(1.5);
});

test('kinds do not mix, and time between batches belongs to nobody', () => {
  for (let i = 0; i < 5; i++) run(QUICK, 0.5);
  run(GROWING, 40);
  timer.pause();
  nowMs += 5000;
  run(GROWING, 60);
  run(QUICK, 0.5);
  timer.pause();
  expect(figures(QUICK)).toMatchObject({ calls: 6, us: 3 });
  expect(figures(GROWING)).toMatchObject({ calls: 2, us: 100 });
});

test('tells of a slow command when it ends, or else when the next begins', () => {
  timer.slowNs = 5e6;
  expect(run(GROWING, 4999)).toBe(NOT_SLOW);
  expect(run(GROWING, 5000)).toBe(5e6);
  for (let i = 0; i < 3; i++) run(QUICK, 0.5);
  expect(run(QUICK, 9000)).toBe(NOT_SLOW);
  expect(late).toEqual([]);
  timer.flush();
  expect(late).toHaveLength(1);
  expect(late[0]![0]).toBe(QUICK);
  expect(late[0]![1]).toBeGreaterThan(8.9e6);
});

test('below a millisecond every slow command is known by itself', () => {
  timer.slowNs = 0;
  expect(Array.from({ length: 5 }, () => run(QUICK, 0.5))).toEqual([500, 500, 500, 500, 500]);
});

test('the limit for slow commands follows from both options', () => {
  expect(slowLimitNs(-1, 0)).toBe(Infinity);
  expect(slowLimitNs(10_000, 0)).toBe(1e7);
  expect(slowLimitNs(-1, 3)).toBe(3e6);
  expect(slowLimitNs(10_000, 3)).toBe(3e6);
  expect(slowLimitNs(0, 3)).toBe(0);
});
