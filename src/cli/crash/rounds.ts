/**
 * Rounds of: start, write, kill at a random moment, start again (and kill that too, now and then), verify.
 *
 * A round ends with what the server was found to hold, and the next goes on from there in the same directory, so that
 * what one recovery leaves behind is the next one's beginning. A round in which anything is wrong is the last: the
 * directory stays as it is, for whoever wants to know why.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../base/random.ts';
import { Connection, ConnectionError } from '../connection.ts';
import { checkRecovery, type Difference, type Order } from './check.ts';
import { History } from './history.ts';
import { knowsTransactions, observe } from './observe.ts';
import { CrashServer, StartError } from './process.ts';
import { Workload } from './workload.ts';
import { startWriter, type Writer } from './writer.ts';

export interface RoundsOptions {
  /** The program and its arguments; `{port}`, `{dir}` and `{shards}` are put in. */
  readonly words: readonly string[];
  readonly rounds: number;
  readonly seed: number;
  readonly clients: number;
  /** Shards of the first start. */
  readonly shards: number;
  /** Shards of each later start: as many as before, as many as this, or 1 to 4. */
  readonly shardsAfter: 'same' | 'random' | number;
  /** The longest time that the clients write before the kill. */
  readonly writeMsMax: number;
  /** Commands acknowledged within this time before a kill may be lost. */
  readonly lossMsMax: number;
  /** What must survive of the order; absent: that of each connection with one shard, that of each key otherwise. */
  readonly order?: Order;
  /** Given a line for each round. */
  readonly report?: (line: string) => void;
}

export interface Summary {
  rounds: number;
  kills: number;
  acknowledged: number;
  /** Keys that were found after the kills, in all rounds together. */
  recovered: number;
  readonly differences: Difference[];
  /** Replies that were not the right ones, and starts that failed. */
  readonly failures: string[];
  /** Where the files of a run that failed are. */
  keptDirectory?: string;
}

/** One of four starts after a kill is killed too, before it has come up or soon after. */
const KILLED_START = 0.25;
/** One of three rounds rewrites its log while the clients write. */
const REWRITE = 0.33;
const SHARDS_MAX = 4;
const START_ATTEMPTS = 5;
const DEPTH_MAX = 16;

