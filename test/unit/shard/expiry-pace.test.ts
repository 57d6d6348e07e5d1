import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ExpiryPace } from '../../../src/shard/expiry-pace.ts';
import { DueObjects } from '../../../src/store/due-objects.ts';
import type { Keyspace } from '../../../src/store/keyspace.ts';

let nowMs = 0;

beforeEach(() => {
  nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A keyspace whose slices take `takes` milliseconds, one after the other; `true` behind one says that there is more. */
function paceOf(...takes: readonly (readonly [ms: number, more: boolean])[]): ExpiryPace {
  let slice = -1;
  const keyspace = {
    objects: { due: new DueObjects() },
    now: () => nowMs,
    expireCycle() {
      slice++;
      nowMs += takes[slice]![0];
    },
    get expireMore() {
      return takes[slice]![1];
    },
  };
  return new ExpiryPace(keyspace as unknown as Keyspace, 1, 10, 1);
}

test('sums up what its slices take, and how many were not enough', () => {
  const pace = paceOf([0.5, false], [1, true], [1.25, true]);
  for (let i = 0; i < 3; i++) pace.run(i * 1000);
  expect(pace.spent).toEqual({ totalMs: 2.75, capsReached: 2, slowSlices: 0, slowSliceMs: 0 });
});

test('notes slices that are slow, once somebody wants to know', () => {
  const pace = paceOf([50, false], [19, false], [20, false], [35, true]);
  pace.run(0);
  pace.slowMs = 20;
  for (let i = 1; i < 4; i++) pace.run(i * 1000);
  expect(pace.spent).toMatchObject({ slowSlices: 2, slowSliceMs: 35 });
});

test('does nothing while it is switched off', () => {
  const pace = paceOf();
  pace.isActive = false;
  pace.run(5);
  expect(pace.spent.totalMs).toBe(0);
  expect(pace.msUntilDue(5)).toBe(100);
});
