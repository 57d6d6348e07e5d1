/**
 * When snapshots are made, of which kind, and what became of them.
 *
 * There is at most one at a time, whoever makes it (the `SnapshotRunner` beneath). A dump is asked for by SAVE and
 * BGSAVE, by the rules of `save`, and by the end of the server; bases are asked for by BGREWRITEAOF and by a log that
 * has grown. What cannot begin because another one runs is put off, refused or waited for, as Redis does it.
 */
import type { SaveRule } from '../config/save-rules.ts';

/** A dump is the file that `dbfilename` names; bases are where the logs begin. */
export type SnapshotKind = 'dump' | 'base';

export interface SnapshotResult {
  readonly keys: number;
  readonly bytes: number;
  readonly writeMs: number;
  readonly syncMs: number;
  /** Bytes of entries that were preserved before they changed. */
  readonly copiedBytes: number;
}

export interface SnapshotProgress {
  readonly keysWritten: number;
  readonly keysTotal: number;
  readonly copiedBytes: number;
}

export interface SnapshotRunner {
  /** Resolves when the files are in their place and synced. Never called while one runs. */
  run(kind: SnapshotKind): Promise<SnapshotResult>;
  /** The run under way rejects. */
  abort(): void;
  /** How far the run under way is. */
  progress?(): SnapshotProgress;
}

/** Bytes of the logs of all shards. */
export interface LogSizes {
  readonly isEnabled: boolean;
  /** Bases are wanted, because without them the log is worth nothing. */
  readonly lacksBase?: boolean;
  /** Bases and what has been written since. */
  readonly bytes: number;
  readonly baseBytes: number;
}

export interface SnapshotsParts {
  readonly runner: SnapshotRunner;
  /** How many changes the keys have had since the start; never falls. */
  changes(): number;
  log(): LogSizes;
  rules(): readonly SaveRule[];
  /** When the log is written anew by itself; a percentage of 0: never. */
  growth(): { readonly percentage: number; readonly minBytes: number };
  /** Milliseconds since 1970. */
  now(): number;
  note(level: 'notice' | 'warning', message: string): void;
  /** Told when a snapshot has ended. */
  ended(): void;
}

/** After a failure the rules wait so long. */
const RETRY_MS = 5000;
/** From so many failures in a row on, bases are made by themselves only now and then. */
const BASE_FAILURES_MAX = 3;
const BASE_DELAY_MINUTES_MAX = 60;
const MINUTE_MS = 60_000;

/** How the snapshots of one kind have gone. */
class Track {
  isScheduled = false;
  isLastOk = true;
  lastSeconds = -1;
  count = 0;
  consecutiveFailures = 0;
  copiedBytes = 0;
}

interface Run {
  readonly kind: SnapshotKind;
  /** Somebody waits for it, who is told how it went. */
  readonly isAwaited: boolean;
  readonly startedAtMs: number;
  readonly changesBefore: number;
  isAborted: boolean;
  /** Resolves with whether it succeeded, when the next one may begin. */
  ended: Promise<boolean>;
}

export class Snapshots {
  lastSaveMs: number;
  lastWriteMs = 0;
  lastSyncMs = 0;
  /** Bytes of bases and logs when bases were last made. */
  logBytesAtBase: number;
  readonly #parts: SnapshotsParts;
  readonly #tracks: Readonly<Record<SnapshotKind, Track>> = { dump: new Track(), base: new Track() };
  #run: Run | undefined;
  /** How many dumps somebody waits for that cannot begin yet. */
  #savesWaiting = 0;
  /** The server ends: nothing begins but its last dump. */
  #isEnding = false;
  #changesSaved: number;
  #lastTryMs = 0;
  #baseDelayMinutes = 0;
  #baseAllowedAtMs = 0;

  constructor(parts: SnapshotsParts) {
    this.#parts = parts;
    this.lastSaveMs = parts.now();
    this.#changesSaved = parts.changes();
    this.logBytesAtBase = parts.log().baseBytes;
  }

