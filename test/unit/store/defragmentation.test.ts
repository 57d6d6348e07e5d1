/** Emptying extents: entries go to holes of others, a slice at a time, and nobody sees a difference but in the memory. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXTENT_SHIFT } from '../../../src/store/layout.ts';
import { KeyspaceSnapshot } from '../../../src/store/snapshot.ts';
import { verify } from '../../../src/store/verify.ts';
import { FOUND, KeyspaceView } from '../../../src/store/view.ts';
import { contentOf, describeEntry, nameOf } from './changes.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

const KIB = 1024;
/** A slice of no time at all: as much as is done between two looks at the clock. */
const SLICE_MS = 0;

type Step =
  | { do: 'set'; key: number; size: number; ttl: number }
  | { do: 'append'; key: number; size: number }
  | { do: 'delete'; from: number; count: number }
  | { do: 'expire'; key: number; ttl: number }
  | { do: 'wait'; ms: number }
  | { do: 'touch'; key: number }
  | { do: 'slices'; count: number; slides: boolean }
  | { do: 'stop' };

const KEYS = 300;
const key = fc.integer({ min: 0, max: KEYS - 1 });
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 300, max: 3_000 }) },
);
const ttl = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key, size, ttl }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('append' as const), key, size }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('delete' as const),
      from: key,
      count: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('expire' as const), key, ttl }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 50 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('touch' as const), key }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('slices' as const),
      count: fc.integer({ min: 1, max: 4 }),
      slides: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const) }) },
);

/** What came about in all runs: that the test tests something. */
const seen = { emptied: 0, moved: 0 };

class Run {
  readonly test: TestKeyspace;
  readonly view: KeyspaceView;
  readonly model = new Map<number, { value: Uint8Array; expiresAt: number }>();
  #made = 0;

  constructor() {
    const views: KeyspaceView[] = [];
    this.test = new TestKeyspace({
      extentBytes: 8 * KIB,
      onShare: (message) => views[0]?.accept(structuredClone(message)),
    });
    this.view = KeyspaceView.open(this.test.keyspace.share());
    views.push(this.view);
    for (let i = 0; i < KEYS; i++) this.#set(i, (i * 37) % 200, 0);
  }

  make(one: Step): void {
    const { test, model } = this;
    const { keyspace } = test;
    switch (one.do) {
      case 'set':
        this.#set(one.key, one.size, one.ttl);
        break;
      case 'append': {
        const old = this.alive(one.key) ?? { value: new Uint8Array(0), expiresAt: NO_EXPIRY };
        const added = pattern(one.size, this.#made++);
        test.write(`key:${one.key}`, old.value.length, added, one.key % 2);
        model.set(one.key, { value: Buffer.concat([old.value, added]), expiresAt: old.expiresAt });
        break;
      }
      case 'delete':
        for (let i = one.from; i < Math.min(KEYS, one.from + one.count); i++) {
          test.delete(`key:${i}`, i % 2);
          model.delete(i);
        }
        break;
      case 'expire': {
        const entry = this.alive(one.key);
        test.expire(`key:${one.key}`, test.nowMs + one.ttl, one.key % 2);
        if (entry) entry.expiresAt = test.nowMs + one.ttl;
        break;
      }
      case 'wait':
        test.nowMs += one.ms;
        keyspace.expireCycle(1000);
        break;
      case 'touch':
        // A reader that is about to touch this entry, until the next one.
        Atomics.store(keyspace.touches.words, 16, test.ref(`key:${one.key}`, one.key % 2));
        break;
      case 'slices':
        for (let i = 0; i < one.count; i++) keyspace.compaction.run(SLICE_MS, one.slides);
        break;
      case 'stop':
        keyspace.compaction.stop();
        break;
    }
    verify(keyspace);
  }

  alive(number: number) {
    const entry = this.model.get(number);
    return entry && entry.expiresAt !== NO_EXPIRY && this.test.nowMs > entry.expiresAt ? undefined : entry;
  }

  check(): void {
    const { test, view } = this;
    view.nowMs = test.nowMs;
    for (let i = 0; i < KEYS; i++) {
      const expected = this.alive(i);
      const name = `key:${i}`;
      const bytes = Buffer.from(name);
      const found = view.locate(i % 2, bytes, 0, bytes.length, test.hash(name));
      if (expected === undefined) {
        expect(found).not.toBe(FOUND);
        expect(test.get(name, i % 2)).toBeUndefined();
        continue;
      }
      expect(found).toBe(FOUND);
      expect(view.expiresAt).toBe(expected.expiresAt);
      const read = view.bytes.subarray(view.valueStart, view.valueStart + view.valueLength);
      expect(Buffer.compare(read, expected.value)).toBe(0);
      expect(Buffer.compare(test.get(name, i % 2)!, expected.value)).toBe(0);
    }
  }

  #set(number: number, bytes: number, ttlMs: number): void {
    const value = pattern(bytes, this.#made++);
    const expiresAt = ttlMs === 0 ? NO_EXPIRY : this.test.nowMs + ttlMs;
    this.test.set(`key:${number}`, value, expiresAt, number % 2);
    this.model.set(number, { value, expiresAt });
  }
}

test('whatever happens between its slices, all keys have their values and the memory is whole', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const run = new Run();
      for (const one of steps) run.make(one);
      run.check();
      Atomics.store(run.test.keyspace.touches.words, 16, 0);
      seen.emptied += run.test.keyspace.arena.emptied;
      seen.moved += run.test.keyspace.compaction.moved;
      run.test.keyspace.flushAll();
      verify(run.test.keyspace);
      expect(run.test.keyspace.arenaBytes).toBe(0);
    }),
    { numRuns: 150, verbose: 1 },
  );
  // By chance five times as much, and more: the steps have led to what is to be tested.
  expect(seen.emptied).toBeGreaterThan(5);
  expect(seen.moved).toBeGreaterThan(200);
}, 60_000);

