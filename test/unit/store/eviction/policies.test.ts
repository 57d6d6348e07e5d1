/** What holds for every eviction policy, and what tells them apart. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVICTION_POLICIES, type EvictionPolicyName } from '../../../../src/base/eviction-policies.ts';
import { Random } from '../../../../src/base/random.ts';
import type { Journal } from '../../../../src/store/journal.ts';
import { moveEntry } from '../../../../src/store/transfers.ts';
import { verify } from '../../../../src/store/verify.ts';
import { Changes, change, DATABASES } from '../changes.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from '../harness.ts';

const STANDARD = { samples: 5, lfuLogFactor: 10, lfuDecayMinutes: 1 };
const EVICTING = EVICTION_POLICIES.filter((name) => name !== 'noeviction');
const ALLKEYS = EVICTING.filter((name) => name.startsWith('allkeys-'));
const VOLATILE = EVICTING.filter((name) => name.startsWith('volatile-'));
const VALUE = pattern(8, 1);

function keyspaceWith(policy: EvictionPolicyName, seed = 1): TestKeyspace & { evicted: string[] } {
  const random = new Random(seed);
  const evicted: string[] = [];
  const t = new TestKeyspace({
    random: () => random.next(),
    extentBytes: 1 << 16,
    databases: DATABASES,
    onEvicted: (db, ref) => evicted.push(`${db} ${t.keyOf(ref)}`),
  });
  t.keyspace.setEviction(policy, STANDARD);
  return Object.assign(t, { evicted });
}

function sizeOf(t: TestKeyspace): number {
  return t.keyspace.databases.reduce((sum, _, db) => sum + t.keyspace.size(db), 0);
}

describe.each(EVICTING)('%s', (policy) => {
  const isVolatile = policy.startsWith('volatile-');
  const soon = (t: TestKeyspace) => (isVolatile ? t.nowMs + 1_000_000 : NO_EXPIRY);

  test('evicts nothing from nothing', () => {
    const t = keyspaceWith(policy);
    expect(t.keyspace.evict()).toBe(false);
    t.set('gone', VALUE, soon(t));
    t.delete('gone');
    expect(t.keyspace.evict()).toBe(false);
    expect(t.keyspace.statistics.evicted).toBe(0);
  });

  test('reaches every entry of every database, each once, and tells of it', () => {
    const t = keyspaceWith(policy);
    const all: string[] = [];
    for (let i = 0; i < 3000; i++) {
      const db = i % 3;
      t.set(`key${i}`, VALUE, soon(t), db);
      all.push(`${db} key${i}`);
    }
    for (let i = 3000; i > 0; i--) {
      expect(t.keyspace.evict()).toBe(true);
      expect(sizeOf(t)).toBe(i - 1);
      if (i % 500 === 0) verify(t.keyspace);
    }
    expect(t.keyspace.evict()).toBe(false);
    expect([...t.evicted].sort()).toEqual(all.sort());
    expect(t.keyspace.statistics.evicted).toBe(3000);
  });

  test('deletes for the journal', () => {
    const t = keyspaceWith(policy);
    t.set('a', VALUE, soon(t));
    const removed: string[] = [];
    t.keyspace.journal = {
      removed: (db: number, ref: number) => removed.push(`${db} ${t.keyOf(ref)}`),
    } as unknown as Journal;
    expect(t.keyspace.evict()).toBe(true);
    expect(removed).toEqual(['0 a']);
  });

  test('may be set when keys are there, and reaches them and those that come', () => {
    for (const before of EVICTION_POLICIES) {
      const t = keyspaceWith(before);
      for (let i = 0; i < 1000; i++) t.set(`key${i}`, VALUE, soon(t), i % 2);
      t.keyspace.setEviction(policy, STANDARD);
      expect(sizeOf(t)).toBe(1000);
      for (let i = 1000; i < 1500; i++) t.set(`key${i}`, VALUE, soon(t));
      let evictions = 0;
      while (t.keyspace.evict()) evictions++;
      expect(evictions).toBe(1500);
      verify(t.keyspace);
    }
  });

  test('goes on after its database was emptied, and after very many keys were deleted', () => {
    const t = keyspaceWith(policy);
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < 2000; i++) t.set(`key${i}`, VALUE, soon(t));
      if (round % 2 === 0) t.keyspace.flushAll();
      else for (let i = 0; i < 2000; i++) t.delete(`key${i}`);
    }
    expect(t.keyspace.evict()).toBe(false);
    for (let i = 0; i < 2000; i++) t.set(`key${i}`, VALUE, soon(t));
    for (let i = 0; i < 2000; i++) expect(t.keyspace.evict()).toBe(true);
    // What the policy keeps of keys that are gone does not grow with their number.
    expect(t.keyspace.evictionBytes).toBeLessThan(100_000);
    verify(t.keyspace);
  });

  test('keeps the keyspace whole among any other changes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 150 }), fc.integer(), (changes, seed) => {
        const t = keyspaceWith(policy, seed);
        const made = new Changes(t);
        changes.forEach((one, i) => {
          made.make(one);
          if (i % 3 === 0) t.keyspace.evict();
        });
        verify(t.keyspace);
        while (t.keyspace.evict());
        const left = t.keyspace.databases.map(({ index, expires }) =>
          isVolatile ? (expires?.count ?? 0) : (index?.count ?? 0),
        );
        expect(left.every((count) => count === 0)).toBe(true);
        verify(t.keyspace);
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(VOLATILE)('%s', (policy) => {
  test('never takes a key without an expiry', () => {
    const t = keyspaceWith(policy);
    for (let i = 0; i < 1000; i++) t.set(`kept${i}`, VALUE);
    expect(t.keyspace.evict()).toBe(false);
    for (let i = 0; i < 500; i++) t.set(`key${i}`, VALUE, t.nowMs + 5000 + i);
    for (let i = 0; i < 100; i++) t.expire(`kept${i}`, t.nowMs + 5000);
    for (let i = 0; i < 50; i++) t.expire(`kept${i}`, NO_EXPIRY);
    let evictions = 0;
    while (t.keyspace.evict()) evictions++;
    expect(evictions).toBe(550);
    expect(sizeOf(t)).toBe(950);
    verify(t.keyspace);
  });
});

test('noeviction evicts nothing', () => {
  const t = keyspaceWith('noeviction');
  t.set('a', VALUE);
  expect(t.keyspace.evict()).toBe(false);
  expect(t.get('a')).toEqual(VALUE);
});

test('volatile-ttl takes what expires first', () => {
  const t = keyspaceWith('volatile-ttl');
  t.keyspace.setEviction('volatile-ttl', { ...STANDARD, samples: 64 });
  for (const i of [5, 2, 9, 1, 7]) t.set(`key${i}`, VALUE, t.nowMs + i * 1000);
  while (t.keyspace.evict());
  expect(t.evicted).toEqual(['0 key1', '0 key2', '0 key5', '0 key7', '0 key9']);
});

test('the random policies take from each database by its size', () => {
  for (const policy of ['allkeys-random', 'volatile-random'] as const) {
    const t = keyspaceWith(policy);
    for (let i = 0; i < 8000; i++) t.set(`key${i}`, VALUE, t.nowMs + 5000, i % 4 === 0 ? 1 : 0);
    for (let i = 0; i < 4000; i++) t.keyspace.evict();
    expect(t.keyspace.size(0)).toBeGreaterThan(2850);
    expect(t.keyspace.size(0)).toBeLessThan(3150);
  }
});

/** Keys with popularity by Zipf's law; the share of requests that find theirs. */
function hitRatio(policy: EvictionPolicyName): number {
  const t = keyspaceWith(policy);
  const isVolatile = policy.startsWith('volatile-');
  const random = new Random(7);
  const sums: number[] = [];
  for (let rank = 1; rank <= 5000; rank++) sums.push((sums.at(-1) ?? 0) + 1 / rank);
  let hits = 0;
  for (let i = 0; i < 60_000; i++) {
    if (i % 20 === 0) t.nowMs += 1000;
    const wanted = random.next() * sums[sums.length - 1]!;
    let low = 0;
    for (let high = 4999; low < high; ) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    if (t.ref(`key${low}`) !== 0) {
      hits++;
      continue;
    }
    if (sizeOf(t) >= 250) t.keyspace.evict();
    t.set(`key${low}`, VALUE, isVolatile ? t.nowMs + 1e9 : NO_EXPIRY);
  }
  return hits / 60_000;
}

