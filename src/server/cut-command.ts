/**
 * Commands of clients that were cut over several shards and are under way. Several hundred may be, of one client in a few
 * turns, so what stands for one is used again for the next.
 */
import type { Merge } from '../commands/command.ts';
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { Connection } from './connection.ts';
import type { Measuring } from './measuring.ts';
import type { Run, RunPool } from './run.ts';
import { RememberedWords } from './slow-log.ts';
import { CutReply } from './split-reply.ts';

const POOLED_MAX = 1024;
const NO_PARTS: readonly number[] = [];

/** What a command under way needs when it ends. */
export interface CutCommandHost {
  readonly runs: RunPool;
  readonly measuring: Measuring;
  /** Told when a connection may have something to flush. */
  readonly touched: (connection: Connection) => void;
}

export class CutCommands {
  readonly #host: CutCommandHost;
  readonly #free: CutCommand[] = [];

  constructor(host: CutCommandHost) {
    this.#host = host;
  }

  /** Takes the command's place in the order of replies, and joins those of its parts. `partOfKey` may be used again. */
  start(
    connection: Connection,
    command: Command,
    args: Arguments,
    parts: number,
    partOfKey: readonly number[],
    merge: Merge,
  ): CutCommand {
    const { runs } = this.#host;
    const started =
      (isUsedAgain(command) ? this.#free.pop() : undefined) ?? new CutCommand(this.#host, this.#give);
    const whole = runs.take(connection);
    whole.isSilent = connection.replyMode !== 'on';
    whole.isPrompt = true;
    connection.appendRun(whole);
    started.start(
      connection,
      command,
      args,
      whole,
      parts,
      merge === 'by-key' ? partOfKey.slice() : NO_PARTS,
      merge,
    );
    return started;
  }

  readonly #give = (ended: CutCommand, command: Command): void => {
    if (isUsedAgain(command) && this.#free.length < POOLED_MAX) this.#free.push(ended);
  };
}

/**
 * Only what stands for commands on keys is: that two parts belong to one FLUSHALL is seen by their common receiver, also when
 * it has ended (see tracking.ts).
 */
function isUsedAgain({ placement }: Command): boolean {
  return placement?.at === 'keys';
}

class CutCommand extends CutReply {
  readonly #host: CutCommandHost;
  readonly #ended: (ended: CutCommand, command: Command) => void;
  readonly #words = new RememberedWords();
  #command: Command | undefined;
  #whole: Run | undefined;
  #count = 0;

  constructor(host: CutCommandHost, ended: (ended: CutCommand, command: Command) => void) {
    super();
    this.#host = host;
    this.#ended = ended;
  }

  start(
    connection: Connection,
    command: Command,
    args: Arguments,
    whole: Run,
    parts: number,
    partOfKey: readonly number[],
    merge: Merge,
  ): void {
    this.#words.remember(args);
    this.#command = command;
    this.#whole = whole;
    this.#count = args.count;
    this.connection = connection;
    this.begin(parts, merge, connection.resp, partOfKey);
  }

  protected override done(reply: Uint8Array): void {
    const { measuring, touched } = this.#host;
    const connection = this.connection!;
    const command = this.#command!;
    const whole = this.#whole!;
    const ns = this.slowestNs;
    measuring.countSplit(command, ns, reply);
    if (measuring.isSlow(ns)) measuring.slow(command, ns, connection, () => this.#words.words(), this.#count);
    this.connection = undefined;
    this.#command = undefined;
    this.#whole = undefined;
    this.#ended(this, command);
    connection.receive(whole, reply, 0, reply.length);
    connection.runDone(whole);
    touched(connection);
  }
}
