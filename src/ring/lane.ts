/**
 * The two ends of a lane (see layout.ts). Both keep their positions as 32-bit counts of bytes that wrap around
 * (signed, because the engine keeps those without a box); an offset into the ring is the count modulo its size.
 *
 * Neither end uses an atomic operation for each frame: the producer publishes a batch with one store of the
 * head, the consumer releases a batch with one store of the tail. The plain writes between are ordered by them.
 */
import { assert } from '../base/assert.ts';
import { viewedBytes } from '../base/bytes.ts';
import {
  ASLEEP,
  CONTROL_BYTES,
  FRAME_ALIGN,
  FRAME_LENGTH_MASK,
  HEAD,
  LANE_BYTES_MAX,
  LANE_BYTES_MIN,
  PAD,
  TAIL,
  WAITING,
} from './layout.ts';

abstract class LaneEnd {
  readonly control: Int32Array;
  /** The ring's bytes and words. */
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly capacity: number;

  constructor(memory: SharedArrayBuffer) {
    const capacity = memory.byteLength - CONTROL_BYTES;
    assert((capacity & (capacity - 1)) === 0, 'a lane is a power of two long');
    assert(capacity >= 1024 && capacity <= LANE_BYTES_MAX, 'a lane has 1 KB to 64 MB');
    this.control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.bytes = viewedBytes(memory, CONTROL_BYTES);
    this.words = new Int32Array(memory, CONTROL_BYTES);
    this.capacity = capacity;
  }
}

