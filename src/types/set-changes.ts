/** The changes of sets as numbers: what commands make, and what a log tells, so that both do the same. */
import type { Change } from './change.ts';
import type { MemberSet } from './set.ts';

/** `ranges`. */
export const SET_ADD = 0;
/** `ranges`. */
export const SET_REMOVE = 1;
/** All members. Leaves nothing, so it is never logged. */
export const SET_CLEAR = 2;

/** Makes a change and returns how many members came or went. */
export function changeSet(set: MemberSet, { operation, ranges, from, to }: Change): number {
  const { bytes, starts, ends } = ranges;
  let changed = 0;
  if (operation === SET_ADD) {
    for (let i = from; i < to; i++) {
      // As Redis does, by the number of words, which may be the same.
      if (set.add(bytes, starts[i]!, ends[i]!, changed === 0 ? to - from : 1)) changed++;
    }
  } else if (operation === SET_REMOVE) {
    for (let i = from; i < to; i++) if (set.remove(bytes, starts[i]!, ends[i]!)) changed++;
  } else if (operation === SET_CLEAR) {
    changed = set.length;
    set.clear();
  }
  return changed;
}
