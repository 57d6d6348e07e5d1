import { expect, test } from 'vitest';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { changeAt, renameCollection, storeCollection } from '../../../src/store/collections.ts';
import { ABSENT } from '../../../src/store/keyspace.ts';
import { KeyspaceSnapshot } from '../../../src/store/snapshot.ts';
import { verify } from '../../../src/store/verify.ts';
import { Change } from '../../../src/types/change.ts';
import { List } from '../../../src/types/list.ts';
import {
  LIST_DROP_HEAD,
  LIST_PUSH_TAIL,
  LIST_REMOVE,
  LIST_SET,
  pushAll,
} from '../../../src/types/list-changes.ts';
import { ListCursor } from '../../../src/types/list-cursor.ts';
import { NO_EXPIRY, TestKeyspace } from './harness.ts';

function ranges(...texts: readonly string[]): Arguments {
  const args = new Arguments();
  args.setWords(texts.map((text) => Buffer.from(text)));
  return args;
}

function contents(list: List): string[] {
  const cursor = new ListCursor();
  const found: string[] = [];
  for (let is = cursor.open(list, 0); is; is = cursor.next()) {
    found.push(Buffer.from(cursor.read().copy()).toString());
  }
  return found;
}

/** Lists by name in database 0 of a keyspace. */
class Lists {
  readonly t = new TestKeyspace();
  readonly keyspace = this.t.keyspace;

  refOf(name: string): number {
    return this.keyspace.peek(0, Buffer.from(name), 0, name.length, this.t.hash(name));
  }

  make(name: string, elements: readonly string[], expiresAt = NO_EXPIRY): void {
    const list = new List(this.keyspace.objects.limits.list);
    pushAll(list, false, ranges(...elements), 0, elements.length);
    storeCollection(this.keyspace, 0, Buffer.from(name), 0, name.length, this.t.hash(name), list, expiresAt);
  }

  of(name: string): string[] | undefined {
    const ref = this.refOf(name);
    return ref === ABSENT ? undefined : contents(this.keyspace.collectionOf(ref) as List);
  }

  change(name: string, operation: number, first: number, ...elements: readonly string[]): number {
    const ref = this.refOf(name);
    const words = ranges(...elements);
    const change = new Change().by(operation, first).with(words, 0, elements.length);
    return changeAt(this.keyspace, 0, ref, this.t.hash(name), change);
  }

  rename(name: string, to: string): void {
    const ref = this.refOf(name);
    const key = Buffer.from(to);
    renameCollection(this.keyspace, 0, ref, this.t.hash(name), key, 0, key.length, this.t.hash(to));
  }
}

const LONG = Array.from({ length: 2000 }, (_, i) => `element number ${i}`);

test('what collections take of memory is counted, and comes back however they go', () => {
  const lists = new Lists();
  const { keyspace, t } = lists;
  const { objects } = keyspace;
  const key = (name: string) => Buffer.from(name);
  lists.make('a', ['x']);
  const small = objects.bytes;
  expect(small).toBeGreaterThan(0);
  lists.change('a', LIST_PUSH_TAIL, 0, ...LONG);
  expect(objects.bytes).toBeGreaterThan(small + LONG.join('').length);
  expect(lists.change('a', LIST_DROP_HEAD, 2000)).toBe(2000);
  expect(objects.bytes).toBeLessThan(small + 10_000);
  lists.change('a', LIST_DROP_HEAD, 1);
  expect(lists.of('a')).toBe(undefined);
  expect(objects.bytes).toBe(0);

  lists.make('overwritten', LONG);
  lists.make('overwritten', ['less']);
  keyspace.setString(0, key('overwritten'), 0, 11, t.hash('overwritten'), key('v'), 0, 1, NO_EXPIRY);
  lists.make('deleted', LONG);
  keyspace.delete(0, key('deleted'), 0, 7, t.hash('deleted'));
  expect(objects.bytes).toBe(0);
  lists.make('flushed', LONG);
  keyspace.flush(0);
  expect(objects.bytes).toBe(0);
  verify(keyspace);
});

