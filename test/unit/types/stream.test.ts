/** A stream against a plain array of entries, through its changes, its image, and a log that replays them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ByteRanges, RangeList } from '../../../src/base/byte-ranges.ts';
import { collectionOf, imageOf } from '../../../src/rdb/collections.ts';
import { Change } from '../../../src/types/change.ts';
import { CollectionLimits } from '../../../src/types/collection.ts';
import { Stream } from '../../../src/types/stream.ts';
import {
  changeStream,
  fitsNumbers,
  OPERATION_BITS,
  STREAM_ADD,
  STREAM_ADD_AT,
  STREAM_DELETE,
  STREAM_DROP,
} from '../../../src/types/stream-changes.ts';
import { StreamCursor } from '../../../src/types/stream-cursor.ts';
import {
  compareIds,
  FIRST_ID,
  HALF_MAX,
  type Half,
  ID_BYTES,
  idAfter,
  idBefore,
  idText,
  LAST_ID,
  parseId,
  readId,
  type StreamId,
  writeId,
} from '../../../src/types/stream-id.ts';

interface Entry {
  readonly id: StreamId;
  readonly fields: readonly string[];
}

/** Names that repeat, so that entries have those of their node, or their own; values of every form. */
const names = fc.constantFrom(['a'], ['a', 'b'], ['b', 'a'], ['12'], ['007', '-1', ''], ['x'.repeat(70)]);
const value = fc.oneof(
  fc.constantFrom('', '1', '-129', '99999999999', '007', 'v', 'x'.repeat(63), 'x'.repeat(64)),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  fc.constantFrom(130, 4095, 4096, 9000).map((n) => 'y'.repeat(n)),
);
const fields = names.chain((some) =>
  fc.tuple(...some.map(() => value)).map((values) => some.flatMap((name, i) => [name, values[i]!])),
);
/** How far an id is from the last one, in either half. */
const distance = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ms: fc.constant(0n), seq: fc.bigInt(1n, 3n) }) },
  { weight: 4, arbitrary: fc.record({ ms: fc.bigInt(1n, 300n), seq: fc.bigInt(0n, 5000n) }) },
  fc.record({ ms: fc.bigInt(1n, 2n ** 40n), seq: fc.bigInt(0n, 2n ** 34n) }),
  fc.record({ ms: fc.constant(1n), seq: fc.bigInt(2n ** 53n, 2n ** 64n - 1n) }),
  fc.record({ ms: fc.bigInt(2n ** 52n, 2n ** 54n), seq: fc.constant(0n) }),
);

type Step =
  | { do: 'add'; distance: { ms: bigint; seq: bigint }; fields: string[] }
  | { do: 'delete'; at: number[] }
  | { do: 'drop'; count: number }
  | { do: 'trim-nodes'; length: number; most: number }
  | { do: 'trim-before'; at: number; nodesOnly: boolean; most: number };

const nat = fc.nat(60);
const most = fc.constantFrom(0, 0, 3, 20);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('add' as const), distance, fields }) },
  fc.record({ do: fc.constant('delete' as const), at: fc.array(nat, { maxLength: 5 }) }),
  fc.record({ do: fc.constant('drop' as const), count: fc.nat(6) }),
  fc.record({ do: fc.constant('trim-nodes' as const), length: nat, most }),
  fc.record({ do: fc.constant('trim-before' as const), at: nat, nodesOnly: fc.boolean(), most }),
);

function rangesOf(parts: readonly Uint8Array[]): ByteRanges {
  const ranges = new RangeList();
  ranges.reserve(parts.length);
  ranges.bytes = Buffer.concat(parts);
  let at = 0;
  parts.forEach((part, i) => {
    ranges.starts[i] = at;
    at += part.length;
    ranges.ends[i] = at;
  });
  return ranges;
}

function changeBy(parts: readonly Uint8Array[], operation: number, first = 0, second = 0): Change {
  return new Change().by(operation, first, second).with(rangesOf(parts), 0, parts.length);
}

function bytesOf(id: StreamId): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES);
  writeId(bytes, 0, id);
  return bytes;
}

function narrow(half: bigint): Half {
  return half <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(half) : half;
}

function contents(stream: Stream, start = FIRST_ID, end = LAST_ID, isReverse = false): Entry[] {
  const cursor = new StreamCursor();
  const found: Entry[] = [];
  cursor.open(stream, start, end, isReverse);
  while (cursor.next()) {
    const entry: string[] = [];
    for (let left = cursor.fieldCount; left > 0; left--) {
      cursor.nextField();
      for (const each of [cursor.field, cursor.value])
        entry.push(Buffer.from(each.copy()).toString('latin1'));
    }
    found.push({ id: { ms: cursor.ms, seq: cursor.seq }, fields: entry });
  }
  return found;
}

