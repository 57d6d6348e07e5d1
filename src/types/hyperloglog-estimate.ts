/**
 * How many different elements the registers of a HyperLogLog have seen: the improved raw estimator of O. Ertl, "New cardinality
 * estimation algorithms for HyperLogLog sketches", arXiv:1702.01284. The steps of the sums are those that give the same doubles as Redis.
 */
import { INDEX_BITS } from './hyperloglog-hash.ts';

/** The registers of a HyperLogLog. */
export const REGISTERS: number = 1 << INDEX_BITS;
/** Values that 6 bits can have: what a histogram has places for. */
export const REGISTER_VALUES = 64;

/** Bits of the hash that ranks are found in. */
const RANK_BITS = 64 - INDEX_BITS;
/** 1 / (2 ln 2). */
const ALPHA = 0.7213475204444817;
/** What C makes of numbers that do not fit into 64 bits. */
const NOT_REPRESENTABLE = -(2n ** 63n);

/** `histogram` says of each value how many registers have it. */
export function estimate(histogram: Int32Array): number | bigint {
  const m = REGISTERS;
  let z = m * tau((m - histogram[RANK_BITS + 1]!) / m);
  for (let value = RANK_BITS; value >= 1; value--) {
    z += histogram[value]!;
    z *= 0.5;
  }
  z += m * sigma(histogram[0]! / m);
  const count = Math.round((ALPHA * m * m) / z);
  if (count <= Number.MAX_SAFE_INTEGER) return count;
  // Only registers that no element can have led to give such counts.
  return count < 2 ** 63 ? BigInt(count) : NOT_REPRESENTABLE;
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let y = 1;
  let z = x;
  let before: number;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before !== z);
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  let before: number;
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (before !== z);
  return z / 3;
}
