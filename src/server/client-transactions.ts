/**
 * MULTI, EXEC and WATCH, the acceptor's part (design: atomic across shards). What a connection sends behind MULTI is queued here. At
 * EXEC it is planned (transaction-plan.ts), and in one turn goes to the shards:
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
import {
  STEP_UNCOUNTED,
  TRANSACTION_WHOLE,
  transactionHeaderBytes,
  writeTransactionHeader,
} from '../ring/transaction-frame.ts';
import type { Connection } from './connection.ts';
import type { LocalCommands } from './local-commands.ts';
import type { Measuring } from './measuring.ts';
import type { RequestSender } from './request-sender.ts';
import type { Router } from './router.ts';
import type { RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import { SplitReply } from './split-reply.ts';
import type { PlannedStep, TransactionPlan, TransactionPlanner } from './transaction-plan.ts';
import { TransactionQueue } from './transaction-queue.ts';
import { StepReplies, TransactionReplies, writeStepReply } from './transaction-reply.ts';

const QUEUED = Buffer.from('+QUEUED\r\n', 'latin1');
const POOLED_QUEUES = 64;
/** How often is looked whether a lane has room. */
const RETRY_MS = 1;
const NO_BYTES = new Uint8Array(0);
const NONE_HELD: ReadonlySet<ShardLink> = new Set();

export interface ClientTransactionsParts {
  readonly commands: CommandTable;
  readonly router: Router;
  readonly runs: RunPool;
  readonly sender: RequestSender;
  readonly local: LocalCommands;
  readonly measuring: Measuring;
  readonly planner: TransactionPlanner;
  /** Runs a command in the acceptor; `defer` is what its handler gets when it puts its reply off. */
  runHere(
    connection: Connection,
    command: Command,
    args: Arguments,
    reply: ReplyWriter,
    defer: () => (write: (reply: ReplyWriter) => void) => void,
  ): void;
}

export class ClientTransactions {
  readonly #parts: ClientTransactionsParts;
  readonly #spare: TransactionQueue[] = [];
  readonly #unwatch: Command;
  /** The number of the last time that a connection began to watch keys. */
  #lastWatcher = 0;
  readonly #args = new Arguments();

  constructor(parts: ClientTransactionsParts) {
    this.#parts = parts;
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
    connection.watchedLinks.clear();
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
    link.account(run, false);
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
    const plan = this.#parts.planner.plan(connection, queue);
    const links = new Set([...plan.links, ...connection.watchedLinks]);
    if (links.size === 0) return this.#finishHere(connection, queue, plan);
    const isHeld = links.size > 1 && (plan.isTogether || connection.watchedLinks.size > 0);
    let isSent: boolean;
    if (isHeld) isSent = this.#sendHeld(connection, command, queue, plan, links);
    else if (links.size > 1) isSent = this.#sendParts(connection, command, queue, plan, links);
    else isSent = this.#sendToOne(connection, command, queue, plan, links);
    if (!isSent) return false;
    this.#forgetWatches(connection);
    connection.transaction = undefined;
    connection.updatePlain();
    if (plan.isPlain && links.size === 1) this.#give(queue);
    if (plan.runsHere) connection.awaitReplies();
    return true;
  }

  // To shards. Each returns false, with nothing sent and the connection parked, when a lane has no room now.

