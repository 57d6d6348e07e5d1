/** The acceptor's part in giving memory of the shards back: what its views have let go of must be collected (base/memory-return.ts). */
import { MemoryReturn } from '../base/memory-return.ts';

export class ExtentReturns {
  readonly #memory = new MemoryReturn();
  #timer: NodeJS.Timeout | undefined = undefined;

  /** A view has let go of so many bytes. */
  note(bytes: number): void {
    if (bytes === 0) return;
    const now = performance.now();
    this.#memory.note(bytes, now);
    const ms = this.#memory.msUntilDue(now);
    if (this.#timer !== undefined && ms > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), ms).unref();
  }

  /** A shard has given back all that it can. */
  release(): void {
    clearTimeout(this.#timer);
    // Not in the middle of what is being done; and several shards may say so together.
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#memory.collect(performance.now());
    }, 1).unref();
  }

  #run(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#memory.run(now);
    const ms = this.#memory.msUntilDue(now);
    if (ms !== Infinity) this.#timer = setTimeout(() => this.#run(), ms).unref();
  }
}
