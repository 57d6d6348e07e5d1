/**
 * Measures how long commands take, for CommandStatistics and the slow log.
 *
 * Reading the clock costs about 45 ns, a twentieth of a pipelined GET. So commands are timed in laps: within a batch the
 * end of one lap is the start of the next, and a lap is
 * - one command, when it can take long: its time grows with what it works on, its request is large or has more words than those
 *   with which it is constant, or the last lap of its kind was not quick; and always while the threshold for slow commands is below EXACT_BELOW_NS;
 * - otherwise up to LAP_COMMANDS of the same kind in a row. Counts and sums stay exact. Each is taken to have
 *   needed an equal share; but a lap far longer than its commands can be is one of them that was held up (the thread lost
 *   its core, memory was collected), so all but the last get what the kind usually takes, and the last gets the rest.
 */
// The global of this name is a getter, which costs as much as the clock.
import { performance } from 'node:perf_hooks';
import type { CommandStatistics } from './command-statistics.ts';

const LAP_COMMANDS = 16;
/** A command that takes longer is worth a look at the clock of its own. */
const QUICK_NS = 2000;
/** A larger request is never thought to be quick. */
const LARGE_BYTES = 1024;
const EXACT_BELOW_NS = 1e6;
const NONE = -1;
/** What `end` says of a command that was not slow. */
export const NOT_SLOW = -1;

export class CommandTimer {
  /** False between batches, when nobody knows how long the clock has been running. */
  isRunning = false;
  readonly #statistics: CommandStatistics;
  /** By command: with how many words its time does not depend on its data. */
  readonly #constantWords: Float64Array;
  /** By command: what one takes, if the last lap was quick, otherwise 0. */
  readonly #usualNs: Float64Array;
  readonly #slow: (id: number, ns: number) => void;
  #slowNs = Infinity;
  #id = NONE;
  #count = 0;
  #limit = 1;
  /** Of the current command, as in `#constantWords`. */
  #wordsMax = 0;
  #startMs = 0;

  /**
   * `constantWords` says by command with how many words its time does not depend on its data: 0 for none, Infinity for any. `slow`
   * hears of a slow command that was only noticed when something else began.
   */
  constructor(
    statistics: CommandStatistics,
    constantWords: Float64Array,
    slow: (id: number, ns: number) => void,
  ) {
    this.#statistics = statistics;
    this.#constantWords = constantWords;
    this.#usualNs = new Float64Array(constantWords.length);
    this.#slow = slow;
  }

  /** From how many nanoseconds on a command is slow. */
  set slowNs(ns: number) {
    this.#slowNs = ns;
    this.#limit = 1;
  }

  /** To be called when a command is about to run; `bytes` is the length of its request, `words` are all it has. */
  begin(id: number, bytes = 0, words = 0): void {
    if (id !== this.#id || bytes > LARGE_BYTES || words > this.#wordsMax) this.#turnTo(id, bytes, words);
  }

  /** To be called when it has run. Returns its nanoseconds when it was slow, otherwise NOT_SLOW. */
  end(): number {
    return ++this.#count < this.#limit ? NOT_SLOW : this.#close();
  }

  /** Counts what has run so far; the clock goes on. */
  flush(): void {
    if (this.#count === 0) return;
    const id = this.#id;
    const ns = this.#close();
    if (ns !== NOT_SLOW) this.#slow(id, ns);
  }

  /** Counts what has run so far, and stops the clock until the next command. */
  pause(): void {
    this.flush();
    this.#id = NONE;
    this.isRunning = false;
  }

  #turnTo(id: number, bytes: number, words: number): void {
    if (this.isRunning) {
      this.flush();
    } else {
      this.isRunning = true;
      this.#startMs = performance.now();
    }
    this.#id = id;
    const wordsMax = this.#constantWords[id]!;
    // One that is never constant has a lap of its own in any case.
    this.#wordsMax = wordsMax === 0 ? Infinity : wordsMax;
    this.#limit = bytes > LARGE_BYTES || words > this.#wordsMax ? 1 : this.#lapOf(id);
  }

  #lapOf(id: number): number {
    const isExact = this.#usualNs[id] === 0 || this.#slowNs < EXACT_BELOW_NS;
    return isExact ? 1 : LAP_COMMANDS;
  }

  /** Ends the lap. Returns the nanoseconds of its last command when that was slow. */
  #close(): number {
    const nowMs = performance.now();
    const id = this.#id;
    const count = this.#count;
    let ns = (nowMs - this.#startMs) * 1e6;
    this.#startMs = nowMs;
    this.#count = 0;
    const share = ns / count;
    const isQuick = share <= QUICK_NS;
    if (isQuick || count === 1) {
      this.#statistics.called(id, share, count);
      ns = share;
    } else {
      const usual = this.#usualNs[id]!;
      ns -= usual * (count - 1);
      this.#statistics.called(id, usual, count - 1);
      this.#statistics.called(id, ns);
    }
    this.#usualNs[id] = isQuick && this.#constantWords[id]! > 0 ? share : 0;
    this.#limit = this.#lapOf(id);
    return ns >= this.#slowNs ? ns : NOT_SLOW;
  }
}

/** The limit in nanoseconds that follows from `slowlog-log-slower-than` and `latency-monitor-threshold`. */
export function slowLimitNs(slowerThanUs: number, thresholdMs: number): number {
  const slowLog = slowerThanUs < 0 ? Infinity : slowerThanUs * 1000;
  return Math.min(slowLog, thresholdMs === 0 ? Infinity : thresholdMs * 1e6);
}