  #sendToOne(
    connection: Connection,
    command: Command,
    queue: TransactionQueue,
    plan: TransactionPlan,
    [link]: Iterable<ShardLink>,
  ): boolean {
    const { sender } = this.#parts;
    const flags = plan.isPlain ? TRANSACTION_WHOLE : 0;
    const words = frameWords(queue, flags, connection.watcher, plan.steps, link!);
    const guards = queue.write !== undefined;
    let isSent: boolean;
    if (plan.isPlain) {
      isSent = sender.send(connection, command, link!, queue.words, 0, words, guards);
    } else {
      const request = { args: queue.words, words, guards };
      const one = plan.steps.map(() => 0);
      isSent = sender.sendAside(connection, command, link!, request, () =>
        this.#receiver(connection, command, queue, plan, one, 1, false),
      );
    }
    queue.dropLast();
    return isSent;
  }

  #sendHeld(
    connection: Connection,
    command: Command,
    queue: TransactionQueue,
    plan: TransactionPlan,
    links: ReadonlySet<ShardLink>,
  ): boolean {
    const executor = plan.steps.find(({ link }) => link !== undefined)?.link ?? [...links][0]!;
    const held = new Set(links);
    held.delete(executor);
    const words = frameWords(queue, 0, connection.watcher, plan.steps, executor, held);
    const request = { args: queue.words, words, isWrite: queue.write !== undefined };
    const one = plan.steps.map(() => 0);
    const isSent = this.#parts.sender.sendTogether(connection, command, request, executor, held, () =>
      this.#receiver(connection, command, queue, plan, one, 1, false),
    );
    queue.dropLast();
    return isSent;
  }

  #sendParts(
    connection: Connection,
    command: Command,
    queue: TransactionQueue,
    plan: TransactionPlan,
    links: ReadonlySet<ShardLink>,
  ): boolean {
    const order = [...links];
    const requests = order.map((link) => {
      const steps = plan.steps.filter((step) => step.link === link);
      return { link, words: frameWords(queue, 0, 0, steps, link) };
    });
    const partOfLink = new Map(order.map((link, part) => [link, part]));
    const partOfStep = plan.steps.map(({ link }) => partOfLink.get(link!)!);
    const isWrite = queue.write !== undefined;
    const isSent = this.#parts.sender.sendPartsAside(
      connection,
      command,
      queue.words,
      requests,
      isWrite,
      () => this.#receiver(connection, command, queue, plan, partOfStep, order.length, true),
    );
    for (const _ of order) queue.dropLast();
    return isSent;
  }

  // Back from shards

  /** Takes the transaction's place in the order of replies, and what the shards answer. */
  #receiver(
    connection: Connection,
    command: Command,
    queue: TransactionQueue,
    plan: TransactionPlan,
    partOfStep: readonly number[],
    parts: number,
    countsHere: boolean,
  ): TransactionReplies {
    const { runs, measuring, local } = this.#parts;
    const whole = runs.take(connection);
    whole.isSilent = connection.replyMode !== 'on';
    connection.appendRun(whole);
    const { resp } = connection;
    const receiver = new TransactionReplies(connection, parts, (answers) => {
      const emit = (reply: Uint8Array) => {
        if (countsHere) measuring.countSplit(command, receiver.slowestNs, NO_BYTES);
        connection.receive(whole, reply, 0, reply.length);
        connection.runDone(whole);
        this.#give(queue);
        local.touched(connection);
      };
      if (answers.length === 0) emit(NO_BYTES);
      else this.#assemble(connection, queue, plan, new StepReplies(answers, partOfStep), resp, emit);
    });
    return receiver;
  }

  #finishHere(connection: Connection, queue: TransactionQueue, plan: TransactionPlan): boolean {
    const { runs, local } = this.#parts;
    this.#forgetWatches(connection);
    connection.transaction = undefined;
    connection.updatePlain();
    const whole = runs.take(connection);
    whole.isSilent = connection.replyMode !== 'on';
    connection.appendRun(whole);
    connection.awaitReplies();
    this.#assemble(connection, queue, plan, new StepReplies([], []), connection.resp, (reply) => {
      connection.receive(whole, reply, 0, reply.length);
      connection.runDone(whole);
      this.#give(queue);
      local.touched(connection);
    });
    return true;
  }

  /** Puts the reply together and hands it to `emit`: at once, unless a command that runs here puts its reply off. */
  #assemble(
    connection: Connection,
    queue: TransactionQueue,
    plan: TransactionPlan,
    steps: StepReplies,
    resp: 2 | 3,
    emit: (reply: Uint8Array) => void,
  ): void {
    const head = new ReplyBuffer();
    head.writer.resp = resp;
    if (!steps.hasRun) {
      head.writer.nullArray();
      emit(head.take());
      return;
    }
    head.writer.array(plan.replies.length);
    const pieces: Uint8Array[] = [head.take()];
    let due = 1;
    const arrived = () => {
      if (--due === 0) emit(Buffer.concat(pieces));
    };
    plan.replies.forEach((planned, i) => {
      const { writer } = head;
      if (planned.from === 'error') {
        this.#countError(queue.commands[i]!, planned.text, planned.hasRun);
        writer.error(planned.text);
      } else if (planned.from === 'here') {
        due += this.#runHere(connection, queue, i, head, (reply) => {
          pieces[i + 1] = reply;
          arrived();
        });
      } else {
        writeStepReply(planned, steps, writer);
      }
      pieces[i + 1] = head.take();
    });
    arrived();
  }

  /** Returns how many replies come later: 1 or 0. */
  #runHere(
    connection: Connection,
    queue: TransactionQueue,
    index: number,
    into: ReplyBuffer,
    later: (reply: Uint8Array) => void,
  ): number {
    const { measuring, runHere } = this.#parts;
    const command = queue.commands[index]!;
    const args = this.#args;
    queue.load(index, args);
    const { resp } = into.writer;
    if (command.placement?.at !== 'server') {
      // Whatever was watched has been forgotten by now.
      into.writer.ok();
      return 0;
    }
    let deferred = 0;
    into.writer.tally = measuring.tally;
    runHere(connection, command, args, into.writer, () => {
      deferred = 1;
      return (write) => {
        const buffer = new ReplyBuffer();
        buffer.writer.resp = resp;
        buffer.writer.tally = measuring.tally;
        write(buffer.writer);
        later(buffer.take());
      };
    });
    into.writer.tally = undefined;
    return deferred;
  }

  #countError(command: Command, text: string, hasRun: boolean): void {
    const { statistics, tally } = this.#parts.measuring;
    tally.count(text);
    if (hasRun) {
      statistics.called(command.id, 0);
      statistics.failed(command.id);
    } else {
      statistics.rejected(command.id);
    }
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

/**
 * Adds the header of a request to the queue, and returns the words of the request: the header and the words of `steps`. Those
 * without a shard run on `executor`, for which `held` are held.
 */
function frameWords(
  queue: TransactionQueue,
  flags: number,
  watcher: number,
  steps: readonly PlannedStep[],
  executor: ShardLink,
  held: ReadonlySet<ShardLink> = NONE_HELD,
): number[] {
  const header = queue.addBlank(transactionHeaderBytes(steps.length, held.size));
  const { words } = queue;
  writeTransactionHeader(
    words.bytes,
    words.starts[header]!,
    flags,
    watcher,
    Array.from(held, ({ index }) => index),
    steps.map(({ command, db, isLaterPart, link, words: { length } }) => ({
      command: command.id,
      db,
      flags: isLaterPart ? STEP_UNCOUNTED : 0,
      shard: (link ?? executor).index,
      words: length,
    })),
  );
  const chosen = [header];
  for (const step of steps) for (const word of step.words) chosen.push(word);
  return chosen;
}
