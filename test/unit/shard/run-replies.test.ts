/** What a shard tells beside replies, and when it becomes visible. */
import { expect, test } from 'vitest';
import { LaneConsumer, LaneProducer } from '../../../src/ring/lane.ts';
import { createLane, FRAME_HEADER_BYTES, FRAME_LAST, FRAME_NOTICE } from '../../../src/ring/layout.ts';
import { decodeNotice, NOTICE, type Notice } from '../../../src/ring/notices.ts';
import { WakeWord } from '../../../src/ring/wake-word.ts';
import { RunReplies } from '../../../src/shard/run-replies.ts';

const LANE_BYTES = 64 * 1024;

/** A lane whose other end takes everything each time it is woken. */
class Lane extends WakeWord {
  /** Replies as text, and the numbers of notices, in the order in which they became visible. */
  readonly seen: (string | number)[] = [];
  wakes = 0;
  readonly replies: RunReplies;
  readonly #consumer: LaneConsumer;
  #pieces: Uint8Array[] = [];

  constructor() {
    super(WakeWord.memory());
    const memory = createLane(LANE_BYTES);
    this.#consumer = new LaneConsumer(memory);
    this.replies = new RunReplies(new LaneProducer(memory), this, () => {});
  }

  override wake(): void {
    const lane = this.#consumer;
    this.wakes++;
    if (!lane.refresh()) return;
    for (let at = lane.next(); at >= 0; at = lane.next()) {
      const bytes = lane.bytes.slice(at + FRAME_HEADER_BYTES, at + lane.frameBytes);
      if ((lane.frameFlags & FRAME_NOTICE) === 0) {
        if (bytes.length > 0) this.seen.push(Buffer.from(bytes).toString('latin1'));
        continue;
      }
      this.#pieces.push(bytes);
      if ((lane.frameFlags & FRAME_LAST) === 0) continue;
      this.seen.push(decodeNotice(Buffer.concat(this.#pieces)).number);
      this.#pieces = [];
    }
    lane.release();
  }
}

function notices(count: number, bytes: number): Notice[] {
  const parts = [new Uint8Array(bytes)];
  return Array.from({ length: count }, (_, number) => ({ kind: NOTICE.changed, db: 0, number, parts }));
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

test('notices stand behind the replies so far, and become visible with them', () => {
  const lane = new Lane();
  const { replies } = lane;
  replies.startRun();
  replies.writer.ok();
  replies.notices(notices(3, 100));
  replies.writer.integer(7);
  replies.endRun();
  expect(lane.seen).toEqual([]);
  replies.publish();
  expect(lane.seen).toEqual(['+OK\r\n', 0, 1, 2, ':7\r\n']);
  expect(lane.wakes).toBe(1);
});

test('when the lane has no room for all of them, the end of the reply comes behind them', () => {
  const lane = new Lane();
  const { replies } = lane;
  replies.startRun();
  replies.writer.simple('before');
  replies.notices(notices(100, 1000));
  replies.writer.ok();
  replies.endRun();
  replies.publish();
  expect(lane.wakes).toBeGreaterThan(1);
  expect(lane.seen).toEqual([...numbers(100), '+before\r\n+OK\r\n']);
});

test('a notice that is longer than a frame comes whole', () => {
  const lane = new Lane();
  const { replies } = lane;
  replies.notices(notices(2, 200_000));
  replies.publish();
  expect(lane.seen).toEqual([0, 1]);
});

test('what is held back comes when it is held back no more', () => {
  const lane = new Lane();
  const { replies } = lane;
  replies.startRun();
  replies.holdsNotices = true;
  replies.notices(notices(2, 10));
  replies.publish();
  expect(lane.seen).toEqual([]);
  replies.holdsNotices = false;
  replies.writer.ok();
  replies.endRun();
  replies.publish();
  expect(lane.seen).toEqual([0, 1, '+OK\r\n']);
});
