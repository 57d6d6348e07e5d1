/** Changes of collections of any type, by numbers: see the files of the types for theirs. */
import type { Change } from './change.ts';
import type { Collection } from './collection.ts';
import type { Hash } from './hash.ts';
import { changeHash, changeHashInPlace } from './hash-changes.ts';
import type { List } from './list.ts';
import { changeList } from './list-changes.ts';
import type { MemberSet } from './set.ts';
import { changeSet } from './set-changes.ts';
import type { SortedSet } from './sorted-set.ts';
import { changeSortedSet } from './sorted-set-changes.ts';
import type { Stream } from './stream.ts';
import { changeStream } from './stream-changes.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_ZSET } from './value-types.ts';

/** Makes a change and returns what the type's function says. */
export function changeCollection(collection: Collection, change: Change): number {
  switch (collection.type) {
    case TYPE_LIST:
      return changeList(collection as List, change);
    case TYPE_HASH:
      return changeHash(collection as Hash, change);
    case TYPE_ZSET:
      return changeSortedSet(collection as SortedSet, change);
    case TYPE_SET:
      return changeSet(collection as MemberSet, change);
    case TYPE_STREAM:
      return changeStream(collection as Stream, change);
    default:
      throw new Error(`no collection has the type ${collection.type}`);
  }
}

/**
 * Makes a change of a packed collection that leaves everything where it is, by writing into the bytes that it looks at: so that small
 * changes of small collections cost little. 0: nothing is done, and the same change must be made by `changeCollection` at once.
 */
export function changeInPlace(collection: Collection, change: Change): number {
  if (collection.type !== TYPE_HASH) return 0;
  return changeHashInPlace(collection as Hash, change);
}
