/** The changes of hashes as numbers: what commands make, and what a log tells, so that both do the same. */
import type { ByteRanges } from '../base/byte-ranges.ts';
import type { Change } from './change.ts';
import type { Hash } from './hash.ts';

/** `ranges` are fields and values in turn. The first number: 1: fields keep their expiries. */
export const HASH_SET = 0;
/** `ranges` are fields. */
export const HASH_DELETE = 1;
/** `ranges` are fields that expire at the moment that `highOf` and `lowOf` gave the two numbers. */
export const HASH_EXPIRE = 2;
/** `ranges` are fields that do not expire any more. */
export const HASH_PERSIST = 3;

const TWO_TO_32 = 2 ** 32;

/** The two numbers of a moment, ms since 1970. */
export function highOf(moment: number): number {
  return Math.floor(moment / TWO_TO_32);
}
export function lowOf(moment: number): number {
  return moment % TWO_TO_32;
}

/**
 * Makes a change. Returns how many fields it concerned; of HASH_SET one more than have come. Fields that the hash does not have are
 * passed over.
 */
export function changeHash(hash: Hash, change: Change): number {
  const { operation, ranges, from, to } = change;
  if (operation === HASH_SET) return setAll(hash, change.first === 1, ranges, from, to);
  const { bytes, starts, ends } = ranges;
  let changed = 0;
  for (let i = from; i < to; i++) {
    const start = starts[i]!;
    const end = ends[i]!;
    if (operation === HASH_DELETE) {
      if (hash.remove(bytes, start, end)) changed++;
    } else if (operation === HASH_PERSIST) {
      if (hash.removeExpiry(bytes, start, end)) changed++;
    } else if (hash.find(bytes, start, end)) {
      hash.setExpiry(bytes, start, end, change.first * TWO_TO_32 + change.second);
      changed++;
    }
  }
  return changed;
}

/**
 * Makes a change of a packed hash that leaves everything where it is, by writing into the bytes that it looks at, and returns what
 * `changeHash` would. 0: nothing is done, and the same change must be made by that at once.
 */
export function changeHashInPlace(hash: Hash, { operation, ranges, from, to }: Change): number {
  if (operation !== HASH_SET || to - from !== 2) return 0;
  const { bytes, starts, ends } = ranges;
  const value = from + 1;
  return hash.overwrite(bytes, starts[from]!, ends[from]!, starts[value]!, ends[value]!) ? 1 : 0;
}

function setAll(hash: Hash, keepsExpiries: boolean, ranges: ByteRanges, from: number, to: number): number {
  const { bytes, starts, ends } = ranges;
  let result = 1;
  for (let i = from; i + 1 < to; i += 2) {
    if (hash.set(bytes, starts[i]!, ends[i]!, bytes, starts[i + 1]!, ends[i + 1]!)) result++;
    else if (!keepsExpiries && hash.hasExpiries) hash.removeExpiry(bytes, starts[i]!, ends[i]!);
  }
  return result;
}
