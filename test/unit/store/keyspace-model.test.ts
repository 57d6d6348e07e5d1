/** Any sequence of commands leaves a keyspace as a Map would be, and its memory whole. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TYPE_HASH } from '../../../src/store/layout.ts';
import { verify } from '../../../src/store/verify.ts';
import { FOUND, KeyspaceView, MISSING } from '../../../src/store/view.ts';
import { KEEP_EXPIRY, NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

interface ModelEntry {
  value: Uint8Array;
  expiresAt: number;
  raw: boolean;
}

type Step =
  | { do: 'set'; key: number; size: number; ttl: number; keep: boolean }
  | { do: 'write'; key: number; offset: number; size: number }
  | { do: 'append'; key: number; size: number }
  | { do: 'expire'; key: number; ttl: number }
  | { do: 'persist'; key: number }
  | { do: 'delete'; key: number }
  | { do: 'object'; key: number; ttl: number }
  | { do: 'pack'; key: number; size: number; ttl: number }
  | { do: 'repack'; key: number; size: number }
  | { do: 'unpack'; key: number }
  | { do: 'flush'; db: number }
  | { do: 'wait'; ms: number }
  | { do: 'cycle' }
  | { do: 'compact' }
  | { do: 'walk' };

const KEYS = 24;
/** Extents are 64 KB here, so that the larger sizes have extents of their own. */
const size = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 60 }) },
  { weight: 3, arbitrary: fc.integer({ min: 60, max: 2_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2_000, max: 60_000 }) },
);
const key = fc.integer({ min: 0, max: KEYS - 1 });
const ttl = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 500 }));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('set' as const), key, size, ttl, keep: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      key,
      offset: fc.integer({ min: 0, max: 3_000 }),
      size,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('append' as const), key, size }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('expire' as const), key, ttl }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('persist' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('object' as const), key, ttl }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pack' as const), key, size, ttl }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('repack' as const), key, size }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unpack' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 300 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cycle' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('walk' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const), db: fc.constantFrom(0, 1) }) },
);

/** Keys are spread over both databases, one of them is empty, and some are long. */
function nameOf(number: number): string {
  return number === 0 ? '' : `key:${number}${number % 5 === 0 ? '-'.repeat(number * 20) : ''}`;
}

class Run {
  readonly freed: number[] = [];
  objects = 0;
  readonly model = new Map<number, ModelEntry>();
  readonly view: KeyspaceView;
  readonly test: TestKeyspace;
  private seed = 0;

  constructor() {
    const view: { accept?: KeyspaceView } = {};
    this.test = new TestKeyspace({
      extentBytes: 65_536,
      onShare: (message) => view.accept?.accept(structuredClone(message)),
      onObjectFreed: (object) => this.freed.push(object),
    });
    view.accept = KeyspaceView.open(this.test.keyspace.share());
    this.view = view.accept;
  }

  step(step: Step): void {
    const { test, model } = this;
    const now = test.nowMs;
    switch (step.do) {
      case 'set': {
        const value = pattern(step.size, this.seed++);
        const expiresAt = step.keep ? KEEP_EXPIRY : step.ttl === 0 ? NO_EXPIRY : now + step.ttl;
        const kept = this.alive(step.key)?.expiresAt ?? NO_EXPIRY;
        test.set(nameOf(step.key), value, expiresAt, step.key % 2);
        model.set(step.key, { value, expiresAt: step.keep ? kept : expiresAt, raw: false });
        break;
      }
      case 'write':
        this.write(step.key, step.offset, pattern(step.size, this.seed++));
        break;
      case 'append':
        this.write(step.key, this.alive(step.key)?.value.length ?? 0, pattern(step.size, this.seed++));
        break;
      case 'expire':
        test.expire(nameOf(step.key), now + step.ttl, step.key % 2);
        if (this.alive(step.key)) model.get(step.key)!.expiresAt = now + step.ttl;
        break;
      case 'persist':
        test.expire(nameOf(step.key), NO_EXPIRY, step.key % 2);
        if (this.alive(step.key)) model.get(step.key)!.expiresAt = NO_EXPIRY;
        break;
      case 'delete':
        expect(test.delete(nameOf(step.key), step.key % 2)).toBe(this.alive(step.key) !== undefined);
        model.delete(step.key);
        break;
      case 'object':
        this.object(step.key, step.ttl);
        break;
      case 'pack':
        this.pack(step.key, pattern(step.size, this.seed++), step.ttl);
        break;
      case 'repack':
        this.repack(step.key, pattern(step.size, this.seed++));
        break;
      case 'unpack':
        this.unpack(step.key);
        break;
      case 'wait':
        test.nowMs += step.ms;
        break;
      case 'cycle':
        test.keyspace.expireCycle(1000);
        for (const db of [0, 1]) expect(test.keyspace.size(db)).toBe(this.count(db));
        break;
      case 'compact':
        test.keyspace.compact(0);
        break;
      case 'walk':
        this.walk();
        break;
      case 'flush':
        test.keyspace.flush(step.db);
        for (const number of [...model.keys()]) if (number % 2 === step.db) model.delete(number);
        expect(test.keyspace.size(step.db)).toBe(0);
        break;
    }
  }

