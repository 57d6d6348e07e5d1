/**
 * Starts the shards' threads, each anew when it has ended by itself, and connects an acceptor to them.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { HashSeed } from '../base/hash.ts';
import { CODES_MAX } from '../protocol/error-tally.ts';
import { Claims, Tickets } from '../ring/claims.ts';
import { CommandStatistics } from '../ring/command-statistics.ts';
import { Epochs } from '../ring/epochs.ts';
import { ErrorStatistics } from '../ring/error-statistics.ts';
import { createLane } from '../ring/layout.ts';
import { Mailbox } from '../ring/mailbox.ts';
import { MemoryLedger } from '../ring/memory-ledger.ts';
import {
  CONTROL_LANE_BYTES,
  type PersistenceSetup,
  SHARD_MESSAGES,
  type ShardMessage,
  type ShardSetup,
  type StartOptions,
  type StatusMessage,
} from '../ring/messages.ts';
import { ShardStatistics } from '../ring/shard-statistics.ts';
import { TrackingBoard } from '../ring/tracking-board.ts';
import { KeyspaceView } from '../store/view.ts';
import { ExtentReturns } from './extent-returns.ts';
import { heapLimits } from './heap-limits.ts';
import { ShardLink } from './shard-link.ts';

type ShareMessage = Parameters<KeyspaceView['accept']>[0];

/** How often is looked whether nobody has to do with a dead thread any more. */
const CLEAR_CHECK_MS = 5;

export interface ShardsOptions {
  readonly shards: number;
  readonly databases: number;
  /** How many commands the table has. */
  readonly commands: number;
  readonly laneBytes: number;
  readonly seed: HashSeed;
  readonly wake: SharedArrayBuffer;
  /** From slot to shard, of ring/hash-ring.ts. */
  readonly slots: Uint16Array;
  readonly workerUrl: URL;
  /** The options that shards use, by name, as they are now. */
  readonly options: () => StartOptions;
  /** What the shard loads and keeps; `isRestart`: the others serve. */
  persistence(shard: number, isRestart: boolean): PersistenceSetup;
  /** Called with what a shard says of what is on disk. */
  message(shard: number, message: ShardMessage): void;
  /** Called with what a shard says of itself. */
  status(shard: number, message: StatusMessage): void;
  /** Called when a thread ends although nobody asked it to. */
  died(shard: number, reason: string): void;
}

interface Thread {
  readonly worker: Worker;
  readonly exited: Promise<void>;
}

export class Shards {
  readonly links: readonly ShardLink[];
  /** Of clients that wait for data. */
  readonly tickets: Tickets;
  /** See ring/tracking-board.ts. */
  readonly tracking = TrackingBoard.memory();
  readonly ledger: MemoryLedger;
  readonly #epochs: Epochs;
  readonly #options: ShardsOptions;
  /** What all threads of a shard, one after the other, have in common. */
  readonly #setups: readonly Omit<
    ShardSetup,
    'requests' | 'replies' | 'control' | 'port' | 'options' | 'persistence'
  >[];
  readonly #threads: (Thread | undefined)[];
  /** By shard whose thread has died: the count that each link's answered runs must reach before the next may serve. */
  readonly #fences: (readonly number[] | undefined)[];
  readonly #isServing: boolean[];
  /** What has ended before all threads were there. */
  #diedEarly: { shard: number; reason: string } | undefined;
  readonly #returns = new ExtentReturns();
  #hasStarted = false;
  #isStopping = false;

