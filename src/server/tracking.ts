/**
 * Client-side caching helped by the server: who has read which keys, and who is told when they change (CLIENT TRACKING).
 *
 * Every read of a client that tracks passes here before it is made or sent, and so sets the mark that makes shards tell of
 * a change (ring/tracking-board.ts has the reasons why none is missed). What shards tell arrives as notices. As in Redis, a key is
 * its name alone, in whichever database, and a key that has been told is forgotten until it is read again.
 *
 * Order. A message goes behind all replies that the connection is due: one of them may bring the value that the message is about.
 * And it goes out in the turn in which the notice came, with or before the reply to whoever made the change.
 */
import { fromLatin1, latin1 } from '../base/bytes.ts';
import type { Client } from '../commands/context.ts';
import { keyWords } from '../commands/key-words.ts';
import type { Command } from '../commands/table.ts';
import type {
  TrackingOptions,
  TrackingReport,
  TrackingService,
  TrackingState,
} from '../commands/tracking-service.ts';
import type { Config } from '../config/config.ts';
import { Arguments } from '../protocol/arguments.ts';
import { ReplyBuffer } from '../protocol/reply-writer.ts';
import { NOTICE, type Notice } from '../ring/notices.ts';
import { MODE_PREFIXES, MODE_READS, type TrackingMarks } from '../ring/tracking-board.ts';
import type { Connection } from './connection.ts';
import type { Router } from './router.ts';
import type { ShardLink } from './shard-link.ts';
import type { TransactionQueue } from './transaction-queue.ts';

const CHANNEL = '__redis__:invalidate';

/** What this needs of the acceptor. */
export interface TrackingHost {
  /** By number. */
  readonly connections: ReadonlyMap<number, Connection>;
  readonly noticeHandlers: Map<number, (notice: Notice, link: ShardLink) => void>;
  /** Shards may have something to say while nothing is under way, or not any more. */
  awaitNotices(reason: string, isOn: boolean): void;
  endTurnSoon(): void;
  touch(connection: Connection): void;
}

/** A key that somebody may have in a cache. */
interface TrackedKey {
  readonly hash: number;
  /** Numbers of clients, some of which may be gone. */
  clients: Set<number>;
}

/** The clients that want changes of keys with one prefix, and the changes that they have not been told of. */
interface Prefix {
  readonly clients: Set<Connection>;
  /** By key: the client that alone has changed it. */
  changed: Map<string, Connection | undefined>;
}

/** What a client is told: all keys, or these. */
type Invalidated = readonly string[] | undefined;

export class Tracking implements TrackingService {
  /** 0: any number. */
  #keysMax: number;
  #host!: TrackingHost;
  readonly #marks: TrackingMarks;
  readonly #router: Router;
  readonly #clients = new Set<Connection>();
  readonly #keys = new Map<string, TrackedKey>();
  readonly #prefixes = new Map<string, Prefix>();
  /** The words of a command of a transaction. */
  readonly #queued = new Arguments();
  #items = 0;
  #hasBroadcasts = false;
  /** The command whose parts empty databases on all shards: its clients are told once. */
  #lastFlush: unknown;

  constructor(marks: TrackingMarks, router: Router, config: Config) {
    this.#marks = marks;
    this.#router = router;
    this.#keysMax = config.get('tracking-table-max-keys');
    config.onChange('tracking-table-max-keys', () => {
      this.#keysMax = config.get('tracking-table-max-keys');
      this.#host.endTurnSoon();
    });
  }

