import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LaneConsumer, LaneProducer, laneBytes } from '../../../src/ring/lane.ts';
import {
  CONTROL_BYTES,
  createLane,
  FRAME_ALIGN,
  FRAME_HEADER_BYTES,
  FRAME_LAST,
  HEAD,
  LANE_BYTES_MAX,
  LANE_BYTES_MIN,
  TAIL,
} from '../../../src/ring/layout.ts';
import { repositoryRoot } from '../../support/paths.ts';

/** A lane whose counters begin at `start`, so that a test can let them wrap around. */
function laneFrom(start: number, capacity: number): SharedArrayBuffer {
  const memory = createLane(capacity);
  const control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
  control[HEAD] = start | 0;
  control[TAIL] = start | 0;
  return memory;
}

interface Frame {
  payload: Uint8Array;
  flags: number;
}

/** A lane together with what it must do: hold frames in order, published ones first. */
class Model {
  readonly capacity: number;
  readonly producer: LaneProducer;
  readonly consumer: LaneConsumer;
  readonly committed: Frame[] = [];
  readonly published: Frame[] = [];
  #fill = 0;

  constructor(start: number, capacity: number) {
    const memory = laneFrom(start, capacity);
    this.capacity = capacity;
    this.producer = new LaneProducer(memory);
    this.consumer = new LaneConsumer(memory);
  }

  /** Writes one frame if there is room; true when it was taken. */
  write(payloadBytes: number, flags: number): boolean {
    const size = FRAME_HEADER_BYTES + payloadBytes;
    const usedBefore = this.producer.usedBytes;
    const offset = this.producer.reserve(size);
    if (offset < 0) {
      // It may refuse only what does not fit: at worst a pad as long as the frame comes before the frame.
      const aligned = (size + FRAME_ALIGN - 1) & -FRAME_ALIGN;
      expect(usedBefore + 2 * aligned).toBeGreaterThan(this.capacity);
      return false;
    }
    expect(offset % FRAME_ALIGN).toBe(0);
    expect(offset + size).toBeLessThanOrEqual(this.capacity);
    expect(this.producer.roomAt(offset)).toBeGreaterThanOrEqual(size);
    const payload = new Uint8Array(payloadBytes).map((_, i) => this.#fill + i);
    this.#fill += 7;
    this.producer.bytes.set(payload, offset + FRAME_HEADER_BYTES);
    this.producer.commit(offset, size, flags);
    this.committed.push({ payload, flags });
    return true;
  }

  publish(): void {
    this.producer.publish();
    this.published.push(...this.committed.splice(0));
    expect(this.producer.hasUnpublished).toBe(false);
  }

  take(count: number): void {
    this.consumer.refresh();
    for (let left = count; left > 0; left--) {
      const offset = this.consumer.next();
      const expected = this.published.shift();
      if (expected === undefined) {
        expect(offset).toBe(-1);
        return;
      }
      const frame = this.consumer;
      expect(frame.frameFlags).toBe(expected.flags);
      expect(frame.frameBytes).toBe(expected.payload.length + FRAME_HEADER_BYTES);
      expect(frame.bytes.slice(offset + FRAME_HEADER_BYTES, offset + frame.frameBytes)).toEqual(
        expected.payload,
      );
    }
  }

  drain(): void {
    this.publish();
    this.take(Number.MAX_SAFE_INTEGER);
    this.consumer.release();
    expect(this.producer.usedBytes).toBe(0);
    expect(this.consumer.hasFrames).toBe(false);
  }
}

describe('a lane', () => {
  type Step = (model: Model) => void;
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.nat(252), fc.constantFrom(0, FRAME_LAST)).map(
        ([size, flags]) =>
          (model: Model) =>
            void model.write(size, flags),
      ),
    },
    { weight: 3, arbitrary: fc.constant((model: Model) => model.publish()) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }).map((n) => (model: Model) => model.take(n)) },
    { weight: 3, arbitrary: fc.constant((model: Model) => model.consumer.release()) },
    { weight: 1, arbitrary: fc.constant((model: Model) => model.drain()) },
  );

  test('is a queue of frames under any order of writing, publishing, taking and releasing', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc
          .oneof(
            fc.nat(2000),
            fc.integer({ min: 1, max: 2000 }).map((n) => 2 ** 32 - n),
          )
          .map((n) => n & ~7),
        fc.constantFrom(1024, 2048),
        (steps, start, capacity) => {
          const model = new Model(start, capacity);
          for (const run of steps) run(model);
          model.drain();
          // Wherever it stopped, an empty lane takes the longest frame.
          expect(model.write(model.producer.frameBytesMax - FRAME_HEADER_BYTES, 0)).toBe(true);
          model.drain();
        },
      ),
      { numRuns: 600 },
    );
  });

  test('goes on when its counters pass 2^32', () => {
    const model = new Model(2 ** 32 - 512, 1024);
    for (let i = 0; i < 200; i++) {
      expect(model.write(i % 100, i % 3 === 0 ? FRAME_LAST : 0)).toBe(true);
      model.publish();
      model.take(1);
      model.consumer.release();
    }
    model.drain();
  });

  test('hides frames until they are published', () => {
    const model = new Model(0, 1024);
    model.write(8, 0);
    expect(model.producer.hasUnpublished).toBe(true);
    expect(model.consumer.refresh()).toBe(false);
    expect(model.consumer.next()).toBe(-1);
    model.publish();
    expect(model.consumer.hasFrames).toBe(true);
    model.take(1);
  });

  test('refuses a frame when it is full and takes it after a release', () => {
    const model = new Model(0, 1024);
    let written = 0;
    while (model.write(124, 0)) written++;
    expect(written).toBe(8);
    model.publish();
    model.take(1);
    expect(model.write(124, 0)).toBe(false);
    model.consumer.release();
    expect(model.write(124, 0)).toBe(true);
    model.drain();
  });

  test('tells the producer whether the consumer sleeps', () => {
    const model = new Model(0, 1024);
    expect(model.producer.publish()).toBe(false);
    model.consumer.announceSleep();
    model.write(8, 0);
    expect(model.producer.publish()).toBe(true);
    model.producer.wake();
    expect(model.producer.publish()).toBe(false);
  });

  test('has a power of two of bytes', () => {
    expect(laneBytes(1)).toBe(LANE_BYTES_MIN);
    expect(laneBytes(2 ** 40)).toBe(LANE_BYTES_MAX);
    expect(laneBytes(1_000_000)).toBe(2 ** 19);
    expect(laneBytes(2 ** 20)).toBe(2 ** 20);
  });

  test.each([
    ['from the start', 0],
    ['while the counters pass 2^32', 2 ** 32 - 1_000_000],
  ])('carries a million frames between two threads that wait for each other: %s', async (_, start) => {
    const frames = 1_000_000;
    const memory = laneFrom(start, 16 * 1024);
    const script = path.join(repositoryRoot, 'dist/test/unit/ring/lane-worker.js');
    const run = async (role: 'producer' | 'consumer') => {
      const worker = new Worker(script, { workerData: { role, memory, frames, seed: 12345 } });
      const exited = once(worker, 'exit');
      const [result] = (await once(worker, 'message')) as [unknown];
      await exited;
      return result;
    };
    const [sent, received] = await Promise.all([run('producer'), run('consumer')]);
    expect(sent).toMatchObject({ frames });
    expect(received).toEqual(sent);
  });
});
