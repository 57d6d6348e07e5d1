/**
 * CLIENT PAUSE: commands of clients wait, all of them or those that may write, until the pause is over. A client that
 * waits is not read from; when the pause ends all go on in the order in which they began to wait.
 */
import type { Command } from '../commands/table.ts';
import type { Connection } from './connection.ts';

/** The longest time that a timer can be set to. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export type PauseMode = 'none' | 'write' | 'all';

export class Pause {
  mode: PauseMode = 'none';
  #untilMs = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #held = new Set<Connection>();
  /** Called when `mode` has changed, before anybody goes on. */
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** When the pause ends, in milliseconds since 1970; 0 when there is none. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** How many clients wait. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** Of this pause and one under way the longer time and the stricter mode count. */
  start(mode: 'write' | 'all', untilMs: number): void {
    if (this.mode !== 'all') this.mode = mode;
    this.#untilMs = Math.max(this.#untilMs, untilMs);
    this.#changed();
    this.#wait();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#untilMs = 0;
    if (this.mode === 'none') return;
    this.mode = 'none';
    this.#changed();
    const held = [...this.#held];
    this.#held.clear();
    for (const connection of held) connection.release();
  }

  /** Ends the pause when its time has come. */
  #wait(): void {
    clearTimeout(this.#timer);
    const left = this.#untilMs - Date.now();
    if (left <= 0) {
      this.end();
      return;
    }
    this.#timer = setTimeout(() => this.#wait(), Math.min(left, TIMER_MS_MAX));
    this.#timer.unref();
  }

  /** Whether a client's `command` has to wait now. */
  stops(command: Command): boolean {
    if (this.mode === 'none') return false;
    return this.mode === 'all' || command.isWrite || command.flags.includes('may_replicate');
  }

  hold(connection: Connection): void {
    this.#held.add(connection);
    connection.hold();
  }

  /** The connection is gone. */
  forget(connection: Connection): void {
    this.#held.delete(connection);
  }
}
