/** What to set, from the estimates: a policy, and how much memory; with what it would change, and how sure that is. */
import type { Estimate } from './estimator.ts';

export interface CacheSize {
  /** As in Estimate. */
  readonly size: number;
  /** Undefined where nobody knows what an entry takes. */
  readonly maxmemoryBytes: number | undefined;
  /** As people read it: `1 %`, `half`. */
  readonly label: string;
}

export interface Present {
  /** What the server runs with; undefined for a trace. */
  readonly policy: string | undefined;
  /** The place among the sizes of the one that is in force; undefined for a trace. */
  readonly sizeIndex: number | undefined;
}

export interface Recommendation {
  readonly policy: string;
  /** What the policy is compared with, and where. */
  readonly comparedWith: string;
  readonly sizeIndex: number;
  /** In hit ratio, from -1 to 1. */
  readonly policyGain: number;
  readonly policyGainError: number;
  readonly isPolicyChangeWorthIt: boolean;
  /** The place among the sizes of the one to have. */
  readonly recommendedSizeIndex: number;
  /** In hit ratio, against `sizeIndex`, with the policy above. */
  readonly sizeGain: number;
  readonly confidence: 'exact' | 'high' | 'medium' | 'low';
}

/** How much was seen. */
export interface Sample {
  readonly requests: number;
  readonly rate: number;
  /** What all keys that came by would take, in the unit of sizes. */
  readonly footprint: number;
}

/** A policy must be better by so much of the hit ratio to be worth a change, and by twice the error. */
const GAIN_MIN = 0.005;
/** More memory must bring so much. */
const SIZE_GAIN_MIN = 0.01;
/** Smaller caches than these say little of large ones. */
const SMALL_CAPACITY_MIN = 100;
const REDIS_DEFAULT = 'allkeys-lru';

export function recommend(
  estimates: readonly Estimate[],
  sizes: readonly CacheSize[],
  present: Present,
  sample: Sample,
): Recommendation {
  const of = (policy: string, sizeIndex: number) =>
    estimates.find((one) => one.policy === policy && one.size === sizes[sizeIndex]!.size)!;
  const policies = [...new Set(estimates.map(({ policy }) => policy))];
  const known = present.policy !== undefined && policies.includes(present.policy);
  const comparedWith = known ? present.policy! : REDIS_DEFAULT;
  // For a trace the policy should do well at all sizes.
  const indexes = present.sizeIndex === undefined ? sizes.map((_, i) => i) : [present.sizeIndex];
  const mean = (policy: string) =>
    indexes.reduce((total, i) => total + of(policy, i).hitRatio, 0) / indexes.length;
  const best = policies.reduce((a, b) => (mean(b) > mean(a) ? b : a));
  const policyGain = mean(best) - mean(comparedWith);
  // Both saw the same sample, so that their errors go the same way for the most part.
  const errorOf = (policy: string) => Math.max(...indexes.map((i) => of(policy, i).standardError));
  const policyGainError = best === comparedWith ? 0 : Math.max(errorOf(best), errorOf(comparedWith)) / 2;
  const isWorthIt = policyGain >= Math.max(GAIN_MIN, 2 * policyGainError);
  const policy = isWorthIt ? best : comparedWith;
  const ratios = sizes.map((_, i) => of(policy, i).hitRatio);
  // A cache that the traffic has not filled tells nothing of a smaller one: other keys may come by later.
  const isFull = present.sizeIndex === undefined || sample.footprint >= sizes[present.sizeIndex]!.size;
  const recommendedSizeIndex = kneeOf(ratios, present.sizeIndex, isFull);
  const sizeIndex = present.sizeIndex ?? recommendedSizeIndex;
  return {
    policy,
    comparedWith,
    sizeIndex,
    policyGain: isWorthIt ? policyGain : 0,
    policyGainError,
    isPolicyChangeWorthIt: isWorthIt,
    recommendedSizeIndex,
    sizeGain: ratios[recommendedSizeIndex]! - ratios[sizeIndex]!,
    confidence: confidenceOf(sample, Math.min(...indexes.map((i) => of(policy, i).smallCapacity))),
  };
}

/** The smallest size from which on none brings much more: sizes go up. Below the present one only what costs nearly nothing. */
function kneeOf(ratios: readonly number[], presentIndex: number | undefined, mayShrink: boolean): number {
  const most = ratios.at(-1)!;
  const enough = ratios.findIndex((ratio) => most - ratio < SIZE_GAIN_MIN);
  if (presentIndex === undefined || enough >= presentIndex) return enough;
  if (!mayShrink) return presentIndex;
  const smaller = ratios.findIndex((ratio) => ratios[presentIndex]! - ratio < GAIN_MIN);
  return Math.min(presentIndex, smaller);
}

function confidenceOf({ requests, rate }: Sample, smallCapacity: number): Recommendation['confidence'] {
  if (requests < 1000) return 'low';
  if (requests < 20_000) return 'medium';
  if (rate === 1) return 'exact';
  return smallCapacity < SMALL_CAPACITY_MIN ? 'medium' : 'high';
}
