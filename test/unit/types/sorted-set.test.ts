import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeList } from '../../../src/base/byte-ranges.ts';
import { viewedBytes } from '../../../src/base/bytes.ts';
import { Change } from '../../../src/types/change.ts';
import { ADDED, SortedSet, UNCHANGED, UPDATED } from '../../../src/types/sorted-set.ts';
import {
  changeSortedSet,
  lastAdd,
  SCORE_BYTES,
  ZSET_ADD,
  ZSET_REMOVE,
  ZSET_REMOVE_RANKS,
} from '../../../src/types/sorted-set-changes.ts';
import { SortedSetCursor } from '../../../src/types/sorted-set-cursor.ts';
import { SortedSetLimits } from '../../../src/types/sorted-set-limits.ts';

const score = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -5, max: 5 }) },
  fc.double({ noNaN: true }),
  fc.constantFrom(127, 128, -128, -129, 32767, 32768, 2 ** 47, -(2 ** 47), 2 ** 47 - 1, 2 ** 52, 1e300, 0.1),
  fc.maxSafeInteger(),
);
/** Few, so that the same one is met again; of lengths around those at which the form changes. */
const member = fc.oneof(
  { weight: 8, arbitrary: fc.nat(400).map((n) => `member:${n}`) },
  { weight: 2, arbitrary: fc.nat(30).map((n) => String.fromCharCode(n * 8)) },
  fc.constantFrom('', 'a', 'aa', 'b'),
  fc
    .tuple(fc.constantFrom(63, 64, 65, 127, 128, 500, 1000, 1030, 5000), fc.constantFrom('x', 'y', 'z'))
    .map(([n, c]) => c.repeat(n)),
);

type Step =
  | { do: 'add'; pairs: [number, string][] }
  | { do: 'remove'; members: string[] }
  | { do: 'ranks'; rank: number; count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      pairs: fc.array(fc.tuple(score, member), { minLength: 1, maxLength: 60 }),
    }),
  },
  fc.record({
    do: fc.constant('remove' as const),
    members: fc.array(member, { minLength: 1, maxLength: 20 }),
  }),
  fc.record({ do: fc.constant('ranks' as const), rank: fc.nat(100), count: fc.nat(50) }),
);

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function ranges(words: readonly Uint8Array[]): RangeList {
  const list = new RangeList();
  list.reserve(words.length);
  const all = Buffer.concat(words);
  list.bytes = viewedBytes(new Uint8Array(all).buffer);
  let at = 0;
  for (const [i, word] of words.entries()) {
    list.starts[i] = at;
    at += word.length;
    list.ends[i] = at;
  }
  return list;
}

function scored(value: number, name: string): Uint8Array {
  const head = Buffer.alloc(SCORE_BYTES);
  head.writeDoubleLE(value);
  return Buffer.concat([head, bytes(name)]);
}

function by(words: readonly Uint8Array[], operation: number, first = 0, second = 0): Change {
  return new Change().by(operation, first, second).with(ranges(words), 0, words.length);
}

type Model = Map<string, number>;

function inOrder(model: Model): [string, number][] {
  return [...model].sort(([a, x], [b, y]) => (x === y ? Buffer.compare(bytes(a), bytes(b)) : x < y ? -1 : 1));
}

function apply(set: SortedSet, model: Model, change: Step): void {
  switch (change.do) {
    case 'add': {
      const words = change.pairs.map(([value, name]) => scored(value, name));
      let added = 0;
      let updated = 0;
      for (const [value, name] of change.pairs) {
        const old = model.get(name);
        if (old === undefined) added++;
        else if (old !== value && !(old === 0 && value === 0)) updated++;
        if (old === undefined || old !== value) model.set(name, value);
      }
      expect(changeSortedSet(set, by(words, ZSET_ADD))).toBe(added + updated);
      expect(lastAdd.added).toBe(added);
      break;
    }
    case 'remove': {
      const words = change.members.map(bytes);
      const removed = change.members.filter((name) => model.delete(name)).length;
      expect(changeSortedSet(set, by(words, ZSET_REMOVE))).toBe(removed);
      break;
    }
    case 'ranks': {
      const gone = inOrder(model).slice(change.rank, change.rank + change.count);
      for (const [name] of gone) model.delete(name);
      const { rank, count } = change;
      expect(changeSortedSet(set, by([], ZSET_REMOVE_RANKS, rank, count))).toBe(gone.length);
      break;
    }
  }
}

