/**
 * An acceptor's end of one shard: its lanes, the runs that it will answer, and the view of its memory.
 */
import type { MessagePort } from 'node:worker_threads';
import { copyBytes } from '../base/bytes.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { CommandStatistics } from '../ring/command-statistics.ts';
import type { Epochs } from '../ring/epochs.ts';
import type { ErrorStatistics } from '../ring/error-statistics.ts';
import { LaneConsumer, LaneProducer } from '../ring/lane.ts';
import {
  FRAME_ALIGN,
  FRAME_HEADER_BYTES,
  FRAME_LAST,
  FRAME_NOTE,
  FRAME_NOTICE,
  REQUEST_EXTERNAL,
  REQUEST_HOLD,
  REQUEST_RUN_START,
  REQUEST_WORDS_OFFSET,
} from '../ring/layout.ts';
import { markBytes, writeMark } from '../ring/marks.ts';
import type { ControlMessage } from '../ring/messages.ts';
import { type Note, readNote } from '../ring/notes.ts';
import { decodeNotice, type Notice } from '../ring/notices.ts';
import type { ShardStatistics } from '../ring/shard-statistics.ts';
import type { KeyspaceView } from '../store/view.ts';
import type { Connection } from './connection.ts';
import { type Run, RunQueue } from './run.ts';
import { SpareMemory } from './spare-memory.ts';

/** Requests beside the lane that may be on their way at once; one more is always let through when none is. */
const EXTERNAL_BYTES_MAX = 64 * 1024 * 1024;

export interface ShardLanes {
  readonly requests: SharedArrayBuffer;
  readonly replies: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

/** What the shard counts, in shared memory. */
export interface ShardCounts {
  readonly statistics: ShardStatistics;
  readonly commandStatistics: CommandStatistics;
  readonly errorStatistics: ErrorStatistics;
}

export class ShardLink {
  readonly index: number;
  /** Set with each thread that begins, before its shard serves. */
  view!: KeyspaceView;
  readonly statistics: ShardStatistics;
  readonly commandStatistics: CommandStatistics;
  readonly errorStatistics: ErrorStatistics;
  /** The run that the next request may join: it must be of the same connection, in the same turn. */
  openRun: Run | undefined;
  /**
   * How many commands are under way of which other shards have parts as well: nobody may read the shard's memory directly, for
   * they are done at different times.
   */
  guards = 0;
  /**
   * The seeded hashes of the keys of commands under way for which shards are held, with how many there are of each: nobody may read
   * these keys directly, for they change at different times.
   */
  readonly guardedKeys = new Map<number, number>();
  /** How many commands that write are under way. */
  writes = 0;
  /**
   * How many runs are under way that have a place in an order with what other shards do: parts of a command that only reads,
   * and what a client did not wait for before it went on at another shard. What stands before them in the lane must not be
   * missed by who has seen what stands behind them elsewhere.
   */
  orderGuards = 0;
  /** Connections that wait for room, first come first served. */
  readonly parked: Connection[] = [];
  /** The one of them whose turn it is. */
  resuming: Connection | undefined;
  directReads = 0;
  directMisses = 0;
  /** Has requests that are not published yet. */
  isTouched = false;

  readonly #epochs: Epochs;
  #requests!: LaneProducer;
  #replies!: LaneConsumer;
  #control!: LaneProducer;
  #port!: MessagePort;
  #isConnected = false;
  readonly #pending = new RunQueue();
  /** Of a notice that has not come whole yet. */
  #noticePieces: Uint8Array[] = [];
  readonly spares = new SpareMemory();
  #externalBytes = 0;
  /** The size of the last request if it travelled beside the lane; its run takes it over. */
  #lastExternalBytes = 0;

  constructor(index: number, epochs: Epochs, counts: ShardCounts) {
    this.index = index;
    this.#epochs = epochs;
    this.statistics = counts.statistics;
    this.commandStatistics = counts.commandStatistics;
    this.errorStatistics = counts.errorStatistics;
  }

  /** A thread begins, with lanes and a port of its own. Nothing may be under way. */
  connect(lanes: ShardLanes, port: MessagePort): void {
    this.#requests = new LaneProducer(lanes.requests);
    this.#replies = new LaneConsumer(lanes.replies);
    this.#control = new LaneProducer(lanes.control);
    this.#port = port;
    this.#isConnected = true;
  }

