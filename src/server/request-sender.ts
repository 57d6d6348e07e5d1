/**
 * Puts commands into the lanes of shards: whole ones, parts of those that are cut by shard, and those that hold several
 * shards; and keeps their places in the connection's order of replies.
 *
 * Every method returns false, with nothing sent and the connection parked, when a lane has no room now.
 */
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
import type { Measuring } from './measuring.ts';
import type { Router } from './router.ts';
import type { Run, RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import { rememberWords } from './slow-log.ts';
import { SplitReply } from './split-reply.ts';
import { type Attempt, type LoggedTransactions, markTransaction, Transactions } from './transactions.ts';

/** In the first letter of a name: lower case. */
const LOWER_CASE_BIT = 32;

export class RequestSender {
  readonly #router: Router;
  readonly #runs: RunPool;
  readonly #measuring: Measuring;
  readonly #timer: CommandTimer;
  readonly #transactions: Transactions;
  readonly #logged: LoggedTransactions;
  /** Told when a connection may have something to flush. */
  readonly #touched: (connection: Connection) => void;

  constructor(
    router: Router,
    runs: RunPool,
    measuring: Measuring,
    logged: LoggedTransactions,
    touched: (connection: Connection) => void,
  ) {
    this.#router = router;
    this.#runs = runs;
    this.#measuring = measuring;
    this.#timer = measuring.timer;
    this.#transactions = new Transactions(runs, logged);
    this.#logged = logged;
    this.#touched = touched;
  }

  /** Sends the command to one shard; `hash` is the one of its first key. */
  send(connection: Connection, command: Command, link: ShardLink, args: Arguments, hash: number): boolean {
    if (this.#timer.isRunning) this.#timer.pause();
    let run = link.openRun;
    const isSilent = connection.replyMode !== 'on';
    const joins =
      run !== undefined &&
      run === connection.lastRun &&
      run.connection === connection &&
      run.isSilent === isSilent;
    let flags = this.#flagsOf(connection, args);
    if (!joins) flags |= REQUEST_RUN_START;
    if (
      link.hasQueueBefore(connection) ||
      !link.push(command.id, connection.db, flags, hash, args, undefined)
    ) {
      link.park(connection);
      return false;
    }
    if (!joins) {
      run = this.#runs.take(connection);
      run.isSilent = isSilent;
      link.openRun = run;
      link.queue(run);
      connection.appendRun(run);
    }
    link.account(run!, command.guardsDirectReads);
    return true;
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
    args: Arguments,
    executor: ShardLink,
    held: ReadonlySet<ShardLink>,
  ): boolean {
    if (this.#timer.isRunning) this.#timer.pause();
    return this.#transactions.send(
      connection,
      command,
      args,
      executor,
      held,
      this.#flagsOf(connection, args),
    );
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
  ): boolean {
    if (this.#timer.isRunning) this.#timer.pause();
    const flags = this.#flagsOf(connection, args) | REQUEST_RUN_START;
    const isAgain = attempt.mark === MARK_AGAIN;
    if (!isAgain && executor.hasQueueBefore(connection)) {
      executor.park(connection);
      return false;
    }
    if (held.size > 0)
      return this.#transactions.send(connection, command, args, executor, held, flags, attempt);
    if (!executor.hasRoomForMarked(executor.requestBytes(args, undefined), 0)) {
      if (!isAgain) executor.park(connection);
      return false;
    }
    executor.pushMark(attempt.mark, attempt.ticket, []);
    const [first = 0] = keyWords(command.keys!, args);
    executor.push(command.id, connection.db, flags, this.#router.hashOf(args, first), args, undefined);
    const run = this.#runs.take(undefined);
    run.split = attempt.receiver;
    executor.openRun = undefined;
    executor.queue(run);
    executor.account(run, true);
    return true;
  }

  /** Sends a part of the command to each of several shards in one turn: one place of the order for all. */
  sendParts(
    connection: Connection,
    command: Command,
    args: Arguments,
    parts: readonly { link: ShardLink; words: readonly number[] }[],
    partOfKey: readonly number[],
    merge: ConstructorParameters<typeof SplitReply>[1],
  ): boolean {
    for (const { link, words } of parts) {
      if (link.hasRoomForMarked(link.requestBytes(args, words), parts.length)) continue;
      link.park(connection);
      return false;
    }
    if (this.#timer.isRunning) this.#timer.pause();
    const { count } = args;
    const words = rememberWords(args);
    const whole = this.#runs.take(connection);
    whole.isSilent = connection.replyMode !== 'on';
    connection.appendRun(whole);
    const split = new SplitReply(parts.length, merge, connection.resp, partOfKey, (reply) => {
      const ns = split.slowestNs;
      this.#measuring.countSplit(command, ns, reply);
      if (this.#measuring.isSlow(ns)) this.#measuring.slow(command, ns, connection, words, count);
      connection.receive(whole, reply, 0, reply.length);
      connection.runDone(whole);
      this.#touched(connection);
    });
    split.connection = connection;
    const flags = this.#flagsOf(connection, args) | REQUEST_RUN_START | REQUEST_PART;
    if (command.isWrite && parts.length > 1)
      markTransaction(
        this.#logged,
        parts.map(({ link }) => link),
      );
    parts.forEach(({ link, words }, part) => {
      const first = words[Math.max(command.keyIndex, 1) - 1];
      const hash = first === undefined ? 0 : this.#router.hashOf(args, first);
      link.push(command.id, connection.db, flags, hash, args, words);
      const run: Run = this.#runs.take(undefined);
      run.split = split;
      run.part = part;
      link.openRun = undefined;
      link.queue(run);
      link.account(run, command.guardsDirectReads);
    });
    return true;
  }

  #flagsOf(connection: Connection, args: Arguments): number {
    return (
      (connection.resp === 3 ? REQUEST_RESP3 : 0) |
      (connection.noTouch ? REQUEST_NO_TOUCH : 0) |
      ((args.bytes[args.starts[0]!]! & LOWER_CASE_BIT) === 0 ? REQUEST_UPPER_CASE : 0)
    );
  }
}
