/**
 * The server as a whole: its life from start to stop, and what INFO knows of it.
 */
import { randomBytes } from 'node:crypto';
import { Acl } from '../acl/acl.ts';
import { type HashSeed, randomHashSeed } from '../base/hash.ts';
import type { ServerReport } from '../commands/context.ts';
import type { Measurements } from '../commands/measurements.ts';
import type { ShutdownOptions } from '../commands/persistence-service.ts';
import { CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import { rewriteConfigFile } from '../config/rewrite-file.ts';
import type { ConfiguredUser } from '../config/settings.ts';
import { NO_CONFIG_FILE, rewriteFailed } from '../protocol/errors.ts';
import { slotTable } from '../ring/hash-ring.ts';
import { laneBytes } from '../ring/lane.ts';
import { TrackingMarks } from '../ring/tracking-board.ts';
import { WakeWord } from '../ring/wake-word.ts';
import { Acceptor } from './acceptor.ts';
import type { AcceptorOptions } from './acceptor-parts.ts';
import type { ClientTransactions } from './client-transactions.ts';
import { CommandGate } from './command-gate.ts';
import type { Connection } from './connection.ts';
import { DeferredReplies } from './deferred-replies.ts';
import { DirectReader } from './direct-reader.ts';
import { Disk } from './disk.ts';
import { Dispatcher } from './dispatcher.ts';
import { Ending } from './ending.ts';
import { followConfig } from './live-options.ts';
import { LocalCommands, type LocalHost } from './local-commands.ts';
import type { Log } from './log.ts';
import { Measuring } from './measuring.ts';
import { MemoryLimit } from './memory-limit.ts';
import { Monitors } from './monitors.ts';
import { Network } from './network.ts';
import { OutputLimit } from './output-limit.ts';
import { Persistence } from './persistence.ts';
import { PidFile } from './pid-file.ts';
import { PubSub } from './pub-sub.ts';
import { Rates } from './rates.ts';
import { Readiness } from './readiness.ts';
import { buffersOf, type Counters, countersOf, eventLoopTotals, reportOf } from './report.ts';
import { Router } from './router.ts';
import { RunPool } from './run.ts';
import { type RecoveryHost, ShardRecovery } from './shard-recovery.ts';
import { ShardRequests } from './shard-requests.ts';
import { ShardStates } from './shard-states.ts';
import { Shards } from './shards.ts';
import { Tracking } from './tracking.ts';

const UPKEEP_MS = 100;
/** For how long threads may be busy when the server ends because of an error. */
const GIVE_UP_MS = 1000;
const SWEEPS_EVERY = 10;

export interface ServerOptions {
  readonly config: Config;
  /** Users that are defined in the configuration. */
  readonly users?: readonly ConfiguredUser[];
  readonly log: Log;
  readonly version: string;
  readonly shardWorkerUrl: URL;
  readonly configFile?: string;
  /** Port 0 picks a free port (for embedding); otherwise, as in Redis, it means no TCP port at all. */
  readonly pickFreePort?: boolean;
  /** Called once when the server stops, whoever asked for it. */
  readonly stopped?: (reason: StopReason) => void;
}

/** What is made before the server itself. */
interface ServerParts {
  readonly acl: Acl;
  readonly shards: Shards;
  readonly states: ShardStates;
  readonly disk: Disk;
  readonly slots: Uint16Array;
  readonly seed: HashSeed;
  readonly wake: WakeWord;
}

export type StopReason =
  | { readonly kind: 'asked' }
  | { readonly kind: 'shard-died'; readonly message: string };

export class Server implements LocalHost {
  readonly config: Config;
  readonly commands: CommandTable;
  readonly acl: Acl;
  readonly deferred: DeferredReplies;
  readonly shardRequests: ShardRequests;
  readonly runId = randomBytes(20).toString('hex');
  readonly startedAtMs = Date.now();
  readonly measuring: Measuring;
  readonly rates = new Rates();
  peakBytes = 0;
  startupBytes = 0;

  readonly gate: CommandGate;
  readonly memoryLimit: MemoryLimit;
  readonly pubSub = new PubSub();
  readonly monitors = new Monitors(
    (isWatched) => this.gate.setWatched(isWatched),
    () => this.config.get('unixsocket'),
  );
  readonly shardStates: ShardStates;
  readonly tracking: Tracking;
  readonly #recovery: ShardRecovery;
  readonly persistence: Persistence;
  readonly #disk: Disk;
  readonly #ending: Ending;
  readonly #options: ServerOptions;
  readonly #log: Log;
  readonly #shards: Shards;
  readonly #acceptor: Acceptor;
  readonly #dispatcher: Dispatcher;
  readonly #direct: DirectReader;
  readonly #network: Network;
  readonly #pidFile: PidFile;
  readonly #upkeep: NodeJS.Timeout;
  #upkeeps = 0;
  #lastUpkeepMs = performance.now();
  #nextClientId = 1;
  #stopping: Promise<void> | undefined;
  /** What the counters stood at when CONFIG RESETSTAT was called. */
  #baseline: Counters = {};

  private constructor(options: ServerOptions, { acl, shards, states, disk, slots, seed, wake }: ServerParts) {
    const { config } = options;
    const runs = new RunPool();
    this.acl = acl;
    this.commands = acl.commands;
    this.#options = options;
    this.config = config;
    this.#log = options.log;
    this.#shards = shards;
    this.shardStates = states;
    const router = new Router(shards.links, slots, seed);
    this.gate = new CommandGate(config, new Readiness(states, router));
    this.memoryLimit = new MemoryLimit(shards.ledger, shards.links);
    this.#disk = disk;
    this.persistence = new Persistence(config, disk, options.log, (problem) =>
      this.gate.setDiskProblem(problem),
    );
    disk.problemChanged = () => this.persistence.checkWriteProblem();
    disk.baseWanted = () => this.persistence.startBase();
    this.#ending = this.#makeEnding();
    this.#recovery = new ShardRecovery(this.#recoveryHost());
    this.measuring = new Measuring(config, this.commands, shards.links);
    this.deferred = new DeferredReplies(runs, this.measuring.tally, (connection) => this.touched(connection));
    this.shardRequests = new ShardRequests(router, runs, states);
    this.tracking = new Tracking(new TrackingMarks(shards.tracking), router, config);
    this.#direct = new DirectReader(router, this.measuring.statistics);
    this.#dispatcher = new Dispatcher({
      commands: this.commands,
      router,
      direct: this.#direct,
      runs,
      local: new LocalCommands(this),
      gate: this.gate,
      memoryLimit: this.memoryLimit,
      monitors: this.monitors,
      acl,
      measuring: this.measuring,
      tracking: this.tracking,
      loggedTransactions: disk,
      tickets: shards.tickets,
      databases: config.get('databases'),
    });
    const acceptorOptions = this.#acceptorOptions();
    this.#acceptor = new Acceptor(acceptorOptions, {
      links: shards.links,
      dispatcher: this.#dispatcher,
      direct: this.#direct,
      runs,
      wake,
      gate: this.gate,
      measuring: this.measuring,
      memoryLimit: this.memoryLimit,
    });
    this.#network = this.#makeNetwork();
    this.#pidFile = new PidFile(config.get('pidfile'), (message) => this.#log.warning(message));
    followConfig({
      config,
      log: options.log,
      links: shards.links,
      direct: this.#direct,
      acceptor: this.#acceptor,
      options: acceptorOptions,
      pubSub: this.pubSub,
      memoryLimit: this.memoryLimit,
    });
    acl.channelsTaken = (user, allows) => this.pubSub.enforce(user, allows);
    this.#upkeep = setInterval(() => this.#doUpkeep(), UPKEEP_MS);
    this.#upkeep.unref();
  }

  #makeEnding(): Ending {
    return new Ending({
      snapshots: this.persistence.snapshots,
      writes: this.gate.exitPause,
      rules: () => this.config.get('save'),
      note: (level, message) => this.#log[level](message),
      stop: () => this.stop(),
    });
  }

  #makeNetwork(): Network {
    return new Network({
      config: this.config,
      log: this.#log,
      pickFreePort: this.#options.pickFreePort ?? false,
      isOpen: () => this.acl.isOpen,
      hasRoom: (pending) => this.#acceptor.hasRoom(pending),
      accept: (socket, addresses) => this.#acceptor.accept(socket, addresses),
      rejected: () => this.#acceptor.connectionsRejected++,
    });
  }

  /**
   * Starts the shards, then listens. Throws ListenError, TlsError, RenameError, or an Error for users that cannot be had; then nothing
   * is left running.
   */
  static async start(options: ServerOptions): Promise<Server> {
    const { config } = options;
    const acl = new Acl({
      commands: new CommandTable(undefined, config.get('rename-command')),
      config,
      users: options.users ?? [],
      warn: (message) => options.log.warning(message),
    });
    const seed = randomHashSeed();
    const wake = WakeWord.memory();
    const slots = slotTable(config.get('shards'), config.get('virtual-nodes'));
    const states = new ShardStates(config.get('shards'), options.log);
    let server: Server | undefined;
    let refusal: string | undefined;
    const disk = Disk.open({
      config,
      log: options.log,
      giveUp: (message) => {
        refusal ??= message;
        if (server === undefined) options.log.warning(message);
        else server.#giveUp(message);
      },
    });
    states.holdStart(disk.mustPrepare);
    const shards = await Shards.start({
      commands: new CommandTable().all.length,
      shards: config.get('shards'),
      databases: config.get('databases'),
      laneBytes: laneBytes(config.get('lane-size')),
      seed,
      slots,
      wake,
      workerUrl: options.shardWorkerUrl,
      options: () => config.forShards(),
      persistence: (shard, isRestart) => disk.setupFor(shard, isRestart),
      message: (shard, message) => disk.accept(shard, message),
      status: (shard, message) => states.accept(shard, message),
      died: (shard, reason) => server?.shardDied(shard, reason),
    }).catch(async (error: unknown) => {
      await disk.close();
      throw refusal === undefined ? error : new Error(refusal);
    });
    disk.connect(shards.links);
    server = new Server(options, { acl, shards, states, disk, slots, seed, wake: new WakeWord(wake) });
    const prepared = disk.mustPrepare ? server.#prepare() : undefined;
    try {
      if (refusal !== undefined) throw new Error(refusal);
      // Where nothing is to be loaded this takes no time, and no client need see it.
      if (disk.isEmpty) await prepared;
      await server.#network.open();
    } catch (error) {
      await server.#stopAtOnce();
      throw error;
    }
    if (server.#stopping === undefined) server.#pidFile.write();
    server.startupBytes = server.report().usedBytes;
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

  /** When everything is loaded, what must be written before clients are served. */
  async #prepare(): Promise<void> {
    await new Promise<void>((resolve) => this.shardStates.onLoaded(resolve));
    try {
      await this.#disk.prepare();
      this.shardStates.holdStart(false);
    } catch (error) {
      this.#giveUp(`cannot write the bases of the logs: ${(error as Error).message}`);
    }
  }

  async #stop(): Promise<void> {
    clearInterval(this.#upkeep);
    this.shardStates.close();
    this.#network.close();
    const timeoutMs = this.config.get('shutdown-timeout') * 1000;
    this.deferred.drop();
    await this.persistence.snapshots.end();
    await this.#acceptor.stop(timeoutMs);
    await this.#shards.stop(timeoutMs);
    await this.#disk.close();
    this.#pidFile.remove();
    this.#options.stopped?.({ kind: 'asked' });
  }

  shardDied(shard: number, reason: string): void {
    const link = this.#shards.links[shard]!;
    if (this.#stopping === undefined) {
      this.#recovery.died(link, reason);
      return;
    }
    // Nobody must wait for its replies.
    this.#log.warning(`shard ${shard} died: ${reason}`);
    this.#acceptor.lose(link);
  }

  #recoveryHost(): RecoveryHost {
    return {
      config: this.config,
      states: this.shardStates,
      lose: (link) => this.#acceptor.lose(link),
      restart: (shard) => this.#shards.restart(shard),
      giveUp: (message) => this.#giveUp(message),
      warn: (message) => this.#log.warning(message),
    };
  }

  /** Ends the server at once: without one of its shards nothing here can be right any more. */
  #giveUp(message: string): void {
    if (this.#stopping !== undefined) return;
    this.#log.warning(message);
    this.#stopping = this.#stopAtOnce();
    void this.#stopping.then(() => this.#options.stopped?.({ kind: 'shard-died', message }));
  }

  /** Threads end between two commands, not in the middle of whatever they do: Node may not survive that. */
  async #stopAtOnce(): Promise<void> {
    clearInterval(this.#upkeep);
    this.#pidFile.remove();
    this.#network.close();
    await this.#acceptor.stop(0);
    await this.#shards.stop(GIVE_UP_MS);
    await this.#disk.close();
  }

  // What server commands use

  connections(): Iterable<Connection> {
    return this.#acceptor.connections.values();
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
    this.#baseline = countersOf(report);
    this.measuring.reset();
    this.persistence.resetStatistics();
    this.peakBytes = report.usedBytes;
  }

  get measurements(): Measurements {
    return this.measuring;
  }

  /** Writes the last dump, where one is wanted, and stops. Resolves with false when the server goes on instead. */
  shutdown(options: ShutdownOptions): Promise<boolean> {
    if (this.#stopping !== undefined) return Promise.resolve(true);
    // What is loaded up to now is not what a dump should have.
    return this.#ending.begin(this.shardStates.isStarting ? { ...options, dump: 'nosave' } : options);
  }

  /** Writes the last dump, where the rules want one and it can be written, and stops. */
  async close(): Promise<void> {
    await this.shutdown({ isForced: true });
    await this.stop();
  }

  abortShutdown(): boolean {
    return this.#ending.callOff();
  }

  touched(connection: Connection): void {
    this.#acceptor.touch(connection);
  }

  rewriteConfig(isForced: boolean): string | undefined {
    if (this.configFile === '') return NO_CONFIG_FILE;
    const reason = rewriteConfigFile(this.configFile, this.config, {
      isForced,
      ...(!this.acl.hasFile && { users: this.acl.configLines() }),
    });
    if (reason !== undefined) {
      this.#log.warning(`CONFIG REWRITE failed: ${reason}`);
      return rewriteFailed(reason);
    }
    this.#log.notice('CONFIG REWRITE executed with success.');
    return undefined;
  }

  log(message: string): void {
    this.#log.warning(message);
  }

  get clientTransactions(): ClientTransactions {
    return this.#dispatcher.transactions;
  }

  endTurnSoon(): void {
    this.#acceptor.endTurnSoon();
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
      outputLimit: new OutputLimit(config.get('client-output-buffer-limit')),
      acl: this.acl,
      refusal: (addresses) => this.#network.refusal(addresses),
      nextClientId: () => this.#nextClientId++,
      listeners: [this.pubSub, this.monitors, this.tracking],
      note: (message, level = 'verbose') => this.#log[level](message),
    };
  }

  // Upkeep

  #doUpkeep(): void {
    const { traffic } = this.#acceptor;
    this.rates.sample({
      commands: this.#dispatcher.commandsProcessed,
      inputBytes: traffic.inputBytes,
      outputBytes: traffic.outputBytes,
      ...eventLoopTotals(),
    });
    const now = performance.now();
    this.measuring.latency.add('event-loop-stall', Math.floor(now - this.#lastUpkeepMs - UPKEEP_MS));
    this.#lastUpkeepMs = now;
    this.measuring.watchShards();
    if (!this.shardStates.isStarting) this.persistence.tick();
    if (++this.#upkeeps % SWEEPS_EVERY !== 0) return;
    const { largestInput, largestOutput } = buffersOf(this);
    this.rates.sampleBuffers(largestInput, largestOutput);
    this.#acceptor.sweep(this.config.get('timeout') * 1000);
  }
}
