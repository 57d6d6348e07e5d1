/** How the handlers of sets reach them. */
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_SET } from '../../store/layout.ts';
import { MemberList } from '../../types/member-list.ts';
import type { MemberSet } from '../../types/set.ts';
import { SET_CLEAR, SET_REMOVE } from '../../types/set-changes.ts';
import { by, change, findCollection, tellOfRemoval } from '../collection-access.ts';
import type { ShardContext } from '../context.ts';
import { EVENT } from '../keyspace-events.ts';

/** The entry of the set at key word `word` or ABSENT; REFUSED, and answered, when something else is there. */
export function findSet(context: ShardContext, word = 1): number {
  return findCollection(context, TYPE_SET, word);
}

export function setOf(context: ShardContext, ref: number): MemberSet {
  return context.keyspace.collectionOf(ref) as MemberSet;
}

/** How many members the set of an entry has, which may be ABSENT. */
export function lengthOf(context: ShardContext, ref: number): number {
  return ref === ABSENT ? 0 : setOf(context, ref).length;
}

/** Removes members that are there, `chosen`, from the set at word 1, whose entry is `ref`; `isAll`: there are no others. */
export function removeChosen(
  context: ShardContext,
  ref: number,
  chosen: MemberList,
  isAll: boolean,
  event: string,
): void {
  if (isAll) {
    tellOfRemoval(context, 1, EVENT.set, event);
    change(context, 1, ref, by(SET_CLEAR));
    return;
  }
  change(context, 1, ref, by(SET_REMOVE).with(chosen, 0, chosen.count));
  context.notify(EVENT.set, event, 1);
}

/** For what a handler takes out of a set. */
export const chosen: MemberList = new MemberList();
