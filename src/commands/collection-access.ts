/** How the handlers of collections reach them, and change them. */
import type { ByteRanges } from '../base/byte-ranges.ts';
import { WRONG_TYPE } from '../protocol/errors.ts';
import { changeAt, createAt } from '../store/collections.ts';
import { ABSENT } from '../store/keyspace.ts';
import type { ShardContext } from './context.ts';
import { findKey, hashOfKey, isOtherType } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

/** What `findCollection` returns after an error reply. */
export const REFUSED = -1;

const NO_RANGES: ByteRanges = {
  bytes: new Uint8Array(0),
  starts: new Int32Array(0),
  ends: new Int32Array(0),
};

/** The entry of a collection of `type` at key word `word` or ABSENT; REFUSED, and answered, when something else is there. */
export function findCollection(context: ShardContext, type: number, word = 1): number {
  const ref = findKey(context, word);
  if (!isOtherType(context, ref, type)) return ref;
  context.reply.error(WRONG_TYPE);
  return REFUSED;
}

/**
 * Changes the collection at key word `word`, whose entry is `ref`, by one of its type's operations (types/changes.ts), and returns
 * what that returns. A collection that is empty then is gone. `ref` may be invalid then.
 */
export function change(
  context: ShardContext,
  word: number,
  ref: number,
  operation: number,
  first: number,
  second: number,
  ranges: ByteRanges = NO_RANGES,
  from = 0,
  to = 0,
): number {
  const { keyspace, db } = context;
  const hash = hashOfKey(context, word);
  return changeAt(keyspace, db, ref, hash, operation, first, second, ranges, from, to);
}

/** As `change`, but makes a collection of `type` when `ref` is ABSENT. */
export function changeOrCreate(
  context: ShardContext,
  word: number,
  ref: number,
  type: number,
  operation: number,
  first: number,
  second: number,
  ranges: ByteRanges,
  from: number,
  to: number,
): number {
  if (ref !== ABSENT) return change(context, word, ref, operation, first, second, ranges, from, to);
  const { keyspace, args, db } = context;
  const hash = hashOfKey(context, word);
  const start = args.starts[word]!;
  const end = args.ends[word]!;
  return createAt(
    keyspace,
    db,
    args.bytes,
    start,
    end,
    hash,
    type,
    operation,
    first,
    second,
    ranges,
    from,
    to,
  );
}

/** The events of a change that leaves nothing of the collection, before it. */
export function tellOfRemoval(
  context: ShardContext,
  word: number,
  eventClass: number,
  event: string,
  db?: number,
): void {
  context.notify(eventClass, event, word, db);
  context.notify(EVENT.generic, 'del', word, db);
}
