/**
 * From a parsed command to whoever answers it (design: the life of a command). For each command it decides, in
 * this order: may this client run it; is it answered here; can its key be read from the shard's memory without a
 * hop; else which shard, or which shards, get it.
 *
 * `dispatch` returns false when the command cannot be taken now, because a lane is full or because it has to wait
 * for the connection's own replies. Nothing has happened then, and the same command comes again later.
 */
import { slotOf } from '../base/crc16.ts';
import { type HashSeed, hashBytes } from '../base/hash.ts';
import type { KeyPositions } from '../commands/command.ts';
import { type Command, type CommandTable, ROUTE } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import * as errors from '../protocol/errors.ts';
import { ReplyBuffer } from '../protocol/reply-writer.ts';
import { REQUEST_NO_TOUCH, REQUEST_RESP3, REQUEST_RUN_START } from '../ring/layout.ts';
import type { Connection } from './connection.ts';
import type { LocalCommands } from './local-commands.ts';
import type { Run, RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';
import { SplitReply } from './split-reply.ts';

/** How often a direct read is tried before the command takes the lane. */
const DIRECT_TRIES = 3;
/** What a direct handler may write besides the value. */
const DIRECT_ROOM = 64;
/** Longer values are better streamed by the shard than copied in one go between two version checks. */
const DIRECT_VALUE_BYTES_MAX = 1024 * 1024;
/** A reply with more is long: it is not asked for while others of the connection are due. */
const LONG_REPLY_BYTES = 32 * 1024;

export interface DispatcherParts {
  readonly commands: CommandTable;
  readonly links: readonly ShardLink[];
  /** From slot to shard. */
  readonly slots: Uint16Array;
  readonly seed: HashSeed;
  readonly runs: RunPool;
  readonly local: LocalCommands;
}

export class Dispatcher {
  /** Whether keys may be read without a hop (`direct-reads`). */
  directReads = true;
  commandsProcessed = 0;
  errorReplies = 0;

  readonly #commands: CommandTable;
  readonly #links: readonly ShardLink[];
  readonly #onlyLink: ShardLink | undefined;
  readonly #slots: Uint16Array;
  readonly #seed: HashSeed;
  readonly #runs: RunPool;
  readonly #local: LocalCommands;
  readonly #scratch = new ReplyBuffer();
  #nowMs = 0;

  constructor(parts: DispatcherParts) {
    this.#commands = parts.commands;
    this.#links = parts.links;
    this.#onlyLink = parts.links.length === 1 ? parts.links[0] : undefined;
    this.#slots = parts.slots;
    this.#seed = parts.seed;
    this.#runs = parts.runs;
    this.#local = parts.local;
  }

  /** Sets the time that decides which keys have expired; to be called at least once a turn. */
  setTime(nowMs: number): void {
    if (nowMs === this.#nowMs) return;
    this.#nowMs = nowMs;
    for (const { view } of this.#links) {
      view.nowMs = nowMs;
      view.clockSeconds = Math.floor(nowMs / 1000);
    }
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

  // One shard

  #linkOf(bytes: Uint8Array, start: number, end: number): ShardLink {
    if (this.#onlyLink !== undefined) return this.#onlyLink;
    return this.#links[this.#slots[slotOf(bytes, start, end)]!]!;
  }

  #toKey(connection: Connection, command: Command, args: Arguments): boolean {
    const key = command.keyIndex;
    const start = args.starts[key]!;
    const end = args.ends[key]!;
    const link = this.#linkOf(args.bytes, start, end);
    const hash = hashBytes(args.bytes, start, end, this.#seed);
    if (
      connection.firstRun !== undefined &&
      command.hasLongReply &&
      this.#replyBytes(connection, link, args.bytes, start, end, hash) > LONG_REPLY_BYTES
    ) {
      connection.awaitReplies();
      return false;
    }
    if (
      command.direct !== undefined &&
      connection.firstRun === undefined &&
      link.guards === 0 &&
      this.directReads &&
      connection.isPlain &&
      this.#readDirectly(connection, command, link, args.bytes, start, end, hash)
    ) {
      return true;
    }
    return this.#send(connection, command, link, args, hash);
  }

  #readDirectly(
    connection: Connection,
    command: Command,
    link: ShardLink,
    key: Uint8Array,
    start: number,
    end: number,
    hash: number,
  ): boolean {
    const view = link.view;
    const reply = connection.reply;
    reply.resp = connection.resp;
    for (let left = DIRECT_TRIES; left > 0; left--) {
      const found = view.locate(connection.db, key, start, end, hash);
      if (found < 0) continue;
      let room = DIRECT_ROOM;
      if (found > 0 && command.directCopiesValue) {
        if (view.valueLength > DIRECT_VALUE_BYTES_MAX) return false;
        room += view.valueLength;
      }
      reply.room(room);
      const mark = reply.position;
      const errorsBefore = reply.errors;
      command.direct!(reply, view, found > 0, this.#nowMs);
      if (found === 0) {
        link.directReads++;
        link.directMisses++;
        return true;
      }
      if (view.isConsistent()) {
        if (command.directTouches && !connection.noTouch) view.touch();
        link.directReads++;
        return true;
      }
      reply.position = mark;
      reply.errors = errorsBefore;
    }
    return false;
  }

  /**
   * About how many bytes of reply the value at a key makes. Asked before a read goes through the lane behind others:
   * a client that sends many reads of large values at once, and takes no replies, would otherwise have all of them
   * copied into the acceptor's memory.
   */
  #replyBytes(
    connection: Connection,
    link: ShardLink,
    key: Uint8Array,
    start: number,
    end: number,
    hash: number,
  ): number {
    if (link.isTakingLargeRequest) return Infinity;
    if (link.statistics.get('largestEntryBytes') <= LONG_REPLY_BYTES / 16) return 0;
    const found = link.view.locate(connection.db, key, start, end, hash);
    if (found === 0) return 0;
    return found > 0 ? link.view.valueLength : Infinity;
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
    if (!link.push(command.id, connection.db, flags, hash, args, undefined))
      return this.#park(connection, link);
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

  #park(connection: Connection, link: ShardLink): boolean {
    link.parked.push(connection);
    connection.park();
    return false;
  }

  #toChosen(connection: Connection, command: Command, args: Arguments): boolean {
    const placement = command.placement;
    if (placement?.at !== 'chosen') return true;
    const chosen = placement.choose(args, this.#links.length);
    if (typeof chosen === 'string') return this.#refuse(connection, chosen);
    if (this.#mustWait(connection, command)) return false;
    return this.#send(connection, command, this.#links[chosen]!, args, 0);
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
    if (placement.directEach !== undefined && this.#readEachDirectly(connection, command, args, last))
      return true;
    const first = keys.first;
    if (
      connection.firstRun !== undefined &&
      command.hasLongReply &&
      this.#isLongReply(connection, keys, args, last)
    ) {
      connection.awaitReplies();
      return false;
    }
    if (this.#onlyLink !== undefined)
      return this.#sendWhole(connection, command, this.#onlyLink, args, first);
    /** The link of each key, and the words that go to each link. */
    const order: ShardLink[] = [];
    const words = new Map<ShardLink, number[]>();
    for (let key = first; key <= last; key += keys.step) {
      const link = this.#linkOf(args.bytes, args.starts[key]!, args.ends[key]!);
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

  #isLongReply(connection: Connection, keys: KeyPositions, args: Arguments, last: number): boolean {
    let bytes = 0;
    for (let key = keys.first; key <= last && bytes <= LONG_REPLY_BYTES; key += keys.step) {
      const start = args.starts[key]!;
      const end = args.ends[key]!;
      const hash = hashBytes(args.bytes, start, end, this.#seed);
      const link = this.#linkOf(args.bytes, start, end);
      bytes += this.#replyBytes(connection, link, args.bytes, start, end, hash);
    }
    return bytes > LONG_REPLY_BYTES;
  }

  #sendWhole(
    connection: Connection,
    command: Command,
    link: ShardLink,
    args: Arguments,
    first: number,
  ): boolean {
    const hash = hashBytes(args.bytes, args.starts[first]!, args.ends[first]!, this.#seed);
    return this.#send(connection, command, link, args, hash);
  }

  /**
   * Reads every key of the command without a hop. All shards concerned must be idle: then no write is under way
   * anywhere, and what is read key by key is one state of the data.
   */
  #readEachDirectly(connection: Connection, command: Command, args: Arguments, last: number): boolean {
    const placement = command.placement;
    const keys = command.keys!;
    if (
      placement?.at !== 'keys' ||
      !this.directReads ||
      !connection.isPlain ||
      connection.hasPendingReplies
    ) {
      return false;
    }
    const scratch = this.#scratch;
    const reply = scratch.writer;
    reply.resp = connection.resp;
    const count = (last - keys.first) / keys.step + 1;
    let misses = 0;
    if (placement.directResult === 'array') reply.array(count);
    for (let key = keys.first; key <= last; key += keys.step) {
      const start = args.starts[key]!;
      const end = args.ends[key]!;
      const link = this.#linkOf(args.bytes, start, end);
      const found = link.isBusy ? -1 : this.#readOneOfMany(connection, command, link, args.bytes, start, end);
      if (found < 0) {
        reply.position = 0;
        return false;
      }
      misses += 1 - found;
    }
    if (placement.directResult === 'count') reply.integer(count - misses);
    connection.appendReply(scratch.take());
    // Counted at one of the links: the sums over all are what is shown.
    this.#links[0]!.directReads += count;
    this.#links[0]!.directMisses += misses;
    return true;
  }

  /** 1 when the key exists, 0 when not, -1 when it could not be read this way. */
  #readOneOfMany(
    connection: Connection,
    command: Command,
    link: ShardLink,
    key: Uint8Array,
    start: number,
    end: number,
  ): number {
    const placement = command.placement;
    if (placement?.at !== 'keys') return -1;
    const view = link.view;
    const reply = this.#scratch.writer;
    const found = view.locate(connection.db, key, start, end, hashBytes(key, start, end, this.#seed));
    if (found < 0 || (found > 0 && view.valueLength > DIRECT_VALUE_BYTES_MAX)) return -1;
    if (placement.directResult === 'array') placement.directEach!(reply, view, found > 0, this.#nowMs);
    if (found === 0) return 0;
    if (!view.isConsistent()) return -1;
    if (command.directTouches && !connection.noTouch) view.touch();
    return 1;
  }

  #toEvery(connection: Connection, command: Command, args: Arguments): boolean {
    const placement = command.placement;
    if (placement?.at !== 'every') return true;
    if (this.#mustWait(connection, command)) return false;
    const words: number[] = [];
    for (let i = 1; i < args.count; i++) words.push(i);
    const parts = this.#links.map((link) => ({ link, words }));
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
      if (!link.hasRoomFor(link.requestBytes(args, words))) return this.#park(connection, link);
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
      const hash =
        first === undefined ? 0 : hashBytes(args.bytes, args.starts[first]!, args.ends[first]!, this.#seed);
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
