/** What collections count is what is there: the same as counted anew, never negative, and given back. No heap is measured here. */
import { expect, test } from 'vitest';
import { grownCapacity, MapBytes } from '../../../src/base/engine-bytes.ts';
import { Objects } from '../../../src/store/objects.ts';
import { blockPool, pagePool } from '../../../src/types/block-pool.ts';
import { CollectionLimits } from '../../../src/types/collection.ts';
import { Hash } from '../../../src/types/hash.ts';
import { List } from '../../../src/types/list.ts';
import { PageTable } from '../../../src/types/page-table.ts';
import { SortedSet } from '../../../src/types/sorted-set.ts';

const limits = new CollectionLimits();

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

function word(i: number): Uint8Array {
  return bytesOf(`element:${i}${'x'.repeat((i * 37) % 100)}${i % 97 === 0 ? 'y'.repeat(3000) : ''}`);
}

/** Of all pages, met by the directory. */
function pageBytes({ directory }: PageTable): number {
  let bytes = 0;
  for (let i = 0; i < directory.length; i = directory.behind(i)) {
    for (let page = directory.first(i); page !== undefined; page = page.next) bytes += page.memoryBytes;
  }
  return bytes;
}

test('a list counts its chunks', () => {
  const list = new List(limits.list);
  const empty = list.memoryBytes;
  const check = () => {
    let bytes = empty;
    for (let chunk = list.head; chunk !== undefined; chunk = chunk.next) bytes += chunk.memoryBytes;
    expect(list.memoryBytes).toBe(bytes);
  };
  for (let i = 0; i < 3000; i++) {
    const element = word(i);
    list.willGrow(element.length, 1);
    if (i % 3 === 0) list.pushHead(element, 0, element.length);
    else list.pushTail(element, 0, element.length);
    if (i % 100 === 0) check();
  }
  while (list.length > 0) {
    list.dropHead(Math.min(list.length, 7));
    if (list.length > 0) list.dropTail(Math.min(list.length, 3));
    check();
  }
  expect(list.memoryBytes).toBe(empty);
});

test('a table counts its pages, long records and lists, and is as large as a new one with the same records', () => {
  const table = new PageTable({ fixedBytes: 0, hasValues: false });
  const check = () => {
    const rest = table.memoryBytes - pageBytes(table) - table.directory.memoryBytes;
    expect(rest).toBeGreaterThan(0);
    // Long records, and lists of some bytes a page and a record.
    expect(rest).toBeLessThan(2000 + 20 * table.length + (table.length / 97 + 1) * 3600 * 2);
  };
  for (let i = 0; i < 5000; i++) {
    const name = word(i);
    table.add(name, 0, name.length);
    if (i % 500 === 0) check();
  }
  for (let i = 0; i < 5000; i++) {
    const name = word(i);
    if (i % 5 !== 0) table.delete(name, 0, name.length);
    if (i % 500 === 0) check();
  }
  const anew = new PageTable({ fixedBytes: 0, hasValues: false });
  for (let i = 0; i < 5000; i += 5) {
    const name = word(i);
    anew.add(name, 0, name.length);
  }
  expect(table.length).toBe(anew.length);
  expect(table.memoryBytes).toBeLessThan(anew.memoryBytes * 2);
  table.dispose();
  anew.dispose();
});

test('hashes and sorted sets that have gone give their blocks back to the pools, and are not counted any more', () => {
  const objects = new Objects(limits);
  const freeBefore = blockPool.freeBytes + pagePool.freeBytes;
  const numbers: number[] = [];
  for (let n = 0; n < 20; n++) {
    const hash = new Hash(limits.hash);
    const sortedSet = new SortedSet(limits.sortedSet);
    for (let i = 0; i < 300; i++) {
      const name = word(i);
      hash.set(name, 0, name.length, name, 0, name.length);
      if (i % 2 === 0) hash.setExpiry(name, 0, name.length, 1.7e12 + i);
      sortedSet.add(i % 50, name, 0, name.length);
    }
    for (const collection of [hash, sortedSet]) {
      const number = objects.add(collection);
      objects.noteDue(number, n);
      numbers.push(number);
    }
  }
  let sum = 0;
  for (const collection of objects.all()) sum += collection.memoryBytes;
  expect(objects.bytes).toBeGreaterThan(sum);
  expect(objects.bytes).toBeLessThan(sum * 1.01);
  for (const number of numbers) {
    const before = objects.bytes;
    expect(objects.recount(number)).toBeGreaterThan(0);
    expect(objects.bytes).toBe(before);
    objects.remove(number);
    expect(objects.bytes).toBeGreaterThanOrEqual(0);
    expect(objects.bytes).toBeLessThan(before);
  }
  objects.dispose(Infinity);
  // Of each size one slab without blocks is kept: 27 sizes.
  const freed = blockPool.freeBytes + pagePool.freeBytes - freeBefore;
  expect(freed).toBeLessThan(27 * 36_000);
  expect(blockPool.freeBytes + pagePool.freeBytes).toBeGreaterThanOrEqual(0);
  objects.removeAll();
  expect(objects.bytes).toBe(0);
});

test('expiries of fields are counted with what they take, and given back', () => {
  const hash = new Hash(limits.hash);
  const field = (i: number) => bytesOf(`field:${i}`);
  const value = bytesOf('v');
  for (let i = 0; i < 1000; i++) hash.set(field(i), 0, field(i).length, value, 0, 1);
  const without = hash.memoryBytes;
  for (let i = 0; i < 1000; i++) hash.setExpiry(field(i), 0, field(i).length, 1.7e12 + i);
  const withAll = hash.memoryBytes;
  expect((withAll - without) / 1000).toBeGreaterThan(50);
  for (let i = 0; i < 1000; i++) expect(hash.removeExpiry(field(i), 0, field(i).length)).toBe(true);
  expect(hash.memoryBytes - without).toBeLessThan(1000);
  hash.dispose();
});

test('a map is counted as the engine makes it', () => {
  const map = new MapBytes();
  const empty = map.bytes;
  for (let i = 0; i < 4; i++) map.added();
  expect(map.bytes).toBe(empty);
  map.added();
  // 8 places and 4 buckets, as measured.
  expect(map.bytes).toBe(296);
  for (let i = 5; i < 300; i++) map.added();
  expect(map.bytes).toBe(14_408);
  for (let i = 0; i < 299; i++) map.removed();
  expect(map.bytes).toBe(empty);
});

test('arrays grow by a half and sixteen', () => {
  let capacity = 0;
  const seen = new Set<number>();
  for (let length = 1; length <= 100; length++) {
    capacity = grownCapacity(capacity, length);
    seen.add(capacity);
  }
  expect([...seen]).toEqual([17, 43, 82, 140]);
});
