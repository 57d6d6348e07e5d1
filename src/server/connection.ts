/**
 * One client's connection: its state, what it sent and was not parsed yet, and the order of its replies.
 *
 * Reading. Bytes come in the acceptor's one read buffer. What is left of them when a command is cut, or when the
 * connection has to wait, is kept here (`unparsed`), and the socket is paused while the connection waits.
 *
 * Writing. Replies are encoded into a chunk through `reply`; `flush` gives the chunk to the socket. When the
 * kernel takes all of it at once, as it nearly always does, the chunk goes back to the pool; when not, the socket
 * keeps it, and a connection with more than OUTPUT_PAUSE_BYTES waiting is not read from until they are gone: a
 * client that never reads stops being served, and costs no more memory.
 *
 * Order. Replies that are not there yet are runs in a list; only the first may write to `reply`.
 */
import type { Socket } from 'node:net';
import type { User } from '../acl/user.ts';
import { copyBytes, viewedBytes } from '../base/bytes.ts';
import type { Client } from '../commands/context.ts';
import type { Subscriptions } from '../commands/pub-sub-service.ts';
import { type ReplySink, ReplyWriter } from '../protocol/reply-writer.ts';
import type { RequestParser } from '../protocol/request-parser.ts';
import type { BlockedClient } from './blocked-client.ts';
import { CHUNK_BYTES } from './chunk-pool.ts';
import type { ConnectionAddresses, ConnectionHost } from './connection-host.ts';
import { ConnectionInput } from './connection-input.ts';
import { describeClient } from './describe-client.ts';
import { HeldPushes } from './held-pushes.ts';
import { endSocket } from './lingering.ts';
import { guardOrder, type Run } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import { type Writer, writerOf } from './socket-writer.ts';
import type { TransactionQueue } from './transaction-queue.ts';

/** Unsent replies beyond which a connection is not read from. */
const OUTPUT_PAUSE_BYTES = 1024 * 1024;
/** What a client that waits for data may send ahead; beyond that it is not read from, so that its end is noticed late. */
const UNPARSED_BEHIND_BLOCKED_BYTES = 1024 * 1024;
/** A push up to this is copied in front of what is written behind it; a longer one is sent by itself. */
const LOOSE_COPY_BYTES = 1024;
const NO_BYTES = new Uint8Array(0);

export class Connection extends ConnectionInput implements Client, ReplySink {
  readonly id: number;
  readonly reply: ReplyWriter;
  readonly address: string;
  readonly localAddress: string;
  readonly isLocal: boolean;
  readonly isUnixSocket: boolean;
  readonly createdAtMs: number;
  name = '';
  libraryName = '';
  libraryVersion = '';
  db = 0;
  resp: 2 | 3 = 2;
  /** Given right after it was made. */
  user!: User;
  isAuthenticated = false;
  noEvict = false;
  noTouch = false;
  replyMode: Client['replyMode'] = 'on';
  tracking: Client['tracking'];
  subscriptions: Subscriptions | undefined;
  isMonitor = false;
  /** False when some command needs more than the plain path: see `updatePlain`. */
  isPlain = false;
  /** `isPlain`, listens to nothing and tracks no keys, and no limit or pause is in force that commands must be checked for. */
  isUnchecked = false;
  lastActiveMs: number;
  lastCommand = 'NULL';
  /** Since when the output has been above the soft limit; 0 when it is not. */
  softLimitSinceMs = 0;
  /** What is queued behind MULTI. */
  transaction: TransactionQueue | undefined;
  /** Stands for the keys that the connection watches, on the shards of `watchedLinks`; 0 while there are none. */
  watcher = 0;
  readonly watchedLinks = new Set<ShardLink>();
  /** A shard has died on which it watched keys. */
  hasLostWatches = false;
  /** The parser that holds this connection's half-read command. */
  parser: RequestParser | undefined;
  /** No command may be taken from this connection now. */
  isWaiting = false;
  /** The socket is gone or given up: nothing is sent any more. */
  isClosed = false;
  /** No more commands are taken; it closes when all replies are sent. */
  isClosing = false;
  /** The client has sent its last byte. */
  hasEnded = false;
  /** The command that waits for data, or may have to. */
  blocked: BlockedClient | undefined;
  firstRun: Run | undefined;
  lastRun: Run | undefined;
  /** Is in the acceptor's list of connections with something to flush. */
  isDirty = false;
  /** The next reply is being made right now: what is pushed meanwhile goes behind it. */
  isAnswering = false;

