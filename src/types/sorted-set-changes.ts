/** The changes of sorted sets as numbers: what commands make, and what a log tells, so that both do the same. */
import type { ByteRanges } from '../base/byte-ranges.ts';
import type { Change } from './change.ts';
import { ADDED, type SortedSet, UNCHANGED } from './sorted-set.ts';

/** Each of `ranges` is a score, a double of 8 bytes, little-endian, and the member behind it. */
export const ZSET_ADD = 0;
/** `ranges` are members. */
export const ZSET_REMOVE = 1;
/** The first number: a rank; the second: how many from there on. */
export const ZSET_REMOVE_RANKS = 2;

/** What a score takes in front of a member. */
export const SCORE_BYTES = 8;

/** How many members the last ZSET_ADD has added. */
export const lastAdd = { added: 0 };

const converter = new DataView(new ArrayBuffer(SCORE_BYTES));

/** Makes a change and returns how many members came, went or got another score. What is not there is passed over. */
export function changeSortedSet(set: SortedSet, change: Change): number {
  const { first, second, ranges, from, to } = change;
  const before = set.length;
  switch (change.operation) {
    case ZSET_ADD:
      return addAll(set, ranges, from, to);
    case ZSET_REMOVE:
      removeAll(set, ranges, from, to);
      break;
    case ZSET_REMOVE_RANKS:
      set.removeRanks(first, Math.max(0, Math.min(second, before - first)));
      break;
  }
  return before - set.length;
}

function removeAll(set: SortedSet, { bytes, starts, ends }: ByteRanges, from: number, to: number): void {
  for (let i = from; i < to; i++) set.remove(bytes, starts[i]!, ends[i]!);
}

function addAll(set: SortedSet, { bytes, starts, ends }: ByteRanges, from: number, to: number): number {
  let added = 0;
  let updated = 0;
  set.willGrow(to - from);
  for (let i = from; i < to; i++) {
    const start = starts[i]!;
    for (let j = 0; j < SCORE_BYTES; j++) converter.setUint8(j, bytes[start + j]!);
    const outcome = set.add(converter.getFloat64(0, true), bytes, start + SCORE_BYTES, ends[i]!);
    if (outcome === ADDED) added++;
    else if (outcome !== UNCHANGED) updated++;
  }
  lastAdd.added = added;
  return added + updated;
}
