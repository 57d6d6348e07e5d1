/** A snapshot is what the keyspace was at the cut, whatever happens while it is written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Keyspace } from '../../../src/store/keyspace.ts';
import { TYPE_HASH } from '../../../src/store/layout.ts';
import { KeyspaceSnapshot, type SnapshotSink } from '../../../src/store/snapshot.ts';
import { moveEntry, swapDatabases } from '../../../src/store/transfers.ts';
import { verify } from '../../../src/store/verify.ts';
import {
  type Change,
  Changes,
  change,
  contentOf,
  DATABASES,
  describeEntry,
  emptying,
  nameOf,
} from './changes.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

/** Copies values a piece at a time, so that a value that changes in between is seen to be torn. */
const PIECE_BYTES = 8_000;

class Copies implements SnapshotSink {
  readonly content = new Map<string, string>();
  readonly order: string[] = [];
  /** Pieces until it says that the time is up. */
  patience = Infinity;
  /** Called at the first piece of an entry. */
  onEntry: (name: string) => void = () => {};
  readonly #keyspace: Keyspace;
  #under: { db: number; ref: number; hash: number; pieces: Uint8Array[]; at: number } | undefined;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  write(db: number, ref: number, hash: number, deadlineMs: number): boolean {
    const keyspace = this.#keyspace;
    const name = nameOf(keyspace, db, ref);
    const key = name.slice(name.indexOf('/') + 1);
    expect(hash).toBe(keyspace.hash(Buffer.from(key, 'latin1'), 0, key.length));
    if (this.#under === undefined) {
      this.onEntry(name);
      this.#under = { db, ref, hash, pieces: [], at: 0 };
    }
    const under = this.#under;
    // It must be the same entry until it is whole.
    expect({ db, ref, hash }).toEqual({ db: under.db, ref: under.ref, hash: under.hash });
    const length = keyspace.typeOf(ref) === 0 ? keyspace.valueLength(ref) : 0;
    do {
      if (deadlineMs !== Infinity && this.patience-- <= 0) return false;
      const start = keyspace.valueStart(ref) + under.at;
      const bytes = Math.min(PIECE_BYTES, length - under.at);
      under.pieces.push(keyspace.bytesOf(ref).slice(start, start + bytes));
      under.at += bytes;
    } while (under.at < length);
    expect(this.content.has(name)).toBe(false);
    this.content.set(name, describeEntry(keyspace, ref, Buffer.concat(under.pieces)));
    this.order.push(name);
    this.#under = undefined;
    return true;
  }
}

type Step =
  | { do: 'change'; change: Change }
  | { do: 'cut' }
  | { do: 'slice'; patience: number; budgetMs: number }
  | { do: 'abort' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ do: fc.constant('change' as const), change }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('change' as const), change: emptying }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('cut' as const) }) },
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('slice' as const),
      patience: fc.integer({ min: 0, max: 6 }),
      budgetMs: fc.constantFrom(0, 1000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const) }) },
);

/** What came about in all runs: that the test tests something. */
const seen = { whole: 0, aborted: 0, sliced: 0, cutAfterAbort: 0 };

class Run {
  readonly #test = new TestKeyspace({ databases: DATABASES, extentBytes: 65_536 });
  readonly #changes = new Changes(this.#test);
  #snapshot: KeyspaceSnapshot | undefined;
  #copies = new Copies(this.#test.keyspace);
  #expected = new Map<string, string>();

  step(step: Step): void {
    const { keyspace } = this.#test;
    switch (step.do) {
      case 'change':
        this.#changes.make(step.change);
        break;
      case 'cut':
        this.#cut();
        break;
      case 'slice':
        this.#copies.patience = step.patience;
        this.#check(this.#snapshot?.step(step.budgetMs));
        break;
      case 'abort':
        this.#snapshot?.abort();
        break;
    }
    verify(keyspace);
  }

