import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { Change } from '../../../src/types/change.ts';
import { NEVER_EXPIRES } from '../../../src/types/field-expiries.ts';
import { Hash } from '../../../src/types/hash.ts';
import {
  changeHash,
  changeHashInPlace,
  HASH_DELETE,
  HASH_EXPIRE,
  HASH_PERSIST,
  HASH_SET,
  highOf,
  lowOf,
} from '../../../src/types/hash-changes.ts';
import { HashLimits } from '../../../src/types/hash-limits.ts';
import { EntryReader } from '../../../src/types/listpack-entry.ts';

/** What a hash should hold. */
type Model = Map<string, { value: string; expiresAt: number }>;

/** Few fields, so that they are met again: integers, empty, and lengths around the limit and the forms of entries. */
const field = fc.constantFrom(
  ...['a', 'b', 'c', '', '1', '-1', '01', '9007199254740993', 'x'.repeat(10), 'y'.repeat(64), 'z'.repeat(65)],
  ...Array.from({ length: 12 }, (_, i) => `field:${i}`),
);
const value = fc.oneof(
  fc.constantFrom('', '0', '-7', '12345678901', 'text', 'v'.repeat(64)),
  { weight: 1, arbitrary: fc.constantFrom('v'.repeat(65), 'w'.repeat(5000)) },
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
);
const moment = fc.integer({ min: 1, max: 50 }).map((n) => 2 ** 40 + n);

type Step =
  | { do: 'set'; keeps: boolean; pairs: [string, string][] }
  | { do: 'delete' | 'persist'; fields: string[] }
  | { do: 'expire'; fields: string[]; moment: number };

const fields = fc.array(field, { minLength: 1, maxLength: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      keeps: fc.boolean(),
      pairs: fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'persist' as const), fields }) },
);
const expiringStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: step },
  fc.record({ do: fc.constant('expire' as const), fields, moment }),
);

function ranges(texts: readonly string[]): Arguments {
  const args = new Arguments();
  args.setWords(texts.map((text) => Buffer.from(text, 'latin1')));
  return args;
}

function make(entries: number, valueBytes = 64): Hash {
  const limits = new HashLimits();
  limits.setEntries(entries);
  limits.valueBytes = valueBytes;
  return new Hash(limits);
}

function contents(hash: Hash): [string, string][] {
  const found: [string, string][] = [];
  const reader = new EntryReader();
  const text = () => Buffer.from(reader.copy()).toString('latin1');
  hash.forEach(() => {
    hash.readField(reader);
    const name = text();
    hash.readValue(reader);
    found.push([name, text()]);
  });
  return found;
}

function by(words: Arguments, operation: number, first = 0, second = 0): Change {
  return new Change().by(operation, first, second).with(words, 0, words.count);
}

function apply(hash: Hash, model: Model, change: Step): void {
  if (change.do === 'set') {
    let added = 0;
    for (const [name, content] of change.pairs) {
      const old = model.get(name);
      if (old === undefined) added++;
      const expiresAt = change.keeps && old !== undefined ? old.expiresAt : NEVER_EXPIRES;
      model.set(name, { value: content, expiresAt });
    }
    const words = ranges(change.pairs.flat());
    const result = changeHash(hash, by(words, HASH_SET, change.keeps ? 1 : 0));
    expect(result).toBe(added + 1);
    return;
  }
  const words = ranges(change.fields);
  let changed = 0;
  for (const name of change.fields) {
    const old = model.get(name);
    if (old === undefined) continue;
    if (change.do === 'delete') model.delete(name);
    else if (change.do === 'expire') old.expiresAt = change.moment;
    else if (old.expiresAt === NEVER_EXPIRES) continue;
    else old.expiresAt = NEVER_EXPIRES;
    changed++;
  }
  const operation = { delete: HASH_DELETE, persist: HASH_PERSIST, expire: HASH_EXPIRE }[change.do];
  const at = change.do === 'expire' ? change.moment : 0;
  expect(changeHash(hash, by(words, operation, highOf(at), lowOf(at)))).toBe(changed);
}

