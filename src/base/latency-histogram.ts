/**
 * Durations counted in log-linear buckets, as HdrHistogram does it: each power of two of nanoseconds is divided into 32
 * buckets of the same width. A value is known to 1/32 (3.1 %) of itself, below 64 ns exactly. What takes longer than
 * 2^30 ns, about a second, counts as that.
 *
 *     bucket = value                                        value < 32
 *              (e - 4) * 32 + the 5 bits below the highest  with e = floor(log2(value))
 */

const SUB_BITS = 5;
const SUBS = 1 << SUB_BITS;
const OCTAVES_END = 30;
const NS_MAX = 2 ** OCTAVES_END - 1;
/** How many buckets a histogram has. */
export const LATENCY_BUCKETS = (OCTAVES_END - SUB_BITS + 1) * SUBS;

/** The bucket of a duration. */
export function latencyBucket(ns: number): number {
  const value = ns > NS_MAX ? NS_MAX : ns | 0;
  if (value < SUBS) return Math.max(value, 0);
  const exponent = 31 - Math.clz32(value);
  return ((exponent - SUB_BITS + 1) << SUB_BITS) + ((value >>> (exponent - SUB_BITS)) & (SUBS - 1));
}

/** The longest whole number of nanoseconds that falls into a bucket. */
export function bucketEndNs(bucket: number): number {
  if (bucket < SUBS * 2) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  return ((SUBS + (bucket & (SUBS - 1)) + 1) << shift) - 1;
}

/** The counts of one command: LATENCY_BUCKETS numbers. */
export class LatencyHistogram {
  readonly #counts: ArrayLike<number>;
  readonly total: number;

  constructor(counts: ArrayLike<number>) {
    this.#counts = counts;
    let total = 0;
    for (let i = 0; i < counts.length; i++) total += counts[i]!;
    this.total = total;
  }

  /**
   * The duration in nanoseconds that `percentile` percent of all are not longer than: the end of its bucket, so at
   * most 1/32 too long. 0 when nothing was counted.
   */
  percentileNs(percentile: number): number {
    const wanted = Math.min(this.total, Math.max(1, Math.ceil((percentile / 100) * this.total)));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted && seen > 0) return bucketEndNs(bucket);
    }
    return 0;
  }

  /**
   * LATENCY HISTOGRAM's rows: how many calls took less than 1024 ns, 2048 ns and so on, without the rows that add nothing
   * to the one before. The limits are in microseconds and rounded as Redis rounds them (1, 2, 4, 8, 16, 33, 66, …).
   */
  cumulative(): [limitUs: number, count: number][] {
    const rows: [number, number][] = [];
    let seen = 0;
    let before = 0;
    let bucket = 0;
    for (let limitNs = 1024; seen < this.total; limitNs *= 2) {
      for (; bucket < this.#counts.length && bucketEndNs(bucket) < limitNs; bucket++) {
        seen += this.#counts[bucket]!;
      }
      if (seen > before) rows.push([Math.floor((limitNs + limitNs / 128 - 1) / 1000), seen]);
      before = seen;
    }
    return rows;
  }
}
