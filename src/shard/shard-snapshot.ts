/**
 * A shard's part of a snapshot: from the cut on, the keyspace as it was then is written to a file in slices between
 * batches (see store/snapshot.ts for how what changes meanwhile is kept).
 *
 * A slice is at most SLICE_MS long. When requests wait, slices take only a share of the time, so that they are answered.
 */

import { availableParallelism } from 'node:os';
import type { ControlMessage, SnapshotPart } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { KeyspaceSnapshot } from '../store/snapshot.ts';
import { SnapshotFile } from './snapshot-file.ts';

const SLICE_MS = 1;
/** While clients are about: a slice, and the pause behind it where shards and acceptor have no core each. */
const BUSY_SLICE_MS = 0.25;
const BUSY_PAUSE_MS = 1.5;
/** Clients are about when they send more than this within the time. */
const BUSY_READS = 10;
const WINDOW_MS = 10;

type Order = Extract<ControlMessage, { kind: 'snapshot' }>;

export interface ShardSnapshotHost {
  readonly keyspace: Keyspace;
  /**
   * Begins a new segment of the log and returns its number: `number`, where there was no log before; and there is none
   * behind it either unless the server `keepsLog`.
   */
  beginSegment(number: number, keepsLog: boolean): number;
  /** Aux fields of the file's head, beside the standard ones. */
  aux(): Readonly<Record<string, string>>;
  report(part: SnapshotPart): void;
  /** A number that changes when clients send something. */
  activity(): number;
  readonly shards: number;
}

export class ShardSnapshots {
  readonly #host: ShardSnapshotHost;
  /** Given up, and not through with what the next one needs. */
  #leftover: KeyspaceSnapshot | undefined;
  #order: Order | undefined;
  #file: SnapshotFile | undefined;
  #walk: KeyspaceSnapshot | undefined;
  #segment = 0;
  /** When the next slice is due, by `performance.now()`. */
  #dueMs = 0;
  /** The window in which clients' reads are counted: what they stood at when it began. */
  #activity = 0;
  #windowMs = 0;
  #isBusy = false;
  readonly #pauseMs: number;

  constructor(host: ShardSnapshotHost) {
    this.#host = host;
    this.#pauseMs = availableParallelism() > host.shards ? 0 : BUSY_PAUSE_MS;
  }

  /** Milliseconds until the next slice. */
  msUntilSlice(): number {
    return Math.max(0, this.#dueMs - performance.now());
  }

  #countClients(nowMs: number): void {
    const activity = this.#host.activity();
    const reads = activity - this.#activity;
    if (reads > BUSY_READS) this.#isBusy = true;
    else if (nowMs - this.#windowMs < WINDOW_MS) return;
    else this.#isBusy = false;
    this.#activity = activity;
    this.#windowMs = nowMs;
  }

  get isRunning(): boolean {
    return this.#walk !== undefined || this.#leftover !== undefined;
  }

  /** What the next cut is for. */
  prepare(order: Order): void {
    this.discard();
    this.#order = order;
  }

  /** The moment of the snapshot: all requests before it have run, none behind it has. The log must be committed. */
  cut(number: number): void {
    const order = this.#order;
    if (order === undefined || order.number !== number) return;
    try {
      this.#segment = order.segment > 0 ? this.#host.beginSegment(order.segment, order.keepsLog) : 0;
      this.#begin(order);
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  #begin(order: Order): void {
    this.#file = new SnapshotFile(this.#host.keyspace, order, this.#host.aux());
    this.#walk = new KeyspaceSnapshot(this.#host.keyspace, this.#file);
    this.#activity = this.#host.activity();
    this.#windowMs = performance.now();
    this.#isBusy = false;
    this.#dueMs = 0;
  }

  /** Writes on, if that is due. */
  slice(): void {
    const start = performance.now();
    if (start < this.#dueMs) return;
    this.#countClients(start);
    const budget = this.#isBusy ? BUSY_SLICE_MS : SLICE_MS;
    if (this.#leftover?.step(budget)) this.#leftover = undefined;
    const walk = this.#walk;
    if (walk === undefined) return;
    try {
      const isDone = walk.step(budget);
      this.#dueMs = this.#isBusy ? performance.now() + this.#pauseMs : 0;
      if (this.#file!.problem !== undefined) throw this.#file!.problem;
      if (walk.isAborted) this.#failed(new Error('a database was emptied'), true);
      else if (isDone) this.#finish();
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  /** Gives up the snapshot under way, if there is one. */
  discard(number?: number): void {
    const order = this.#order;
    if (order === undefined || (number !== undefined && order.number !== number)) return;
    this.#order = undefined;
    this.#walk?.abort();
    this.#leftover = this.#walk;
    this.#walk = undefined;
    this.#file?.abandon();
    this.#file = undefined;
  }

  #finish(): void {
    const order = this.#order!;
    const file = this.#file!;
    file.end();
    this.#order = undefined;
    this.#walk = undefined;
    this.#file = undefined;
    this.#host.report({
      number: order.number,
      keys: file.keys,
      bytes: file.bytes,
      crc: String(file.crc),
      copiedBytes: file.preservedBytes,
      segment: this.#segment,
    });
  }

  #failed(error: Error, wasEmptied = false): void {
    const number = this.#order!.number;
    this.discard();
    const problem = `cannot write the snapshot: ${error.message}`;
    this.#host.report({
      number,
      keys: 0,
      bytes: 0,
      crc: '0',
      copiedBytes: 0,
      segment: 0,
      problem,
      wasEmptied,
    });
  }
}
