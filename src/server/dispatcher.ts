/**
 * From a parsed command to whoever answers it (design: the life of a command). For each command it decides, in
 * this order: may this client run it; is it answered here; can its key be read from the shard's memory without a
 * hop; else which shard, or which shards, get it.
 *
 * `dispatch` returns false when the command cannot be taken now, because a lane is full or because it has to wait
 * for the connection's own replies. Nothing has happened then, and the same command comes again later.
 */
import type { Acl } from '../acl/acl.ts';
import { ALLOWED } from '../acl/selector.ts';
import type { ServerHandler } from '../commands/command.ts';
import { keyWords } from '../commands/key-words.ts';
import { type Command, type CommandTable, ROUTE } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import * as errors from '../protocol/errors.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import { type CommandTimer, NOT_SLOW } from '../ring/command-timer.ts';
import { BlockedClients } from './blocked-clients.ts';
import { ClientTransactions } from './client-transactions.ts';
import type { CommandGate } from './command-gate.ts';
import { isExecution, isHttpRequest, isQueued } from './command-roles.ts';
import type { Connection } from './connection.ts';
import { Cutter, lastKeyWord } from './cut.ts';
import type { DirectReader } from './direct-reader.ts';
import type { DispatcherParts } from './dispatcher-parts.ts';
import { listenerProblem } from './listener-problem.ts';
import type { Defer, LocalCommands } from './local-commands.ts';
import type { Measuring } from './measuring.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Monitors } from './monitors.ts';
import { RequestSender } from './request-sender.ts';
import type { Router } from './router.ts';
import type { Tracking } from './tracking.ts';
import { TransactionPlanner } from './transaction-plan.ts';

/** A reply with more is long: it is not asked for while others of the connection are due. */
const LONG_REPLY_BYTES = 32 * 1024;

export class Dispatcher {
  commandsProcessed = 0;
  readonly blocked: BlockedClients;

  readonly #commands: CommandTable;
  readonly #router: Router;
  readonly #cutter: Cutter;
  readonly #direct: DirectReader;
  readonly #local: LocalCommands;
  readonly #gate: CommandGate;
  readonly #memoryLimit: MemoryLimit;
  readonly #monitors: Monitors;
  readonly #acl: Acl;
  readonly #sender: RequestSender;
  readonly #measuring: Measuring;
  readonly #timer: CommandTimer;
  readonly #scratch = new ReplyBuffer();
  readonly transactions: ClientTransactions;
  readonly tracking: Tracking;