function contents(set: SortedSet, isBackwards: boolean): [string, number][] {
  const cursor = new SortedSetCursor();
  const found: [string, number][] = [];
  let is = cursor.open(set, isBackwards ? set.length - 1 : 0);
  while (is) {
    expect(cursor.rank).toBe(isBackwards ? set.length - 1 - found.length : found.length);
    found.push([Buffer.from(cursor.copy()).toString('latin1'), cursor.score]);
    is = isBackwards ? cursor.previous() : cursor.next();
  }
  return found;
}

const plain = ([name, value]: [string, number]): [string, number] => [name, value === 0 ? 0 : value];

function verify(set: SortedSet, model: Model): void {
  const expected = inOrder(model).map(plain);
  expect(set.length).toBe(expected.length);
  expect(contents(set, false).map(plain)).toEqual(expected);
  expect(contents(set, true).map(plain)).toEqual(expected.toReversed());
  const cursor = new SortedSetCursor();
  for (const [rank, [name, value]] of expected.entries()) {
    expect(set.find(bytes(name), 0, name.length)).toBe(true);
    expect(set.score === value).toBe(true);
    expect(set.rank).toBe(rank);
    if (rank % 7 !== 0) continue;
    expect(cursor.open(set, rank)).toBe(true);
    expect(Buffer.from(cursor.copy()).toString('latin1')).toBe(name);
    expect(set.countBelow(value, false)).toBe(expected.filter(([, other]) => other < value).length);
    expect(set.countBelow(value, true)).toBe(expected.filter(([, other]) => other <= value).length);
  }
  expect(set.countBelow(-Infinity, false)).toBe(0);
  expect(set.countBelow(Infinity, true)).toBe(expected.length);
  expect(set.find(bytes('nobody'), 0, 6)).toBe(false);
  expect(cursor.open(set, expected.length)).toBe(false);
}

function limits(entries: number, value = 64): SortedSetLimits {
  const made = new SortedSetLimits();
  made.entries = entries;
  made.value = value;
  return made;
}

test('does what a list of pairs in order does, in both forms', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.constantFrom(0, 8, 128, 1000), (steps, entries) => {
      const set = new SortedSet(limits(entries, entries === 1000 ? 10_000 : 64));
      const model: Model = new Map();
      let wasLarge = false;
      for (const change of steps) {
        apply(set, model, change);
        verify(set, model);
        if (set.isPacked) expect(set.length).toBeLessThanOrEqual(entries);
        expect(wasLarge && set.isPacked).toBe(false);
        wasLarge = !set.isPacked;
      }
      set.dispose();
    }),
    { numRuns: 150 },
  );
});

