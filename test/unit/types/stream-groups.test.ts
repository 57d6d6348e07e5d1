/** Groups of streams: what is pending for whom, against plain maps. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectionOf, imageOf } from '../../../src/rdb/collections.ts';
import { CollectionLimits } from '../../../src/types/collection.ts';
import { Stream } from '../../../src/types/stream.ts';
import { Group, NOT_KNOWN } from '../../../src/types/stream-groups.ts';
import { FIRST_ID, idText, type StreamId } from '../../../src/types/stream-id.ts';
import type { PendingList } from '../../../src/types/stream-pending.ts';

const NAMES = ['alice', 'bob', 'carol'];
const id = fc.record({ ms: fc.nat(400), seq: fc.nat(1) });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('assign' as const),
      first: id,
      count: fc.integer({ min: 1, max: 90 }),
      consumer: fc.constantFrom(...NAMES),
      at: fc.nat(1e12),
      deliveries: fc.integer({ min: 1, max: 300 }),
    }),
  },
  fc.record({ do: fc.constant('acknowledge' as const), first: id, count: fc.nat(60) }),
  fc.record({ do: fc.constant('leave' as const), consumer: fc.constantFrom(...NAMES) }),
);

function listed(list: PendingList, start: StreamId = FIRST_ID): string[] {
  return [...list.from(start)].map(
    (each) =>
      `${idText(each)} ${Buffer.from(each.consumer.name).toString()} ${each.deliveredAt} ${each.deliveries}`,
  );
}

function consumerOf(group: Group, name: string) {
  const bytes = Buffer.from(name);
  return group.consumer(bytes, 0, bytes.length) ?? group.addConsumer(bytes, 1);
}

interface Known {
  readonly id: StreamId;
  readonly consumer: string;
  readonly at: number;
  readonly deliveries: number;
}

function expected(known: ReadonlyMap<string, Known>): string[] {
  return [...known.values()]
    .sort((a, b) => Number(a.id.ms) - Number(b.id.ms) || Number(a.id.seq) - Number(b.id.seq))
    .map((each) => `${idText(each.id)} ${each.consumer} ${each.at} ${each.deliveries}`);
}

/** Ids one after the other. */
function row(first: StreamId, count: number): StreamId[] {
  return Array.from({ length: count }, (_, i) => ({ ms: (first.ms as number) + i, seq: first.seq }));
}

describe('What is pending', () => {
  test('has an order, belongs to one consumer, and stands in the image', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), id, (steps, start) => {
        const stream = new Stream(new CollectionLimits().stream);
        const group = new Group(Buffer.from('group'), { ms: 7, seq: 8 }, NOT_KNOWN);
        const known = new Map<string, Known>();
        for (const each of steps) {
          if (each.do === 'assign') {
            const consumer = consumerOf(group, each.consumer);
            for (const one of row(each.first, each.count)) {
              group.assign(one, consumer, each.at, each.deliveries);
              known.set(idText(one), { ...each, id: one });
            }
          } else if (each.do === 'acknowledge') {
            for (const one of row(each.first, each.count)) {
              expect(group.acknowledge(one)).toBe(known.delete(idText(one)));
            }
          } else {
            group.removeConsumer(consumerOf(group, each.consumer));
            for (const [name, { consumer }] of known) if (consumer === each.consumer) known.delete(name);
          }
        }
        stream.addGroup(group);
        const image = imageOf(stream);
        const read = collectionOf(image, 0, image.length, new CollectionLimits()) as Stream;
        for (const found of [group, read.group(Buffer.from('group'))!]) {
          expect(listed(found.pending)).toEqual(expected(known));
          expect(found.pending.size).toBe(known.size);
          expect([found.lastId, found.entriesRead]).toEqual([{ ms: 7, seq: 8 }, NOT_KNOWN]);
          for (const consumer of found.consumers) {
            const name = Buffer.from(consumer.name).toString();
            const own = new Map([...known].filter(([, each]) => each.consumer === name));
            expect(listed(consumer.pending)).toEqual(expected(own));
          }
        }
        const behind = expected(known).filter((line) => {
          const [ms, seq] = line.split(' ')[0]!.split('-').map(Number);
          return ms! > Number(start.ms) || (ms === start.ms && seq! >= Number(start.seq));
        });
        expect(listed(group.pending, start)).toEqual(behind);
        expect(group.pending.first?.ms).toBe(group.pending.from(FIRST_ID).next().value?.ms);
      }),
    );
  });

  test('takes memory that the stream counts', () => {
    const stream = new Stream(new CollectionLimits().stream);
    const group = new Group(Buffer.from('group'), FIRST_ID, 0);
    const empty = stream.memoryBytes;
    stream.addGroup(group);
    const before = group.memoryBytes;
    // What the stream itself has of it: its name as the key of a map.
    const ofName = stream.memoryBytes - empty - before;
    expect(ofName).toBeGreaterThan(0);
    const consumer = consumerOf(group, 'alice');
    for (let i = 0; i < 1000; i++) group.assign({ ms: i, seq: 0 }, consumer, 1, 1);
    stream.recount(group, before);
    expect(stream.memoryBytes).toBe(empty + ofName + group.memoryBytes);
    expect(group.memoryBytes - before).toBeGreaterThan(100 * 1000);
    stream.removeGroup(group);
    expect(stream.memoryBytes).toBe(empty);
  });
});
