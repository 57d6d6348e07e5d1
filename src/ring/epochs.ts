/**
 * When the keys of a shard may not be read from outside, because a command that changes several of them is under way: one word a
 * shard in shared memory, which is odd from before the first change to after the last. Whoever reads a shard's memory
 * directly looks at it before and after: an odd or another number means that half of a command may have been seen.
 *
 * While a shard is held it is the executor of the command that counts here for it: nobody else changes anything there
 * then. A thread that dies in the middle leaves an odd number; `settle` makes it even again.
 */
export class Epochs {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static memory(shards: number): SharedArrayBuffer {
    return new SharedArrayBuffer(shards * 4);
  }

  /** What stands there now; odd: nobody may read. */
  of(shard: number): number {
    return Atomics.load(this.#words, shard);
  }

  begin(shard: number): void {
    Atomics.add(this.#words, shard, 1);
  }

  end(shard: number): void {
    Atomics.add(this.#words, shard, 1);
  }

  /** Nobody is in the middle of anything there. */
  settle(shard: number): void {
    if ((this.of(shard) & 1) !== 0) Atomics.add(this.#words, shard, 1);
  }
}
