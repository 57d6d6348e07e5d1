/**
 * Writes the replies of runs into the reply lane (see ring/layout.ts): all replies of a run go one after the
 * other into one frame, and into as many more as it takes. When the lane is full the shard waits for the
 * acceptor, which always empties it.
 */
import { type ReplySink, ReplyWriter } from '../protocol/reply-writer.ts';
import type { LaneProducer } from '../ring/lane.ts';
import { FRAME_ALIGN, FRAME_HEADER_BYTES, FRAME_LAST, FRAME_NOTICE } from '../ring/layout.ts';
import { encodeNotice, type Notice } from '../ring/notices.ts';
import type { WakeWord } from '../ring/wake-word.ts';

const ROOM_WAIT_MS = 50;
const NO_FRAME = -1;
const NO_BYTES = new Uint8Array(0);

export class RunReplies implements ReplySink {
  readonly writer: ReplyWriter;
  readonly #lane: LaneProducer;
  readonly #wake: WakeWord;
  readonly #beforePublish: () => void;
  /** Where the open frame begins in the ring. */
  #frame = NO_FRAME;
  #isRunOpen = false;
  #holdsNotices = false;
  #held: Notice[] = [];

  /** `beforePublish` is called before anything becomes visible. */
  constructor(lane: LaneProducer, wake: WakeWord, beforePublish: () => void) {
    this.#lane = lane;
    this.#wake = wake;
    this.#beforePublish = beforePublish;
    this.writer = new ReplyWriter(this);
  }

  /** Whether what is written now belongs to a run. */
  get isRunOpen(): boolean {
    return this.#isRunOpen;
  }

  startRun(): void {
    if (this.#isRunOpen) this.endRun();
    this.#isRunOpen = true;
  }

  /** Ends the current run, if there is one, with the frame that says so. */
  endRun(): void {
    if (!this.#isRunOpen) return;
    if (this.#frame === NO_FRAME) this.#open(0);
    this.#close(FRAME_LAST);
    this.#isRunOpen = false;
  }

  /** Puts a frame of `size` bytes into the run, behind all replies so far; `write` fills and commits it. */
  insert(size: number, write: (lane: LaneProducer, offset: number) => void): void {
    if (this.#frame !== NO_FRAME) this.#close(0);
    write(this.#lane, this.#reserve(size));
  }

  /** The same with a frame that ends the run: `write` commits it with FRAME_LAST. */
  insertLast(size: number, write: (lane: LaneProducer, offset: number) => void): void {
    this.insert(size, write);
    this.#isRunOpen = false;
  }

  /**
   * Tells the acceptor something that is no reply (see ring/notices.ts); it becomes visible with what comes next. While
   * `holdsNotices`, it is kept back: notices of changes that are not whole yet must not make them visible.
   */
  notice(notice: Notice): void {
    this.notices([notice]);
  }

  /**
   * The same for several: the end of the reply before them does not become visible without them. When the lane has no room for
   * all of them, it is taken back and put behind them.
   */
  notices(notices: readonly Notice[]): void {
    if (this.#holdsNotices) {
      this.#held.push(...notices);
      return;
    }
    const encoded = notices.map(encodeNotice);
    const rest = this.#hasRoomFor(encoded) ? NO_BYTES : this.#takeBack();
    if (this.#frame !== NO_FRAME) this.#close(0);
    for (const bytes of encoded) this.#writeNotice(bytes);
    if (rest.length === 0) return;
    this.#open(rest.length);
    this.writer.bytes.set(rest, this.writer.position);
    this.writer.position += rest.length;
  }

  /** Whether these notices, behind the open frame, fit into the lane as it is. */
  #hasRoomFor(encoded: readonly Uint8Array[]): boolean {
    const lane = this.#lane;
    const open = this.#frame === NO_FRAME ? 0 : this.writer.position - this.#frame;
    let needed = open + FRAME_ALIGN;
    let longest = 0;
    for (const { length } of encoded) {
      const pieces = Math.ceil(length / (lane.frameBytesMax - FRAME_HEADER_BYTES));
      needed += length + pieces * (FRAME_HEADER_BYTES + FRAME_ALIGN);
      longest = Math.max(longest, Math.min(length, lane.frameBytesMax));
    }
    // One of them may have to begin at the ring's start, and leave what is before it empty.
    return lane.capacity - lane.usedBytes >= needed + longest + FRAME_ALIGN;
  }

  /** The replies in the open frame, which is given up. */
  #takeBack(): Uint8Array {
    if (this.#frame === NO_FRAME) return NO_BYTES;
    const rest = this.writer.bytes.slice(this.#frame + FRAME_HEADER_BYTES, this.writer.position);
    this.#forgetFrame();
    return rest;
  }

  #writeNotice(bytes: Uint8Array): void {
    const lane = this.#lane;
    const pieceBytes = lane.frameBytesMax - FRAME_HEADER_BYTES;
    for (let from = 0; from < bytes.length; from += pieceBytes) {
      const piece = bytes.subarray(from, from + pieceBytes);
      const size = FRAME_HEADER_BYTES + piece.length;
      const offset = this.#reserve(size);
      lane.bytes.set(piece, offset + FRAME_HEADER_BYTES);
      const isLast = from + pieceBytes >= bytes.length;
      lane.commit(offset, size, isLast ? FRAME_NOTICE | FRAME_LAST : FRAME_NOTICE);
    }
  }

  get holdsNotices(): boolean {
    return this.#holdsNotices;
  }

  set holdsNotices(holds: boolean) {
    this.#holdsNotices = holds;
    if (!holds && this.#held.length > 0) this.notices(this.#held.splice(0));
  }

  /** Makes what was ended visible and wakes the acceptor. */
  publish(): void {
    if (!this.#lane.hasUnpublished) return;
    this.#beforePublish();
    this.#lane.publish();
    this.#wake.wake();
  }

  makeRoom(_writer: ReplyWriter, size: number): void {
    if (this.#frame !== NO_FRAME) this.#close(0);
    this.#open(size);
  }

  /** Room for a frame of `size` bytes with its length word. */
  #reserve(size: number): number {
    const lane = this.#lane;
    let offset = lane.reserve(size);
    while (offset < 0) {
      this.publish();
      // A shard whose frames are all published may still find the acceptor asleep from before.
      this.#wake.wake();
      lane.waitForRoom(ROOM_WAIT_MS);
      offset = lane.reserve(size);
    }
    return offset;
  }

  #open(size: number): void {
    const lane = this.#lane;
    const offset = this.#reserve(size + FRAME_HEADER_BYTES);
    this.#frame = offset;
    const room = Math.min(lane.roomAt(offset), lane.frameBytesMax);
    this.writer.bytes = lane.bytes;
    this.writer.position = offset + FRAME_HEADER_BYTES;
    this.writer.limit = offset + room;
  }

  #close(flags: number): void {
    const size = this.writer.position - this.#frame;
    if (size > FRAME_HEADER_BYTES || flags !== 0) this.#lane.commit(this.#frame, size, flags);
    this.#forgetFrame();
  }

  #forgetFrame(): void {
    this.#frame = NO_FRAME;
    // Without a window the next reply asks for room, and so opens a frame.
    this.writer.bytes = NO_BYTES;
    this.writer.position = 0;
    this.writer.limit = 0;
  }
}
