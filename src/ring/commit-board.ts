/**
 * What shards tell each other of the writes that several of them take part in: the highest transaction that each has
 * committed to its log. One block of shared memory:
 *
 *   f64 for each shard   the number of the last transaction in its log
 *   i32 for each shard   bell: counts up with each change, for those who wait
 *   i32 for each shard   state: COMMITS, or why nobody should wait for it
 *   i32                  arrivals at the meeting place (see `meet`)
 *   i32                  agreement: set by whoever has changed something since the last meeting
 *
 * A shard that has committed its part waits, before it goes on, until all others have committed theirs. So nothing that
 * was answered ever stands behind a transaction that some log lacks, and recovery may drop an incomplete one with all
 * that is behind it. Nobody waits in a circle: all lanes have the transactions in one order.
 */

const COMMITS = 0;
/** Its log cannot be written, or its thread has ended. */
const ABANDONED = 1;

export class CommitBoard {
  readonly #last: Float64Array;
  readonly #bells: Int32Array;
  readonly #states: Int32Array;
  /** Arrivals and agreement. */
  readonly #meeting: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    const shards = (memory.byteLength - 8) / 16;
    this.#last = new Float64Array(memory, 0, shards);
    this.#bells = new Int32Array(memory, shards * 8, shards);
    this.#states = new Int32Array(memory, shards * 12, shards);
    this.#meeting = new Int32Array(memory, shards * 16, 2);
  }

  static memory(shards: number): SharedArrayBuffer {
    return new SharedArrayBuffer(shards * 16 + 8);
  }

  get shards(): number {
    return this.#last.length;
  }

  lastOf(shard: number): number {
    // The bell is rung after the number is written: reading it first keeps the two in order.
    Atomics.load(this.#bells, shard);
    return this.#last[shard]!;
  }

  /** The last transaction of every shard. */
  lastOfAll(): Float64Array {
    return Float64Array.from(this.#last, (_, shard) => this.lastOf(shard));
  }

  /** Tells that `shard` has all its transactions up to `number` in its log. */
  setLast(shard: number, number: number): void {
    this.#last[shard] = number;
    this.#ring(shard);
  }

  /** Nobody shall wait for `shard` until `resume`. */
  abandon(shard: number): void {
    Atomics.store(this.#states, shard, ABANDONED);
    this.#ring(shard);
  }

  resume(shard: number): void {
    Atomics.store(this.#states, shard, COMMITS);
    this.#ring(shard);
  }

  /** Waits until `shard` has committed `transaction`. False: it will not, for it has been abandoned. */
  awaitCommit(shard: number, transaction: number): boolean {
    for (;;) {
      const bell = Atomics.load(this.#bells, shard);
      if (this.#last[shard]! >= transaction) return true;
      if (Atomics.load(this.#states, shard) === ABANDONED) return false;
      Atomics.wait(this.#bells, shard, bell);
    }
  }

  // Recovery: all shards start together and agree on what of their logs is whole.

  /**
   * Waits until all shards have come to this place as often as this one (`times`, from 1 on).
   */
  meet(times: number): void {
    const goal = times * this.shards;
    Atomics.add(this.#meeting, 0, 1);
    Atomics.notify(this.#meeting, 0);
    for (;;) {
      const arrived = Atomics.load(this.#meeting, 0);
      if (arrived >= goal) return;
      Atomics.wait(this.#meeting, 0, arrived);
    }
  }

  get disagrees(): boolean {
    return Atomics.load(this.#meeting, 1) !== 0;
  }

  set disagrees(value: boolean) {
    Atomics.store(this.#meeting, 1, value ? 1 : 0);
  }

  #ring(shard: number): void {
    Atomics.add(this.#bells, shard, 1);
    Atomics.notify(this.#bells, shard);
  }
}
