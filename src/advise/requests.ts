/** Requests as numbers: what trace readers and MONITOR give, and what estimates are made of. */
import { hashBytes } from '../base/hash.ts';

/** What a command does to a key. The first three count as requests, which hit or miss. */
export const KIND = {
  /** A request of a trace that tells no commands: whoever misses loads the key. An expiry begins when it is loaded. */
  load: 0,
  read: 1,
  /** Reads and writes at once, as INCR: the key is there afterwards. */
  update: 2,
  /** Replaces the value without reading: after a read, what that read missed is put in; otherwise a write of its own. */
  write: 3,
  remove: 4,
  /** Only changes when the key expires. */
  expire: 5,
} as const;

/** Neither given an expiry nor robbed of one. */
export const UNCHANGED = Number.NaN;
export const NEVER = Infinity;

const CAPACITY = 4096;

export class RequestBatch {
  count = 0;
  readonly #onFull: (batch: RequestBatch) => void;
  readonly kinds = new Uint8Array(CAPACITY);
  /** Spread evenly over all 32 bits: sampling goes by it. */
  readonly hashes = new Int32Array(CAPACITY);
  /** Tells keys of the same hash apart. */
  readonly checks = new Int32Array(CAPACITY);
  /** Milliseconds; NaN when the trace tells no times. */
  readonly timesMs = new Float64Array(CAPACITY);
  /** What the entry takes in bytes; NaN when unknown. */
  readonly weights = new Float64Array(CAPACITY);
  /** Milliseconds on the clock of `timesMs`, NEVER or UNCHANGED. */
  readonly expiresAtMs = new Float64Array(CAPACITY);

  /** `onFull` takes what is there; then the batch begins anew. */
  constructor(onFull: (batch: RequestBatch) => void) {
    this.#onFull = onFull;
  }

  add(
    kind: number,
    hash: number,
    check: number,
    timeMs = Number.NaN,
    expiresAtMs = UNCHANGED,
    weight = Number.NaN,
  ): void {
    const at = this.count++;
    this.kinds[at] = kind;
    this.hashes[at] = hash;
    this.checks[at] = check;
    this.timesMs[at] = timeMs;
    this.weights[at] = weight;
    this.expiresAtMs[at] = expiresAtMs;
    if (this.count === CAPACITY) this.flush();
  }

  /** Gives away what is there. */
  flush(): void {
    if (this.count > 0) this.#onFull(this);
    this.count = 0;
  }
}

/** Any seeds do: the same key must have the same hash in every run, so that a run can be repeated. */
const HASH_SEED = { k0: 0x73686172, k1: 0x64697321 };
const CHECK_SEED = { k0: 0x6b657973, k1: 0x2b2b2b2b };

export function keyHash(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  return hashBytes(bytes, start, end, HASH_SEED);
}

export function keyCheck(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  return hashBytes(bytes, start, end, CHECK_SEED);
}

/** The hash of a key that is a number: different numbers have different ones (the last step of Austin Appleby's MurmurHash3). */
export function numberHash(key: number): number {
  // Zero would stay zero, and be in every sample.
  const mixed = key ^ 0x5bd1e995;
  let hash = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
