/**
 * From a parsed command to whoever answers it (design: the life of a command). For each command it decides, in
 * this order: may this client run it; is it answered here; can its key be read from the shard's memory without a
 * hop; else which shard, or which shards, get it.
 *
 * `dispatch` returns false when the command cannot be taken now, because a lane is full or because it has to wait
 * for the connection's own replies. Nothing has happened then, and the same command comes again later.
 */
import type { DeferredReply } from '../commands/context.ts';
import { type Command, type CommandTable, ROUTE } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import * as errors from '../protocol/errors.ts';
import { ReplyBuffer } from '../protocol/reply-writer.ts';
import { REQUEST_NO_TOUCH, REQUEST_RESP3, REQUEST_RUN_START } from '../ring/layout.ts';
import type { Connection } from './connection.ts';
import type { DirectReader } from './direct-reader.ts';
import type { LocalCommands } from './local-commands.ts';
import type { Router } from './router.ts';
import type { Run, RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import { SplitReply } from './split-reply.ts';

/** A reply with more is long: it is not asked for while others of the connection are due. */
const LONG_REPLY_BYTES = 32 * 1024;

export interface DispatcherParts {
  readonly commands: CommandTable;
  readonly router: Router;
  readonly direct: DirectReader;
  readonly runs: RunPool;
  readonly local: LocalCommands;
}

export class Dispatcher {
  commandsProcessed = 0;
  errorReplies = 0;

  readonly #commands: CommandTable;
  readonly #router: Router;
  readonly #direct: DirectReader;
  readonly #runs: RunPool;
  readonly #local: LocalCommands;
  readonly #scratch = new ReplyBuffer();

  constructor(parts: DispatcherParts) {
    this.#commands = parts.commands;
    this.#router = parts.router;
    this.#direct = parts.direct;
    this.#runs = parts.runs;
    this.#local = parts.local;
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
      return this.#refuse(connection, errors.unknownCommand(args.texts()));
    }
    if (args.count < 2) {
      if (command.route !== ROUTE.container) return this.#dispatchChecked(connection, command, args);
      return this.#refuse(connection, errors.wrongArity(command.fullName));
    }
    const sub = this.#commands.findSubcommand(command, args);
    if (sub !== undefined) return this.#dispatchChecked(connection, sub, args);
    // Some containers answer unknown subcommands themselves.
    if (command.route !== ROUTE.container) return this.#dispatchChecked(connection, command, args);
    return this.#refuse(connection, errors.unknownSubcommand(args.text(1), command.name));
  }

  #dispatchChecked(connection: Connection, command: Command, args: Arguments): boolean {
    const arity = command.arity;
    if (arity > 0 ? args.count !== arity : args.count < -arity) {
      return this.#refuse(connection, errors.wrongArity(command.fullName));
    }
    if (!connection.isPlain) {
      if (!connection.isAuthenticated && !command.withoutAuthentication) {
        return this.#refuse(connection, errors.NOT_AUTHENTICATED);
      }
      if (connection.replyMode === 'skip-next') {
        connection.replyMode = 'skip';
        const taken = this.#route(connection, command, args);
        // The command may have set the mode itself; only what this step set is taken back.
        if (connection.replyMode === 'skip') connection.replyMode = taken ? 'on' : 'skip-next';
        connection.updatePlain();
        return taken;
      }
    }
    return this.#route(connection, command, args);
  }

  #route(connection: Connection, command: Command, args: Arguments): boolean {
    if (command.guardedBy !== undefined || command.check !== undefined) {
      const problem = this.#local.refusal(command, connection) ?? command.check?.(args);
      if (problem !== undefined) return this.#refuse(connection, problem);
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
      case ROUTE.every:
        taken = this.#toEvery(connection, command, args);
        break;
      default:
        taken = this.#toChosen(connection, command, args);
    }
    if (taken) this.commandsProcessed++;
    else connection.lastCommand = before;
    return taken;
  }

  // Answered here

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
    this.errorReplies++;
    return true;
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
    const errorsBefore = reply.errors;
    this.#local.run(placement.handler, command, connection, args, reply);
    this.errorReplies += reply.errors - errorsBefore;
    // The mode after the command counts: CLIENT REPLY ON is answered.
    if (!direct) this.#emit(connection, connection.replyMode === 'on');
    return true;
  }

  /** Holds the place of a reply that comes later: see `ServerContext.defer`. */
  defer(connection: Connection): DeferredReply {
    const run = this.#runs.take(connection);
    run.isSilent = connection.replyMode !== 'on';
    connection.appendRun(run);
    connection.awaitReplies();
    const buffer = new ReplyBuffer();
    buffer.writer.resp = connection.resp;
    return {
      reply: buffer.writer,
      send: () => {
        this.errorReplies += buffer.writer.errors;
        const reply = buffer.take();
        connection.receive(run, reply, 0, reply.length);
        connection.runDone(run);
        this.#local.touched(connection);
      },
    };
  }

  // One shard

  #toKey(connection: Connection, command: Command, args: Arguments): boolean {
    const key = command.keyIndex;
    const link = this.#router.linkOf(args, key);
    const hash = this.#router.hashOf(args, key);
    if (connection.firstRun === undefined) {
      if (
        command.direct !== undefined &&
        connection.isPlain &&
        this.#direct.read(connection, command, link, args, hash)
      ) {
        return true;
      }
    } else if (
      command.hasLongReply &&
      this.#direct.valueBytes(connection, link, args, key, hash) > LONG_REPLY_BYTES
    ) {
      connection.awaitReplies();
      return false;
    }
    return this.#send(connection, command, link, args, hash);
  }

  #flagsOf(connection: Connection): number {
    return (connection.resp === 3 ? REQUEST_RESP3 : 0) | (connection.noTouch ? REQUEST_NO_TOUCH : 0);
  }

  #send(connection: Connection, command: Command, link: ShardLink, args: Arguments, hash: number): boolean {
    let run = link.openRun;
    const isSilent = connection.replyMode !== 'on';
    const joins =
      run !== undefined &&
      run === connection.lastRun &&
      run.connection === connection &&
      run.isSilent === isSilent;
    let flags = this.#flagsOf(connection);
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

  #toChosen(connection: Connection, command: Command, args: Arguments): boolean {
    const placement = command.placement;
    if (placement?.at !== 'chosen') return true;
    const chosen = placement.choose(args, this.#router.links.length);
    if (typeof chosen === 'string') return this.#refuse(connection, chosen);
    if (this.#mustWait(connection, command)) return false;
    return this.#send(connection, command, this.#router.links[chosen]!, args, 0);
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
    const last = keys.last < 0 ? args.count + keys.last : keys.last;
    if (connection.firstRun === undefined) {
      if (
        placement.directEach !== undefined &&
        connection.isPlain &&
        this.#direct.readEach(connection, command, args, last, this.#scratch)
      ) {
        connection.appendReply(this.#scratch.take());
        return true;
      }
    } else if (
      command.hasLongReply &&
      this.#direct.valueBytesOfAll(connection, keys, args, last, LONG_REPLY_BYTES) > LONG_REPLY_BYTES
    ) {
      connection.awaitReplies();
      return false;
    }
    const first = keys.first;
    const { onlyLink } = this.#router;
    if (onlyLink !== undefined) return this.#sendWhole(connection, command, onlyLink, args, first);
    /** The link of each key, and the words that go to each link. */
    const order: ShardLink[] = [];
    const words = new Map<ShardLink, number[]>();
    for (let key = first; key <= last; key += keys.step) {
      const link = this.#router.linkOf(args, key);
      let list = words.get(link);
      if (list === undefined) {
        list = [];
        words.set(link, list);
      }
      for (let word = key; word < key + keys.step; word++) list.push(word);
      order.push(link);
    }
    if (words.size === 1) return this.#sendWhole(connection, command, order[0]!, args, first);
    const links = [...words.keys()];
    const partOfKey = order.map((link) => links.indexOf(link));
    const parts = links.map((link) => ({ link, words: words.get(link)! }));
    return this.#sendParts(connection, command, args, parts, partOfKey, placement.merge);
  }

  #sendWhole(
    connection: Connection,
    command: Command,
    link: ShardLink,
    args: Arguments,
    first: number,
  ): boolean {
    return this.#send(connection, command, link, args, this.#router.hashOf(args, first));
  }

  #toEvery(connection: Connection, command: Command, args: Arguments): boolean {
    const placement = command.placement;
    if (placement?.at !== 'every') return true;
    if (this.#mustWait(connection, command)) return false;
    const words: number[] = [];
    for (let i = 1; i < args.count; i++) words.push(i);
    const parts = this.#router.links.map((link) => ({ link, words }));
    return this.#sendParts(connection, command, args, parts, [], placement.merge);
  }

  /** Sends a part of the command to each of several shards in one turn: one place of the order for all. */
  #sendParts(
    connection: Connection,
    command: Command,
    args: Arguments,
    parts: readonly { link: ShardLink; words: readonly number[] }[],
    partOfKey: readonly number[],
    merge: ConstructorParameters<typeof SplitReply>[1],
  ): boolean {
    for (const { link, words } of parts) {
      if (link.hasRoomFor(link.requestBytes(args, words))) continue;
      link.park(connection);
      return false;
    }
    const whole = this.#runs.take(connection);
    whole.isSilent = connection.replyMode !== 'on';
    connection.appendRun(whole);
    const split = new SplitReply(parts.length, merge, connection.resp, partOfKey, (reply) => {
      connection.receive(whole, reply, 0, reply.length);
      connection.runDone(whole);
      this.#local.touched(connection);
    });
    const flags = this.#flagsOf(connection) | REQUEST_RUN_START;
    parts.forEach(({ link, words }, part) => {
      const first = words[0];
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
}

/**
 * A web page can make a browser post to any port, and the lines of its request would be commands. As in Redis, the
 * words that every such request has end the connection.
 */
function isHttpRequest(args: Arguments): boolean {
  return args.is(0, 'post') || args.is(0, 'host:');
}