  /** The snapshot under way, and another of all that is there. */
  end(): void {
    for (let i = 0; i < 2; i++) {
      this.#copies.patience = Infinity;
      if (this.#snapshot !== undefined) this.#check(this.#snapshot.step(Infinity));
      expect(this.#snapshot).toBeUndefined();
      this.#cut();
    }
    verify(this.#test.keyspace);
  }

  #cut(): void {
    const { keyspace } = this.#test;
    if (this.#snapshot !== undefined && !this.#snapshot.isAborted) return;
    if (keyspace.snapshot !== undefined) seen.cutAfterAbort++;
    this.#expected = contentOf(keyspace);
    this.#copies = new Copies(keyspace);
    this.#snapshot = new KeyspaceSnapshot(keyspace, this.#copies);
    expect(this.#snapshot.entries).toBe(this.#expected.size);
  }

  #check(isDone: boolean | undefined): void {
    if (isDone === undefined) return;
    const snapshot = this.#snapshot!;
    if (!isDone) {
      seen.sliced++;
      return;
    }
    expect(this.#test.keyspace.snapshot).toBeUndefined();
    this.#snapshot = undefined;
    expect(snapshot.written).toBe(this.#copies.content.size);
    if (snapshot.isAborted) {
      seen.aborted++;
      return;
    }
    seen.whole++;
    expect(this.#copies.content).toEqual(this.#expected);
  }
}

test('whatever is changed between its slices, a snapshot is what the keyspace was at the cut', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 200, size: 'max' }), (steps) => {
      const run = new Run();
      for (const one of steps) run.step(one);
      run.end();
    }),
    { numRuns: 250, verbose: 1 },
  );
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(0);
});

/** A snapshot whose cut is now. */
function begun(t: TestKeyspace): {
  copies: Copies;
  snapshot: KeyspaceSnapshot;
  expected: Map<string, string>;
} {
  const expected = contentOf(t.keyspace);
  const copies = new Copies(t.keyspace);
  return { copies, snapshot: new KeyspaceSnapshot(t.keyspace, copies), expected };
}

test('of many entries, with changes between short slices: all of the cut and nothing else', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 20_000; i++) t.set(`key:${i}`, pattern(20 + (i % 90), i), NO_EXPIRY, i % 2);
  const { copies, snapshot, expected } = begun(t);
  let slices = 0;
  for (let i = 0; !snapshot.step(0); i++) {
    slices++;
    // New, overwritten, grown and deleted: segments split and merge meanwhile.
    for (let j = 0; j < 200; j++) t.set(`new:${i}:${j}`, pattern(50, j), NO_EXPIRY, j % 2);
    for (let j = 0; j < 100; j++) {
      const number = (i * 100 + j) * 7;
      t.set(`key:${number % 20_000}`, pattern(300, j), NO_EXPIRY, number % 2);
      t.delete(`key:${(number + 3) % 20_000}`, (number + 3) % 2);
    }
  }
  expect(slices).toBeGreaterThan(10);
  expect(snapshot.written).toBe(20_000);
  expect(copies.content.size).toBe(20_000);
  for (const [name, entry] of expected) if (copies.content.get(name) !== entry) expect.fail(name);
  verify(t.keyspace);
});

test('a change of a large entry that is written in part, or of another one, finishes it first', () => {
  for (const changed of ['large', 'small']) {
    const t = new TestKeyspace();
    t.set('large', pattern(100_000, 1));
    const { copies, snapshot, expected } = begun(t);
    copies.patience = 3;
    expect(snapshot.step(1000)).toBe(false);
    expect(copies.order).toEqual([]);
    // Not part of the cut: nothing has to be written.
    t.set('small', pattern(10, 1));
    expect(copies.order).toEqual([]);
    expect(snapshot.step(1000)).toBe(false);
    if (changed === 'large') t.write('large', 99_000, pattern(500, 3));
    else t.set('large', pattern(7, 3));
    expect(copies.order).toEqual(['0/large']);
    expect(snapshot.step(0)).toBe(true);
    expect(copies.content).toEqual(expected);
  }
  const t = new TestKeyspace();
  t.set('a', pattern(100_000, 1));
  t.set('b', pattern(100_000, 2));
  const { copies, snapshot, expected } = begun(t);
  copies.patience = 3;
  let first = '';
  copies.onEntry = (name) => {
    first ||= name;
  };
  expect(snapshot.step(1000)).toBe(false);
  const other = first === '0/a' ? 'b' : 'a';
  t.set(other, pattern(5, 5));
  expect(copies.order).toEqual([first, `0/${other}`]);
  expect(snapshot.step(0)).toBe(true);
  expect(copies.content).toEqual(expected);
});