  /** To be called once, before anybody connects. */
  serve(host: TrackingHost): void {
    this.#host = host;
    for (const kind of [NOTICE.changed, NOTICE.flushed]) {
      host.noticeHandlers.set(kind, (notice, link) => this.#take(notice, link));
    }
  }

  report(): TrackingReport {
    // Those that are only waited for to close their side are gone already, for people.
    const count = (clients: Iterable<Connection>) =>
      [...clients].filter(({ isClosing }) => !isClosing).length;
    return {
      clients: count(this.#clients),
      keys: this.#keys.size,
      items: this.#items,
      prefixes: [...this.#prefixes.values()].filter(({ clients }) => count(clients) > 0).length,
    };
  }

  // Who tracks

  enable(client: Client, options: TrackingOptions, prefixes: readonly string[]): void {
    const connection = client as Connection;
    const all = new Set(connection.tracking?.prefixes);
    if (options.isBroadcast) for (const prefix of prefixes.length === 0 ? [''] : prefixes) all.add(prefix);
    const isCachingGiven = connection.tracking?.isCachingGiven ?? false;
    connection.tracking = { ...options, isCachingGiven, isRedirectBroken: false, prefixes: all };
    connection.updatePlain();
    this.#clients.add(connection);
    for (const name of all) {
      const prefix = this.#prefixes.get(name) ?? { clients: new Set(), changed: new Map() };
      prefix.clients.add(connection);
      this.#prefixes.set(name, prefix);
    }
    this.#setMode();
    if (this.#clients.size === 1) this.#host.awaitNotices('tracking', true);
  }

  disable(client: Client): void {
    const connection = client as Connection;
    const { tracking } = connection;
    if (tracking === undefined) return;
    connection.tracking = undefined;
    connection.updatePlain();
    this.#clients.delete(connection);
    for (const name of tracking.prefixes) {
      const prefix = this.#prefixes.get(name)!;
      prefix.clients.delete(connection);
      if (prefix.clients.size === 0) this.#prefixes.delete(name);
    }
    this.#setMode();
    if (this.#clients.size > 0) return;
    // Nobody would be told of these keys, and shards say no more when they change.
    this.#forgetAll();
    this.#host.awaitNotices('tracking', false);
  }

  /** The connection is gone. */
  forget(connection: Connection): void {
    this.disable(connection);
  }

  #setMode(): void {
    this.#marks.mode =
      (this.#clients.size > 0 ? MODE_READS : 0) | (this.#prefixes.size > 0 ? MODE_PREFIXES : 0);
  }

  // Reads

  /** Routes a command of a client that tracks, and returns whether it was taken. */
  route(connection: Connection, command: Command, args: Arguments, route: () => boolean): boolean {
    const settled = this.#remember(connection, command, args);
    const taken = settled === undefined ? route() : this.#sendSettled(settled, route);
    if (taken) this.#commandTaken(connection, command);
    return taken;
  }

  /**
   * Before the command is routed: what it reads is in the client's cache from then on. What is returned is to be routed with
   * `sendSettled`.
   */
  #remember(connection: Connection, command: Command, args: Arguments): Set<string> | undefined {
    const { tracking, transaction } = connection;
    if (tracking === undefined || tracking.isBroadcast) return undefined;
    let settled: Set<string> | undefined;
    if (transaction !== undefined && isExecution(command)) {
      settled = this.#rememberQueued(connection, tracking, transaction);
    } else if (wantsReads(tracking)) this.#rememberReads(connection, command, args);
    if (this.#isOverLimit) this.#host.endTurnSoon();
    return settled;
  }

  /**
   * What a transaction will read. Where CLIENT CACHING is among its commands all counts: the handler runs when everything has been
   * read.
   *
   * Redis begins to track a key when it is read. So what the transaction changes before is not told to the client, if it has
   * not read the key earlier: such keys are returned. (It would do no harm but to drop the key from the cache again.)
   */
  #rememberQueued(
    connection: Connection,
    tracking: TrackingState,
    queue: TransactionQueue,
  ): Set<string> | undefined {
    const changesMode = queue.commands.some(({ keepsCachingMode }) => keepsCachingMode);
    if (!wantsReads(tracking) && !changesMode) return undefined;
    const settled = new Set<string>();
    for (const [i, command] of queue.commands.entries()) {
      queue.load(i, this.#queued);
      if (command.isWrite) unsettle(settled, command, this.#queued);
      else this.#rememberReads(connection, command, this.#queued, settled);
    }
    return queue.write !== undefined && settled.size > 0 ? settled : undefined;
  }

  /**
   * Routes a transaction, and marks what is sent of it: of these keys its own changes come before its own reads. Nothing else
   * of the connection may join the runs.
   */
  #sendSettled(settled: ReadonlySet<string>, route: () => boolean): boolean {
    const { links } = this.#router;
    for (const link of links) link.openRun = undefined;
    const asked = links.map((link) => link.askedRuns);
    const taken = route();
    for (const [i, link] of links.entries()) {
      if (link.askedRuns === asked[i]) continue;
      link.lastRun!.settledKeys = settled;
      link.openRun = undefined;
    }
    return taken;
  }

  /** `fresh` gets the keys that the client had not read before. */
  #rememberReads(connection: Connection, command: Command, args: Arguments, fresh?: Set<string>): void {
    if (!command.readsKeys) return;
    for (const word of keyWords(command.keys!, args)) {
      const key = latin1(args.bytes, args.starts[word]!, args.ends[word]!);
      const isFresh = this.#track(key, this.#router.hashOf(args, word), connection);
      if (isFresh) fresh?.add(key);
    }
  }

  /** Returns whether the client had not read the key before. */
  #track(key: string, hash: number, { id }: Connection): boolean {
    let tracked = this.#keys.get(key);
    if (tracked === undefined) {
      tracked = { hash, clients: new Set() };
      this.#keys.set(key, tracked);
      this.#marks.add(hash);
    }
    if (tracked.clients.has(id)) return false;
    tracked.clients.add(id);
    this.#items++;
    return true;
  }

  /** What CLIENT CACHING said goes for one command, or one transaction. */
  #commandTaken(connection: Connection, command: Command): void {
    const { tracking, transaction } = connection;
    if (tracking === undefined || transaction !== undefined || command.keepsCachingMode) return;
    tracking.isCachingGiven = false;
  }

  get #isOverLimit(): boolean {
    return this.#keysMax > 0 && this.#keys.size > this.#keysMax;
  }

  // Changes

  /** Takes a notice of a shard, in the place of the lane where it stands. */
  #take({ kind, number, parts }: Notice, link: ShardLink): void {
    const run = link.answering;
    if (kind === NOTICE.flushed) {
      if (run?.split !== undefined && run.split === this.#lastFlush) return;
      this.#lastFlush = run?.split;
      this.flushed();
      return;
    }
    const writer = number === 1 ? (run?.connection ?? run?.split?.connection) : undefined;
    for (const part of parts) this.#changed(latin1(part, 0, part.length), writer, run?.settledKeys);
  }

  /** All keys may have changed. */
  flushed(): void {
    for (const connection of this.#clients) this.#tell(connection, undefined);
    this.#forgetAll();
  }

  #changed(key: string, writer: Connection | undefined, settled?: ReadonlySet<string>): void {
    for (const [name, prefix] of this.#prefixes) {
      if (!key.startsWith(name)) continue;
      const isAlone = !prefix.changed.has(key) || prefix.changed.get(key) === writer;
      prefix.changed.set(key, isAlone ? writer : undefined);
      this.#hasBroadcasts = true;
    }
    const tracked = this.#keys.get(key);
    if (tracked === undefined) return;
    const isSettled = writer !== undefined && settled?.has(key) === true && tracked.clients.has(writer.id);
    this.#invalidate(key, tracked, writer, isSettled ? writer.id : undefined);
  }

  /** Tells those who have read the key, and forgets them, all but the client `kept`. */
  #invalidate(key: string, tracked: TrackedKey, writer: Connection | undefined, kept?: number): void {
    const { clients, hash } = tracked;
    this.#items -= clients.size;
    if (kept === undefined) {
      this.#keys.delete(key);
      this.#marks.remove(hash);
    } else {
      // The mark stays without a break: what was read may change again at any time.
      tracked.clients = new Set([kept]);
      this.#items++;
    }
    for (const id of clients) {
      const connection = this.#host.connections.get(id);
      // What a client read before it went over to BCAST does not count any more.
      if (id === kept || connection?.tracking === undefined || connection.tracking.isBroadcast) continue;
      if (!connection.tracking.noLoop || connection !== writer) this.#tell(connection, [key]);
    }
  }