  /**
   * The thread has ended, and what it published has been taken: forgets all that was under way, and returns the runs
   * that will get no (further) replies.
   */
  disconnect(): Run[] {
    const runs: Run[] = [];
    while (this.#pending.length > 0) {
      runs.push(this.#pending.peek());
      this.#pending.shift();
    }
    this.#isConnected = false;
    this.#port.close();
    this.openRun = undefined;
    this.guards = 0;
    this.writes = 0;
    this.orderGuards = 0;
    this.guardedKeys.clear();
    this.isTouched = false;
    this.#noticePieces = [];
    this.#externalBytes = 0;
    this.#lastExternalBytes = 0;
    this.spares.clear();
    this.statistics.forgetKeys();
    return runs;
  }

  /** How many runs have been answered since the start, and how many have been asked for. */
  get answeredRuns(): number {
    return this.#pending.taken;
  }

  get askedRuns(): number {
    return this.#pending.taken + this.#pending.length;
  }

  /** The run that the frame which is being taken stands in, or would. */
  get answering(): Run | undefined {
    return this.isBusy ? this.#pending.peek() : undefined;
  }

  /** Whether a thread is there that takes requests. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The run that was queued last and has not been answered. */
  get lastRun(): Run | undefined {
    return this.isBusy ? this.#pending.last() : undefined;
  }

  /** How many runs have not been answered. */
  get pendingRuns(): number {
    return this.#pending.length;
  }

  /** True while requests have not been answered. */
  get isBusy(): boolean {
    return this.#pending.length > 0;
  }

  /** True while a large value is on its way, which the view does not show yet. */
  get isTakingLargeRequest(): boolean {
    return this.#externalBytes > 0;
  }

  /** Published bytes that the shard has not taken yet. */
  get queueBytes(): number {
    return this.#requests.usedBytes;
  }

  /** What requests take that travel beside the lane. */
  get asideBytes(): number {
    return this.#externalBytes;
  }

  /**
   * Writes one request. Returns false, and writes nothing, when there is no room for it now.
   * The words of `args` after the name travel; `words` chooses some of them by number when only those do. `size` is what
   * `requestBytes` says of them.
   */
  push(
    id: number,
    db: number,
    flags: number,
    hash: number,
    args: Arguments,
    words: readonly number[] | undefined,
    size = this.requestBytes(args, words),
  ): boolean {
    const count = words === undefined ? args.count : words.length + 1;
    const lane = this.#requests;
    if (size > lane.frameBytesMax) return this.#pushExternal(id, db, flags, hash, args, words, size);
    const offset = lane.reserve(size);
    if (offset < 0) return false;
    const at = offset >> 2;
    const cells = lane.words;
    cells[at + 1] = id | (db << 16) | (flags << 24);
    cells[at + 2] = hash;
    cells[at + 3] = count;
    writeWords(args, words, count, cells, at + REQUEST_WORDS_OFFSET / 4, lane.bytes);
    lane.commit(offset, size);
    this.isTouched = true;
    return true;
  }

  /**
   * Parks the shard for a transaction of the shard `executor` (see ring/mailbox.ts). There must be room for a frame
   * without words.
   */
  pushHold(transaction: number, executor: number): void {
    const lane = this.#requests;
    const offset = lane.reserve(REQUEST_WORDS_OFFSET);
    const at = offset >> 2;
    lane.words[at + 1] = executor | ((REQUEST_RUN_START | REQUEST_HOLD) << 24);
    lane.words[at + 2] = transaction;
    lane.words[at + 3] = 1;
    lane.commit(offset, REQUEST_WORDS_OFFSET);
    this.isTouched = true;
  }

  /** Puts a mark (see ring/marks.ts) behind all requests so far. There must be room for it. */
  pushMark(kind: number, number: number, shards: readonly number[]): void {
    writeMark(this.#requests, kind, number, shards);
    this.isTouched = true;
  }

  /** As `pushMark`, for a mark that names no shards. False: there is no room for it now. A thread that is not there needs none. */
  pushLateMark(kind: number, number: number): boolean {
    if (!this.#isConnected) return true;
    if (this.#requests.reserve(markBytes(0)) < 0) return false;
    this.pushMark(kind, number, []);
    return true;
  }

  /** Whether `marks` marks that name `shards` shards, and a request of `size` bytes behind them, would be taken now. */
  hasRoomForMarked(size: number, shards: number, marks = 1): boolean {
    const lane = this.#requests;
    if (size > lane.frameBytesMax && !this.#hasExternalRoom(size)) return false;
    const frame = size > lane.frameBytesMax ? REQUEST_WORDS_OFFSET : size;
    // One of them may have to begin at the ring's start, and leave what is before it empty.
    const needed = 2 * (frame + marks * (markBytes(shards) + FRAME_ALIGN) + FRAME_ALIGN);
    return lane.capacity - lane.usedBytes >= needed;
  }

  /** How long the frame of a request is. */
  requestBytes(args: Arguments, words: readonly number[] | undefined): number {
    let size = REQUEST_WORDS_OFFSET;
    if (words === undefined) {
      for (let i = 1; i < args.count; i++) size += 4 + args.ends[i]! - args.starts[i]!;
    } else {
      for (const word of words) size += 4 + args.length(word);
    }
    return size;
  }

  /** Whether a request of `size` bytes would be taken now. */
  hasRoomFor(size: number): boolean {
    if (size > this.#requests.frameBytesMax) return this.#hasExternalRoom(size);
    return this.#requests.reserve(size) >= 0;
  }

  /** Whether `connection` must let others go first: a busy newcomer would take all the room that becomes free. */
  hasQueueBefore(connection: Connection): boolean {
    return this.parked.length > 0 && this.resuming !== connection;
  }

  /** Puts a connection that found no room into the queue; one whose turn it was stays at its head. */
  park(connection: Connection): void {
    if (this.resuming === connection) this.parked.unshift(connection);
    else this.parked.push(connection);
    connection.park();
  }

  /** Whether enough of the lane is free again for parked connections to go on. */
  get hasRoomToResume(): boolean {
    return (
      this.#externalBytes < EXTERNAL_BYTES_MAX && this.#requests.usedBytes <= this.#requests.capacity / 2
    );
  }

  #hasExternalRoom(size: number): boolean {
    if (this.#externalBytes > 0 && this.#externalBytes + size > EXTERNAL_BYTES_MAX) return false;
    return this.#requests.reserve(REQUEST_WORDS_OFFSET) >= 0;
  }

  #pushExternal(
    id: number,
    db: number,
    flags: number,
    hash: number,
    args: Arguments,
    words: readonly number[] | undefined,
    size: number,
  ): boolean {
    if (!this.#hasExternalRoom(size)) return false;
    const count = words === undefined ? args.count : words.length + 1;
    const lane = this.#requests;
    const memory = this.spares.take(size - REQUEST_WORDS_OFFSET, lane);
    writeWords(args, words, count, new Int32Array(memory, 0, count - 1), 0, new Uint8Array(memory));
    this.#port.postMessage(memory);
    const offset = lane.reserve(REQUEST_WORDS_OFFSET);
    const at = offset >> 2;
    lane.words[at + 1] = id | (db << 16) | ((flags | REQUEST_EXTERNAL) << 24);
    lane.words[at + 2] = hash;
    lane.words[at + 3] = count;
    lane.commit(offset, REQUEST_WORDS_OFFSET);
    this.spares.give(memory, lane.position);
    this.isTouched = true;
    this.#externalBytes += size;
    this.#lastExternalBytes = size;
    return true;
  }

  /** Queues the run that the request just pushed starts. */
  queue(run: Run): void {
    this.#pending.push(run);
  }

  /** To be called after each push with the run that the request belongs to. */
  account(run: Run, guardsDirectReads: boolean, isWrite: boolean): void {
    if (isWrite) {
      run.writes++;
      this.writes++;
    }
    if (guardsDirectReads) {
      run.guards++;
      this.guards++;
    }
    if (this.#lastExternalBytes > 0) {
      run.externalBytes += this.#lastExternalBytes;
      this.#lastExternalBytes = 0;
    }
  }

  /** Keeps the key with this hash from being read directly until `run` has been answered. */
  guardKey(run: Run, hash: number): void {
    run.guardedKeys ??= [];
    run.guardedKeys.push(hash);
    this.guardedKeys.set(hash, (this.guardedKeys.get(hash) ?? 0) + 1);
  }

  #releaseKeys(hashes: readonly number[]): void {
    for (const hash of hashes) {
      const left = (this.guardedKeys.get(hash) ?? 1) - 1;
      if (left === 0) this.guardedKeys.delete(hash);
      else this.guardedKeys.set(hash, left);
    }
  }

  /** Keeps direct reads from missing writes that stand before `run` in the lane, until it has been answered. */
  guardOrder(run: Run): void {
    if (run.guardsOrder) return;
    run.guardsOrder = true;
    this.orderGuards++;
  }

  /** See ring/epochs.ts: to be looked at before and after a direct read. */
  get epoch(): number {
    return this.#epochs.of(this.index);
  }

  /** Whether nobody may read the shard's memory directly now. */
  get isGuarded(): boolean {
    return this.guards > 0 || (this.orderGuards > 0 && this.writes > 0);
  }

  /** Makes what was pushed visible to the shard and wakes it if it sleeps. */
  publish(): void {
    this.openRun = undefined;
    this.isTouched = false;
    if (this.#requests.publish()) this.#requests.wake();
  }

  /**
   * Sends a message by the control lane, in force before any request that is pushed later. A thread that is not there
   * misses nothing: the next one begins with what is in force then.
   */
  send(message: ControlMessage): void {
    if (!this.#isConnected) return;
    const text = Buffer.from(JSON.stringify(message), 'utf8');
    const size = FRAME_HEADER_BYTES + text.length;
    const offset = this.#control.reserve(size);
    if (offset < 0) throw new Error(`the control lane of shard ${this.index} is full`);
    this.#control.bytes.set(text, offset + FRAME_HEADER_BYTES);
    this.#control.commit(offset, size);
    this.#control.publish();
    // The shard sleeps on its request lane, for both.
    this.publish();
  }

  /** Lets go of the message port; nothing may be pushed afterwards. */
  close(): void {
    this.#port.close();
  }

  /** True when replies have been published that `takeReplies` has not taken. */
  get hasReplies(): boolean {
    return this.#replies.hasFrames;
  }

  /**
   * Takes all replies that are there and calls `ended` for each run that has got its last one, `noted` for what
   * the shard has to say of a command, and `noticed` for what it says beside.
   */
  takeReplies(
    touched: (connection: Connection) => void,
    ended: (run: Run) => void,
    noted: (run: Run, note: Note) => void,
    noticed: (notice: Notice, link: ShardLink) => void,
  ): void {
    const lane = this.#replies;
    if (!lane.refresh()) return;
    for (;;) {
      const offset = lane.next();
      if (offset < 0) break;
      if ((lane.frameFlags & FRAME_NOTICE) !== 0) {
        this.#takeNotice(offset, noticed);
        continue;
      }
      const run = this.#pending.peek();
      if ((lane.frameFlags & FRAME_NOTE) !== 0) {
        noted(run, readNote(lane, offset));
      } else {
        const start = offset + FRAME_HEADER_BYTES;
        const end = offset + lane.frameBytes;
        if (run.split !== undefined) {
          run.split.receive(run.part, lane.bytes, start, end);
        } else {
          run.connection!.receive(run, lane.bytes, start, end);
          touched(run.connection!);
        }
      }
      if ((lane.frameFlags & FRAME_LAST) === 0) continue;
      this.#pending.shift();
      this.guards -= run.guards;
      this.writes -= run.writes;
      if (run.guardsOrder) this.orderGuards--;
      if (run.guardedKeys !== undefined) this.#releaseKeys(run.guardedKeys);
      this.#externalBytes -= run.externalBytes;
      ended(run);
    }
    lane.release();
  }

  #takeNotice(offset: number, noticed: (notice: Notice, link: ShardLink) => void): void {
    const lane = this.#replies;
    this.#noticePieces.push(lane.bytes.slice(offset + FRAME_HEADER_BYTES, offset + lane.frameBytes));
    if ((lane.frameFlags & FRAME_LAST) === 0) return;
    const pieces = this.#noticePieces;
    this.#noticePieces = [];
    noticed(decodeNotice(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)), this);
  }
}

/** Writes the lengths of the words at `cells[lengthAt]` and their bytes after them. */
function writeWords(
  args: Arguments,
  words: readonly number[] | undefined,
  count: number,
  cells: Int32Array,
  lengthAt: number,
  bytes: Uint8Array,
): void {
  let at = (lengthAt + count - 1) * 4;
  for (let i = 1; i < count; i++) {
    const word = words === undefined ? i : words[i - 1]!;
    const start = args.starts[word]!;
    const end = args.ends[word]!;
    cells[lengthAt + i - 1] = end - start;
    at = copyBytes(args.bytes, start, end, bytes, at);
  }
}
