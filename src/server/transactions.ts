/**
 * Commands on keys of several shards at one instant (design: atomic across shards): the acceptor's part. In one
 * turn, the command goes to the lane of its executor and a hold to the lane of each other shard concerned; so every
 * shard has all transactions in the same order, and none can wait for another in a circle. See shard/together.ts.
 */

import { keyWords } from '../commands/key-words.ts';
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { REQUEST_RUN_START, REQUEST_TOGETHER, REQUEST_WORDS_OFFSET } from '../ring/layout.ts';
import { MARK_AGAIN, MARK_TRANSACTION } from '../ring/marks.ts';
import type { Connection } from './connection.ts';
import type { Router } from './router.ts';
import type { Hold, PartReceiver, Run, RunPool } from './run.ts';
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

/** Sending a command whose client may have to wait (see blocked-clients.ts). */
export interface Attempt {
  /** The kind of the mark that tells the shard of it: MARK_MAY_WAIT or MARK_AGAIN. */
  readonly mark: number;
  readonly ticket: number;
}

export interface TogetherRequest {
  readonly args: Arguments;
  /** Numbers of the words that travel; undefined: all but the first. */
  readonly words: readonly number[] | undefined;
  readonly isWrite: boolean;
  /** One that comes again parks nobody. */
  readonly attempt?: Attempt;
}

export class Transactions {
  readonly #router: Router;
  readonly #runs: RunPool;
  readonly #logged: LoggedTransactions;
  #last = 0;

  constructor(router: Router, runs: RunPool, logged: LoggedTransactions) {
    this.#router = router;
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
    request: TogetherRequest,
    executor: ShardLink,
    held: ReadonlySet<ShardLink>,
    flags: number,
    receiver?: () => PartReceiver,
  ): boolean {
    const { args, words, isWrite, attempt } = request;
    const full = fullLink(request, executor, held);
    if (full !== undefined) {
      if (attempt?.mark !== MARK_AGAIN) full.park(connection);
      return false;
    }
    this.#last = this.#last === TRANSACTION_MAX ? 1 : this.#last + 1;
    if (isWrite) markTransaction(this.#logged, [executor, ...held]);
    const isAside = receiver !== undefined;
    const holds: Hold[] = [];
    for (const link of held) {
      link.pushHold(this.#last, executor.index);
      const run = this.#holdRun(connection);
      this.#queueAlone(link, run, isAside);
      holds.push({ link, run, split: run.split });
    }
    const allFlags = flags | REQUEST_RUN_START | REQUEST_TOGETHER;
    if (attempt !== undefined) executor.pushMark(attempt.mark, attempt.ticket, []);
    executor.push(command.id, connection.db, allFlags, this.#last, args, words);
    const run = this.#runFor(connection, receiver, executor, holds);
    this.#queueAlone(executor, run, isAside);
    if (!isAside) this.#guardKeys(command, args, run, executor, holds);
    return true;
  }

  /** While the command is under way its keys are not read directly; all others are. */
  #guardKeys(command: Command, args: Arguments, run: Run, executor: ShardLink, holds: readonly Hold[]): void {
    for (const word of keyWords(command.keys!, args)) {
      const link = this.#router.linkOf(args, word);
      const guarding = link === executor ? run : holds.find((hold) => hold.link === link)!.run;
      link.guardKey(guarding, this.#router.hashOf(args, word));
    }
  }

  #runFor(
    connection: Connection,
    receiver: (() => PartReceiver) | undefined,
    executor: ShardLink,
    holds: readonly Hold[],
  ): Run {
    if (receiver !== undefined) {
      const run = this.#runs.take(undefined);
      run.split = receiver();
      return run;
    }
    const run = this.#runs.take(connection);
    run.isSilent = connection.replyMode !== 'on';
    run.link = executor;
    run.holds = holds;
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

  /**
   * No other request joins the run. Of a transaction nothing is read directly while it is under way: what a client sends behind a
   * command whose reply goes elsewhere is not told from others', and it may reach any keys.
   */
  #queueAlone(link: ShardLink, run: Run, isAside: boolean): void {
    link.openRun = undefined;
    link.queue(run);
    link.account(run, isAside, true);
  }
}

/** Tells all of `links` that the next request of each is a part of one write. */
export function markTransaction(logged: LoggedTransactions, links: readonly ShardLink[]): void {
  if (!logged.isOn) return;
  const number = logged.next();
  const shards = links.map(({ index }) => index);
  for (const link of links) link.pushMark(MARK_TRANSACTION, number, shards);
}

/** The first link that has no room for its part. */
function fullLink(
  { args, words, attempt }: TogetherRequest,
  executor: ShardLink,
  held: ReadonlySet<ShardLink>,
): ShardLink | undefined {
  const shards = held.size + 1;
  const size = executor.requestBytes(args, words);
  if (!executor.hasRoomForMarked(size, shards, attempt === undefined ? 1 : 2)) return executor;
  for (const link of held) if (!link.hasRoomForMarked(REQUEST_WORDS_OFFSET, shards)) return link;
  return undefined;
}
