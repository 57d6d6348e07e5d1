/**
 * Executes the requests of a shard, one after the other: it reads a frame of the request lane, sets up what handlers see
 * (it is the ShardContext), runs the handler, and counts the command. Commands within commands, as those of a transaction, run
 * here as well (`runStep`, `runInner`).
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { latin1 } from '../base/bytes.ts';
import { slotOf } from '../base/crc16.ts';
import { hashBytes } from '../base/hash.ts';
import type { ShardContext } from '../commands/context.ts';
import { keyWords } from '../commands/key-words.ts';
import type { Command } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';
import type { ErrorTally } from '../protocol/error-tally.ts';
import { LOADING, logFailed, OUT_OF_MEMORY } from '../protocol/errors.ts';
import { isErrorReply } from '../protocol/reply-reader.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import type { CommandStatistics } from '../ring/command-statistics.ts';
import { type CommandTimer, NOT_SLOW } from '../ring/command-timer.ts';
import type { LaneConsumer } from '../ring/lane.ts';
import {
  FRAME_LENGTH_MASK,
  REQUEST_EXTERNAL,
  REQUEST_HOLD,
  REQUEST_NO_TOUCH,
  REQUEST_PART,
  REQUEST_RESP3,
  REQUEST_RUN_START,
  REQUEST_TOGETHER,
  REQUEST_UPPER_CASE,
  REQUEST_WORDS_OFFSET,
} from '../ring/layout.ts';
import { OtherShardGone } from '../ring/mailbox.ts';
import { MARK_ID, readMark } from '../ring/marks.ts';
import type { ShardSetup } from '../ring/messages.ts';
import { noteBytes, writeNote } from '../ring/notes.ts';
import { type Keyspace, OutOfMemory } from '../store/keyspace.ts';
import { Blocking } from './blocking.ts';
import type { ShardClock } from './clock.ts';
import type { Durability } from './durability.ts';
import type { ExpiryPace } from './expiry-pace.ts';
import type { Figures } from './figures.ts';
import { handlerOf } from './handlers.ts';
import type { RunReplies } from './run-replies.ts';
import { COMPACTION_MS_MAX, Together } from './together.ts';
import { ShardTransactions } from './transactions.ts';
import type { Waiter } from './waiting-clients.ts';

export interface ExecutorParts {
  readonly setup: ShardSetup;
  readonly clock: ShardClock;
  readonly keyspace: Keyspace;
  readonly requests: LaneConsumer;
  readonly replies: RunReplies;
  readonly commands: readonly Command[];
  readonly statistics: CommandStatistics;
  readonly timer: CommandTimer;
  readonly tally: ErrorTally;
  readonly expiry: ExpiryPace;
  readonly durability: Durability;
  readonly figures: Figures;
  /** Commits and publishes what has been answered so far. */
  publish(): void;
}

export class Executor implements ShardContext {
  readonly keyspace: Keyspace;
  readonly shardIndex: number;
  readonly shardCount: number;
  readonly together: Together;
  readonly waiting: Blocking;
  readonly transactions: ShardTransactions;
  args = new Arguments();
  reply: ReplyWriter;
  db = 0;
  hash = 0;
  commandName = '';
  stringBytesMax: number;

  readonly #parts: ExecutorParts;
  readonly #port: MessagePort;
  readonly #handlers: readonly ((context: ShardContext) => void)[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #slots: Uint16Array;
  /** Of the request that was executed last. */
  #flags = 0;

  constructor(parts: ExecutorParts) {
    const { setup } = parts;
    this.#parts = parts;
    this.#port = setup.port;
    this.keyspace = parts.keyspace;
    this.reply = parts.replies.writer;
    this.reply.tally = parts.tally;
    this.shardIndex = setup.index;
    this.shardCount = setup.shards;
    this.stringBytesMax = setup.options['proto-max-bulk-len'];
    this.#handlers = parts.commands.map((command) => handlerOf(command));
    this.#ids = new Map(parts.commands.map(({ fullName, id }) => [fullName, id]));
    this.#slots = new Uint16Array(setup.slots);
    this.together = new Together(this, setup.index, setup.mailboxes);
    this.waiting = new Blocking(this, {
      claims: setup.claims,
      commands: parts.commands,
      observe: (observer, isOn) => parts.durability.observe(observer, isOn),
      notice: (notice) => parts.replies.notice(notice),
    });
    this.transactions = new ShardTransactions(this, parts.durability, parts.replies);
  }

