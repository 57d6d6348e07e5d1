/**
 * The version counters by which readers on other threads notice a change (a sequence lock, striped by hash).
 *
 * The owner makes a counter odd before it changes anything that a reader of that stripe can reach (an entry, a
 * slot, a directory entry) and even after it. A reader loads an even version, reads, and loads again: the same
 * version means that nothing it read was changed meanwhile. What a reader can reach is only what is linked
 * from the index, so a new entry is written outside the odd time and only its slot inside, and a block that
 * was unlinked may be reused by any other key after the stripe's bump: who still reads it fails its second check.
 *
 * Begin is a read-modify-write, not a store: on arm64 a plain store may overtake an earlier
 * store-release, and then a reader could see new bytes under the old version. On x64 both are one locked instruction.
 */
import { STRIPE_MASK, STRIPES } from './sharing.ts';

export class Stripes {
  readonly versions: Int32Array;

  constructor() {
    this.versions = new Int32Array(new SharedArrayBuffer(STRIPES * 4));
  }

  begin(hash: number): void {
    Atomics.add(this.versions, hash & STRIPE_MASK, 1);
  }

  end(hash: number): void {
    Atomics.add(this.versions, hash & STRIPE_MASK, 1);
  }

  /**
   * Begins or ends (the same step: one more) for all stripes that hashes with the low `depth` bits of `pattern`
   * can fall in: 2^(10 - depth) of them, or one.
   */
  bumpAll(pattern: number, depth: number): void {
    if (depth >= 10) {
      this.begin(pattern);
      return;
    }
    const step = 1 << depth;
    for (let stripe = pattern & (step - 1); stripe < STRIPES; stripe += step) {
      Atomics.add(this.versions, stripe, 1);
    }
  }
}
