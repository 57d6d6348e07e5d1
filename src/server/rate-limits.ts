/**
 * The `rate-limit-…` options: how many commands a second a connection may send, and all connections of a user together.
 *
 * Each has a token bucket: a command takes a token, tokens come back at the rate, and up to `burst` of them are kept.
 * Without a token a command is refused, or with `rate-limit-mode delay` it waits, and its connection is not read from.
 * A command that waits has its token already: the bucket goes below zero, and the debt says when the token will have come
 * back. So each waits once and exactly so long, and many connections of one user are served in their order.
 *
 * The token is kept for the connection until the command has been taken: one that finds a lane full comes again, and
 * must not pay twice.
 */
import type { Connection } from './connection.ts';

const TIMER_MS_MAX = 2 ** 31 - 1;

export interface RateSettings {
  /** Commands a second for a connection; 0 for no limit. */
  readonly ops: number;
  /** How many may come at once; 0 for as many as in a second. */
  readonly burst: number;
  /** The same for all connections of a user together. */
  readonly userOps: number;
  readonly userBurst: number;
  readonly mode: 'error' | 'delay';
}

class TokenBucket {
  readonly #perMs: number;
  readonly #size: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perSecond: number, size: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#size = size;
    this.#tokens = size;
    this.#filledAtMs = nowMs;
  }

  /** Milliseconds until a token is there; 0 when one is. */
  msUntilToken(nowMs: number): number {
    this.#tokens = Math.min(this.#size, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#perMs;
  }

  take(): void {
    this.#tokens--;
  }

  giveBack(): void {
    this.#tokens++;
  }
}

/** What a connection knows of its limits. */
interface RateState {
  readonly bucket: TokenBucket | undefined;
  /** The command that comes next has its token. */
  hasToken: boolean;
}

const NO_LIMITS: RateSettings = { ops: 0, burst: 0, userOps: 0, userBurst: 0, mode: 'error' };

export class RateLimits {
  #settings = NO_LIMITS;
  readonly #states = new Map<Connection, RateState>();
  /** By name: a user who is removed and made again has not got a new allowance. */
  readonly #users = new Map<string, TokenBucket>();
  readonly #waiting = new Map<Connection, { timer: NodeJS.Timeout; user: TokenBucket | undefined }>();

  get isActive(): boolean {
    return this.#settings.ops > 0 || this.#settings.userOps > 0;
  }

  /** Everybody begins anew with full buckets, those that wait included. */
  configure(settings: RateSettings): void {
    this.#settings = settings;
    this.#states.clear();
    this.#users.clear();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [connection, { timer }] of waiting) {
      clearTimeout(timer);
      connection.release();
    }
  }

  /** Makes the connection wait, and returns true, when its next command must come later. */
  holds(connection: Connection): boolean {
    if (this.#settings.mode !== 'delay') return false;
    const wait = this.#take(connection, true);
    if (wait === 0) return false;
    const timer = setTimeout(() => this.#granted(connection), Math.min(Math.ceil(wait), TIMER_MS_MAX));
    timer.unref();
    this.#waiting.set(connection, { timer, user: this.#userBucket(connection, performance.now()) });
    connection.hold();
    return true;
  }

  /** Whether the connection's next command is one too many and must not run. */
  refuses(connection: Connection): boolean {
    return this.#settings.mode === 'error' && this.#take(connection, false) > 0;
  }

  /** The command whose token the connection holds has been dealt with. */
  passed(connection: Connection): void {
    const state = this.#states.get(connection);
    if (state !== undefined) state.hasToken = false;
  }

  /** The connection is gone. */
  forget(connection: Connection): void {
    this.#states.delete(connection);
    const waiting = this.#waiting.get(connection);
    if (waiting === undefined) return;
    this.#waiting.delete(connection);
    clearTimeout(waiting.timer);
    waiting.user?.giveBack();
  }

  #granted(connection: Connection): void {
    this.#waiting.delete(connection);
    connection.release();
  }

  /**
   * Takes a token from each bucket that counts, and returns 0. When there is none it returns after how many
   * milliseconds there will be one; `inAdvance` takes that one already.
   */
  #take(connection: Connection, inAdvance: boolean): number {
    const now = performance.now();
    const state = this.#stateOf(connection, now);
    if (state.hasToken) return 0;
    const user = this.#userBucket(connection, now);
    const wait = Math.max(state.bucket?.msUntilToken(now) ?? 0, user?.msUntilToken(now) ?? 0);
    if (wait > 0 && !inAdvance) return wait;
    state.bucket?.take();
    user?.take();
    state.hasToken = true;
    return wait;
  }

  #stateOf(connection: Connection, now: number): RateState {
    let state = this.#states.get(connection);
    if (state === undefined) {
      const { ops, burst } = this.#settings;
      const bucket = ops > 0 ? new TokenBucket(ops, burst || ops, now) : undefined;
      state = { bucket, hasToken: false };
      this.#states.set(connection, state);
    }
    return state;
  }

  #userBucket(connection: Connection, now: number): TokenBucket | undefined {
    const { userOps, userBurst } = this.#settings;
    if (userOps === 0) return undefined;
    let bucket = this.#users.get(connection.user.name);
    if (bucket === undefined) {
      bucket = new TokenBucket(userOps, userBurst || userOps, now);
      this.#users.set(connection.user.name, bucket);
    }
    return bucket;
  }
}
