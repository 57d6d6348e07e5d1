/** How the handlers of collections reach them, and change them. */
import { WRONG_TYPE } from '../protocol/errors.ts';
import { changeAt, createAt } from '../store/collections.ts';
import { ABSENT } from '../store/keyspace.ts';
import { Change } from '../types/change.ts';
import type { ShardContext } from './context.ts';
import { findKey, hashOfKey, isOtherType } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

/** What `findCollection` returns after an error reply. */
export const REFUSED = -1;

/** The entry of a collection of `type` at key word `word` or ABSENT; REFUSED, and answered, when something else is there. */
export function findCollection(context: ShardContext, type: number, word = 1): number {
  const ref = findKey(context, word);
  if (!isOtherType(context, ref, type)) return ref;
  context.reply.error(WRONG_TYPE);
  return REFUSED;
}

/** For one change after the other. */
const next = new Change();

/**
 * What `change` and `changeOrCreate` take: an operation with its numbers; `.with(ranges, from, to)` says what it takes beside them. To be
 * written as their argument, and not kept.
 */
export function by(operation: number, first = 0, second = 0): Change {
  return next.by(operation, first, second);
}

/**
 * Changes the collection at key word `word`, whose entry is `ref`, and returns what `changeCollection` (types/changes.ts)
 * returns. A collection that is empty then is gone, unless it is a stream. `ref` may be invalid then.
 */
export function change(context: ShardContext, word: number, ref: number, made: Change): number {
  return changeAt(context.keyspace, context.db, ref, hashOfKey(context, word), made);
}

/** As `change`, but makes a collection of `type` when `ref` is ABSENT. */
export function changeOrCreate(
  context: ShardContext,
  word: number,
  ref: number,
  type: number,
  made: Change,
): number {
  if (ref !== ABSENT) return change(context, word, ref, made);
  const { keyspace, args, db } = context;
  const hash = hashOfKey(context, word);
  return createAt(keyspace, db, args.bytes, args.starts[word]!, args.ends[word]!, hash, type, made);
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
