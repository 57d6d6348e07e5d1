/** Expiry: an expired key is gone for everybody, and the active cycle keeps stale keys few. */
import { expect, test } from 'vitest';
import { verify } from '../../../src/store/verify.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

test('a key is there at its expiry and gone after it', () => {
  const expired: string[] = [];
  const t = new TestKeyspace({ onExpired: (_db, ref) => expired.push(t.keyOf(ref)) });
  t.set('key', pattern(10, 1), t.nowMs + 100);
  t.nowMs += 100;
  expect(t.get('key')).toBeDefined();
  t.nowMs += 1;
  expect(t.keyspace.size(0)).toBe(1);
  expect(t.get('key')).toBeUndefined();
  expect(t.keyspace.size(0)).toBe(0);
  expect(t.keyspace.statistics.expired).toBe(1);
  expect(expired).toEqual(['key']);
  expect(t.delete('key')).toBe(false);
});

test('overwriting an expired key does not keep its expiry', () => {
  const t = new TestKeyspace();
  t.set('key', pattern(10, 1), t.nowMs + 100);
  t.nowMs += 101;
  t.set('key', pattern(10, 1), -2);
  expect(t.keyspace.expiry(t.ref('key'))).toBe(NO_EXPIRY);
  expect(t.keyspace.expiresCount(0)).toBe(0);
});

test('the cycle deletes until less than a tenth is stale, in all databases', () => {
  const t = new TestKeyspace();
  for (let db = 0; db < 2; db++) {
    for (let i = 0; i < 20_000; i++)
      t.set(`key:${i}`, pattern(10, i), t.nowMs + (i % 2 ? 100 : 1_000_000), db);
    for (let i = 0; i < 1000; i++) t.set(`stays:${i}`, pattern(10, i), NO_EXPIRY, db);
  }
  t.nowMs += 101;
  let deleted = 0;
  do deleted += t.keyspace.expireCycle(5);
  while (t.keyspace.expireMore);
  verify(t.keyspace);
  expect(deleted).toBe(t.keyspace.statistics.expired);
  for (let db = 0; db < 2; db++) {
    const stale = t.keyspace.expiresCount(db) - 10_000;
    expect(stale).toBeLessThan(t.keyspace.expiresCount(db) * 0.1);
    expect(t.keyspace.size(db)).toBe(11_000 + stale);
    expect(t.keyspace.averageTtlMs(db)).toBeGreaterThan(900_000);
    expect(t.keyspace.staleRatio(db)).toBeLessThan(0.1);
  }
});

test('cycles with next to no budget come to the end as well', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 3000; i++) t.set(`key:${i}`, pattern(10, i), t.nowMs + (i % 3 ? 100 : 1_000_000));
  t.nowMs += 101;
  for (let i = 0; i < 500; i++) t.keyspace.expireCycle(0);
  expect(t.keyspace.expiresCount(0)).toBeLessThan(1100);
  verify(t.keyspace);
});

test('a few stale keys among few are all deleted by one cycle', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 20; i++) t.set(`key:${i}`, pattern(10, i), t.nowMs + 100);
  t.nowMs += 101;
  expect(t.keyspace.expireCycle(5)).toBe(20);
  expect(t.keyspace.size(0)).toBe(0);
  expect(t.keyspace.expireMore).toBe(false);
});

test('a value keeps its bytes when its expiry comes and goes', () => {
  const t = new TestKeyspace();
  for (let bytes = 0; bytes < 40; bytes++) {
    t.set('key', pattern(bytes, bytes));
    t.set('behind', pattern(5, 1));
    for (const expiresAt of [t.nowMs + 5, 2 ** 45, NO_EXPIRY, 0x1_0000_0000, 0xffff_ffff_ff]) {
      t.expire('key', expiresAt > 0 ? Math.max(expiresAt, t.nowMs + 5) : expiresAt);
      expect(Buffer.compare(t.get('key')!, pattern(bytes, bytes))).toBe(0);
      verify(t.keyspace);
    }
  }
  t.expire('key', 2 ** 52);
  expect(t.keyspace.expiry(t.ref('key'))).toBe(2 ** 52);
});

test('a read counts as a use only when it should', () => {
  const t = new TestKeyspace();
  t.set('key', pattern(3, 1));
  t.nowMs += 10_000;
  t.keyspace.touching = false;
  expect(t.keyspace.idleSeconds(t.ref('key'))).toBe(10);
  t.keyspace.touching = true;
  expect(t.keyspace.idleSeconds(t.ref('key'))).toBe(0);
});
