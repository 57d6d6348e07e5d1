/** How the handlers of streams reach them, and change them. */
import { storeCollection } from '../../store/collections.ts';
import { NO_EXPIRY } from '../../store/keyspace.ts';
import { TYPE_STREAM } from '../../store/layout.ts';
import type { Stream } from '../../types/stream.ts';
import { by, change, findCollection } from '../collection-access.ts';
import type { ShardContext } from '../context.ts';
import { hashOfKey } from '../key-access.ts';
import { ChangeRanges } from './change-ranges.ts';

/** For one change after the other. */
export const parts: ChangeRanges = new ChangeRanges();

/** The entry of the stream at key word `index` or ABSENT; REFUSED, and answered, when something else is there. */
export function findStream(context: ShardContext, index = 1): number {
  return findCollection(context, TYPE_STREAM, index);
}

export function streamOf(context: ShardContext, ref: number): Stream {
  return context.keyspace.collectionOf(ref) as Stream;
}

/** Changes the stream at key word `index`, whose entry is `ref`, by an operation (types/stream-changes.ts) that takes `parts`. */
export function changeByParts(
  context: ShardContext,
  index: number,
  ref: number,
  operation: number,
  first = 0,
): number {
  return change(context, index, ref, by(operation, first).with(parts.end(), 0, parts.count));
}

/** Stores a stream at key word `index`, where there is nothing. */
export function storeStream(context: ShardContext, index: number, stream: Stream): number {
  const { keyspace, args, db } = context;
  const hash = hashOfKey(context, index);
  const { bytes, starts, ends } = args;
  return storeCollection(keyspace, db, bytes, starts[index]!, ends[index]!, hash, stream, NO_EXPIRY);
}
