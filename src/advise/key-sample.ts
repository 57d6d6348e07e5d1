/**
 * The keys whose hash is below a threshold, of which there are never more than a fixed number: when one more comes, the threshold is lowered and
 * those above it go (C. Waldspurger and others, "Efficient MRC Construction with SHARDS", FAST 2015, section 3.2). All requests for a key
 * are in the sample, or none is. Each key has a number below `idsMax`, which another key gets when it goes.
 */

const ALL = 2 ** 32;
/** Not key by key: each time about a quarter goes. */
const LOWERING = 0.75;

export class KeySample {
  readonly idsMax: number;
  /** Told of each key that goes, with its number. */
  onDropped: (id: number) => void = () => {};
  #threshold: number;
  #count = 0;
  readonly #hashes: Int32Array;
  readonly #checks: Int32Array;
  readonly #isUsed: Uint8Array;
  readonly #free: Int32Array;
  /** Open addressing: numbers of keys plus one. */
  readonly #slots: Int32Array;

  /** At most `idsMax` keys, and at most the part `rateMax` of all. */
  constructor(idsMax: number, rateMax = 1) {
    this.idsMax = idsMax;
    this.#threshold = Math.ceil(ALL * rateMax);
    this.#hashes = new Int32Array(idsMax);
    this.#checks = new Int32Array(idsMax);
    this.#isUsed = new Uint8Array(idsMax);
    this.#free = Int32Array.from({ length: idsMax }, (_, i) => idsMax - 1 - i);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * idsMax)));
  }

  /** Which part of all keys is in the sample. */
  get rate(): number {
    return this.#threshold / ALL;
  }

  get count(): number {
    return this.#count;
  }

  isSampled(hash: number): boolean {
    return hash >>> 0 < this.#threshold;
  }

  isUsed(id: number): boolean {
    return this.#isUsed[id] === 1;
  }

  /** The number of a key; -1 when it is not in the sample, or not yet. */
  find(hash: number, check: number): number {
    return this.#slots[this.#slotOf(hash, check)]! - 1;
  }

  /** The number for a key that is not there yet; -1 when there is no longer room for its hash. */
  add(hash: number, check: number): number {
    while (this.#count === this.idsMax && this.isSampled(hash)) this.#lower();
    if (!this.isSampled(hash)) return -1;
    const id = this.#free[this.idsMax - ++this.#count]!;
    this.#hashes[id] = hash;
    this.#checks[id] = check;
    this.#isUsed[id] = 1;
    this.#slots[this.#slotOf(hash, check)] = id + 1;
    return id;
  }

  /** Where the key stands, or the free slot where it would. */
  #slotOf(hash: number, check: number): number {
    const mask = this.#slots.length - 1;
    // Hashes in the sample are all small numbers once the threshold is low, so their low bits choose the slot.
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id < 0 || (this.#hashes[id] === hash && this.#checks[id] === check)) return slot;
    }
  }

  #lower(): void {
    this.#threshold = Math.floor(this.#threshold * LOWERING);
    for (let id = 0; id < this.idsMax; id++) {
      if (this.#isUsed[id] === 0 || this.isSampled(this.#hashes[id]!)) continue;
      this.#isUsed[id] = 0;
      this.#free[this.idsMax - this.#count--] = id;
      this.onDropped(id);
    }
    this.#slots.fill(0);
    for (let id = 0; id < this.idsMax; id++) {
      if (this.#isUsed[id] === 1) this.#slots[this.#slotOf(this.#hashes[id]!, this.#checks[id]!)] = id + 1;
    }
  }
}