  readonly #host: ConnectionHost;
  readonly #socket: Socket;
  readonly #writer: Writer;
  /** Waits for its own replies before the next command runs. */
  #awaitsReplies = false;
  /** Waits for room in a lane. */
  #isParked = false;
  /** Waits for a pause to end, or for its rate of commands to sink. */
  #isHeld = false;
  #isOutputFull = false;
  /** Replies that arrived since the connection last had none due, and had to wait for others. */
  #stashedBytes = 0;
  #isReading = true;
  /** Replies of the first run have been written, and it is not done: the last of them may not be whole. */
  #isInsideRun = false;
  /** Pushes that wait for the reply before them to be whole. */
  readonly #held = new HeldPushes();
  /** A push that nothing has been written behind yet: it goes out as it is, or is copied in front of what comes. */
  #loosePush: Uint8Array = NO_BYTES;
  /** The socket did not take everything. */
  #hasWaiting = false;
  /** The last byte has been given to the socket. */
  #isEnding = false;

  constructor(
    id: number,
    socket: Socket,
    addresses: ConnectionAddresses,
    host: ConnectionHost,
    nowMs: number,
  ) {
    super(host.rests);
    this.id = id;
    this.#socket = socket;
    this.#writer = writerOf(socket, host.writeRequests, () => this.drained());
    this.#host = host;
    this.reply = new ReplyWriter(this);
    this.address = addresses.address;
    this.localAddress = addresses.localAddress;
    this.isLocal = addresses.isLocal;
    this.isUnixSocket = addresses.isUnixSocket;
    this.createdAtMs = nowMs;
    this.lastActiveMs = nowMs;
  }

  /** To be called when one of the fields it depends on has changed. */
  updatePlain(): void {
    const isOpen = !this.isClosing && !this.isClosed;
    this.isPlain =
      this.isAuthenticated && this.replyMode === 'on' && this.transaction === undefined && isOpen;
    const isSpecial = this.subscriptions !== undefined || this.tracking !== undefined;
    this.isUnchecked = this.isPlain && !isSpecial && !this.#host.checksCommands;
  }

  get type(): string {
    return this.subscriptions === undefined ? 'normal' : 'pubsub';
  }

  // Reading

  protected override memoryChanged(): void {
    this.#host.memoryChanged(this);
  }

  protected override unparsedGrew(length: number): void {
    if (this.blocked !== undefined && length > UNPARSED_BEHIND_BLOCKED_BYTES) this.#updateReading();
  }

  /** Waits until all replies so far have been made; then its unparsed bytes are looked at again. */
  awaitReplies(): void {
    this.#awaitsReplies = true;
    this.#updateReading();
  }

  park(): void {
    this.#isParked = true;
    this.#updateReading();
  }

  unpark(): void {
    this.#isParked = false;
    this.#resumeIfFree();
  }

  /** Takes no more commands until `release`; whoever calls it holds the connection for one reason. */
  hold(): void {
    this.#isHeld = true;
    this.#updateReading();
  }

