import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EntryReader } from '../../../src/types/listpack-entry.ts';
import { PageTable, type RecordShape } from '../../../src/types/page-table.ts';

const NAMES: RecordShape = { fixedBytes: 0, hasValues: false };
const SHAPES: RecordShape[] = [
  NAMES,
  { fixedBytes: 8, hasValues: false },
  { fixedBytes: 0, hasValues: true },
  { fixedBytes: 8, hasValues: true },
];
/** All bits of the hash, few of the first, few of the last, and none: the same page, the same fingerprint, both. */
const MASKS = [-1, 0xffff, 0xf000ffff | 0, 0x80000000 | 0, 0];

const reader = new EntryReader();

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function entryAt(table: PageTable, at: number): string {
  reader.read(table.bytes, at);
  return Buffer.from(reader.copy()).toString('latin1');
}

/** A table beside a Map that must have the same. */
class Pair {
  readonly table: PageTable;
  readonly shape: RecordShape;
  readonly model = new Map<string, { value: string; mark: number }>();
  #marks = 0;

  constructor(shape: RecordShape, mask: number) {
    this.shape = shape;
    this.table = new PageTable(shape, mask);
  }

  set(name: string, value: string): void {
    const isNew = !this.model.has(name);
    const source = bytes(name);
    if (this.shape.hasValues) {
      const text = bytes(value);
      expect(this.table.set(source, 0, source.length, text, 0, text.length)).toBe(isNew);
    } else {
      expect(this.table.add(source, 0, source.length)).toBe(isNew);
    }
    const old = this.model.get(name);
    const mark = old === undefined ? ++this.#marks : old.mark;
    if (isNew && this.shape.fixedBytes > 0) {
      const { table } = this;
      expect([...table.bytes.slice(table.fixedAt, table.fixedAt + 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
      for (let i = 0; i < 8; i++) table.bytes[table.fixedAt + i] = (mark >>> (i * 2)) & 0xff;
    }
    this.model.set(name, { value: this.shape.hasValues ? value : '', mark });
  }

  delete(name: string): void {
    const source = bytes(name);
    expect(this.table.delete(source, 0, source.length)).toBe(this.model.delete(name));
  }

  /** What the table shows just now is what the model has of that name. */
  expectCurrent(): string {
    const { table, shape } = this;
    const name = entryAt(table, table.nameAt);
    const { value, mark } = this.model.get(name)!;
    if (shape.hasValues) expect(entryAt(table, table.valueAt)).toBe(value);
    for (let i = 0; i < shape.fixedBytes; i++) {
      expect(table.bytes[table.fixedAt + i]).toBe((mark >>> (i * 2)) & 0xff);
    }
    return name;
  }

  verify(): void {
    const { table, model } = this;
    expect(table.length).toBe(model.size);
    for (const name of model.keys()) {
      expect(table.find(bytes(name), 0, name.length)).toBe(true);
      expect(this.expectCurrent()).toBe(name);
    }
    const seen: string[] = [];
    table.forEach(() => {
      seen.push(this.expectCurrent());
    });
    expect(seen.sort()).toEqual([...model.keys()].sort());
    expect(table.random()).toBe(model.size > 0);
    if (model.size > 0) expect(model.has(this.expectCurrent())).toBe(true);
  }
}

const name = fc.oneof(
  { weight: 6, arbitrary: fc.nat(400).map((n) => `member:${n}`) },
  { weight: 2, arbitrary: fc.integer({ min: -300, max: 300 }).map(String) },
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.string({ unit: 'binary-ascii', maxLength: 80 }),
  fc.constantFrom(63, 64, 500, 1010, 1020, 1024, 4095, 5000, 16384, 20000).map((n) => 'x'.repeat(n)),
);
const value = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 12 }) },
  fc.integer().map(String),
  fc.constantFrom(100, 900, 1000, 1100, 9000).map((n) => 'v'.repeat(n)),
);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      pairs: fc.array(fc.tuple(name, value), { maxLength: 60 }),
    }),
  },
  fc.record({ do: fc.constant('delete' as const), names: fc.array(name, { maxLength: 60 }) }),
  fc.record({ do: fc.constant('drain' as const), keep: fc.nat(20) }),
);

test('any changes leave what a Map has, for any shape, and however many hashes are equal', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SHAPES),
      fc.constantFrom(...MASKS),
      fc.array(step, { maxLength: 30 }),
      (shape, mask, steps) => {
        const pair = new Pair(shape, mask);
        for (const now of steps) {
          if (now.do === 'set') for (const [key, text] of now.pairs) pair.set(key, text);
          else if (now.do === 'delete') for (const key of now.names) pair.delete(key);
          else for (const key of [...pair.model.keys()].slice(now.keep)) pair.delete(key);
        }
        pair.verify();
        pair.table.dispose();
      },
    ),
    { numRuns: 300 },
  );
});

