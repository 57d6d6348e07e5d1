/** Queues of hashes, and the ghosts of what was evicted. */
import { describe, expect, test } from 'vitest';
import { Ghosts } from '../../../../src/store/eviction/ghosts.ts';
import { HashQueue } from '../../../../src/store/eviction/hash-queue.ts';

describe('a queue of hashes', () => {
  test('gives them back in their order, and its memory with them', () => {
    const queue = new HashQueue();
    let given = 0;
    let taken = 0;
    let wrong = 0;
    for (let round = 0; round < 300; round++) {
      for (let i = 0; i < 1000; i++) queue.push(given++);
      for (let i = round < 150 ? 400 : 1300; i > 0 && queue.count > 0; i--) {
        if (queue.shift() !== taken++) wrong++;
      }
      expect(queue.count).toBe(given - taken);
      expect(queue.bytes).toBeLessThanOrEqual(queue.count * 4 + 8192);
    }
    while (queue.count > 0) if (queue.shift() !== taken++) wrong++;
    expect(wrong).toBe(0);
    expect(taken).toBe(given);
    expect(queue.bytes).toBe(0);
    queue.push(7);
    queue.clear();
    expect(queue.count).toBe(0);
  });
});

describe('ghosts', () => {
  const hashOf = (i: number) => Math.imul(i + 1, 0x85ebca6b) ^ (i << 7);

  test('know which queue a key left, and how long ago', () => {
    const ghosts = new Ghosts();
    expect(ghosts.find(hashOf(1))).toBe(false);
    ghosts.resize(1000);
    for (let i = 0; i < 100; i++) ghosts.add(hashOf(i), i & 1);
    let found = 0;
    for (let i = 0; i < 100; i++) {
      if (!ghosts.find(hashOf(i))) continue;
      found++;
      expect(ghosts.queue).toBe(i & 1);
      expect(ghosts.age).toBeCloseTo((50 - (i >> 1)) / 1000, 2);
    }
    expect(found).toBe(100);
    expect(ghosts.find(hashOf(5))).toBe(true);
    ghosts.forget();
    expect(ghosts.find(hashOf(5))).toBe(false);
  });

  test('forget the oldest', () => {
    const ghosts = new Ghosts();
    ghosts.resize(1000);
    for (let i = 0; i < 10_000; i++) ghosts.add(hashOf(i), 0);
    const known = (from: number, to: number) => {
      let count = 0;
      for (let i = from; i < to; i++) if (ghosts.find(hashOf(i)) && ghosts.age < 1) count++;
      return count;
    };
    expect(known(9800, 10_000)).toBeGreaterThan(190);
    expect(known(0, 5000)).toBeLessThan(25);
    expect(ghosts.bytes).toBeLessThan(4000);
  });
});
