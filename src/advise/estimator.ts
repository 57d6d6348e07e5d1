/**
 * Estimates the hit ratio of policies at cache sizes from a sample of the keys, in memory that does not grow with the traffic.
 *
 *   requests ──> key sample (by hash) ──> one small cache for each policy and size ──> hits
 *
 * A cache of C keys under all requests behaves as one of C·R keys under the requests for the part R of the keys that a hash chooses
 * (C. Waldspurger and others, "Cache Modeling and Optimization using Miniature Simulations", USENIX ATC 2017). When the sample would grow over
 * its limit its rate R is lowered, the keys that leave it are taken out of the small caches, and those are made smaller alike. A request then
 * stands for 1/R of them. How many requests the sample has is left to chance, above all to whether it has the hottest keys; the ones that
 * it has too few are counted as hits, as those of hot keys are, and the ones too many taken off (SHARDS-adj, FAST 2015, section 3.3).
 * At rate 1 nothing is estimated: the caches are of full size.
 */
import type { Cache } from './caches/cache.ts';
import { makeCache } from './caches/policies.ts';
import type { Surroundings } from './caches/server-cache.ts';
import { KeySample } from './key-sample.ts';
import { KIND, NEVER, type RequestBatch } from './requests.ts';

export interface EstimatorOptions {
  readonly policies: readonly string[];
  /** Capacities: keys, or bytes when `weighs`. */
  readonly sizes: readonly number[];
  readonly weighs: boolean;
  /** At most so many keys are watched, and at most this part of all. */
  readonly keysMax: number;
  readonly rateMax: number;
  readonly samples: number;
  readonly lfuLogFactor: number;
  readonly lfuDecayMinutes: number;
}

export const ESTIMATOR_DEFAULTS = {
  weighs: false,
  keysMax: 65_536,
  rateMax: 1,
  samples: 5,
  lfuLogFactor: 10,
  lfuDecayMinutes: 1,
} as const;

export interface Estimate {
  readonly policy: string;
  readonly size: number;
  /** From 0 to 1. */
  readonly hitRatio: number;
  /** Of the hit ratio, from how much parts of the sample differ; 0 when all keys were watched. */
  readonly standardError: number;
  /** How many keys, or bytes, the small cache had room for at the end. */
  readonly smallCapacity: number;
}

/** Parts of the sample whose figures are kept apart, for the error. */
const GROUPS = 16;
/** What an entry is taken to weigh whose size nobody told. */
const WEIGHT_UNKNOWN = 100;

interface Ghost {
  readonly policy: string;
  readonly size: number;
  readonly cache: Cache;
  /** By group, each hit counted for as many as it stands for. */
  readonly hits: Float64Array;
}

export class Estimator {
  /** Requests, in the sample or not. */
  requests = 0;
  /** Requests that were looked at. */
  sampledRequests = 0;
  /** Some request told what its entry takes. */
  knowsWeights = false;
  readonly #sample: KeySample;
  readonly #ghosts: Ghost[];
  readonly #around: Surroundings;
  readonly #wasRead: Uint8Array;
  readonly #hadExpiry: Uint8Array;
  readonly #groupRequests = new Float64Array(GROUPS);
  /** Requests for keys that were never seen before, in what they stand for. */
  #cold = 0;
  #hasExpiries = false;
  #sweepAt = 0;
  /** The rate for which the caches are sized. */
  #rate: number;