test.each(MASKS)('grows to many pages and shrinks to one again, with the hashes of mask %i', (mask) => {
  const count = mask === -1 ? 4000 : 1200;
  for (const shape of SHAPES) {
    const pair = new Pair(shape, mask);
    const empty = pair.table.memoryBytes;
    for (let i = 0; i < count; i++) pair.set(`member:${i}`, `value ${i}`);
    expect(pair.table.memoryBytes).toBeGreaterThan(count * 12);
    pair.verify();
    for (let i = 0; i < count; i++) if (i % 8 !== 0) pair.delete(`member:${i}`);
    pair.verify();
    for (let i = 0; i < count; i++) pair.delete(`member:${i}`);
    pair.verify();
    // Where hashes are equal, pages remain whose neighbours were split again and again.
    if (mask === -1) expect(pair.table.memoryBytes).toBeLessThanOrEqual(empty + 2048);
  }
});

test('gives the memory of values back that become shorter, and of long ones', () => {
  const pair = new Pair(SHAPES[2]!, -1);
  for (let i = 0; i < 1000; i++) pair.set(`n${i}`, 'v');
  const before = pair.table.memoryBytes;
  for (let i = 0; i < 1000; i++) pair.set(`n${i}`, 'long'.repeat(i % 2 === 0 ? 1000 : 100));
  expect(pair.table.memoryBytes).toBeGreaterThan(before + 500 * 4000);
  for (let i = 0; i < 1000; i++) pair.set(`n${i}`, 'v');
  pair.verify();
  expect(pair.table.memoryBytes).toBeLessThan(before * 3);
});

/** Scans the table and calls `between` after each step. Returns how often each name came. */
function scan(table: PageTable, count: number, between: () => void): Map<string, number> {
  const seen = new Map<string, number>();
  let cursor = 0;
  do {
    cursor = table.scan(cursor, count, () => {
      const found = entryAt(table, table.nameAt);
      seen.set(found, (seen.get(found) ?? 0) + 1);
    });
    expect(Number.isSafeInteger(cursor)).toBe(true);
    between();
  } while (cursor !== 0);
  return seen;
}

test.each(MASKS)(
  'a scan visits each record once while nothing changes, with the hashes of mask %i',
  (mask) => {
    const pair = new Pair(NAMES, mask);
    for (let i = 0; i < 2000; i++) pair.set(`member:${i}`, '');
    for (const count of [3, 500, 1e6]) {
      const seen = scan(pair.table, count, () => {});
      expect(seen.size).toBe(2000);
      expect(Math.max(...seen.values())).toBe(1);
    }
  },
);

test('a scan visits about as many records as asked for', () => {
  const pair = new Pair(NAMES, -1);
  for (let i = 0; i < 5000; i++) pair.set(`member:${i}`, '');
  let steps = 0;
  scan(pair.table, 10, () => steps++);
  expect(steps).toBeGreaterThan(200);
  expect(steps).toBeLessThan(1000);
});

test('a scan visits every record that is there all the time, whatever comes and goes', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MASKS),
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.integer({ min: -800, max: 800 }), { minLength: 1, maxLength: 60 }),
      fc.boolean(),
      (mask, count, changes, startsLarge) => {
        const pair = new Pair(NAMES, mask);
        for (let i = 0; i < 50; i++) pair.set(`stays ${i}`, '');
        let others = 0;
        const grow = (by: number): void => {
          for (let i = 0; i < by; i++) pair.set(`other ${others++}`, '');
        };
        if (startsLarge) grow(1500);
        let at = 0;
        const seen = scan(pair.table, count, () => {
          if (at >= changes.length) return;
          const change = changes[at++]!;
          if (change > 0) grow(change);
          for (let i = change; i < 0 && others > 0; i++) pair.delete(`other ${--others}`);
        });
        for (let i = 0; i < 50; i++) expect(seen.has(`stays ${i}`)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('any number is a cursor', () => {
  const pair = new Pair(NAMES, -1);
  for (let i = 0; i < 3000; i++) pair.set(`member:${i}`, '');
  fc.assert(
    fc.property(fc.maxSafeInteger(), (cursor) => {
      const next = pair.table.scan(Math.abs(cursor), 10, () => pair.expectCurrent());
      expect(Number.isSafeInteger(next)).toBe(true);
    }),
  );
});

test.each(MASKS)('each record is as likely as any other, with the hashes of mask %i', (mask) => {
  const pair = new Pair(NAMES, mask);
  for (let i = 0; i < 3000; i++) pair.set(`member:${i}`, '');
  for (let i = 1000; i < 3000; i++) pair.delete(`member:${i}`);
  const draws = 50_000;
  const times = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    pair.table.random();
    const found = entryAt(pair.table, pair.table.nameAt);
    times.set(found, (times.get(found) ?? 0) + 1);
  }
  // Chi squared over 999 degrees of freedom: beyond 1300 once in 10^9.
  const expected = draws / 1000;
  let chiSquared = 0;
  for (let i = 0; i < 1000; i++) chiSquared += ((times.get(`member:${i}`) ?? 0) - expected) ** 2 / expected;
  expect(chiSquared).toBeLessThan(1300);
});