  release(): void {
    this.#isHeld = false;
    this.#resumeIfFree();
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Takes no more commands until `unblocked`, but notices when the client goes. */
  block(blocked: BlockedClient): void {
    this.blocked = blocked;
    this.#updateReading();
  }

  unblocked(): void {
    this.blocked = undefined;
    this.#resumeIfFree();
  }

  /** The client waits for data. */
  get isBlocked(): boolean {
    return this.blocked?.isBlocked ?? false;
  }

  unblock(withError: boolean): boolean {
    return this.blocked?.unblock(withError) ?? false;
  }

  /** The socket has sent everything. */
  drained(): void {
    this.#hasWaiting = false;
    this.#host.memoryChanged(this);
    this.flush();
    if (!this.#isOutputFull) return;
    this.#isOutputFull = false;
    this.#resumeIfFree();
  }

  #resumeIfFree(): void {
    this.#updateReading();
    if (!this.isWaiting && !this.isClosed) this.#host.resumed(this);
  }

  #updateReading(): void {
    const hasPaused = this.#isParked || this.#awaitsReplies || this.#isOutputFull || this.#isHeld;
    this.isWaiting = hasPaused || this.blocked !== undefined;
    const isFull = this.blocked !== undefined && this.unparsedLength > UNPARSED_BEHIND_BLOCKED_BYTES;
    const reads = !hasPaused && !isFull && !this.isClosing;
    if (reads === this.#isReading || this.isClosed) return;
    this.#isReading = reads;
    if (reads) this.#socket.resume();
    else this.#socket.pause();
  }

  // Order

  get hasPendingReplies(): boolean {
    return this.firstRun !== undefined;
  }

  appendRun(run: Run): void {
    const last = this.lastRun;
    if (last === undefined) {
      this.firstRun = run;
    } else {
      last.next = run;
      // The client goes on at another shard: there nobody may see what is behind `last` and then miss what is before it.
      if (last.link !== undefined && last.link !== run.link && !last.isDone) guardOrder(last, last.link);
    }
    this.lastRun = run;
  }

  /** Replies that were made at once, at their place of the order. */
  appendReply(bytes: Uint8Array): void {
    if (this.firstRun === undefined) {
      this.#write(bytes, 0, bytes.length);
      return;
    }
    const run = this.#host.runs.take(this);
    run.stash = [bytes];
    this.#countStashed(bytes.length);
    run.isDone = true;
    this.appendRun(run);
  }

  /** Takes bytes that belong to `run` from `source`, which will be written over. */
  receive(run: Run, source: Uint8Array, start: number, end: number): void {
    if (this.isClosed || run.isSilent) return;
    if (run === this.firstRun) {
      this.#isInsideRun = true;
      this.#write(source, start, end);
    } else {
      run.stash ??= [];
      run.stash.push(source.slice(start, end));
      this.#countStashed(end - start);
    }
  }

  /** Too many replies that wait for one before them: no more commands until that has come. */
  #countStashed(bytes: number): void {
    this.#stashedBytes += bytes;
    if (this.#stashedBytes > OUTPUT_PAUSE_BYTES) this.awaitReplies();
    this.#host.memoryChanged(this);
  }

  /** Called when `run` has all its replies: what is complete at the front of the order is written. */
  runDone(run: Run): void {
    run.isDone = true;
    if (run !== this.firstRun) return;
    this.#isInsideRun = false;
    let first: Run | undefined = run;
    while (first?.isDone) {
      this.#emitStash(first);
      const next: Run | undefined = first.next;
      this.#host.runs.give(first);
      first = next;
    }
    this.firstRun = first;
    if (this.#held.bytes > 0) this.#writeHeld();
    if (first === undefined) {
      this.#allAnswered();
    } else if (first.stash !== undefined) {
      this.#isInsideRun = true;
      this.#emitStash(first);
    }
  }

  // Out of order

  push(bytes: Uint8Array): void {
    if (this.isClosed || this.isClosing) return;
    if (this.#isInsideRun || this.isAnswering) {
      this.#held.add(bytes);
    } else if (this.reply.limit === 0 && this.#loosePush.length === 0) {
      this.#loosePush = bytes;
    } else {
      this.#write(bytes, 0, bytes.length);
    }
    this.#host.touch(this);
  }

  /** To be called when the command that was answered has been. */
  answered(): void {
    this.isAnswering = false;
    if (this.#held.bytes > 0 && !this.#isInsideRun) this.#writeHeld();
  }

  #writeHeld(): void {
    const pushes = this.#held.take();
    if (!this.isClosing && !this.isClosed) for (const bytes of pushes) this.#write(bytes, 0, bytes.length);
  }

  #emitStash(run: Run): void {
    if (run.stash === undefined) return;
    if (!this.isClosed && !run.isSilent) for (const bytes of run.stash) this.#write(bytes, 0, bytes.length);
    run.stash = undefined;
  }

  #allAnswered(): void {
    this.lastRun = undefined;
    this.#stashedBytes = 0;
    if (!this.#awaitsReplies) return;
    this.#awaitsReplies = false;
    this.#resumeIfFree();
  }

  // Writing

  #write(source: Uint8Array, start: number, end: number): void {
    // In one chunk of its own when it is long, and so in one write.
    this.reply.room(end - start);
    this.reply.position = copyBytes(source, start, end, this.reply.bytes, this.reply.position);
  }