  private constructor(options: ShardsOptions) {
    this.#options = options;
    const slots = new SharedArrayBuffer(options.slots.byteLength);
    new Uint16Array(slots).set(options.slots);
    const epochs = Epochs.memory(options.shards);
    this.#epochs = new Epochs(epochs);
    const ledger = MemoryLedger.memory(options.shards);
    this.ledger = new MemoryLedger(ledger);
    this.ledger.isStarting = true;
    const claims = Claims.memory();
    this.tickets = new Tickets(claims);
    const mailboxes = Array.from({ length: options.shards }, () => Mailbox.memory());
    this.#setups = mailboxes.map((_, index) => ({
      index,
      shards: options.shards,
      databases: options.databases,
      seed: options.seed,
      wake: options.wake,
      ledger,
      tracking: this.tracking,
      slots,
      epochs,
      mailboxes,
      statistics: ShardStatistics.memory(options.databases),
      commandStatistics: CommandStatistics.memory(options.commands),
      errorStatistics: ErrorStatistics.memory(CODES_MAX),
      claims,
    }));
    this.links = this.#setups.map(
      (setup) =>
        new ShardLink(setup.index, this.#epochs, {
          statistics: new ShardStatistics(setup.statistics),
          commandStatistics: new CommandStatistics(setup.commandStatistics),
          errorStatistics: new ErrorStatistics(setup.errorStatistics),
        }),
    );
    for (const link of this.links) link.spares.onLeft = (bytes) => this.#returns.note(bytes);
    this.#threads = this.links.map(() => undefined);
    this.#fences = this.links.map(() => undefined);
    this.#isServing = this.links.map(() => false);
  }

  /** Resolves when all threads are there; they may have to load yet. */
  static async start(options: ShardsOptions): Promise<Shards> {
    const shards = new Shards(options);
    const reasons = await Promise.all(shards.links.map((link) => shards.#begin(link)));
    reasons.forEach((reason, shard) => {
      if (reason !== undefined) shards.#diedEarly ??= { shard, reason };
    });
    if (shards.#diedEarly !== undefined) {
      await shards.terminate();
      const { shard, reason } = shards.#diedEarly;
      throw new Error(`shard ${shard} ended while it started: ${reason}`);
    }
    shards.#hasStarted = true;
    return shards;
  }

  /** Gives the shard whose thread has died a new one. */
  restart(index: number): void {
    const link = this.links[index]!;
    void this.#begin(link).then((reason) => {
      if (reason !== undefined && !this.#isStopping) this.#options.died(index, reason);
    });
  }

  /** Asks all threads to end, and resolves when they have; those still busy after `timeoutMs` are ended. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    for (const link of this.links) link.send({ kind: 'shutdown' });
    const timeout = setTimeout(() => void this.terminate(), timeoutMs);
    await Promise.all(this.#threads.map((thread) => thread?.exited));
    clearTimeout(timeout);
    for (const link of this.links) link.close();
  }

  /** Ends the threads without waiting for what they do. */
  async terminate(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#threads.map((thread) => thread?.worker.terminate()));
    for (const link of this.links) link.close();
  }

  /**
   * Starts a thread for `link`. Resolves when it has said something of its state, with undefined, or when it has ended
   * before, with the reason.
   */
  #begin(link: ShardLink): Promise<string | undefined> {
    const { index } = link;
    const { port1, port2 } = new MessageChannel();
    const lanes = {
      requests: createLane(this.#options.laneBytes),
      replies: createLane(this.#options.laneBytes),
      control: createLane(CONTROL_LANE_BYTES),
    };
    link.connect(lanes, port1);
    const options = this.#options.options();
    const persistence = this.#options.persistence(index, this.#hasStarted);
    const setup: ShardSetup = { ...this.#setups[index]!, ...lanes, port: port2, options, persistence };
    const worker = this.#worker(setup);
    let hasEnded = false;
    let isUp = false;
    const exited = exitOf(worker);
    this.#threads[index] = { worker, exited: exited.then(() => {}) };
    return new Promise((resolve) => {
      let view: KeyspaceView | undefined;
      const accept = (message: ShareMessage | StatusMessage | ShardMessage) => {
        if (hasEnded) return;
        if (isShardMessage(message)) {
          this.#options.message(index, message);
          return;
        }
        if (message.kind !== 'status') {
          // The first message opens the view, all others tell it what changes.
          if (view === undefined) view = link.view = KeyspaceView.open([message]);
          else this.#returns.note(view.accept(message));
          if (message.kind === 'release') this.#returns.release();
          return;
        }
        if (message.state === 'serving') this.#serves(link, worker);
        else this.#options.status(index, message);
        isUp = true;
        resolve(undefined);
      };
      port1.on('message', accept);
      port1.unref();
      void exited.then((reason) => {
        // The end of a thread may be heard of before its last words.
        for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1)) {
          accept(last.message);
        }
        hasEnded = true;
        const wasUp = isUp;
        this.#ended(link, wasUp, reason);
        resolve(reason);
      });
    });
  }

  #worker(setup: ShardSetup): Worker {
    return new Worker(this.#options.workerUrl, {
      workerData: setup,
      execArgv: inheritedArguments(process.execArgv),
      transferList: [setup.port],
      name: `shard-${setup.index}`,
      // Files of a log are closed by whoever is through with them, also on the main thread: the end of a thread must not
      // close what has the same numbers by then.
      trackUnmanagedFds: false,
      resourceLimits: heapLimits(),
      stdout: false,
      stderr: false,
    });
  }

  /** A thread has ended; `wasUp` says whether it had said anything. */
  #ended(link: ShardLink, wasUp: boolean, reason: string): void {
    const { index } = link;
    this.#isServing[index] = false;
    this.ledger.forgetKeys(index);
    // Shards that wait for this one in the middle of a command on keys of both stop waiting.
    this.#mailbox(index).abandon();
    if (this.#isStopping) return;
    if (!this.#hasStarted) {
      this.#diedEarly ??= { shard: index, reason };
      return;
    }
    this.#fences[index] = this.links.map((other) => (other !== link && other.isBusy ? other.askedRuns : 0));
    if (wasUp) this.#options.died(index, reason);
  }

  /**
   * The shard has nothing to load any more. It serves once all commands that other shards had begun or been sent when
   * its last thread died are through: they may still look into its mailbox.
   */
  #serves(link: ShardLink, worker: Worker): void {
    const { index } = link;
    if (this.#isStopping || this.#threads[index]?.worker !== worker) return;
    const fence = this.#fences[index];
    if (fence?.some((count, other) => this.links[other]!.answeredRuns < count)) {
      setTimeout(() => this.#serves(link, worker), CLEAR_CHECK_MS);
      return;
    }
    this.#fences[index] = undefined;
    this.#mailbox(index).renew();
    this.#epochs.settle(index);
    this.#isServing[index] = true;
    if (this.#isServing.every((serves) => serves)) this.ledger.isStarting = false;
    this.#options.status(index, { kind: 'status', state: 'serving' });
  }

  #mailbox(index: number): Mailbox {
    return new Mailbox(this.#setups[index]!.mailboxes[index]!);
  }
}

function isShardMessage(message: ShareMessage | StatusMessage | ShardMessage): message is ShardMessage {
  return (SHARD_MESSAGES as readonly string[]).includes(message.kind);
}

/** Resolves with the reason when the thread has ended. */
function exitOf(worker: Worker): Promise<string> {
  let reason = '';
  worker.on('error', (error) => {
    reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  return new Promise((resolve) => {
    worker.on('exit', (code) => resolve(reason === '' ? `exit code ${code}` : reason));
  });
}

/**
 * Node's arguments without those that say what this process's own program is. Undefined when there are none of these:
 * threads then inherit all of them, also those that are for a whole process and that no thread may be given by name.
 */
function inheritedArguments(execArgv: readonly string[]): string[] | undefined {
  const evaluated = execArgv.findIndex((argument) => /^(-e|-p|-pe|--eval|--print)(=|$)/.test(argument));
  const own = evaluated < 0 ? execArgv : execArgv.slice(0, evaluated);
  const inherited = own.filter((argument) => !argument.startsWith('--input-type'));
  return inherited.length === execArgv.length ? undefined : inherited;
}
