/** An acceptor without sockets: server handlers over made-up clients and figures. */
import type { AclService, AclUser } from '../../../src/commands/acl-service.ts';
import type { Client, ServerContext, ServerReport } from '../../../src/commands/context.ts';
import type {
  CommandReport,
  LatencyEvent,
  Measurements,
  SlowLogEntry,
} from '../../../src/commands/measurements.ts';
import type {
  PersistenceReport,
  PersistenceService,
  ReloadOptions,
  ShutdownOptions,
} from '../../../src/commands/persistence-service.ts';
import type { MonitorService } from '../../../src/commands/pub-sub-service.ts';
import { type Command, CommandTable } from '../../../src/commands/table.ts';
import type { Config } from '../../../src/config/config.ts';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { ReplyBuffer, type ReplyWriter } from '../../../src/protocol/reply-writer.ts';
import { PubSub } from '../../../src/server/pub-sub.ts';
import { type Push, type Reply, ReplyDecoder } from '../../support/decoder.ts';

const DEFAULT_USER: AclUser = { name: 'default' };
/** Who there is besides. */
export const ALICE: AclUser = { name: 'alice' };

export class FakeClient implements Client {
  readonly id: number;
  name = '';
  libraryName = '';
  libraryVersion = '';
  db = 0;
  resp: 2 | 3 = 2;
  user: AclUser = DEFAULT_USER;
  isAuthenticated = true;
  noEvict = false;
  noTouch = false;
  replyMode: Client['replyMode'] = 'on';
  tracking: Client['tracking'];
  readonly address: string;
  readonly localAddress = '127.0.0.1:6379';
  readonly isLocal = true;
  type = 'normal';
  subscriptions: Client['subscriptions'];
  isMonitor = false;
  isBlocked = false;
  /** What has been done to the connection, in order. */
  readonly events: string[] = [];

  constructor(id: number) {
    this.id = id;
    this.address = `10.0.0.1:${id}`;
  }

  readonly createdAtMs = Date.now() - 60_000;

  unblock(withError: boolean): boolean {
    this.events.push(withError ? 'unblock with error' : 'unblock');
    return this.isBlocked;
  }

  describe(): string {
    return `id=${this.id}`;
  }

  push(bytes: Uint8Array): void {
    this.events.push(`push ${Buffer.from(bytes).toString('latin1')}`);
  }

  closeAfterReplies(): void {
    this.events.push('close after replies');
  }

  kill(): void {
    this.events.push('kill');
  }
}

const SNAPSHOTS = {
  isRunning: false,
  isScheduled: false,
  isLastOk: true,
  lastSeconds: -1,
  currentSeconds: -1,
  count: 0,
  consecutiveFailures: 0,
  copiedBytes: 0,
};

const MEMORY_OF_SHARD = {
  entries: 400,
  collections: 40,
  index: 60,
  arena: 4000,
  arenaFree: 3600,
  poolFree: 30,
  heapUsed: 5000,
  heapTotal: 6000,
  heapLimit: 7000,
};

export const PERSISTENCE: PersistenceReport = {
  changesSinceSave: 17,
  lastSaveSeconds: 1700000000,
  dump: {
    ...SNAPSHOTS,
    isRunning: true,
    isLastOk: false,
    lastSeconds: 3,
    currentSeconds: 2,
    count: 4,
    copiedBytes: 500,
  },
  base: { ...SNAPSHOTS, isScheduled: true, lastSeconds: 5, count: 6, consecutiveFailures: 1, copiedBytes: 7 },
  lastSnapshotMs: 12.4,
  lastSnapshotSyncMs: 1.6,
  keysWritten: 25,
  keysTotal: 200,
  copiedBytes: 4096,
  log: {
    isEnabled: true,
    unsyncedBytes: 33,
    pendingSyncs: 1,
    delayedSyncs: 2,
    shards: [
      { walBytes: 100, baseBytes: 1000, segments: 1, lastSyncMs: 0.25, isOk: true },
      { walBytes: 200, baseBytes: 2000, segments: 3, lastSyncMs: 1, isOk: false },
    ],
  },
  logBytesAtBase: 3100,
  load: { ms: 8.5, keys: 11, dumpKeysExpired: 9, dumpKeysLoaded: 10 },
};

