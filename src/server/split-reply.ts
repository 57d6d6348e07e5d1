/**
 * Joins the replies of a command that was cut over several shards into the one that the client gets.
 */
import type { Merge } from '../commands/command.ts';
import { firstElement, isErrorReply, readNumber, replyEnd } from '../protocol/reply-reader.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import type { Connection } from './connection.ts';
import type { PartReceiver } from './run.ts';

const NO_BYTES = new Uint8Array(0);
const NO_PARTS: readonly number[] = [];
const OK = Buffer.from('+OK\r\n', 'latin1');
const PLUS = 43;

export abstract class CutReply implements PartReceiver {
  /** What the slowest part took so far: the parts run at the same time. */
  slowestNs = 0;
  /** Whose command it is. */
  connection: Connection | undefined;
  #isLost = false;
  /** Parts of an `ok` command that have said so in one piece: nothing of them is kept. */
  #okParts = 0;
  #merge: Merge = 'ok';
  #resp: 2 | 3 = 2;
  #partCount = 0;
  /** By part: the pieces of its reply. There may be more places than parts. */
  readonly #parts: Uint8Array[][] = [];
  #partsLeft = 0;
  /** For `by-key`: the part that each key went to, in the command's order. */
  #partOfKey: readonly number[] = NO_PARTS;

  /** Waits for the replies of `parts` parts. All of an earlier command must have come. */
  protected begin(parts: number, merge: Merge, resp: 2 | 3, partOfKey: readonly number[]): void {
    this.#merge = merge;
    this.#resp = resp;
    this.#partCount = parts;
    this.#partsLeft = parts;
    this.#partOfKey = partOfKey;
    this.#okParts = 0;
    this.#isLost = false;
    this.slowestNs = 0;
    while (this.#parts.length < parts) this.#parts.push([]);
  }

  /** Gets the merged reply when the last part has ended. */
  protected abstract done(reply: Uint8Array): void;

  receive(part: number, source: Uint8Array, start: number, end: number): void {
    if (this.#merge === 'ok' && source[start] === PLUS && end - start === OK.length) this.#okParts++;
    else if (end > start) this.#parts[part]!.push(source.slice(start, end));
  }

  partTook(ns: number): void {
    if (ns > this.slowestNs) this.slowestNs = ns;
  }

  /** The shard of a part has died. Then `done` gets nothing: the connection is closed by then. */
  partLost(): void {
    this.#isLost = true;
    this.partDone();
  }

  partDone(): void {
    this.#partsLeft--;
    if (this.#partsLeft > 0) return;
    if (this.#okParts === this.#partCount) this.done(this.#isLost ? NO_BYTES : OK);
    else this.done(this.#merged());
  }

  /** Puts the pieces together, and forgets them. */
  #merged(): Uint8Array {
    // Of a command that answers OK or an error, the error is what counts; the end of a hold has no reply at all.
    const told = this.#parts
      .slice(0, this.#partCount)
      .filter((pieces) => this.#merge !== 'ok' || pieces.length > 0);
    const parts = told.map((pieces) => (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)));
    for (const pieces of this.#parts) pieces.length = 0;
    if (this.#isLost || parts.length === 0) return NO_BYTES;
    const buffer = new ReplyBuffer();
    buffer.writer.resp = this.#resp;
    mergeReplies(parts, this.#merge, this.#partOfKey, buffer.writer);
    return buffer.take();
  }
}

/** For one command: calls a function with the reply. */
export class SplitReply extends CutReply {
  readonly #done: (reply: Uint8Array) => void;

  constructor(
    parts: number,
    merge: Merge,
    resp: 2 | 3,
    partOfKey: readonly number[],
    done: (reply: Uint8Array) => void,
  ) {
    super();
    this.#done = done;
    this.begin(parts, merge, resp, partOfKey);
  }

  protected override done(reply: Uint8Array): void {
    this.#done(reply);
  }
}

/** Writes the reply that those of the `parts` make together. `partOfKey` is the part that each key went to, for `by-key`. */
export function mergeReplies(
  parts: readonly Uint8Array[],
  merge: Merge,
  partOfKey: readonly number[],
  reply: ReplyWriter,
): void {
  const failed = parts.find(isErrorReply);
  if (failed !== undefined) {
    reply.raw(failed);
    return;
  }
  switch (merge) {
    case 'ok':
      reply.raw(parts[0]!);
      break;
    case 'sum':
      reply.integer(parts.reduce((sum, part) => sum + readNumber(part, 0), 0));
      break;
    case 'concatenate':
      reply.array(parts.reduce((sum, part) => sum + readNumber(part, 0), 0));
      for (const part of parts) reply.raw(part, firstElement(part, 0));
      break;
    case 'by-key':
      writeByKey(parts, partOfKey, reply);
      break;
    default:
      merge(parts, reply);
  }
}

function writeByKey(parts: readonly Uint8Array[], partOfKey: readonly number[], reply: ReplyWriter): void {
  const next = parts.map((part) => firstElement(part, 0));
  reply.array(partOfKey.length);
  for (const part of partOfKey) {
    const start = next[part]!;
    const end = replyEnd(parts[part]!, start);
    reply.raw(parts[part]!, start, end);
    next[part] = end;
  }
}
