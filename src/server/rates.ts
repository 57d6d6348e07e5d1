/** Figures that INFO shows "per second" and "recently", sampled ten times a second. */

/** What rises for ever. */
export interface Totals {
  readonly commands: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly cycles: number;
  readonly eventLoopMs: number;
}

/** How much the newest sample counts. */
const NEWEST = 0.25;
/** For so many seconds the largest buffers of clients are remembered. */
const BUFFER_SECONDS = 8;

export class Rates {
  /** A second, over the last second or so. */
  readonly perSecond = { commands: 0, inputBytes: 0, outputBytes: 0, cycles: 0, eventLoopMs: 0 };
  #last: Totals = { commands: 0, inputBytes: 0, outputBytes: 0, cycles: 0, eventLoopMs: 0 };
  #lastMs = performance.now();
  readonly #buffers: { input: number; output: number }[] = [];

  sample(totals: Totals): void {
    const nowMs = performance.now();
    const seconds = (nowMs - this.#lastMs) / 1000;
    if (seconds <= 0) return;
    for (const name of Object.keys(this.perSecond) as (keyof Totals)[]) {
      const rate = (totals[name] - this.#last[name]) / seconds;
      this.perSecond[name] = this.perSecond[name] * (1 - NEWEST) + rate * NEWEST;
    }
    this.#last = totals;
    this.#lastMs = nowMs;
  }

  /** To be called about once a second with the largest buffers, in bytes, that any client has now. */
  sampleBuffers(input: number, output: number): void {
    this.#buffers.push({ input, output });
    if (this.#buffers.length > BUFFER_SECONDS) this.#buffers.shift();
  }

  /** The largest of the last seconds. */
  get largestBuffers(): { input: number; output: number } {
    return {
      input: Math.max(0, ...this.#buffers.map(({ input }) => input)),
      output: Math.max(0, ...this.#buffers.map(({ output }) => output)),
    };
  }
}
