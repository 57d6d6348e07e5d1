/**
 * How a transaction runs: what is planned goes to the shards in one turn, and what they answer is put together with what runs
 * here. See client-transactions.ts.
 */
import type { Command } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import {
  STEP_UNCOUNTED,
  TRANSACTION_WHOLE,
  TRANSACTION_WRITES,
  transactionHeaderBytes,
  writeTransactionHeader,
  writeTransactionStep,
} from '../ring/transaction-frame.ts';
import type { Connection } from './connection.ts';
import type { Defer, LocalCommands } from './local-commands.ts';
import type { Measuring } from './measuring.ts';
import type { RequestSender } from './request-sender.ts';
import type { RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import type { PlannedReply, PlannedStep, TransactionPlan, TransactionPlanner } from './transaction-plan.ts';
import type { TransactionQueue } from './transaction-queue.ts';
import { StepReplies, TransactionReplies, writeStepReply } from './transaction-reply.ts';

const NO_BYTES = new Uint8Array(0);
const NONE_HELD: readonly number[] = [];
/** The memory of longer replies is given back. */
const KEPT_BYTES_MAX = 1024 * 1024;

export interface ExecutionParts {
  readonly runs: RunPool;
  readonly sender: RequestSender;
  readonly local: LocalCommands;
  readonly measuring: Measuring;
  readonly planner: TransactionPlanner;
  /** Called with a queue that is not needed any more. */
  readonly finished: (queue: TransactionQueue) => void;
  /** Runs a command in the acceptor; `defer` is what its handler gets when it puts its reply off. */
  readonly runHere: (
    connection: Connection,
    command: Command,
    args: Arguments,
    reply: ReplyWriter,
    defer: Defer,
  ) => void;
}

export class TransactionExecution {
  readonly #parts: ExecutionParts;
  readonly #args = new Arguments();
  /** Where replies are joined. */
  #joined = new ReplyBuffer();

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
  }

  /**
   * Sends the queued commands where they belong. False, with nothing done: a lane is full, and the connection is parked. The
   * queue belongs to the execution from then on.
   */
  start(connection: Connection, command: Command, queue: TransactionQueue): boolean {
    const plan = this.#parts.planner.plan(connection, queue);
    const { watchedLinks } = connection;
    const links = watchedLinks.size === 0 ? plan.links : [...new Set([...plan.links, ...watchedLinks])];
    if (links.length === 0) return this.#finishHere(connection, queue, plan);
    const isHeld = links.length > 1 && (plan.isTogether || watchedLinks.size > 0);
    let isSent: boolean;
    if (isHeld) isSent = this.#sendHeld(connection, command, queue, plan, links);
    else if (links.length > 1) isSent = this.#sendParts(connection, command, queue, plan, links);
    else isSent = this.#sendToOne(connection, command, queue, plan, links[0]!);
    if (isSent && plan.runsHere) connection.awaitReplies();
    return isSent;
  }

  // To shards. Each returns false, with nothing sent and the connection parked, when a lane has no room now.

  #sendToOne(
    connection: Connection,
    command: Command,
    queue: TransactionQueue,
    plan: TransactionPlan,
    link: ShardLink,
  ): boolean {
    const { sender } = this.#parts;
    const flags = plan.isPlain ? TRANSACTION_WHOLE : 0;
    const words = frameWords(queue, flags, connection.watcher, plan.steps, link);
    const isWrite = queue.write !== undefined;
    let isSent: boolean;
    if (plan.isPlain) {
      isSent = sender.send(connection, command, link, queue.words, 0, words, isWrite);
    } else {
      const request = { args: queue.words, words, isWrite };
      const one = plan.steps.map(() => 0);
      isSent = sender.sendAside(connection, command, link, request, () =>
        this.#receiver(connection, command, queue, plan, one, 1, false),
      );
    }
    queue.dropLast();
    if (isSent && plan.isPlain) this.#parts.finished(queue);
    return isSent;
  }

  #sendHeld(
    connection: Connection,
    command: Command,
    queue: TransactionQueue,
    plan: TransactionPlan,
    links: readonly ShardLink[],
  ): boolean {
    const executor = plan.steps.find(({ link }) => link !== undefined)?.link ?? links[0]!;
    const held = new Set(links);
    held.delete(executor);
    const shards = Array.from(held, ({ index }) => index);
    const words = frameWords(queue, 0, connection.watcher, plan.steps, executor, shards);
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
    links: readonly ShardLink[],
  ): boolean {
    const requests: { link: ShardLink; words: number[] }[] = [];
    const partOfLink: number[] = [];
    for (const link of links) {
      partOfLink[link.index] = requests.length;
      requests.push({ link, words: frameWords(queue, 0, 0, plan.steps, link) });
    }
    const partOfStep = plan.steps.map(({ link }) => partOfLink[link!.index]!);
    const isWrite = queue.write !== undefined;
    const isSent = this.#parts.sender.sendPartsAside(
      connection,
      command,
      queue.words,
      requests,
      { isWrite, guards: isWrite },
      () => this.#receiver(connection, command, queue, plan, partOfStep, requests.length, true),
    );
    for (const _ of requests) queue.dropLast();
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
    whole.isPrompt = !plan.runsHere;
    connection.appendRun(whole);
    const { resp } = connection;
    const receiver = new TransactionReplies(connection, parts, (answers) => {
      const emit = (reply: Uint8Array) => {
        if (countsHere) measuring.countSplit(command, receiver.slowestNs, NO_BYTES);
        connection.receive(whole, reply, 0, reply.length);
        connection.runDone(whole);
        this.#parts.finished(queue);
        local.touched(connection);
      };
      if (answers.length === 0) emit(NO_BYTES);
      else if (!plan.runsHere) this.#join(queue, plan, new StepReplies(answers, partOfStep), resp, emit);
      else this.#assemble(connection, queue, plan, new StepReplies(answers, partOfStep), resp, emit);
    });
    return receiver;
  }

  #finishHere(connection: Connection, queue: TransactionQueue, plan: TransactionPlan): boolean {
    const { runs, local } = this.#parts;
    const whole = runs.take(connection);
    whole.isSilent = connection.replyMode !== 'on';
    connection.appendRun(whole);
    connection.awaitReplies();
    this.#assemble(connection, queue, plan, new StepReplies([], []), connection.resp, (reply) => {
      connection.receive(whole, reply, 0, reply.length);
      connection.runDone(whole);
      this.#parts.finished(queue);
      local.touched(connection);
    });
    return true;
  }

  /** Puts the reply of a transaction together of which nothing runs here. */
  #join(
    queue: TransactionQueue,
    plan: TransactionPlan,
    steps: StepReplies,
    resp: 2 | 3,
    emit: (reply: Uint8Array) => void,
  ): void {
    const { writer } = this.#joined;
    writer.resp = resp;
    if (steps.hasRun) {
      writer.array(plan.replies.length);
      plan.replies.forEach((planned, i) => {
        if (planned.from === 'step' || planned.from === 'parts') writeStepReply(planned, steps, writer);
        else if (planned.from === 'error') this.#writeError(queue.commands[i]!, planned, writer);
      });
    } else {
      writer.nullArray();
    }
    const reply = writer.bytes.subarray(0, writer.position);
    writer.position = 0;
    if (reply.length > KEPT_BYTES_MAX) this.#joined = new ReplyBuffer();
    emit(reply);
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
    connection.isAnswering = true;
    head.writer.array(plan.replies.length);
    const pieces: Uint8Array[] = [head.take()];
    let due = 1;
    const arrived = () => {
      if (--due > 0) return;
      emit(Buffer.concat(pieces));
      connection.answered();
    };
    plan.replies.forEach((planned, i) => {
      const { writer } = head;
      if (planned.from === 'error') {
        this.#writeError(queue.commands[i]!, planned, writer);
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

  #writeError(
    command: Command,
    { text, hasRun }: Extract<PlannedReply, { from: 'error' }>,
    writer: ReplyWriter,
  ): void {
    const { statistics, tally } = this.#parts.measuring;
    writer.error(text);
    tally.count(text);
    if (hasRun) {
      statistics.called(command.id, 0);
      statistics.failed(command.id);
    } else {
      statistics.rejected(command.id);
    }
  }
}

/**
 * Adds the header of a request to `executor` to the queue, and returns the words of the request: the header, and the words of the
 * steps. With `held`, which are held for it, those are all steps, otherwise those of its shard.
 */
function frameWords(
  queue: TransactionQueue,
  flags: number,
  watcher: number,
  steps: readonly PlannedStep[],
  executor: ShardLink,
  held: readonly number[] = NONE_HELD,
): number[] {
  const takesAll = held.length > 0;
  let count = 0;
  for (const { link } of steps) if (takesAll || link === executor) count++;
  const header = queue.addBlank(transactionHeaderBytes(count, held.length));
  const { words } = queue;
  const { view } = queue;
  const at = words.starts[header]!;
  const allFlags = queue.write === undefined ? flags : flags | TRANSACTION_WRITES;
  writeTransactionHeader(view, at, allFlags, watcher, held, count);
  const chosen = [header];
  let step = 0;
  for (const { command, db, isLaterPart, link, first, end, words: some } of steps) {
    if (!takesAll && link !== executor) continue;
    const stepFlags = isLaterPart ? STEP_UNCOUNTED : 0;
    const { index } = link ?? executor;
    const length = some === undefined ? end - first : some.length;
    writeTransactionStep(view, at, held.length, step++, command.id, db, stepFlags, index, length);
    if (some === undefined) for (let word = first; word < end; word++) chosen.push(word);
    else for (const word of some) chosen.push(word);
  }
  return chosen;
}