  get changesSinceSave(): number {
    return Math.max(0, this.#parts.changes() - this.#changesSaved);
  }

  /** False from a dump in the background that failed until one succeeds. */
  get isLastDumpOk(): boolean {
    return this.#tracks.dump.isLastOk;
  }

  // What is asked for

  /** Resolves with whether the dump was written; undefined when one is under way. */
  save(): Promise<boolean> | undefined {
    if (this.#isDumpDue()) return undefined;
    return this.saveNext();
  }

  /** The same, but when one is under way another one follows. */
  async saveNext(): Promise<boolean> {
    while (this.#run !== undefined) {
      this.#savesWaiting++;
      await this.#run.ended;
      this.#savesWaiting--;
    }
    return this.#isEnding ? false : this.#begin('dump', true);
  }

  startDump(maySchedule: boolean): 'started' | 'scheduled' | 'running' | 'other-running' {
    if (this.#isDumpDue()) return 'running';
    if (this.#run !== undefined) {
      if (!maySchedule) return 'other-running';
      this.#tracks.dump.isScheduled = true;
      return 'scheduled';
    }
    this.#begin('dump', false);
    return 'started';
  }

  startBase(): 'started' | 'scheduled' | 'running' {
    if (this.#run?.kind === 'base') return 'running';
    // Somebody wants it: what failed before counts no more.
    this.#tracks.base.consecutiveFailures = 0;
    if (this.#run !== undefined || this.#isEnding) {
      this.#tracks.base.isScheduled = true;
      return 'scheduled';
    }
    this.#begin('base', false);
    return 'started';
  }

  /** The state was loaded or saved otherwise: it counts as saved now. */
  markSaved(): void {
    this.#changesSaved = this.#parts.changes();
  }

  /** For the end of the server: ends what runs and begins nothing more, until `resume`. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.abort();
    await this.#run?.ended;
  }

  /** The last dump, after `end`. Resolves with whether it was written. */
  finalDump(): Promise<boolean> {
    return this.#begin('dump', true);
  }

  /** The server goes on after all. */
  resume(): void {
    this.#isEnding = false;
  }

  abort(): void {
    if (this.#run === undefined || this.#run.isAborted) return;
    this.#run.isAborted = true;
    this.#parts.runner.abort();
  }

  /** To be called several times a second: begins what is due. */
  tick(): void {
    if (this.#run !== undefined || this.#isEnding || this.#savesWaiting > 0) return;
    const { dump, base } = this.#tracks;
    const { isEnabled, lacksBase } = this.#parts.log();
    const isBaseWanted = base.isScheduled || (isEnabled && lacksBase === true);
    if (isBaseWanted && !this.#isBaseLimited()) this.#begin('base', false);
    else if (this.#dueRule()) this.#begin('dump', false);
    else if (dump.isScheduled && this.#mayTryDump()) this.#begin('dump', false);
    else if (this.#hasLogGrown()) this.#begin('base', false);
  }

  resetStatistics(): void {
    this.#tracks.dump.count = 0;
    this.#tracks.base.count = 0;
    this.#tracks.base.consecutiveFailures = 0;
  }

  // What is due

  #isDumpDue(): boolean {
    return this.#run?.kind === 'dump' || this.#savesWaiting > 0 || this.#isEnding;
  }

  #mayTryDump(): boolean {
    return this.#tracks.dump.isLastOk || this.#parts.now() - this.#lastTryMs > RETRY_MS;
  }

  #dueRule(): boolean {
    if (!this.#mayTryDump()) return false;
    const elapsedMs = this.#parts.now() - this.lastSaveMs;
    const changes = this.changesSinceSave;
    const rule = this.#parts
      .rules()
      .find((candidate) => changes >= candidate.changes && elapsedMs > candidate.seconds * 1000);
    if (rule === undefined) return false;
    this.#parts.note('notice', `${rule.changes} changes in ${rule.seconds} seconds. Saving...`);
    return true;
  }

  #hasLogGrown(): boolean {
    const { isEnabled, bytes } = this.#parts.log();
    const { percentage, minBytes } = this.#parts.growth();
    if (!isEnabled || percentage === 0 || bytes < minBytes) return false;
    const growth = Math.floor((bytes * 100) / (this.logBytesAtBase || 1)) - 100;
    if (growth < percentage || this.#isBaseLimited()) return false;
    this.#parts.note('notice', `Starting automatic rewriting of AOF on ${growth}% growth`);
    return true;
  }

  /** After several failures in a row the pauses grow from a minute to an hour. */
  #isBaseLimited(): boolean {
    if (this.#tracks.base.consecutiveFailures < BASE_FAILURES_MAX) {
      this.#baseDelayMinutes = 0;
      this.#baseAllowedAtMs = 0;
      return false;
    }
    const now = this.#parts.now();
    if (this.#baseAllowedAtMs !== 0) {
      if (now < this.#baseAllowedAtMs) return true;
      this.#baseAllowedAtMs = 0;
      return false;
    }
    this.#baseDelayMinutes = Math.min(this.#baseDelayMinutes * 2 || 1, BASE_DELAY_MINUTES_MAX);
    this.#baseAllowedAtMs = now + this.#baseDelayMinutes * MINUTE_MS;
    this.#parts.note(
      'warning',
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.#baseDelayMinutes} minutes`,
    );
    return true;
  }

  // One run

  #begin(kind: SnapshotKind, isAwaited: boolean): Promise<boolean> {
    const track = this.#tracks[kind];
    track.count++;
    track.isScheduled = false;
    const startedAtMs = this.#parts.now();
    if (kind === 'dump' && !isAwaited) this.#lastTryMs = startedAtMs;
    const changesBefore = this.#parts.changes();
    const run: Run = {
      kind,
      isAwaited,
      startedAtMs,
      changesBefore,
      isAborted: false,
      ended: Promise.resolve(false),
    };
    this.#run = run;
    if (!isAwaited) this.#parts.note('notice', `${title(kind)} started`);
    run.ended = this.#watch(run);
    return run.ended;
  }

  async #watch(run: Run): Promise<boolean> {
    let failure: string | undefined;
    try {
      this.#succeeded(run, await this.#parts.runner.run(run.kind));
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    const track = this.#tracks[run.kind];
    if (!run.isAwaited) track.lastSeconds = seconds(this.#parts.now() - run.startedAtMs);
    if (failure === undefined) {
      track.isLastOk = true;
      track.consecutiveFailures = 0;
      this.#parts.note('notice', run.kind === 'dump' ? 'DB saved on disk' : `${title(run.kind)} succeeded`);
    } else if (run.isAborted) {
      this.#parts.note('warning', `${title(run.kind)} aborted`);
    } else {
      // Whoever waits for a dump hears of the failure, and so nobody else must.
      if (!run.isAwaited) track.isLastOk = false;
      track.consecutiveFailures++;
      this.#parts.note('warning', `${title(run.kind)} failed: ${failure}`);
    }
    this.#run = undefined;
    this.#parts.ended();
    return failure === undefined;
  }

  #succeeded(run: Run, result: SnapshotResult): void {
    this.#tracks[run.kind].copiedBytes = result.copiedBytes;
    this.lastWriteMs = result.writeMs;
    this.lastSyncMs = result.syncMs;
    if (run.kind === 'base') {
      this.logBytesAtBase = this.#parts.log().bytes;
      return;
    }
    this.lastSaveMs = this.#parts.now();
    this.#changesSaved = run.changesBefore;
  }

  // Reports

  report(kind: SnapshotKind) {
    const { isScheduled, isLastOk, lastSeconds, count, consecutiveFailures, copiedBytes } =
      this.#tracks[kind];
    const run = this.#run?.kind === kind ? this.#run : undefined;
    return {
      isRunning: run !== undefined,
      isScheduled,
      isLastOk,
      lastSeconds,
      currentSeconds: run === undefined ? -1 : seconds(this.#parts.now() - run.startedAtMs),
      count,
      consecutiveFailures,
      copiedBytes,
    };
  }

  /** Zeros while none is under way. */
  progress(): SnapshotProgress {
    const progress = this.#run === undefined ? undefined : this.#parts.runner.progress?.();
    return progress ?? { keysWritten: 0, keysTotal: 0, copiedBytes: 0 };
  }
}

function title(kind: SnapshotKind): string {
  return kind === 'dump' ? 'Background saving' : 'Background append only file rewriting';
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}