function verify(hash: Hash, model: Model): void {
  const found = contents(hash);
  const expected = [...model].map(([name, { value: content }]) => [name, content]);
  // A packed hash has its fields in the order in which they came.
  if (hash.encoding === 'hashtable') expect(found.sort()).toEqual(expected.sort());
  else expect(found).toEqual(expected);
  expect(hash.length).toBe(model.size);
  const reader = new EntryReader();
  for (const [name, { value: content, expiresAt }] of model) {
    const bytes = Buffer.from(name, 'latin1');
    expect(hash.find(bytes, 0, bytes.length)).toBe(true);
    hash.readValue(reader);
    expect(Buffer.from(reader.copy()).toString('latin1')).toBe(content);
    expect(hash.expiryOf(bytes, 0, bytes.length)).toBe(expiresAt);
  }
  expect(hash.find(Buffer.from('none'), 0, 4)).toBe(false);
  const moments = [...model.values()].map(({ expiresAt }) => expiresAt).filter((at) => at !== NEVER_EXPIRES);
  expect(hash.firstExpiry).toBe(Math.min(Infinity, ...moments));
  expect(hash.hasExpiries).toBe(moments.length > 0);
}

test.each([0, 1, 5, 1000])('a hash is a map, packed up to %i fields', (entries) => {
  fc.assert(
    fc.property(fc.array(expiringStep, { maxLength: 40 }), (steps) => {
      const hash = make(entries);
      const model: Model = new Map();
      for (const change of steps) {
        apply(hash, model, change);
        verify(hash, model);
      }
      hash.dispose();
    }),
  );
});

test('a packed hash that is only looked at is copied before it changes', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      let viewer = make(8);
      const model: Model = new Map();
      let stored = new Uint8Array(0);
      for (const change of steps) {
        // As a keyspace does it: the bytes lie somewhere between others.
        const arena = new Uint8Array(stored.length + 20).fill(0xa5);
        arena.set(stored, 7);
        const before = arena.slice();
        viewer.view(arena, 7, 7 + stored.length);
        apply(viewer, model, change);
        verify(viewer, model);
        expect(arena).toEqual(before);
        if (viewer.isPacked) {
          stored = viewer.bytes.slice(viewer.start, viewer.end);
          expect(viewer.length === 0).toBe(stored.length === 0);
        } else {
          viewer = make(8);
          model.clear();
          stored = new Uint8Array(0);
        }
      }
    }),
  );
});

test('a value of the same size is written in its place, others as ever', () => {
  const single = fc.tuple(field, value);
  fc.assert(
    fc.property(fc.array(single, { minLength: 1, maxLength: 40 }), (sets) => {
      const hash = make(8);
      const model: Model = new Map();
      let stored = new Uint8Array(0);
      for (const [name, content] of sets) {
        hash.view(stored, 0, stored.length);
        const before = stored.slice();
        const words = ranges([name, content]);
        const isNew = !model.has(name);
        const result = changeHashInPlace(hash, by(words, HASH_SET));
        if (result === 0) {
          expect(stored).toEqual(before);
          expect(changeHash(hash, by(words, HASH_SET))).toBe(isNew ? 2 : 1);
        } else {
          expect([result, isNew]).toEqual([1, false]);
        }
        model.set(name, { value: content, expiresAt: NEVER_EXPIRES });
        verify(hash, model);
        if (!hash.isPacked) break;
        stored = hash.bytes.slice(hash.start, hash.end);
      }
    }),
  );
  const hash = make(8);
  const words = (content: string) => ranges(['a', content]);
  changeHash(hash, by(words('first'), HASH_SET));
  const bytes = hash.bytes.slice(hash.start, hash.end);
  hash.view(bytes, 0, bytes.length);
  expect(changeHashInPlace(hash, by(words('other'), HASH_SET))).toBe(1);
  expect(Buffer.from(bytes).includes('other')).toBe(true);
  expect(changeHashInPlace(hash, by(words('other'), HASH_DELETE))).toBe(0);
});

