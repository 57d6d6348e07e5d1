/** What commands ask of whoever keeps the data on disk. The server implements it; handlers know only this. */

/**
 * What became of a request to start a snapshot in the background: it runs, it will as soon as it can, one of its kind
 * runs already, or one of the other kind does and nobody wanted to wait for it.
 */
export type SnapshotStart = 'started' | 'scheduled' | 'running' | 'other-running';

/** DEBUG RELOAD. */
export interface ReloadOptions {
  /** Write a dump first. */
  readonly isSaved: boolean;
  /** Empty the databases before the dump is read. */
  readonly isFlushed: boolean;
  /** Keys of the dump that exist take the place of those in memory; otherwise they are an error. */
  readonly isMerged: boolean;
}

/** SHUTDOWN; a signal gives none of these. */
export interface ShutdownOptions {
  /** A dump before the end, or none; absent: one when there are save rules. */
  readonly dump?: 'save' | 'nosave';
  /** Ends also when the dump cannot be written. */
  readonly isForced?: boolean;
}

export interface PersistenceService {
  /** When the last dump was written, or when the server began, in seconds since 1970. */
  readonly lastSaveSeconds: number;
  /** SAVE: resolves with whether the dump is on the disk; undefined when one is being written already. */
  save(): Promise<boolean> | undefined;
  /** BGSAVE; `maySchedule`: while bases are written it is put off, otherwise refused. */
  startDump(maySchedule: boolean): SnapshotStart;
  /** BGREWRITEAOF: new bases for the log. */
  startBase(): Exclude<SnapshotStart, 'other-running'>;
  /** Resolves with whether the dump was loaded; `not-saved` when none could be written before. */
  reload(options: ReloadOptions): Promise<'loaded' | 'not-loaded' | 'not-saved'>;
  /** DEBUG LOADAOF: empties memory and loads what the log has. Resolves with whether that worked. */
  reloadLog(): Promise<boolean>;
  report(): PersistenceReport;
  /** Sets the counters to zero that CONFIG RESETSTAT concerns. */
  resetStatistics(): void;
}

/** How one kind of snapshot has gone. */
export interface SnapshotReport {
  readonly isRunning: boolean;
  readonly isScheduled: boolean;
  /** Of the last one that ended; true before the first. */
  readonly isLastOk: boolean;
  /** Seconds that the last one took in the background, and that the present one has taken; -1 for none. */
  readonly lastSeconds: number;
  readonly currentSeconds: number;
  /** How many have begun since CONFIG RESETSTAT. */
  readonly count: number;
  readonly consecutiveFailures: number;
  /** Bytes of entries that were preserved before they changed, while the last one ran. */
  readonly copiedBytes: number;
}

/** One shard's log. */
export interface ShardLogReport {
  readonly walBytes: number;
  readonly baseBytes: number;
  readonly segments: number;
  /** What the last sync took. */
  readonly lastSyncMs: number;
  readonly isOk: boolean;
}

/** The log of all shards. */
export interface LogReport {
  readonly isEnabled: boolean;
  /** Nothing can be loaded from it until the next bases are written. */
  readonly lacksBase?: boolean;
  /** Why writes to it fail, in the system's words; undefined when they do not. */
  readonly problem?: string;
  /** Bytes that are written and not yet synced. */
  readonly unsyncedBytes: number;
  /** Syncs under way in the background. */
  readonly pendingSyncs: number;
  /** How often writing had to wait for a late sync. */
  readonly delayedSyncs: number;
  readonly shards: readonly ShardLogReport[];
}

/** What was read at the start, or by the last reload. */
export interface LoadReport {
  readonly ms: number;
  readonly keys: number;
  /** Keys of a dump that had expired, and keys of a dump that were loaded. */
  readonly dumpKeysExpired: number;
  readonly dumpKeysLoaded: number;
}

export interface PersistenceReport {
  readonly changesSinceSave: number;
  readonly lastSaveSeconds: number;
  readonly dump: SnapshotReport;
  readonly base: SnapshotReport;
  /** Of the last snapshot of either kind that succeeded. */
  readonly lastSnapshotMs: number;
  readonly lastSnapshotSyncMs: number;
  /** The snapshot under way; zeros while there is none. */
  readonly keysWritten: number;
  readonly keysTotal: number;
  readonly copiedBytes: number;
  readonly log: LogReport;
  /** Bytes of bases and logs when bases were last made. */
  readonly logBytesAtBase: number;
  readonly load: LoadReport;
}
