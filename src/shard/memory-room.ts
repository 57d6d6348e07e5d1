/**
 * `maxmemory` on a shard. The limit is one for all shards (ring/memory-ledger.ts): each may use what the others leave.
 *
 * Before a command. A shard knows from the ledger how much it may hold just now, its `ceiling`; to compare with it is all that a
 * command costs while there is room. When there is none, keys of this shard go, by the policy, until there is, for as long as
 * `maxmemory-eviction-tenacity` allows; the rest goes on in slices between batches, as in Redis. So nobody waits for another
 * shard, and the limit is exceeded by what runs between two looks at the ledger at most.
 *
 * Whose keys. Left at that, a shard with much traffic would evict its own keys while others keep some that nobody has asked for
 * in an hour. So each shard has a weight: its size times how expendable its next victims are (victim-level.ts; by the 4th power of
 * idle times, for example), and owes that part of all that evictions free anywhere. What it owes beyond what it has evicted it evicts
 * in its slices, and goes below the limit for that by a little, the headroom: the shard that grows finds room and does not have to
 * evict. While one has evicted much more than its part, only such may use the headroom, or whoever is first would leave nothing
 * to the others. Sizes so follow need, and what goes is about what would go if all keys were on one shard. With policies that know
 * nothing of a key but that it is there, weights are sizes: each key of the server has the same chance.
 *
 * A shard without any key that may go waits a moment for others that have some, which come to their slices within TICK_MS, and
 * goes on even if it has not been long enough; only when no shard has any, commands are refused.
 */
import { MemoryLedger } from '../ring/memory-ledger.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { VictimLevel } from './victim-level.ts';

/** How often a shard looks at the ledger while the limit is near, and otherwise. */
const TICK_MS = 10;
const FAR_TICK_MS = 100;
/** And while it owes others room. */
const OWING_TICK_MS = 2;
/** The limit is near when this part of it is used. */
const NEAR = 15 / 16;
/** A slice's budget: what a client may have to wait for it. */
const SLICE_MS = 0.5;
/** Victims between two looks at the clock, as in Redis. */
const CLOCK_STRIDE = 16;
/** The headroom is this part of the limit, within bounds. */
const HEADROOM_PART = 1 / 64;
const HEADROOM_BYTES_MIN = 4 * 1024;
const HEADROOM_BYTES_MAX = 16 * 1024 * 1024;
/** What a shard may owe, or be owed, as part of the limit. */
const OWED_PART = 1 / 16;
/** What is left of it after a look at the ledger, when no shard evicts and there is room. */
const FORGIVING = 7 / 8;
/** Debts and credits of long ago count less. */
const FADING = 0.995;
/** A shard that makes room makes this part of the limit more, within bounds, so that not each command has to. */
const SPARE_PART = 1 / 4096;
const SPARE_BYTES_MAX = 16 * 1024;
/** What a shard that has nothing to evict may use beyond the limit before it waits for others, and how long it waits. */
const BORROWED_PART = 1 / 64;
const WAITS = 5;
const WAIT_MS = 1;

export interface MemoryRoomParts {
  readonly ledger: SharedArrayBuffer;
  readonly shard: number;
  readonly keyspace: Keyspace;
  /** Whether evictions can be written down now. */
  canWrite(): boolean;
  /** Called when keys have been evicted that somebody may have to be told of. */
  evicted(): void;
}

