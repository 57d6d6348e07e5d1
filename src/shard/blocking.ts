/**
 * Commands that wait for data, on a shard. Such a command comes like any other. When it finds nothing it waits: it is
 * kept here, under each of its keys, and its reply is empty, from which the acceptor sees that the client is blocked.
 *
 * The shard hears of every change of its keys while anybody waits. A key of which there is something new is looked at when
 * the command that made it has ended, before the next one runs: those who wait for it are tried again, first come first
 * served, by their own handlers. So nobody can get in between, and what they change belongs to the same batch of the log.
 * What they answer travels in a notice. What such a command does may be news of other keys (BLMOVE), which are looked at next.
 *
 * Keys on several shards: the client is kept on each, in the same step, because all are held for the first attempt. Whoever
 * has something first claims it (ring/claims.ts). A command that needs keys of other shards for what it does is not
 * tried here: the acceptor is told to send it again, with holds for these shards, and those behind it wait for that.
 */

import type { Placement } from '../commands/command.ts';
import type { Waiting } from '../commands/context.ts';
import { keyWords } from '../commands/key-words.ts';
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { Claims, SERVED } from '../ring/claims.ts';
import { MARK_AGAIN, MARK_FORGET, MARK_MAY_WAIT, type Mark } from '../ring/marks.ts';
import { NOTICE, type Notice } from '../ring/notices.ts';
import type { Journal } from '../store/journal.ts';
import { ABSENT, type Keyspace } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { type Waiter, WaitingClients, type WaitQueue } from './waiting-clients.ts';

/** What this needs of the shard's executor: what it runs now, and how to run more. */
export interface BlockingHost {
  readonly keyspace: Keyspace;
  readonly args: Arguments;
  readonly db: number;
  readonly reply: { readonly resp: 2 | 3 };
  readonly commandName: string;
  readonly shardIndex: number;
  idOf(name: string): number;
  shardOf(word: number): number;
  shardOfKey(key: Uint8Array): number;
  /** Lets the client of the command that runs now wait on `shard`, which is held, as well. */
  waitThere(shard: number, ticket: number): void;
  /** Runs the command of one who waits, and returns its reply. */
  runAgain(waiter: Waiter): Uint8Array;
}

type BlockingPlacement = Extract<Placement, { at: 'blocking' }>;

export interface BlockingParts {
  readonly claims: SharedArrayBuffer;
  readonly commands: readonly Command[];
  /** Begins or ends to tell `observer` of changes. */
  observe(observer: Journal, isOn: boolean): void;
  notice(notice: Notice): void;
}

/** How the command that runs now stands to its client. */
const NO_ATTEMPT = 0;
/** The client has just sent it, and may wait. */
const FIRST = 1;
/** It has been sent again, with all its shards held. */
const AGAIN = 2;
/** It is tried again here. */
const HERE = 3;

export class Blocking implements Waiting, Journal {
  /** `care` must be called when the command has ended. */
  needsCare = false;
  readonly #host: BlockingHost;
  readonly #parts: BlockingParts;
  readonly #claims: Claims;
  readonly #clients = new WaitingClients();
  #ready: WaitQueue[] = [];
  #attempt = NO_ATTEMPT;
  #ticket = 0;
  #hasClaimed = false;

  constructor(host: BlockingHost, parts: BlockingParts) {
    this.#host = host;
    this.#parts = parts;
    this.#claims = new Claims(parts.claims);
  }

  /** How many clients wait for keys of this shard. */
  get clientCount(): number {
    return this.#clients.count;
  }

  /** Takes note of a mark; false when it is about something else. */
  take(mark: Mark): boolean {
    switch (mark.kind) {
      case MARK_MAY_WAIT:
        this.#begin(FIRST, mark.number);
        return true;
      case MARK_AGAIN:
        this.#begin(AGAIN, mark.number);
        return true;
      case MARK_FORGET: {
        const waiter = this.#clients.find(mark.number);
        if (waiter !== undefined) this.#remove(waiter);
        if (this.needsCare) this.care();
        return true;
      }
      default:
        return false;
    }
  }