test('policies of recency and of frequency keep the keys that are asked for', () => {
  const random = hitRatio('allkeys-random');
  for (const policy of [...ALLKEYS, ...VOLATILE]) {
    if (policy.endsWith('random') || policy === 'volatile-ttl') continue;
    const least = policy.endsWith('lru') ? random + 0.02 : random + 0.06;
    expect({ policy, isGood: hitRatio(policy) > least }).toEqual({ policy, isGood: true });
  }
});

describe('what is known of an entry', () => {
  test('LFU counters begin at 5, grow with uses, and fall with time', () => {
    const t = keyspaceWith('allkeys-lfu');
    t.set('a', VALUE);
    const peeked = () => {
      t.keyspace.touching = false;
      const counter = t.keyspace.frequency(t.ref('a'));
      t.keyspace.touching = true;
      return counter;
    };
    expect(peeked()).toBe(5);
    for (let i = 0; i < 5000; i++) t.ref('a');
    const grown = peeked();
    expect(grown).toBeGreaterThan(20);
    expect(grown).toBeLessThan(60);
    t.nowMs += 10 * 60_000;
    expect(peeked()).toBe(grown - 10);
    t.keyspace.setEviction('allkeys-lfu', { ...STANDARD, lfuDecayMinutes: 0 });
    t.nowMs += 1000 * 60_000;
    expect(peeked()).toBe(grown);
    t.keyspace.setEviction('allkeys-lfu', { ...STANDARD, lfuLogFactor: 0, lfuDecayMinutes: 0 });
    for (let i = 0; i < 300; i++) t.ref('a');
    expect(peeked()).toBe(255);
  });

  test.each(['allkeys-lru', 'allkeys-sieve', 'allkeys-s3fifo'] as const)(
    '%s knows how long it was idle',
    (policy) => {
      const t = keyspaceWith(policy);
      t.set('a', VALUE);
      const { keyspace } = t;
      keyspace.touching = false;
      t.nowMs += 100_000;
      expect(keyspace.idleSeconds(t.ref('a'))).toBe(100);
      keyspace.setIdle(t.ref('a'), 5000);
      expect(keyspace.idleSeconds(t.ref('a'))).toBe(5000);
      keyspace.touching = true;
      expect(keyspace.idleSeconds(t.ref('a'))).toBe(0);
    },
  );

  test('use counts go with an entry that is overwritten or moved', () => {
    const t = keyspaceWith('allkeys-lfu');
    t.set('a', VALUE);
    const { keyspace } = t;
    keyspace.setFrequency(t.ref('a'), 100);
    keyspace.touching = false;
    t.set('a', pattern(5000, 2));
    expect(keyspace.frequency(t.ref('a'))).toBe(100);
    t.expire('a', t.nowMs + 5000);
    expect(keyspace.frequency(t.ref('a'))).toBe(100);
    moveEntry(keyspace, 0, 1, t.ref('a'), t.hash('a'));
    expect(keyspace.frequency(t.ref('a', 1))).toBe(100);
    keyspace.touching = true;
    t.set('a', VALUE, NO_EXPIRY, 1);
    expect(keyspace.frequency(t.ref('a', 1))).toBeGreaterThanOrEqual(100);
  });
});
