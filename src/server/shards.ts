/**
 * Starts the shards' threads and connects an acceptor to them.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { HashSeed } from '../base/hash.ts';
import { CODES_MAX } from '../protocol/error-tally.ts';
import { CommandStatistics } from '../ring/command-statistics.ts';
import { ErrorStatistics } from '../ring/error-statistics.ts';
import { createLane } from '../ring/layout.ts';
import { Mailbox } from '../ring/mailbox.ts';
import { CONTROL_LANE_BYTES, type ShardSetup, type StartOptions } from '../ring/messages.ts';
import { ShardStatistics } from '../ring/shard-statistics.ts';
import { KeyspaceView } from '../store/view.ts';
import { ShardLink } from './shard-link.ts';

type ShareMessage = Parameters<KeyspaceView['accept']>[0];

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
  /** The options that shards use, by name. */
  readonly options: StartOptions;
  /** Called when a thread ends although nobody asked it to. */
  died(shard: number, reason: string): void;
}

export class Shards {
  readonly links: readonly ShardLink[];
  readonly #workers: readonly Worker[];
  readonly #exits: readonly Promise<void>[];
  #isStopping = false;

  private constructor(links: readonly ShardLink[], workers: readonly Worker[], options: ShardsOptions) {
    this.links = links;
    this.#workers = workers;
    this.#exits = workers.map((worker, index) => this.#watch(worker, index, options));
  }

  static async start(options: ShardsOptions): Promise<Shards> {
    const slots = new SharedArrayBuffer(options.slots.byteLength);
    new Uint16Array(slots).set(options.slots);
    const mailboxes = Array.from({ length: options.shards }, () => Mailbox.memory());
    const outcomes = await Promise.allSettled(
      mailboxes.map((_, index) => startShard(index, options, { slots, mailboxes })),
    );
    const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) {
      await Promise.all(started.map(({ worker }) => worker.terminate()));
      throw failed.reason;
    }
    return new Shards(
      started.map(({ link }) => link),
      started.map(({ worker }) => worker),
      options,
    );
  }

  /** Asks all threads to end, and resolves when they have; those still busy after `timeoutMs` are ended. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    for (const link of this.links) link.send({ kind: 'shutdown' });
    const timeout = setTimeout(() => void this.terminate(), timeoutMs);
    await Promise.all(this.#exits);
    clearTimeout(timeout);
    for (const link of this.links) link.close();
  }

  /** Ends the threads without waiting for what they do. */
  async terminate(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    for (const link of this.links) link.close();
  }

  #watch(worker: Worker, index: number, options: ShardsOptions): Promise<void> {
    let reason = '';
    worker.on('error', (error) => {
      reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    return new Promise((resolve) => {
      worker.on('exit', (code) => {
        if (!this.#isStopping) options.died(index, reason === '' ? `exit code ${code}` : reason);
        resolve();
      });
    });
  }
}

async function startShard(
  index: number,
  options: ShardsOptions,
  shared: Pick<ShardSetup, 'slots' | 'mailboxes'>,
): Promise<{ link: ShardLink; worker: Worker }> {
  const { port1, port2 } = new MessageChannel();
  const lanes = {
    requests: createLane(options.laneBytes),
    replies: createLane(options.laneBytes),
    control: createLane(CONTROL_LANE_BYTES),
  };
  const counts = {
    statistics: ShardStatistics.memory(options.databases),
    commandStatistics: CommandStatistics.memory(options.commands),
    errorStatistics: ErrorStatistics.memory(CODES_MAX),
  };
  const setup: ShardSetup = {
    index,
    shards: options.shards,
    databases: options.databases,
    seed: options.seed,
    ...lanes,
    wake: options.wake,
    ...shared,
    ...counts,
    port: port2,
    options: options.options,
  };
  const worker = new Worker(options.workerUrl, {
    workerData: setup,
    execArgv: inheritedArguments(process.execArgv),
    transferList: [port2],
    name: `shard-${index}`,
    // The keys live in shared memory; the heap of a shard holds little else than code.
    stdout: false,
    stderr: false,
  });
  const view = await new Promise<KeyspaceView>((resolve, reject) => {
    let opened: KeyspaceView | undefined;
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`shard ${index} ended while it started: exit code ${code}`)),
    );
    // The first message opens the view, all others tell it what changes.
    port1.on('message', (message: ShareMessage) => {
      if (opened !== undefined) {
        opened.accept(message);
        return;
      }
      opened = KeyspaceView.open([message]);
      resolve(opened);
    });
  });
  worker.removeAllListeners('error');
  worker.removeAllListeners('exit');
  port1.unref();
  const link = new ShardLink(index, lanes, port1, view, {
    statistics: new ShardStatistics(counts.statistics),
    commandStatistics: new CommandStatistics(counts.commandStatistics),
    errorStatistics: new ErrorStatistics(counts.errorStatistics),
  });
  return { link, worker };
}

/** Node's arguments without those that say what this process's own program is. */
function inheritedArguments(execArgv: readonly string[]): string[] {
  const evaluated = execArgv.findIndex((argument) => /^(-e|-p|-pe|--eval|--print)(=|$)/.test(argument));
  const own = evaluated < 0 ? execArgv : execArgv.slice(0, evaluated);
  return own.filter((argument) => !argument.startsWith('--input-type'));
}
