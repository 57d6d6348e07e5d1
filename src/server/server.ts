/**
 * The server as a whole: its life from start to stop, and what INFO knows of it.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type HashSeed, randomHashSeed } from '../base/hash.ts';
import type { DeferredReply, ServerReport } from '../commands/context.ts';
import { CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import { slotTable } from '../ring/hash-ring.ts';
import { laneBytes } from '../ring/lane.ts';
import { WakeWord } from '../ring/wake-word.ts';
import { Acceptor, type AcceptorOptions } from './acceptor.ts';
import type { Connection } from './connection.ts';
import { DirectReader } from './direct-reader.ts';
import { Dispatcher } from './dispatcher.ts';
import { LocalCommands, type LocalHost } from './local-commands.ts';
import type { Log } from './log.ts';
import { Network } from './network.ts';
import { OutputLimit } from './output-limit.ts';
import { reportOf } from './report.ts';
import { Router } from './router.ts';
import { RunPool } from './run.ts';
import { Shards } from './shards.ts';

const UPKEEP_MS = 100;
const SWEEPS_EVERY = 10;

export interface ServerOptions {
  readonly config: Config;
  readonly log: Log;
  readonly version: string;
  readonly shardWorkerUrl: URL;
  readonly configFile?: string;
  /** Port 0 picks a free port (for embedding); otherwise, as in Redis, it means no TCP port at all. */
  readonly pickFreePort?: boolean;
  /** Called once when the server stops, whoever asked for it. */
  readonly stopped?: (reason: StopReason) => void;
}

export type StopReason =
  | { readonly kind: 'asked' }
  | { readonly kind: 'shard-died'; readonly message: string };

export class Server implements LocalHost {
  readonly config: Config;
  readonly commands = new CommandTable();
  readonly runId = randomBytes(20).toString('hex');
  readonly startedAtMs = Date.now();
  /** Commands a second, over the last second or so. */
  opsPerSecond = 0;
  peakBytes = 0;

  readonly #options: ServerOptions;
  readonly #log: Log;
  readonly #shards: Shards;
  readonly #acceptor: Acceptor;
  readonly #dispatcher: Dispatcher;
  readonly #direct: DirectReader;
  readonly #network: Network;
  readonly #upkeep: NodeJS.Timeout;
  #upkeeps = 0;
  #lastCommands = 0;
  #lastSampleMs = performance.now();
  #nextClientId = 1;
  #stopping: Promise<void> | undefined;
  /** What the counters stood at when CONFIG RESETSTAT was called. */
  #baseline: Partial<Record<keyof ServerReport, number>> = {};