test('a change that changes nothing is none', () => {
  const lists = new Lists();
  lists.make('a', ['x', 'y']);
  expect(lists.change('a', LIST_REMOVE, 0, 'none')).toBe(0);
  expect(lists.change('a', LIST_SET, 7, 'none')).toBe(0);
  expect(lists.of('a')).toEqual(['x', 'y']);
});

test('a renamed collection has its elements and its expiry, and the keyspace stays whole', () => {
  const lists = new Lists();
  const { keyspace } = lists;
  lists.make('from', LONG, 4e12);
  lists.make('to', ['old']);
  lists.rename('from', 'to');
  expect(lists.of('from')).toBe(undefined);
  expect(lists.of('to')).toEqual(LONG);
  expect(keyspace.expiry(lists.refOf('to'))).toBe(4e12);
  lists.rename('to', 'new');
  expect(lists.of('new')).toEqual(LONG);
  expect([keyspace.size(0), keyspace.expiresCount(0)]).toEqual([1, 1]);
  verify(keyspace);
  lists.change('new', LIST_DROP_HEAD, LONG.length);
  expect(keyspace.objects.bytes).toBe(0);
  verify(keyspace);
});

test('a snapshot has collections as they were at the cut', () => {
  const lists = new Lists();
  const { keyspace } = lists;
  const names = ['grows', 'shrinks', 'goes', 'renamed', 'replaced', 'stays'];
  for (const name of names) lists.make(name, [name, ...LONG]);
  const written = new Map<string, string[]>();
  const walk = new KeyspaceSnapshot(keyspace, {
    write(_db, ref) {
      const start = keyspace.keyStart(ref);
      const name = Buffer.from(keyspace.bytesOf(ref).slice(start, keyspace.valueStart(ref))).toString();
      written.set(name, contents(keyspace.collectionOf(ref) as List));
      return true;
    },
  });
  lists.change('grows', LIST_PUSH_TAIL, 0, 'more');
  lists.change('shrinks', LIST_DROP_HEAD, 1500);
  lists.change('goes', LIST_DROP_HEAD, 2001);
  lists.rename('renamed', 'other');
  lists.make('replaced', ['x']);
  lists.make('new', ['x']);
  while (!walk.step(Number.POSITIVE_INFINITY));
  expect([...written.keys()].sort()).toEqual([...names].sort());
  for (const name of names) expect(written.get(name)).toEqual([name, ...LONG]);
  expect(lists.of('grows')).toEqual(['grows', ...LONG, 'more']);
  verify(keyspace);
});

test('what large collections took is given back in slices, and does not count meanwhile', () => {
  const lists = new Lists();
  const { keyspace } = lists;
  const { objects } = keyspace;
  const long = Array.from({ length: 5000 }, (_, i) => `element ${i} of a list of five thousand`);
  lists.make('long', long);
  lists.make('short', ['a']);
  keyspace.delete(0, Buffer.from('short'), 0, 5, lists.t.hash('short'));
  expect(objects.retired).toBe(0);
  keyspace.delete(0, Buffer.from('long'), 0, 4, lists.t.hash('long'));
  expect(objects.retired).toBe(1);
  expect(objects.bytes).toBe(0);
  objects.dispose(Infinity);
  expect(objects.retired).toBe(0);
  expect(objects.freedLater).toBe(1);
});

test('emptying all databases forgets all collections at once, and their numbers are new', () => {
  const lists = new Lists();
  const { keyspace } = lists;
  for (let i = 0; i < 1000; i++) lists.make(`list ${i}`, ['a', 'b']);
  keyspace.flushAll();
  verify(keyspace);
  expect(keyspace.objects.retired).toBe(1000);
  expect(keyspace.objects.bytes).toBe(0);
  lists.make('new', ['c']);
  expect(lists.of('new')).toEqual(['c']);
  keyspace.objects.dispose(Infinity);
  expect(lists.of('new')).toEqual(['c']);
  verify(keyspace);
});
