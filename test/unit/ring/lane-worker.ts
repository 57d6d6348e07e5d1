/** One end of the lane in lane.test.ts, on a thread of its own. Reports how many frames and what checksum. */
import { parentPort, workerData } from 'node:worker_threads';
import { LaneConsumer, LaneProducer } from '../../../src/ring/lane.ts';
import { FRAME_HEADER_BYTES } from '../../../src/ring/layout.ts';
import { Random } from '../../support/random.ts';

interface Task {
  role: 'producer' | 'consumer';
  memory: SharedArrayBuffer;
  frames: number;
  seed: number;
}

/** Longer than any wait should take; a lost wake-up shows as a slow test, not as one that hangs. */
const WAIT_MS = 10_000;
const PAYLOAD_BYTES_MAX = 120;

function mix(checksum: number, value: number): number {
  return (Math.imul(checksum, 31) + value) | 0;
}

/** Fills a frame's payload so that each byte depends on the frame and its place. */
function produce({ memory, frames, seed }: Task): { frames: number; checksum: number } {
  const lane = new LaneProducer(memory);
  const random = new Random(seed);
  let checksum = 0;
  for (let frame = 0; frame < frames; frame++) {
    const size = FRAME_HEADER_BYTES + random.between(4, PAYLOAD_BYTES_MAX);
    let offset = lane.reserve(size);
    while (offset < 0) {
      if (lane.publish()) lane.wake();
      lane.waitForRoom(WAIT_MS);
      offset = lane.reserve(size);
    }
    for (let i = FRAME_HEADER_BYTES; i < size; i++) {
      const byte = (frame + i) & 0xff;
      lane.bytes[offset + i] = byte;
      checksum = mix(checksum, byte);
    }
    lane.commit(offset, size);
    if (random.oneIn(20) && lane.publish()) lane.wake();
  }
  if (lane.publish()) lane.wake();
  return { frames, checksum };
}

function consume({ memory, frames, seed }: Task): { frames: number; checksum: number } {
  const lane = new LaneConsumer(memory);
  const random = new Random(seed + 1);
  let checksum = 0;
  let taken = 0;
  while (taken < frames) {
    if (!lane.refresh()) {
      lane.announceSleep();
      if (lane.hasFrames) lane.lowerSleep();
      else lane.sleep(WAIT_MS);
      continue;
    }
    for (let offset = lane.next(); offset >= 0; offset = lane.next()) {
      for (let i = FRAME_HEADER_BYTES; i < lane.frameBytes; i++)
        checksum = mix(checksum, lane.bytes[offset + i]!);
      taken++;
      if (random.oneIn(50)) lane.release();
    }
    lane.release();
  }
  return { frames: taken, checksum };
}

const task = workerData as Task;
parentPort!.postMessage(task.role === 'producer' ? produce(task) : consume(task));
