/**
 * When the active expiry runs: `hz` times a second when there is little to do, and back to back with pauses when
 * much has expired, so that it never takes more than a tenth of the shard's time.
 */
import type { Keyspace } from '../store/keyspace.ts';

/** One slice's budget: what a client may have to wait for it. */
const SLICE_MS = 1;
/** After a slice of t ms comes a pause of at least this many times t. */
const PAUSE_FACTOR = 9;

export class ExpiryPace {
  isActive = true;
  hz: number;
  readonly #keyspace: Keyspace;
  readonly #databases: number;
  #dueAtMs = 0;

  constructor(keyspace: Keyspace, databases: number, hz: number) {
    this.#keyspace = keyspace;
    this.#databases = databases;
    this.hz = hz;
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
    const tookMs = performance.now() - start;
    const pause = Math.max(1, tookMs * PAUSE_FACTOR);
    this.#dueAtMs = nowMs + (this.#keyspace.expireMore ? pause : Math.max(pause, 1000 / this.hz));
  }
}
