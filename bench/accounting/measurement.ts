/** The process of one row: makes the collections of a case, and answers what they take. */
import v8 from 'node:v8';
import { collectGarbage } from '../../src/base/collect-garbage.ts';
import { Objects } from '../../src/store/objects.ts';
import { blockPool, pagePool } from '../../src/types/block-pool.ts';
import { type Build, CASES } from './cases.ts';

export interface Measurement {
  /** In all collections together, at the end. */
  elements: number;
  realBytes: number;
  slackBytes: number;
  countedBytes: number;
}

/** What the engine allocates beside each buffer outside of its heap. */
const NATIVE_BYTES = 208;
/** Collections for warming up: what the engine makes once is there afterwards. */
const WARM_PART = 0.02;

function realBytes(): number {
  const buffers = v8.queryObjects(ArrayBuffer, { format: 'count' }) as unknown as number;
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external + buffers * NATIVE_BYTES;
}

function make(build: Build, part: number): { objects: Objects; heapArrays: number } {
  const objects = new Objects();
  const heapArrays = build(objects, part) ?? 0;
  return { objects, heapArrays };
}

function measure(build: Build): Measurement {
  make(build, WARM_PART).objects.removeAll();
  const before = realBytes();
  const slackBefore = blockPool.freeBytes + pagePool.freeBytes;
  const { objects, heapArrays } = make(build, 1);
  const after = realBytes();
  const slack = blockPool.freeBytes + pagePool.freeBytes;
  let elements = 0;
  for (const { length } of objects.all()) elements += length;
  return {
    elements,
    realBytes: after - before - heapArrays * NATIVE_BYTES,
    slackBytes: slack - slackBefore,
    countedBytes: objects.bytes,
  };
}

const { build } = CASES.find(({ title }) => title === process.argv[2])!;
process.send!(measure(build), () => process.disconnect());