export const REPORT: ServerReport = {
  version: '0.1.0',
  runId: 'f'.repeat(40),
  startedAtMs: Date.now() - 90_000_000,
  port: 6379,
  configFile: '/etc/shardis.conf',
  clients: 3,
  blockedClients: 1,
  blockingKeys: 0,
  neededBlockingKeys: 0,
  evictedClients: 6,
  tracking: { clients: 2, keys: 7, items: 8, prefixes: 1 },
  pubSub: { clients: 21, channels: 22, patterns: 23, shardChannels: 24 },
  largestInputBytes: 20480,
  largestOutputBytes: 700,
  connectionsReceived: 12,
  rejectedConnections: 1,
  commandsProcessed: 1000,
  opsPerSecond: 50,
  inputBytes: 4000,
  outputBytes: 5000,
  inputBytesPerSecond: 2048,
  outputBytesPerSecond: 512,
  reads: 90,
  writes: 80,
  eventLoopCycles: 70,
  eventLoopMs: 12.5,
  eventLoopCyclesPerSecond: 9.6,
  eventLoopCycleMs: 0.25,
  commandMs: 3.25,
  errorReplies: 7,
  keyspaceHits: 30,
  keyspaceMisses: 10,
  expiredKeys: 2,
  evictedKeys: 8,
  evictionExceededMs: 12.5,
  evictionExceedingMs: 0,
  expiredStalePercent: 12.345,
  deniedLogins: 1,
  deniedCommands: 2,
  deniedKeys: 3,
  deniedChannels: 4,
  expiryMs: 8.9,
  expiryCapsReached: 1,
  freedLater: 2,
  freedLaterPending: 3,
  usedBytes: 3 * 1024 * 1024,
  datasetBytes: 1024 * 1024,
  peakBytes: 4 * 1024 * 1024,
  memory: {
    startupBytes: 512 * 1024,
    rssBytes: 6 * 1024 * 1024,
    heapBytes: 2 * 1024 * 1024,
    entryBytes: 768 * 1024,
    indexBytes: 256 * 1024,
    arenaBytes: 1024 * 1024,
    clientBytes: 30000,
    defrag: { runningPercent: 12.5, currentMs: 34.5, totalMs: 56.7, moved: 78, left: 9 },
  },
  mainThreadCpu: { user: 1.25, system: 0.5 },
  persistence: PERSISTENCE,
  shards: [
    {
      index: 0,
      keys: 5,
      bytes: 500,
      commands: 60,
      queueBytes: 8,
      directReads: 20,
      hits: 15,
      misses: 7,
      evictedKeys: 8,
      expiredKeys: 1,
      expiryLagMs: 2.6,
      memory: MEMORY_OF_SHARD,
      waitingClients: 0,
      holds: 3,
      holdMs: 4.4,
      parks: 5,
      parkedMs: 6.6,
      isParked: true,
      restarts: 2,
      state: 'serving',
    },
    {
      index: 1,
      keys: 6,
      bytes: 600,
      commands: 70,
      queueBytes: 0,
      directReads: 30,
      hits: 25,
      misses: 5,
      evictedKeys: 0,
      expiredKeys: 1,
      expiryLagMs: 0,
      memory: MEMORY_OF_SHARD,
      waitingClients: 0,
      holds: 0,
      holdMs: 0,
      parks: 0,
      parkedMs: 0,
      isParked: false,
      restarts: 0,
      state: 'down',
    },
  ],
  shardRestarts: 2,
  loading: undefined,
  databases: [
    { db: 0, keys: 9, expires: 4, averageTtlMs: 1234.6 },
    { db: 3, keys: 2, expires: 0, averageTtlMs: 0 },
  ],
};

const OPTIONS: Record<string, unknown> = {
  databases: 16,
  requirepass: '',
  hz: 10,
  maxclients: 10000,
  bind: ['127.0.0.1'],
  unixsocket: '',
  'slowlog-log-slower-than': 10000,
  'latency-monitor-threshold': 0,
  'latency-tracking': true,
  'latency-tracking-info-percentiles': [50, 99, 99.9],
};

/** Measurements that a test makes up. */
export class FakeMeasurements implements Measurements {
  readonly entries: SlowLogEntry[] = [];
  readonly events: LatencyEvent[] = [];
  readonly reports = new Map<number, CommandReport>();
  readonly errorCounts: [string, number][] = [];

  readonly slowLog = {
    length: 0,
    newest: (count: number) => this.entries.slice(0, count),
    reset: () => {
      this.entries.length = 0;
    },
  };
  readonly latency = {
    all: () => this.events,
    event: (wanted: string) => this.events.find(({ name }) => name === wanted),
    reset: () => this.events.splice(0).length,
  };

  command(id: number): CommandReport | undefined {
    return this.reports.get(id);
  }

  errors(): readonly (readonly [string, number])[] {
    return this.errorCounts;
  }
}

export class FakeServer implements ServerContext {
  readonly args = new Arguments();
  readonly #buffer = new ReplyBuffer();
  readonly reply = this.#buffer.writer;
  readonly client = new FakeClient(1);
  readonly others: FakeClient[] = [];
  readonly commands = new CommandTable();
  readonly measurements = new FakeMeasurements();
  readonly tracking: ServerContext['tracking'] = {
    enable: (client, options, prefixes) => {
      const state = { isCachingGiven: false, isRedirectBroken: false, prefixes: new Set(prefixes) };
      client.tracking = { ...options, ...state };
    },
    disable: (client) => {
      client.tracking = undefined;
    },
  };
  command: Command = this.commands.all[0]!;
  /** What was asked of the server, in order. */
  readonly events: string[] = [];
  readonly options: Record<string, unknown> = { ...OPTIONS };
  readonly config = { get: (name: string) => this.options[name] } as unknown as Config;