  private constructor(options: ServerOptions, shards: Shards, seed: HashSeed, wake: WakeWord, runs: RunPool) {
    const { config } = options;
    this.#options = options;
    this.config = config;
    this.#log = options.log;
    this.#shards = shards;
    const slots = slotTable(config.get('shards'), config.get('virtual-nodes'));
    const router = new Router(shards.links, slots, seed);
    this.#direct = new DirectReader(router);
    this.#dispatcher = new Dispatcher({
      commands: this.commands,
      router,
      direct: this.#direct,
      runs,
      local: new LocalCommands(this),
    });
    const acceptorOptions = this.#acceptorOptions();
    this.#acceptor = new Acceptor(acceptorOptions, {
      links: shards.links,
      dispatcher: this.#dispatcher,
      direct: this.#direct,
      runs,
      wake,
    });
    this.#network = new Network({
      config,
      log: options.log,
      pickFreePort: options.pickFreePort ?? false,
      isOpen: () => this.isOpen(),
      hasRoom: (pending) => this.#acceptor.hasRoom(pending),
      accept: (socket, addresses) => this.#acceptor.accept(socket, addresses),
      rejected: () => this.#acceptor.connectionsRejected++,
    });
    this.#followConfig(acceptorOptions);
    this.#upkeep = setInterval(() => this.#doUpkeep(), UPKEEP_MS);
    this.#upkeep.unref();
  }

  /** Starts the shards, then listens. Throws ListenError and TlsError; then nothing is left running. */
  static async start(options: ServerOptions): Promise<Server> {
    const { config } = options;
    const seed = randomHashSeed();
    const wake = WakeWord.memory();
    let server: Server | undefined;
    const shards = await Shards.start({
      shards: config.get('shards'),
      databases: config.get('databases'),
      laneBytes: laneBytes(config.get('lane-size')),
      seed,
      wake,
      workerUrl: options.shardWorkerUrl,
      options: config.forShards(),
      died: (shard, reason) => server?.shardDied(shard, reason),
    });
    server = new Server(options, shards, seed, new WakeWord(wake), new RunPool());
    try {
      await server.#network.open();
    } catch (error) {
      clearInterval(server.#upkeep);
      await shards.terminate();
      throw error;
    }
    return server;
  }

  /** The TCP port it listens on, 0 for none. */
  get port(): number {
    return this.#network.port;
  }

  /** The port for TLS it listens on, 0 for none. */
  get tlsPort(): number {
    return this.#network.tlsPort;
  }

  get version(): string {
    return this.#options.version;
  }

  get configFile(): string {
    return this.#options.configFile ?? '';
  }

  get acceptor(): Acceptor {
    return this.#acceptor;
  }

  get dispatcher(): Dispatcher {
    return this.#dispatcher;
  }

  get shards(): Shards {
    return this.#shards;
  }

  /** No new commands; replies are sent; threads are joined. May be called any number of times. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#upkeep);
    this.#network.close();
    const timeoutMs = this.config.get('shutdown-timeout') * 1000;
    await this.#acceptor.stop(timeoutMs);
    await this.#shards.stop(timeoutMs);
    this.#options.stopped?.({ kind: 'asked' });
  }

  /** A shard's keys are gone with it, so nothing here can be right any more. */
  shardDied(shard: number, reason: string): void {
    const message = `shard ${shard} died: ${reason}`;
    this.#log.warning(message);
    clearInterval(this.#upkeep);
    this.#stopping ??= this.#stopAtOnce();
    this.#options.stopped?.({ kind: 'shard-died', message });
  }

  async #stopAtOnce(): Promise<void> {
    this.#network.close();
    await this.#acceptor.stop(0);
    await this.#shards.terminate();
  }

  // What server commands use

  connections(): Iterable<Connection> {
    return this.#acceptor.connections.values();
  }

  isOpen(): boolean {
    return this.config.get('requirepass') === '';
  }

  authenticate(user: string, password: string): boolean {
    if (user !== 'default') return false;
    // Without a password the default user accepts any, as in Redis.
    if (this.isOpen()) return true;
    const expected = Buffer.from(this.config.get('requirepass'), 'utf8');
    const given = Buffer.from(password, 'latin1');
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  report(): ServerReport {
    const report = reportOf(this);
    const counters: Record<string, number> = {};
    for (const [name, value] of Object.entries(this.#baseline)) {
      counters[name] = (report[name as keyof ServerReport] as number) - value;
    }
    return { ...report, ...counters };
  }

  resetStatistics(): void {
    const report = reportOf(this);
    this.#baseline = {
      connectionsReceived: report.connectionsReceived,
      rejectedConnections: report.rejectedConnections,
      commandsProcessed: report.commandsProcessed,
      inputBytes: report.inputBytes,
      outputBytes: report.outputBytes,
      errorReplies: report.errorReplies,
      keyspaceHits: report.keyspaceHits,
      keyspaceMisses: report.keyspaceMisses,
      expiredKeys: report.expiredKeys,
    };
  }

  shutdown(): void {
    this.#log.notice('User requested shutdown...');
    void this.stop();
  }

  touched(connection: Connection): void {
    this.#acceptor.touch(connection);
  }

  deferReply(connection: Connection): DeferredReply {
    return this.#dispatcher.defer(connection);
  }

  crossProtocol(connection: Connection): void {
    this.#acceptor.crossProtocol(connection);
  }

  // Configuration

  #acceptorOptions(): AcceptorOptions {
    const { config } = this;
    return {
      limits: {
        bulkBytesMax: config.get('proto-max-bulk-len'),
        queryBufferBytesMax: config.get('client-query-buffer-limit'),
        clientsMax: config.get('maxclients'),
      },
      outputLimit: new OutputLimit(config.get('client-output-buffer-limit').normal),
      isOpen: () => this.isOpen(),
      refusal: (addresses) => this.#network.refusal(addresses),
      nextClientId: () => this.#nextClientId++,
      note: (message) => this.#log.verbose(message),
    };
  }

  #followConfig(acceptor: AcceptorOptions): void {
    const { config } = this;
    this.#direct.isEnabled = config.get('direct-reads');
    config.onChange('direct-reads', () => {
      this.#direct.isEnabled = config.get('direct-reads');
    });
    config.onChange(['proto-max-bulk-len', 'client-query-buffer-limit', 'maxclients'], () => {
      acceptor.limits.bulkBytesMax = config.get('proto-max-bulk-len');
      acceptor.limits.queryBufferBytesMax = config.get('client-query-buffer-limit');
      acceptor.limits.clientsMax = config.get('maxclients');
    });
    config.onChange('client-output-buffer-limit', () => {
      acceptor.outputLimit.normal = config.get('client-output-buffer-limit').normal;
    });
    config.onChange('loglevel', () => this.#log.setLevel(config.get('loglevel')));
    config.onShardChange((name, value) => {
      for (const link of this.#shards.links) link.send({ kind: 'option', name, value });
    });
  }

  // Upkeep

  #doUpkeep(): void {
    const now = performance.now();
    const commands = this.#dispatcher.commandsProcessed;
    const rate = ((commands - this.#lastCommands) * 1000) / (now - this.#lastSampleMs);
    this.opsPerSecond = this.opsPerSecond * 0.75 + rate * 0.25;
    this.#lastCommands = commands;
    this.#lastSampleMs = now;
    if (++this.#upkeeps % SWEEPS_EVERY === 0) this.#acceptor.sweep(this.config.get('timeout') * 1000);
  }
}
