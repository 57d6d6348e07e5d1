/**
 * Clients that wait for data: the acceptor's part of commands placed `blocking` (see shard/blocking.ts).
 *
 * The command is sent with a ticket. An empty reply says that its client waits; from then on it is blocked, until
 * - a shard says that it has served it, by a notice with the reply,
 * - the attempt that a shard asked for, because it needs other shards, has answered,
 * - its time is over, or CLIENT UNBLOCK ends it: whoever claims the ticket first has the word,
 * - its connection is gone, or a shard that it waits on has died.
 * The shards that still keep it are told to forget it. Its connection takes no more commands meanwhile, but is read from, so that its
 * end is noticed.
 */

import type { Acl } from '../acl/acl.ts';
import { ALLOWED } from '../acl/selector.ts';
import type { User } from '../acl/user.ts';
import { keyWords } from '../commands/key-words.ts';
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { LOADING, UNBLOCKED } from '../protocol/errors.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import { GONE, SERVED, TIMED_OUT, type Tickets } from '../ring/claims.ts';
import { MARK_AGAIN, MARK_FORGET, MARK_MAY_WAIT } from '../ring/marks.ts';
import type { Note } from '../ring/notes.ts';
import { NOTICE, type Notice } from '../ring/notices.ts';
import type { BlockedClient } from './blocked-client.ts';
import type { Connection } from './connection.ts';
import type { Measuring } from './measuring.ts';
import type { RequestSender } from './request-sender.ts';
import type { Router } from './router.ts';
import type { PartReceiver, Run, RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';

/** What timers can do at most. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** How often is looked whether a lane has room for what cannot wait for its turn in a connection's order. */
const RETRY_MS = 1;
const NO_BYTES = new Uint8Array(0);

export interface BlockedClientsParts {
  readonly tickets: Tickets;
  readonly router: Router;
  readonly runs: RunPool;
  readonly sender: RequestSender;
  readonly measuring: Measuring;
  readonly acl: Acl;
  /** Whether a shard that the command needs does not serve. */
  isLoading(command: Command, args: Arguments): boolean;
  /** Told when a connection has something to send, or lanes have been written. */
  touched(connection: Connection): void;
}

export class BlockedClients {
  readonly parts: BlockedClientsParts;
  readonly #byTicket = new Map<number, Waiting>();
  /** Messages to shards that found no room. */
  #unsent: (() => boolean)[] = [];
  #retry: NodeJS.Timeout | undefined;
  /** Called when the first one may have to wait, and when the last one does not any more. */
  used: (isUsed: boolean) => void = () => {};

  constructor(parts: BlockedClientsParts) {
    this.parts = parts;
    parts.acl.rulesChanged = (user) => this.recheck(user);
  }

  /** How many clients wait: those of which a shard has not said yet that it found nothing are not counted. */
  get count(): number {
    let count = 0;
    for (const client of this.#byTicket.values()) if (client.isBlocked) count++;
    return count;
  }

  /** How many keys clients wait for. */
  get keyCount(): number {
    return this.#keyCount(() => true);
  }

  /** How many of them are keys that must not go for somebody. */
  get neededKeyCount(): number {
    return this.#keyCount(({ placement }) => placement?.at === 'blocking' && placement.needsKeys === true);
  }

  #keyCount(isMeant: (command: Command) => boolean): number {
    const keys = new Set<string>();
    for (const client of this.#byTicket.values())
      if (client.isBlocked && isMeant(client.command)) for (const key of client.keys) keys.add(key);
    return keys.size;
  }

  /** Who is told of the notices of shards. */
  readonly noticeHandlers: readonly (readonly [
    kind: number,
    handler: (notice: Notice, link: ShardLink) => void,
  ])[] = [
    [NOTICE.served, (notice, link) => this.#byTicket.get(notice.number)?.served(notice.parts[0]!, link)],
    [NOTICE.ready, (notice) => this.#byTicket.get(notice.number)?.tryAgain()],
  ];

  /** Whether a command placed `blocking` may have to wait. */
  mayWait({ placement }: Command, args: Arguments): boolean {
    return placement?.at === 'blocking' && (placement.waits === undefined || placement.waits(args));
  }

  /** Sends a command placed `blocking`. False: it cannot be taken now, and the connection is parked. */
  send(connection: Connection, command: Command, args: Arguments): boolean {
    const { tickets, router, runs, sender } = this.parts;
    const { placement } = command;
    if (placement?.at !== 'blocking') return true;
    const words = keyWords(command.keys!, args);
    const executor = router.linkOf(args, words[0]!);
    const held = new Set(words.map((word) => router.linkOf(args, word)));
    held.delete(executor);
    const ticket = tickets.take()!;
    const awaited = placement.awaitedWords ?? words;
    const client = new Waiting(this, {
      connection,
      command,
      ticket,
      run: runs.take(connection),
      links: new Set(awaited.map((word) => router.linkOf(args, word))),
      args: args.withoutName(),
      awaited,
      timeoutMs: placement.timeoutMs(args),
    });
    const attempt = { mark: MARK_MAY_WAIT, ticket };
    if (!sender.sendWaiting(connection, command, args, executor, held, attempt, client)) {
      tickets.give(ticket);
      runs.give(client.run);
      return false;
    }
    this.#byTicket.set(ticket, client);
    if (this.#byTicket.size === 1) this.used(true);
    client.run.isSilent = connection.replyMode !== 'on';
    connection.appendRun(client.run);
    connection.block(client);
    return true;
  }

  /** A shard has died: those who wait on it are closed, as those who wait for its replies. */
  lost(link: ShardLink): void {
    for (const client of [...this.#byTicket.values()]) {
      if (!client.links.has(link)) continue;
      client.connection.flush();
      client.connection.kill();
    }
  }

  /** The rules of `user` have changed: those who may not do what they wait for get the error. */
  recheck(user: User): void {
    const { acl } = this.parts;
    for (const client of [...this.#byTicket.values()]) {
      const { connection, command, args } = client;
      if (connection.user !== user || !client.isBlocked) continue;
      const result = user.restriction?.check(command, args) ?? ALLOWED;
      if (result === ALLOWED) continue;
      const word = user.restriction!.deniedWord;
      client.end(TIMED_OUT, (reply) => reply.error(acl.refusal(connection, command, args, result, word)));
    }
  }

  // What those who wait use

  /** Has the command run once more, with all its shards. */
  sendAgain(client: Waiting): void {
    const { router, sender } = this.parts;
    const { command, connection, ticket, args } = client;
    const keys = keyWords(command.keys!, args);
    const executor = router.linkOf(args, keys[0]!);
    const held = new Set(keys.map((word) => router.linkOf(args, word)));
    held.delete(executor);
    const attempt = { mark: MARK_AGAIN, ticket };
    this.#sendSoon(connection, () => {
      if (client.isOver) return true;
      if (this.parts.isLoading(command, args)) {
        client.end(TIMED_OUT, (reply) => reply.error(LOADING));
        return true;
      }
      return sender.sendWaiting(connection, command, args, executor, held, attempt, client);
    });
  }

  /** The client waits no more: its ticket is another one's soon, and the shards of `links` need not keep it. */
  forget({ ticket, connection }: Waiting, links: Iterable<ShardLink>): void {
    this.#byTicket.delete(ticket);
    if (this.#byTicket.size === 0) this.used(false);
    this.parts.tickets.give(ticket);
    for (const link of links) this.#sendSoon(connection, () => link.pushLateMark(MARK_FORGET, ticket));
  }

  #sendSoon(connection: Connection, send: () => boolean): void {
    // One after the other: what is said of a client keeps its order.
    if (this.#unsent.length === 0 && send()) {
      this.parts.touched(connection);
      return;
    }
    this.#unsent.push(send);
    this.#retry ??= setTimeout(() => this.#sendUnsent(connection), RETRY_MS).unref();
  }

  #sendUnsent(connection: Connection): void {
    this.#retry = undefined;
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const send of unsent) this.#sendSoon(connection, send);
  }
}

interface WaitingParts {
  readonly connection: Connection;
  readonly command: Command;
  readonly ticket: number;
  /** Its place in the connection's order of replies. */
  readonly run: Run;
  /** The shards that keep it while it waits. */
  readonly links: ReadonlySet<ShardLink>;
  readonly args: Arguments;
  /** Numbers of the words that are keys that it waits for. */
  readonly awaited: readonly number[];
  readonly timeoutMs: number;
}

/** One client, from its command to its reply. */
class Waiting implements BlockedClient, PartReceiver {
  readonly connection: Connection;
  readonly command: Command;
  readonly ticket: number;
  readonly run: Run;
  readonly links: ReadonlySet<ShardLink>;
  /** The words of its command, without the name. */
  readonly args: Arguments;
  readonly #awaited: readonly number[];
  /** A shard has said that it found nothing. */
  isBlocked = false;
  isOver = false;
  readonly #host: BlockedClients;
  /** By performance.now(); Infinity: it waits for ever. */
  readonly #deadlineMs: number;
  #timer: NodeJS.Timeout | undefined;
  #pieces: Uint8Array[] = [];

  constructor(host: BlockedClients, parts: WaitingParts) {
    this.#host = host;
    this.connection = parts.connection;
    this.command = parts.command;
    this.ticket = parts.ticket;
    this.run = parts.run;
    this.links = parts.links;
    this.args = parts.args;
    this.#awaited = parts.awaited;
    this.#deadlineMs = parts.timeoutMs === 0 ? Infinity : performance.now() + parts.timeoutMs;
  }

  /** The keys that it waits for, each behind its database. */
  get keys(): readonly string[] {
    return this.#awaited.map((word) => `${this.connection.db} ${this.args.text(word)}`);
  }

  // Of an attempt

  receive(_part: number, source: Uint8Array, start: number, end: number): void {
    if (end > start) this.#pieces.push(source.slice(start, end));
  }

  partTook(_ns: number, note: Note): void {
    this.#host.parts.measuring.noted(note, this.connection);
  }

  partDone(): void {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (this.isOver) return;
    if (pieces.length > 0) {
      const reply = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      this.#finish(reply, this.isBlocked ? this.links : []);
      return;
    }
    if (this.isBlocked) return;
    this.isBlocked = true;
    // What it sent before its end has been answered by now, but for this.
    if (this.connection.hasEnded) this.connection.kill();
    else this.#startTimer();
  }

  partLost(): void {
    // The connection is closed by then.
  }

  // What ends the wait

  /** `link` has served it. */
  served(reply: Uint8Array, link: ShardLink): void {
    const { links } = this;
    this.#finish(reply, links.size === 1 ? [] : [...links].filter((other) => other !== link));
    // Before the reply of whoever pushed, and all that comes with it: this one waits.
    this.connection.flush();
  }

  /** A shard has something for it, but cannot give it alone. */
  tryAgain(): void {
    this.#host.sendAgain(this);
  }

  unblock(withError: boolean): boolean {
    if (!this.isBlocked) return false;
    if (withError) this.#host.parts.measuring.statistics.failed(this.command.id);
    return this.end(TIMED_OUT, (reply) => (withError ? reply.error(UNBLOCKED) : reply.nullArray()));
  }

  /** Its connection is gone. */
  gone(): void {
    if (this.isOver) return;
    this.#host.parts.tickets.claims.claim(this.ticket, GONE);
    this.#finish(NO_BYTES, this.links);
  }

  /** Ends the wait with another reply than the command's. False: it is being served. */
  end(ending: typeof TIMED_OUT, write: (reply: ReplyWriter) => void): boolean {
    if (!this.#host.parts.tickets.claims.claim(this.ticket, ending)) return false;
    const buffer = new ReplyBuffer();
    buffer.writer.resp = this.connection.resp;
    buffer.writer.tally = this.#host.parts.measuring.tally;
    write(buffer.writer);
    this.#finish(buffer.take(), this.links);
    return true;
  }

  #startTimer(): void {
    if (this.#deadlineMs === Infinity) return;
    // Timers may be early by what their clock is behind.
    const leftMs = Math.min(TIMER_MS_MAX, Math.max(1, Math.ceil(this.#deadlineMs - performance.now())));
    this.#timer = setTimeout(() => this.#timeIsOver(), leftMs);
    this.#timer.unref();
  }

  #timeIsOver(): void {
    if (performance.now() < this.#deadlineMs) this.#startTimer();
    else this.end(TIMED_OUT, (reply) => reply.nullArray());
  }

  /** `links`: the shards that may still keep it. */
  #finish(reply: Uint8Array, links: Iterable<ShardLink>): void {
    const { connection, run } = this;
    const { tickets, touched } = this.#host.parts;
    this.isOver = true;
    clearTimeout(this.#timer);
    tickets.claims.claim(this.ticket, SERVED);
    this.#host.forget(this, links);
    connection.receive(run, reply, 0, reply.length);
    connection.runDone(run);
    connection.unblocked();
    touched(connection);
  }
}
