/**
 * Puts commands into the lanes of shards: whole ones, parts of those that are cut by shard, and those that hold several
 * shards; and keeps their places in the connection's order of replies.
 *
 * Every method returns false, with nothing sent and the connection parked, when a lane has no room now.
 */
import type { Merge } from '../commands/command.ts';
import { keyWords } from '../commands/key-words.ts';
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { CommandTimer } from '../ring/command-timer.ts';
import {
  REQUEST_NO_TOUCH,
  REQUEST_PART,
  REQUEST_RESP3,
  REQUEST_RUN_START,
  REQUEST_UPPER_CASE,
} from '../ring/layout.ts';
import { MARK_AGAIN } from '../ring/marks.ts';
import type { Connection } from './connection.ts';
import { CutCommands } from './cut-command.ts';
import type { Measuring } from './measuring.ts';
import type { Router } from './router.ts';
import type { PartReceiver, RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import {
  type Attempt,
  type LoggedTransactions,
  markTransaction,
  type TogetherRequest,
  Transactions,
} from './transactions.ts';

/** In the first letter of a name: lower case. */
const LOWER_CASE_BIT = 32;

/** What one shard gets of a command: the words with these numbers. */
interface PartRequest {
  readonly link: ShardLink;
  readonly words: readonly number[];
}

interface PartUse {
  readonly isWrite: boolean;
  /** Nobody reads the memory of these shards directly. */
  readonly guards: boolean;
}

export class RequestSender {
  readonly #router: Router;
  readonly #runs: RunPool;
  readonly #timer: CommandTimer;
  readonly #transactions: Transactions;
  readonly #logged: LoggedTransactions;
  readonly #cutCommands: CutCommands;
  /** By part: how long its request is. */
  readonly #sizes: number[] = [];

  constructor(
    router: Router,
    runs: RunPool,
    measuring: Measuring,
    logged: LoggedTransactions,
    /** Told when a connection may have something to flush. */
    touched: (connection: Connection) => void,
  ) {
    this.#router = router;
    this.#runs = runs;
    this.#timer = measuring.timer;
    this.#transactions = new Transactions(router, runs, logged);
    this.#logged = logged;
    this.#cutCommands = new CutCommands({ runs, measuring, touched });
  }

  /**
   * Sends the command to one shard; `hash` is the one of its first key, `words` are the numbers of the words that travel
   * (undefined: all but the first).
   */
  send(
    connection: Connection,
    command: Command,
    link: ShardLink,
    args: Arguments,
    hash: number,
    words?: readonly number[],
    isWrite = command.isWrite,
  ): boolean {
    if (this.#timer.isRunning) this.#timer.pause();
    let run = link.openRun;
    const isSilent = connection.replyMode !== 'on';
    const joins =
      run !== undefined &&
      run === connection.lastRun &&
      run.connection === connection &&
      run.isSilent === isSilent;
    let flags = this.#flagsOf(connection) | caseOf(args);
    if (!joins) flags |= REQUEST_RUN_START;
    if (link.hasQueueBefore(connection) || !link.push(command.id, connection.db, flags, hash, args, words)) {
      link.park(connection);
      return false;
    }
    if (!joins) {
      run = this.#runs.take(connection);
      run.isSilent = isSilent;
      run.isPrompt = true;
      run.link = link;
      link.openRun = run;
      link.queue(run);
      connection.appendRun(run);
    }
    link.account(run!, false, isWrite);
    return true;
  }

  /** Sends the request to one shard, as `send` does, but the reply goes to `receiver`, which is made when it has been sent. */
  sendAside(
    connection: Connection,
    command: Command,
    link: ShardLink,
    { args, words, isWrite }: { args: Arguments; words: readonly number[]; isWrite: boolean },
    receiver: () => PartReceiver,
  ): boolean {
    if (this.#timer.isRunning) this.#timer.pause();
    const flags = this.#flagsOf(connection) | REQUEST_RUN_START;
    if (link.hasQueueBefore(connection) || !link.push(command.id, connection.db, flags, 0, args, words)) {
      link.park(connection);
      return false;
    }
    this.#queuePart(link, receiver(), 0, isWrite, isWrite, true);
    return true;
  }

  /**
   * Sends a request to each of several shards in one turn: one place of the order for all. Their replies go to what
   * `makeReceiver` makes when there is room for all. While it `guards`, nobody reads the memory of these shards directly.
   */
  sendPartsAside(
    connection: Connection,
    command: Command,
    args: Arguments,
    requests: readonly PartRequest[],
    use: PartUse,
    makeReceiver: () => PartReceiver,
  ): boolean {
    if (!this.#hasRoomForAll(connection, args, requests)) return false;
    this.#pushParts(connection, command, args, requests, use, makeReceiver());
    return true;
  }

  /** Whether all lanes have room; otherwise the connection is parked. Notes how long the requests are. */
  #hasRoomForAll(connection: Connection, args: Arguments, requests: readonly PartRequest[]): boolean {
    for (let part = 0; part < requests.length; part++) {
      const { link, words } = requests[part]!;
      const size = link.requestBytes(args, words);
      this.#sizes[part] = size;
      if (link.hasRoomForMarked(size, requests.length)) continue;
      link.park(connection);
      return false;
    }
    return true;
  }

  /** Sends requests for which there was room just now. */
  #pushParts(
    connection: Connection,
    command: Command,
    args: Arguments,
    requests: readonly PartRequest[],
    { isWrite, guards }: PartUse,
    receiver: PartReceiver,
  ): void {
    if (this.#timer.isRunning) this.#timer.pause();
    const flags = this.#flagsOf(connection) | caseOf(args) | REQUEST_RUN_START | REQUEST_PART;
    const isSpread = requests.length > 1;
    if (isWrite && isSpread && this.#logged.isOn) {
      markTransaction(
        this.#logged,
        requests.map(({ link }) => link),
      );
    }
    for (let part = 0; part < requests.length; part++) {
      const { link, words } = requests[part]!;
      // Of several keys the shard computes the hashes itself.
      const hash = words.length === command.keyIndex ? this.#router.hashOf(args, words.at(-1)!) : 0;
      link.push(command.id, connection.db, flags, hash, args, words, this.#sizes[part]);
      this.#queuePart(link, receiver, part, guards, isWrite, isSpread);
    }
  }

  #queuePart(
    link: ShardLink,
    receiver: PartReceiver,
    part: number,
    guards: boolean,
    isWrite: boolean,
    isOneOfSeveral: boolean,
  ): void {
    const run = this.#runs.take(undefined);
    run.split = receiver;
    run.part = part;
    link.openRun = undefined;
    link.queue(run);
    link.account(run, guards, isWrite);
    if (isOneOfSeveral) link.guardOrder(run);
  }

  /** The same, for the key in word `first`. */
  sendWhole(
    connection: Connection,
    command: Command,
    link: ShardLink,
    args: Arguments,
    first: number,
  ): boolean {
    return this.send(connection, command, link, args, this.#router.hashOf(args, first));
  }

  /** Sends the command to `executor`, and holds the other shards concerned for it. */
  sendTogether(
    connection: Connection,
    command: Command,
    request: TogetherRequest,
    executor: ShardLink,
    held: ReadonlySet<ShardLink>,
    receiver?: () => PartReceiver,
  ): boolean {
    if (this.#timer.isRunning) this.#timer.pause();
    const flags = this.#flagsOf(connection) | (receiver === undefined ? caseOf(request.args) : 0);
    return this.#transactions.send(connection, command, request, executor, held, flags, receiver);
  }

  /**
   * Sends a command whose client may have to wait to `executor`, and holds the other shards concerned. With an attempt that
   * comes again, false says only that there is no room: nobody is parked.
   */
  sendWaiting(
    connection: Connection,
    command: Command,
    args: Arguments,
    executor: ShardLink,
    held: ReadonlySet<ShardLink>,
    attempt: Attempt,
    receiver: PartReceiver,
  ): boolean {
    const isAgain = attempt.mark === MARK_AGAIN;
    if (!isAgain && executor.hasQueueBefore(connection)) {
      executor.park(connection);
      return false;
    }
    if (held.size > 0) {
      const request = { args, words: undefined, isWrite: command.isWrite, attempt };
      return this.sendTogether(connection, command, request, executor, held, () => receiver);
    }
    if (this.#timer.isRunning) this.#timer.pause();
    if (!executor.hasRoomForMarked(executor.requestBytes(args, undefined), 0)) {
      if (!isAgain) executor.park(connection);
      return false;
    }
    const flags = this.#flagsOf(connection) | caseOf(args) | REQUEST_RUN_START;
    const [first = 0] = keyWords(command.keys!, args);
    executor.pushMark(attempt.mark, attempt.ticket, []);
    executor.push(command.id, connection.db, flags, this.#router.hashOf(args, first), args, undefined);
    const run = this.#runs.take(undefined);
    run.split = receiver;
    executor.openRun = undefined;
    executor.queue(run);
    executor.account(run, true, command.isWrite);
    return true;
  }

  /** Sends a part of the command to each of several shards in one turn: one place of the order for all. */
  sendParts(
    connection: Connection,
    command: Command,
    args: Arguments,
    parts: readonly PartRequest[],
    partOfKey: readonly number[],
    merge: Merge,
  ): boolean {
    const { isWrite, guardsDirectReads } = command;
    const use = { isWrite, guards: guardsDirectReads };
    if (!this.#hasRoomForAll(connection, args, parts)) return false;
    const receiver = this.#cutCommands.start(connection, command, args, parts.length, partOfKey, merge);
    this.#pushParts(connection, command, args, parts, use, receiver);
    return true;
  }

  #flagsOf(connection: Connection): number {
    return (connection.resp === 3 ? REQUEST_RESP3 : 0) | (connection.noTouch ? REQUEST_NO_TOUCH : 0);
  }
}

function caseOf(args: Arguments): number {
  return (args.bytes[args.starts[0]!]! & LOWER_CASE_BIT) === 0 ? REQUEST_UPPER_CASE : 0;
}
