/**
 * Transactions, as a shard runs them: the commands that a client has queued, or this shard's part of them, without a break.
 *
 * What the commands answer is kept until the last of them has run, and so is what the acceptor is to be told of changes: a reply lane
 * that is full is published in the middle of a command, and nothing is published before it is written to the log. So a
 * transaction is one record of the log, or one part of a record in each of several logs.
 */
import type { ShardTransactions as Service } from '../commands/context.ts';
import { Arguments } from '../protocol/arguments.ts';
import { logFailed } from '../protocol/errors.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import { NOT_SLOW } from '../ring/command-timer.ts';
import { TRANSACTION_WHOLE, TRANSACTION_WRITES, TransactionFrame } from '../ring/transaction-frame.ts';
import type { Durability } from './durability.ts';
import type { RunReplies } from './run-replies.ts';
import type { Together } from './together.ts';
import { WatchedKeys } from './watched-keys.ts';

/** What this needs of the executor. */
export interface TransactionHost {
  readonly args: Arguments;
  readonly reply: ReplyWriter;
  readonly db: number;
  readonly keyspace: ConstructorParameters<typeof WatchedKeys>[0];
  readonly shardIndex: number;
  readonly together: Together;
  idOf(name: string): number;
  warmStep(id: number, db: number, args: Arguments): number;
  runStep(
    id: number,
    db: number,
    args: Arguments,
    reply: ReplyWriter,
    isCounted: boolean,
    hash: number,
  ): number;
  /** Tells the acceptor of a slow command with the words `args`. */
  note(id: number, ns: number, args: Arguments): void;
}

export class ShardTransactions implements Service {
  readonly #host: TransactionHost;
  readonly #durability: Durability;
  readonly #replies: RunReplies;
  readonly #watched: WatchedKeys;
  readonly #frame = new TransactionFrame();
  readonly #step = new Arguments();
  #hashes = new Int32Array(64);
  readonly #buffer = new ReplyBuffer();
  /** By step of the last transaction that was slow: its nanoseconds. */
  #slow: readonly number[] = [];

  constructor(host: TransactionHost, durability: Durability, replies: RunReplies) {
    this.#host = host;
    this.#durability = durability;
    this.#replies = replies;
    this.#watched = new WatchedKeys(host.keyspace, (isUsed) => durability.observe(this.#watched, isUsed));
  }

  /** The shards that are held for the request in `args`. */
  heldBy(args: Arguments): Set<number> {
    this.#frame.open(args);
    return this.#frame.held();
  }

  watch(client: number, firstKey: number): void {
    const { args, db } = this.#host;
    for (let i = firstKey; i < args.count; i++) {
      this.#watched.add(client, db, args.bytes, args.starts[i]!, args.ends[i]!);
    }
  }

  unwatch(client: number): boolean {
    return this.#watched.remove(client);
  }

  run(): void {
    const { reply } = this.#host;
    const frame = this.#frame;
    frame.open(this.#host.args);
    this.#durability.beginPart();
    const isWhole = (frame.flags & TRANSACTION_WHOLE) !== 0;
    if (frame.watcher !== 0 && this.#hasChanged(frame.watcher, frame.held())) {
      if (isWhole) reply.nullArray();
      else reply.integer(0);
      return;
    }
    const { writer } = this.#buffer;
    writer.resp = reply.resp;
    if (isWhole) writer.array(frame.steps);
    else writer.integer(1);
    this.#replies.holdsNotices = true;
    try {
      this.#slow = this.#runSteps(writer);
      this.#replies.holdsNotices = false;
      if (frame.heldCount === 0) this.noteSlow();
      reply.raw(writer.bytes, 0, writer.position);
    } finally {
      // A held shard may have died in the middle.
      this.#replies.holdsNotices = false;
      writer.position = 0;
    }
  }

  /** By step that was slow: its nanoseconds. */
  #runSteps(writer: ReplyWriter): readonly number[] {
    const slow: number[] = [];
    const host = this.#host;
    const frame = this.#frame;
    const step = this.#step;
    const { args } = host;
    const writes = (frame.flags & TRANSACTION_WRITES) !== 0;
    const wordBytes = args.ends[args.count - 1]! - args.starts[1]!;
    const problem = writes ? this.#durability.refusal(wordBytes) : undefined;
    const hashes = this.#warm();
    for (let i = 0; frame.next(step); i++) {
      if (problem !== undefined) {
        writer.error(logFailed(problem));
      } else if (frame.shard === host.shardIndex) {
        const ns = host.runStep(frame.command, frame.db, step, writer, frame.isCounted, hashes[i]!);
        if (ns !== NOT_SLOW) slow[i] = ns;
      } else {
        const { command, db, shard, isCounted } = frame;
        writer.raw(host.together.runStep(shard, command, db, step, writer.resp, isCounted));
      }
    }
    return slow;
  }

  /** The hashes of the first keys of the steps on this shard; what they will need of its memory is touched at once. */
  #warm(): Int32Array {
    const frame = this.#frame;
    const step = this.#step;
    if (this.#hashes.length < frame.steps) this.#hashes = new Int32Array(frame.steps);
    for (let i = 0; frame.next(step); i++) {
      if (frame.shard !== this.#host.shardIndex) continue;
      this.#hashes[i] = this.#host.warmStep(frame.command, frame.db, step);
    }
    frame.rewind();
    return this.#hashes;
  }

  /** Tells the acceptor of the slow commands of the last transaction. To be called when no shard is held for it any more. */
  noteSlow(): void {
    const slow = this.#slow;
    if (slow.length === 0) return;
    this.#slow = [];
    const frame = this.#frame;
    frame.rewind();
    for (let i = 0; frame.next(this.#step); i++) {
      if (slow[i] !== undefined) this.#host.note(frame.command, slow[i]!, this.#step);
    }
  }

  /** Whether a key that the client watched, on this shard or a held one, has changed; afterwards it watches none. */
  #hasChanged(client: number, held: ReadonlySet<number>): boolean {
    let hasChanged = this.#watched.remove(client);
    const id = this.#host.idOf('unwatch');
    const args = new Arguments();
    args.setWords([new Uint8Array(0), Buffer.from(String(client), 'latin1')]);
    for (const shard of held) {
      if (this.#host.together.runInnerOn(shard, id, 0, args)[1] === ONE) hasChanged = true;
    }
    return hasChanged;
  }
}

/** The digit of the integer 1. */
const ONE = 49;