  #begin(attempt: number, ticket: number): void {
    this.#attempt = attempt;
    this.#ticket = ticket;
    this.#hasClaimed = false;
    this.needsCare = true;
  }

  // What handlers use

  reaches(word: number): boolean {
    return this.#attempt !== HERE || this.#host.shardOf(word) === this.#host.shardIndex;
  }

  claim(): boolean {
    if (this.#attempt === NO_ATTEMPT || this.#hasClaimed) return true;
    if (this.#attempt === HERE) {
      const waiter = this.#clients.find(this.#ticket)!;
      if (waiter.isSpread) {
        this.#sendAway(waiter);
        return false;
      }
    }
    this.#hasClaimed = this.#claims.claim(this.#ticket, SERVED);
    return this.#hasClaimed;
  }

  wait(): boolean {
    if (this.#attempt === NO_ATTEMPT) return false;
    if (this.#attempt !== FIRST) return true;
    const host = this.#host;
    const id = host.idOf(host.commandName);
    const shards = new Set(this.#awaitedWords(id, host.args).map((word) => host.shardOf(word)));
    for (const shard of shards) {
      if (shard === host.shardIndex) this.register(this.#ticket, id, host.db, host.args, host.reply.resp);
      else host.waitThere(shard, this.#ticket);
    }
    return true;
  }

  /** Keeps a client, whose command is number `id`, waiting for those of its keys that are on this shard. */
  register(ticket: number, id: number, db: number, args: Arguments, resp: 2 | 3): void {
    if (this.#clients.find(ticket) !== undefined) return;
    const host = this.#host;
    const { keys, placement } = this.#parts.commands[id]!;
    if (placement?.at !== 'blocking') throw new Error('a command waits that is not placed so');
    const kept = this.#settled(placement, db, args.withoutName());
    const isHere = (word: number) => host.shardOfKey(kept.copy(word)) === host.shardIndex;
    const awaited = this.#awaitedWords(id, kept);
    const isSpread = keyWords(keys!, kept).some((word) => !awaited.includes(word) && !isHere(word));
    const type = placement.awaitedType;
    const needsKeys = placement.needsKeys ?? false;
    const waiter: Waiter = {
      ...{ ticket, id, db, resp, args: kept, type, needsKeys, isSpread },
      ...{ queues: [], isAway: false },
    };
    if (this.#clients.count === 0) this.#parts.observe(this, true);
    for (const word of awaited) {
      if (!isHere(word)) continue;
      const key = kept.copy(word);
      this.#clients.add(waiter, key, host.keyspace.hash(key, 0, key.length));
    }
  }

  /** The words of a command as they are to be kept: what they mean of this moment is what they say then. */
  #settled({ settle }: BlockingPlacement, db: number, args: Arguments): Arguments {
    if (settle === undefined) return args;
    const { keyspace, shardIndex } = this.#host;
    const words = settle(args, (word) => {
      const key = args.copy(word);
      if (this.#host.shardOfKey(key) !== shardIndex) return undefined;
      const ref = keyspace.peek(db, key, 0, key.length, keyspace.hash(key, 0, key.length));
      return ref === ABSENT || keyspace.typeOf(ref) === TYPE_STRING ? undefined : keyspace.collectionOf(ref);
    });
    args.setWords(words);
    return args;
  }

  #awaitedWords(id: number, args: Arguments): readonly number[] {
    const { keys, placement } = this.#parts.commands[id]!;
    const only = placement?.at === 'blocking' ? placement.awaitedWords : undefined;
    return only ?? keyWords(keys!, args);
  }

  #remove(waiter: Waiter): void {
    const { queues } = waiter;
    this.#clients.remove(waiter);
    // Those behind it have waited for what comes of it.
    if (waiter.isAway) this.#lookAtAll(queues);
    if (this.#clients.count === 0) this.#parts.observe(this, false);
  }

  #sendAway(waiter: Waiter): void {
    waiter.isAway = true;
    this.#parts.notice({ kind: NOTICE.ready, db: waiter.db, number: waiter.ticket, parts: [] });
  }

  // When a command has ended

  /** Ends the attempt under way, and serves those who wait for what is new. */
  care(): void {
    if (this.#attempt !== NO_ATTEMPT) this.#endAttempt();
    this.#host.keyspace.countsLookups = false;
    // What is done for one key may make others ready.
    for (let i = 0; i < this.#ready.length; i++) this.#serve(this.#ready[i]!);
    this.#ready = [];
    this.needsCare = false;
  }

  #endAttempt(): void {
    const isAgain = this.#attempt === AGAIN;
    this.#attempt = NO_ATTEMPT;
    if (!isAgain) return;
    const waiter = this.#clients.find(this.#ticket);
    if (waiter === undefined) return;
    if (this.#hasClaimed) {
      this.#remove(waiter);
      return;
    }
    waiter.isAway = false;
    this.#lookAtAll(waiter.queues);
  }

  #serve(queue: WaitQueue): void {
    queue.isReady = false;
    for (const waiter of queue.waiters) {
      if (!waiter.needsKeys && this.#typeOf(queue) !== waiter.type) continue;
      if (!this.#claims.isWaiting(waiter.ticket)) {
        this.#remove(waiter);
        continue;
      }
      if (!waiter.isAway) this.#try(waiter);
      if (waiter.isAway) return;
    }
  }

  #try(waiter: Waiter): void {
    this.#attempt = HERE;
    this.#ticket = waiter.ticket;
    this.#hasClaimed = false;
    const reply = this.#host.runAgain(waiter);
    this.#attempt = NO_ATTEMPT;
    if (!this.#hasClaimed) return;
    this.#remove(waiter);
    this.#parts.notice({ kind: NOTICE.served, db: waiter.db, number: waiter.ticket, parts: [reply] });
  }

  #typeOf({ db, key, hash }: WaitQueue): number | undefined {
    const { keyspace } = this.#host;
    const ref = keyspace.peek(db, key, 0, key.length, hash);
    return ref === ABSENT ? undefined : keyspace.typeOf(ref);
  }

  #lookAtAll(queues: Iterable<WaitQueue>): void {
    for (const queue of queues) this.#lookAt(queue);
  }

  #lookAt(queue: WaitQueue): void {
    if (queue.isReady) return;
    queue.isReady = true;
    this.#ready.push(queue);
    this.needsCare = true;
  }

  // What is new

  stored(db: number, ref: number): void {
    const queue = this.#queueAt(db, ref);
    if (queue !== undefined) this.#lookAt(queue);
  }

  changed(db: number, ref: number): void {
    const queue = this.#queueAt(db, ref);
    if (queue !== undefined) this.#lookAt(queue);
  }

  #queueAt(db: number, ref: number): WaitQueue | undefined {
    const { keyspace } = this.#host;
    const start = keyspace.keyStart(ref);
    return this.#clients.queueOf(db, keyspace.bytesOf(ref), start, start + keyspace.keyLength(ref));
  }

  swapped(a: number, b: number): void {
    this.#lookAtAll(this.#clients.queuesOf(a));
    this.#lookAtAll(this.#clients.queuesOf(b));
  }

  patched(): void {}

  expiryChanged(): void {}

  removed(db: number, ref: number): void {
    const queue = this.#queueAt(db, ref);
    if (queue !== undefined && needsKey(queue)) this.#lookAt(queue);
  }

  flushed(db: number): void {
    for (const queue of this.#clients.queuesOf(db)) if (needsKey(queue)) this.#lookAt(queue);
  }
}

/** Whether anybody in a queue wants to know that the key is gone. */
function needsKey({ waiters }: WaitQueue): boolean {
  for (const waiter of waiters) if (waiter.needsKeys) return true;
  return false;
}