test('compaction finishes the entry that is written in part before it moves it', () => {
  const t = new TestKeyspace({ extentBytes: 262_144 });
  t.set('hole', pattern(60_000, 1));
  t.set('large', pattern(60_000, 2));
  t.set('after', pattern(10, 2));
  t.delete('hole');
  const { copies, snapshot, expected } = begun(t);
  // Whichever of the two comes first, the large one is begun and not whole.
  copies.patience = 2;
  expect(snapshot.step(1000)).toBe(false);
  expect(copies.order).not.toContain('0/large');
  const ref = t.ref('large');
  while (t.keyspace.compact(1) > 0);
  expect(t.ref('large')).not.toBe(ref);
  expect(copies.order).toContain('0/large');
  copies.patience = Infinity;
  expect(snapshot.step(1000)).toBe(true);
  expect(copies.content).toEqual(expected);
  verify(t.keyspace);
});

test('an entry that becomes a collection is written as it was', () => {
  const t = new TestKeyspace();
  t.set('a', pattern(5, 1));
  const { copies, snapshot, expected } = begun(t);
  t.keyspace.setObject(0, Buffer.from('a'), 0, 1, t.hash('a'), TYPE_HASH, 7, NO_EXPIRY);
  expect(snapshot.step(0)).toBe(true);
  expect(copies.content).toEqual(expected);
});

test('databases keep the numbers of the cut', () => {
  const t = new TestKeyspace({ databases: 3 });
  t.set('a', pattern(5, 1), NO_EXPIRY, 0);
  t.set('b', pattern(5, 2), NO_EXPIRY, 1);
  const { copies, snapshot } = begun(t);
  swapDatabases(t.keyspace, 0, 1);
  swapDatabases(t.keyspace, 0, 2);
  moveEntry(t.keyspace, 1, 0, t.ref('a', 1), t.hash('a'));
  t.set('b', pattern(9, 9), NO_EXPIRY, 2);
  t.set('new', pattern(9, 9), NO_EXPIRY, 1);
  expect(snapshot.step(1000)).toBe(true);
  expect([...copies.content.keys()].sort()).toEqual(['0/a', '1/b']);
});

test('an entry that has expired is written before the cycle deletes it', () => {
  const t = new TestKeyspace();
  t.set('a', pattern(5, 1), t.nowMs + 10);
  t.set('b', pattern(5, 2), t.nowMs + 10);
  t.nowMs += 11;
  const { copies, snapshot, expected } = begun(t);
  expect(t.keyspace.expireCycle(10)).toBe(2);
  expect(copies.content).toEqual(expected);
  expect(copies.content.size).toBe(2);
  expect(snapshot.step(0)).toBe(true);
});

test('emptying a database aborts, unless it is written; the next snapshot is whole', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 50; i++) t.set(`key:${i}`, pattern(5, i), NO_EXPIRY, i % 2);
  const first = begun(t);
  first.copies.patience = 30;
  expect(first.snapshot.step(1000)).toBe(false);
  t.keyspace.flush(0);
  expect(first.snapshot.isAborted).toBe(false);
  t.keyspace.flush(1);
  expect(first.snapshot.isAborted).toBe(true);
  expect(first.snapshot.step(0)).toBe(true);

  for (let i = 0; i < 50; i++) t.set(`key:${i}`, pattern(5, i), NO_EXPIRY, i % 2);
  const second = begun(t);
  second.copies.patience = 5;
  expect(second.snapshot.step(1000)).toBe(false);
  t.keyspace.flush(0);
  expect(second.snapshot.isAborted).toBe(true);
  // Taken before the aborted one has said that nothing is left to do.
  const third = begun(t);
  expect(third.snapshot.step(1000)).toBe(true);
  expect(third.snapshot.isAborted).toBe(false);
  expect(third.copies.content).toEqual(third.expected);
  expect(third.copies.content.size).toBe(25);
});

test('a sink that cannot write may abort while it is called', () => {
  const t = new TestKeyspace();
  for (let i = 0; i < 50; i++) t.set(`key:${i}`, pattern(5, i));
  const { copies, snapshot } = begun(t);
  copies.onEntry = () => {
    if (copies.order.length === 10) snapshot.abort();
  };
  expect(snapshot.step(1000)).toBe(true);
  expect(snapshot.isAborted).toBe(true);
  expect(snapshot.written).toBe(10);
  verify(t.keyspace);
  expect(() => snapshot.abort()).not.toThrow();
});

test('of an empty keyspace it is whole at once, and two at a time are a mistake', () => {
  const t = new TestKeyspace();
  expect(begun(t).snapshot.step(0)).toBe(true);
  t.set('a', pattern(5, 1));
  const { snapshot } = begun(t);
  expect(() => begun(t)).toThrow('one snapshot at a time');
  expect(snapshot.step(1000)).toBe(true);
});
