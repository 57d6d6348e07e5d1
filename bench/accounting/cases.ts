/** What is measured: collections of each type, many and one, after growth and after deletions, of short and of long elements. */
import { RangeList } from '../../src/base/byte-ranges.ts';
import type { Objects } from '../../src/store/objects.ts';
import { Hash } from '../../src/types/hash.ts';
import { List } from '../../src/types/list.ts';
import { MemberSet } from '../../src/types/set.ts';
import { SortedSet } from '../../src/types/sorted-set.ts';
import { Stream } from '../../src/types/stream.ts';
import { Group } from '../../src/types/stream-groups.ts';

/**
 * Makes a part of the collections, from 0 to 1 (all of them), and counts them at the end. Returns how many short typed arrays
 * they keep, if any: their content is on the heap, so nothing is to be added for a buffer outside of it.
 */
export type Build = (objects: Objects, part: number) => number | undefined;

/** Bytes of an element: short ones, such as fit in a page, and such as do not. */
const SHORT = 12;
const MIDDLE = 100;
const LONG = 2000;

/** The element with a number: `size` bytes. */
function element(number: number, size: number): Uint8Array {
  return new Uint8Array(Buffer.from(String(number).padStart(size, `element-${'x'.repeat(size)}`)));
}

interface Kind<T> {
  make(objects: Objects): T;
  add(collection: T, number: number, size: number): void;
  remove(collection: T, number: number, size: number): void;
}

const lists: Kind<List> = {
  make: ({ limits }) => new List(limits.list),
  add(list, number, size) {
    const bytes = element(number, size);
    list.willGrow(size, 1);
    list.pushTail(bytes, 0, bytes.length);
  },
  remove(list) {
    list.dropHead(1);
  },
};

const hashes: Kind<Hash> = {
  make: ({ limits }) => new Hash(limits.hash),
  add(hash, number, size) {
    const field = element(number, SHORT);
    const value = element(number, size);
    hash.set(field, 0, field.length, value, 0, value.length);
  },
  remove(hash, number) {
    const field = element(number, SHORT);
    hash.remove(field, 0, field.length);
  },
};

const expiringHashes: Kind<Hash> = {
  ...hashes,
  add(hash, number, size) {
    hashes.add(hash, number, size);
    const field = element(number, SHORT);
    hash.setExpiry(field, 0, field.length, 1.7e12 + ((number * 7919) % 1e6));
  },
};

const sets: Kind<MemberSet> = {
  make: ({ limits }) => new MemberSet(limits.set),
  add(set, number, size) {
    const member = element(number, size);
    set.add(member, 0, member.length);
  },
  remove(set, number, size) {
    const member = element(number, size);
    set.remove(member, 0, member.length);
  },
};

const integerSets: Kind<MemberSet> = {
  ...sets,
  add(set, number) {
    const member = Buffer.from(String(number * 13));
    set.add(member, 0, member.length);
  },
};

const sortedSets: Kind<SortedSet> = {
  make: ({ limits }) => new SortedSet(limits.sortedSet),
  add(set, number, size) {
    const member = element(number, size);
    set.add((number * 7919) % 1e6, member, 0, member.length);
  },
  remove(set, number, size) {
    const member = element(number, size);
    set.remove(member, 0, member.length);
  },
};

const risingSortedSets: Kind<SortedSet> = {
  ...sortedSets,
  add(set, number, size) {
    const member = element(number, size);
    set.add(number + 0.5, member, 0, member.length);
  },
};

const words = new RangeList();

const streams: Kind<Stream> = {
  make: ({ limits }) => new Stream(limits.stream),
  add(stream, number, size) {
    const name = element(1, SHORT);
    const value = element(number, size);
    words.bytes = Buffer.concat([name, value]);
    words.starts[0] = 0;
    words.starts[1] = words.ends[0] = name.length;
    words.ends[1] = name.length + value.length;
    stream.append(1.7e12 + number * 3, number % 5, words, 0, 2);
  },
  remove(stream) {
    stream.dropFirst(1);
  },
};

/** `count` collections of `length` elements each, from which a part goes afterwards. */
function many<T extends List | Hash | MemberSet | SortedSet | Stream>(
  kind: Kind<T>,
  count: number,
  length: number,
  size: number,
  removedPart = 0,
): Build {
  return (objects, part) => {
    const made: T[] = [];
    const isOne = count === 1;
    const elements = Math.ceil(length * (isOne ? part : 1));
    for (let i = 0; i < Math.ceil(count * part); i++) {
      const collection = kind.make(objects);
      for (let n = 0; n < elements; n++) kind.add(collection, n, size);
      objects.add(collection);
      made.push(collection);
    }
    if (removedPart > 0) {
      for (const collection of made) {
        for (let n = 0; n < elements * removedPart; n++) kind.remove(collection, n, size);
      }
    }
    for (let i = 0; i < made.length; i++) objects.recount(i);
  };
}