  /** The users default and alice, whose password is `right`. */
  readonly acl = {
    defaultUser: DEFAULT_USER,
    findUser: (name: string) => [DEFAULT_USER, ALICE].find((user) => user.name === name),
    authenticate: (client: FakeClient, name: string, password: string) => {
      const user = this.acl.findUser(name);
      if (user === undefined || password !== 'right') return false;
      client.user = user;
      client.isAuthenticated = true;
      return true;
    },
  } as unknown as AclService;

  clients(): Iterable<FakeClient> {
    return [this.client, ...this.others];
  }

  report(): ServerReport {
    return REPORT;
  }

  resetStatistics(): void {
    this.events.push('reset statistics');
  }

  pauseClients(mode: 'all' | 'write'): void {
    this.events.push(`pause ${mode}`);
  }

  unpauseClients(): void {
    this.events.push('unpause');
  }

  beginTransaction(): boolean {
    return true;
  }

  discardTransaction(): boolean {
    return true;
  }

  resetClient(): void {
    this.events.push('reset client');
  }

  /** What persistence answers; a test may change it. */
  readonly answers: {
    save: Promise<boolean> | undefined;
    startDump: (maySchedule: boolean) => ReturnType<PersistenceService['startDump']>;
    startBase: ReturnType<PersistenceService['startBase']>;
    reload: Awaited<ReturnType<PersistenceService['reload']>>;
    reloadLog: boolean;
    shutdown: boolean;
    abortShutdown: boolean;
  } = {
    save: Promise.resolve(true),
    startDump: () => 'started',
    startBase: 'started',
    reload: 'loaded',
    reloadLog: true,
    shutdown: true,
    abortShutdown: false,
  };

  readonly pubSub = new PubSub();
  isInTransaction = false;
  readonly monitors: MonitorService = { add: () => {} };

  readonly persistence: PersistenceService = {
    lastSaveSeconds: 1700000000,
    save: () => this.answers.save,
    startDump: (maySchedule) => this.answers.startDump(maySchedule),
    startBase: () => this.answers.startBase,
    reload: async (options: ReloadOptions) => {
      this.events.push(`reload ${JSON.stringify(options)}`);
      return this.answers.reload;
    },
    reloadLog: async () => this.answers.reloadLog,
    report: () => PERSISTENCE,
    resetStatistics: () => {},
  };

  async shutdown(options: ShutdownOptions): Promise<boolean> {
    this.events.push(`shutdown ${JSON.stringify(options)}`);
    return this.answers.shutdown;
  }

  abortShutdown(): boolean {
    return this.answers.abortShutdown;
  }

  /** What is deferred goes where other replies go. */
  shardRequests(): (words: readonly Uint8Array[]) => Promise<Uint8Array | undefined> {
    return () => Promise.resolve(undefined);
  }

  defer(): (write: (reply: ReplyWriter) => void) => void {
    this.events.push('defer');
    return (write) => write(this.reply);
  }

  rewriteConfig(isForced: boolean): string | undefined {
    this.events.push(isForced ? 'rewrite all' : 'rewrite');
    return undefined;
  }

  log(message: string): void {
    this.events.push(`log ${message}`);
  }

  /** The same for a command whose reply is deferred. */
  async runLater(...words: readonly (string | number)[]): Promise<Reply | Push | symbol | undefined> {
    const now = this.run(...words);
    if (now !== undefined) return now;
    await new Promise((resolve) => setImmediate(resolve));
    return this.taken();
  }

  /** The reply that has come since, undefined when there is none. */
  taken(): Reply | Push | symbol | undefined {
    const bytes = this.#buffer.take();
    return bytes.length === 0 ? undefined : this.#decode(bytes);
  }

  /** Runs a command's handler and decodes its reply; undefined when it wrote none. Words are latin1. */
  run(...words: readonly (string | number)[]): Reply | Push | symbol | undefined {
    return this.#decode(this.runRaw(...words));
  }

  #decode(bytes: Uint8Array): Reply | Push | symbol | undefined {
    if (bytes.length === 0) return undefined;
    const decoder = new ReplyDecoder();
    decoder.append(bytes);
    const reply = decoder.next();
    if (decoder.buffered > 0) throw new Error('it answered more than one reply');
    return reply;
  }

  /** The reply's bytes. */
  runRaw(...words: readonly (string | number)[]): Uint8Array {
    this.args.setWords(words.map((word) => Buffer.from(String(word), 'latin1')));
    let command = this.commands.find(this.args);
    if (command !== undefined && words.length > 1 && command.children.length > 0) {
      command = this.commands.findSubcommand(command, this.args);
    }
    if (command?.placement?.at !== 'server') throw new Error(`${words.join(' ')} does not run on the server`);
    this.command = command;
    this.reply.resp = this.client.resp;
    command.placement.handler(this);
    return this.#buffer.take();
  }
}
