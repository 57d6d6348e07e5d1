/** Growth: splits lose nothing, and SCAN keeps its promise while they happen. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { verify } from '../../../src/store/verify.ts';
import { reverseBits } from '../../../src/store/walks.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

const value = pattern(20, 1);

test('all of 100,000 keys are found after the splits, and deleting them merges the segments again', () => {
  const t = new TestKeyspace();
  const count = 100_000;
  for (let i = 0; i < count; i++) t.set(`key:${i}`, value);
  verify(t.keyspace);
  expect(t.keyspace.size(0)).toBe(count);
  const segments = t.keyspace.pool.used;
  expect(segments).toBeGreaterThan(count / 448);
  for (let i = 0; i < count; i++) if (t.ref(`key:${i}`) === 0) expect.fail(`key:${i} is not found`);
  for (let i = 0; i < count; i++) expect(t.ref(`other:${i}`)).toBe(0);
  for (let i = 0; i < count; i++) if (i % 50 !== 0) t.delete(`key:${i}`);
  verify(t.keyspace);
  expect(t.keyspace.size(0)).toBe(count / 50);
  expect(t.keyspace.pool.used).toBeLessThan(segments / 4);
  for (let i = 0; i < count; i += 50) if (t.ref(`key:${i}`) === 0) expect.fail(`key:${i} is not found`);
  t.keyspace.flushAll();
  expect(t.keyspace.indexBytes).toBe(0);
  expect(t.keyspace.arenaBytes).toBe(0);
});

test('SCAN returns each key that stays exactly once while the keyspace grows and shrinks', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3000 }),
      fc.array(
        fc.record({ count: fc.integer({ min: 1, max: 300 }), add: fc.integer({ min: -800, max: 800 }) }),
        {
          minLength: 1,
          maxLength: 20,
        },
      ),
      (stay, rounds) => {
        const t = new TestKeyspace();
        for (let i = 0; i < stay; i++) t.set(`stay:${i}`, value);
        const seen = new Map<string, number>();
        let added = 0;
        let removed = 0;
        let cursor = 0;
        let round = 0;
        do {
          const { count, add } = rounds[round++ % rounds.length]!;
          cursor = t.keyspace.scan(0, cursor, count, (ref) => {
            const key = t.keyOf(ref);
            seen.set(key, (seen.get(key) ?? 0) + 1);
          });
          for (let i = 0; i < add && added < 20_000; i++) t.set(`extra:${added++}`, value);
          for (let i = 0; i > add && removed < added; i--) t.delete(`extra:${removed++}`);
        } while (cursor !== 0);
        for (let i = 0; i < stay; i++) expect(seen.get(`stay:${i}`)).toBe(1);
        for (const times of seen.values()) expect(times).toBe(1);
        verify(t.keyspace);
      },
    ),
    { numRuns: 40, verbose: 1 },
  );
});

test('SCAN skips expired keys and returns about as many as asked', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 1000; i++) t.set(`key:${i}`, value, i % 2 ? t.nowMs + 10 : NO_EXPIRY);
  t.nowMs += 11;
  const keys: string[] = [];
  let calls = 0;
  let cursor = 0;
  do {
    cursor = t.keyspace.scan(0, cursor, 100, (ref) => keys.push(t.keyOf(ref)));
    calls++;
  } while (cursor !== 0);
  expect(new Set(keys).size).toBe(500);
  expect(keys.length).toBe(500);
  expect(calls).toBeLessThanOrEqual(11);
});

test('the bits of a hash are reversed', () => {
  expect(reverseBits(1)).toBe(0x80000000);
  fc.assert(fc.property(fc.integer(), (v) => reverseBits(reverseBits(v)) === v >>> 0));
});

test('a random key is any key, about equally often', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 1000; i++) t.set(`key:${i}`, value);
  const counts = new Map<string, number>();
  for (let i = 0; i < 50_000; i++) {
    const key = t.keyOf(t.keyspace.randomRef(0));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(1000);
  for (const count of counts.values()) expect(count).toBeLessThan(150);
});

test('a random key is found among few that are left of many, and none among expired ones only', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 20_000; i++) t.set(`key:${i}`, value, i === 7 ? NO_EXPIRY : t.nowMs + 5);
  t.nowMs += 10;
  expect(t.keyOf(t.keyspace.randomRef(0))).toBe('key:7');
  t.delete('key:7');
  expect(t.keyspace.randomRef(0)).toBe(0);
  expect(t.keyspace.randomRef(1)).toBe(0);
});
