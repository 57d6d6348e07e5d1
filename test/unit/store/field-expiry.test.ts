import { expect, test } from 'vitest';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { changeAt, createAt, renameCollection } from '../../../src/store/collections.ts';
import { DueObjects } from '../../../src/store/due-objects.ts';
import { expireFields, removeExpiredFields } from '../../../src/store/field-expiry.ts';
import { ABSENT } from '../../../src/store/keyspace.ts';
import { TYPE_HASH } from '../../../src/store/layout.ts';
import { moveEntry, swapDatabases } from '../../../src/store/transfers.ts';
import { verify } from '../../../src/store/verify.ts';
import { Change } from '../../../src/types/change.ts';
import type { Hash } from '../../../src/types/hash.ts';
import { HASH_EXPIRE, HASH_SET, highOf, lowOf } from '../../../src/types/hash-changes.ts';
import { TestKeyspace } from './harness.ts';

function words(...texts: readonly string[]): Arguments {
  const args = new Arguments();
  args.setWords(texts.map((text) => Buffer.from(text)));
  return args;
}

/** Hashes by name; `told` are the events of what expires. */
class Hashes {
  readonly told: string[] = [];
  readonly t: TestKeyspace = new TestKeyspace({
    onFieldsExpired: (_db, ref, isAll) => this.told.push(`${this.t.keyOf(ref)}${isAll ? ' gone' : ''}`),
  });
  readonly keyspace = this.t.keyspace;

  /** Fields that expire in so many milliseconds; 0: never. */
  make(name: string, fields: Readonly<Record<string, number>>): void {
    const { keyspace, t } = this;
    const key = Buffer.from(name);
    const pairs = words(...Object.keys(fields).flatMap((field) => [field, 'v']));
    const set = new Change().by(HASH_SET).with(pairs, 0, pairs.count);
    createAt(keyspace, 0, key, 0, key.length, t.hash(name), TYPE_HASH, set);
    for (const [field, inMs] of Object.entries(fields)) if (inMs > 0) this.expire(name, field, inMs);
  }

  expire(name: string, field: string, inMs: number): void {
    const { keyspace, t } = this;
    const at = t.nowMs + inMs;
    const expire = new Change().by(HASH_EXPIRE, highOf(at), lowOf(at)).with(words(field), 0, 1);
    changeAt(keyspace, 0, t.ref(name), t.hash(name), expire);
  }

  lengthOf(name: string, db = 0): number {
    const ref = this.t.ref(name, db);
    return ref === ABSENT ? 0 : this.keyspace.collectionOf(ref).length;
  }
}

test('fields go when their time has come, and with the last one the hash', () => {
  const hashes = new Hashes();
  const { keyspace, t } = hashes;
  hashes.make('a', { x: 10, y: 20, z: 0 });
  hashes.make('b', { x: 10, y: 15 });
  t.nowMs += 10;
  expect(expireFields(keyspace, Infinity)).toBe(false);
  expect([hashes.lengthOf('a'), hashes.lengthOf('b')]).toEqual([3, 2]);
  t.nowMs += 1;
  expect(expireFields(keyspace, Infinity)).toBe(false);
  expect([hashes.lengthOf('a'), hashes.lengthOf('b')]).toEqual([2, 1]);
  t.nowMs += 100;
  expireFields(keyspace, Infinity);
  expect([hashes.lengthOf('a'), hashes.lengthOf('b')]).toEqual([1, 0]);
  expect(hashes.told.sort()).toEqual(['a', 'a', 'b', 'b gone']);
  verify(keyspace);
});

test('they are found wherever the hash has gone', () => {
  const hashes = new Hashes();
  const { keyspace, t } = hashes;
  for (const name of ['renamed', 'moved', 'stays']) hashes.make(name, { x: 10 });
  const to = Buffer.from('new name');
  renameCollection(keyspace, 0, t.ref('renamed'), t.hash('renamed'), to, 0, to.length, t.hash('new name'));
  moveEntry(keyspace, 0, 1, t.ref('moved'), t.hash('moved'));
  swapDatabases(keyspace, 0, 1);
  // A number of a hash that is gone is used again.
  t.delete('stays', 1);
  swapDatabases(keyspace, 0, 1);
  hashes.make('other', { x: 0, y: 50 });
  t.nowMs += 20;
  expireFields(keyspace, Infinity);
  expect(hashes.told.sort()).toEqual(['moved gone', 'new name gone']);
  expect([keyspace.size(0), keyspace.size(1), hashes.lengthOf('other')]).toEqual([1, 0, 2]);
  t.nowMs += 50;
  expireFields(keyspace, Infinity);
  expect(hashes.lengthOf('other')).toBe(1);
  verify(keyspace);
});

test('who looks at a hash has all that have expired removed; not while files are loaded', () => {
  const hashes = new Hashes();
  const { keyspace, t } = hashes;
  const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i < 900 ? 10 : 0]));
  hashes.make('h', fields);
  t.nowMs += 11;
  keyspace.expires = false;
  expect(removeExpiredFields(keyspace, 0, t.ref('h'), t.hash('h'))).toBe(true);
  expect(hashes.lengthOf('h')).toBe(1000);
  keyspace.expires = true;
  expect(removeExpiredFields(keyspace, 0, t.ref('h'), t.hash('h'))).toBe(true);
  expect(hashes.lengthOf('h')).toBe(100);
  expect((keyspace.collectionOf(t.ref('h')) as Hash).hasExpiries).toBe(false);
  hashes.make('all', { x: 1, y: 2 });
  t.nowMs += 5;
  expect(removeExpiredFields(keyspace, 0, t.ref('all'), t.hash('all'))).toBe(false);
  expect(t.ref('all')).toBe(ABSENT);
  verify(keyspace);
});

test('a slice ends when its time is up, and says that there is more', () => {
  const hashes = new Hashes();
  for (let i = 0; i < 50; i++) hashes.make(`h${i}`, { x: 10 });
  hashes.t.nowMs += 11;
  let slices = 0;
  while (expireFields(hashes.keyspace, 0)) slices++;
  expect(slices).toBeGreaterThan(10);
  expect(hashes.keyspace.size(0)).toBe(0);
});

test('what is due comes out in its order, at its earliest moment', () => {
  const due = new DueObjects();
  expect(due.first).toBe(Infinity);
  for (const [number, moment] of [
    [1, 50],
    [2, 30],
    [3, 40],
    [1, 20],
    [2, 60],
    [4, Infinity],
  ] as const) {
    due.note(number, number * 10, moment);
  }
  const taken: (number | undefined)[] = [];
  while (due.first < Infinity) taken.push(due.take());
  // The later moment of 1 is of no use any more.
  expect(taken).toEqual([1, 2, 3, undefined]);
  expect(due.hashOf(3)).toBe(30);
});
