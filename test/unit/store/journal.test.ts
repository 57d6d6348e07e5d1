/** What a journal is told is enough to make the same keyspace again. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Journal } from '../../../src/store/journal.ts';
import type { Keyspace } from '../../../src/store/keyspace.ts';
import { TYPE_STRING } from '../../../src/store/layout.ts';
import { moveEntry, swapDatabases } from '../../../src/store/transfers.ts';
import { verify } from '../../../src/store/verify.ts';
import { Changes, change, contentOf, DATABASES, emptying } from './changes.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

type Effect = (target: Keyspace) => void;

/** Copies what it is told, during the call, to effects that can be made on another keyspace. */
class EffectLog implements Journal {
  readonly effects: Effect[] = [];
  readonly calls: string[] = [];
  readonly #source: Keyspace;

  constructor(source: Keyspace) {
    this.#source = source;
  }

  stored(db: number, ref: number): void {
    const source = this.#source;
    const key = this.#keyOf(ref);
    const type = source.typeOf(ref);
    const expiresAt = source.expiry(ref);
    this.calls.push('stored');
    if (type !== TYPE_STRING) {
      const object = source.objectOf(ref);
      this.effects.push((target) => {
        target.setObject(db, key, 0, key.length, hashIn(target, key), type, object, expiresAt);
      });
      return;
    }
    const value = this.#valueOf(ref, 0, source.valueLength(ref));
    const isRaw = source.isRaw(ref);
    this.effects.push((target) => {
      target.setString(db, key, 0, key.length, hashIn(target, key), value, 0, value.length, expiresAt);
      if (isRaw)
        target.writeRange(db, refIn(target, db, key), hashIn(target, key), value.length, value, 0, 0);
    });
  }

  patched(db: number, ref: number, offset: number, end: number): void {
    const key = this.#keyOf(ref);
    const bytes = this.#valueOf(ref, offset, end);
    this.calls.push('patched');
    this.effects.push((target) => {
      const targetRef = refIn(target, db, key);
      target.writeRange(db, targetRef, hashIn(target, key), offset, bytes, 0, bytes.length);
    });
  }

  changed(): void {
    this.calls.push('changed');
  }

  expiryChanged(db: number, ref: number): void {
    const key = this.#keyOf(ref);
    const expiresAt = this.#source.expiry(ref);
    this.calls.push('expiryChanged');
    this.effects.push((target) => {
      target.setExpiry(db, refIn(target, db, key), hashIn(target, key), expiresAt);
    });
  }

  removed(db: number, ref: number): void {
    const key = this.#keyOf(ref);
    this.calls.push('removed');
    this.effects.push((target) => {
      expect(target.delete(db, key, 0, key.length, hashIn(target, key))).toBe(true);
    });
  }

  flushed(db: number): void {
    this.calls.push('flushed');
    this.effects.push((target) => target.flush(db));
  }

  swapped(a: number, b: number): void {
    expect(a).not.toBe(b);
    this.calls.push('swapped');
    this.effects.push((target) => swapDatabases(target, a, b));
  }

  #keyOf(ref: number): Uint8Array {
    const start = this.#source.keyStart(ref);
    return this.#source.bytesOf(ref).slice(start, start + this.#source.keyLength(ref));
  }

  #valueOf(ref: number, from: number, to: number): Uint8Array {
    const start = this.#source.valueStart(ref);
    return this.#source.bytesOf(ref).slice(start + from, start + to);
  }
}

function hashIn(keyspace: Keyspace, key: Uint8Array): number {
  return keyspace.hash(key, 0, key.length);
}

function refIn(keyspace: Keyspace, db: number, key: Uint8Array): number {
  const ref = keyspace.peek(db, key, 0, key.length, hashIn(keyspace, key));
  expect(ref).not.toBe(0);
  return ref;
}

/** Nothing expires in it by itself: only effects change it. */
function replayed(effects: readonly Effect[]): Keyspace {
  const target = new TestKeyspace({
    databases: DATABASES,
    extentBytes: 65_536,
    seed: { k0: 77, k1: 99 },
    now: () => 0,
  }).keyspace;
  for (const effect of effects) effect(target);
  return target;
}

test('the effects of any changes, made again in another keyspace, give the same content', () => {
  const calls = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 30, arbitrary: change }, { weight: 1, arbitrary: emptying }), {
        minLength: 1,
        maxLength: 200,
        // Otherwise the arrays have ten steps or so.
        size: 'max',
      }),
      (steps) => {
        const t = new TestKeyspace({ databases: DATABASES, extentBytes: 65_536 });
        const log = new EffectLog(t.keyspace);
        t.keyspace.journal = log;
        const changes = new Changes(t);
        for (const step of steps) changes.make(step);
        for (const call of log.calls) calls.add(call);
        const target = replayed(log.effects);
        verify(target);
        expect(contentOf(target)).toEqual(contentOf(t.keyspace));
      },
    ),
    { numRuns: 250, verbose: 1 },
  );
  expect([...calls].sort()).toEqual(['expiryChanged', 'flushed', 'patched', 'removed', 'stored', 'swapped']);
});

test('each change is told once, as what it did', () => {
  const t = new TestKeyspace({ databases: DATABASES });
  const log = new EffectLog(t.keyspace);
  t.keyspace.journal = log;
  const told = (run: () => void): string[] => {
    log.calls.length = 0;
    run();
    return [...log.calls];
  };
  expect(told(() => t.set('a', pattern(5, 1)))).toEqual(['stored']);
  expect(told(() => t.set('a', pattern(5, 2)))).toEqual(['stored']);
  expect(told(() => t.set('a', pattern(500, 2)))).toEqual(['stored']);
  expect(told(() => t.set('a', pattern(5, 2), t.nowMs + 10))).toEqual(['stored']);
  expect(told(() => t.write('a', 3, pattern(5, 2)))).toEqual(['patched']);
  expect(told(() => t.expire('a', t.nowMs + 20))).toEqual(['expiryChanged']);
  expect(told(() => t.expire('a', NO_EXPIRY))).toEqual(['expiryChanged']);
  expect(told(() => t.expire('a', NO_EXPIRY))).toEqual([]);
  expect(told(() => moveEntry(t.keyspace, 0, 1, t.ref('a'), t.hash('a')))).toEqual(['removed', 'stored']);
  expect(told(() => t.delete('a', 1))).toEqual(['removed']);
  expect(told(() => t.delete('a'))).toEqual([]);
  expect(told(() => swapDatabases(t.keyspace, 1, 1))).toEqual([]);
  expect(told(() => t.keyspace.compact(1))).toEqual([]);
});

test('a look-up that meets an expired entry, and the cycle, tell that it goes', () => {
  const t = new TestKeyspace({ databases: DATABASES });
  t.set('a', pattern(5, 1), t.nowMs + 10);
  t.set('b', pattern(5, 1), t.nowMs + 10);
  const log = new EffectLog(t.keyspace);
  t.keyspace.journal = log;
  t.nowMs += 11;
  t.get('a');
  expect(log.calls).toEqual(['removed']);
  t.keyspace.expireCycle(10);
  expect(log.calls).toEqual(['removed', 'removed']);
});
