/**
 * A shard: one thread that owns a part of the keys. A plain synchronous loop:
 *
 *   sleep on the request lane → drain a batch → execute it → publish its replies with one wake-up
 *
 * Nothing here waits for anything but the lanes, so every command sees the memory alone and whole. Work in the
 * background (active expiry) runs in short slices between batches. The control lane is read after the head of
 * the request lane: what the acceptor sent by control before a request is in force when the request runs.
 */
import { receiveMessageOnPort } from 'node:worker_threads';
import { slotOf } from '../base/crc16.ts';
import { hashBytes } from '../base/hash.ts';
import type { ShardContext } from '../commands/context.ts';
import { keyWords } from '../commands/key-words.ts';
import { type Command, CommandTable } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';
import { ErrorTally } from '../protocol/error-tally.ts';
import { LOADING, logFailed, OUT_OF_MEMORY } from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { CommandStatistics } from '../ring/command-statistics.ts';
import { CommandTimer, NOT_SLOW } from '../ring/command-timer.ts';
import { ErrorStatistics } from '../ring/error-statistics.ts';
import { LaneConsumer, LaneProducer } from '../ring/lane.ts';
import {
  FRAME_HEADER_BYTES,
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
import type { ControlMessage, ShardSetup } from '../ring/messages.ts';
import { noteBytes, writeNote } from '../ring/notes.ts';
import { ShardStatistics } from '../ring/shard-statistics.ts';
import { WakeWord } from '../ring/wake-word.ts';
import { Keyspace, OutOfMemory } from '../store/keyspace.ts';
import { Durability } from './durability.ts';
import { ExpiryPace } from './expiry-pace.ts';
import { Figures } from './figures.ts';
import { handlerOf } from './handlers.ts';
import { type Loader, loadAll, tellLoading, tellServing } from './loading.ts';
import { MeasuringOptions } from './measuring-options.ts';
import { RunReplies } from './run-replies.ts';
import { COMPACTION_MS_MAX, Together } from './together.ts';

/** Requests are taken from the lane, and their room is given back, so many at a time. */
const GROUP_REQUESTS = 32;
/** After so much of a request lane the replies so far are published. */
const BATCH_PART = 1 / 2;
/** The longest sleep: bounds how long a lost wake-up could go unnoticed. */
const SLEEP_MS_MAX = 1000;

export class Shard implements ShardContext {
  readonly keyspace: Keyspace;
  /** Nothing but the result of loads whose only purpose is to be made: see `#takeGroup`. */
  touched = 0;
  readonly args = new Arguments();
  readonly reply: ReplyWriter;
  readonly shardIndex: number;
  readonly shardCount: number;
  readonly together: Together;
  db = 0;
  hash = 0;
  commandName = '';
  stringBytesMax: number;

  readonly #setup: ShardSetup;
  readonly #requests: LaneConsumer;
  readonly #control: LaneConsumer;
  readonly #replies: RunReplies;
  readonly #commandStatistics: CommandStatistics;
  readonly #tally = new ErrorTally();
  readonly #timer: CommandTimer;
  readonly #measuring: MeasuringOptions;
  readonly #commands: readonly Command[];
  readonly #handlers: readonly ((context: ShardContext) => void)[];
  readonly #expiry: ExpiryPace;
  readonly #figures: Figures;
  readonly #slots: Uint16Array;
  readonly #durability: Durability;
  /** Where the requests of the current group begin in the lane. */
  readonly #group = new Int32Array(GROUP_REQUESTS);
  #nowMs = Date.now();
  /** Of the command that was executed last. */
  #flags = 0;
  #isStopping = false;

  constructor(setup: ShardSetup) {
    this.#setup = setup;
    this.shardIndex = setup.index;
    this.shardCount = setup.shards;
    this.#requests = new LaneConsumer(setup.requests);
    this.#control = new LaneConsumer(setup.control);
    const wake = new WakeWord(setup.wake);
    this.#replies = new RunReplies(new LaneProducer(setup.replies), wake, () => this.#durability.commit());
    this.reply = this.#replies.writer;
    this.reply.tally = this.#tally;
    this.#commandStatistics = new CommandStatistics(setup.commandStatistics);
    this.#commands = new CommandTable().all;
    this.#handlers = this.#commands.map((command) => handlerOf(command));
    this.#timer = new CommandTimer(
      this.#commandStatistics,
      Uint8Array.from(this.#commands, (command) => (command.isConstantTime ? 1 : 0)),
      (id, ns) => this.#note(id, ns),
    );
    this.keyspace = new Keyspace({
      databases: setup.databases,
      seed: setup.seed,
      now: () => this.#nowMs,
      onShare: (message) => setup.port.postMessage(message),
    });
    for (const message of this.keyspace.share()) setup.port.postMessage(message);
    this.#slots = new Uint16Array(setup.slots);
    this.together = new Together(this, setup.index, setup.mailboxes);
    const { options } = setup;
    this.stringBytesMax = options['proto-max-bulk-len'];
    this.#expiry = new ExpiryPace(
      this.keyspace,
      setup.databases,
      options.hz,
      options['active-expire-effort'],
    );
    this.#measuring = new MeasuringOptions(this.#timer, this.#commandStatistics, this.#expiry, options);
    this.#durability = new Durability({
      shard: setup.index,
      shards: setup.shards,
      keyspace: this.keyspace,
      setup: setup.persistence,
      owns: (bytes, start, end) => this.#slots[slotOf(bytes, start, end)] === setup.index,
      now: () => this.#nowMs,
      activity: () => wake.activity,
      progressed: (loader) => tellLoading(setup.port, loader),
      report: (message) => setup.port.postMessage(message),
    });
    this.#figures = new Figures({
      keyspace: this.keyspace,
      databases: setup.databases,
      expiry: this.#expiry,
      tally: this.#tally,
      statistics: new ShardStatistics(setup.statistics),
      errors: new ErrorStatistics(setup.errorStatistics),
      durability: this.#durability,
    });
    this.#figures.publish();
  }

  /** Loads what is on disk; then serves until a control message says to stop. */
  run(): void {
    try {
      this.#serve();
    } catch (error) {
      this.#durability.abandon();
      throw error;
    }
  }

  #serve(): void {
    const loader = this.#durability.loader();
    if (this.#setup.persistence.load.from === 'nothing') loader.step(Infinity);
    else this.#load(loader);
    if (!this.#isStopping) tellServing(this.#setup.port);
    while (!this.#isStopping) {
      if (this.#requests.refresh()) {
        this.#readControl();
        this.#drain();
      } else {
        this.#readControl();
      }
      this.#background();
      if (!this.#requests.hasFrames && !this.#isStopping) this.#sleep();
    }
    this.#replies.publish();
    this.#durability.close();
  }

  #load(loader: Loader): void {
    loadAll(loader, this.#setup.port, () => {
      this.#readControl();
      this.#nowMs = Date.now();
      this.#figures.usesAll();
      this.#figures.publish();
      return !this.#isStopping;
    });
  }

  get activeExpire(): boolean {
    return this.#expiry.isActive;
  }

  set activeExpire(isActive: boolean) {
    this.#expiry.isActive = isActive;
  }

  now(): number {
    return this.#nowMs;
  }

  hashOf(index: number): number {
    return hashBytes(this.args.bytes, this.args.starts[index]!, this.args.ends[index]!, this.#setup.seed);
  }

  /** The shard that owns the key in word `index`. */
  shardOf(index: number): number {
    return this.#slots[slotOf(this.args.bytes, this.args.starts[index]!, this.args.ends[index]!)]!;
  }

  setTime(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  sleep(ms: number): void {
    if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    this.#nowMs = Date.now();
  }

  owns(key: Uint8Array): boolean {
    return this.#slots[slotOf(key, 0, key.length)] === this.shardIndex;
  }

  #sleep(): void {
    this.#requests.announceSleep();
    if (this.#requests.hasFrames || this.#control.hasFrames) {
      this.#requests.lowerSleep();
      return;
    }
    const now = Date.now();
    const due = Math.min(SLEEP_MS_MAX, this.#expiry.msUntilDue(now), this.#durability.msUntilDue(now));
    if (due > 0) this.#requests.sleep(due);
    else this.#requests.lowerSleep();
  }

  #background(): void {
    const now = Date.now();
    if (this.#durability.msUntilDue(now) <= 0) this.#durability.background();
    if (this.#expiry.msUntilDue(now) > 0) return;
    this.#nowMs = now;
    this.#expiry.run(now);
    this.#durability.commit();
    this.#figures.usesAll();
    this.#figures.publish();
  }

  #drain(): void {
    const requests = this.#requests;
    this.#nowMs = Date.now();
    let unpublishedBytes = 0;
    for (;;) {
      const count = this.#takeGroup();
      for (let i = 0; i < count; i++) this.#execute(this.#group[i]!);
      // Before their memory is given back: a slow command's words are still needed.
      this.#timer.flush();
      unpublishedBytes += requests.unreleasedBytes;
      requests.release();
      if (count < GROUP_REQUESTS) break;
      // A long batch is answered in parts, so that the acceptor refills the lane while the shard goes on.
      if (unpublishedBytes >= requests.capacity * BATCH_PART) {
        this.#publish();
        unpublishedBytes = 0;
      }
    }
    this.#timer.pause();
    this.#replies.endRun();
    this.#publish();
  }

  /** Figures first: whoever has read a reply finds them up to date. And before them, what is answered must be safe. */
  #publish(): void {
    this.#durability.commit();
    this.#figures.publish();
    this.#replies.publish();
  }

  /**
   * Takes the next requests, and touches the memory that each will need. Looked up one after the other, every key
   * costs the wait for two or three cache misses; the touches of a group do not depend on each other, so the
   * processor waits for all of them at once. (Valkey 8 prefetches for batches of commands in the same way.)
   */
  #takeGroup(): number {
    const requests = this.#requests;
    const words = requests.words;
    let count = 0;
    while (count < GROUP_REQUESTS) {
      const offset = requests.next();
      if (offset < 0) break;
      this.#group[count++] = offset;
    }
    if (count < 2) return count;
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const at = this.#group[i]! >> 2;
      touched ^= this.keyspace.warm((words[at + 1]! >>> 16) & 0xff, words[at + 2]!);
    }
    // Kept, so that the loads above are not found useless and left out.
    this.touched = touched;
    return count;
  }

  #execute(offset: number): void {
    const words = this.#requests.words;
    const at = offset >> 2;
    const head = words[at + 1]!;
    const id = head & 0xffff;
    if (id === MARK_ID) {
      this.#durability.take(readMark(this.#requests.bytes, offset));
      return;
    }
    const flags = head >>> 24;
    const db = (head >>> 16) & 0xff;
    const isPart = (flags & REQUEST_PART) !== 0;
    const isHold = (flags & REQUEST_HOLD) !== 0;
    // First of all: what comes to light about the command before belongs to its run.
    if (isPart || isHold) this.#timer.pause();
    else
      this.#timer.begin(
        id,
        (flags & REQUEST_EXTERNAL) !== 0 ? FRAME_LENGTH_MASK : words[at]! & FRAME_LENGTH_MASK,
      );
    this.#flags = flags;
    if ((flags & REQUEST_RUN_START) !== 0) this.#replies.startRun();
    if (isHold) {
      this.#park(words[at + 2]!, id);
      return;
    }
    this.hash = words[at + 2]!;
    this.#readWords(words, at, flags);
    this.#figures.uses(db);
    this.db = db;
    const command = this.#commands[id]!;
    this.commandName = command.fullName;
    this.reply.resp = (flags & REQUEST_RESP3) !== 0 ? 3 : 2;
    this.keyspace.countsLookups = !command.isWrite;
    this.keyspace.touching = (flags & REQUEST_NO_TOUCH) === 0;
    this.#figures.commandsExecuted++;
    if (command.changesOtherDatabases) this.#figures.usesAll();
    if (isPart) {
      this.#executePart(id);
      return;
    }
    const errorsBefore = this.reply.errors;
    const hasRun = (flags & REQUEST_TOGETHER) === 0 ? this.#run(id) : this.#runTogether(id, this.hash);
    if (!hasRun) {
      this.#commandStatistics.rejected(id);
      return;
    }
    if (this.reply.errors !== errorsBefore) this.#commandStatistics.failed(id);
    const slowNs = this.#timer.end();
    if (slowNs !== NOT_SLOW) this.#note(id, slowNs);
  }

  /** Returns whether the command ran: not when memory was short, or it could not be written down. */
  #run(id: number): boolean {
    if (this.#commands[id]!.isWrite) {
      this.#durability.beginPart();
      const { starts, ends, count } = this.args;
      const problem = this.#durability.refusal(count > 1 ? ends[count - 1]! - starts[1]! : 0);
      if (problem !== undefined) {
        this.reply.error(logFailed(problem));
        return false;
      }
    }
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
    this.reply.tally = this.#tally;
    const ns = (performance.now() - startMs) * 1e6;
    this.#replies.insert(noteBytes(undefined), (lane, offset) => {
      writeNote(lane, offset, id, false, ns, undefined);
    });
  }

  /** Runs a command as the executor of a transaction: the shards of its other keys are held for it. */
  #runTogether(id: number, transaction: number): boolean {
    const words = keyWords(this.#commands[id]!.keys!, this.args);
    const held = new Set(words.map((word) => this.shardOf(word)));
    held.delete(this.shardIndex);
    this.hash = this.hashOf(words[0]!);
    this.#publish();
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
    }
  }

  /** Answers only the executor of a transaction, until it releases this shard. The hold's own reply is empty. */
  #park(transaction: number, executor: number): void {
    this.#publish();
    this.#durability.beginPart();
    this.together.park(transaction, executor);
    this.#nowMs = Date.now();
    this.#figures.usesAll();
    this.#replies.endRun();
  }

  /** Tells the acceptor of the command that was executed last, because it was slow. */
  #note(id: number, ns: number): void {
    const isUpperCase = (this.#flags & REQUEST_UPPER_CASE) !== 0;
    this.#replies.insert(noteBytes(this.args), (lane, offset) => {
      writeNote(lane, offset, id, isUpperCase, ns, this.args);
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

  /** Points `args` at the words of the frame whose first word stands at `at`. */
  #readWords(words: Int32Array, at: number, flags: number): void {
    const args = this.args;
    const count = words[at + 3]!;
    args.count = count;
    if (count > args.starts.length) args.ensureCapacity(count);
    let lengths = words;
    let lengthAt = at + REQUEST_WORDS_OFFSET / 4;
    args.bytes = this.#requests.bytes;
    if ((flags & REQUEST_EXTERNAL) !== 0) {
      const memory = receiveMessageOnPort(this.#setup.port)!.message as SharedArrayBuffer;
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

  #readControl(): void {
    if (!this.#control.refresh()) return;
    for (;;) {
      const offset = this.#control.next();
      if (offset < 0) break;
      const start = offset + FRAME_HEADER_BYTES;
      const end = offset + this.#control.frameBytes;
      const text = Buffer.from(this.#control.bytes.slice(start, end)).toString('utf8');
      this.#apply(JSON.parse(text) as ControlMessage);
    }
    this.#control.release();
  }

  #apply(message: ControlMessage): void {
    this.#durability.apply(message);
    switch (message.kind) {
      case 'shutdown':
        this.#isStopping = true;
        break;
      case 'option':
        if (message.name === 'proto-max-bulk-len') this.stringBytesMax = Number(message.value);
        if (message.name === 'hz') this.#expiry.hz = Number(message.value);
        if (message.name === 'active-expire-effort') this.#expiry.effort = Number(message.value);
        this.#measuring.set(message.name, message.value);
        break;
    }
  }
}
