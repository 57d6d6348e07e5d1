/**
 * MULTI, EXEC and WATCH, the acceptor's part (design: atomic across shards). What a connection sends behind MULTI is queued here. At
 * EXEC it is planned (transaction-plan.ts), and in one turn goes to the shards (transaction-execution.ts):
 *
 * - all on one shard: one request;
 * - each command on one shard, or cut into parts: one request a shard. No shard needs to know of another, because every lane has
 *   the transaction at the same place of the one order;
 * - otherwise, when keys are watched on several shards or a command needs several at once: one shard gets everything, and the
 *   others are held for it.
 *
 * Commands that run in the acceptor run when the shards have answered, so that nothing of a transaction happens whose
 * watched keys have changed. Nothing is left to clean up when a client goes away in the middle: what was sent to shards runs to its end.
 */
import type { Command, CommandTable } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';
import { noTransaction, TRANSACTION_SPOILED, WATCH_IN_MULTI } from '../protocol/errors.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import { REQUEST_PART, REQUEST_RUN_START } from '../ring/layout.ts';
import type { Connection } from './connection.ts';
import type { Router } from './router.ts';
import type { ShardLink } from './shard-link.ts';
import { SplitReply } from './split-reply.ts';
import { type ExecutionParts, TransactionExecution } from './transaction-execution.ts';
import { TransactionQueue } from './transaction-queue.ts';

const QUEUED = Buffer.from('+QUEUED\r\n', 'latin1');
const POOLED_QUEUES = 64;
/** How often is looked whether a lane has room. */
const RETRY_MS = 1;
const NO_BYTES = new Uint8Array(0);

export type ClientTransactionsParts = Omit<ExecutionParts, 'finished'> & {
  readonly commands: CommandTable;
  readonly router: Router;
};

export class ClientTransactions {
  readonly #parts: ClientTransactionsParts;
  readonly #spare: TransactionQueue[] = [];
  readonly #unwatch: Command;
  /** The number of the last time that a connection began to watch keys. */
  #lastWatcher = 0;
  readonly #execution: TransactionExecution;

