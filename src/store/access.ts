/**
 * What the 24 bits of an entry's access word mean. The policy in force decides it:
 *
 *     clock     [ seconds: 24 ]                      lru, ttl, random, noeviction: when it was used last, wrapping after 194 days
 *     counter   [ minutes: 16 | uses, log.: 8 ]      lfu, as in Redis: when the counter fell last, and the counter
 *     marks     [ seconds: 22 | uses, up to 3: 2 ]   s3fifo and sieve: when it was used last (48 days), and uses since the hand came by
 *
 * All threads that use entries must write the same, so the kind stands in shared memory: in the first line of the touches'
 * buffer (touches.ts), behind the number of readers, and with it what counters need. A change of the kind leaves the words as
 * they are, as in Redis: they say something wrong until their keys are used, and no policy depends on them for more than its choice.
 */
import { ACCESS_MASK, accessClock } from './layout.ts';

export const ACCESS_CLOCK = 0;
export const ACCESS_COUNTER = 1;
export const ACCESS_MARKS = 2;
export type AccessKind = typeof ACCESS_CLOCK | typeof ACCESS_COUNTER | typeof ACCESS_MARKS;

const KIND_WORD = 1;
const LOG_FACTOR_WORD = 2;
const DECAY_WORD = 3;

const MINUTE_MS = 60_000;
const MINUTES_MASK = 0xffff;
export const COUNTER_MAX = 255;
/** What a new key begins with: not 0, or it would go before it could be used again. */
const COUNTER_START = 5;
export const MARKS_MASK = 3;
const MARKS_CLOCK_MASK = ACCESS_MASK >>> 2;

export class AccessRule {
  readonly #words: Int32Array;
  readonly #random: () => number;
  /** The last time that was asked for, and its clock. */
  #nowMs = Number.NaN;
  #clock = 0;

  /** `words`: those of the touches. */
  constructor(words: Int32Array, random: () => number = Math.random) {
    this.#words = words;
    this.#random = random;
  }

  get kind(): number {
    return this.#words[KIND_WORD]!;
  }

  /** Only for the owner. */
  set(kind: AccessKind, lfuLogFactor: number, lfuDecayMinutes: number): void {
    this.#words[LOG_FACTOR_WORD] = lfuLogFactor;
    this.#words[DECAY_WORD] = lfuDecayMinutes;
    Atomics.store(this.#words, KIND_WORD, kind);
  }

  /** The word of a new entry. */
  fresh(nowMs: number): number {
    const { kind } = this;
    if (kind === ACCESS_CLOCK) return this.#clockAt(nowMs);
    return kind === ACCESS_COUNTER ? counterWord(nowMs, COUNTER_START) : marksWord(nowMs, 0);
  }

  /** The word of an entry with `access` after one more use. */
  used(access: number, nowMs: number): number {
    const { kind } = this;
    if (kind === ACCESS_CLOCK) return this.#clockAt(nowMs);
    if (kind === ACCESS_COUNTER) return counterWord(nowMs, this.#increased(this.frequency(access, nowMs)));
    const marks = access & MARKS_MASK;
    return marksWord(nowMs, marks === MARKS_MASK ? marks : marks + 1);
  }

  /** A whole batch of commands has the same time, and a division costs more than all else of a use. */
  #clockAt(nowMs: number): number {
    if (nowMs !== this.#nowMs) {
      this.#nowMs = nowMs;
      this.#clock = accessClock(nowMs);
    }
    return this.#clock;
  }

  /** The counter, less what it has fallen since. Only with counters. */
  frequency(access: number, nowMs: number): number {
    return this.frequencyAt(access, minutesOf(nowMs));
  }

  /** The same with the time as `minutesOf` tells it. */
  frequencyAt(access: number, nowMinutes: number): number {
    const counter = access & COUNTER_MAX;
    const decayMinutes = this.#words[DECAY_WORD]!;
    if (decayMinutes === 0) return counter;
    const minutes = (nowMinutes - (access >>> 8)) & MINUTES_MASK;
    return minutes < decayMinutes ? counter : Math.max(0, counter - Math.floor(minutes / decayMinutes));
  }

  /** Seconds since it was used last. Not with counters. */
  idleSeconds(access: number, nowMs: number): number {
    if (this.kind === ACCESS_MARKS) return (accessClock(nowMs) - (access >>> 2)) & MARKS_CLOCK_MASK;
    return (accessClock(nowMs) - access) & ACCESS_MASK;
  }

  /** The word of an entry that was used last so many seconds ago. Not with counters. */
  idleFor(seconds: number, nowMs: number): number {
    const clock = accessClock(nowMs);
    // What was before the clock's beginning is half of its range ago, as in Redis.
    const access = seconds <= clock ? clock - seconds : (clock + (ACCESS_MASK >>> 1)) % ACCESS_MASK;
    return this.kind === ACCESS_MARKS ? (access & MARKS_CLOCK_MASK) << 2 : access;
  }

  /** The word of an entry with this counter. Only with counters. */
  counting(counter: number, nowMs: number): number {
    return counterWord(nowMs, counter);
  }

  /** One more use counts the less, the more there have been: a logarithm, by chance (Redis's formula). */
  #increased(counter: number): number {
    if (counter === COUNTER_MAX) return counter;
    const uses = counter > COUNTER_START ? counter - COUNTER_START : 0;
    return this.#random() * (uses * this.#words[LOG_FACTOR_WORD]! + 1) < 1 ? counter + 1 : counter;
  }
}

/** Minutes as counters keep them: 16 bits, wrapping after 45 days. */
export function minutesOf(nowMs: number): number {
  return Math.floor(nowMs / MINUTE_MS) & MINUTES_MASK;
}

function counterWord(nowMs: number, counter: number): number {
  return (minutesOf(nowMs) << 8) | counter;
}

function marksWord(nowMs: number, marks: number): number {
  return ((accessClock(nowMs) & MARKS_CLOCK_MASK) << 2) | marks;
}
