/** Moving entries between databases and swapping databases: for the owner, its accounts and its readers. */
import { describe, expect, test } from 'vitest';
import { OutOfMemory, TYPE_LIST } from '../../../src/store/layout.ts';
import { createRange } from '../../../src/store/ranges.ts';
import type { ShareMessage } from '../../../src/store/sharing.ts';
import { moveEntry, swapDatabases } from '../../../src/store/transfers.ts';
import { verify } from '../../../src/store/verify.ts';
import { FOUND, KeyspaceView, MISSING, UNSURE } from '../../../src/store/view.ts';
import { pattern, TestKeyspace } from './harness.ts';

const encoder = new TextEncoder();

function locate(view: KeyspaceView, t: TestKeyspace, key: string, db: number): number {
  view.nowMs = t.nowMs;
  const bytes = encoder.encode(key);
  return view.locate(db, bytes, 0, bytes.length, t.hash(key));
}

/** A keyspace and a view that hears of its changes only when `tell` is called. */
function shared() {
  const messages: ShareMessage[] = [];
  const t = new TestKeyspace({ onShare: (message) => messages.push(message) });
  const view = KeyspaceView.open(t.keyspace.share());
  messages.length = 0;
  const tell = () => {
    for (const message of messages.splice(0)) view.accept(message);
  };
  return { t, view, tell };
}

function move(t: TestKeyspace, key: string, from: number, to: number): void {
  moveEntry(t.keyspace, from, to, t.ref(key, from), t.hash(key));
}

describe('moving an entry', () => {
  test('takes value, expiry and ref along', () => {
    const t = new TestKeyspace();
    t.set('key', pattern(100, 1), t.nowMs + 5000);
    const ref = t.ref('key');
    move(t, 'key', 0, 1);
    verify(t.keyspace);
    expect(t.ref('key')).toBe(0);
    expect(t.ref('key', 1)).toBe(ref);
    expect(t.get('key', 1)).toEqual(pattern(100, 1));
    expect(t.keyspace.expiry(ref)).toBe(t.nowMs + 5000);
    expect([t.keyspace.size(0), t.keyspace.size(1)]).toEqual([0, 1]);
    expect([t.keyspace.expiresCount(0), t.keyspace.expiresCount(1)]).toEqual([0, 1]);
    t.nowMs += 5001;
    expect(t.keyspace.expireCycle(10)).toBe(1);
    expect(t.keyspace.size(1)).toBe(0);
  });

  test('of thousands of keys, and of collections, keeps all accounts', () => {
    const t = new TestKeyspace();
    for (let i = 0; i < 3000; i++) t.set(`key:${i}`, pattern(i % 50, i), i % 3 === 0 ? t.nowMs + 1000 : -1);
    const list = encoder.encode('list');
    t.keyspace.setObject(0, list, 0, list.length, t.hash('list'), TYPE_LIST, 7, -1);
    for (let i = 0; i < 3000; i += 2) move(t, `key:${i}`, 0, 1);
    move(t, 'list', 0, 1);
    verify(t.keyspace);
    expect([t.keyspace.size(0), t.keyspace.size(1)]).toEqual([1500, 1501]);
    expect(t.keyspace.objectOf(t.ref('list', 1))).toBe(7);
    for (let i = 0; i < 3000; i++) expect(t.get(`key:${i}`, i % 2 === 0 ? 1 : 0)).toEqual(pattern(i % 50, i));
    t.keyspace.flush(1);
    verify(t.keyspace);
    expect(t.keyspace.size(0)).toBe(1500);
  });

  test('is seen by readers', () => {
    const { t, view, tell } = shared();
    t.set('key', pattern(10, 1));
    tell();
    expect(locate(view, t, 'key', 0)).toBe(FOUND);
    move(t, 'key', 0, 1);
    // What was read before the move is not taken for whole after it.
    expect(view.isConsistent()).toBe(false);
    expect(locate(view, t, 'key', 0)).toBe(MISSING);
    expect(locate(view, t, 'key', 1)).not.toBe(MISSING);
    tell();
    expect(locate(view, t, 'key', 1)).toBe(FOUND);
  });
});

