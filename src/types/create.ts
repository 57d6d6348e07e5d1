/** Making collections of any type. */
import type { Collection, CollectionLimits } from './collection.ts';
import { Hash } from './hash.ts';
import { List } from './list.ts';
import { MemberSet } from './set.ts';
import { SortedSet } from './sorted-set.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_ZSET } from './value-types.ts';

/** An empty collection; of the types that have a packed form, a packed one. */
export function createCollection(type: number, limits: CollectionLimits): Collection {
  switch (type) {
    case TYPE_LIST:
      return new List(limits.list);
    case TYPE_HASH:
      return new Hash(limits.hash);
    case TYPE_ZSET:
      return new SortedSet(limits.sortedSet);
    case TYPE_SET:
      return new MemberSet(limits.set);
    default:
      throw new Error(`no collection has the type ${type}`);
  }
}
