/** How the handlers of streams reach them, and change them. */
import type { ByteRanges } from '../../base/byte-ranges.ts';
import { WRONG_TYPE } from '../../protocol/errors.ts';
import { changeAt, storeCollection } from '../../store/collections.ts';
import { NO_EXPIRY } from '../../store/keyspace.ts';
import { TYPE_STREAM } from '../../store/layout.ts';
import type { Stream } from '../../types/stream.ts';
import type { ShardContext } from '../context.ts';
import { findKey, hashOfKey, isOtherType } from '../key-access.ts';
import { ChangeRanges } from './change-ranges.ts';

/** What `findStream` returns after an error reply. */
export const REFUSED = -1;

/** For one change after the other. */
export const parts: ChangeRanges = new ChangeRanges();

/** The entry of the stream at key word `index` or ABSENT; REFUSED, and answered, when something else is there. */
export function findStream(context: ShardContext, index = 1): number {
  const ref = findKey(context, index);
  if (!isOtherType(context, ref, TYPE_STREAM)) return ref;
  context.reply.error(WRONG_TYPE);
  return REFUSED;
}

export function streamOf(context: ShardContext, ref: number): Stream {
  return context.keyspace.collectionOf(ref) as Stream;
}

/** Changes the stream at key word `index`, whose entry is `ref`; see stream-changes.ts. */
export function change(
  context: ShardContext,
  index: number,
  ref: number,
  operation: number,
  first: number,
  second: number,
  ranges: ByteRanges,
  from: number,
  to: number,
): number {
  const { keyspace, db } = context;
  const hash = hashOfKey(context, index);
  return changeAt(keyspace, db, ref, hash, operation, first, second, ranges, from, to);
}

/** The same for a change that is in `parts`. */
export function changeByParts(
  context: ShardContext,
  index: number,
  ref: number,
  operation: number,
  first = 0,
): number {
  return change(context, index, ref, operation, first, 0, parts.end(), 0, parts.count);
}

/** Stores a stream at key word `index`, where there is nothing. */
export function storeStream(context: ShardContext, index: number, stream: Stream): number {
  const { keyspace, args, db } = context;
  const hash = hashOfKey(context, index);
  const { bytes, starts, ends } = args;
  return storeCollection(keyspace, db, bytes, starts[index]!, ends[index]!, hash, stream, NO_EXPIRY);
}