  #forgetAll(): void {
    this.#keys.clear();
    this.#items = 0;
    this.#marks.clear();
  }

  /** To be called at the end of a turn, before replies go out. */
  endTurn(): void {
    if (this.#hasBroadcasts) this.#broadcast();
    while (this.#isOverLimit) {
      const [key, tracked] = this.#keys.entries().next().value!;
      this.#invalidate(key, tracked, undefined);
    }
  }

  #broadcast(): void {
    this.#hasBroadcasts = false;
    for (const prefix of this.#prefixes.values()) {
      if (prefix.changed.size === 0) continue;
      const { changed } = prefix;
      prefix.changed = new Map();
      const keys = [...changed.keys()].sort();
      for (const connection of prefix.clients) {
        const { noLoop } = connection.tracking!;
        const told = noLoop ? keys.filter((key) => changed.get(key) !== connection) : keys;
        if (told.length > 0) this.#tell(connection, told);
      }
    }
  }

  // Messages

  #tell(connection: Connection, keys: Invalidated): void {
    const tracking = connection.tracking!;
    let target = connection;
    if (tracking.redirect !== 0) {
      const redirected = this.#host.connections.get(tracking.redirect);
      if (redirected === undefined || redirected.isClosing) {
        tracking.isRedirectBroken = true;
        if (connection.resp === 3) this.#send(connection, brokenRedirect(tracking.redirect));
        return;
      }
      target = redirected;
    }
    // Without pushes there is only the way through a client that listens to channels.
    if (target.resp === 3) this.#send(target, push(keys));
    else if (tracking.redirect !== 0 && target.subscriptions !== undefined) {
      this.#send(target, channelMessage(keys));
    }
  }

  #send(connection: Connection, bytes: Uint8Array): void {
    if (connection.isClosed || connection.isClosing) return;
    // One that waits for data may wait for long; what it waits for is nothing that it has read.
    if (connection.isBlocked) connection.push(bytes);
    else connection.appendReply(bytes);
    this.#host.touch(connection);
  }
}