export class MemoryRoom {
  /** Bytes of entries and collections that this shard may hold without making room. */
  ceiling = Infinity;
  /** `latency-monitor-threshold`: cycles and deletions that take as long are noted; 0 for none. */
  slowMs = 0;
  /** What evictions have cost since the start, and how long more was used than there may be. */
  readonly spent = {
    freedBytes: 0,
    slowCycles: 0,
    slowCycleMs: 0,
    slowDeletions: 0,
    slowDeletionMs: 0,
    exceededMs: 0,
  };
  readonly #parts: MemoryRoomParts;
  readonly #keyspace: Keyspace;
  readonly #ledger: MemoryLedger;
  readonly #level: VictimLevel;
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));
  #tenacityMs = tenacityMs(10);
  #limit = 0;
  #total = 0;
  /** performance.now() of the last slice, and since when too much is used; 0: it is not. */
  #tickedMs = 0;
  #weighedMs = 0;
  #exceededSinceMs = 0;
  /** What was freed on all shards, and here, at the last slice; what this one has to evict for others to have room. */
  #allFreed = 0;
  #ownFreed = 0;
  #owed = 0;
  /** A slice did not come to its end. */
  #isBehind = false;

  constructor(parts: MemoryRoomParts) {
    this.#parts = parts;
    this.#keyspace = parts.keyspace;
    this.#ledger = new MemoryLedger(parts.ledger);
    this.#level = new VictimLevel(parts.keyspace);
  }

  /** Any option but that of tenacity, and the policy, is none of this one's business. */
  set(name: string, value: unknown): void {
    if (name === 'maxmemory-eviction-tenacity') this.#tenacityMs = tenacityMs(Number(value));
    // Slices begin at once.
    if (name === 'maxmemory' || name === 'maxmemory-policy') {
      this.refresh();
      this.countKeys();
      this.#owed = 0;
      this.#tickedMs = 0;
    }
  }

  /** Room must be made before the next command. */
  get isShort(): boolean {
    return this.#contentBytes > this.ceiling;
  }

  /** For how many milliseconds more has been used than there may be; 0: that is not so. */
  get exceedingMs(): number {
    return this.#exceededSinceMs === 0 ? 0 : performance.now() - this.#exceededSinceMs;
  }

  get #contentBytes(): number {
    return this.#keyspace.usedBytes + this.#keyspace.objects.bytes;
  }

  get #evicts(): boolean {
    return this.#keyspace.evictionPolicy !== 'noeviction';
  }

  /** Tells the others what is used here, and looks how much that may be. */
  refresh(): void {
    const ledger = this.#ledger;
    const { shard } = this.#parts;
    const indexBytes = this.#keyspace.indexUsedBytes + this.#keyspace.evictionBytes;
    const used = this.#contentBytes + indexBytes;
    ledger.setUsed(shard, used);
    const { limit } = ledger;
    if (limit !== this.#limit) this.#keyspace.hasLimit = limit > 0;
    this.#limit = limit;
    if (limit === 0 || ledger.isStarting) {
      this.ceiling = Infinity;
      this.#settled();
      return;
    }
    const others = ledger.usedByOthers(shard);
    this.#total = others + used;
    this.ceiling = limit - this.#reserved() - others - indexBytes;
  }

  /** Of the headroom this shard must leave to others. */
  #reserved(): number {
    const ledger = this.#ledger;
    if (ledger.shards === 1 || this.#owed < 0 || !this.#evicts) return 0;
    const headroom = headroomOf(this.#limit);
    return ledger.creditOfOthers(this.#parts.shard) > headroom ? headroom : 0;
  }

  /** The same, with what others must know of the keys here. To be called after each batch. */
  publish(): void {
    this.refresh();
    if (this.#isNear) this.countKeys();
  }

  /** Tells how many keys may be evicted. To be called now and then, also without a limit: there may be one at any time. */
  countKeys(): void {
    this.#ledger.setEvictable(this.#parts.shard, this.#evictableKeys());
  }

  /** Makes room before a command. False: too much is used, and no shard has a key that may go. */
  make(): boolean {
    this.refresh();
    const excess = this.#contentBytes - this.ceiling;
    if (excess <= 0) {
      this.#settled();
      return true;
    }
    if (!this.#evicts) {
      this.#exceeds();
      return false;
    }
    // The command will be told what is wrong with the log.
    if (!this.#parts.canWrite()) return true;
    const spare = Math.min(SPARE_BYTES_MAX, this.#limit * SPARE_PART);
    const hadEnough = this.#evict(excess + spare, this.#tenacityMs);
    this.refresh();
    if (this.#total <= this.#limit) {
      this.#settled();
      return true;
    }
    this.#exceeds();
    if (hadEnough) {
      this.#isBehind = true;
      return true;
    }
    return this.#awaitOthers();
  }

  /** This shard has nothing to evict. */
  #awaitOthers(): boolean {
    const { shard } = this.#parts;
    this.#ledger.setEvictable(shard, 0);
    this.#ledger.setWeight(shard, 0);
    for (let waits = 0; waits < WAITS; waits++) {
      if (!this.#ledger.hasEvictable) return false;
      if (this.#total - this.#limit <= this.#limit * BORROWED_PART) return true;
      Atomics.wait(this.#pause, 0, 0, WAIT_MS);
      this.refresh();
    }
    return true;
  }

  // Between batches

  msUntilDue(): number {
    if (this.#limit === 0) return Infinity;
    if (this.#isBehind) return 0;
    const tickMs = this.#owed > 0 ? OWING_TICK_MS : this.#isNear && this.#evicts ? TICK_MS : FAR_TICK_MS;
    return Math.max(0, this.#tickedMs + tickMs - performance.now());
  }

  get #isNear(): boolean {
    return this.#limit > 0 && this.#total > this.#limit * NEAR;
  }

  /** Evicts what is to go of this shard's keys, for a slice of time at most. True when any have gone. */
  slice(): boolean {
    this.refresh();
    this.countKeys();
    const nowMs = performance.now();
    this.#tickedMs = nowMs;
    if (this.ceiling === Infinity) return false;
    if (this.#isNear && nowMs - this.#weighedMs >= TICK_MS) {
      this.#weighedMs = nowMs;
      this.#weigh();
    }
    const bytes = this.#bytesToEvict();
    this.#isBehind = false;
    if (bytes < 1 || !this.#evicts || !this.#parts.canWrite()) {
      if (this.#total <= this.#limit) this.#settled();
      else this.#exceeds();
      return false;
    }
    const before = this.spent.freedBytes;
    const hadEnough = this.#evict(bytes, SLICE_MS);
    this.publish();
    this.#isBehind = hadEnough && this.#total > this.#limit;
    if (!hadEnough) this.#owed = 0;
    if (this.#total <= this.#limit) this.#settled();
    return this.spent.freedBytes !== before;
  }

  /** This shard's part of what is too much, or what it owes to those that have evicted in its place. */
  #bytesToEvict(): number {
    const ledger = this.#ledger;
    const { shard } = this.#parts;
    const share = ledger.shards === 1 ? 1 : ledger.shareOf(shard);
    const headroom = ledger.shards === 1 ? 0 : headroomOf(this.#limit);
    const { freedBytes } = ledger;
    const own = this.spent.freedBytes;
    const newlyFreed = freedBytes - this.#allFreed;
    const owed = this.#owed + newlyFreed * share - (own - this.#ownFreed);
    const owedMax = headroom === 0 ? 0 : this.#limit * OWED_PART;
    this.#owed = Math.min(owedMax, Math.max(-owedMax, owed));
    this.#allFreed = freedBytes;
    this.#ownFreed = own;
    const excess = this.#total - this.#limit;
    // Nobody needs it any more.
    const isIdle = newlyFreed === 0 && excess + headroom <= 0;
    this.#owed = Math.trunc(this.#owed * (isIdle ? FORGIVING : FADING));
    ledger.setCredit(shard, -this.#owed);
    return Math.max(Math.min(this.#owed, excess + headroom), excess * share);
  }

  /** How much of what has to go should go here. */
  #weigh(): void {
    const { shard } = this.#parts;
    const keys = this.#evictableKeys();
    this.#ledger.setWeight(shard, keys === 0 ? 0 : this.#contentBytes * 2 ** this.#level.sample());
  }

  #evictableKeys(): number {
    const keyspace = this.#keyspace;
    if (!this.#evicts) return 0;
    const isVolatile = keyspace.evictionPolicy.startsWith('volatile-');
    let keys = 0;
    for (const { index, expires } of keyspace.databases) keys += (isVolatile ? expires : index)?.count ?? 0;
    return keys;
  }

  /** Evicts keys until `bytes` are free or `budgetMs` are over. False: there were not enough. */
  #evict(bytes: number, budgetMs: number): boolean {
    const keyspace = this.#keyspace;
    const before = this.#contentBytes;
    const goal = before - bytes;
    let startMs = this.slowMs > 0 ? performance.now() : 0;
    let hadEnough = true;
    for (let count = 1; this.#contentBytes > goal; count++) {
      if (!(this.slowMs > 0 ? this.#evictTimed() : keyspace.evict())) {
        hadEnough = false;
        break;
      }
      if (count % CLOCK_STRIDE !== 0) continue;
      const nowMs = performance.now();
      if (startMs === 0) startMs = nowMs;
      if (nowMs - startMs >= budgetMs) break;
    }
    this.spent.freedBytes += before - this.#contentBytes;
    this.#ledger.setFreed(this.#parts.shard, this.spent.freedBytes);
    this.#parts.evicted();
    if (this.slowMs > 0) this.#noteCycle(performance.now() - startMs);
    return hadEnough;
  }

  #evictTimed(): boolean {
    const startMs = performance.now();
    const hasEvicted = this.#keyspace.evict();
    const tookMs = performance.now() - startMs;
    if (tookMs >= this.slowMs) {
      this.spent.slowDeletions++;
      this.spent.slowDeletionMs = tookMs;
    }
    return hasEvicted;
  }

  #noteCycle(tookMs: number): void {
    if (tookMs < this.slowMs) return;
    this.spent.slowCycles++;
    this.spent.slowCycleMs = tookMs;
  }

  #exceeds(): void {
    if (this.#exceededSinceMs === 0) this.#exceededSinceMs = performance.now();
  }

  #settled(): void {
    if (this.#exceededSinceMs === 0) return;
    this.spent.exceededMs += performance.now() - this.#exceededSinceMs;
    this.#exceededSinceMs = 0;
  }
}

function headroomOf(limit: number): number {
  return Math.min(HEADROOM_BYTES_MAX, Math.max(HEADROOM_BYTES_MIN, limit * HEADROOM_PART));
}

/** Redis's meaning of `maxmemory-eviction-tenacity`: up to half a millisecond, 15 % more with each step beyond 10, no end at 100. */
function tenacityMs(tenacity: number): number {
  if (tenacity <= 10) return tenacity * 0.05;
  return tenacity < 100 ? 0.5 * 1.15 ** (tenacity - 10) : Infinity;
}
