/**
 * The disk side of a server: its data directory, what its shards load and keep there, the sync of their logs, and
 * snapshots of all of them.
 *
 * When the logs on disk were written by other shards than there are now, or there is only a dump, the shards load
 * what is theirs of it without a log of their own. Then bases are written, the manifest is switched to them, and only
 * then do logs begin and clients are served: until that moment a crash leaves the directory as it was.
 */
import path from 'node:path';
import type { LoadReport, LogReport, ReloadOptions } from '../commands/persistence-service.ts';
import type { Config } from '../config/config.ts';
import { DataDirectory } from '../persistence/data-directory.ts';
import { LogSync } from '../persistence/log-sync.ts';
import { ShardSnapshots } from '../persistence/shard-snapshots.ts';
import type { SnapshotRunner } from '../persistence/snapshots.ts';
import { CommitBoard } from '../ring/commit-board.ts';
import { REQUEST_WORDS_OFFSET } from '../ring/layout.ts';
import { MARK_CUT } from '../ring/marks.ts';
import type {
  ControlMessage,
  LoadOrder,
  LoadResult,
  PersistenceSetup,
  ShardMessage,
} from '../ring/messages.ts';
import type { Log } from './log.ts';
import type { PersistenceBackend } from './persistence.ts';
import type { ShardLink } from './shard-link.ts';
import type { LoggedTransactions } from './transactions.ts';

/** How often is looked whether lanes have room for a cut. */
const CUT_RETRY_MS = 1;

export interface DiskOptions {
  readonly config: Config;
  readonly log: Log;
  /** The server cannot go on; `message` says why, in one line. */
  giveUp(message: string): void;
}

export class Disk implements PersistenceBackend, LoggedTransactions {
  /** Told when `log().problem` may have changed. */
  problemChanged: () => void = () => {};
  /** Bases are wanted at once, because what was written before may be lost. */
  baseWanted: () => void = () => {};
  readonly runner: SnapshotRunner;
  readonly #options: DiskOptions;
  readonly #snapshots: ShardSnapshots;
  readonly #directory: DataDirectory;
  readonly #commits: SharedArrayBuffer;
  readonly #sync: LogSync;
  readonly #orders: readonly LoadOrder[];
  #links: readonly ShardLink[] = [];
  /** Shards keep logs. */
  #hasLog: boolean;
  /** They do, or will as soon as there are bases. */
  #wantsLog: boolean;
  #problems: (string | undefined)[] = [];
  #lastTransaction = 0;
  #loaded: (LoadResult | undefined)[] = [];
  /** All that was on disk at the start is in memory. */
  #hasLoaded = false;
  #allLoaded: () => void = () => {};
  #load: LoadReport = { ms: 0, keys: 0, dumpKeysExpired: 0, dumpKeysLoaded: 0 };

