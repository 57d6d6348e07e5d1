import fc from 'fast-check';
import { expect, test } from 'vitest';
import { List } from '../../../src/types/list.ts';
import { ListCursor } from '../../../src/types/list-cursor.ts';
import { ListLimits } from '../../../src/types/list-limits.ts';
import { entryBytes } from '../../../src/types/listpack-entry.ts';

/** Short texts that repeat, integers of every width, and texts around the lengths at which the form changes. */
const element = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'cc', '', '1', '-1', '007', '-0') },
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.maxSafeInteger().map(String),
  fc.integer({ min: -9000, max: 9000 }).map(String),
  fc.constantFrom(
    '9223372036854775807',
    '-9223372036854775808',
    '9223372036854775808',
    '8388608',
    '-8388609',
  ),
  fc.constantFrom(62, 63, 64, 125, 126, 127, 128, 4095, 4096, 16375, 16378, 16384).map((n) => 'x'.repeat(n)),
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
);
const index = fc.nat(1000);

type Step =
  | { do: 'push'; atHead: boolean; elements: string[] }
  | { do: 'drop'; fromHead: boolean; count: number }
  | { do: 'set' | 'insert'; at: number; element: string }
  | { do: 'delete'; at: number }
  | { do: 'remove'; element: string; most: number; fromTail: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      atHead: fc.boolean(),
      elements: fc.array(element, { maxLength: 30 }),
    }),
  },
  fc.record({ do: fc.constant('drop' as const), fromHead: fc.boolean(), count: fc.nat(20) }),
  fc.record({ do: fc.constantFrom('set' as const, 'insert' as const), at: index, element }),
  fc.record({ do: fc.constant('delete' as const), at: index }),
  fc.record({
    do: fc.constant('remove' as const),
    element,
    most: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 4 })),
    fromTail: fc.boolean(),
  }),
);

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function contents(list: List): string[] {
  const cursor = new ListCursor();
  const found: string[] = [];
  for (let is = cursor.open(list, 0); is; is = cursor.next()) {
    found.push(Buffer.from(cursor.read().copy()).toString('latin1'));
  }
  return found;
}

/** From the tail to the head. */
function backwards(list: List): string[] {
  const cursor = new ListCursor();
  const found: string[] = [];
  for (let is = cursor.open(list, list.length - 1); is; is = cursor.previous()) {
    expect(cursor.index).toBe(list.length - 1 - found.length);
    found.push(Buffer.from(cursor.read().copy()).toString('latin1'));
  }
  return found;
}

/** What is counted is what is there. */
function verify(list: List): void {
  let chunks = 0;
  let length = 0;
  let entries = 0;
  let capacity = 0;
  for (let chunk = list.head; chunk !== undefined; chunk = chunk.next) {
    chunks++;
    length += chunk.count;
    entries += chunk.end - chunk.start;
    capacity += chunk.memoryBytes;
    let count = 0;
    for (let at = chunk.start; at < chunk.end; at += entryBytes(chunk.bytes, at)) count++;
    expect(count).toBe(chunk.count);
    expect(chunk.count).toBeGreaterThan(0);
    expect(chunk.next === undefined ? list.tail : chunk.next.previous).toBe(chunk);
    if (!list.isSmall && chunk.count > 1) {
      // One element may have become longer in its place while it was alone.
      expect(list.limits.exceeds(chunk.end - chunk.start, chunk.count)).toBe(false);
    }
  }
  expect([list.chunks, list.length, list.entryBytes]).toEqual([chunks, length, entries]);
  expect(list.memoryBytes).toBe(new List(list.limits).memoryBytes + capacity);
}

function apply(list: List, model: string[], change: Step): void {
  const cursor = new ListCursor();
  switch (change.do) {
    case 'push': {
      const total = change.elements.reduce((sum, text) => sum + text.length, 0);
      list.willGrow(total, change.elements.length);
      for (const text of change.elements) {
        if (change.atHead) list.pushHead(bytes(text), 0, text.length);
        else list.pushTail(bytes(text), 0, text.length);
        if (change.atHead) model.unshift(text);
        else model.push(text);
      }
      break;
    }
    case 'drop': {
      const count = Math.min(change.count, model.length);
      if (change.fromHead) list.dropHead(count);
      else list.dropTail(count);
      model.splice(change.fromHead ? 0 : model.length - count, count);
      break;
    }
    case 'remove': {
      const text = change.element;
      const removed = list.removeEqual(bytes(text), 0, text.length, change.most, change.fromTail);
      let gone = 0;
      for (; gone < change.most; gone++) {
        const at = change.fromTail ? model.lastIndexOf(text) : model.indexOf(text);
        if (at < 0) break;
        model.splice(at, 1);
      }
      expect(removed).toBe(gone);
      break;
    }
    default: {
      if (model.length === 0) break;
      const at = change.at % model.length;
      expect(cursor.open(list, at)).toBe(true);
      expect(Buffer.from(cursor.read().copy()).toString('latin1')).toBe(model[at]);
      if (change.do === 'delete') {
        list.remove(cursor);
        model.splice(at, 1);
        break;
      }
      const text = change.element;
      list.willGrow(text.length, 1);
      if (change.do === 'set') {
        list.replace(cursor, bytes(text), 0, text.length);
        model[at] = text;
      } else {
        list.insert(cursor, bytes(text), 0, text.length);
        model.splice(at, 0, text);
      }
    }
  }
}

test.each([-2, -1, 1, 4, 64])('a list does what an array does, with pieces of size %i', (fill) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const limits = new ListLimits();
      limits.set(fill);
      const list = new List(limits);
      const model: string[] = [];
      for (const change of steps) {
        apply(list, model, change);
        expect(list.length).toBe(model.length);
        verify(list);
      }
      expect(contents(list)).toEqual(model);
      // The memory of another list, which must not be part of this one's.
      const other = new List(limits);
      for (const text of model) other.pushHead(bytes(text), 0, text.length);
      expect(contents(list)).toEqual(model);
      other.dispose();
      expect(backwards(list)).toEqual(model.reverse());
      list.dispose();
    }),
  );
});

test('elements equal if and only if their texts do', () => {
  fc.assert(
    fc.property(element, element, (a, b) => {
      const list = new List(new ListLimits());
      list.pushTail(bytes(a), 0, a.length);
      expect(list.removeEqual(bytes(b), 0, b.length, Infinity, false)).toBe(a === b ? 1 : 0);
    }),
  );
});

test('a queue keeps its size, however many elements pass through it', () => {
  const list = new List(new ListLimits());
  for (let i = 0; i < 2000; i++) list.pushTail(bytes(`element ${i}`), 0, 9);
  const before = list.memoryBytes;
  for (let i = 0; i < 100_000; i++) {
    list.pushTail(bytes('element x'), 0, 9);
    list.dropHead(1);
  }
  expect(list.memoryBytes).toBeLessThan(before * 1.5);
  list.dropTail(1999);
  expect(list.memoryBytes).toBeLessThan(before / 4);
});

test('an index of a long list is found from either end', () => {
  const list = new List(new ListLimits());
  const texts = Array.from({ length: 5000 }, (_, i) => `item number ${i}`);
  for (const text of texts) list.pushTail(bytes(text), 0, text.length);
  const cursor = new ListCursor();
  for (const at of [0, 1, 700, 2500, 2501, 4998, 4999]) {
    expect(cursor.open(list, at)).toBe(true);
    expect(Buffer.from(cursor.read().copy()).toString()).toBe(texts[at]);
  }
  expect(cursor.open(list, 5000)).toBe(false);
  expect(cursor.open(list, -1)).toBe(false);
});
