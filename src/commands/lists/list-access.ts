/** How the handlers of lists reach them, and change them. */
import type { ByteRanges } from '../../base/byte-ranges.ts';
import { WRONG_TYPE } from '../../protocol/errors.ts';
import { changeAt, storeCollection } from '../../store/collections.ts';
import { ABSENT, NO_EXPIRY } from '../../store/keyspace.ts';
import { TYPE_LIST } from '../../store/layout.ts';
import { List } from '../../types/list.ts';
import {
  LIST_DROP_HEAD,
  LIST_DROP_TAIL,
  LIST_PUSH_HEAD,
  LIST_PUSH_TAIL,
  pushAll,
} from '../../types/list-changes.ts';
import type { ShardContext } from '../context.ts';
import { findKey, hashOfKey, isOtherType } from '../key-access.ts';
import { EVENT } from '../keyspace-events.ts';

/** What `findList` returns after an error reply. */
export const REFUSED = -1;

const NO_RANGES: ByteRanges = {
  bytes: new Uint8Array(0),
  starts: new Int32Array(0),
  ends: new Int32Array(0),
};

/** The entry of the list at key word `index` or ABSENT; REFUSED, and answered, when something else is there. */
export function findList(context: ShardContext, index = 1): number {
  const ref = findKey(context, index);
  if (!isOtherType(context, ref, TYPE_LIST)) return ref;
  context.reply.error(WRONG_TYPE);
  return REFUSED;
}

export function listOf(context: ShardContext, ref: number): List {
  return context.keyspace.collectionOf(ref) as List;
}

/** Changes the list at key word `index`, whose entry is `ref`; see list-changes.ts. A list that is empty then is gone. */
export function change(
  context: ShardContext,
  index: number,
  ref: number,
  operation: number,
  first: number,
  second: number,
  ranges: ByteRanges = NO_RANGES,
  from = 0,
  to = 0,
): number {
  const { keyspace, db } = context;
  const hash = hashOfKey(context, index);
  return changeAt(keyspace, db, ref, hash, operation, first, second, ranges, from, to);
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
  const { keyspace, args, db } = context;
  let list: List;
  if (ref === ABSENT) {
    list = new List(keyspace.objects.limits.list);
    pushAll(list, atHead, ranges, from, to);
    const hash = hashOfKey(context, index);
    const keyStart = args.starts[index]!;
    storeCollection(keyspace, db, args.bytes, keyStart, args.ends[index]!, hash, list, NO_EXPIRY);
  } else {
    list = listOf(context, ref);
    change(context, index, ref, atHead ? LIST_PUSH_HEAD : LIST_PUSH_TAIL, 0, 0, ranges, from, to);
  }
  context.notify(EVENT.list, atHead ? 'lpush' : 'rpush', index);
  return list.length;
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
  if (isAll) tellOfRemoval(context, index, fromHead ? 'lpop' : 'rpop');
  change(context, index, ref, fromHead ? LIST_DROP_HEAD : LIST_DROP_TAIL, count, 0);
  if (!isAll) context.notify(EVENT.list, fromHead ? 'lpop' : 'rpop', index);
}

/** The events of a change that leaves nothing of the list, before it. */
export function tellOfRemoval(context: ShardContext, index: number, event: string): void {
  context.notify(EVENT.list, event, index);
  context.notify(EVENT.generic, 'del', index);
}
