import { performance } from 'node:perf_hooks';
import { latin1 } from '../base/bytes.ts';
import type { ShardContext } from '../commands/context.ts';
import { keyWords } from '../commands/key-words.ts';
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { LOADING, logFailed, OUT_OF_MEMORY } from '../protocol/errors.ts';
import { isErrorReply } from '../protocol/reply-reader.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import { NOT_SLOW } from '../ring/command-timer.ts';
import { Epochs } from '../ring/epochs.ts';
import {
  FRAME_LAST,
  FRAME_LENGTH_MASK,
  REQUEST_EXTERNAL,
  REQUEST_HOLD,
  REQUEST_NO_TOUCH,
  REQUEST_PART,
  REQUEST_RESP3,
  REQUEST_RUN_START,
  REQUEST_TOGETHER,
  REQUEST_UPPER_CASE,
} from '../ring/layout.ts';
import { OtherShardGone } from '../ring/mailbox.ts';
import { MARK_ID, readMark } from '../ring/marks.ts';
import { noteBytes, writeNote } from '../ring/notes.ts';
import { OutOfMemory } from '../store/keyspace.ts';
import { Blocking } from './blocking.ts';
import { type ExecutorParts, HandlerContext } from './handler-context.ts';
import { handlerOf } from './handlers.ts';
import { readRequestWords } from './request-words.ts';
import { COMPACTION_MS_MAX, Together } from './together.ts';
import { ShardTransactions } from './transactions.ts';
import type { Waiter } from './waiting-clients.ts';

/** The memory of longer replies is given back. */
const KEPT_BYTES_MAX = 1024 * 1024;
const NO_SHARDS: readonly number[] = [];

export class Executor extends HandlerContext implements ShardContext {
  readonly together: Together;
  readonly waiting: Blocking;
  readonly transactions: ShardTransactions;
  readonly #parts: ExecutorParts;
  readonly #handlers: readonly ((context: ShardContext) => void)[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #epochs: Epochs;
  /** The reply to a command for which other shards are held. */
  #kept = new ReplyBuffer();
  /** Of the request that was executed last. */
  #flags = 0;
  /** There was no memory for it. */
  #hasNoRoom = false;

  constructor(parts: ExecutorParts) {
    super(parts);
    const { setup } = parts;
    this.#parts = parts;
    this.#handlers = parts.commands.map((command) => handlerOf(command));
    this.#ids = new Map(parts.commands.map(({ fullName, id }) => [fullName, id]));
    this.#epochs = new Epochs(setup.epochs);
    this.together = new Together(this, setup.index, setup.mailboxes);
    this.waiting = new Blocking(this, {
      claims: setup.claims,
      commands: parts.commands,
      observe: (observer, isOn) => parts.durability.observe(observer, isOn),
      notice: (notice) => parts.replies.notice(notice),
    });
    this.transactions = new ShardTransactions(this, parts.durability, parts.replies);
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
    this.#hasNoRoom = this.#parts.room.isShort && !isHold && !this.#makeRoom() && !isPart;
    // First of all: what comes to light about the command before belongs to its run.
    if (isPart || isHold) timer.pause();
    else {
      const isExternal = (flags & REQUEST_EXTERNAL) !== 0;
      timer.begin(id, isExternal ? FRAME_LENGTH_MASK : words[at]! & FRAME_LENGTH_MASK, words[at + 3]!);
    }
    this.#flags = flags;
    if ((flags & REQUEST_RUN_START) !== 0) replies.startRun();
    if (isHold) {
      this.#park(words[at + 2]!, id);
      return;
    }
    this.hash = words[at + 2]!;
    readRequestWords(this.args, requests, at, flags, this.#parts.setup.port);
    this.reply.resp = (flags & REQUEST_RESP3) !== 0 ? 3 : 2;
    this.keyspace.touching = (flags & REQUEST_NO_TOUCH) === 0;
    this.#setCommand(id, (head >>> 16) & 0xff);
    figures.commandsExecuted++;
    if (isPart) this.#executePart(id);
    else this.#executeWhole(id, words[at + 2]!);
    if (this.waiting.needsCare) this.serveWaiting();
  }

  /** Before the command, whose part of a transaction or of the log has not begun: what goes is not its doing. */
  #makeRoom(): boolean {
    this.#parts.timer.pause();
    return this.#parts.room.make();
  }

  /** Serves clients that waited for what is new, and tells what that has changed. */
  serveWaiting(): void {
    // Serving one of them may change several keys.
    this.#epochs.begin(this.shardIndex);
    this.waiting.care();
    this.#epochs.end(this.shardIndex);
    // It is not the doing of the client whose run this may be.
    if (this.changes.hasPending) this.#parts.replies.notices(this.changes.take(false));
  }

  /** `transaction` is the number of the one that it is the executor of, if it is. */
  #executeWhole(id: number, transaction: number): void {
    const { timer, statistics } = this.#parts;
    const errorsBefore = this.reply.errors;
    const isAlone = (this.#flags & REQUEST_TOGETHER) === 0;
    const hasRun = isAlone ? this.#runAlone(id) : this.#runTogether(id, transaction);
    // Commands within it have been timed by themselves.
    timer.begin(id);
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
    this.keyHashes.clear();
    if (command.hasKeysToTheEnd && this.args.count > command.keyIndex + 1) this.#hashAllKeys(command);
  }

