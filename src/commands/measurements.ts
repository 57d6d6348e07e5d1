/** What the server has measured, as handlers see it: command statistics, the slow log and latency events. */
import type { LatencyHistogram } from '../base/latency-histogram.ts';

export interface CommandReport {
  readonly calls: number;
  readonly microseconds: number;
  readonly rejected: number;
  readonly failed: number;
  readonly latencies: LatencyHistogram;
}

export interface SlowLogEntry {
  readonly id: number;
  readonly unixSeconds: number;
  readonly microseconds: number;
  /** As they are shown: cut, and passwords hidden. */
  readonly words: readonly Uint8Array[];
  readonly address: string;
  readonly name: string;
}

export interface SlowLogView {
  readonly length: number;
  /** The newest `count` entries, newest first. */
  newest(count: number): readonly SlowLogEntry[];
  reset(): void;
}

export interface LatencySample {
  readonly unixSeconds: number;
  readonly ms: number;
}

/** What was slow of one kind: the worst of each second, up to 160 of them, oldest first. */
export interface LatencyEvent {
  readonly name: string;
  readonly samples: readonly LatencySample[];
  /** The worst since the last reset. */
  readonly maxMs: number;
}

export interface LatencyEvents {
  /** In the order in which they came up first. */
  all(): readonly LatencyEvent[];
  /** By exact name. */
  event(name: string): LatencyEvent | undefined;
  /** Forgets the event with that name in any case, or all events. Returns how many there were. */
  reset(name?: string): number;
}

export interface Measurements {
  readonly slowLog: SlowLogView;
  readonly latency: LatencyEvents;
  /** The figures of the command with that number since the last CONFIG RESETSTAT; undefined when there are none. */
  command(id: number): CommandReport | undefined;
  /** Error replies by code, sorted by code. */
  errors(): readonly (readonly [code: string, count: number])[];
}
