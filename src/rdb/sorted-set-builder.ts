/** Sorted sets from what was read of RDB files. */
import { SortedSet } from '../types/sorted-set.ts';
import type { SortedSetLimits } from '../types/sorted-set-limits.ts';
import type { SortedSetValue } from './values.ts';

/** The sorted set of what was read, which is not empty. Of a member that occurs twice the last score counts. */
export function buildSortedSet({ members, scores }: SortedSetValue, limits: SortedSetLimits): SortedSet {
  const set = new SortedSet(limits);
  const add = (i: number) => set.add(scores[i]!, members[i]!, 0, members[i]!.length);
  // Large ones are written from the highest score to the lowest: what comes in ascending order fills its leaves.
  const isDescending = scores.length > 1 && scores[0]! > scores[scores.length - 1]!;
  if (isDescending) for (let i = scores.length - 1; i >= 0; i--) add(i);
  else for (let i = 0; i < scores.length; i++) add(i);
  return set;
}