  // What handlers see

  get activeExpire(): boolean {
    return this.#parts.expiry.isActive;
  }

  set activeExpire(isActive: boolean) {
    this.#parts.expiry.isActive = isActive;
  }

  now(): number {
    return this.#parts.clock.nowMs;
  }

  setTime(nowMs: number): void {
    this.#parts.clock.nowMs = nowMs;
  }

  hashOf(index: number): number {
    return hashBytes(
      this.args.bytes,
      this.args.starts[index]!,
      this.args.ends[index]!,
      this.#parts.setup.seed,
    );
  }

  /** The shard that owns the key in word `index`. */
  shardOf(index: number): number {
    return this.#slots[slotOf(this.args.bytes, this.args.starts[index]!, this.args.ends[index]!)]!;
  }

  shardOfKey(key: Uint8Array): number {
    return this.#slots[slotOf(key, 0, key.length)]!;
  }

  owns(key: Uint8Array): boolean {
    return this.shardOfKey(key) === this.shardIndex;
  }

  sleep(ms: number): void {
    if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    this.#parts.clock.update();
  }

  notify(): void {
    // Nobody listens to events of the keyspace yet.
  }

  notifyRef(): void {
    // As above.
  }

  // Requests

  /** Executes the request, or takes note of the mark, in the frame at `offset` of the request lane. */
  execute(offset: number): void {
    const { requests, timer, figures, replies } = this.#parts;
    const words = requests.words;
    const at = offset >> 2;
    const head = words[at + 1]!;
    const id = head & 0xffff;
    if (id === MARK_ID) {
      const mark = readMark(requests.bytes, offset);
      if (!this.waiting.take(mark)) this.#parts.durability.take(mark);
      return;
    }
    const flags = head >>> 24;
    const isPart = (flags & REQUEST_PART) !== 0;
    const isHold = (flags & REQUEST_HOLD) !== 0;
    // First of all: what comes to light about the command before belongs to its run.
    if (isPart || isHold) timer.pause();
    else
      timer.begin(id, (flags & REQUEST_EXTERNAL) !== 0 ? FRAME_LENGTH_MASK : words[at]! & FRAME_LENGTH_MASK);
    this.#flags = flags;
    if ((flags & REQUEST_RUN_START) !== 0) replies.startRun();
    if (isHold) {
      this.#park(words[at + 2]!, id);
      return;
    }
    this.hash = words[at + 2]!;
    this.#readWords(words, at, flags);
    this.reply.resp = (flags & REQUEST_RESP3) !== 0 ? 3 : 2;
    this.keyspace.touching = (flags & REQUEST_NO_TOUCH) === 0;
    this.#setCommand(id, (head >>> 16) & 0xff);
    figures.commandsExecuted++;
    if (isPart) this.#executePart(id);
    else this.#executeWhole(id);
    if (this.waiting.needsCare) this.waiting.care();
  }

  #executeWhole(id: number): void {
    const { timer, statistics } = this.#parts;
    const errorsBefore = this.reply.errors;
    const isAlone = (this.#flags & REQUEST_TOGETHER) === 0;
    const hasRun = isAlone ? this.#run(id) : this.#runTogether(id, this.hash);
    // Commands within it have been timed by themselves.
    timer.begin(id, 0);
    if (!hasRun) {
      statistics.rejected(id);
      return;
    }
    if (this.reply.errors !== errorsBefore) statistics.failed(id);
    const slowNs = timer.end();
    if (slowNs !== NOT_SLOW) this.note(id, slowNs);
  }

