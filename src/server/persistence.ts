/**
 * Persistence as the rest of the server sees it: the schedule of snapshots, whether writes must be refused, and what
 * INFO tells, over the backend that has the files.
 */

import { accessSync, constants, statSync } from 'node:fs';
import type {
  LoadReport,
  LogReport,
  PersistenceReport,
  PersistenceService,
  ReloadOptions,
  SnapshotStart,
} from '../commands/persistence-service.ts';
import type { Config } from '../config/config.ts';
import { systemReason } from '../config/config-file.ts';
import { type SnapshotRunner, Snapshots } from '../persistence/snapshots.ts';
import { AOF_NOT_STARTED, DUMP_FAILED, logFailed } from '../protocol/errors.ts';
import type { Log } from './log.ts';

/** Who has the files: logs, bases and dumps. */
export interface PersistenceBackend {
  readonly runner: SnapshotRunner;
  /** How many changes the keys of all shards have had since the start. */
  changes(): number;
  log(): LogReport;
  load(): LoadReport;
  /** `appendonly yes` while it runs: logs begin, and bases are asked for right after. The text of an error, or undefined. */
  startLog(): Promise<string | undefined>;
  /** `appendonly no`: what is in the logs is synced, and nothing more is written. */
  stopLog(): Promise<void>;
  /** Reads the dump. Resolves with whether that worked. */
  loadDump(options: Pick<ReloadOptions, 'isFlushed' | 'isMerged'>): Promise<boolean>;
  reloadLog(): Promise<boolean>;
}

export class Persistence implements PersistenceService {
  readonly snapshots: Snapshots;
  readonly #config: Config;
  readonly #backend: PersistenceBackend;
  #problem: string | undefined;
  #delayedSyncsBefore = 0;
  /** Told when `writeProblem` has changed. */
  readonly #problemChanged: (problem: string | undefined) => void;

  constructor(
    config: Config,
    backend: PersistenceBackend,
    log: Log,
    problemChanged: (problem: string | undefined) => void,
  ) {
    this.#config = config;
    this.#backend = backend;
    this.#problemChanged = problemChanged;
    this.snapshots = new Snapshots({
      runner: backend.runner,
      changes: () => backend.changes(),
      log: () => {
        const report = backend.log();
        return {
          isEnabled: report.isEnabled,
          lacksBase: report.lacksBase === true,
          ...sizesOf(report),
        };
      },
      rules: () => config.get('save'),
      growth: () => ({
        percentage: config.get('auto-aof-rewrite-percentage'),
        minBytes: config.get('auto-aof-rewrite-min-size'),
      }),
      now: () => Date.now(),
      note: (level, message) => log[level](message),
      ended: () => this.checkWriteProblem(),
    });
    this.#followConfig();
  }

  #followConfig(): void {
    const config = this.#config;
    config.onChange(['save', 'stop-writes-on-bgsave-error'], () => this.checkWriteProblem());
    config.onChange('dir', () => directoryProblem(config.get('dir')));
    config.onPrepare(['appendonly'], async (_changed, proposed) => {
      const stop = () => this.#backend.stopLog();
      if (!proposed('appendonly')) return { commit: () => void stop(), abort: async () => {} };
      const reason = await this.#backend.startLog();
      if (reason !== undefined) return { option: 'appendonly', reason: AOF_NOT_STARTED };
      return { commit: () => void this.snapshots.startBase(), abort: stop };
    });
  }

  /** To be called several times a second. */
  tick(): void {
    this.snapshots.tick();
    this.checkWriteProblem();
  }

  /** Why commands that write must be refused: the text of the error, or undefined. */
  get writeProblem(): string | undefined {
    return this.#problem;
  }

  /** Looks anew whether writes must be refused; for when the log has failed, or goes on. */
  checkWriteProblem(): void {
    const problem = this.#findProblem();
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#problemChanged(problem);
  }

  #findProblem(): string | undefined {
    const stops = this.#config.get('stop-writes-on-bgsave-error') && this.#config.get('save').length > 0;
    if (stops && !this.snapshots.isLastDumpOk) return DUMP_FAILED;
    const { isEnabled, problem } = this.#backend.log();
    return isEnabled && problem !== undefined ? logFailed(problem) : undefined;
  }

  // What commands ask for

  get lastSaveSeconds(): number {
    return Math.floor(this.snapshots.lastSaveMs / 1000);
  }

  save(): Promise<boolean> | undefined {
    return this.snapshots.save();
  }

  startDump(maySchedule: boolean): SnapshotStart {
    return this.snapshots.startDump(maySchedule);
  }

  startBase(): Exclude<SnapshotStart, 'other-running'> {
    return this.snapshots.startBase();
  }

  async reload(options: ReloadOptions): Promise<'loaded' | 'not-loaded' | 'not-saved'> {
    if (options.isSaved && !(await this.snapshots.saveNext())) return 'not-saved';
    if (!(await this.#backend.loadDump(options))) return 'not-loaded';
    if (options.isSaved) this.snapshots.markSaved();
    return 'loaded';
  }

  async reloadLog(): Promise<boolean> {
    const isLoaded = await this.#backend.reloadLog();
    if (isLoaded) this.snapshots.markSaved();
    return isLoaded;
  }

  resetStatistics(): void {
    this.snapshots.resetStatistics();
    this.#delayedSyncsBefore = this.#backend.log().delayedSyncs;
  }

  report(): PersistenceReport {
    const { snapshots } = this;
    const log = this.#backend.log();
    return {
      changesSinceSave: snapshots.changesSinceSave,
      lastSaveSeconds: this.lastSaveSeconds,
      dump: snapshots.report('dump'),
      base: snapshots.report('base'),
      lastSnapshotMs: snapshots.lastWriteMs,
      lastSnapshotSyncMs: snapshots.lastSyncMs,
      ...snapshots.progress(),
      log: { ...log, delayedSyncs: log.delayedSyncs - this.#delayedSyncsBefore },
      logBytesAtBase: snapshots.logBytesAtBase,
      load: this.#backend.load(),
    };
  }
}

function sizesOf({ shards }: LogReport): { bytes: number; baseBytes: number } {
  let bytes = 0;
  let baseBytes = 0;
  for (const shard of shards) {
    baseBytes += shard.baseBytes;
    bytes += shard.baseBytes + shard.walBytes;
  }
  return { bytes, baseBytes };
}

/** Why files cannot be put into `path`, in the system's words; undefined when they can. */
function directoryProblem(path: string): string | undefined {
  try {
    if (!statSync(path).isDirectory()) return 'Not a directory';
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const reason = systemReason(error);
    return reason.charAt(0).toUpperCase() + reason.slice(1);
  }
}
