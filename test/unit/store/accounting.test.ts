/** Memory: what is freed serves any other size, what is not needed goes back, and the counts are exact. */
import { expect, test } from 'vitest';
import { OutOfMemory } from '../../../src/store/layout.ts';
import { verify } from '../../../src/store/verify.ts';
import { KeyspaceView } from '../../../src/store/view.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

const MIB = 1 << 20;

/** Sets new keys until there is no memory and returns how many value bytes there are. */
function fill(t: TestKeyspace, prefix: string, bytes: number): number {
  const value = pattern(bytes, 3);
  for (let i = 0; ; i++) {
    try {
      t.set(`${prefix}${i}`, value);
    } catch (error) {
      expect(error).toBeInstanceOf(OutOfMemory);
      return i;
    }
  }
}

/** As an evicting shard does: compacts first, then lets the next victim go. False: nothing left to delete. */
function makeRoom(t: TestKeyspace, nextVictim: () => string | undefined): boolean {
  if (t.keyspace.compact(5) > 0) return true;
  const victim = nextVictim();
  if (victim === undefined) return false;
  t.delete(victim);
  return true;
}

test('a full shard holds as much when the sizes change from 100 to 1000 to 20 bytes', () => {
  const limits = { maxArenaBytes: 16 * MIB, extentBytes: 2 * MIB };
  const capacity = new Map<number, number>();
  for (const bytes of [1000, 20]) {
    capacity.set(bytes, fill(new TestKeyspace(limits), `size${bytes}:`, bytes));
  }
  const t = new TestKeyspace(limits);
  let before = fill(t, 'size100:', 100);
  let size = 100;
  for (const bytes of [1000, 20]) {
    // Keys leave in a random order, as evicted ones do, until none of the old ones is left.
    const old = shuffle(before);
    const value = pattern(bytes, 4);
    let stored = 0;
    let gone = 0;
    for (;;) {
      try {
        t.set(`size${bytes}:${stored}`, value);
        stored++;
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemory);
        if (!makeRoom(t, () => (gone < before ? `size${size}:${old[gone++]}` : undefined))) break;
      }
    }
    verify(t.keyspace);
    expect(t.keyspace.size(0)).toBe(stored);
    expect(stored).toBeGreaterThanOrEqual(capacity.get(bytes)! * 0.85);
    before = stored;
    size = bytes;
  }
});

test('while values of 100 bytes give way to values of 1000, at least 85 % of the memory is in use', () => {
  const t = new TestKeyspace({ maxArenaBytes: 16 * MIB, extentBytes: 2 * MIB });
  const count = fill(t, 'old:', 100);
  const order = shuffle(count);
  const value = pattern(1000, 4);
  let gone = 0;
  let lowest = 1;
  for (let stored = 0; gone < count; ) {
    try {
      t.set(`new:${stored}`, value);
      stored++;
    } catch {
      if (!makeRoom(t, () => `old:${order[gone++]}`)) break;
      lowest = Math.min(lowest, t.keyspace.usedBytes / t.keyspace.arenaBytes);
    }
  }
  verify(t.keyspace);
  expect(lowest).toBeGreaterThan(0.85);
});

test('when all values are overwritten with larger ones, few are lost to holes', () => {
  const t = new TestKeyspace({ extentBytes: 2 * MIB });
  for (let i = 0; i < 10_000; i++) t.set(`key:${i}`, pattern(100, i));
  for (const i of shuffle(10_000)) t.set(`key:${i}`, pattern(1000, i));
  verify(t.keyspace);
  const needed = 10_000 * (12 + 8 + 1000);
  // The last extent need not be full.
  expect(t.keyspace.arenaBytes - 2 * MIB).toBeLessThan(needed / 0.85);
});

test('compaction in small slices between other changes loses nothing', () => {
  const t = new TestKeyspace({ extentBytes: 65_536 });
  const view = KeyspaceView.open(t.keyspace.share());
  expect(view).toBeDefined();
  const sizes = new Map<string, number>();
  const order = shuffle(3000);
  for (let i = 0; i < 3000; i++) {
    const bytes = (i * 37) % 400;
    t.set(`key:${i}`, pattern(bytes, i), i % 4 ? NO_EXPIRY : t.nowMs + 1000, i % 2);
    sizes.set(`key:${i}`, bytes);
  }
  let moved = 0;
  for (let round = 0; round < 300; round++) {
    for (let j = 0; j < 8; j++) {
      const i = order[(round * 8 + j) % 3000]!;
      if (j % 4 === 3) {
        const bytes = (i * 91 + round) % 600;
        t.set(`key:${i}`, pattern(bytes, i), NO_EXPIRY, i % 2);
        sizes.set(`key:${i}`, bytes);
      } else {
        t.delete(`key:${i}`, i % 2);
        sizes.delete(`key:${i}`);
      }
    }
    // A reader is about to touch one of the entries: it must stay where it is.
    const guarded = t.ref(`key:${order[2999]}`, order[2999]! % 2);
    Atomics.store(t.keyspace.touches.words, 16, guarded);
    moved += t.keyspace.compact(0);
    if (guarded !== 0) expect(t.ref(`key:${order[2999]}`, order[2999]! % 2)).toBe(guarded);
    Atomics.store(t.keyspace.touches.words, 16, 0);
    if (round % 10 === 0) verify(t.keyspace);
  }
  expect(moved).toBeGreaterThan(500);
  for (let i = 0; i < 3000; i++) {
    const bytes = sizes.get(`key:${i}`);
    if (bytes === undefined) expect(t.get(`key:${i}`, i % 2)).toBeUndefined();
    else expect(Buffer.compare(t.get(`key:${i}`, i % 2)!, pattern(bytes, i))).toBe(0);
  }
  verify(t.keyspace);
});

