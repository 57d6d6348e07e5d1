/**
 * What the thread that writes a log and the thread that syncs it tell each other, in shared memory. A descriptor is valid
 * in the whole process, so that the other thread can sync what this one has written:
 *
 *     0  i32 errno of a sync that failed, 0 for none       4  i32 counts what the syncer finished (to wait for)
 *     8  f64 unused
 *     then for each of 16 slots, one an open segment, 40 bytes:
 *     0  i32 state: free, open (more comes), left (sync what is there and close it)
 *     4  i32 descriptor
 *     8  i32 owner: nobody, or who syncs or closes it now       12  i32 unused
 *    16  f64 the last sequence written          24  f64 the last sequence synced
 *    32  f64 when the last sync that succeeded began, ms since 1970
 *
 * The writer sets state, descriptor and `written`; who owns the slot sets `synced`. Aligned floats are never seen by halves.
 */
const SLOTS = 16;
const HEAD_BYTES = 16;
const SLOT_BYTES = 40;

export const SLOT_FREE = 0;
export const SLOT_OPEN = 1;
export const SLOT_LEFT = 2;

const OWNER_NOBODY = 0;

/** Who may own a slot. */
export const OWNER_WRITER = 1;
export const OWNER_SYNCER = 2;

export class SyncBoard {
  static readonly slots = SLOTS;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#floats = new Float64Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD_BYTES + SLOTS * SLOT_BYTES);
  }

  /** The system's number of the error (`EIO` is 5) that a sync failed with, 0 when none did. */
  get errno(): number {
    return Atomics.load(this.#words, 0);
  }

  set errno(errno: number) {
    Atomics.store(this.#words, 0, errno);
  }

  /** Takes a free slot for a segment that was just made, or returns -1. All before `written` is synced. */
  open(fd: number, written: number, nowMs: number): number {
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.state(slot) !== SLOT_FREE) continue;
      const float = floatOf(slot);
      this.#floats[float] = written;
      this.#floats[float + 1] = written;
      this.#floats[float + 2] = nowMs;
      Atomics.store(this.#words, wordOf(slot) + 1, fd);
      Atomics.store(this.#words, wordOf(slot), SLOT_OPEN);
      return slot;
    }
    return -1;
  }

  state(slot: number): number {
    return Atomics.load(this.#words, wordOf(slot));
  }

  setState(slot: number, state: number): void {
    Atomics.store(this.#words, wordOf(slot), state);
  }

  descriptor(slot: number): number {
    return Atomics.load(this.#words, wordOf(slot) + 1);
  }

  /** False when the other thread has it. Who owns a slot may sync it, and close it when it was left. */
  own(slot: number, owner: number): boolean {
    return Atomics.compareExchange(this.#words, wordOf(slot) + 2, OWNER_NOBODY, owner) === OWNER_NOBODY;
  }

  /** Gives a slot back, and wakes who waits for it. */
  disown(slot: number): void {
    Atomics.store(this.#words, wordOf(slot) + 2, OWNER_NOBODY);
    Atomics.add(this.#words, 1, 1);
    Atomics.notify(this.#words, 1);
  }

  /** Waits until the syncer has finished something since `ticket`, at most so long. */
  wait(ticket: number, timeoutMs: number): void {
    Atomics.wait(this.#words, 1, ticket, timeoutMs);
  }

  /** To be taken before looking at what `wait` shall wait for. */
  get ticket(): number {
    return Atomics.load(this.#words, 1);
  }

  written(slot: number): number {
    return this.#floats[floatOf(slot)]!;
  }

  setWritten(slot: number, sequence: number): void {
    this.#floats[floatOf(slot)] = sequence;
  }

  synced(slot: number): number {
    return this.#floats[floatOf(slot) + 1]!;
  }

  /** A sync that began at `beganMs` has written out everything up to `sequence`. */
  setSynced(slot: number, sequence: number, beganMs: number): void {
    this.#floats[floatOf(slot) + 1] = sequence;
    this.#floats[floatOf(slot) + 2] = beganMs;
  }

  isDirty(slot: number): boolean {
    return this.state(slot) !== SLOT_FREE && this.synced(slot) < this.written(slot);
  }

  /** When the last sync that succeeded began; for a slot that had none, when it was opened. */
  lastSyncMs(slot: number): number {
    return this.#floats[floatOf(slot) + 2]!;
  }

  /** The highest sequence up to which everything is synced, when the last one written is `written`. */
  durable(written: number): number {
    let durable = written;
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.isDirty(slot)) durable = Math.min(durable, this.synced(slot));
    }
    return durable;
  }
}

function wordOf(slot: number): number {
  return (HEAD_BYTES + slot * SLOT_BYTES) / 4;
}

function floatOf(slot: number): number {
  return (HEAD_BYTES + slot * SLOT_BYTES + 16) / 8;
}