/** One stream, with as many groups of as many consumers, each with entries that are pending for it; a part of them is acknowledged. */
function groups(groupCount: number, consumerCount: number, pending: number, acknowledgedPart = 0): Build {
  return (objects, part) => {
    const stream = new Stream(objects.limits.stream);
    streams.add(stream, 0, SHORT);
    objects.add(stream);
    let names = 0;
    for (let g = 0; g < Math.ceil(groupCount * part); g++) {
      const group = new Group(element(g, SHORT), { ...stream.lastId }, 0);
      stream.addGroup(group);
      names += 1 + consumerCount;
      for (let c = 0; c < consumerCount; c++) {
        const before = group.memoryBytes;
        const consumer = group.addConsumer(element(c, SHORT), 1.7e12);
        const entries = Math.ceil(pending * (groupCount === 1 ? part : 1));
        const idOf = (n: number) => ({ ms: 1.7e12 + n * consumerCount + c, seq: n % 5 });
        for (let n = 0; n < entries; n++) group.assign(idOf(n), consumer, 1.7e12 + c, 1);
        for (let n = 0; n < entries * acknowledgedPart; n++) group.acknowledge(idOf(n));
        stream.recount(group, before);
      }
    }
    objects.recount(0);
    return names;
  };
}

function casesOf<T extends List | Hash | MemberSet | SortedSet | Stream>(name: string, kind: Kind<T>) {
  return [
    { title: `${name}: 30,000 of 150`, build: many(kind, 30_000, 150, SHORT) },
    { title: `${name}: 5,000 of 1,000`, build: many(kind, 5000, 1000, SHORT) },
    { title: `${name}: one of 1,000,000`, build: many(kind, 1, 1_000_000, SHORT) },
    { title: `${name}: 3,000 of 200, middle`, build: many(kind, 3000, 200, MIDDLE) },
    { title: `${name}: 20,000 of 3, long`, build: many(kind, 20_000, 3, LONG) },
    { title: `${name}: one of 50,000, long`, build: many(kind, 1, 50_000, LONG) },
    { title: `${name}: 5,000 of 1,000, 80 % removed`, build: many(kind, 5000, 1000, SHORT, 0.8) },
    { title: `${name}: one of 1,000,000, 80 % removed`, build: many(kind, 1, 1_000_000, SHORT, 0.8) },
    { title: `${name}: one of 50,000, long, 80 % removed`, build: many(kind, 1, 50_000, LONG, 0.8) },
  ];
}

export const CASES: { title: string; build: Build }[] = [
  ...casesOf('lists', lists),
  { title: 'lists: 300,000 of 1', build: many(lists, 300_000, 1, SHORT) },
  { title: 'lists: 100,000 of 10', build: many(lists, 100_000, 10, SHORT) },
  ...casesOf('hashes', hashes),
  { title: 'expiring hashes: 100,000 of 3', build: many(expiringHashes, 100_000, 3, SHORT) },
  { title: 'expiring hashes: 30,000 of 30', build: many(expiringHashes, 30_000, 30, SHORT) },
  { title: 'expiring hashes: 2,000 of 300', build: many(expiringHashes, 2000, 300, SHORT) },
  { title: 'expiring hashes: one of 500,000', build: many(expiringHashes, 1, 500_000, SHORT) },
  {
    title: 'expiring hashes: one of 500,000, 80 % removed',
    build: many(expiringHashes, 1, 500_000, SHORT, 0.8),
  },
  ...casesOf('sets', sets),
  { title: 'sets: one of 1,000,000 integers', build: many(integerSets, 1, 1_000_000, 0) },
  ...casesOf('sorted sets', sortedSets),
  { title: 'sorted sets: one of 1,000,000 rising', build: many(risingSortedSets, 1, 1_000_000, SHORT) },
  ...casesOf('streams', streams),
  { title: 'streams: 100,000 of 3', build: many(streams, 100_000, 3, SHORT) },
  { title: 'stream groups: 20,000', build: groups(20_000, 0, 0) },
  { title: 'stream groups: 5,000 of 10 consumers', build: groups(5000, 10, 0) },
  { title: 'stream groups: 5,000 of 1 consumer with 10 entries', build: groups(5000, 1, 10) },
  { title: 'stream groups: 1 of 1 consumer with 300,000 entries', build: groups(1, 1, 300_000) },
  { title: 'stream groups: 1 of 10 consumers with 30,000 entries', build: groups(1, 10, 30_000) },
  {
    title: 'stream groups: 1 of 1 consumer with 300,000 entries, 80 % acknowledged',
    build: groups(1, 1, 300_000, 0.8),
  },
];