function between(entries: readonly Entry[], start: StreamId, end: StreamId): Entry[] {
  return entries.filter(({ id }) => compareIds(id, start) >= 0 && compareIds(id, end) <= 0);
}

class Model {
  readonly stream: Stream;
  entries: Entry[] = [];
  lastId: StreamId = FIRST_ID;
  maxDeletedId: StreamId = FIRST_ID;
  added = 0;

  constructor(limits: CollectionLimits) {
    this.stream = new Stream(limits.stream);
  }

  take(step: Step): void {
    const { stream } = this;
    if (step.do === 'add') this.#add(step.distance, step.fields);
    else if (step.do === 'delete') this.#delete(step.at);
    else if (step.do === 'drop') this.#drop(Math.min(step.count, this.entries.length));
    else if (step.do === 'trim-nodes') {
      const count = stream.excess(step.length, true, step.most);
      expect(count).toBeLessThanOrEqual(Math.max(0, this.entries.length - step.length));
      if (step.most > 0) expect(count).toBeLessThanOrEqual(step.most);
      this.#drop(count);
    } else if (this.entries.length > 0) {
      const { id } = this.entries[step.at % this.entries.length]!;
      const count = stream.countBefore(id, step.nodesOnly, step.nodesOnly ? step.most : 0);
      const before = this.entries.filter((entry) => compareIds(entry.id, id) < 0).length;
      if (step.nodesOnly) expect(count).toBeLessThanOrEqual(before);
      else expect(count).toBe(before);
      this.#drop(count);
    }
  }

  #add(by: { ms: bigint; seq: bigint }, words: readonly string[]): void {
    const ms = BigInt(this.lastId.ms) + by.ms;
    const seq = by.ms === 0n ? BigInt(this.lastId.seq) + by.seq : by.seq;
    if (ms > HALF_MAX || seq > HALF_MAX) return;
    const id = { ms: narrow(ms), seq: narrow(seq) };
    const parts = words.map((word) => Buffer.from(word, 'latin1'));
    if (fitsNumbers(id)) {
      const [high, low] = [Math.floor((id.ms as number) / 2 ** 32), (id.ms as number) % 2 ** 32];
      const operation = STREAM_ADD + high * (1 << OPERATION_BITS);
      changeStream(this.stream, changeBy(parts, operation, low, id.seq as number));
    } else {
      changeStream(this.stream, changeBy([bytesOf(id), ...parts], STREAM_ADD_AT));
    }
    this.entries.push({ id, fields: words });
    this.lastId = id;
    this.added++;
  }

  #delete(at: readonly number[]): void {
    const ids = at.map((i) => this.entries[i]?.id ?? { ms: 0, seq: i + 1 });
    const there = new Set(ids.map(idText));
    const gone = this.entries.filter(({ id }) => there.has(idText(id)));
    const removed = changeStream(this.stream, changeBy([Buffer.concat(ids.map(bytesOf))], STREAM_DELETE));
    expect(removed).toBe(gone.length);
    this.entries = this.entries.filter((entry) => !gone.includes(entry));
    for (const { id } of gone) if (compareIds(id, this.maxDeletedId) > 0) this.maxDeletedId = id;
  }

  #drop(count: number): void {
    changeStream(this.stream, changeBy([], STREAM_DROP, count));
    this.entries.splice(0, count);
  }

  check(stream = this.stream): void {
    const { entries } = this;
    expect(contents(stream)).toEqual(entries);
    expect(contents(stream, FIRST_ID, LAST_ID, true)).toEqual(entries.toReversed());
    expect(stream.length).toBe(entries.length);
    expect(stream.firstId).toEqual(entries[0]?.id ?? FIRST_ID);
    expect(stream.lastEntryId).toEqual(entries.at(-1)?.id);
    expect([stream.lastId, stream.maxDeletedId, stream.entriesAdded]).toEqual([
      ...[this.lastId, this.maxDeletedId, this.added],
    ]);
  }
}

const limits = fc.record({ bytes: fc.constantFrom(4096, 200, 0), entries: fc.constantFrom(100, 4, 1, 0) });

