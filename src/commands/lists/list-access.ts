/** How the handlers of lists reach them, and change them. */
import type { ByteRanges } from '../../base/byte-ranges.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_LIST } from '../../store/layout.ts';
import type { List } from '../../types/list.ts';
import { LIST_DROP_HEAD, LIST_DROP_TAIL, LIST_PUSH_HEAD, LIST_PUSH_TAIL } from '../../types/list-changes.ts';
import { by, change, changeOrCreate, findCollection, tellOfRemoval } from '../collection-access.ts';
import type { ShardContext } from '../context.ts';
import { EVENT } from '../keyspace-events.ts';

/** The entry of the list at key word `index` or ABSENT; REFUSED, and answered, when something else is there. */
export function findList(context: ShardContext, index = 1): number {
  return findCollection(context, TYPE_LIST, index);
}

export function listOf(context: ShardContext, ref: number): List {
  return context.keyspace.collectionOf(ref) as List;
}

/**
 * Pushes `ranges[from, to)` to the list at key word `index`, whose entry is `ref`, or to a new one when that is ABSENT. Returns
 * the length of the list then.
 */
export function push(
  context: ShardContext,
  index: number,
  ref: number,
  atHead: boolean,
  ranges: ByteRanges,
  from: number,
  to: number,
): number {
  const before = ref === ABSENT ? 0 : listOf(context, ref).length;
  const operation = atHead ? LIST_PUSH_HEAD : LIST_PUSH_TAIL;
  const pushed = changeOrCreate(context, index, ref, TYPE_LIST, by(operation).with(ranges, from, to));
  context.notify(EVENT.list, atHead ? 'lpush' : 'rpush', index);
  return before + pushed;
}

/** Takes `count` elements, of which there are as many, off the list at key word `index`, whose entry is `ref`. */
export function drop(
  context: ShardContext,
  index: number,
  ref: number,
  fromHead: boolean,
  count: number,
): void {
  const isAll = listOf(context, ref).length === count;
  const event = fromHead ? 'lpop' : 'rpop';
  if (isAll) tellOfRemoval(context, index, EVENT.list, event);
  change(context, index, ref, by(fromHead ? LIST_DROP_HEAD : LIST_DROP_TAIL, count));
  if (!isAll) context.notify(EVENT.list, event, index);
}