  constructor(parts: ClientTransactionsParts) {
    this.#parts = parts;
    this.#execution = new TransactionExecution({ ...parts, finished: (queue) => this.#give(queue) });
    this.#unwatch = parts.commands.all.find(
      ({ placement }) => placement?.at === 'transaction' && placement.step === 'unwatch',
    )!;
  }

  /** From now on what the connection sends is queued. False: it is already. */
  begin(connection: Connection): boolean {
    if (connection.transaction !== undefined) return false;
    connection.transaction = this.#spare.pop() ?? new TransactionQueue();
    return true;
  }

  queue(connection: Connection, command: Command, args: Arguments): void {
    connection.transaction!.add(command, args);
    connection.lastCommand = command.fullName;
    if (connection.replyMode === 'on') connection.appendReply(QUEUED);
  }

  /** Forgets what is queued and what is watched. False: nothing is being queued. */
  discard(connection: Connection): boolean {
    if (connection.transaction === undefined) return false;
    this.forget(connection);
    return true;
  }

  /** Forgets all that the connection has to do with transactions: it begins anew, or is gone. */
  forget(connection: Connection): void {
    this.#end(connection);
    for (const link of connection.watchedLinks) this.#unwatchLater(link, connection.watcher);
    this.#forgetWatches(connection);
  }

  /** Ends the queueing; the queue is not needed any more. */
  #end(connection: Connection): void {
    const queue = connection.transaction;
    if (queue === undefined) return;
    connection.transaction = undefined;
    connection.updatePlain();
    this.#give(queue);
  }

  #give(queue: TransactionQueue): void {
    if (this.#spare.length >= POOLED_QUEUES) return;
    queue.clear();
    this.#spare.push(queue);
  }

  #forgetWatches(connection: Connection): void {
    connection.watcher = 0;
    if (connection.watchedLinks.size > 0) connection.watchedLinks.clear();
    connection.hasLostWatches = false;
  }

  /** A shard has died, and with it what connections watched there. */
  lost(link: ShardLink, connections: Iterable<Connection>): void {
    for (const connection of connections) {
      if (connection.watchedLinks.delete(link)) connection.hasLostWatches = true;
    }
  }

  /** Tells a shard that a number watches nothing any more; no number is ever used again, so it may come late. */
  #unwatchLater(link: ShardLink, watcher: number): void {
    const { runs, local } = this.#parts;
    const args = this.#numbered(watcher);
    if (!link.isConnected) return;
    if (!link.hasRoomFor(link.requestBytes(args, undefined))) {
      setTimeout(() => this.#unwatchLater(link, watcher), RETRY_MS);
      return;
    }
    link.push(this.#unwatch.id, 0, REQUEST_RUN_START | REQUEST_PART, 0, args, undefined);
    const run = runs.take(undefined);
    run.split = new SplitReply(1, 'ok', 2, [], () => {});
    link.openRun = undefined;
    link.queue(run);
    link.account(run, false, false);
    local.endTurnSoon();
  }

  /** The words of a request to a shard about what a client watches: its number, then `keys` of `args`. */
  #numbered(watcher: number, args?: Arguments): Arguments {
    const words: Uint8Array[] = [NO_BYTES, Buffer.from(String(watcher), 'latin1')];
    for (let i = 1; args !== undefined && i < args.count; i++) words.push(args.copy(i));
    const numbered = new Arguments();
    numbered.setWords(words);
    return numbered;
  }

  /** EXEC, WATCH and UNWATCH. False, with nothing done: it must come again, because a lane is full or replies are due. */
  run(connection: Connection, command: Command, args: Arguments): boolean {
    const { placement } = command;
    if (placement?.at !== 'transaction') return true;
    if (placement.step === 'execute') return this.#execute(connection, command);
    if (placement.step === 'watch') return this.#watch(connection, command, args);
    return this.#unwatchNow(connection, command);
  }

  #watch(connection: Connection, command: Command, args: Arguments): boolean {
    if (connection.transaction !== undefined) return this.#fail(connection, WATCH_IN_MULTI);
    const watcher = connection.watcher === 0 ? this.#lastWatcher + 1 : connection.watcher;
    const numbered = this.#numbered(watcher, args);
    const words = new Map<ShardLink, number[]>();
    for (let word = 2; word < numbered.count; word++) {
      const link = this.#parts.router.linkOf(numbered, word);
      const list = words.get(link);
      if (list === undefined) words.set(link, [1, word]);
      else list.push(word);
    }
    const parts = [...words].map(([link, list]) => ({ link, words: list }));
    if (!this.#parts.sender.sendParts(connection, command, numbered, parts, [], 'ok')) return false;
    connection.watcher = watcher;
    this.#lastWatcher = Math.max(this.#lastWatcher, watcher);
    for (const link of words.keys()) connection.watchedLinks.add(link);
    return true;
  }

  #unwatchNow(connection: Connection, command: Command): boolean {
    const links = [...connection.watchedLinks];
    if (links.length > 0) {
      const args = this.#numbered(connection.watcher);
      const parts = links.map((link) => ({ link, words: [1] }));
      const merge = (_: readonly Uint8Array[], reply: ReplyWriter) => reply.ok();
      if (!this.#parts.sender.sendParts(connection, command, args, parts, [], merge)) return false;
    } else {
      this.#answer(connection, (reply) => reply.ok());
    }
    this.#forgetWatches(connection);
    return true;
  }

  #execute(connection: Connection, command: Command): boolean {
    const queue = connection.transaction;
    if (queue === undefined) return this.#fail(connection, noTransaction('EXEC'));
    if (queue.isSpoiled || connection.hasLostWatches) {
      const { isSpoiled } = queue;
      this.forget(connection);
      if (isSpoiled) return this.#fail(connection, TRANSACTION_SPOILED);
      return this.#answer(connection, (reply) => reply.nullArray());
    }
    if (queue.waitsForReplies && connection.hasPendingReplies) {
      connection.awaitReplies();
      return false;
    }
    if (!this.#execution.start(connection, command, queue)) return false;
    this.#forgetWatches(connection);
    connection.transaction = undefined;
    connection.updatePlain();
    return true;
  }

  #fail(connection: Connection, text: string): boolean {
    return this.#answer(connection, (reply) => reply.error(text));
  }

  #answer(connection: Connection, write: (reply: ReplyWriter) => void): boolean {
    const buffer = new ReplyBuffer();
    buffer.writer.resp = connection.resp;
    buffer.writer.tally = this.#parts.measuring.tally;
    write(buffer.writer);
    if (connection.replyMode === 'on') connection.appendReply(buffer.take());
    return true;
  }
}