  makeRoom(writer: ReplyWriter, size: number): void {
    if (writer.position > 0) this.#send();
    else if (writer.bytes.length > 0) this.#host.chunks.give(writer.bytes);
    if (this.#loosePush.length > LOOSE_COPY_BYTES) this.#sendLoose();
    const loose = this.#loosePush;
    const needed = size + loose.length;
    const chunk = needed <= CHUNK_BYTES ? this.#host.chunks.take() : viewedBytes(new ArrayBuffer(needed));
    writer.bytes = chunk;
    writer.position = copyBytes(loose, 0, loose.length, chunk, 0);
    writer.limit = chunk.length;
    this.#loosePush = NO_BYTES;
  }

  /**
   * Gives the socket what has been written so far. While it has not taken what came before, small pieces are gathered: each
   * would keep a chunk of its own.
   */
  flush(): void {
    const { position } = this.reply;
    if (this.#hasWaiting && position < CHUNK_BYTES && !this.isClosing && this.#writer.willDrain) return;
    if (position > 0) this.#send();
    else if (this.#loosePush.length > 0) this.#sendLoose();
    if (this.isClosing && !this.hasPendingReplies) this.#end();
  }

  #send(): void {
    const writer = this.reply;
    const chunk = writer.bytes;
    const length = writer.position;
    writer.bytes = NO_BYTES;
    writer.position = 0;
    writer.limit = 0;
    if (this.#sendBytes(chunk.subarray(0, length))) this.#host.chunks.give(chunk);
  }

  #sendLoose(): void {
    const bytes = this.#loosePush;
    this.#loosePush = NO_BYTES;
    this.#sendBytes(bytes);
  }

  /** True when the memory of `bytes` may be used again. */
  #sendBytes(bytes: Uint8Array): boolean {
    if (this.isClosed) return true;
    this.#host.traffic.outputBytes += bytes.length;
    this.#host.traffic.writes++;
    const waiting = this.#writer.write(bytes);
    this.#hasWaiting = waiting > 0;
    if (waiting === 0) return true;
    this.#host.memoryChanged(this);
    if (this.#host.outputLimitExceeded(this, waiting)) {
      this.kill();
    } else if (waiting > OUTPUT_PAUSE_BYTES && !this.#isOutputFull) {
      this.#isOutputFull = true;
      this.#updateReading();
    }
    return false;
  }

  /** Bytes of replies that wait here or in the socket. */
  get outputBytes(): number {
    return this.reply.position + this.#loosePush.length + this.#held.bytes + this.#writer.waitingBytes;
  }

  /** Bytes of replies that the kernel has not taken, or that wait for others before them. */
  get queuedBytes(): number {
    return this.#writer.waitingBytes + this.#stashedBytes + this.#held.bytes;
  }

  /** How many writes the kernel has not taken. */
  get queuedWrites(): number {
    return this.#writer.waitingWrites;
  }

  get isReading(): boolean {
    return this.#isReading;
  }

  /** The number of the socket's descriptor, -1 where the platform has none. */
  get descriptor(): number {
    return (this.#socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
  }

  // Ending

  closeAfterReplies(): void {
    if (this.isClosing) return;
    // There may never be a reply.
    if (this.blocked !== undefined) {
      this.kill();
      return;
    }
    this.isClosing = true;
    this.forgetUnparsed();
    this.updatePlain();
    this.#updateReading();
  }

  kill(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.updatePlain();
    this.#socket.destroy();
    this.forgetUnparsed();
    this.reply.position = 0;
    this.#loosePush = NO_BYTES;
    this.#held.take();
    this.#host.closed(this);
  }

  /** The socket is gone by itself. */
  socketClosed(): void {
    this.kill();
  }

  #end(): void {
    if (this.isClosed || this.#isEnding) return;
    this.#isEnding = true;
    endSocket(this.#socket, this.#writer, () => this.hasEnded);
  }

  describe(): string {
    return describeClient(this, Date.now());
  }
}