  constructor(parts: DispatcherParts) {
    this.#commands = parts.commands;
    this.#router = parts.router;
    this.#cutter = new Cutter(parts.router);
    this.#direct = parts.direct;
    this.#local = parts.local;
    this.#gate = parts.gate;
    this.#memoryLimit = parts.memoryLimit;
    this.#monitors = parts.monitors;
    this.#acl = parts.acl;
    this.#measuring = parts.measuring;
    this.tracking = parts.tracking;
    this.#sender = new RequestSender(
      parts.router,
      parts.runs,
      parts.measuring,
      parts.loggedTransactions,
      (connection) => parts.local.touched(connection),
    );
    this.blocked = new BlockedClients({
      ...parts,
      sender: this.#sender,
      isLoading: (command, args) => parts.gate.isLoading(command, args),
      touched: (connection) => parts.local.touched(connection),
    });
    this.#timer = parts.measuring.timer;
    this.transactions = this.#makeTransactions(parts);
    this.#scratch.writer.tally = parts.measuring.tally;
  }

  #makeTransactions({ commands, router, runs, local, measuring, acl, databases }: DispatcherParts) {
    const planner = new TransactionPlanner({
      router,
      databases,
      refusal: (command, connection) => local.refusal(command, connection),
      denied: (connection, command, args, result, word) =>
        acl.refusal(connection, command, args, result, word, true),
    });
    return new ClientTransactions({
      commands,
      router,
      runs,
      local,
      measuring,
      planner,
      sender: this.#sender,
      runHere: (connection, command, args, reply, defer) => {
        if (command.placement?.at !== 'server') return;
        this.#runTimed(command.placement.handler, command, connection, args, reply, defer);
        this.#timer.pause();
      },
    });
  }

  dispatch(connection: Connection, args: Arguments): boolean {
    const command = this.#commands.find(args);
    if (command === undefined || command.route === ROUTE.container || command.children.length > 0) {
      return this.#dispatchNamed(connection, command, args);
    }
    return this.#dispatchChecked(connection, command, args);
  }

  /** A container with its subcommand, or a name that does not exist. */
  #dispatchNamed(connection: Connection, command: Command | undefined, args: Arguments): boolean {
    if (command === undefined) {
      if (isHttpRequest(args)) {
        this.#local.crossProtocol(connection);
        return true;
      }
      return this.#reject(connection, undefined, args, errors.unknownCommand(args.texts()));
    }
    if (args.count < 2) {
      if (command.route !== ROUTE.container) return this.#dispatchChecked(connection, command, args);
      return this.#reject(connection, command, args, errors.wrongArity(command.fullName));
    }
    const sub = this.#commands.findSubcommand(command, args);
    if (sub !== undefined) return this.#dispatchChecked(connection, sub, args);
    // Some containers answer unknown subcommands themselves.
    if (command.route !== ROUTE.container) return this.#dispatchChecked(connection, command, args);
    return this.#reject(connection, undefined, args, errors.unknownSubcommand(args.text(1), command.name));
  }

  #dispatchChecked(connection: Connection, command: Command, args: Arguments): boolean {
    const arity = command.arity;
    if (arity > 0 ? args.count !== arity : args.count < -arity) {
      return this.#reject(connection, command, args, errors.wrongArity(command.fullName));
    }
    if (
      !connection.isPlain &&
      !connection.isAuthenticated &&
      !command.withoutAuthentication &&
      !this.#acl.isOpen
    ) {
      return this.#reject(connection, command, args, errors.NOT_AUTHENTICATED);
    }
    if (connection.transaction !== undefined && command.isBannedFromTransactions) {
      return this.#reject(connection, command, args, errors.NOT_IN_TRANSACTION);
    }
    const { restriction } = connection.user;
    if (restriction !== undefined) {
      const result = restriction.check(command, args);
      if (result !== ALLOWED) return this.#deny(connection, command, args, result, restriction.deniedWord);
      const problem = command.readsUnnamedKeys?.(args);
      if (problem !== undefined && !restriction.allowsReadingAll(command, args)) {
        return this.#reject(connection, command, args, problem);
      }
    }
    if (connection.isUnchecked) return this.#route(connection, command, args);
    return this.#dispatchGated(connection, command, args);
  }

  /** A command of a connection that is not plain, or while there are limits that it may exceed. */
  #dispatchGated(connection: Connection, command: Command, args: Arguments): boolean {
    const gate = this.#gate;
    const misplaced = listenerProblem(connection, command);
    if (misplaced !== undefined) return this.#refuseEntry(connection, command, misplaced);
    if (!gate.isActive) return this.#dispatchAdmitted(connection, command, args);
    const queue = isExecution(command) ? connection.transaction : undefined;
    if (queue === undefined ? gate.isLoading(command, args) : gate.isLoadingAny(queue)) {
      return this.#refuseEntry(connection, command, errors.LOADING);
    }
    if (gate.holds(connection, queue?.write ?? command)) return false;
    const problem =
      queue === undefined ? gate.refusal(connection, command, args) : gate.refusalOfAny(connection, queue);
    const isShown = this.#monitors.hasClients && problem === undefined && !isQueued(connection, command);
    // What is queued is gone when it has been sent.
    const lines = isShown && queue !== undefined ? this.#monitors.linesOf(connection, queue) : [];
    const taken =
      problem === undefined
        ? this.#dispatchAdmitted(connection, command, args)
        : this.#refuseEntry(connection, command, problem);
    if (!taken) return false;
    gate.passed(connection);
    if (isShown) this.#monitors.show(connection, command, args, lines);
    return true;
  }

  #dispatchAdmitted(connection: Connection, command: Command, args: Arguments): boolean {
    const { transaction } = connection;
    if (transaction !== undefined && this.#memoryLimit.refuses(transaction, isExecution(command), command)) {
      return this.#refuseEntry(connection, command, errors.OUT_OF_MEMORY);
    }
    if (isQueued(connection, command)) {
      return this.#queue(connection, command, args);
    }
    if (connection.replyMode === 'skip-next') {
      connection.replyMode = 'skip';
      const taken = this.#routeTracked(connection, command, args);
      // The command may have set the mode itself; only what this step set is taken back.
      if (connection.replyMode === 'skip') connection.replyMode = taken ? 'on' : 'skip-next';
      connection.updatePlain();
      return taken;
    }
    return this.#routeTracked(connection, command, args);
  }

  /** The client may track what it reads: before it does. */
  #routeTracked(connection: Connection, command: Command, args: Arguments): boolean {
    if (connection.tracking === undefined) return this.#route(connection, command, args);
    return this.tracking.route(connection, command, args, () => this.#route(connection, command, args));
  }

  /** Keeps the command for EXEC. Whether an option allows it is seen now; what is wrong with its words only when it runs. */
  #queue(connection: Connection, command: Command, args: Arguments): boolean {
    const refusal = this.#local.refusal(command, connection);
    if (refusal !== undefined) return this.#refuseEntry(connection, command, refusal);
    this.transactions.queue(connection, command, args);
    if (connection.replyMode === 'skip-next') {
      connection.replyMode = 'on';
      connection.updatePlain();
    }
    this.commandsProcessed++;
    return true;
  }

  #route(connection: Connection, command: Command, args: Arguments): boolean {
    if (command.guardedBy !== undefined || command.check !== undefined) {
      const refusal = this.#local.refusal(command, connection);
      if (refusal !== undefined) return this.#refuseEntry(connection, command, refusal);
      const problem = command.check?.(args);
      if (problem !== undefined) {
        this.commandsProcessed++;
        return this.#fail(connection, command, args, problem);
      }
    }
    const before = connection.lastCommand;
    connection.lastCommand = command.fullName;
    let taken: boolean;
    switch (command.route) {
      case ROUTE.key:
        taken = this.#toKey(connection, command, args);
        break;
      case ROUTE.server:
        taken = this.#runHere(connection, command, args);
        break;
      case ROUTE.keys:
        taken = this.#toKeys(connection, command, args);
        break;
      case ROUTE.together:
        taken = this.#toTogether(connection, command, args);
        break;
      case ROUTE.blocking:
        taken = this.blocked.mayWait(command, args)
          ? this.blocked.send(connection, command, args)
          : this.#toTogether(connection, command, args);
        break;
      case ROUTE.every:
        taken = this.#toEvery(connection, command, args);
        break;
      case ROUTE.transaction:
        taken = this.transactions.run(connection, command, args);
        break;
      default:
        taken = this.#toChosen(connection, command, args);
    }
    if (taken) this.commandsProcessed++;
    else connection.lastCommand = before;
    return taken;
  }

  // Answered here

  /**
   * Answers a command that is not let in with an error. For limits of rate it counts as commands that run do. A text that
   * leaves a trace is made only when it is sent.
   */
  #reject(
    connection: Connection,
    command: Command | undefined,
    args: Arguments,
    text: string | (() => string),
  ): boolean {
    const gate = this.#gate;
    let problem: string | undefined;
    if (gate.isActive) {
      if (gate.holds(connection, undefined)) return false;
      problem = gate.refusal(connection, undefined, args);
      gate.passed(connection);
    }
    if (command !== undefined) this.#measuring.statistics.rejected(command.id);
    const refused = problem ?? (typeof text === 'string' ? text : text());
    return this.#refuse(connection, this.#spoil(connection, command, refused));
  }

  /** The same for one whose own words are wrong: in Redis it has run. */
  #fail(connection: Connection, command: Command, args: Arguments, text: string): boolean {
    this.#measuring.statistics.called(command.id, 0);
    this.#measuring.statistics.failed(command.id);
    if (this.#measuring.isSlow(0)) this.#measuring.slowHere(command, 0, connection, args);
    return this.#refuse(connection, text);
  }

  /** Answers with an error. Always true: the command has been dealt with. */
  #refuse(connection: Connection, text: string): boolean {
    const scratch = this.#scratch;
    scratch.writer.resp = connection.resp;
    scratch.writer.error(text);
    this.#emit(connection, connection.replyMode === 'on');
    if (connection.replyMode === 'skip-next') {
      connection.replyMode = 'on';
      connection.updatePlain();
    }
    return true;
  }

  /** Refuses what the user may not do, and notes it, unless the command is switched off for everyone. */
  #deny(connection: Connection, command: Command, args: Arguments, result: number, word: number): boolean {
    return this.#reject(connection, command, args, () => {
      // The note tells what the client was doing.
      connection.lastCommand = command.fullName;
      const switchedOff = this.#local.refusal(command, connection);
      const isQueueing = connection.transaction !== undefined;
      return switchedOff ?? this.#acl.refusal(connection, command, args, result, word, isQueueing);
    });
  }

  /** Answers with an error, and counts that the command was not let in. */
  #refuseEntry(connection: Connection, command: Command, text: string): boolean {
    this.#measuring.statistics.rejected(command.id);
    return this.#refuse(connection, this.#spoil(connection, command, text));
  }

  /**
   * A command that is not let in spoils the transaction that is being queued. One that would have ended it does so
   * nevertheless. Returns the text of the error.
   */
  #spoil(connection: Connection, command: Command | undefined, text: string): string {
    if (connection.transaction !== undefined) connection.transaction.isSpoiled = true;
    if (command === undefined || !isExecution(command)) return text;
    this.transactions.forget(connection);
    return errors.transactionDiscarded(text);
  }

  #emit(connection: Connection, isWanted: boolean): void {
    const reply = this.#scratch.take();
    if (isWanted && reply.length > 0) connection.appendReply(reply);
  }

  #runHere(connection: Connection, command: Command, args: Arguments): boolean {
    const placement = command.placement;
    if (placement?.at !== 'server') return true;
    if (placement.afterReplies && connection.hasPendingReplies) {
      connection.awaitReplies();
      return false;
    }
    const direct = connection.isPlain && !connection.hasPendingReplies;
    const reply = direct ? connection.reply : this.#scratch.writer;
    reply.resp = connection.resp;
    connection.isAnswering = connection.firstRun === undefined;
    this.#runTimed(placement.handler, command, connection, args, reply);
    // The mode after the command counts: CLIENT REPLY ON is answered.
    if (!direct) this.#emit(connection, connection.replyMode === 'on' || command.repliesByPush === true);
    connection.answered();
    return true;
  }

  #runTimed(
    handler: ServerHandler,
    command: Command,
    connection: Connection,
    args: Arguments,
    reply: ReplyWriter,
    defer?: Defer,
  ): void {
    const errorsBefore = reply.errors;
    this.#timer.begin(command.id);
    this.#local.run(handler, command, connection, args, reply, defer);
    if (reply.errors !== errorsBefore) this.#measuring.statistics.failed(command.id);
    this.#ran(connection, command, args);
  }

  /** Counts a command that has been answered here. */
  #ran(connection: Connection, command: Command, args: Arguments): void {
    const slowNs = this.#timer.end();
    if (slowNs !== NOT_SLOW) this.#measuring.slowHere(command, slowNs, connection, args);
  }

  // One shard

  #toKey(connection: Connection, command: Command, args: Arguments): boolean {
    const key = command.keyIndex;
    const link = this.#router.linkOf(args, key);
    const hash = this.#router.hashOf(args, key);
    if (connection.firstRun === undefined) {
      if (command.direct !== undefined && connection.isPlain) {
        this.#timer.begin(command.id);
        if (this.#direct.read(connection, command, link, args, hash)) {
          this.#ran(connection, command, args);
          return true;
        }
      }
    } else if (
      command.hasLongReply &&
      this.#direct.valueBytes(connection, link, args, key, hash, command) > LONG_REPLY_BYTES
    ) {
      connection.awaitReplies();
      return false;
    }
    return this.#sender.send(connection, command, link, args, hash);
  }

  #toChosen(connection: Connection, command: Command, args: Arguments): boolean {
    const placement = command.placement;
    if (placement?.at !== 'chosen') return true;
    const chosen = placement.choose(args, this.#router.links.length);
    if (typeof chosen === 'string') return this.#fail(connection, command, args, chosen);
    if (this.#mustWait(connection, command)) return false;
    return this.#sender.send(connection, command, this.#router.links[chosen]!, args, 0);
  }

  /** A command whose reply may have any length runs when all before it have been answered. */
  #mustWait(connection: Connection, command: Command): boolean {
    if (!command.hasLongReply || connection.firstRun === undefined) return false;
    connection.awaitReplies();
    return true;
  }

  // Several shards

  #toKeys(connection: Connection, command: Command, args: Arguments): boolean {
    const placement = command.placement;
    const keys = command.keys;
    if (placement?.at !== 'keys' || keys === undefined) return true;
    const last = lastKeyWord(command, args);
    if (connection.firstRun === undefined) {
      if (placement.directEach !== undefined && connection.isPlain) {
        this.#timer.begin(command.id);
        if (this.#direct.readEach(connection, command, args, last, this.#scratch)) {
          connection.appendReply(this.#scratch.take());
          this.#ran(connection, command, args);
          return true;
        }
      }
    } else if (
      command.hasLongReply &&
      this.#direct.valueBytesOfAll(connection, command, args, last, LONG_REPLY_BYTES) > LONG_REPLY_BYTES
    ) {
      connection.awaitReplies();
      return false;
    }
    const first = keys.first;
    const { onlyLink } = this.#router;
    if (onlyLink !== undefined) return this.#sender.sendWhole(connection, command, onlyLink, args, first);
    const { parts, partOfKey } = this.#cutter.cut(command, args);
    if (parts.length === 1) return this.#sender.sendWhole(connection, command, parts[0]!.link, args, first);
    if (command.deniesOom && this.#memoryLimit.isFull) {
      return this.#refuseEntry(connection, command, errors.OUT_OF_MEMORY);
    }
    return this.#sender.sendParts(connection, command, args, parts, partOfKey, placement.merge);
  }

  /** To the shard of the first key, with a hold for each other shard that has keys of the command. */
  #toTogether(connection: Connection, command: Command, args: Arguments): boolean {
    if (this.#mustWait(connection, command)) return false;
    const [first, ...others] = keyWords(command.keys!, args);
    if (first === undefined) return true;
    const executor = this.#router.linkOf(args, first);
    const held = new Set(
      command.holdsAllShards?.(args)
        ? this.#router.links
        : others.map((word) => this.#router.linkOf(args, word)),
    );
    held.delete(executor);
    if (held.size === 0) return this.#sender.sendWhole(connection, command, executor, args, first);
    const request = { args, words: undefined, isWrite: command.isWrite };
    return this.#sender.sendTogether(connection, command, request, executor, held);
  }

  #toEvery(connection: Connection, command: Command, args: Arguments): boolean {
    const placement = command.placement;
    if (placement?.at !== 'every') return true;
    if (this.#mustWait(connection, command)) return false;
    const { parts } = this.#cutter.cut(command, args);
    return this.#sender.sendParts(connection, command, args, parts, [], placement.merge);
  }
}
