/**
 * Slots that an index shall get, many at once: in the order of its segments each of these comes into the processor's cache
 * once, not for every entry again.
 */

/** Pairs of hash and ref. The array grows as they come. */
export class SlotNotes {
  slots: Int32Array;
  count = 0;
  readonly #countMax: number;
  #spare: Int32Array;
  readonly #starts = new Int32Array(DIGITS);

  /** `countMax`, a power of two: how many there may be before they must be taken. */
  constructor(countMax: number) {
    this.#countMax = countMax;
    this.slots = new Int32Array(2 * Math.min(COUNT_FIRST, countMax));
    this.#spare = NONE;
  }

  get isFull(): boolean {
    return this.count === this.#countMax;
  }

  add(hash: number, ref: number): void {
    const at = this.count++ << 1;
    if (at === this.slots.length) this.#grow();
    this.slots[at] = hash;
    this.slots[at + 1] = ref;
  }

  /**
   * Sorts by the low `bits` of the hashes, which is the order of an index's segments; those with the same bits stay in their order. By
   * counting, eight bits at a time.
   */
  sort(bits: number): void {
    const used = Math.min(bits, SORTED_BITS_MAX);
    if (used === 0) return;
    if (this.#spare.length !== this.slots.length) this.#spare = new Int32Array(this.slots.length);
    const first = used <= DIGIT_BITS ? used : used >>> 1;
    this.#pass(0, first);
    if (used > first) this.#pass(first, used - first);
  }

  #pass(shift: number, bits: number): void {
    const from = this.slots;
    const to = this.#spare;
    const end = this.count << 1;
    const mask = (1 << bits) - 1;
    const starts = this.#starts.fill(0);
    for (let at = 0; at < end; at += 2) starts[(from[at]! >>> shift) & mask]!++;
    for (let digit = 0, sum = 0; digit <= mask; digit++) {
      const count = starts[digit]!;
      starts[digit] = sum;
      sum += count;
    }
    for (let at = 0; at < end; at += 2) {
      const hash = from[at]!;
      const target = starts[(hash >>> shift) & mask]!++ << 1;
      to[target] = hash;
      to[target + 1] = from[at + 1]!;
    }
    this.slots = to;
    this.#spare = from;
  }

  #grow(): void {
    const larger = new Int32Array(this.slots.length * 2);
    larger.set(this.slots);
    this.slots = larger;
    this.#spare = NONE;
  }
}

const COUNT_FIRST = 4096;
const DIGIT_BITS = 8;
const DIGITS = 1 << DIGIT_BITS;
const SORTED_BITS_MAX = 2 * DIGIT_BITS;
const NONE = new Int32Array(0);
