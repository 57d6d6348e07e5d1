/**
 * When the active expiry runs: `hz` times a second when there is little to do, and slice after slice with pauses
 * between when much has expired, so that it never takes more than a tenth of the shard's time (a little more with a
 * higher `active-expire-effort`).
 */
import { expireFields } from '../store/field-expiry.ts';
import type { Keyspace } from '../store/keyspace.ts';

/** One slice's budget: what a client may have to wait for it. */
const SLICE_MS = 1;
/** The part of the shard's time at `active-expire-effort` 1, and what each further step adds. */
const SHARE = 0.1;
const SHARE_PER_EFFORT = 0.02;

export class ExpiryPace {
  isActive = true;
  /** `hz` and `active-expire-effort`. */
  hz: number;
  effort: number;
  /** `latency-monitor-threshold`: slices that take as long are noted; 0 for none. */
  slowMs = 0;
  /** What the cycle has cost since the start. */
  readonly spent = { totalMs: 0, capsReached: 0, slowSlices: 0, slowSliceMs: 0 };
  readonly #keyspace: Keyspace;
  readonly #databases: number;
  #dueAtMs = 0;

  constructor(keyspace: Keyspace, databases: number, hz: number, effort: number) {
    this.#keyspace = keyspace;
    this.#databases = databases;
    this.hz = hz;
    this.effort = effort;
  }

  /** An estimate of the part of keys with an expiry that have expired and are still there, 0 to 1. */
  get staleRatio(): number {
    let stale = 0;
    let expires = 0;
    for (let db = 0; db < this.#databases; db++) {
      const count = this.#keyspace.expiresCount(db);
      stale += this.#keyspace.staleRatio(db) * count;
      expires += count;
    }
    return expires === 0 ? 0 : stale / expires;
  }

  msUntilDue(nowMs: number): number {
    // A clock that was set back must not stop expiry until it has caught up.
    if (this.#dueAtMs - nowMs > 1000) this.#dueAtMs = nowMs;
    return Math.max(0, this.#dueAtMs - nowMs);
  }

  /** One slice. */
  run(nowMs: number): void {
    if (!this.isActive) {
      this.#dueAtMs = nowMs + 1000 / this.hz;
      return;
    }
    const start = performance.now();
    this.#keyspace.expireCycle(SLICE_MS);
    const hasMore = expireFields(this.#keyspace, start + SLICE_MS) || this.#keyspace.expireMore;
    const tookMs = performance.now() - start;
    this.#note(tookMs, hasMore);
    const share = SHARE + (this.effort - 1) * SHARE_PER_EFFORT;
    const pause = Math.max(1, tookMs * (1 / share - 1));
    this.#dueAtMs = nowMs + (hasMore ? pause : Math.max(pause, 1000 / this.hz));
  }

  #note(tookMs: number, hasMore: boolean): void {
    this.spent.totalMs += tookMs;
    if (hasMore) this.spent.capsReached++;
    if (this.slowMs === 0 || tookMs < this.slowMs) return;
    this.spent.slowSlices++;
    this.spent.slowSliceMs = tookMs;
  }
}