  #hashAllKeys({ keys, keyIndex }: Command): void {
    this.keyHashes.compute(this.args, this.db, keys!);
    this.hash = this.keyHashes.of(keyIndex);
  }

  /** Returns whether the command ran: not when memory was short, or it could not be written down. */
  #run(id: number): boolean {
    const command = this.#parts.commands[id]!;
    if (command.isWrite) {
      this.#parts.durability.beginPart();
      const { starts, ends, count } = this.args;
      const problem = this.#parts.durability.refusal(count > 1 ? ends[count - 1]! - starts[1]! : 0);
      if (problem !== undefined) {
        this.reply.error(logFailed(problem));
        return false;
      }
      if ((this.#hasNoRoom || this.#parts.heap.isShort) && command.deniesOom) {
        this.reply.error(OUT_OF_MEMORY);
        return false;
      }
    }
    const hasRun = this.#runAdmitted(id);
    if (this.changes.hasPending) this.tellChanges();
    return hasRun;
  }

  #runAdmitted(id: number): boolean {
    try {
      this.#handlers[id]!(this);
      return true;
    } catch (error) {
      return this.#failed(id, error);
    }
  }

  /** Runs a command whose keys are all here. Nobody sees one that changes several of them half done. */
  #runAlone(id: number): boolean {
    if (!this.#parts.commands[id]!.guardsDirectReads) return this.#run(id);
    this.#epochs.begin(this.shardIndex);
    const hasRun = this.#run(id);
    this.#epochs.end(this.shardIndex);
    return hasRun;
  }

  /** The acceptor counts the command, and its error, when it has all parts; here the time is taken. */
  #executePart(id: number): void {
    const startMs = performance.now();
    this.reply.tally = undefined;
    this.#run(id);
    this.reply.tally = this.#parts.tally;
    const ns = (performance.now() - startMs) * 1e6;
    this.#parts.timer.pause();
    const { replies } = this.#parts;
    if (this.waiting.needsCare) {
      // Clients that it serves are told within its run.
      replies.insert(noteBytes(undefined), (lane, offset) =>
        writeNote(lane, offset, id, false, ns, undefined),
      );
    } else {
      replies.insertLast(noteBytes(undefined), (lane, offset) =>
        writeNote(lane, offset, id, false, ns, undefined, FRAME_LAST),
      );
    }
  }

  /**
   * Runs a command as the executor of a transaction: the shards of its other keys are held for it. Until they have been
   * released its reply is kept: a reply lane without room would be published, what is published must be committed, and a
   * commit waits for those shards.
   */
  #runTogether(id: number, transaction: number): boolean {
    const outer = this.reply;
    const { writer } = this.#kept;
    writer.resp = outer.resp;
    writer.tally = outer.tally;
    const errorsBefore = writer.errors;
    this.reply = writer;
    const hasRun = this.#runHolding(id, transaction);
    this.reply = outer;
    outer.errors += writer.errors - errorsBefore;
    this.transactions.noteSlow();
    outer.raw(writer.bytes, 0, writer.position);
    writer.position = 0;
    if (writer.bytes.length > KEPT_BYTES_MAX) this.#kept = new ReplyBuffer();
    return hasRun;
  }

  #runHolding(id: number, transaction: number): boolean {
    const command = this.#parts.commands[id]!;
    const held = this.#shardsToHold(command);
    // Where the keys are known, the acceptor lets nobody read these; otherwise these shards are hidden.
    const hidden = command.keys === undefined ? [this.shardIndex, ...held] : NO_SHARDS;
    const { contention } = this.#parts.figures;
    this.#parts.publish();
    const startMs = performance.now();
    let isBegun = false;
    try {
      this.together.begin(transaction, held);
      isBegun = true;
      for (const shard of hidden) this.#epochs.begin(shard);
      return this.#run(id);
    } catch (error) {
      if (!(error instanceof OtherShardGone)) throw error;
      // Nobody reads it: the acceptor has closed the connection, because nobody knows how far the command came.
      this.reply.error(LOADING);
      return false;
    } finally {
      if (isBegun) for (const shard of hidden) this.#epochs.end(shard);
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
    // Where the executor has died in the middle.
    this.#epochs.settle(this.shardIndex);
    replies.holdsNotices = false;
    // Hardly ever: only what the executor, which has died, did not ask for.
    if (this.changes.hasPending) this.tellChanges();
    figures.contention.isParked = false;
    figures.contention.parks++;
    figures.contention.parkedMs += performance.now() - startMs;
    clock.update();
    figures.usesAll();
    if (this.waiting.needsCare) this.serveWaiting();
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
      // They are those of the command that has just run.
      this.keyHashes.clear();
    }
    return buffer.take();
  }

  /** The hash of the first key of a command that comes next, whose memory is touched; 0 without keys. */
  warmStep(id: number, db: number, args: Arguments): number {
    const word = this.#parts.commands[id]!.keyIndex;
    return word > 0 && word < args.count ? this.keyHashes.warm(args, word, db) : 0;
  }

  /**
   * Runs one command of a transaction: it is counted as one of its own, and `reply` gets what it answers. `args` are its
   * words, the name left out. The caller sees to it that what it changes can be written down. A part of a command that was
   * cut is counted once. Returns its nanoseconds when
   * it was slow, otherwise NOT_SLOW.
   */
  runStep(
    id: number,
    db: number,
    args: Arguments,
    reply: ReplyWriter,
    isCounted = true,
    hash = this.warmStep(id, db, args),
  ): number {
    const { timer, statistics, figures, tally } = this.#parts;
    const { args: outerArgs, reply: outerReply } = this;
    this.args = args;
    this.reply = reply;
    reply.tally = tally;
    this.#setCommand(id, db);
    this.hash = hash;
    figures.commandsExecuted++;
    timer.begin(id);
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
}