test('many members, in order, backwards and at random, and then fewer and fewer', () => {
  const count = 6000;
  const orders: ((i: number) => number)[] = [(i) => i, (i) => -i, (i) => (i * 7919) % count, () => 0];
  for (const order of orders) {
    const set = new SortedSet(new SortedSetLimits());
    const model: Model = new Map();
    for (let i = 0; i < count; i++) {
      const name = `m${(i * 4999) % count}`;
      expect(set.add(order(i), bytes(name), 0, name.length)).toBe(ADDED);
      model.set(name, order(i));
    }
    verify(set, model);
    for (let i = 0; i < count; i += 3) {
      const name = `m${i}`;
      const value = model.get(name)! + (i % 2 === 0 ? 0.5 : 1000);
      expect(set.add(value, bytes(name), 0, name.length)).toBe(UPDATED);
      expect(set.add(value, bytes(name), 0, name.length)).toBe(UNCHANGED);
      model.set(name, value);
    }
    verify(set, model);
    const full = set.memoryBytes;
    for (let i = 0; i < count; i++) {
      if (i % 50 === 0) continue;
      const name = `m${i}`;
      expect(set.remove(bytes(name), 0, name.length)).toBe(true);
      model.delete(name);
    }
    verify(set, model);
    expect(set.memoryBytes).toBeLessThan(full / 4);
    set.removeRanks(0, set.length);
    expect(set.length).toBe(0);
    // One leaf, one node and a few pages of the index are left of it, and no more is counted.
    expect(set.memoryBytes).toBeGreaterThan(1000);
    expect(set.memoryBytes).toBeLessThan(40_000);
    expect(set.add(1, bytes('a'), 0, 1)).toBe(ADDED);
    verify(set, new Map([['a', 1]]));
  }
});

test('counts by bytes where all scores are equal', () => {
  for (const count of [10, 3000]) {
    const set = new SortedSet(new SortedSetLimits());
    const names = Array.from({ length: count }, (_, i) => `n${i}`).sort();
    for (const name of names) set.add(0, bytes(name), 0, name.length);
    for (const [i, name] of names.entries()) {
      expect(set.countBefore(bytes(name), 0, name.length, false)).toBe(i);
      expect(set.countBefore(bytes(name), 0, name.length, true)).toBe(i + 1);
      expect(set.countBefore(bytes(`${name}!`), 0, name.length + 1, false)).toBe(i + 1);
    }
  }
});

test('a scan visits all that stay, whatever comes and goes', () => {
  const set = new SortedSet(limits(0));
  const stay = Array.from({ length: 3000 }, (_, i) => `stay:${i}`);
  for (const name of stay) set.add(1, bytes(name), 0, name.length);
  const seen = new Set<string>();
  let cursor = 0;
  let round = 0;
  do {
    cursor = set.tree!.scan(cursor, 10, (leaf, index) => {
      seen.add(Buffer.from(leaf.bytes.slice(leaf.startAt(index), leaf.endAt(index))).toString('latin1'));
    });
    // It grows, then shrinks, and what stays gets other scores.
    for (let i = 0; i < 40; i++) {
      const name = `come:${round * 40 + i}`;
      if (round < 60) set.add(round, bytes(name), 0, name.length);
      const old = `come:${(round - 60) * 40 + i}`;
      if (round >= 60) set.remove(bytes(old), 0, old.length);
    }
    const name = stay[(round * 31) % stay.length]!;
    set.add(round, bytes(name), 0, name.length);
    round++;
  } while (cursor !== 0);
  expect(stay.every((name) => seen.has(name))).toBe(true);
  expect(round).toBeGreaterThan(50);
});

test('a packed one can be looked at where it lies, and is not changed there', () => {
  const set = new SortedSet(new SortedSetLimits());
  for (const name of ['a', 'b', 'c']) set.add(name.charCodeAt(0), bytes(name), 0, 1);
  const image = Uint8Array.from([9, 9, ...set.bytes.subarray(set.start, set.end), 9]);
  const kept = image.slice();
  const other = new SortedSet(new SortedSetLimits());
  other.view(image, 2, image.length - 1);
  expect(other.length).toBe(3);
  expect(other.add(5, bytes('b'), 0, 1)).toBe(UPDATED);
  expect(other.remove(bytes('a'), 0, 1)).toBe(true);
  expect(image).toEqual(kept);
  expect(contents(other, false)).toEqual([
    ['b', 5],
    ['c', 99],
  ]);
  other.view(image, 2, image.length - 1);
  expect(contents(other, false).map(([name]) => name)).toEqual(['a', 'b', 'c']);
});
