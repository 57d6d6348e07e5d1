/** The view on one thread: what it must say when it does not know, and when something changes under it. */
import { expect, test } from 'vitest';
import type { ShareMessage } from '../../../src/store/sharing.ts';
import { verify } from '../../../src/store/verify.ts';
import { FOUND, KeyspaceView, MISSING, UNSURE } from '../../../src/store/view.ts';
import { pattern, TestKeyspace } from './harness.ts';

const encoder = new TextEncoder();

function locate(view: KeyspaceView, t: TestKeyspace, key: string, db = 0): number {
  const bytes = encoder.encode(key);
  return view.locate(db, bytes, 0, bytes.length, t.hash(key));
}

for (const strict of [false, true]) {
  test(`a view finds what is there, and a change between is noticed (strict check: ${strict})`, () => {
    const t = new TestKeyspace();
    t.set('key', pattern(10, 1));
    const view = KeyspaceView.open(
      t.keyspace.share().map((message) => structuredClone(message)),
      strict,
    );
    expect(locate(view, t, 'key')).toBe(FOUND);
    expect(view.isConsistent()).toBe(true);
    expect(locate(view, t, 'other')).toBe(MISSING);
    expect(locate(view, t, 'key', 1)).toBe(MISSING);
    expect(locate(view, t, 'key')).toBe(FOUND);
    t.set('key', pattern(10, 2));
    expect(view.isConsistent()).toBe(false);
    expect(locate(view, t, 'key')).toBe(FOUND);
    t.delete('key');
    expect(view.isConsistent()).toBe(false);
    expect(locate(view, t, 'key')).toBe(MISSING);
  });
}

test('while a stripe is odd the view is unsure', () => {
  const t = new TestKeyspace();
  t.set('key', pattern(10, 1));
  const view = KeyspaceView.open(t.keyspace.share());
  t.keyspace.stripes.begin(t.hash('key'));
  expect(locate(view, t, 'key')).toBe(UNSURE);
  t.keyspace.stripes.end(t.hash('key'));
  expect(locate(view, t, 'key')).toBe(FOUND);
});

test('a view that was not told of new buffers is unsure, never wrong', () => {
  const messages: ShareMessage[] = [];
  const t = new TestKeyspace({ extentBytes: 65_536, onShare: (message) => messages.push(message) });
  const view = KeyspaceView.open(t.keyspace.share());
  messages.length = 0;
  expect(locate(view, t, 'key')).toBe(MISSING);
  t.set('key', pattern(10, 1));
  expect(locate(view, t, 'key')).toBe(UNSURE);
  for (const message of messages) view.accept(message);
  expect(locate(view, t, 'key')).toBe(FOUND);
  // A value with an extent of its own: the number is used again by another buffer, which the view does not know.
  t.set('large', pattern(30_000, 1));
  for (const message of messages) view.accept(message);
  expect(locate(view, t, 'large')).toBe(FOUND);
  t.delete('large');
  t.set('large', pattern(30_000, 2));
  expect(locate(view, t, 'large')).toBe(UNSURE);
  for (const message of messages) view.accept(message);
  expect(locate(view, t, 'large')).toBe(FOUND);
  expect(view.bytes[view.valueStart]).toBe(pattern(1, 2)[0]);
});

test('after a flush a stale view says missing or unsure', () => {
  const messages: ShareMessage[] = [];
  const t = new TestKeyspace({ onShare: (message) => messages.push(message) });
  for (let i = 0; i < 5000; i++) t.set(`key:${i}`, pattern(10, i));
  const view = KeyspaceView.open(t.keyspace.share());
  messages.length = 0;
  t.keyspace.flush(0);
  expect(locate(view, t, 'key:1')).toBe(MISSING);
  for (let i = 0; i < 5000; i++) t.set(`new:${i}`, pattern(10, i));
  for (let i = 0; i < 5000; i++) {
    expect(locate(view, t, `key:${i}`)).not.toBe(FOUND);
    expect(locate(view, t, `new:${i}`)).toBe(UNSURE);
  }
  for (const message of messages) view.accept(message);
  for (let i = 0; i < 5000; i++) expect(locate(view, t, `new:${i}`)).toBe(FOUND);
});

test('an expired key is left to the shard, which can free it, by the clock of the view', () => {
  const t = new TestKeyspace();
  t.set('key', pattern(10, 1), t.nowMs + 10);
  const view = KeyspaceView.open(t.keyspace.share());
  view.nowMs = t.nowMs + 10;
  expect(locate(view, t, 'key')).toBe(FOUND);
  expect(view.expiresAt).toBe(t.nowMs + 10);
  view.nowMs++;
  expect(locate(view, t, 'key')).toBe(UNSURE);
});

test('a touch sets the time of the last use, and none after the entry has changed', () => {
  const t = new TestKeyspace();
  t.set('key', pattern(10, 1));
  const view = KeyspaceView.open(t.keyspace.share());
  t.nowMs += 5000;
  view.clockSeconds = Math.floor(t.nowMs / 1000);
  t.keyspace.touching = false;
  expect(t.keyspace.idleSeconds(t.ref('key'))).toBe(5);
  expect(locate(view, t, 'key')).toBe(FOUND);
  view.touch();
  expect(t.keyspace.idleSeconds(t.ref('key'))).toBe(0);
  t.nowMs += 5000;
  view.clockSeconds += 5;
  expect(locate(view, t, 'key')).toBe(FOUND);
  t.set('key', pattern(10, 2));
  view.touch();
  expect(t.keyspace.idleSeconds(t.ref('key'))).toBe(5);
});

test('the block of an entry that a reader is about to touch is freed only afterwards', () => {
  const t = new TestKeyspace();
  t.set('key', pattern(10, 1));
  KeyspaceView.open(t.keyspace.share());
  const { words } = t.keyspace.touches;
  Atomics.store(words, 16, t.ref('key'));
  t.delete('key');
  expect(t.keyspace.setAside.length).toBe(1);
  verify(t.keyspace);
  expect(t.keyspace.usedBytes).toBe(32);
  Atomics.store(words, 16, 0);
  t.set('other', pattern(10, 1));
  t.delete('other');
  expect(t.keyspace.usedBytes).toBe(0);
  verify(t.keyspace);
});