test('extents that become free are given back, except one', () => {
  const dropped: number[] = [];
  const t = new TestKeyspace({
    extentBytes: MIB,
    onShare: (message) => {
      if (message.kind === 'extent' && message.buffer === null) dropped.push(message.number);
    },
  });
  for (let i = 0; i < 5000; i++) t.set(`key:${i}`, pattern(1000, i));
  const full = t.keyspace.arenaBytes;
  expect(full).toBeGreaterThan(5 * MIB - 1);
  for (let i = 0; i < 5000; i++) t.delete(`key:${i}`);
  verify(t.keyspace);
  expect(t.keyspace.arenaBytes).toBe(MIB);
  expect(dropped.length).toBe(full / MIB - 1);
  expect(t.keyspace.usedBytes).toBe(0);
});

test('at a million keys of 16 bytes with values of 64 the overhead is at most 40 bytes a key', () => {
  const t = new TestKeyspace();
  const value = pattern(64, 1);
  const count = 1_000_000;
  for (let i = 0; i < count; i++) t.set(`key:${String(i).padStart(12, '0')}`, value);
  const { usedBytes, indexBytes } = t.keyspace;
  expect((usedBytes + indexBytes) / count - 16 - 64).toBeLessThanOrEqual(40);
});

test('usedBytes is the sum of the blocks', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 500; i++) {
    t.set(`key:${i}`, pattern(i, i), i % 3 ? NO_EXPIRY : t.nowMs + 1000);
    if (i % 2) t.write(`key:${i}`, i, pattern(30, i));
  }
  let sum = 0;
  t.keyspace.forEach(0, (ref) => {
    sum += t.keyspace.entryBytes(ref);
  });
  expect(t.keyspace.usedBytes).toBe(sum);
});

test('a value of 40 MB has its own extent, which goes when the key does', () => {
  const t = new TestKeyspace();
  t.set('small', pattern(10, 1));
  const before = t.keyspace.arenaBytes;
  const large = new Uint8Array(40 * MIB);
  for (let i = 0; i < large.length; i += 4096) large[i] = i >>> 12;
  t.set('large', large);
  expect(t.keyspace.arenaBytes).toBeGreaterThanOrEqual(before + 40 * MIB);
  expect(Buffer.compare(t.get('large')!, large)).toBe(0);
  t.write('large', large.length, pattern(100, 7));
  verify(t.keyspace);
  const longer = t.get('large')!;
  expect(longer.length).toBe(large.length + 100);
  expect(Buffer.compare(longer.subarray(large.length), pattern(100, 7))).toBe(0);
  t.set('large', pattern(5 * MIB, 1));
  verify(t.keyspace);
  expect(t.keyspace.arenaBytes).toBeLessThan(before + 6 * MIB);
  t.expire('large', t.nowMs + 5);
  t.nowMs += 6;
  expect(t.get('large')).toBeUndefined();
  expect(t.keyspace.arenaBytes).toBe(before);
  verify(t.keyspace);
});

test('when there is no memory nothing has changed', () => {
  const t = new TestKeyspace({ maxArenaBytes: MIB, extentBytes: MIB });
  t.set('key', pattern(1000, 1), t.nowMs + 1000);
  expect(() => t.set('other', new Uint8Array(2 * MIB))).toThrow(OutOfMemory);
  expect(() => t.set('key', new Uint8Array(2 * MIB))).toThrow(OutOfMemory);
  expect(() => t.write('key', 2 * MIB, pattern(1, 1))).toThrow(OutOfMemory);
  expect(t.get('other')).toBeUndefined();
  expect(Buffer.compare(t.get('key')!, pattern(1000, 1))).toBe(0);
  expect(t.keyspace.expiry(t.ref('key'))).toBe(t.nowMs + 1000);
  expect(t.keyspace.size(0)).toBe(1);
  verify(t.keyspace);
});

test('an append takes what there is when there is no room for growth', () => {
  const t = new TestKeyspace({ maxArenaBytes: MIB, extentBytes: MIB });
  t.set('key', pattern(200_000, 1));
  for (let i = 0; i < 100; i++) t.write('key', 200_000 + i * 400, pattern(400, i));
  expect(t.get('key')!.length).toBe(240_000);
  verify(t.keyspace);
});

test('many appends move a value only a few times', () => {
  const t = new TestKeyspace();
  t.set('key', pattern(1, 1));
  let moves = 0;
  let ref = t.ref('key');
  for (let i = 1; i < 10_000; i++) {
    // A neighbour behind it, so that it cannot simply grow in place.
    if (i % 100 === 0) t.set(`neighbour:${i}`, pattern(20, i));
    t.write('key', i, pattern(1, i));
    if (t.ref('key') !== ref) moves++;
    ref = t.ref('key');
  }
  expect(moves).toBeLessThan(20);
  verify(t.keyspace);
});

function shuffle(count: number): Uint32Array {
  const order = new Uint32Array(count).map((_, i) => i);
  let state = 12345;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const j = state % (i + 1);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}
