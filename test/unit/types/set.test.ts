import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EntryReader } from '../../../src/types/listpack-entry.ts';
import { EntryReader as Reader } from '../../../src/types/listpack-entry.ts';
import { MemberList } from '../../../src/types/member-list.ts';
import { MemberSet } from '../../../src/types/set.ts';
import { chooseMembers } from '../../../src/types/set-choice.ts';
import { SetCursor } from '../../../src/types/set-cursor.ts';
import { SetLimits } from '../../../src/types/set-limits.ts';

const integer = fc.oneof(
  fc.integer({ min: -40, max: 40 }).map(String),
  fc.integer({ min: -40_000, max: 40_000 }).map(String),
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom(
    ...['-32768', '-32769', '32767', '32768', '-2147483648', '-2147483649', '2147483647', '2147483648'],
    ...['9007199254740991', '9007199254740993', '-9007199254740993', '9223372036854775807'],
    ...['-9223372036854775808', '4294967295', '4294967296', '-4294967296', '-4294967297', '-1', '0'],
  ),
);
const other = fc.oneof(
  fc.constantFrom('a', 'b', '', '007', '-0', '+1', '9223372036854775808', 'x'.repeat(64), 'x'.repeat(65)),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  fc.nat(300).map((n) => `member:${n}`),
);

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function textOf(reader: EntryReader): string {
  return Buffer.from(reader.copy()).toString('latin1');
}

function members(set: MemberSet): string[] {
  const cursor = new SetCursor();
  const found: string[] = [];
  cursor.open(set);
  while (cursor.next()) found.push(textOf(cursor.member));
  return found;
}

function limits(intset: number, entries: number, value: number): SetLimits {
  const made = new SetLimits();
  made.setIntsetEntries(intset);
  made.setListpackEntries(entries);
  made.listpackValue = value;
  return made;
}

/** A view of a copy that must never be written to. */
function viewed(set: MemberSet): { set: MemberSet; unchanged: () => void } {
  const copy = Buffer.concat([Buffer.from('<'), set.bytes.subarray(set.start, set.end), Buffer.from('>')]);
  const before = Buffer.from(copy);
  const view = new MemberSet(set.limits);
  view.view(copy, 1, copy.length - 1);
  return { set: view, unchanged: () => expect(copy.equals(before)).toBe(true) };
}

test('any changes leave what a Set has, in any form, and a packed set never writes to what it views', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: fc.array(integer, { maxLength: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ add: fc.array(other, { maxLength: 20 }) }) },
    { weight: 2, arbitrary: fc.record({ remove: fc.array(fc.oneof(integer, other), { maxLength: 40 }) }) },
    fc.record({ keep: fc.nat(4) }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(limits(512, 128, 64), limits(10, 8, 20), limits(0, 0, 64), limits(0, 16, 3)),
      fc.array(step, { maxLength: 20 }),
      (limit, steps) => {
        let set = new MemberSet(limit);
        const model = new Set<string>();
        for (const now of steps) {
          const view = set.isPacked ? viewed(set) : undefined;
          if (view) set = view.set;
          if ('add' in now) {
            for (const each of now.add) {
              expect(set.add(bytes(each), 0, each.length)).toBe(!model.has(each));
              model.add(each);
            }
          } else {
            const gone = 'remove' in now ? now.remove : [...model].slice(now.keep);
            for (const each of gone) expect(set.remove(bytes(each), 0, each.length)).toBe(model.delete(each));
          }
          view?.unchanged();
          expect(set.length).toBe(model.size);
          expect(members(set).sort()).toEqual([...model].sort());
          for (const each of model) expect(set.has(bytes(each), 0, each.length)).toBe(true);
          expect(set.has(bytes('absent'), 0, 6)).toBe(false);
        }
        set.dispose();
      },
    ),
    { numRuns: 150 },
  );
});

test('an intset gives its members rising, with the sign', () => {
  fc.assert(
    fc.property(fc.uniqueArray(integer, { minLength: 1, maxLength: 100 }), (all) => {
      const set = new MemberSet(new SetLimits());
      for (const each of all) set.add(bytes(each), 0, each.length);
      expect(set.encoding).toBe('intset');
      const rising = all.map(BigInt).sort((a, b) => (a < b ? -1 : 1));
      expect(members(set)).toEqual(rising.map(String));
    }),
  );
});

test('the form changes where it does in Redis', () => {
  const fill = (count: number, name: (i: number) => string, expected = 1): MemberSet => {
    const set = new MemberSet(new SetLimits());
    for (let i = 0; i < count; i++) set.add(bytes(name(i)), 0, name(i).length, i === 0 ? expected : 1);
    return set;
  };
  const add = (set: MemberSet, text: string): string => {
    set.add(bytes(text), 0, text.length);
    return set.encoding;
  };
  expect(fill(512, String).encoding).toBe('intset');
  expect(add(fill(512, String), '600')).toBe('hashtable');
  expect(add(fill(127, String), 'a')).toBe('listpack');
  expect(add(fill(128, String), 'a')).toBe('hashtable');
  expect(fill(128, (i) => `m${i}`).encoding).toBe('listpack');
  expect(
    add(
      fill(128, (i) => `m${i}`),
      'a',
    ),
  ).toBe('hashtable');
  expect(
    add(
      fill(1, (i) => `m${i}`),
      'x'.repeat(64),
    ),
  ).toBe('listpack');
  expect(
    add(
      fill(1, (i) => `m${i}`),
      'x'.repeat(65),
    ),
  ).toBe('hashtable');
  expect(add(fill(0, String), 'x'.repeat(65))).toBe('hashtable');
  expect(fill(1, String, 512).encoding).toBe('intset');
  expect(fill(1, String, 513).encoding).toBe('hashtable');
  expect(fill(1, () => 'a', 128).encoding).toBe('listpack');
  expect(fill(1, () => 'a', 129).encoding).toBe('hashtable');
});

test.each(['intset', 'listpack', 'hashtable'])('any members of a %s are as likely as others', (encoding) => {
  const set = new MemberSet(new SetLimits());
  const size = encoding === 'hashtable' ? 2000 : 100;
  for (let i = 0; i < size; i++) {
    const name = encoding === 'listpack' ? `m${i}` : String(i * 7);
    set.add(bytes(name), 0, name.length);
  }
  expect(set.encoding).toBe(encoding);
  const reader = new Reader();
  const chosen = new MemberList();
  for (const count of [1, 10, size / 2, size - 3, size]) {
    const times = new Map<string, number>();
    const rounds = Math.ceil((size * 60) / count);
    for (let round = 0; round < rounds; round++) {
      chosen.clear();
      if (count === 1) {
        set.random(reader);
        times.set(textOf(reader), (times.get(textOf(reader)) ?? 0) + 1);
        continue;
      }
      chooseMembers(set, count, chosen);
      const names = new Set<string>();
      for (let i = 0; i < chosen.count; i++) {
        names.add(Buffer.from(chosen.bytes.slice(chosen.starts[i], chosen.ends[i])).toString('latin1'));
      }
      expect(names.size).toBe(count);
      for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
    }
    const expected = (rounds * count) / size;
    let chiSquared = 0;
    for (const name of members(set)) chiSquared += ((times.get(name) ?? 0) - expected) ** 2 / expected;
    // Far beyond what happens once in 10^9, for 99 and for 1999 degrees of freedom.
    expect(chiSquared).toBeLessThan(size + 7 * Math.sqrt(2 * size));
  }
});
