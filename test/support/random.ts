/** Seeded randomness for tests: what a run did can be done again from the seed that it printed. */

/**
 * The seed that the environment variable `variable` gives, or TEST_SEED for all of them, otherwise a fresh one. It is printed,
 * so that a failure of any run can be replayed with `variable=seed`.
 */
export function seedFrom(variable: string): number {
  const given = Number(process.env[variable] || process.env.TEST_SEED || Number.NaN);
  const seed = Number.isInteger(given) ? given >>> 0 : Math.floor(Math.random() * 2 ** 32);
  console.log(`replay with ${variable}=${seed}`);
  return seed;
}

/** Mulberry32 (Tommy Ettinger): small, fast, and good enough to choose test inputs. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }
}
