/**
 * What one thread counts of the commands it runs, in shared memory, so that INFO asks nobody. For each command, by its
 * number in the command table, one row of aligned 64-bit floats:
 *
 *     calls, microseconds, rejected calls, failed calls, then the buckets of its latency histogram
 *
 * Each row has one writer. A reader may see the figures of two moments side by side, never half of one. Floats, because a
 * 32-bit count of GETs would run over within the hour. Pages of commands that nobody calls are never touched.
 */
import { LATENCY_BUCKETS, latencyBucket } from '../base/latency-histogram.ts';

const CALLS = 0;
const MICROSECONDS = 1;
const REJECTED = 2;
const FAILED = 3;
const HISTOGRAM = 4;
const ROW = HISTOGRAM + LATENCY_BUCKETS;

/** The figures of one command, over any number of threads. */
export interface CommandFigures {
  calls: number;
  microseconds: number;
  rejected: number;
  failed: number;
  /** By bucket, see base/latency-histogram.ts. */
  readonly latencies: Float64Array;
}

export class CommandStatistics {
  /** The option `latency-tracking`. */
  tracksLatency = true;
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  /** The memory for a table of so many commands. */
  static memory(commands: number): SharedArrayBuffer {
    return new SharedArrayBuffer(commands * ROW * 8);
  }

  /** Counts `times` calls that took `ns` nanoseconds each. */
  called(id: number, ns: number, times = 1): void {
    const cells = this.#cells;
    const row = id * ROW;
    cells[row + CALLS]! += times;
    cells[row + MICROSECONDS]! += (ns * times) / 1000;
    if (this.tracksLatency) cells[row + HISTOGRAM + latencyBucket(ns)]! += times;
  }

  /** Counts a call that was refused before it ran. */
  rejected(id: number): void {
    this.#cells[id * ROW + REJECTED]! += 1;
  }

  /** Counts that a call answered with an error. */
  failed(id: number): void {
    this.#cells[id * ROW + FAILED]! += 1;
  }

  /** True when there is anything to read of the command. */
  has(id: number): boolean {
    const row = id * ROW;
    return (
      this.#cells[row + CALLS]! > 0 || this.#cells[row + REJECTED]! > 0 || this.#cells[row + FAILED]! > 0
    );
  }

  /** What all calls took together. */
  microseconds(id: number): number {
    return this.#cells[id * ROW + MICROSECONDS]!;
  }

  /** Adds this thread's figures of the command to `sum`. */
  addTo(sum: CommandFigures, id: number): void {
    const cells = this.#cells;
    const row = id * ROW;
    sum.calls += cells[row + CALLS]!;
    sum.microseconds += cells[row + MICROSECONDS]!;
    sum.rejected += cells[row + REJECTED]!;
    sum.failed += cells[row + FAILED]!;
    for (let i = 0; i < LATENCY_BUCKETS; i++) sum.latencies[i]! += cells[row + HISTOGRAM + i]!;
  }
}
