/**
 * The acceptor: sockets in, requests parsed and dispatched, replies out, one turn of the event loop at a time.
 *
 * In a turn, bytes of any number of connections are parsed and their requests written into lanes; at its end each
 * lane that was written is published once and each sleeping shard woken once, replies that are there already are
 * taken, and every connection with something to say makes one write. Then the acceptor sleeps in its event loop
 * until a socket or a shard wakes it. It never waits for anything else.
 *
 * All state is in the instance: several acceptors, each with lanes of its own, may run in one process.
 */
import type { Socket } from 'node:net';
import { viewedBytes } from '../base/bytes.ts';
import { MAX_CLIENTS_REACHED } from '../protocol/errors.ts';
import { ReplyBuffer } from '../protocol/reply-writer.ts';
import { COMMAND, NEED_MORE, PROTOCOL_ERROR, RequestParser } from '../protocol/request-parser.ts';
import type { Note } from '../ring/notes.ts';
import type { Notice } from '../ring/notices.ts';
import type { WakeWord } from '../ring/wake-word.ts';
import type { AcceptorOptions, AcceptorParts } from './acceptor-parts.ts';
import { BriefWait } from './brief-wait.ts';
import { CHUNK_BYTES, ChunkPool } from './chunk-pool.ts';
import { ClientMemory } from './client-memory.ts';
import type { CommandGate } from './command-gate.ts';
import { Connection } from './connection.ts';
import type { ConnectionAddresses, ConnectionHost } from './connection-host.ts';
import type { DirectReader } from './direct-reader.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Measuring } from './measuring.ts';
import type { MemoryLimit } from './memory-limit.ts';
import { noticeReasons } from './notice-reasons.ts';
import type { Run, RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import { readInto } from './socket-reader.ts';
import { WriteRequests } from './socket-writer.ts';
import { sweepConnections } from './sweep.ts';

const READ_BUFFER_BYTES = 64 * 1024;
const POOLED_CHUNKS = 256;
const POOLED_RESTS = 32;
const POOLED_PARSERS = 64;
const POOLED_PARSER_WORDS_MAX = 1024;

export class Acceptor implements ConnectionHost {
  readonly chunks = new ChunkPool(CHUNK_BYTES, POOLED_CHUNKS);
  /** A connection that has to wait may leave up to a whole read buffer. */
  readonly rests = [this.chunks, new ChunkPool(READ_BUFFER_BYTES, POOLED_RESTS)];
  readonly runs: RunPool;
  readonly connections = new Map<number, Connection>();
  readonly writeRequests = new WriteRequests();
  readonly traffic = { inputBytes: 0, outputBytes: 0, reads: 0, writes: 0 };
  readonly memory: ClientMemory;
  /** Whether shards may have something to say while nothing is under way. */
  awaitsNotices = false;
  /** By kind (ring/notices.ts): who is told of notices. Whoever wants them although nothing is under way awaits them. */
  readonly noticeHandlers = new Map<number, (notice: Notice, link: ShardLink) => void>();
  readonly awaitNotices: (reason: string, isOn: boolean) => void = noticeReasons(this);
  connectionsReceived = 0;
  connectionsRejected = 0;

  readonly #options: AcceptorOptions;
  readonly #links: readonly ShardLink[];
  readonly #dispatcher: Dispatcher;
  readonly #direct: DirectReader;
  readonly #wake: WakeWord;
  readonly #gate: CommandGate;
  readonly #measuring: Measuring;
  readonly #memoryLimit: MemoryLimit;
  readonly #briefWait = new BriefWait();
  readonly #readBuffer = viewedBytes(new ArrayBuffer(READ_BUFFER_BYTES));
  readonly #spareParsers: RequestParser[] = [];
  #dirty: Connection[] = [];
  /** Connections that may go on, to be parsed at the end of the turn. */
  #resumable: Connection[] = [];
  #isTurnEndScheduled = false;
  #isStopping = false;

  constructor(options: AcceptorOptions, parts: AcceptorParts) {
    this.#options = options;
    this.#links = parts.links;
    this.#dispatcher = parts.dispatcher;
    this.#direct = parts.direct;
    this.runs = parts.runs;
    this.#wake = parts.wake;
    this.#gate = parts.gate;
    this.#gate.onChange(() => {
      for (const connection of this.connections.values()) connection.updatePlain();
    });
    this.memory = new ClientMemory({
      connections: () => this.connections.values(),
      notice: (message) => options.note(message, 'notice'),
      warning: (message) => options.note(message, 'warning'),
    });
    this.#measuring = parts.measuring;
    this.#memoryLimit = parts.memoryLimit;
    parts.memoryLimit.clients = this.memory;
    const { blocked, tracking } = parts.dispatcher;
    blocked.used = (isUsed) => this.awaitNotices('blocked clients', isUsed);
    for (const [kind, handler] of blocked.noticeHandlers) this.noticeHandlers.set(kind, handler);
    tracking.serve(this);
  }

  // Connections

  /** Whether `maxclients` allows one more connection beside those there are and `pending` others. */
  hasRoom(pending: number): boolean {
    return this.connections.size + pending < this.#options.limits.clientsMax;
  }

  /** Serves a socket that the listener has accepted, paused. */
  accept(accepted: Socket, addresses: ConnectionAddresses): void {
    if (this.#isStopping) {
      accepted.destroy();
      return;
    }
    this.connectionsReceived++;
    const refusal = this.hasRoom(0) ? this.#options.refusal(addresses) : MAX_CLIENTS_REACHED;
    if (refusal !== undefined) {
      this.connectionsRejected++;
      accepted.on('error', () => {});
      // It was accepted paused and half-open, and so would never notice that the client has gone.
      accepted.resume();
      accepted.end(`-${refusal}\r\n`, () => accepted.destroy());
      return;
    }
    let connection: Connection;
    const socket = readInto(accepted, this.#readBuffer, (bytes, length) =>
      this.#received(connection, bytes, length),
    );
    connection = new Connection(this.#options.nextClientId(), socket, addresses, this, Date.now());
    const { acl } = this.#options;
    connection.user = acl.defaultUser;
    connection.isAuthenticated = acl.isOpen;
    connection.reply.tally = this.#measuring.tally;
    connection.updatePlain();
    this.connections.set(connection.id, connection);
    socket.on('error', () => connection.socketClosed());
    socket.on('close', () => connection.socketClosed());
    socket.on('end', () => {
      connection.hasEnded = true;
      if (connection.isBlocked) connection.kill();
      // Not at once: it may have been waiting, and what it sent before its end is still to be parsed.
      if (!connection.isWaiting) this.resumed(connection);
      this.touch(connection);
    });
    socket.resume();
  }

  closed(connection: Connection): void {
    connection.blocked?.gone();
    this.connections.delete(connection.id);
    this.#gate.forget(connection);
    this.#dispatcher.transactions.forget(connection);
    for (const each of this.#options.listeners) each.forget(connection);
    this.memory.forget(connection);
    if (connection.parser !== undefined) {
      this.#giveParser(connection.parser);
      connection.parser = undefined;
    }
  }

  outputLimitExceeded(connection: Connection, bytes: number): boolean {
    if (!this.#options.outputLimit.isExceeded(connection, bytes, Date.now())) return false;
    this.#options.note(
      `Client ${connection.describe()} scheduled to be closed ASAP for overcoming of output buffer limits.`,
      'warning',
    );
    return true;
  }

  get checksCommands(): boolean {
    return this.#gate.isActive;
  }

  memoryChanged(connection: Connection): void {
    this.memory.update(connection);
    if (this.memory.isOver) this.#scheduleTurnEnd();
  }

  crossProtocol(connection: Connection): void {
    this.#options.note(
      `Possible attack: ${connection.address} sends what a browser sends to a web server. Connection closed.`,
    );
    connection.kill();
  }

  /** The client will send no more: what it sent is still answered. */
  #finish(connection: Connection): void {
    connection.closeAfterReplies();
  }

  // Reading

  #received(connection: Connection, bytes: Uint8Array, length: number): void {
    if (connection.isClosed || connection.isClosing) return;
    const now = Date.now();
    this.#direct.setTime(now);
    connection.lastActiveMs = now;
    this.traffic.inputBytes += length;
    this.traffic.reads++;
    this.#wake.noteActivity();
    if (connection.unparsedLength > 0 || connection.isWaiting) {
      connection.keepUnparsed(bytes, 0, length, connection.parser?.bytesNeeded ?? 0);
      // Here, and not only at the end of the turn: by then all of a long command may have come and gone.
      if (this.memory.isOver) this.memory.evict();
      if (!connection.isWaiting && !connection.isClosed) this.#parseUnparsed(connection);
    } else {
      this.#parse(connection, bytes, length, false);
    }
    this.#measuring.timer.pause();
    const { firstRun } = connection;
    if (firstRun === undefined) connection.flush();
    // What was answered here goes out with what the shard answers: one write instead of two, and in Redis, too, it waits.
    else if (firstRun.isPrompt && connection.blocked === undefined) this.#scheduleTurnEnd();
    else this.touch(connection);
  }

  #parseUnparsed(connection: Connection): void {
    this.#parse(connection, connection.unparsed, connection.unparsedLength, true);
    if (connection.unparsedLength > this.#options.limits.queryBufferBytesMax) {
      this.#options.note(`Closing client that reached max query buffer length: ${connection.describe()}`);
      connection.kill();
    }
  }

  /**
   * Parses and dispatches what there is. `isKept` says that the bytes are the connection's own unparsed ones;
   * otherwise what cannot be parsed is copied there.
   */
  #parse(connection: Connection, bytes: Uint8Array, length: number, isKept: boolean): void {
    let parser = connection.parser;
    if (parser === undefined) {
      parser = this.#spareParsers.pop() ?? new RequestParser(this.#options.limits);
      parser.restart(0);
    }
    connection.parser = parser;
    parser.trusted = connection.isAuthenticated || this.#options.acl.isOpen;
    let keepFrom = length;
    for (;;) {
      const outcome = parser.next(bytes, length);
      if (outcome === COMMAND) {
        if (!this.#dispatcher.dispatch(connection, parser.args)) {
          keepFrom = parser.commandStart;
          parser.restart(keepFrom);
          break;
        }
        if (!connection.isPlain && (connection.isClosing || connection.isClosed)) return;
        parser.trusted = connection.isAuthenticated || this.#options.acl.isOpen;
        if (connection.isWaiting) {
          keepFrom = parser.position;
          parser.restart(keepFrom);
          break;
        }
      } else if (outcome === NEED_MORE) {
        keepFrom = parser.commandStart;
        break;
      } else if (outcome === PROTOCOL_ERROR) {
        this.#protocolError(connection, parser.error);
        return;
      }
    }
    this.#keepRest(connection, parser, bytes, keepFrom, length, isKept);
  }

  #keepRest(
    connection: Connection,
    parser: RequestParser,
    bytes: Uint8Array,
    keepFrom: number,
    length: number,
    isKept: boolean,
  ): void {
    if (connection.isClosed) return;
    parser.rebase(keepFrom);
    if (isKept) connection.dropUnparsed(keepFrom);
    else if (keepFrom < length) connection.keepUnparsed(bytes, keepFrom, length, parser.bytesNeeded);
    if (keepFrom === length && !parser.isInsideCommand) {
      this.#giveParser(parser);
      connection.parser = undefined;
    }
  }

  /** Keeps a parser for the next connection, unless a command of very many words has made it large. */
  #giveParser(parser: RequestParser): void {
    const isSmall = parser.args.starts.length <= POOLED_PARSER_WORDS_MAX;
    if (isSmall && this.#spareParsers.length < POOLED_PARSERS) this.#spareParsers.push(parser);
  }

  #protocolError(connection: Connection, text: string): void {
    const reply = new ReplyBuffer();
    reply.writer.tally = this.#measuring.tally;
    reply.writer.error(text);
    connection.appendReply(reply.take());
    connection.closeAfterReplies();
    this.touch(connection);
  }

  resumed(connection: Connection): void {
    this.#resumable.push(connection);
    this.#scheduleTurnEnd();
  }

  // Turns

  /** Notes that a connection may have something to flush, and that there is a turn to end. */
  touch(connection: Connection): void {
    if (!connection.isDirty) {
      connection.isDirty = true;
      this.#dirty.push(connection);
    }
    this.#scheduleTurnEnd();
  }

  /** Has something done at the end of a turn, though no connection is touched. */
  endTurnSoon(): void {
    this.#scheduleTurnEnd();
  }

  #scheduleTurnEnd(): void {
    if (this.#isTurnEndScheduled) return;
    this.#isTurnEndScheduled = true;
    // The turn's end looks for replies anyway.
    this.#wake.disarm();
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    // What replies bring about is done in the same turn.
    this.#isTurnEndScheduled = true;
    this.#publish();
    this.#briefWait.for(this.#links, this.traffic.reads);
    this.#takeReplies();
    this.#resumeWaiting();
    this.#isTurnEndScheduled = false;
    this.#publish();
    this.#dispatcher.tracking.endTurn();
    this.#flush();
    if (this.memory.isOver) this.memory.evict();
    if (this.#memoryLimit.isOn) this.#memoryLimit.publish();
    this.#sleepIfBusy();
  };

  #publish(): void {
    for (const link of this.#links) if (link.isTouched) link.publish();
  }

  #takeReplies(): void {
    for (const link of this.#links) if (link.isBusy || this.awaitsNotices) this.#take(link);
  }

  #take(link: ShardLink): void {
    link.takeReplies(this.#onReply, this.#onRunEnd, this.#onNote, this.#onNotice);
  }

  readonly #onReply = (connection: Connection): void => {
    if (connection.isDirty) return;
    connection.isDirty = true;
    this.#dirty.push(connection);
  };

  readonly #onRunEnd = (run: Run): void => {
    if (run.split === undefined) {
      run.connection!.runDone(run);
      return;
    }
    const split = run.split;
    this.runs.give(run);
    split.partDone();
  };

  readonly #onNote = (run: Run, note: Note): void => {
    if (run.split !== undefined) run.split.partTook(note.ns, note);
    else this.#measuring.noted(note, run.connection!);
  };

  readonly #onNotice = (notice: Notice, link: ShardLink): void => {
    this.noticeHandlers.get(notice.kind)?.(notice, link);
  };

  #resumeWaiting(): void {
    this.#direct.setTime(Date.now());
    for (const link of this.#links) if (link.parked.length > 0) this.#resumeParked(link);
    if (this.#resumable.length === 0) return;
    const resumable = this.#resumable;
    this.#resumable = [];
    for (const connection of resumable) this.#resume(connection);
  }

  /** Lets those go on that wait for room in a lane, one after the other, until it is full again. */
  #resumeParked(link: ShardLink): void {
    while (link.hasRoomToResume) {
      const connection = link.parked.shift();
      if (connection === undefined) break;
      link.resuming = connection;
      connection.unpark();
      this.#resume(connection);
      link.resuming = undefined;
    }
  }

  #resume(connection: Connection): void {
    if (connection.isClosed || connection.isClosing || connection.isWaiting) return;
    if (connection.unparsedLength > 0) this.#parseUnparsed(connection);
    this.#measuring.timer.pause();
    if (connection.hasEnded && !connection.isWaiting) this.#finish(connection);
    this.#onReply(connection);
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) {
      connection.isDirty = false;
      connection.flush();
    }
  }

  /** Asks to be woken when replies are due; looks once more after asking, so that no wake-up can be missed. */
  #sleepIfBusy(): void {
    if (this.#resumable.length > 0) this.#scheduleTurnEnd();
    if (!this.awaitsNotices && !this.#links.some((link) => link.isBusy)) return;
    this.#wake.arm();
    for (const link of this.#links) {
      if (!link.hasReplies) continue;
      this.#wake.disarm();
      this.#scheduleTurnEnd();
      return;
    }
    this.#wake.wait(this.#onWake);
  }

  readonly #onWake = (): void => {
    if (!this.#isTurnEndScheduled) this.#endTurn();
  };

  // Upkeep

  /** To be called about once a second: closes connections that have been idle or over their soft limit too long. */
  sweep(idleMsMax: number): void {
    this.memory.recount();
    if (this.memory.isOver) this.memory.evict();
    if (this.#memoryLimit.isOn) this.#memoryLimit.publish();
    sweepConnections(this.connections.values(), idleMsMax, {
      isOverLimit: (connection) => this.outputLimitExceeded(connection, connection.outputBytes),
      note: (message) => this.#options.note(message),
    });
  }

  /**
   * The thread of a shard has ended. What it answered still goes out. Nobody knows how far it came with the rest, so
   * the connections that wait for it are closed, as if the server had ended for them; everybody else goes on.
   */
  lose(link: ShardLink): void {
    this.#take(link);
    this.#dispatcher.transactions.lost(link, this.connections.values());
    for (const run of link.disconnect()) {
      const { split } = run;
      const connection = split === undefined ? run.connection : split.connection;
      // Whoever has all replies has that of a command that held the shard, too.
      if (connection?.hasPendingReplies) {
        connection.flush();
        connection.kill();
      }
      if (split === undefined) {
        connection!.runDone(run);
      } else {
        this.runs.give(run);
        split.partLost();
      }
    }
    this.#dispatcher.blocked.lost(link);
    // What it loads again may be older than what was read.
    this.#dispatcher.tracking.flushed();
    // Those that waited for room are told what the rest is told.
    for (const connection of link.parked.splice(0)) connection.unpark();
    this.#scheduleTurnEnd();
  }

  /** Takes no more commands and resolves when all replies are out, or after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    for (const connection of [...this.connections.values()]) {
      connection.closeAfterReplies();
      this.touch(connection);
    }
    const deadline = Date.now() + timeoutMs;
    while (this.connections.size > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const connection of [...this.connections.values()]) connection.kill();
  }
}