describe('swapping databases', () => {
  test('swaps keys, expiries and what the expiry cycle knows', () => {
    const t = new TestKeyspace();
    t.set('a', pattern(5, 1), t.nowMs + 1000);
    t.set('b', pattern(6, 2), -1, 1);
    t.set('c', pattern(7, 3), -1, 1);
    swapDatabases(t.keyspace, 0, 1);
    verify(t.keyspace);
    expect([t.keyspace.size(0), t.keyspace.size(1)]).toEqual([2, 1]);
    expect(t.get('b')).toEqual(pattern(6, 2));
    expect(t.get('a', 1)).toEqual(pattern(5, 1));
    expect([t.keyspace.expiresCount(0), t.keyspace.expiresCount(1)]).toEqual([0, 1]);
    t.nowMs += 1001;
    expect(t.keyspace.expireCycle(10)).toBe(1);
    expect(t.keyspace.size(1)).toBe(0);
    swapDatabases(t.keyspace, 1, 1);
    expect(t.keyspace.size(0)).toBe(2);
  });

  test('leaves readers unsure until they are told, and then right', () => {
    const { t, view, tell } = shared();
    t.set('a', pattern(5, 1));
    t.set('b', pattern(6, 2), -1, 1);
    tell();
    expect(locate(view, t, 'a', 0)).toBe(FOUND);
    swapDatabases(t.keyspace, 0, 1);
    expect(view.isConsistent()).toBe(false);
    expect(locate(view, t, 'a', 0)).toBe(UNSURE);
    expect(locate(view, t, 'b', 1)).toBe(UNSURE);
    tell();
    expect([locate(view, t, 'a', 0), locate(view, t, 'a', 1)]).toEqual([MISSING, FOUND]);
    expect([locate(view, t, 'b', 0), locate(view, t, 'b', 1)]).toEqual([FOUND, MISSING]);
    // A view that opens only now is told the same.
    const late = KeyspaceView.open(t.keyspace.share());
    expect([locate(late, t, 'a', 0), locate(late, t, 'a', 1)]).toEqual([MISSING, FOUND]);
  });

  test('with an empty database, and growth afterwards, is seen by readers', () => {
    const { t, view, tell } = shared();
    t.set('a', pattern(5, 1));
    swapDatabases(t.keyspace, 0, 1);
    tell();
    expect([locate(view, t, 'a', 0), locate(view, t, 'a', 1)]).toEqual([MISSING, FOUND]);
    // The directory of each database grows under its new number.
    for (let i = 0; i < 5000; i++) t.set(`key:${i}`, pattern(5, i), -1, i % 2);
    tell();
    verify(t.keyspace);
    for (let i = 0; i < 5000; i += 7) {
      expect([locate(view, t, `key:${i}`, i % 2), locate(view, t, `key:${i}`, 1 - (i % 2))]).toEqual([
        FOUND,
        MISSING,
      ]);
    }
    t.keyspace.flush(1);
    tell();
    expect([locate(view, t, 'a', 1), locate(view, t, 'key:0', 0)]).toEqual([MISSING, FOUND]);
  });
});

describe('making a string from a range', () => {
  const key = encoder.encode('key');

  function create(t: TestKeyspace, length: number): void {
    createRange(t.keyspace, 0, key, 0, key.length, t.hash('key'), length, (bytes, start) => {
      bytes[start + length - 1] = 9;
    });
  }

  test('fills it with zeros, also where freed memory is used again', () => {
    const t = new TestKeyspace();
    t.set('other', pattern(1000, 3));
    t.delete('other');
    create(t, 900);
    verify(t.keyspace);
    expect(t.get('key')).toEqual(Uint8Array.from({ length: 900 }, (_, i) => (i === 899 ? 9 : 0)));
    expect(t.keyspace.isRaw(t.ref('key'))).toBe(true);
  });

  test('changes nothing when there is no memory', () => {
    const t = new TestKeyspace({ extentBytes: 65_536, maxArenaBytes: 65_536 });
    expect(() => create(t, 100_000)).toThrow(OutOfMemory);
    verify(t.keyspace);
    expect(t.keyspace.size(0)).toBe(0);
  });
});
