import { expect, test } from 'vitest';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { LaneConsumer, LaneProducer } from '../../../src/ring/lane.ts';
import { createLane, FRAME_NOTE } from '../../../src/ring/layout.ts';
import { type Note, noteBytes, readNote, writeNote } from '../../../src/ring/notes.ts';

/** Sends a note through a lane. The name is no part of what a shard has. */
function sent(words: readonly string[] | undefined, ns: number, isUpperCase = false): Note {
  const memory = createLane(64 * 1024);
  const producer = new LaneProducer(memory);
  const consumer = new LaneConsumer(memory);
  let args: Arguments | undefined;
  if (words !== undefined) {
    args = new Arguments();
    args.setWords(['', ...words].map((word) => Buffer.from(word, 'latin1')));
  }
  writeNote(producer, producer.reserve(noteBytes(args)), 517, isUpperCase, ns, args);
  producer.publish();
  expect(consumer.refresh()).toBe(true);
  const offset = consumer.next();
  expect(consumer.frameFlags).toBe(FRAME_NOTE);
  expect(consumer.frameBytes).toBe(noteBytes(args));
  return readNote(consumer, offset);
}

function texts({ words }: Note): string[] {
  return words.map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
}

test('a note comes over with all that is in it', () => {
  const note = sent(['key', '', 'b\xff'], 12_345_678_901, true);
  expect(note).toMatchObject({ id: 517, isUpperCase: true, ns: 12_345_678_901, count: 4 });
  expect(texts(note)).toEqual(['key', '', 'b\xff']);
});

test('a note on a part has no words', () => {
  expect(sent(undefined, 4_294_967_295.7)).toMatchObject({
    id: 517,
    isUpperCase: false,
    ns: 4_294_967_295,
    words: [],
  });
});

test('long words are cut, and too many left out', () => {
  const note = sent(['x'.repeat(128), 'y'.repeat(1000)], 1);
  expect(texts(note)).toEqual(['x'.repeat(128), 'y'.repeat(128)]);
  expect(note.words.map(({ length }) => length)).toEqual([128, 1000]);
  const names = Array.from({ length: 40 }, (_, i) => `w${i}`);
  expect(texts(sent(names.slice(0, 31), 1))).toEqual(names.slice(0, 31));
  const many = sent(names, 1);
  expect(many.count).toBe(41);
  expect(texts(many)).toEqual(names.slice(0, 30));
});
