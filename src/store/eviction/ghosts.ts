/**
 * Which keys were evicted of late, from which queue, and how many evictions ago: what is left of an entry is 4 bytes.
 *
 *     slot   [ fingerprint of the hash: 16 | queue: 1 | evictions of that queue when it went, in steps: 15 ]
 *
 * A hash has a bucket of 8 slots; a full one forgets the oldest of them. Two hashes that share a bucket and a fingerprint are taken
 * for one: of 10,000 new keys one is taken for an old one. The table is made for as many keys as are kept, and made anew,
 * empty, when that number has changed by half: then there is nothing to learn from for some time.
 */
const BUCKET_SLOTS = 8;
/** Less than one for each key that is kept, which few are asked for after so long a time: 3 bytes a key. */
const SLOTS_PER_KEY = 0.75;
const SLOTS_MIN = 64;
/** A queue's turnover is so many steps. */
const STEPS = 1024;
const STEP_MASK = 0x7fff;
const QUEUE_BIT = 0x8000;
const GOLDEN = 0x9e3779b1 | 0;

export class Ghosts {
  /** The slot that the last `find` found. */
  #found = -1;
  #slots = new Int32Array(0);
  #buckets = 0;
  #keys = 0;
  /** Evictions of each of the two queues. */
  readonly #evictions = [0, 0];
  #step = 1;

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** How many keys are kept, about. */
  get keys(): number {
    return this.#keys;
  }

  get isEmpty(): boolean {
    return this.#buckets === 0;
  }

  /** So many keys are kept: as many are remembered. */
  resize(keys: number): void {
    if (keys <= this.#keys * 1.5 && keys * 2 >= this.#keys) return;
    this.#keys = keys;
    this.#buckets = Math.ceil(Math.max(SLOTS_MIN, keys * SLOTS_PER_KEY) / BUCKET_SLOTS);
    this.#slots = new Int32Array(this.#buckets * BUCKET_SLOTS);
    this.#step = Math.max(1, Math.ceil(keys / STEPS));
    this.#evictions[0] = 0;
    this.#evictions[1] = 0;
  }

  /** A key with this hash was evicted from queue 0 or 1. */
  add(hash: number, queue: number): void {
    const evictions = this.#evictions[queue]!++;
    const from = this.#bucketOf(hash);
    const slots = this.#slots;
    let oldest = from;
    let most = -1;
    for (let at = from; at < from + BUCKET_SLOTS; at++) {
      if (slots[at] === 0) {
        oldest = at;
        break;
      }
      const age = this.#stepsSince(slots[at]!);
      if (age > most) {
        most = age;
        oldest = at;
      }
    }
    // Steps begin with 1, so that no slot in use is 0.
    const step = (Math.floor(evictions / this.#step) + 1) & STEP_MASK || 1;
    slots[oldest] = (fingerprintOf(hash) << 16) | (queue === 0 ? 0 : QUEUE_BIT) | step;
  }

  /** Whether a key with this hash was evicted of late. Then `queue` and `age` tell of it, and `forget` forgets it. */
  find(hash: number): boolean {
    this.#found = -1;
    if (this.#buckets === 0) return false;
    const from = this.#bucketOf(hash);
    const slots = this.#slots;
    const fingerprint = fingerprintOf(hash);
    for (let at = from; at < from + BUCKET_SLOTS; at++) {
      if (slots[at]! >>> 16 === fingerprint && slots[at] !== 0) {
        this.#found = at;
        return true;
      }
    }
    return false;
  }

  get queue(): number {
    return (this.#slots[this.#found]! & QUEUE_BIT) === 0 ? 0 : 1;
  }

  /** Evictions of its queue since, 0 for the last one, as a part of the keys that are kept. */
  get age(): number {
    return ((this.#stepsSince(this.#slots[this.#found]!) - 1) * this.#step) / this.#keys;
  }

  forget(): void {
    this.#slots[this.#found] = 0;
  }

  #stepsSince(slot: number): number {
    const evictions = this.#evictions[(slot & QUEUE_BIT) === 0 ? 0 : 1]!;
    return (Math.floor(evictions / this.#step) + 1 - (slot & STEP_MASK)) & STEP_MASK;
  }

  /** The first slot of the hash's bucket. */
  #bucketOf(hash: number): number {
    const spread = Math.imul(hash, GOLDEN) >>> 0;
    return Math.floor((spread * this.#buckets) / 4294967296) * BUCKET_SLOTS;
  }
}

function fingerprintOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & 0xffff;
}
