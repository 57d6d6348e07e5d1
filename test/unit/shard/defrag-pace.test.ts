import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DefragPace, setDefragOption } from '../../../src/shard/defrag-pace.ts';
import type { Keyspace } from '../../../src/store/keyspace.ts';

const MIB = 1 << 20;
let nowMs = 0;

beforeEach(() => {
  nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A keyspace with so much in use and so much free, and with so many slices of one millisecond to do. */
function paceOf(usedBytes: number, freeBytes: number, slices = 1000) {
  const calls = { slices: 0, stops: 0, told: [] as string[] };
  const compaction = {
    isWanted: false,
    moved: 0,
    left: 0,
    get hasMore() {
      return calls.slices < slices;
    },
    run(): number {
      if (calls.slices === slices) return 0;
      calls.slices++;
      nowMs += 1;
      return 10;
    },
    stop: () => calls.stops++,
  };
  const arena = {
    usedBytes,
    freeBytes,
    emptyExtents: 0,
    areaUnits: MIB,
    extents: { droppedBytes: 0 },
    dropSpare: () => calls.told.push('spare'),
  };
  const keyspace = {
    compaction,
    arena,
    viewers: { letGo: () => calls.told.push('viewers') },
    announce: ({ kind }: { kind: string }) => calls.told.push(kind),
  };
  const pace = new DefragPace(keyspace as unknown as Keyspace, { besideBytes: 0 });
  const standard = {
    'active-defrag-ignore-bytes': 100 * MIB,
    'active-defrag-threshold-lower': 10,
    'active-defrag-threshold-upper': 100,
    'active-defrag-cycle-min': 1,
    'active-defrag-cycle-max': 25,
  };
  for (const [name, value] of Object.entries(standard)) setDefragOption(pace, name, value, 1);
  return { pace, calls, compaction, arena };
}

test.each([
  ['less than is let be', 90, 0],
  ['less than the lower threshold', 100, 0],
  ['at the lower threshold', 110, 1],
  ['half way', 605, 13],
  ['at the upper threshold', 1100, 25],
  ['beyond it', 5000, 25],
])('its share follows the waste: %s', (_, freeMib, percent) => {
  const { pace } = paceOf(1100 * MIB, freeMib * MIB);
  pace.run(1000);
  expect(pace.runningPercent).toBeCloseTo(percent, 5);
});

test('the extent that is kept ready is not wasted', () => {
  const { pace, arena } = paceOf(500 * MIB, 104 * MIB);
  arena.emptyExtents = 1;
  pace.run(1000);
  expect(pace.runningPercent).toBe(0);
});

test('each shard lets its part be', () => {
  const { pace } = paceOf(100 * MIB, 40 * MIB);
  pace.run(1000);
  expect(pace.runningPercent).toBe(0);
  setDefragOption(pace, 'active-defrag-ignore-bytes', 100 * MIB, 4);
  pace.run(2000);
  expect(pace.runningPercent).toBeGreaterThan(0);
});

test('the pauses between slices leave the rest of the time to commands', () => {
  const { pace, calls } = paceOf(100 * MIB, 200 * MIB);
  for (let now = 0; now < 1000; now++) if (pace.msUntilDue(now) <= 0) pace.run(now);
  // A quarter of a second of slices of 1 ms, each counted from its beginning.
  expect(calls.slices).toBeGreaterThan(200);
  expect(calls.slices).toBeLessThanOrEqual(334);
});

test('when there is nothing to gain it looks again once a second', () => {
  const { pace, calls } = paceOf(100 * MIB, 200 * MIB, 3);
  for (let now = 0; now < 500; now++) if (pace.msUntilDue(now) <= 0) pace.run(now);
  expect(calls.slices).toBe(3);
  expect(pace.runningPercent).toBe(0);
  expect(pace.currentMs).toBe(0);
  expect(pace.totalMs).toBeGreaterThan(0);
  expect(pace.msUntilDue(500)).toBeGreaterThan(400);
});

test('when it is switched off it ends what is under way', () => {
  const { pace, calls } = paceOf(100 * MIB, 200 * MIB);
  pace.run(1000);
  expect(calls).toMatchObject({ slices: 1, stops: 0 });
  setDefragOption(pace, 'activedefrag', false, 1);
  pace.run(2000);
  expect(calls).toMatchObject({ slices: 1, stops: 1 });
  expect(pace.runningPercent).toBe(0);
});

test('a purge runs whatever the thresholds are, and lets go of everything in the end', () => {
  const { pace, calls, compaction } = paceOf(100 * MIB, 1 * MIB, 20);
  setDefragOption(pace, 'activedefrag', false, 1);
  compaction.isWanted = true;
  for (let now = 0; now < 1000; now++) if (pace.msUntilDue(now) <= 0) pace.run(now);
  expect(calls.slices).toBe(20);
  expect(compaction.isWanted).toBe(false);
  expect(calls.told).toEqual(['spare', 'viewers', 'release']);
});
