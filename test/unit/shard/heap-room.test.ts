/** Whether a heap has room: it is asked for when collections grow, and garbage does not make it short. */
import { expect, test } from 'vitest';
import { heapLimits } from '../../../src/server/heap-limits.ts';
import { HeapRoom } from '../../../src/shard/heap-room.ts';

const MIB = 1 << 20;

/** A heap of 100 MB with collections that are on it as a whole, and garbage. */
function heap() {
  const state = { live: 0, garbage: 0, collections: 0, looks: 0 };
  const room = new HeapRoom({
    collectionBytes: () => state.live,
    figures: () => {
      state.looks++;
      return { usedBytes: state.live + state.garbage, totalBytes: 100 * MIB, limitBytes: 100 * MIB };
    },
    collectGarbage: () => {
      state.collections++;
      state.garbage = 0;
    },
  });
  return { state, room };
}

test('a heap is short when collections fill it, and no more when some have gone', () => {
  const { state, room } = heap();
  for (; state.live < 84 * MIB; state.live += MIB / 2) room.note();
  expect([room.isShort, state.collections]).toEqual([false, 0]);
  state.live = 90 * MIB;
  room.note();
  expect(room.isShort).toBe(true);
  state.live = 40 * MIB;
  state.garbage = 50 * MIB;
  room.note();
  expect([room.isShort, state.collections]).toEqual([false, 2]);
});

test('garbage does not make it short, and is collected once for the same collections', () => {
  const { state, room } = heap();
  state.live = 30 * MIB;
  state.garbage = 65 * MIB;
  room.note();
  expect([room.isShort, state.collections]).toEqual([false, 1]);
  state.garbage = 65 * MIB;
  room.background(1e6);
  room.background(2e6);
  expect([room.isShort, state.collections]).toEqual([false, 1]);
});

test('the engine is asked after growth by a hundredth, and otherwise once a second', () => {
  const { state, room } = heap();
  const looks = state.looks;
  for (; state.live < 10 * MIB; state.live += 1024) room.note();
  expect(state.looks - looks).toBeLessThanOrEqual(10);
  for (let now = 1e6; now < 1e6 + 5000; now += 100) room.background(now);
  expect(state.looks - looks).toBeLessThanOrEqual(15);
});

test('a shard may have as much as the machine, unless Node was told otherwise', () => {
  expect(heapLimits('', 8192 * MIB)).toEqual({ maxOldGenerationSizeMb: 8192, maxYoungGenerationSizeMb: 24 });
  expect(heapLimits('--max-old-space-size=100', 8192 * MIB)).toEqual({ maxYoungGenerationSizeMb: 24 });
  expect(heapLimits('--max_semi_space_size=1 --max-old-space-size=1', 8192 * MIB)).toEqual({});
});