  #hashFirstKey(id: number): void {
    const word = this.#parts.commands[id]!.keyIndex;
    this.hash = word > 0 && word < this.args.count ? this.hashOf(word) : 0;
  }

  #setCommand(id: number, db: number): void {
    const command = this.#parts.commands[id]!;
    this.db = db;
    this.commandName = command.fullName;
    this.#parts.figures.uses(db);
    this.keyspace.countsLookups = !command.isWrite;
    if (command.changesOtherDatabases) this.#parts.figures.usesAll();
  }

  /** Returns whether the command ran: not when memory was short, or it could not be written down. */
  #run(id: number): boolean {
    if (this.#parts.commands[id]!.isWrite) {
      this.#parts.durability.beginPart();
      const { starts, ends, count } = this.args;
      const problem = this.#parts.durability.refusal(count > 1 ? ends[count - 1]! - starts[1]! : 0);
      if (problem !== undefined) {
        this.reply.error(logFailed(problem));
        return false;
      }
    }
    return this.#runAdmitted(id);
  }

  #runAdmitted(id: number): boolean {
    try {
      this.#handlers[id]!(this);
      return true;
    } catch (error) {
      return this.#failed(id, error);
    }
  }

  /** The acceptor counts the command, and its error, when it has all parts; here the time is taken. */
  #executePart(id: number): void {
    const startMs = performance.now();
    this.reply.tally = undefined;
    this.#run(id);
    this.reply.tally = this.#parts.tally;
    const ns = (performance.now() - startMs) * 1e6;
    this.#parts.timer.pause();
    this.#parts.replies.insert(noteBytes(undefined), (lane, offset) => {
      writeNote(lane, offset, id, false, ns, undefined);
    });
  }

  /** Runs a command as the executor of a transaction: the shards of its other keys are held for it. */
  #runTogether(id: number, transaction: number): boolean {
    const held = this.#shardsToHold(this.#parts.commands[id]!);
    const { contention } = this.#parts.figures;
    this.#parts.publish();
    const startMs = performance.now();
    try {
      this.together.begin(transaction, held);
      return this.#run(id);
    } catch (error) {
      if (!(error instanceof OtherShardGone)) throw error;
      // Nobody reads it: the acceptor has closed the connection, because nobody knows how far the command came.
      this.reply.error(LOADING);
      return false;
    } finally {
      this.together.end(held);
      contention.holds++;
      contention.holdMs += performance.now() - startMs;
    }
  }

  /** The shards that a command needs beside this one. */
  #shardsToHold({ keys, holdsAllShards }: Command): Set<number> {
    if (keys === undefined) return this.transactions.heldBy(this.args);
    const words = keyWords(keys, this.args);
    const held = new Set(
      holdsAllShards?.(this.args)
        ? Array.from({ length: this.shardCount }, (_, shard) => shard)
        : words.map((word) => this.shardOf(word)),
    );
    held.delete(this.shardIndex);
    this.hash = this.hashOf(words[0]!);
    return held;
  }

  /** Answers only the executor of a transaction, until it releases this shard. The hold's own reply is empty. */
  #park(transaction: number, executor: number): void {
    this.#parts.publish();
    this.#parts.durability.beginPart();
    const { figures, replies, clock } = this.#parts;
    const startMs = performance.now();
    figures.contention.isParked = true;
    figures.publish();
    replies.holdsNotices = true;
    this.together.park(transaction, executor);
    replies.holdsNotices = false;
    figures.contention.isParked = false;
    figures.contention.parks++;
    figures.contention.parkedMs += performance.now() - startMs;
    clock.update();
    figures.usesAll();
    if (this.waiting.needsCare) this.waiting.care();
    replies.endRun();
  }

  /** Tells the acceptor of the command that was executed last, because it was slow. */
  note(id: number, ns: number, args = this.args): void {
    const { replies } = this.#parts;
    // In the middle of a transaction nothing may be published, and this could be: one that only comes to light there is not told.
    if (replies.holdsNotices) return;
    const isUpperCase = (this.#flags & REQUEST_UPPER_CASE) !== 0;
    replies.insert(noteBytes(args), (lane, offset) => {
      writeNote(lane, offset, id, isUpperCase, ns, args);
    });
  }

  /**
   * Out of memory is an answer, once moving entries together has not helped; anything else ends the shard. Returns
   * whether the command ran in the end.
   */
  #failed(id: number, error: unknown): boolean {
    if (!(error instanceof OutOfMemory)) throw error;
    if (this.keyspace.compact(COMPACTION_MS_MAX) > 0) {
      try {
        // It was thrown before anything was changed or answered, so the command can start over.
        this.#handlers[id]!(this);
        return true;
      } catch (again) {
        if (!(again instanceof OutOfMemory)) throw again;
      }
    }
    this.reply.error(OUT_OF_MEMORY);
    return false;
  }

  // Commands within commands

  /** The number of the command with this full name. */
  idOf(name: string): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`there is no command ${name}`);
    return id;
  }

  /**
   * Runs a command on this shard, in the middle of another: `args` are its words, the name left out as in requests. What it
   * replies, in RESP2 unless told otherwise, is returned; the other command goes on as if nothing had been. It is not counted. Throws OutOfMemory.
   */
  runInner(id: number, db: number, args: Arguments, resp: 2 | 3 = 2): Uint8Array {
    const { keyspace } = this;
    const { args: outerArgs, reply: outerReply, db: outerDb, hash: outerHash, commandName: outerName } = this;
    const { countsLookups } = keyspace;
    const buffer = new ReplyBuffer();
    buffer.writer.resp = resp;
    this.args = args;
    this.reply = buffer.writer;
    this.#setCommand(id, db);
    this.#hashFirstKey(id);
    try {
      this.#handlers[id]!(this);
    } finally {
      this.args = outerArgs;
      this.reply = outerReply;
      this.db = outerDb;
      this.hash = outerHash;
      this.commandName = outerName;
      keyspace.countsLookups = countsLookups;
    }
    return buffer.take();
  }

  /**
   * Runs one command of a transaction: it is counted as one of its own, and `reply` gets what it answers. `args` are its
   * words, the name left out. The caller sees to it that what it changes can be written down. A part of a command that was
   * cut is counted once. Returns its nanoseconds when
   * it was slow, otherwise NOT_SLOW.
   */
  runStep(id: number, db: number, args: Arguments, reply: ReplyWriter, isCounted = true): number {
    const { timer, statistics, figures, tally } = this.#parts;
    const { args: outerArgs, reply: outerReply } = this;
    this.args = args;
    this.reply = reply;
    reply.tally = tally;
    this.#setCommand(id, db);
    this.#hashFirstKey(id);
    figures.commandsExecuted++;
    timer.begin(id, 0);
    const errorsBefore = reply.errors;
    try {
      const hasRun = this.#runAdmitted(id);
      if (!isCounted) {
        timer.pause();
        return NOT_SLOW;
      }
      if (!hasRun) {
        statistics.rejected(id);
        return NOT_SLOW;
      }
      if (reply.errors !== errorsBefore) statistics.failed(id);
      return timer.end();
    } finally {
      this.args = outerArgs;
      this.reply = outerReply;
    }
  }

  // Clients that wait

  /** Lets the client of the command that runs now wait on `shard`, which is held, as well. */
  waitThere(shard: number, ticket: number): void {
    this.together.wait(shard, ticket, this.idOf(this.commandName), this.reply.resp);
  }

  /** Runs the command of one who waits, and returns its reply. It was counted when it came. */
  runAgain({ id, db, args, resp }: Waiter): Uint8Array {
    const { commands, durability, statistics, tally } = this.#parts;
    const run = () => {
      const reply = this.runInner(id, db, args, resp);
      if (!isErrorReply(reply)) return reply;
      statistics.failed(id);
      tally.count(latin1(reply, 1, reply.length - 2));
      return reply;
    };
    if (commands[id]!.isWrite) {
      const problem = durability.refusal(args.bytes.length);
      if (problem !== undefined) return this.#refuseAgain(logFailed(problem));
    }
    try {
      return run();
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
    }
    try {
      // As with any command: nothing was changed yet.
      if (this.keyspace.compact(COMPACTION_MS_MAX) > 0) return run();
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
    }
    return this.#refuseAgain(OUT_OF_MEMORY);
  }

  #refuseAgain(text: string): Uint8Array {
    const buffer = new ReplyBuffer();
    buffer.writer.tally = this.#parts.tally;
    if (this.waiting.claim()) buffer.writer.error(text);
    return buffer.take();
  }

  /** Points `args` at the words of the frame whose first word stands at `at`. */
  #readWords(words: Int32Array, at: number, flags: number): void {
    const args = this.args;
    const count = words[at + 3]!;
    args.count = count;
    if (count > args.starts.length) args.ensureCapacity(count);
    let lengths = words;
    let lengthAt = at + REQUEST_WORDS_OFFSET / 4;
    args.bytes = this.#parts.requests.bytes;
    if ((flags & REQUEST_EXTERNAL) !== 0) {
      const memory = receiveMessageOnPort(this.#port)!.message as SharedArrayBuffer;
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
}
