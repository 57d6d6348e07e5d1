/** Loading makes the entries that writing makes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { viewedBytes } from '../../../src/base/bytes.ts';
import { OutOfMemory } from '../../../src/store/keyspace.ts';
import { StringLoader } from '../../../src/store/loading.ts';
import { SlotNotes } from '../../../src/store/slot-notes.ts';
import { verify } from '../../../src/store/verify.ts';
import { contentOf } from './changes.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

const EXTENT_BYTES = 64 * 1024;

/** Adds a string as a file has it: as part of a larger buffer. */
function add(
  loader: StringLoader,
  into: TestKeyspace,
  key: string,
  value: Uint8Array,
  expiresAt = NO_EXPIRY,
  db = 0,
): void {
  const bytes = viewedBytes(new ArrayBuffer(2 + key.length + value.length));
  bytes.set(Buffer.from(key), 2);
  const end = 2 + key.length;
  bytes.set(value, end);
  loader.add(db, bytes, 2, end, into.hash(key), bytes, end, bytes.length, expiresAt);
}

test('a loaded keyspace is the same as one that was written, with expiries, in two databases', () => {
  const written = new TestKeyspace();
  const loaded = new TestKeyspace();
  const loader = new StringLoader(loaded.keyspace);
  for (let i = 0; i < 3_000; i++) {
    const value = pattern(i % 100 === 7 ? i * 40 : i % 700, i);
    const expiresAt = i % 3 === 0 ? written.nowMs + i : NO_EXPIRY;
    const db = i < 2_000 ? 0 : i % 2;
    written.set(`key:${i}`, value, expiresAt, db);
    add(loader, loaded, `key:${i}`, value, expiresAt, db);
  }
  loader.flush();
  verify(loaded.keyspace);
  expect(contentOf(loaded.keyspace)).toEqual(contentOf(written.keyspace));
  expect(loaded.get('key:2')).toEqual(pattern(2, 2));
  expect(loaded.keyspace.usedBytes).toBe(written.keyspace.usedBytes);
  expect(loaded.keyspace.largestEntryBytes).toBe(written.keyspace.largestEntryBytes);
  loaded.nowMs += 10_000;
  expect(loaded.keyspace.expireCycle(1000)).toBe(1_000);
});

test('of a key that comes several times, or was there before, the last value counts', () => {
  const entry = fc.record({
    key: fc.integer({ min: 0, max: 5 }),
    length: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 30_000 })),
    expires: fc.boolean(),
    flushes: fc.boolean(),
  });
  const run = (before: { key: number; length: number; expires: boolean }[], entries: typeof before) => {
    const written = new TestKeyspace({ extentBytes: EXTENT_BYTES });
    const loaded = new TestKeyspace({ extentBytes: EXTENT_BYTES });
    const loader = new StringLoader(loaded.keyspace);
    for (const [i, { key, length, expires }] of [...before, ...entries].entries()) {
      const value = pattern(length, i);
      const expiresAt = expires ? written.nowMs + i : NO_EXPIRY;
      written.set(`key:${key}`, value, expiresAt);
      if (i < before.length) loaded.set(`key:${key}`, value, expiresAt);
      else add(loader, loaded, `key:${key}`, value, expiresAt);
      if ((entries[i - before.length] as { flushes?: boolean })?.flushes) loader.flush();
    }
    loader.flush();
    verify(loaded.keyspace);
    expect(contentOf(loaded.keyspace)).toEqual(contentOf(written.keyspace));
    expect(loaded.keyspace.expiresCount(0)).toBe(written.keyspace.expiresCount(0));
  };
  const entries = fc.array(entry, { maxLength: 30 });
  fc.assert(fc.property(entries, entries, run), { numRuns: 300 });
});

test('without memory for more the keyspace is whole, with some of what was loaded', () => {
  const loaded = new TestKeyspace({ extentBytes: EXTENT_BYTES, maxArenaBytes: 2 * EXTENT_BYTES });
  const loader = new StringLoader(loaded.keyspace);
  let added = 0;
  expect(() => {
    for (; ; added++) add(loader, loaded, `key:${added}`, pattern(100, added), added % 2 ? NO_EXPIRY : 9e12);
  }).toThrow(OutOfMemory);
  loader.flush();
  verify(loaded.keyspace);
  // Nearly all of it is entries of 128 or 136 bytes.
  expect(added).toBeGreaterThan(850);
  expect(loaded.keyspace.size(0)).toBe(added);
  expect(loaded.get(`key:${added - 1}`)).toEqual(pattern(100, added - 1));
});

test('so many keys that some have the same hash', () => {
  const count = 200_000;
  const loaded = new TestKeyspace();
  const loader = new StringLoader(loaded.keyspace);
  const hashes = new Set<number>();
  for (let i = 0; i < count; i++) {
    hashes.add(loaded.hash(`key:${i}`));
    add(loader, loaded, `key:${i}`, pattern(i % 9, i));
  }
  loader.flush();
  expect(hashes.size).toBeLessThan(count);
  expect(loaded.keyspace.size(0)).toBe(count);
  verify(loaded.keyspace);
  for (let i = 0; i < count; i += 997) expect(loaded.get(`key:${i}`)).toEqual(pattern(i % 9, i));
  // An index that was made large to begin with has no more segments than one that grew.
  const grown = new TestKeyspace();
  for (let i = 0; i < count; i++) grown.set(`key:${i}`, pattern(0, 0));
  expect(loaded.keyspace.pool.used).toBeLessThanOrEqual(grown.keyspace.pool.used * 1.05);
});

test('notes are sorted by low bits, and equal ones stay in their order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 200 }),
      fc.integer({ min: 0, max: 22 }),
      (hashes, bits) => {
        const notes = new SlotNotes(256);
        hashes.forEach((hash, i) => {
          notes.add(hash, i + 1);
        });
        notes.sort(bits);
        const low = (hash: number) => hash & ((1 << Math.min(bits, 16)) - 1);
        const expected = hashes.map((hash, i) => [hash, i + 1] as const);
        expected.sort(([a, i], [b, j]) => low(a) - low(b) || i - j);
        expect([...notes.slots.subarray(0, notes.count * 2)]).toEqual(expected.flat());
      },
    ),
  );
});
