/**
 * A transaction's request to one shard: word 1 of the frame is a header, and all words of its commands follow (little-endian):
 *
 *   byte  0  u32  TRANSACTION_ flags
 *   byte  4  u32  number n of steps: commands, or the parts that this frame has of them
 *   byte  8  f64  the number of the client whose watched keys must not have changed, 0 for none
 *   byte 16  u32  number h of shards that are held for the one that gets this (see shard/together.ts)
 *   byte 20  h × u32 shard
 *            n × (u32 command id (low 16 bits) | database << 16 | STEP_ flags << 24, u32 the shard that runs it, u32 number of its words)
 *
 * The words of a step are the command's without its name. With holds the executing shard has all steps and lets the held ones run theirs;
 * otherwise all are its own.
 *
 * The reply: with TRANSACTION_WHOLE what the client gets, an array of the steps' replies, or a null array when a watched key
 * has changed. Otherwise the integer 1 and the steps' replies behind one another, or the integer 0 alone.
 */
import type { ViewedBytes } from '../base/bytes.ts';

/** The words of a command as ranges of bytes: what Arguments are. */
interface Words {
  bytes: ViewedBytes;
  count: number;
  starts: Int32Array;
  ends: Int32Array;
  ensureCapacity(count: number): void;
}

export const TRANSACTION_WHOLE = 1;
/** A command of it writes. */
export const TRANSACTION_WRITES = 2;

/** Not the first part of a command that was cut: it is counted already. */
export const STEP_UNCOUNTED = 1;

const HELD_OFFSET = 20;
const STEP_BYTES = 12;

export function transactionHeaderBytes(steps: number, held: number): number {
  return HELD_OFFSET + held * 4 + steps * STEP_BYTES;
}

/** Writes the header of a request without its steps, which begins at `at`. */
export function writeTransactionHeader(
  view: DataView,
  at: number,
  flags: number,
  watcher: number,
  held: readonly number[],
  steps: number,
): void {
  view.setUint32(at, flags, true);
  view.setUint32(at + 4, steps, true);
  view.setFloat64(at + 8, watcher, true);
  view.setUint32(at + 16, held.length, true);
  for (let i = 0; i < held.length; i++) view.setUint32(at + HELD_OFFSET + i * 4, held[i]!, true);
}

/** Writes step number `step` of the header at `at` with `held` shards; `flags` are STEP_ flags, `words` is how many words it has. */
export function writeTransactionStep(
  view: DataView,
  at: number,
  held: number,
  step: number,
  command: number,
  db: number,
  flags: number,
  shard: number,
  words: number,
): void {
  const from = at + HELD_OFFSET + held * 4 + step * STEP_BYTES;
  view.setUint32(from, command | (db << 16) | (flags << 24), true);
  view.setUint32(from + 4, shard, true);
  view.setUint32(from + 8, words, true);
}

/** Reads the frames of transactions. One object serves all of them, one after the other. */
export class TransactionFrame {
  flags = 0;
  watcher = 0;
  steps = 0;
  /** Of the step that `next` came to. */
  command = 0;
  db = 0;
  isCounted = true;
  shard = 0;
  #args!: Words;
  #view!: DataView;
  /** Where the header begins in `#view`. */
  #at = 0;
  #held = 0;
  #step = 0;
  /** The first word of the next step. */
  #word = 0;

  /** `args` are the words of the frame: word 1 is the header. */
  open(args: Words): void {
    this.#args = args;
    const { bytes } = args;
    const view = bytes.view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = args.starts[1]!;
    this.#view = view;
    this.#at = at;
    this.flags = view.getUint32(at, true);
    this.steps = view.getUint32(at + 4, true);
    this.watcher = view.getFloat64(at + 8, true);
    this.#held = view.getUint32(at + 16, true);
    this.rewind();
  }

  rewind(): void {
    this.#step = 0;
    this.#word = 2;
  }

  /** Goes to the next step, whose words become those of `into`; false when there is none. */
  next(into: Words): boolean {
    if (this.#step === this.steps) return false;
    const from = this.#at + HELD_OFFSET + this.#held * 4 + this.#step++ * STEP_BYTES;
    const head = this.#view.getUint32(from, true);
    this.command = head & 0xffff;
    this.db = (head >>> 16) & 0xff;
    this.isCounted = head >>> 24 !== STEP_UNCOUNTED;
    this.shard = this.#view.getUint32(from + 4, true);
    const count = this.#view.getUint32(from + 8, true) + 1;
    const { bytes, starts, ends } = this.#args;
    if (count > into.starts.length) into.ensureCapacity(count);
    into.bytes = bytes;
    into.count = count;
    for (let i = 1; i < count; i++) {
      into.starts[i] = starts[this.#word]!;
      into.ends[i] = ends[this.#word]!;
      this.#word++;
    }
    return true;
  }

  /** How many shards are held. */
  get heldCount(): number {
    return this.#held;
  }

  /** The shards that are held. */
  held(): Set<number> {
    const held = new Set<number>();
    for (let i = 0; i < this.#held; i++) held.add(this.#view.getUint32(this.#at + HELD_OFFSET + i * 4, true));
    return held;
  }
}