class Rounds {
  readonly summary: Summary = {
    rounds: 0,
    kills: 0,
    acknowledged: 0,
    recovered: 0,
    differences: [],
    failures: [],
  };
  readonly #options: RoundsOptions;
  readonly #random: Random;
  readonly #top = mkdtempSync(path.join(tmpdir(), 'shardis-crash-'));
  readonly #directory = mkdtempSync(path.join(this.#top, 'data-'));
  readonly #histories: History[] = [];
  #workloads: readonly Workload[] = [];
  #shards: number;
  /** How long the last start took, for killing one in its midst. */
  #startMs = 200;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#shards = options.shards;
    for (let client = 0; client < options.clients; client++) {
      this.#histories.push(new History(options.lossMsMax));
    }
  }

  async run(): Promise<Summary> {
    const { summary } = this;
    try {
      let server = await this.#start();
      this.#workloads = this.#makeWorkloads(await knowsTransactions(server.port));
      while (summary.rounds < this.#options.rounds && !this.#hasFailed()) server = await this.#round(server);
      await server.kill();
    } catch (error) {
      if (!(error instanceof StartError || error instanceof ConnectionError)) throw error;
      summary.failures.push(`round ${summary.rounds}: ${error.message}`);
    }
    if (this.#hasFailed()) summary.keptDirectory = this.#top;
    // A program that the server started may live a little longer and write there.
    else rmSync(this.#top, { recursive: true, force: true, maxRetries: 20 });
    return summary;
  }

  #makeWorkloads(hasTransactions: boolean): Workload[] {
    return this.#histories.map((history, client) => {
      const random = new Random(this.#random.below(2 ** 32));
      return new Workload(random, `c${client}`, history, { keys: 60, counters: 8, hasTransactions });
    });
  }

  #hasFailed(): boolean {
    return this.summary.differences.length > 0 || this.summary.failures.length > 0;
  }

  /** Resolves to the server of the next round. */
  async #round(before: CrashServer): Promise<CrashServer> {
    const { summary } = this;
    summary.rounds++;
    const killsBefore = summary.kills;
    const shardsBefore = this.#shards;
    const acknowledged = await this.#writeAndKill(before);
    const shardsTried = [shardsBefore];
    while (this.#random.chance(KILLED_START)) {
      this.#chooseShards();
      shardsTried.push(this.#shards);
      const doomed = await this.#spawn();
      await sleep(this.#random.below(this.#startMs * 1.3));
      await this.#kill(doomed);
    }
    this.#chooseShards();
    const server = await this.#start();
    const observation = await observe(
      server.port,
      this.#histories.flatMap((history) => [...history.keys]),
    );
    const isOneShard = this.#shards === 1 && shardsTried.every((shards) => shards === 1);
    const order = this.#options.order ?? (isOneShard ? 'connection' : 'key');
    const differences = checkRecovery(this.#histories, observation, order);
    summary.differences.push(...differences);
    summary.acknowledged += acknowledged;
    summary.recovered += observation.keys.size;
    for (const history of this.#histories) history.adopt(observation.keys);
    const verdict = differences.length === 0 ? 'ok' : `${differences.length} WRONG`;
    this.#options.report?.(
      `round ${summary.rounds}: ${acknowledged} acknowledged, ${summary.kills - killsBefore} kills, shards ${[...shardsTried, this.#shards].join('→')}, ` +
        `${observation.keys.size} keys recovered in ${this.#startMs} ms: ${verdict}`,
    );
    return server;
  }

  /** Lets the clients write until the server is killed; resolves to how many commands were acknowledged. */
  async #writeAndKill(server: CrashServer): Promise<number> {
    const before = this.#acknowledged();
    const writers: Writer[] = [];
    for (const [client, workload] of this.#workloads.entries()) {
      // Half of the clients wait for every reply, the others do not.
      const depth = () => (client % 2 === 0 ? 1 : this.#random.between(1, DEPTH_MAX));
      const history = this.#histories[client]!;
      const { port } = server;
      writers.push(await startWriter({ port, history, depth, next: (nowMs) => workload.next(nowMs) }));
    }
    const writeMs = this.#random.below(this.#options.writeMsMax);
    const rewriteMs = this.#random.chance(REWRITE) ? this.#random.below(writeMs + 1) : writeMs;
    await sleep(rewriteMs);
    if (rewriteMs < writeMs) void rewriteLog(server.port);
    await sleep(writeMs - rewriteMs);
    await this.#kill(server);
    for (const { done } of writers) {
      const wrong = await done;
      if (wrong !== undefined) this.summary.failures.push(`round ${this.summary.rounds}: ${wrong}`);
    }
    return this.#acknowledged() - before;
  }

  #acknowledged(): number {
    return this.#histories.reduce((sum, history) => sum + history.acknowledged, 0);
  }

  async #kill(server: CrashServer): Promise<void> {
    await server.kill();
    this.summary.kills++;
  }

  #chooseShards(): void {
    const { shardsAfter } = this.#options;
    if (shardsAfter === 'random') this.#shards = this.#random.between(1, SHARDS_MAX);
    else if (shardsAfter !== 'same') this.#shards = shardsAfter;
  }

  #spawn(): Promise<CrashServer> {
    const { words } = this.#options;
    const logFile = path.join(this.#top, 'server.log');
    return CrashServer.spawn({ words, directory: this.#directory, shards: this.#shards, logFile });
  }

  async #start(): Promise<CrashServer> {
    for (let attempt = 1; ; attempt++) {
      const begunMs = Date.now();
      const server = await this.#spawn();
      try {
        await server.ready();
        this.#startMs = Date.now() - begunMs;
        return server;
      } catch (error) {
        await server.kill();
        if (!server.isPortTaken || attempt === START_ATTEMPTS) throw error;
      }
    }
  }
}

/** Asks for a rewrite of the log; that the server is killed meanwhile, or does not do it, is no matter. */
async function rewriteLog(port: number): Promise<void> {
  try {
    const connection = await Connection.open({ host: '127.0.0.1', port, db: 0 });
    await connection.request('BGREWRITEAOF');
    connection.destroy();
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
  }
}

/** Never rejects for what a server does wrong: that stands in the summary. */
export function runRounds(options: RoundsOptions): Promise<Summary> {
  return new Rounds(options).run();
}
