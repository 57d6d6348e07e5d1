/** The latency monitor: for each kind of event the worst of each second, as LATENCY shows it. */
import type { LatencyEvent, LatencyEvents, LatencySample } from '../commands/measurements.ts';

/** How many seconds of an event are kept. */
const SAMPLES_MAX = 160;

export class LatencyMonitor implements LatencyEvents {
  /** The option `latency-monitor-threshold`; 0 keeps nothing. */
  thresholdMs = 0;
  readonly #events = new Map<string, { name: string; samples: LatencySample[]; maxMs: number }>();

  /** Keeps an event that took `ms` milliseconds, if that is long enough. */
  add(name: string, ms: number, unixSeconds: number = Math.floor(Date.now() / 1000)): void {
    if (this.thresholdMs === 0 || ms < this.thresholdMs) return;
    let event = this.#events.get(name);
    if (event === undefined) {
      event = { name, samples: [], maxMs: 0 };
      this.#events.set(name, event);
    }
    event.maxMs = Math.max(event.maxMs, ms);
    const last = event.samples.at(-1);
    if (last?.unixSeconds === unixSeconds) {
      if (ms > last.ms) event.samples[event.samples.length - 1] = { unixSeconds, ms };
      return;
    }
    event.samples.push({ unixSeconds, ms });
    if (event.samples.length > SAMPLES_MAX) event.samples.shift();
  }

  all(): readonly LatencyEvent[] {
    return [...this.#events.values()];
  }

  event(name: string): LatencyEvent | undefined {
    return this.#events.get(name);
  }

  reset(name?: string): number {
    let count = 0;
    for (const key of [...this.#events.keys()]) {
      if (name !== undefined && key.toLowerCase() !== name.toLowerCase()) continue;
      this.#events.delete(key);
      count++;
    }
    return count;
  }
}
