/**
 * What of `maxmemory` is used, in shared memory: each shard writes what it uses, the acceptor what connections and lanes use, and
 * everybody can add it up. So the limit is one for all shards, and nobody asks anybody.
 *
 *   line 0          LIMIT    `maxmemory`, 0 for none; BUFFERS  bytes of connections and of lanes,
 *                   STARTING  1 until all shards have loaded what they begin with: the acceptor's
 *   line 1 + shard  USED     bytes of keys, values and indexes
 *                   FREED    bytes that evictions have given back since the start
 *                   WEIGHT   how much of what has to go should go here: see shard/shared-eviction.ts
 *                   KEYS     keys that the policy may evict
 *                   CREDIT   bytes that have gone here although they should have gone elsewhere
 *
 * Each line is a cache line of eight aligned 64-bit floats with one writer. A reader may see figures of different moments side by
 * side: a sum is off by what a shard does between two of its publications at most.
 */
const LINE = 8;
const LIMIT = 0;
const BUFFERS = 1;
const STARTING = 2;
const USED = 0;
const FREED = 1;
const WEIGHT = 2;
const KEYS = 3;
const CREDIT = 4;

export class MemoryLedger {
  readonly shards: number;
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
    this.shards = this.#cells.length / LINE - 1;
  }

  static memory(shards: number): SharedArrayBuffer {
    return new SharedArrayBuffer((shards + 1) * LINE * 8);
  }

  /** `maxmemory` in bytes; 0: there is no limit. */
  get limit(): number {
    return this.#cells[LIMIT]!;
  }

  set limit(bytes: number) {
    this.#cells[LIMIT] = bytes;
  }

  /** Bytes of connections and lanes. */
  get bufferBytes(): number {
    return this.#cells[BUFFERS]!;
  }

  set bufferBytes(bytes: number) {
    this.#cells[BUFFERS] = bytes;
  }

  /** Shards load what is on disk: they may be at different moments of the past, at none of which there was too much. */
  get isStarting(): boolean {
    return this.#cells[STARTING] === 1;
  }

  set isStarting(isStarting: boolean) {
    this.#cells[STARTING] = isStarting ? 1 : 0;
  }

  /** All that counts against the limit. */
  get usedBytes(): number {
    return this.usedByOthers(this.shards);
  }

  /** The same without what `shard` uses. */
  usedByOthers(shard: number): number {
    let bytes = this.bufferBytes;
    for (let other = 0; other < this.shards; other++) if (other !== shard) bytes += this.#at(other, USED);
    return bytes;
  }

  /** Bytes that evictions of all shards have given back. */
  get freedBytes(): number {
    let bytes = 0;
    for (let shard = 0; shard < this.shards; shard++) bytes += this.#at(shard, FREED);
    return bytes;
  }

  /** The weight of `shard` among all, 0 to 1. */
  shareOf(shard: number): number {
    let sum = 0;
    for (let other = 0; other < this.shards; other++) sum += this.#at(other, WEIGHT);
    return sum === 0 ? 0 : this.#at(shard, WEIGHT) / sum;
  }

  /** Whether there is a key on any shard that the policy may evict. */
  get hasEvictable(): boolean {
    for (let shard = 0; shard < this.shards; shard++) if (this.#at(shard, KEYS) > 0) return true;
    return false;
  }

  /** More is used than there may be, and nothing can be done about it. */
  get isFull(): boolean {
    const { limit } = this;
    return limit > 0 && !this.isStarting && this.usedBytes > limit && !this.hasEvictable;
  }

  setUsed(shard: number, bytes: number): void {
    this.#cells[(shard + 1) * LINE + USED] = bytes;
  }

  setFreed(shard: number, bytes: number): void {
    this.#cells[(shard + 1) * LINE + FREED] = bytes;
  }

  setEvictable(shard: number, keys: number): void {
    this.#cells[(shard + 1) * LINE + KEYS] = keys;
  }

  setWeight(shard: number, weight: number): void {
    this.#cells[(shard + 1) * LINE + WEIGHT] = weight;
  }

  setCredit(shard: number, bytes: number): void {
    this.#cells[(shard + 1) * LINE + CREDIT] = bytes;
  }

  /** The largest credit of any shard but this one. */
  creditOfOthers(shard: number): number {
    let most = 0;
    for (let other = 0; other < this.shards; other++) {
      if (other !== shard) most = Math.max(most, this.#at(other, CREDIT));
    }
    return most;
  }

  freedBy(shard: number): number {
    return this.#at(shard, FREED);
  }

  /** The shard has lost its keys. */
  forgetKeys(shard: number): void {
    this.setUsed(shard, 0);
    this.setEvictable(shard, 0);
    this.setWeight(shard, 0);
    this.setCredit(shard, 0);
  }

  #at(shard: number, cell: number): number {
    return this.#cells[(shard + 1) * LINE + cell]!;
  }
}