/** Takes out of `settled` the keys that a command writes: all, when it does not name them. */
function unsettle(settled: Set<string>, { keys }: Command, args: Arguments): void {
  if (keys === undefined) settled.clear();
  else for (const word of keyWords(keys, args)) settled.delete(args.text(word));
}

function isExecution({ placement }: Command): boolean {
  return placement?.at === 'transaction' && placement.step === 'execute';
}

function wantsReads({ isCachingGiven, optIn, optOut }: TrackingState): boolean {
  return isCachingGiven ? !optOut : !optIn;
}

function push(keys: Invalidated): Uint8Array {
  const buffer = new ReplyBuffer();
  buffer.writer.resp = 3;
  buffer.writer.push(2);
  buffer.writer.bulkText('invalidate');
  writeKeys(buffer, keys);
  return buffer.take();
}

function channelMessage(keys: Invalidated): Uint8Array {
  const buffer = new ReplyBuffer();
  buffer.writer.array(3);
  buffer.writer.bulkText('message');
  buffer.writer.bulkText(CHANNEL);
  writeKeys(buffer, keys);
  return buffer.take();
}

function writeKeys({ writer }: ReplyBuffer, keys: Invalidated): void {
  if (keys === undefined) {
    writer.null();
    return;
  }
  writer.array(keys.length);
  for (const key of keys) writer.bulk(fromLatin1(key));
}

function brokenRedirect(id: number): Uint8Array {
  const buffer = new ReplyBuffer();
  buffer.writer.resp = 3;
  buffer.writer.push(2);
  buffer.writer.bulkText('tracking-redir-broken');
  buffer.writer.integer(id);
  return buffer.take();
}
