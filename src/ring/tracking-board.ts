/**
 * What shards must tell the acceptor of for the sake of client-side caching, in memory that all threads share:
 *
 *   word 0    MODE_ bits: whether anybody tracks keys, and whether anybody gets all changes of a prefix
 *   word 1 …  one bit for each value of the low HASH_BITS bits of a key's seeded hash: the key may be in somebody's cache
 *
 * Why no change is missed though keys are read without asking the shard. Four steps, each ordered by an atomic operation
 * that all threads see in one order: the acceptor sets the bit (S) before it reads the key or sends the read (R); the
 * shard changes the key (W), and looks at the bit (L) afterwards.
 *
 * - L before S: then W is before R. A direct read begins with a load of the stripe's version, which is even again since the end
 *   of W, so it reads the new value; a read by the lane is executed after W. Nothing is in a cache that W has made stale.
 * - S before L: the shard sees the bit and tells.
 *
 * The same goes for a bit that is cleared, because what was read before was told to be stale: whoever reads later sets it
 * again, before. Bits that several keys share, or that were left, cost a message between threads and nothing else.
 */
const MODE = 0;
const BITS_AT = 1;
const HASH_BITS = 20;
const HASH_MASK = (1 << HASH_BITS) - 1;
const COUNT_MAX = 255;

/** Somebody tracks the keys that it reads. */
export const MODE_READS = 1;
/** Somebody gets all changes of keys that begin with a prefix. */
export const MODE_PREFIXES = 2;

/** A shard's side: it only looks. */
export class TrackingBoard {
  protected readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer((BITS_AT + (1 << HASH_BITS) / 32) * 4);
  }

  /** Whether anybody wants to know of changes at all. */
  get isOn(): boolean {
    return Atomics.load(this.words, MODE) !== 0;
  }

  /** Whether a change of a key with this hash must be told. To be asked after the change. */
  wants(hash: number): boolean {
    if ((Atomics.load(this.words, MODE) & MODE_PREFIXES) !== 0) return true;
    const bit = hash & HASH_MASK;
    return (Atomics.load(this.words, BITS_AT + (bit >>> 5)) & (1 << (bit & 31))) !== 0;
  }
}

/** The acceptor's side. It counts how many keys it has for each bit. */
export class TrackingMarks extends TrackingBoard {
  /** Made when the first key comes. A count that has reached COUNT_MAX stays there. */
  #counts: Uint8Array | undefined;

  set mode(mode: number) {
    Atomics.store(this.words, MODE, mode);
  }

  /** To be called before the key is read. */
  add(hash: number): void {
    this.#counts ??= new Uint8Array(1 << HASH_BITS);
    const bit = hash & HASH_MASK;
    const count = this.#counts[bit]!;
    if (count === 0) Atomics.or(this.words, BITS_AT + (bit >>> 5), 1 << (bit & 31));
    if (count < COUNT_MAX) this.#counts[bit] = count + 1;
  }

  remove(hash: number): void {
    const counts = this.#counts!;
    const bit = hash & HASH_MASK;
    const count = counts[bit]!;
    if (count === COUNT_MAX) return;
    counts[bit] = count - 1;
    if (count === 1) Atomics.and(this.words, BITS_AT + (bit >>> 5), ~(1 << (bit & 31)));
  }

  clear(): void {
    this.#counts?.fill(0);
    for (let at = BITS_AT; at < this.words.length; at++) Atomics.store(this.words, at, 0);
  }
}
