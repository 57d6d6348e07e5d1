/**
 * Commands on keys of several shards at one instant (design: atomic across shards): the acceptor's part. In one
 * turn, the command goes to the lane of its executor and a hold to the lane of each other shard concerned; so every
 * shard has all transactions in the same order, and none can wait for another in a circle. See shard/together.ts.
 */
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { REQUEST_RUN_START, REQUEST_TOGETHER, REQUEST_WORDS_OFFSET } from '../ring/layout.ts';
import { MARK_TRANSACTION } from '../ring/marks.ts';
import type { Connection } from './connection.ts';
import type { PartReceiver, Run, RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import { SplitReply } from './split-reply.ts';

/** Numbers of transactions are positive int32, and used again after two thousand million of them. */
const TRANSACTION_MAX = 0x7fffffff;

/**
 * Numbers of the writes that several shards take part in, as the shards' logs have them: they only ever rise, over
 * restarts too. Without logs there are none.
 */
export interface LoggedTransactions {
  /** Whether shards keep logs. */
  readonly isOn: boolean;
  next(): number;
}

export interface TogetherRequest {
  readonly args: Arguments;
  /** Numbers of the words that travel; undefined: all but the first. */
  readonly words: readonly number[] | undefined;
  readonly isWrite: boolean;
}

export class Transactions {
  readonly #runs: RunPool;
  readonly #logged: LoggedTransactions;
  #last = 0;

  constructor(runs: RunPool, logged: LoggedTransactions) {
    this.#runs = runs;
    this.#logged = logged;
  }

  /**
   * Sends the request to `executor` and holds to `held`. False, with nothing sent and the connection parked, when one
   * of the lanes has no room now. `flags` are REQUEST_ flags of the client. The reply goes to `receiver`, which is made when
   * the request has been sent; without one to the connection.
   */
  send(
    connection: Connection,
    command: Command,
    { args, words, isWrite }: TogetherRequest,
    executor: ShardLink,
    held: ReadonlySet<ShardLink>,
    flags: number,
    receiver?: () => PartReceiver,
  ): boolean {
    const shards = held.size + 1;
    const size = executor.requestBytes(args, words);
    if (!executor.hasRoomForMarked(size, shards)) return park(executor, connection);
    for (const link of held)
      if (!link.hasRoomForMarked(REQUEST_WORDS_OFFSET, shards)) return park(link, connection);
    this.#last = this.#last === TRANSACTION_MAX ? 1 : this.#last + 1;
    if (isWrite) markTransaction(this.#logged, [executor, ...held]);
    for (const link of held) {
      link.pushHold(this.#last, executor.index);
      this.#queueAlone(link, this.#holdRun(connection));
    }
    const allFlags = flags | REQUEST_RUN_START | REQUEST_TOGETHER;
    executor.push(command.id, connection.db, allFlags, this.#last, args, words);
    this.#queueAlone(executor, this.#runFor(connection, receiver));
    return true;
  }

  #runFor(connection: Connection, receiver: (() => PartReceiver) | undefined): Run {
    if (receiver !== undefined) {
      const run = this.#runs.take(undefined);
      run.split = receiver();
      return run;
    }
    const run = this.#runs.take(connection);
    run.isSilent = connection.replyMode !== 'on';
    connection.appendRun(run);
    return run;
  }

  /** The end of a hold tells nobody anything. */
  #holdRun(connection: Connection): Run {
    const run = this.#runs.take(undefined);
    const split = new SplitReply(1, 'ok', 2, [], () => {});
    split.connection = connection;
    run.split = split;
    return run;
  }

  /** No other request joins the run, and nobody reads the shard's memory directly while it is under way. */
  #queueAlone(link: ShardLink, run: Run): void {
    link.openRun = undefined;
    link.queue(run);
    link.account(run, true);
  }
}

/** Tells all of `links` that the next request of each is a part of one write. */
export function markTransaction(logged: LoggedTransactions, links: readonly ShardLink[]): void {
  if (!logged.isOn) return;
  const number = logged.next();
  const shards = links.map(({ index }) => index);
  for (const link of links) link.pushMark(MARK_TRANSACTION, number, shards);
}

function park(link: ShardLink, connection: Connection): false {
  link.park(connection);
  return false;
}