  check(): void {
    const { test } = this;
    const { keyspace } = test;
    verify(keyspace);
    this.view.nowMs = test.nowMs;
    for (let number = 0; number < KEYS; number++) {
      const name = nameOf(number);
      const db = number % 2;
      const expected = this.alive(number);
      const bytes = new TextEncoder().encode(name);
      const found = this.view.locate(db, bytes, 0, bytes.length, test.hash(name));
      if (expected === undefined) {
        // An entry that has expired is there until somebody asks the owner for it.
        expect(found).toBe(this.model.has(number) && keyspace.size(db) > this.count(db) ? found : MISSING);
        expect(found).not.toBe(FOUND);
        continue;
      }
      expect(found).toBe(FOUND);
      expect(this.view.isConsistent()).toBe(true);
      expect(this.view.expiresAt).toBe(expected.expiresAt);
      const ref = test.ref(name, db);
      expect(keyspace.expiry(ref)).toBe(expected.expiresAt);
      expect(keyspace.isRaw(ref)).toBe(expected.raw);
      if (keyspace.hasObject(ref)) continue;
      expect(Buffer.compare(test.valueAt(ref), expected.value)).toBe(0);
      if (keyspace.typeOf(ref) !== 0) continue;
      const { valueStart, valueLength } = this.view;
      const read = this.view.bytes.slice(valueStart, valueStart + valueLength);
      expect(Buffer.compare(read, expected.value)).toBe(0);
    }
  }

  private alive(number: number): ModelEntry | undefined {
    const entry = this.model.get(number);
    if (entry && entry.expiresAt !== NO_EXPIRY && this.test.nowMs > entry.expiresAt) return undefined;
    return entry;
  }

  private count(db: number): number {
    return [...this.model.keys()].filter((number) => number % 2 === db && this.alive(number)).length;
  }

  private write(number: number, offset: number, value: Uint8Array): void {
    const old = this.alive(number);
    const name = nameOf(number);
    const ref = this.test.ref(name, number % 2);
    if (ref !== 0 && this.test.keyspace.typeOf(ref) !== 0) return;
    this.test.write(name, offset, value, number % 2);
    const whole = new Uint8Array(Math.max(old?.value.length ?? 0, offset + value.length));
    if (old) whole.set(old.value);
    whole.set(value, offset);
    this.model.set(number, { value: whole, expiresAt: old?.expiresAt ?? NO_EXPIRY, raw: old !== undefined });
  }

  private object(number: number, ttl: number): void {
    const name = new TextEncoder().encode(nameOf(number));
    const { keyspace, nowMs } = this.test;
    const expiresAt = ttl === 0 ? NO_EXPIRY : nowMs + ttl;
    const hash = keyspace.hash(name, 0, name.length);
    const ref = keyspace.setObject(number % 2, name, 0, name.length, hash, 4, ++this.objects, expiresAt);
    expect(keyspace.objectOf(ref)).toBe(this.objects);
    this.model.set(number, { value: new Uint8Array(0), expiresAt, raw: false });
  }

  private pack(number: number, value: Uint8Array, ttl: number): void {
    const name = new TextEncoder().encode(nameOf(number));
    const { keyspace, nowMs } = this.test;
    const expiresAt = ttl === 0 ? NO_EXPIRY : nowMs + ttl;
    const hash = keyspace.hash(name, 0, name.length);
    const { length } = value;
    keyspace.setPacked(number % 2, name, 0, name.length, hash, TYPE_HASH, value, 0, length, expiresAt);
    this.model.set(number, { value, expiresAt, raw: false });
  }

  /** The entry of a packed collection, or 0. */
  private packed(number: number): number {
    const { keyspace } = this.test;
    const ref = this.test.ref(nameOf(number), number % 2);
    return ref === 0 || keyspace.typeOf(ref) !== TYPE_HASH || keyspace.hasObject(ref) ? 0 : ref;
  }

  private repack(number: number, value: Uint8Array): void {
    const ref = this.packed(number);
    if (ref === 0) return;
    const { keyspace } = this.test;
    const hash = this.test.hash(nameOf(number));
    const target = keyspace.rewritePacked(number % 2, ref, hash, value, 0, value.length);
    expect(this.test.ref(nameOf(number), number % 2)).toBe(target);
    this.model.get(number)!.value = value;
  }

  private unpack(number: number): void {
    const ref = this.packed(number);
    if (ref === 0) return;
    const { keyspace } = this.test;
    keyspace.unpack(number % 2, ref, this.test.hash(nameOf(number)), ++this.objects);
    expect(keyspace.objectOf(this.test.ref(nameOf(number), number % 2))).toBe(this.objects);
    this.model.get(number)!.value = new Uint8Array(0);
  }

  private walk(): void {
    for (const db of [0, 1]) {
      const expected = [...this.model.keys()]
        .filter((n) => n % 2 === db && this.alive(n))
        .map(nameOf)
        .sort();
      const scanned: string[] = [];
      let cursor = 0;
      do {
        cursor = this.test.keyspace.scan(db, cursor, 3, (ref) => scanned.push(this.test.keyOf(ref)));
      } while (cursor !== 0);
      expect(scanned.sort()).toEqual(expected);
      expect(this.test.keys(db).sort()).toEqual(expected);
      const ref = this.test.keyspace.randomRef(db);
      if (expected.length === 0) expect(ref).toBe(0);
      else expect(expected).toContain(this.test.keyOf(ref));
    }
  }
}

test('a keyspace does what a Map does, and its memory stays whole', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const run = new Run();
      for (const one of steps) {
        run.step(one);
        run.check();
      }
      run.test.keyspace.flushAll();
      verify(run.test.keyspace);
      expect(run.freed.length).toBe(new Set(run.freed).size);
      expect(run.freed.length).toBe(run.objects);
      expect(run.test.keyspace.usedBytes).toBe(0);
      expect(run.test.keyspace.arenaBytes).toBe(0);
    }),
    { numRuns: 400, verbose: 1 },
  );
});