  constructor(options: EstimatorOptions) {
    const { keysMax, sizes, weighs } = options;
    this.#sample = new KeySample(keysMax, options.rateMax);
    this.#rate = this.#sample.rate;
    this.#around = {
      nowMs: 0,
      expiresAtMs: new Float64Array(keysMax).fill(NEVER),
      weights: weighs ? new Float64Array(keysMax).fill(WEIGHT_UNKNOWN) : undefined,
      samples: options.samples,
      lfuLogFactor: options.lfuLogFactor,
      lfuDecayMinutes: options.lfuDecayMinutes,
    };
    this.#wasRead = new Uint8Array(keysMax);
    this.#hadExpiry = new Uint8Array(keysMax);
    this.#ghosts = sizes.flatMap((size) =>
      options.policies.map((policy, i) => ({
        policy,
        size,
        cache: makeCache(policy, keysMax, this.#smallCapacity(size), this.#around, i + 1),
        hits: new Float64Array(GROUPS),
      })),
    );
    this.#sample.onDropped = (id) => this.#forget(id);
  }

  get rate(): number {
    return this.#sample.rate;
  }

  /** Keys in the sample. */
  get keys(): number {
    return this.#sample.count;
  }

  get keysEstimated(): number {
    return Math.round(this.#sample.count / this.#sample.rate);
  }

  /** Which part of the keys was given an expiry, from 0 to 1. */
  get expiringShare(): number {
    return this.#sample.count === 0
      ? 0
      : this.#sumOverKeys((id) => this.#hadExpiry[id]!) / this.#sample.count;
  }

  /** What all keys would take, in the unit of sizes. */
  get footprint(): number {
    const { weights } = this.#around;
    if (weights === undefined) return this.keysEstimated;
    return Math.round(this.#sumOverKeys((id) => weights[id]!) / this.#sample.rate);
  }

  /** Which part of the requests was for keys that had never been seen: no cache can have these. */
  get coldShare(): number {
    return this.requests === 0 ? 0 : Math.min(1, this.#cold / this.requests);
  }

  take(batch: RequestBatch): void {
    for (let i = 0; i < batch.count; i++) {
      if (batch.kinds[i]! <= KIND.update) this.requests++;
      if (this.#sample.isSampled(batch.hashes[i]!)) this.#takeSampled(batch, i);
    }
  }

  estimates(): Estimate[] {
    return this.#ghosts.map(({ policy, size, hits }) => ({
      policy,
      size,
      hitRatio: ratio(sum(hits) + this.requests - sum(this.#groupRequests), this.requests),
      standardError: this.#errorOf(hits),
      smallCapacity: this.#smallCapacity(size),
    }));
  }

  #takeSampled(batch: RequestBatch, i: number): void {
    const kind = batch.kinds[i]!;
    const hash = batch.hashes[i]!;
    const nowMs = batch.timesMs[i]!;
    if (nowMs > this.#around.nowMs) this.#around.nowMs = nowMs;
    let id = this.#sample.find(hash, batch.checks[i]!);
    const isNew = id < 0;
    if (isNew) {
      if (kind >= KIND.remove) return;
      id = this.#sample.add(hash, batch.checks[i]!);
      if (this.#sample.rate !== this.#rate) this.#resize();
      if (id < 0) return;
    }
    if (this.#hasExpiries) this.#expireSome(id);
    this.#setWeight(id, batch.weights[i]!);
    this.#setExpiry(id, kind, batch.expiresAtMs[i]!);
    if (kind <= KIND.update) this.#request(id, hash, isNew);
    else if (kind === KIND.write) this.#write(id);
    else if (kind === KIND.remove) this.#remove(id);
    if (kind !== KIND.expire) this.#wasRead[id] = kind === KIND.read ? 1 : 0;
  }

  #request(id: number, hash: number, isNew: boolean): void {
    const standsFor = 1 / this.#rate;
    const group = hash & (GROUPS - 1);
    this.sampledRequests++;
    this.#groupRequests[group]! += standsFor;
    if (isNew) this.#cold += standsFor;
    const ghosts = this.#ghosts;
    for (let g = 0; g < ghosts.length; g++) {
      const ghost = ghosts[g]!;
      if (ghost.cache.access(id)) ghost.hits[group]! += standsFor;
    }
  }

  #write(id: number): void {
    // What was read last and missed came in with that read: the write that fills it is no other use.
    const isFill = this.#wasRead[id] === 1;
    for (const { cache } of this.#ghosts) if (!isFill || !cache.has(id)) cache.access(id);
  }

  #remove(id: number): void {
    this.#around.expiresAtMs[id] = NEVER;
    for (const { cache } of this.#ghosts) cache.remove(id);
  }

  #setWeight(id: number, weight: number): void {
    const { weights } = this.#around;
    if (weights === undefined || Number.isNaN(weight) || weights[id] === weight) return;
    this.knowsWeights = true;
    for (const { cache } of this.#ghosts) cache.reweigh(id, weight);
    weights[id] = weight;
  }

  #setExpiry(id: number, kind: number, at: number): void {
    const { expiresAtMs } = this.#around;
    if (Number.isNaN(at) || expiresAtMs[id] === at) return;
    // What a trace tells of the time to live counts from when the key is loaded.
    if (kind === KIND.load && expiresAtMs[id] !== NEVER) return;
    expiresAtMs[id] = at;
    if (at !== NEVER) {
      this.#hasExpiries = true;
      this.#hadExpiry[id] = 1;
    }
    for (const { cache } of this.#ghosts) cache.expiryChanged(id);
  }

  /** The key at hand if it is due, and one other: as in the server, keys that have expired do not stay until somebody asks. */
  #expireSome(id: number): void {
    const { expiresAtMs, nowMs } = this.#around;
    if (expiresAtMs[id]! <= nowMs) this.#remove(id);
    this.#sweepAt = (this.#sweepAt + 1) % this.#sample.idsMax;
    if (expiresAtMs[this.#sweepAt]! <= nowMs) this.#remove(this.#sweepAt);
  }

  #forget(id: number): void {
    this.#wasRead[id] = 0;
    this.#hadExpiry[id] = 0;
    for (const { cache } of this.#ghosts) cache.forget(id);
    this.#around.expiresAtMs[id] = NEVER;
    if (this.#around.weights !== undefined) this.#around.weights[id] = WEIGHT_UNKNOWN;
  }

  #resize(): void {
    this.#rate = this.#sample.rate;
    for (const { cache, size } of this.#ghosts) cache.resize(this.#smallCapacity(size));
  }

  #smallCapacity(size: number): number {
    return Math.max(1, Math.round(size * this.#rate));
  }

  #sumOverKeys(figure: (id: number) => number): number {
    let total = 0;
    for (let id = 0; id < this.#sample.idsMax; id++) if (this.#sample.isUsed(id)) total += figure(id);
    return total;
  }

  /** Each group estimates the hit ratio by itself, of a sixteenth of the requests. */
  #errorOf(hits: Float64Array): number {
    if (this.#rate === 1 || this.requests === 0) return 0;
    const expected = this.requests / GROUPS;
    const ratios = Array.from(hits, (of, group) => (of + expected - this.#groupRequests[group]!) / expected);
    const mean = sum(ratios) / GROUPS;
    const variance = sum(ratios.map((one) => (one - mean) ** 2)) / (GROUPS - 1);
    return Math.sqrt((variance / GROUPS) * (1 - this.#rate));
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

function ratio(part: number, all: number): number {
  return all === 0 ? 0 : Math.min(1, Math.max(0, part / all));
}