/** `count` keys in small extents, of which those are deleted that `goes` says. */
function thinned(count: number, bytes: number, goes: (i: number) => boolean, extentBytes = 64 * KIB) {
  const t = new TestKeyspace({ extentBytes });
  for (let i = 0; i < count; i++) t.set(`key:${i}`, pattern(bytes, i), i % 3 ? NO_EXPIRY : t.nowMs + 1000);
  for (let i = 0; i < count; i++) if (goes(i)) t.delete(`key:${i}`);
  return t;
}

function emptyAll(t: TestKeyspace): void {
  const { compaction } = t.keyspace;
  for (let i = 0; i < 100_000; i++) {
    compaction.run(SLICE_MS, false);
    if (!compaction.hasMore) return;
  }
  expect.fail('it comes to an end');
}

test('when nine of ten keys are deleted, nearly all extents are given back', () => {
  const t = thinned(20_000, 100, (i) => (i * 7919) % 10 !== 0);
  const full = t.keyspace.arenaBytes;
  const { usedBytes } = t.keyspace;
  emptyAll(t);
  verify(t.keyspace);
  expect(t.keyspace.usedBytes).toBe(usedBytes);
  expect(t.keyspace.arenaBytes).toBeLessThan(usedBytes * 1.5);
  expect(t.keyspace.arenaBytes).toBeLessThan(full / 6);
  for (let i = 0; i < 20_000; i++) {
    if ((i * 7919) % 10 !== 0) expect(t.ref(`key:${i}`)).toBe(0);
    else expect(Buffer.compare(t.get(`key:${i}`)!, pattern(100, i))).toBe(0);
  }
  // What expires is found through its index as well.
  t.nowMs += 1001;
  t.keyspace.expireCycle(1000);
  verify(t.keyspace);
  expect(t.keyspace.expiresCount(0)).toBe(0);
});

test('it ends, and the next writes do not take an extent at once', () => {
  const t = thinned(5_000, 100, (i) => i % 4 !== 0);
  emptyAll(t);
  const { arenaBytes } = t.keyspace;
  const { moved } = t.keyspace.compaction;
  t.keyspace.compaction.run(1000, false);
  expect(t.keyspace.compaction.moved).toBe(moved);
  for (let i = 0; i < 60; i++) t.set(`new:${i}`, pattern(100, i));
  expect(t.keyspace.arenaBytes).toBe(arenaBytes);
  expect(t.keyspace.compaction.hasMore).toBe(false);
});

test('nothing is put into an extent that is being emptied, unless the arena had to grow', () => {
  const t = thinned(5_000, 100, (i) => i % 4 !== 0);
  const { arena, compaction } = t.keyspace;
  while (arena.sealed < 0) compaction.run(SLICE_MS, false);
  // The first pass is over when the first entry has moved.
  while (compaction.moved === 0) compaction.run(SLICE_MS, false);
  const { sealed } = arena;
  const before = arena.totalBytes;
  let i = 0;
  for (; arena.sealed >= 0 && i < 100_000; i++) {
    t.set(`new:${i}`, pattern(100, i));
    if (arena.sealed >= 0) expect(t.ref(`new:${i}`) >>> EXTENT_SHIFT).not.toBe(sealed);
  }
  // Then it is filled before there is another one.
  expect(arena.totalBytes).toBe(before);
  expect(t.ref(`new:${i - 1}`) >>> EXTENT_SHIFT).toBe(sealed);
  verify(t.keyspace);
  compaction.run(SLICE_MS, false);
  verify(t.keyspace);
  for (let j = 0; j < i; j++) expect(Buffer.compare(t.get(`new:${j}`)!, pattern(100, j))).toBe(0);
});

