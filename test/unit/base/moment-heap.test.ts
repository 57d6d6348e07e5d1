import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MomentHeap } from '../../../src/base/moment-heap.ts';

test('whatever is added and taken in turn, the earliest comes first', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
      const heap = new MomentHeap<number>();
      const model: number[] = [];
      for (const moment of steps) {
        if (moment !== null) {
          heap.add(moment, moment);
          model.push(moment);
        } else if (model.length > 0) {
          model.sort((a, b) => a - b);
          expect(heap.take()).toBe(model.shift());
        }
        expect(heap.size).toBe(model.length);
        expect(heap.first).toBe(Math.min(Infinity, ...model));
        expect(heap.firstItem).toBe(model.length === 0 ? undefined : Math.min(...model));
      }
    }),
  );
});

test('what it is filled with takes the place of what was there', () => {
  const heap = new MomentHeap<string>();
  heap.add(1, 'old');
  heap.fill([
    ['c', 30],
    ['a', 10],
    ['b', 20],
  ]);
  heap.add(15, 'between');
  expect([heap.take(), heap.take(), heap.take(), heap.take()]).toEqual(['a', 'between', 'b', 'c']);
  heap.fill([['d', 5]]);
  heap.clear();
  expect(heap.first).toBe(Infinity);
});
