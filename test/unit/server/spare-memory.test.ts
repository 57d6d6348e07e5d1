/** Memory of large requests is used again, but only when the shard has given back their frames. */
import { expect, test } from 'vitest';
import { LaneConsumer, LaneProducer } from '../../../src/ring/lane.ts';
import { CONTROL_BYTES } from '../../../src/ring/layout.ts';
import { SpareMemory } from '../../../src/server/spare-memory.ts';

const MB = 1024 * 1024;
const FRAME_BYTES = 16;

class Ends {
  readonly spares = new SpareMemory();
  readonly producer: LaneProducer;
  readonly consumer: LaneConsumer;

  constructor() {
    const memory = new SharedArrayBuffer(CONTROL_BYTES + 1024);
    this.producer = new LaneProducer(memory);
    this.consumer = new LaneConsumer(memory);
  }

  /** Sends a frame with so many bytes beside it. */
  send(bytes: number): SharedArrayBuffer {
    const memory = this.spares.take(bytes, this.producer);
    expect(memory.byteLength).toBeGreaterThanOrEqual(bytes);
    const offset = this.producer.reserve(FRAME_BYTES);
    expect(offset).toBeGreaterThanOrEqual(0);
    this.producer.commit(offset, FRAME_BYTES);
    this.spares.give(memory, this.producer.position);
    this.producer.publish();
    return memory;
  }

  /** Takes the next frame; the room of all that were taken is given back by `release` alone. */
  take(): void {
    this.consumer.refresh();
    expect(this.consumer.next()).toBeGreaterThanOrEqual(0);
  }
}

test('is used again when its frame has been given back, and not before', () => {
  const ends = new Ends();
  const first = ends.send(MB);
  const second = ends.send(MB);
  expect(second).not.toBe(first);
  ends.take();
  expect(ends.send(MB)).not.toBe(first);
  ends.consumer.release();
  expect(ends.send(MB)).toBe(first);
  ends.take();
  ends.take();
  ends.consumer.release();
  expect(ends.send(MB)).toBe(second);
});

test('tells what it leaves to the collector', () => {
  const ends = new Ends();
  const left: number[] = [];
  ends.spares.onLeft = (bytes) => left.push(bytes);
  ends.send(40 * MB);
  expect(left).toEqual([40 * MB]);
  ends.send(20 * MB);
  ends.send(10 * MB);
  expect(left.length).toBe(1);
  ends.send(5 * MB);
  expect(left).toEqual([40 * MB, 20 * MB]);
});

test('serves what needs at least half of it', () => {
  const ends = new Ends();
  const first = ends.send(4 * MB);
  ends.take();
  ends.consumer.release();
  expect(ends.send(MB)).not.toBe(first);
  expect(ends.send(4 * MB + 1)).not.toBe(first);
  expect(ends.send(2 * MB)).toBe(first);
});

test('a little is kept: not what is very long, and of much the last', () => {
  const ends = new Ends();
  const huge = ends.send(40 * MB);
  const sent = Array.from({ length: 5 }, () => ends.send(10 * MB));
  for (let i = 0; i < 6; i++) ends.take();
  ends.consumer.release();
  expect(ends.send(40 * MB)).not.toBe(huge);
  const again = Array.from({ length: 5 }, () => ends.send(10 * MB));
  expect(again.filter((memory) => sent.includes(memory))).toEqual(sent.slice(2));
});

test('nothing is left of it after the thread has ended', () => {
  const ends = new Ends();
  const first = ends.send(MB);
  ends.take();
  ends.consumer.release();
  ends.spares.clear();
  expect(ends.send(MB)).not.toBe(first);
});
