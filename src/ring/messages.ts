/**
 * What passes between an acceptor and a shard beside the lanes: what a shard is started with, what control
 * frames say, and what its message port carries.
 */
import type { MessagePort } from 'node:worker_threads';
import type { EvictionPolicyName } from '../base/eviction-policies.ts';
import type { HashSeed } from '../base/hash.ts';

/** Of the options table, what a shard uses. Spelled out here, because lanes know nothing of the table. */
export interface StartOptions {
  readonly 'proto-max-bulk-len': number;
  readonly hz: number;
  readonly 'list-max-listpack-size': number;
  readonly 'hash-max-listpack-entries': number;
  readonly 'hash-max-listpack-value': number;
  readonly 'hll-sparse-max-bytes': number;
  readonly 'zset-max-listpack-entries': number;
  readonly 'zset-max-listpack-value': number;
  readonly 'stream-node-max-bytes': number;
  readonly 'stream-node-max-entries': number;
  readonly 'set-max-intset-entries': number;
  readonly 'set-max-listpack-entries': number;
  readonly 'set-max-listpack-value': number;
  readonly 'active-expire-effort': number;
  readonly activedefrag: boolean;
  readonly 'active-defrag-ignore-bytes': number;
  readonly 'active-defrag-threshold-lower': number;
  readonly 'active-defrag-threshold-upper': number;
  readonly 'active-defrag-cycle-min': number;
  readonly 'active-defrag-cycle-max': number;
  readonly 'slowlog-log-slower-than': number;
  readonly 'latency-monitor-threshold': number;
  readonly 'latency-tracking': boolean;
  readonly 'notify-keyspace-events': string;
  readonly maxmemory: number;
  readonly 'maxmemory-policy': EvictionPolicyName;
  readonly 'maxmemory-samples': number;
  readonly 'lfu-log-factor': number;
  readonly 'lfu-decay-time': number;
  readonly 'maxmemory-eviction-tenacity': number;
}

/** The `workerData` of a shard's thread. */
export interface ShardSetup {
  readonly index: number;
  readonly shards: number;
  readonly databases: number;
  readonly seed: HashSeed;
  readonly requests: SharedArrayBuffer;
  readonly replies: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly wake: SharedArrayBuffer;
  readonly statistics: SharedArrayBuffer;
  /** From slot to shard: a Uint16Array. */
  readonly slots: SharedArrayBuffer;
  /** One for each shard. */
  readonly mailboxes: readonly SharedArrayBuffer[];
  readonly commandStatistics: SharedArrayBuffer;
  readonly errorStatistics: SharedArrayBuffer;
  /** See epochs.ts. */
  readonly epochs: SharedArrayBuffer;
  /** Of clients that wait for data: see claims.ts. */
  readonly claims: SharedArrayBuffer;
  /** One for all shards: see memory-ledger.ts. */
  readonly ledger: SharedArrayBuffer;
  /** One for all shards: see tracking-board.ts. */
  readonly tracking: SharedArrayBuffer;
  /** Large requests to the shard, and what readers must know of its memory from it. */
  readonly port: MessagePort;
  /** The options a shard uses, by name. */
  readonly options: StartOptions;
  /** What is on disk, and what is to be kept there. */
  readonly persistence: PersistenceSetup;
}

/** When what was written to the log is safe from a power cut: before it is answered, within a second or two, or some time. */
export type SyncPolicy = 'always' | 'everysec' | 'no';

/** The files of one shard's log. */
export interface LogFiles {
  /** Names of whole RDB files, in the order in which they are to be loaded. */
  readonly bases: readonly string[];
  readonly firstSegment: number;
}

/** What a shard loads before it serves. */
export type LoadOrder =
  | { readonly from: 'nothing' }
  /** Its own log, which goes on behind what is there. */
  | { readonly from: 'log'; readonly files: LogFiles }
  /** The logs of other shards, of which it takes its own keys. */
  | { readonly from: 'other-logs'; readonly files: readonly LogFiles[] }
  /** An RDB file, of which it takes its own keys. */
  | { readonly from: 'dump'; readonly file: string };