test('it stays packed up to its limits', () => {
  const hash = make(3, 10);
  const model: Model = new Map();
  for (const name of ['a', 'b', 'c']) apply(hash, model, { do: 'set', keeps: false, pairs: [[name, '1']] });
  apply(hash, model, { do: 'set', keeps: false, pairs: [['b', 'x'.repeat(10)]] });
  expect([hash.isPacked, hash.encoding]).toEqual([true, 'listpack']);
  apply(hash, model, { do: 'set', keeps: false, pairs: [['d', '1']] });
  expect([hash.isPacked, hash.encoding]).toEqual([false, 'hashtable']);
  apply(hash, model, { do: 'delete', fields: ['a', 'b', 'c'] });
  expect(hash.encoding).toBe('hashtable');
  verify(hash, model);
  const long = make(3, 10);
  apply(long, new Map(), { do: 'set', keeps: false, pairs: [['a', 'x'.repeat(11)]] });
  expect(long.encoding).toBe('hashtable');
  const expiring = make(3, 10);
  apply(expiring, new Map(), { do: 'set', keeps: false, pairs: [['a', '1']] });
  apply(expiring, new Map([['a', { value: '1', expiresAt: -1 }]]), {
    do: 'expire',
    fields: ['a'],
    moment: 5,
  });
  expect([expiring.isPacked, expiring.encoding]).toEqual([false, 'listpackex']);
});

test('fields that have expired come in their order, as many as are wanted', () => {
  fc.assert(
    fc.property(fc.array(expiringStep, { maxLength: 30 }), moment, fc.nat(5), (steps, now, most) => {
      const hash = make(4);
      const model: Model = new Map();
      for (const change of steps) apply(hash, model, change);
      const due = [...model].filter(([, { expiresAt }]) => expiresAt !== NEVER_EXPIRES && expiresAt < now);
      expect(hash.hasExpired(now)).toBe(due.length > 0);
      const found = hash.expiredFields(now, most).map((name) => Buffer.from(name).toString('latin1'));
      // One that had this moment twice may stand in the place of another.
      expect(found.length).toBeLessThanOrEqual(Math.min(most, due.length));
      if (most > 0 && due.length > 0) expect(found.length).toBeGreaterThan(0);
      const names = new Set(due.map(([name]) => name));
      expect(found.every((name) => names.has(name))).toBe(true);
      expect(new Set(found).size).toBe(found.length);
      const first = due.map(([, { expiresAt }]) => expiresAt).sort((a, b) => a - b);
      if (found.length > 0) expect(model.get(found[0]!)!.expiresAt).toBe(first[0]);
      // They are there until they are removed.
      verify(hash, model);
      for (let rest = due.length; hash.hasExpired(now); rest--) {
        expect(rest).toBeGreaterThan(0);
        apply(hash, model, {
          do: 'delete',
          fields: hash.expiredFields(now, 1).map((name) => Buffer.from(name).toString('latin1')),
        });
      }
      verify(hash, model);
    }),
  );
});

test.each([1000, 4])('random fields are all of them, sooner or later, packed up to %i', (entries) => {
  const hash = make(entries);
  expect(hash.random()).toBe(false);
  const names = Array.from({ length: 10 }, (_, i) => `field:${i}`);
  apply(hash, new Map(), { do: 'set', keeps: false, pairs: names.map((name) => [name, name]) });
  const seen = new Set<string>();
  const reader = new EntryReader();
  for (let i = 0; i < 2000; i++) {
    expect(hash.random()).toBe(true);
    hash.readField(reader);
    seen.add(Buffer.from(reader.copy()).toString());
  }
  expect([...seen].sort()).toEqual(names.sort());
});

test('a scan meets all fields that stay, while others come and go', () => {
  const hash = make(4);
  const model: Model = new Map();
  const stay = Array.from({ length: 500 }, (_, i) => `stays:${i}`);
  apply(hash, model, { do: 'set', keeps: false, pairs: stay.map((name) => [name, '1']) });
  const seen = new Set<string>();
  const reader = new EntryReader();
  let cursor = 0;
  let rounds = 0;
  do {
    cursor = hash.scan(cursor, 10, () => {
      hash.readField(reader);
      seen.add(Buffer.from(reader.copy()).toString());
    });
    const others = Array.from({ length: 50 }, (_, i) => `other:${rounds % 3}:${i}`);
    if (rounds++ % 2 === 0)
      apply(hash, model, { do: 'set', keeps: false, pairs: others.map((n) => [n, 'x']) });
    else apply(hash, model, { do: 'delete', fields: others });
  } while (cursor !== 0);
  for (const name of stay) expect(seen.has(name)).toBe(true);
});
