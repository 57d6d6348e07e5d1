/**
 * The policies that look at a few random keys, as Redis and shardis run them: of `maxmemory-samples` random keys those that should go
 * first enter a pool of sixteen, whose best goes unless it was used meanwhile. What is best is the subclass's: the longest unused key, the
 * least often used one, the one that expires first.
 */
import { Random } from '../../base/random.ts';
import { Members } from './members.ts';
import { ServerCache, type ServerCacheOptions, type Surroundings } from './server-cache.ts';

const POOL_SIZE = 16;

abstract class SampledCache extends ServerCache {
  protected readonly random: Random;
  readonly #candidates: Members;
  /** The last is the best to go. */
  readonly #pool: number[] = [];
  readonly #poolRanks: number[] = [];

  constructor(ids: number, capacity: number, around: Surroundings, options: ServerCacheOptions) {
    super(ids, capacity, around, options);
    this.random = new Random(options.seed);
    this.#candidates = new Members(ids);
  }

  /** The key with the highest goes first. */
  protected abstract rank(id: number): number;

  protected override admit(id: number): void {
    this.#candidates.add(id);
  }

  protected override withdraw(id: number): void {
    this.#candidates.remove(id);
  }

  protected override choose(): number {
    if (this.#candidates.length === 0) return -1;
    for (;;) {
      for (let i = 0; i < this.around.samples; i++) this.#offer(this.#candidates.draw(this.random));
      while (this.#pool.length > 0) {
        const id = this.#pool.pop()!;
        const rank = this.#poolRanks.pop()!;
        // It may have gone by itself, or have been used.
        if (!this.#candidates.has(id) || this.rank(id) < rank) continue;
        this.#candidates.remove(id);
        return id;
      }
    }
  }

  #offer(id: number): void {
    const pool = this.#pool;
    const ranks = this.#poolRanks;
    const rank = this.rank(id);
    if (pool.length === POOL_SIZE && rank <= ranks[0]!) return;
    if (pool.includes(id)) return;
    let at = pool.length;
    while (at > 0 && ranks[at - 1]! > rank) at--;
    pool.splice(at, 0, id);
    ranks.splice(at, 0, rank);
    if (pool.length <= POOL_SIZE) return;
    pool.shift();
    ranks.shift();
  }
}

/** allkeys-lru and volatile-lru. The server's clock counts seconds; where a trace tells no times uses are told apart by their order. */
export class SampledLru extends SampledCache {
  readonly #lastUses: Float64Array;
  #uses = 0;

  constructor(ids: number, capacity: number, around: Surroundings, options: ServerCacheOptions) {
    super(ids, capacity, around, options);
    this.#lastUses = new Float64Array(ids);
  }

  protected override add(id: number): void {
    super.add(id);
    this.touch(id);
  }

  protected override touch(id: number): void {
    const { nowMs } = this.around;
    this.#lastUses[id] = nowMs === 0 ? ++this.#uses : Math.floor(nowMs / 1000);
  }

  protected override rank(id: number): number {
    return -this.#lastUses[id]!;
  }
}

const COUNTER_START = 5;
const COUNTER_MAX = 255;
const MINUTE_MS = 60_000;

/** allkeys-lfu and volatile-lfu: a counter that grows ever more rarely, and loses one each `lfu-decay-time` without use. */
export class SampledLfu extends SampledCache {
  readonly #counters: Uint8Array;
  readonly #minutes: Float64Array;

  constructor(ids: number, capacity: number, around: Surroundings, options: ServerCacheOptions) {
    super(ids, capacity, around, options);
    this.#counters = new Uint8Array(ids);
    this.#minutes = new Float64Array(ids);
  }

  protected override add(id: number): void {
    super.add(id);
    this.#counters[id] = COUNTER_START;
    this.#minutes[id] = this.#minute;
  }

  protected override touch(id: number): void {
    const counter = this.#decayed(id);
    const above = Math.max(0, counter - COUNTER_START);
    const grows = counter < COUNTER_MAX && this.random.next() < 1 / (above * this.around.lfuLogFactor + 1);
    this.#counters[id] = grows ? counter + 1 : counter;
    this.#minutes[id] = this.#minute;
  }

  protected override rank(id: number): number {
    return -this.#decayed(id);
  }

  get #minute(): number {
    return Math.floor(this.around.nowMs / MINUTE_MS);
  }

  #decayed(id: number): number {
    const counter = this.#counters[id]!;
    const { lfuDecayMinutes } = this.around;
    if (lfuDecayMinutes === 0) return counter;
    return Math.max(0, counter - Math.floor((this.#minute - this.#minutes[id]!) / lfuDecayMinutes));
  }
}

/** volatile-ttl: the key goes that expires first. */
export class SampledTtl extends SampledCache {
  protected override touch(): void {}

  protected override rank(id: number): number {
    return -this.around.expiresAtMs[id]!;
  }
}

/** allkeys-random and volatile-random. */
export class SampledRandom extends ServerCache {
  readonly #random: Random;
  readonly #candidates: Members;

  constructor(ids: number, capacity: number, around: Surroundings, options: ServerCacheOptions) {
    super(ids, capacity, around, options);
    this.#random = new Random(options.seed);
    this.#candidates = new Members(ids);
  }

  protected override touch(): void {}

  protected override admit(id: number): void {
    this.#candidates.add(id);
  }

  protected override withdraw(id: number): void {
    this.#candidates.remove(id);
  }

  protected override choose(): number {
    if (this.#candidates.length === 0) return -1;
    const id = this.#candidates.draw(this.#random);
    this.#candidates.remove(id);
    return id;
  }
}
