/** Makes the reply of EXEC from what shards answered and what the commands that run here write. */
import { readNumber, replyEnd } from '../protocol/reply-reader.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { Connection } from './connection.ts';
import type { PartReceiver } from './run.ts';
import { mergeReplies } from './split-reply.ts';
import type { PlannedReply } from './transaction-plan.ts';

const NO_BYTES = new Uint8Array(0);
/** The reply of a shard begins with an integer of one digit. */
const ANSWER_OFFSET = 4;

/** Collects what the shards answered, each with what it says of its steps (see ring/transaction-frame.ts). */
export class TransactionReplies implements PartReceiver {
  slowestNs = 0;
  readonly connection: Connection;
  readonly #parts: Uint8Array[][];
  #partsLeft: number;
  #isLost = false;
  readonly #done: (parts: readonly Uint8Array[]) => void;

  /** `done` gets one reply for each of `parts` shards, or none at all when one of them has died. */
  constructor(connection: Connection, parts: number, done: (parts: readonly Uint8Array[]) => void) {
    this.connection = connection;
    this.#parts = [];
    for (let i = 0; i < parts; i++) this.#parts.push([]);
    this.#partsLeft = parts;
    this.#done = done;
  }

  receive(part: number, source: Uint8Array, start: number, end: number): void {
    // The frame that ends a part has nothing else in it.
    if (end > start) this.#parts[part]!.push(source.slice(start, end));
  }

  partTook(ns: number): void {
    if (ns > this.slowestNs) this.slowestNs = ns;
  }

  partLost(): void {
    this.#isLost = true;
    this.partDone();
  }

  partDone(): void {
    if (--this.#partsLeft > 0) return;
    const whole = (pieces: Uint8Array[]) => (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
    this.#done(this.#isLost ? [] : this.#parts.map(whole));
  }
}

/** The replies of a transaction's steps, one after the other, whichever shards they ran on. */
export class StepReplies {
  readonly #parts: readonly Uint8Array[];
  readonly #at: number[];
  /** By step: the part that has its reply. */
  readonly #partOfStep: readonly number[];
  #step = 0;

  constructor(parts: readonly Uint8Array[], partOfStep: readonly number[]) {
    this.#parts = parts;
    this.#at = parts.map(() => ANSWER_OFFSET);
    this.#partOfStep = partOfStep;
  }

  /** False: a watched key had changed, and nothing has run. */
  get hasRun(): boolean {
    return this.#parts.every((part) => part.length === 0 || readNumber(part, 0) === 1);
  }

  next(): Uint8Array {
    const part = this.#partOfStep[this.#step++]!;
    const bytes = this.#parts[part] ?? NO_BYTES;
    const start = this.#at[part]!;
    const end = replyEnd(bytes, start);
    this.#at[part] = end;
    return bytes.subarray(start, end);
  }

  /** Writes the next reply. */
  writeNext(reply: ReplyWriter): void {
    const part = this.#partOfStep[this.#step++]!;
    const bytes = this.#parts[part] ?? NO_BYTES;
    const start = this.#at[part]!;
    const end = replyEnd(bytes, start);
    this.#at[part] = end;
    reply.raw(bytes, start, end);
  }
}

/** Writes the reply of a command that ran on shards. */
export function writeStepReply(
  planned: Extract<PlannedReply, { from: 'step' | 'parts' }>,
  steps: StepReplies,
  reply: ReplyWriter,
): void {
  if (planned.from === 'step') {
    steps.writeNext(reply);
    return;
  }
  const parts = Array.from({ length: planned.parts }, () => steps.next());
  mergeReplies(parts, planned.merge, planned.partOfKey, reply);
}