describe('A stream', () => {
  test('has what an array of entries has, also after its image was read', () => {
    fc.assert(
      fc.property(
        limits,
        fc.array(step, { maxLength: 120 }),
        fc.nat(),
        fc.nat(),
        (limit, steps, from, to) => {
          const all = new CollectionLimits();
          Object.assign(all.stream, limit);
          const model = new Model(all);
          for (const each of steps) model.take(each);
          model.check();
          const image = imageOf(model.stream);
          const read = collectionOf(image, 0, image.length, all) as Stream;
          model.check(read);
          const { entries, stream } = model;
          if (entries.length > 0) {
            const start = entries[from % entries.length]!.id;
            const end = entries[to % entries.length]!.id;
            const inside = between(entries, start, end);
            expect(contents(stream, start, end)).toEqual(inside);
            expect(contents(stream, start, end, true)).toEqual(inside.toReversed());
            expect(stream.countBetween(start, end, Infinity)).toBe(inside.length);
            expect(stream.countBetween(start, end, 2)).toBe(Math.min(2, inside.length));
            expect(stream.has(start)).toBe(true);
            expect(stream.hasBehind(start)).toBe(entries.at(-1)!.id !== start);
          }
          stream.dispose();
        },
      ),
    );
  });

  test('counts the memory that it takes, and gives it back', () => {
    const stream = new Stream(new CollectionLimits().stream);
    const empty = stream.memoryBytes;
    const ranges = rangesOf([Buffer.from('field'), Buffer.from('value')]);
    const COUNT = 20_000;
    for (let i = 0; i < COUNT; i++) stream.append(1_700_000_000_000 + i, 0, ranges, 0, 2);
    // The block in use may be empty to a large part.
    expect(stream.memoryBytes / COUNT).toBeGreaterThan(12);
    expect(stream.memoryBytes / COUNT).toBeLessThan(26);
    stream.dropFirst(COUNT - 10);
    expect(stream.memoryBytes).toBeLessThan(empty + 150_000);
    stream.dropFirst(10);
    expect([stream.length, stream.memoryBytes]).toEqual([0, empty]);
    expect(idText(stream.lastId)).toBe(`${1_700_000_000_000 + COUNT - 1}-0`);
  });

  test('whole nodes go when it is trimmed about to a length', () => {
    const stream = new Stream(new CollectionLimits().stream);
    const ranges = rangesOf([Buffer.from('f'), Buffer.from('v')]);
    for (let i = 1; i <= 1000; i++) stream.append(i, 0, ranges, 0, 2);
    expect(stream.nodeCount).toBe(10);
    expect(stream.excess(555, true, 0)).toBe(400);
    expect(stream.excess(555, true, 250)).toBe(200);
    expect(stream.excess(555, false, 0)).toBe(445);
    expect(stream.countBefore({ ms: 350, seq: 0 }, true, 0)).toBe(300);
    expect(stream.countBefore({ ms: 350, seq: 0 }, false, 0)).toBe(349);
  });
});

describe('Ids', () => {
  const half = fc.oneof(
    fc.nat(),
    fc.maxSafeInteger().map(Math.abs),
    fc.bigInt(2n ** 53n, 2n ** 64n - 1n),
    fc.constantFrom(0, HALF_MAX, Number.MAX_SAFE_INTEGER, 2n ** 53n),
  );
  const id = fc.record({ ms: half, seq: half });

  test('are the same after they were written, as text or in their binary form', () => {
    fc.assert(
      fc.property(id, (each) => {
        expect(readId(bytesOf(each), 0)).toEqual(each);
        const text = Buffer.from(idText(each));
        expect(parseId(text, 0, text.length, 0)).toEqual(each);
      }),
    );
  });

  test('have an order, in which each has neighbours', () => {
    const wide = ({ ms, seq }: StreamId) => (BigInt(ms) << 64n) + BigInt(seq);
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(Math.sign(compareIds(a, b))).toBe(wide(a) < wide(b) ? -1 : wide(a) > wide(b) ? 1 : 0);
        const next = idAfter(a);
        if (next === undefined) expect(a).toEqual(LAST_ID);
        else expect([wide(next), idBefore(next)]).toEqual([wide(a) + 1n, a]);
      }),
    );
  });

  test.each([
    '',
    '-',
    '1-',
    '-1',
    '1-1-1',
    'a',
    '1-a',
    '18446744073709551616',
    '1-18446744073709551616',
    '0x1',
  ])('"%s" is none', (text) => {
    expect(parseId(Buffer.from(text), 0, text.length, 0)).toBeUndefined();
  });
});
