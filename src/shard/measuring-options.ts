/** The options about what a shard measures of its commands, and which of them it reports as slow. */
import type { CommandStatistics } from '../ring/command-statistics.ts';
import { type CommandTimer, slowLimitNs } from '../ring/command-timer.ts';
import type { StartOptions } from '../ring/messages.ts';
import type { ExpiryPace } from './expiry-pace.ts';
import type { MemoryRoom } from './memory-room.ts';

const NAMES = ['slowlog-log-slower-than', 'latency-monitor-threshold', 'latency-tracking'] as const;

export class MeasuringOptions {
  readonly #timer: CommandTimer;
  readonly #statistics: CommandStatistics;
  readonly #expiry: ExpiryPace;
  readonly #room: MemoryRoom;
  #slowerThanUs = -1;
  #thresholdMs = 0;

  constructor(
    timer: CommandTimer,
    statistics: CommandStatistics,
    expiry: ExpiryPace,
    room: MemoryRoom,
    options: StartOptions,
  ) {
    this.#timer = timer;
    this.#statistics = statistics;
    this.#expiry = expiry;
    this.#room = room;
    for (const name of NAMES) this.set(name, options[name]);
  }

  /** Any other option is none of this one's business. */
  set(name: string, value: unknown): void {
    if (name === 'latency-tracking') this.#statistics.tracksLatency = value === true;
    if (name === 'slowlog-log-slower-than') this.#slowerThanUs = Number(value);
    if (name === 'latency-monitor-threshold') this.#thresholdMs = Number(value);
    this.#expiry.slowMs = this.#thresholdMs;
    this.#room.slowMs = this.#thresholdMs;
    this.#timer.slowNs = slowLimitNs(this.#slowerThanUs, this.#thresholdMs);
  }
}
