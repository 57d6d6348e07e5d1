/** Reads the words of a request from its frame (see ring/layout.ts). */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Arguments } from '../protocol/arguments.ts';
import type { LaneConsumer } from '../ring/lane.ts';
import { REQUEST_EXTERNAL, REQUEST_WORDS_OFFSET } from '../ring/layout.ts';

/** Points `args` at the words of the frame whose first word stands at `at`; `port` brings those that travel beside the lane. */
export function readRequestWords(
  args: Arguments,
  lane: LaneConsumer,
  at: number,
  flags: number,
  port: MessagePort,
): void {
  const { bytes, words } = lane;
  const count = words[at + 3]!;
  args.count = count;
  if (count > args.starts.length) args.ensureCapacity(count);
  let lengths = words;
  let lengthAt = at + REQUEST_WORDS_OFFSET / 4;
  args.bytes = bytes;
  if ((flags & REQUEST_EXTERNAL) !== 0) {
    const memory = receiveMessageOnPort(port)!.message as SharedArrayBuffer;
    lane.besideBytes += memory.byteLength;
    lengths = new Int32Array(memory, 0, count - 1);
    lengthAt = 0;
    args.bytes = new Uint8Array(memory);
  }
  let start = (lengthAt + count - 1) * 4;
  for (let i = 1; i < count; i++) {
    args.starts[i] = start;
    start += lengths[lengthAt + i - 1]!;
    args.ends[i] = start;
  }
}