test('entries that fit in no hole are made room for by sliding', () => {
  const t = new TestKeyspace({ extentBytes: 64 * KIB });
  // Holes of 200 bytes everywhere, and a few extents with entries of 2,000.
  for (let i = 0; i < 3_000; i++) t.set(`small:${i}`, pattern(180, i));
  for (let i = 0; i < 100; i++) t.set(`large:${i}`, pattern(2_000, i));
  for (let i = 0; i < 3_000; i += 2) t.delete(`small:${i}`);
  for (let i = 0; i < 100; i++) if (i % 3) t.delete(`large:${i}`);
  const before = t.keyspace.arenaBytes;
  emptyAll(t);
  verify(t.keyspace);
  expect(t.keyspace.arenaBytes).toBeLessThan(before * 0.7);
  for (let i = 0; i < 100; i += 3) expect(Buffer.compare(t.get(`large:${i}`)!, pattern(2_000, i))).toBe(0);
  for (let i = 1; i < 3_000; i += 2) expect(Buffer.compare(t.get(`small:${i}`)!, pattern(180, i))).toBe(0);
});

test('a block that a reader is about to touch keeps its extent until it is through', () => {
  const t = thinned(2_000, 100, (i) => i % 5 !== 0);
  const { arena, compaction, setAside, touches } = t.keyspace;
  while (arena.sealed < 0) compaction.run(SLICE_MS, false);
  const { sealed } = arena;
  let name = '';
  t.keyspace.forEach(0, (ref) => {
    if (ref >>> EXTENT_SHIFT === sealed) name = t.keyOf(ref);
  });
  Atomics.store(touches.words, 0, 1);
  Atomics.store(touches.words, 16, t.ref(name));
  for (let i = 0; i < 200; i++) compaction.run(SLICE_MS, false);
  expect(setAside.length).toBe(1);
  expect(arena.sealed).toBe(sealed);
  expect(t.ref(name) >>> EXTENT_SHIFT).not.toBe(sealed);
  verify(t.keyspace);
  Atomics.store(touches.words, 16, 0);
  emptyAll(t);
  expect(setAside.length).toBe(0);
  verify(t.keyspace);
});

test('memory that is refused is found in the extent that is being emptied', () => {
  const t = new TestKeyspace({ extentBytes: 64 * KIB, maxArenaBytes: 8 * 64 * KIB });
  let count = 0;
  for (; t.keyspace.arenaBytes < 8 * 64 * KIB; count++) t.set(`key:${count}`, pattern(100, count));
  for (let i = 0; i < count; i++) if (i % 3) t.delete(`key:${i}`);
  const { arena, compaction } = t.keyspace;
  while (arena.sealed < 0) compaction.run(SLICE_MS, false);
  compaction.run(SLICE_MS, false);
  const room = arena.freeUnits;
  let added = 0;
  try {
    for (; ; added++) t.set(`new:${added}`, pattern(100, added));
  } catch {
    expect(arena.sealed).toBe(-1);
  }
  verify(t.keyspace);
  // All of the free memory is used but for what is left over in each hole.
  expect(arena.freeUnits).toBeLessThan(room / 10);
  expect(added).toBeGreaterThan(100);
});

test('a snapshot that is under way is of the moment of its cut', () => {
  const t = thinned(4_000, 200, (i) => i % 4 !== 0);
  const expected = contentOf(t.keyspace);
  const written = new Map<string, string>();
  const snapshot = new KeyspaceSnapshot(t.keyspace, {
    write: (db, ref) => {
      const name = nameOf(t.keyspace, db, ref);
      expect(written.has(name)).toBe(false);
      written.set(name, describeEntry(t.keyspace, ref));
      return true;
    },
  });
  const { compaction } = t.keyspace;
  for (let i = 0; !snapshot.step(0); i++) {
    compaction.run(SLICE_MS, false);
    t.set(`key:${(i * 4) % 4_000}`, pattern(i % 300, i));
    if (i % 10 === 0) verify(t.keyspace);
  }
  expect(compaction.moved).toBeGreaterThan(100);
  expect(written).toEqual(expected);
  emptyAll(t);
  verify(t.keyspace);
});

test('the extent that is kept ready can be given back, too', () => {
  const t = thinned(2_000, 100, () => true);
  expect(t.keyspace.arenaBytes).toBe(64 * KIB);
  t.keyspace.arena.dropSpare();
  expect(t.keyspace.arenaBytes).toBe(0);
  verify(t.keyspace);
  t.set('again', pattern(10, 1));
  expect(t.keyspace.arenaBytes).toBe(64 * KIB);
});
