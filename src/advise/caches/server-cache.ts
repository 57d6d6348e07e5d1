/**
 * What the policies have in common that the server runs. The volatile ones know only the keys with an expiry; the others stay until they
 * are deleted.
 */
import { Cache, type Weights } from './cache.ts';

/** What the caches of one estimate share. */
export interface Surroundings {
  /** Milliseconds on the trace's own clock; 0 as long as it tells no times. */
  nowMs: number;
  /** By key: when it expires; Infinity: never. */
  readonly expiresAtMs: Float64Array;
  readonly weights: Weights | undefined;
  /** `maxmemory-samples`, `lfu-log-factor`, `lfu-decay-time`. */
  readonly samples: number;
  readonly lfuLogFactor: number;
  readonly lfuDecayMinutes: number;
}

export interface ServerCacheOptions {
  readonly isVolatile: boolean;
  readonly seed: number;
}

export abstract class ServerCache extends Cache {
  protected readonly around: Surroundings;
  readonly #isVolatile: boolean;
  readonly #isCandidate: Uint8Array;

  constructor(ids: number, capacity: number, around: Surroundings, { isVolatile }: ServerCacheOptions) {
    super(ids, capacity, around.weights);
    this.around = around;
    this.#isVolatile = isVolatile;
    this.#isCandidate = new Uint8Array(ids);
  }

  /** A key may be evicted from now on. */
  protected abstract admit(id: number): void;
  /** No longer: it is deleted, or has no expiry any more. */
  protected abstract withdraw(id: number): void;
  /** Chooses among those that may be evicted, and withdraws the one; -1 when there are none. */
  protected abstract choose(): number;

  protected isCandidate(id: number): boolean {
    return this.#isCandidate[id] === 1;
  }

  override expiryChanged(id: number): void {
    if (!this.#isVolatile || !this.has(id)) return;
    const mayGo = this.around.expiresAtMs[id] !== Infinity;
    if (mayGo === this.isCandidate(id)) return;
    if (mayGo) this.#admit(id);
    else this.drop(id);
  }

  protected override add(id: number): void {
    if (!this.#isVolatile || this.around.expiresAtMs[id] !== Infinity) this.#admit(id);
  }

  protected override drop(id: number): void {
    if (!this.isCandidate(id)) return;
    this.#isCandidate[id] = 0;
    this.withdraw(id);
  }

  protected override takeVictim(): number {
    const id = this.choose();
    if (id >= 0) this.#isCandidate[id] = 0;
    return id;
  }

  #admit(id: number): void {
    this.#isCandidate[id] = 1;
    this.admit(id);
  }
}
