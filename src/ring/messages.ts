/**
 * What passes between an acceptor and a shard beside the lanes: what a shard is started with, what control
 * frames say, and what its message port carries.
 */
import type { MessagePort } from 'node:worker_threads';
import type { HashSeed } from '../base/hash.ts';

/** Of the options table, what a shard uses. Spelled out here, because lanes know nothing of the table. */
export interface StartOptions {
  readonly 'proto-max-bulk-len': number;
  readonly hz: number;
  readonly 'active-expire-effort': number;
  readonly 'slowlog-log-slower-than': number;
  readonly 'latency-monitor-threshold': number;
  readonly 'latency-tracking': boolean;
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
  /** Large requests to the shard, and what readers must know of its memory from it. */
  readonly port: MessagePort;
  /** The options a shard uses, by name. */
  readonly options: StartOptions;
}

/** A frame of the control lane: JSON, because it is rare and small. */
export type ControlMessage =
  | { readonly kind: 'option'; readonly name: string; readonly value: unknown }
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
