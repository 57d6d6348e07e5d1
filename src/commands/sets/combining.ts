/** Intersection, union and difference of sets. */
import type { EntryReader } from '../../types/listpack-entry.ts';
import type { MemberSet } from '../../types/set.ts';
import { SetCursor } from '../../types/set-cursor.ts';

const cursor = new SetCursor();

/** Sets by their keys; undefined is an empty one. */
export type Sets = readonly (MemberSet | undefined)[];

/** Takes a member, as bytes; false: no more are wanted. */
export type Take = (member: EntryReader) => boolean;

/** Gives each member that all sets have, looking for those of the smallest in the others. */
export function intersect(sets: Sets, take: Take): void {
  if (sets.some((set) => set === undefined)) return;
  const rising = [...new Set(sets as MemberSet[])].sort((a, b) => a.length - b.length);
  const smallest = rising[0]!;
  const { member } = cursor;
  cursor.open(smallest);
  while (cursor.next()) {
    member.asBytes();
    if (hasAll(rising, member) && !take(member)) return;
  }
}

function hasAll(rising: readonly MemberSet[], member: EntryReader): boolean {
  for (let i = 1; i < rising.length; i++) {
    if (!rising[i]!.has(member.bytes, member.start, member.end)) return false;
  }
  return true;
}

/** Adds the members of all sets to `result`. */
export function unite(sets: Sets, result: MemberSet): void {
  for (const set of sets) if (set !== undefined) addAll(set, result);
}

function addAll(set: MemberSet, result: MemberSet): void {
  const { member } = cursor;
  cursor.open(set);
  while (cursor.next()) {
    member.asBytes();
    result.add(member.bytes, member.start, member.end);
  }
}

/**
 * Adds the members of the first set that no other has to `result`. Either by looking for each of the first in the others, the
 * largest first, or by removing those of the others, whichever takes fewer steps, in favour of the former.
 */
export function subtract(sets: Sets, result: MemberSet): void {
  const first = sets[0];
  if (first === undefined) return;
  const others = sets.slice(1).filter((set) => set !== undefined);
  const total = others.reduce((sum, set) => sum + set.length, first.length);
  if ((first.length * (others.length + 1)) / 2 <= total) {
    others.sort((a, b) => b.length - a.length);
    addMissing(first, others, result);
    return;
  }
  addAll(first, result);
  const { member } = cursor;
  for (const set of others) {
    cursor.open(set);
    while (result.length > 0 && cursor.next()) {
      member.asBytes();
      result.remove(member.bytes, member.start, member.end);
    }
  }
}

function addMissing(first: MemberSet, others: readonly MemberSet[], result: MemberSet): void {
  const { member } = cursor;
  cursor.open(first);
  while (cursor.next()) {
    member.asBytes();
    const { bytes, start, end } = member;
    if (!others.some((set) => set.has(bytes, start, end))) result.add(bytes, start, end);
  }
}