  private constructor(options: DiskOptions, directory: DataDirectory) {
    const { config } = options;
    this.#options = options;
    this.#directory = directory;
    const shards = config.get('shards');
    this.#commits = CommitBoard.memory(shards);
    this.#sync = new LogSync(shards, () => config.get('appendfsync'));
    this.#snapshots = new ShardSnapshots(
      {
        count: shards,
        send: (shard, message) => this.#links[shard]!.send(message),
        cut: (number) => this.#cut(number),
      },
      directory,
      {
        dumpPath: () => this.#dumpPath,
        compress: () => config.get('rdbcompression'),
        checksum: () => config.get('rdbchecksum'),
        keepsLog: () => this.#wantsLog,
      },
    );
    this.runner = this.#snapshots;
    const wantsLog = config.get('appendonly');
    this.#wantsLog = wantsLog;
    const plan = directory.plan(wantsLog);
    this.#hasLog = wantsLog && plan.isSameLayout && plan.manifest !== undefined;
    const { manifest } = plan;
    this.#orders = Array.from({ length: shards }, (_, shard): LoadOrder => {
      if (plan.dump !== undefined) return { from: 'dump', file: plan.dump };
      if (!wantsLog || manifest === undefined) return { from: 'nothing' };
      if (plan.isSameLayout) return { from: 'log', files: directory.filesOf(shard) };
      return { from: 'other-logs', files: manifest.files };
    });
  }

  /** Throws an Error of one line when the directory cannot be used. */
  static open(options: DiskOptions): Disk {
    const { config } = options;
    const keepsAnything = config.get('appendonly') || config.get('save').length > 0;
    const directory = new DataDirectory({
      directory: config.get('dir'),
      shards: config.get('shards'),
      virtualNodes: config.get('virtual-nodes'),
      dumpPath: path.join(config.get('dir'), config.get('dbfilename')),
    });
    if (keepsAnything) directory.take();
    try {
      return new Disk(options, directory);
    } catch (error) {
      directory.close();
      throw error;
    }
  }

  get #dumpPath(): string {
    const { config } = this.#options;
    return path.join(config.get('dir'), config.get('dbfilename'));
  }

  // What shards start with

  setupFor(shard: number, isRestart: boolean): PersistenceSetup {
    const { config } = this.#options;
    if (isRestart) {
      // The others may wait for it, and it has lost what it had loaded.
      if (!this.#hasLoaded && this.#orders[0]!.from !== 'nothing')
        this.#options.giveUp(`shard ${shard} died while it loaded its keys`);
      new CommitBoard(this.#commits).abandon(shard);
      this.#snapshots.shardLost();
      this.#problems[shard] = undefined;
    }
    return {
      directory: this.#directory.path,
      load: isRestart ? this.#restartOrder(shard) : this.#orders[shard]!,
      sync: config.get('appendfsync'),
      segmentBytes: config.get('wal-segment-size'),
      takesTornLogs: config.get('aof-load-truncated'),
      verifies: config.get('rdbchecksum'),
      syncBoard: this.#sync.boardFor(shard, isRestart),
      commits: this.#commits,
      restartedAt: isRestart ? this.#issued() : undefined,
    };
  }

  #restartOrder(shard: number): LoadOrder {
    if (!this.#hasLog || !this.#directory.isCurrent) return { from: 'nothing' };
    return { from: 'log', files: this.#directory.filesOf(shard) };
  }

  /** The shards are there, and load. */
  connect(links: readonly ShardLink[]): void {
    this.#links = links;
    this.#sync.start();
  }

  /** Clients must wait for more than that all shards have loaded. */
  get mustPrepare(): boolean {
    return this.#options.config.get('appendonly') && !this.#hasLog;
  }

  /** There is nothing on disk to be loaded. */
  get isEmpty(): boolean {
    return this.#orders.every(({ from }) => from === 'nothing');
  }

  /** To be called when all shards have loaded: makes the logs begin where they could not yet. */
  async prepare(): Promise<void> {
    if (!this.isEmpty) this.#options.log.notice('writing new bases for the logs');
    await this.#snapshots.run('base');
    this.#hasLog = true;
  }

  // What shards say

  accept(shard: number, message: ShardMessage): void {
    switch (message.kind) {
      case 'snapshot':
        this.#snapshots.partDone(shard, message.part);
        break;
      case 'log':
        this.#logChanged(shard, message.problem, message.needsBase);
        break;
      case 'loaded':
        this.#shardLoaded(shard, message);
        break;
      case 'refused':
        this.#options.giveUp(message.problem);
        break;
    }
  }

  #logChanged(shard: number, problem: string | undefined, needsBase: boolean): void {
    const { log } = this.#options;
    if (problem !== undefined) log.warning(`shard ${shard}: ${problem}. Writes are refused.`);
    else log.notice(`shard ${shard}: the log can be written again`);
    this.#problems[shard] = problem;
    this.problemChanged();
    if (needsBase) this.baseWanted();
  }

  #shardLoaded(shard: number, result: LoadResult): void {
    const { log } = this.#options;
    for (const notice of result.notices) log.warning(`shard ${shard}: ${notice}`);
    this.#loaded[shard] = result;
    const all = this.#loaded.filter((one) => one !== undefined);
    if (all.length < this.#options.config.get('shards')) return;
    const isDump = this.#orders[0]!.from === 'dump';
    const keys = all.reduce((sum, one) => sum + one.keys, 0);
    this.#load = {
      ms: Math.max(...all.map(({ ms }) => ms)),
      keys,
      dumpKeysExpired: all.reduce((sum, { expired }) => sum + expired, 0),
      dumpKeysLoaded: isDump ? keys : 0,
    };
    this.#hasLoaded = true;
    this.#allLoaded();
  }

  // Transactions

  get isOn(): boolean {
    return this.#hasLog;
  }

  next(): number {
    this.#lastTransaction = this.#issued() + 1;
    return this.#lastTransaction;
  }

  /** The last number that was given to any transaction. */
  #issued(): number {
    if (this.#lastTransaction > 0) return this.#lastTransaction;
    return Math.max(0, ...new CommitBoard(this.#commits).lastOfAll());
  }

  // Snapshots

  async #cut(number: number): Promise<void> {
    const links = this.#links;
    while (!links.every((link) => link.hasRoomForMarked(REQUEST_WORDS_OFFSET, 0))) {
      await new Promise((resolve) => setTimeout(resolve, CUT_RETRY_MS));
    }
    // All in one turn: no command is before the cut in one lane and behind it in another.
    for (const link of links) link.pushMark(MARK_CUT, number, []);
    for (const link of links) link.publish();
  }

  // Figures

  changes(): number {
    return this.#links.reduce((sum, { statistics }) => sum + statistics.get('changes'), 0);
  }

  log(): LogReport {
    const problem = this.#problems.find((one) => one !== undefined);
    const baseBytes = this.#directory.baseBytes();
    const shards = this.#links.map(({ statistics }, shard) => ({
      walBytes: statistics.get('logBytes'),
      baseBytes: baseBytes[shard] ?? 0,
      segments: this.#hasLog ? statistics.get('logLastSegment') - statistics.get('logFirstSegment') + 1 : 0,
      lastSyncMs: this.#sync.lastSyncMsOf(shard),
      isOk: this.#problems[shard] === undefined,
    }));
    return {
      isEnabled: this.#hasLog,
      lacksBase: !this.#directory.isCurrent,
      ...(problem !== undefined && { problem }),
      unsyncedBytes: this.#links.reduce(
        (sum, { statistics }) => sum + statistics.get('logUnwrittenBytes'),
        0,
      ),
      pendingSyncs: this.#sync.pending,
      delayedSyncs: 0,
      shards: this.#hasLog ? shards : [],
    };
  }

  load(): LoadReport {
    return this.#load;
  }

  // At run time

  async startLog(): Promise<string | undefined> {
    if (this.#hasLog) return undefined;
    try {
      const directory = this.#directory;
      directory.take();
      directory.outdate();
      // The bases that are asked for next begin it.
      this.#wantsLog = true;
      this.#hasLog = true;
      return undefined;
    } catch (error) {
      this.#options.log.warning(`cannot begin the log: ${(error as Error).message}`);
      return (error as Error).message;
    }
  }

  async stopLog(): Promise<void> {
    if (!this.#hasLog) return;
    this.#wantsLog = false;
    this.#hasLog = false;
    this.#snapshots.abortBase();
    this.#send({ kind: 'close-log' });
  }

  async loadDump({ isFlushed, isMerged }: Pick<ReloadOptions, 'isFlushed' | 'isMerged'>): Promise<boolean> {
    return this.#reload(() => ({ from: 'dump', file: this.#dumpPath }), isFlushed, isMerged);
  }

  async reloadLog(): Promise<boolean> {
    if (!this.#hasLog || !this.#directory.isCurrent) return false;
    return this.#reload((shard) => ({ from: 'log', files: this.#directory.filesOf(shard) }), true, false);
  }

  async #reload(
    order: (shard: number) => LoadOrder,
    isFlushed: boolean,
    isMerged: boolean,
  ): Promise<boolean> {
    this.#loaded = [];
    const loaded = new Promise<void>((resolve) => {
      this.#allLoaded = resolve;
    });
    this.#links.forEach((link, shard) => {
      link.send({ kind: 'reload', order: order(shard), isFlushed, isMerged });
    });
    await loaded;
    const problems = this.#loaded.flatMap((one) => one?.problem ?? []);
    for (const problem of problems) this.#options.log.warning(problem);
    return problems.length === 0;
  }

  #send(message: ControlMessage): void {
    for (const link of this.#links) link.send(message);
  }

  /** The shards have ended. */
  async close(): Promise<void> {
    await this.#sync.stop();
    this.#directory.close();
  }
}