export interface PersistenceSetup {
  /** The data directory. */
  readonly directory: string;
  readonly load: LoadOrder;
  readonly sync: SyncPolicy;
  readonly segmentBytes: number;
  /** Whether a log that was cut off at its end is loaded up to there. */
  readonly takesTornLogs: boolean;
  /** Whether checksums of RDB files are held against them. */
  readonly verifies: boolean;
  /** See wal/sync-board.ts. */
  readonly syncBoard: SharedArrayBuffer;
  /** See commit-board.ts. */
  readonly commits: SharedArrayBuffer;
  /**
   * The other shards serve, and only this one starts again: the last transaction that any shard was sent before.
   * Undefined: all start together.
   */
  readonly restartedAt: number | undefined;
}

/** What a shard found on disk. */
export interface LoadResult {
  readonly keys: number;
  /** Keys of a dump that were left out because their time had come. */
  readonly expired: number;
  readonly ms: number;
  /** What the log should say of it. */
  readonly notices: readonly string[];
  /** Why a file could not be loaded; only while the server runs, for at the start it ends then. */
  readonly problem?: string;
}

/** What a shard has written of a snapshot. */
export interface SnapshotPart {
  readonly number: number;
  readonly keys: number;
  readonly bytes: number;
  /** CRC64 of the bytes, in decimal. */
  readonly crc: string;
  /** Bytes that had to be written before their time, because they were about to change. */
  readonly copiedBytes: number;
  /** The log's segment that begins at the cut, where it was told to begin one. */
  readonly segment: number;
  /** Why it could not be written; then nothing else counts. */
  readonly problem?: string;
  /** The problem was only that a database was emptied meanwhile. */
  readonly wasEmptied?: boolean;
}

/** What a shard says by its message port, beside what readers must know of its memory. */
export type ShardMessage =
  | { readonly kind: 'snapshot'; readonly part: SnapshotPart }
  /** The log cannot be written, or, without `problem`, can be again. */
  | { readonly kind: 'log'; readonly problem: string | undefined; readonly needsBase: boolean }
  /** Everything that was on disk is in memory. */
  | ({ readonly kind: 'loaded' } & LoadResult)
  /** The shard cannot start. */
  | { readonly kind: 'refused'; readonly problem: string };

export const SHARD_MESSAGES: readonly ShardMessage['kind'][] = ['snapshot', 'log', 'loaded', 'refused'];

/** A frame of the control lane: JSON, because it is rare and small. */
export type ControlMessage =
  | { readonly kind: 'option'; readonly name: string; readonly value: unknown }
  | {
      readonly kind: 'snapshot';
      readonly number: number;
      readonly file: string;
      /** The file begins as an RDB file does; otherwise it is what comes behind another part. */
      readonly hasHead: boolean;
      readonly hasEnd: boolean;
      /** From the cut on the log goes on in a new segment, or begins with the one of this number; 0: the file is a dump. */
      readonly segment: number;
      /** Where there was no log: it goes on behind the segment's beginning, or ends there at once. */
      readonly keepsLog: boolean;
      readonly compress: boolean;
      readonly checksum: boolean;
    }
  | { readonly kind: 'discard-snapshot'; readonly number: number }
  /** The log ends here, and its files are closed. */
  | { readonly kind: 'close-log' }
  /** Loads once more, in the place of what is in memory or over it. */
  | {
      readonly kind: 'reload';
      readonly order: LoadOrder;
      readonly isFlushed: boolean;
      readonly isMerged: boolean;
    }
  /** The base that was written last is the one that counts. */
  | { readonly kind: 'base-written' }
  | { readonly kind: 'shutdown' };

/**
 * What a shard says of itself by its port, beside what readers must know of its memory: how far it is with loading,
 * which may be said any number of times, and, once, that it serves from now on.
 */
export type StatusMessage =
  | ({ readonly kind: 'status'; readonly state: 'loading' } & LoadingProgress)
  | { readonly kind: 'status'; readonly state: 'serving' };

/** How far a shard is with loading: bytes of the files that it reads, keys that it has. */
export interface LoadingProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  readonly keys: number;
}

/** The lane for control messages. */
export const CONTROL_LANE_BYTES = 64 * 1024;