export class LaneProducer extends LaneEnd {
  /** The count of bytes written, of which those up to `#published` are visible to the consumer. */
  #head: number;
  #published: number;
  /** The consumer's tail when it was last looked at: a lower bound of the room. */
  #tail: number;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    this.#head = Atomics.load(this.control, HEAD);
    this.#published = this.#head;
    this.#tail = Atomics.load(this.control, TAIL);
  }

  /** The longest frame that is always accepted by an empty lane. */
  get frameBytesMax(): number {
    return Math.min(this.capacity / 4, FRAME_LENGTH_MASK - FRAME_ALIGN);
  }

  get hasUnpublished(): boolean {
    return this.#head !== this.#published;
  }

  /** Behind the frame that was committed last. */
  get position(): number {
    return this.#head;
  }

  /**
   * Whether the consumer has given back everything before `position`. After 2 GB of other frames it may say no to what it
   * said yes to before, never the other way round.
   */
  isReleased(position: number): boolean {
    return ((Atomics.load(this.control, TAIL) - position) | 0) >= 0;
  }

  /** Bytes written and not yet released by the consumer. */
  get usedBytes(): number {
    return (this.#head - Atomics.load(this.control, TAIL)) | 0;
  }

  /**
   * Finds room for a frame of `size` bytes, its length word included, and returns the ring offset where it
   * begins, or -1 when the lane is too full. Nothing is taken until `commit`.
   */
  reserve(size: number): number {
    const aligned = (size + FRAME_ALIGN - 1) & -FRAME_ALIGN;
    const offset = this.#head & (this.capacity - 1);
    const toEnd = this.capacity - offset;
    const needed = toEnd < aligned ? toEnd + aligned : aligned;
    if (((this.#head - this.#tail) | 0) + needed > this.capacity) {
      this.#tail = Atomics.load(this.control, TAIL);
      if (((this.#head - this.#tail) | 0) + needed > this.capacity) return -1;
    }
    if (toEnd >= aligned) return offset;
    this.words[offset >> 2] = PAD;
    this.#head = (this.#head + toEnd) | 0;
    return 0;
  }

  /** Room from a reserved `offset` on without wrapping, in bytes: what an open frame may grow to. */
  roomAt(offset: number): number {
    const free = this.capacity - ((this.#head - this.#tail) | 0);
    const toEnd = this.capacity - offset;
    return Math.min(free, toEnd);
  }

  /** Ends the frame at a reserved `offset`: it has `size` bytes with its length word, and `flags` on top. */
  commit(offset: number, size: number, flags = 0): void {
    this.words[offset >> 2] = size | flags;
    this.#head = (this.#head + ((size + FRAME_ALIGN - 1) & -FRAME_ALIGN)) | 0;
  }

  /** Makes all committed frames visible. Returns true when the consumer sleeps and must be notified. */
  publish(): boolean {
    if (this.#published !== this.#head) {
      this.#published = this.#head;
      Atomics.store(this.control, HEAD, this.#head);
    }
    return Atomics.load(this.control, ASLEEP) === 1;
  }

  /** Wakes a consumer that sleeps in `LaneConsumer.sleep`. */
  wake(): void {
    Atomics.store(this.control, ASLEEP, 0);
    Atomics.notify(this.control, ASLEEP);
  }

  /**
   * Blocks this thread until the consumer has released something, at most `timeoutMs`. Only threads without
   * an event loop may call it; everything must have been published before.
   */
  waitForRoom(timeoutMs: number): void {
    Atomics.store(this.control, WAITING, 1);
    const tail = Atomics.load(this.control, TAIL);
    if (tail === this.#tail) Atomics.wait(this.control, TAIL, tail, timeoutMs);
    Atomics.store(this.control, WAITING, 0);
  }
}

export class LaneConsumer extends LaneEnd {
  /** Bytes that came beside the lane with its frames, since the start; counted by whoever takes them. */
  besideBytes = 0;
  /** Everything before this count is published. */
  #head: number;
  #tail: number;
  /** Of the frame that `next` returned: its bytes with the length word, and its flags. */
  frameBytes = 0;
  frameFlags = 0;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    this.#tail = Atomics.load(this.control, TAIL);
    this.#head = this.#tail;
  }

  /** Looks for published frames. Returns true when there are any to take. */
  refresh(): boolean {
    this.#head = Atomics.load(this.control, HEAD);
    return this.#head !== this.#tail;
  }

  /** True when something was published since the last `refresh` or is left from it. */
  get hasFrames(): boolean {
    return Atomics.load(this.control, HEAD) !== this.#tail;
  }

  /** The ring offset of the next frame seen by the last `refresh`, or -1 when all have been taken. */
  next(): number {
    if (this.#tail === this.#head) return -1;
    let offset = this.#tail & (this.capacity - 1);
    let word = this.words[offset >> 2]!;
    if (word === PAD) {
      this.#tail = (this.#tail + this.capacity - offset) | 0;
      // A pad may be published by itself, when the frame that caused it found no room.
      if (this.#tail === this.#head) return -1;
      offset = 0;
      word = this.words[0]!;
    }
    const size = word & FRAME_LENGTH_MASK;
    this.frameBytes = size;
    this.frameFlags = word & ~FRAME_LENGTH_MASK;
    this.#tail = (this.#tail + ((size + FRAME_ALIGN - 1) & -FRAME_ALIGN)) | 0;
    return offset;
  }

  /** Bytes of the frames that were taken and not given back. */
  get unreleasedBytes(): number {
    return (this.#tail - Atomics.load(this.control, TAIL)) | 0;
  }

  /** Gives the room of all frames taken so far back to the producer, and wakes it when it waits for room. */
  release(): void {
    Atomics.store(this.control, TAIL, this.#tail);
    if (Atomics.load(this.control, WAITING) === 1) Atomics.notify(this.control, TAIL);
  }

  /** Raises the flag that asks the producer for a notification. Look at `hasFrames` again before sleeping. */
  announceSleep(): void {
    Atomics.store(this.control, ASLEEP, 1);
  }

  /** Blocks until the producer calls `wake`, at most `timeoutMs`, and lowers the flag. */
  sleep(timeoutMs: number): void {
    Atomics.wait(this.control, ASLEEP, 1, timeoutMs);
    this.lowerSleep();
  }

  lowerSleep(): void {
    Atomics.store(this.control, ASLEEP, 0);
  }
}

/** Rounds a wanted lane size to what a lane can have. */
export function laneBytes(wanted: number): number {
  const clamped = Math.min(LANE_BYTES_MAX, Math.max(LANE_BYTES_MIN, wanted));
  return 2 ** Math.floor(Math.log2(clamped));
}
