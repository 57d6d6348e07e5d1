/** Sorted sets that commands on several keys read, and those that they store, on whichever shards. */
import { WRONG_TYPE } from '../../protocol/errors.ts';
import { collectionOf, imageOf } from '../../rdb/collections.ts';
import { storeCollection } from '../../store/collections.ts';
import { NO_EXPIRY } from '../../store/keyspace.ts';
import { TYPE_SET, TYPE_ZSET } from '../../store/layout.ts';
import type { Collection } from '../../types/collection.ts';
import { SortedSet } from '../../types/sorted-set.ts';
import { REFUSED } from '../collection-access.ts';
import type { ShardContext } from '../context.ts';
import { findKey, hashOfKey } from '../key-access.ts';
import { EVENT } from '../keyspace-events.ts';
import { elementsOf } from '../sort-elements.ts';

/** The score of the members of a set. */
const SCORE_IN_SETS = 1;

/** Inputs that were made for the command under way. */
const temporary: SortedSet[] = [];

/** Gives back what inputs take that were made for a command: to be called when it needs them no more. */
export function releaseInputs(): void {
  for (const set of temporary) set.dispose();
  temporary.length = 0;
}

function ownsWord(context: ShardContext, word: number): boolean {
  const { bytes, starts, ends } = context.args;
  return context.owns(bytes.subarray(starts[word]!, ends[word]!));
}

/**
 * The sorted set at the key in word `word`, undefined when there is none; with `takesSets` also a set, whose members then have the score 1.
 * REFUSED, and answered, when something else is there. `isStored`: for a command that writes, of which look-ups that find nothing are not told otherwise. It stays valid until the keyspace changes or `releaseInputs` is called, and must not be changed.
 */
export function readInput(
  context: ShardContext,
  word: number,
  takesSets: boolean,
  isStored: boolean,
): SortedSet | undefined | typeof REFUSED {
  const { together, keyspace, reply } = context;
  const type = together.typeOf(word);
  if (type === undefined) {
    if (isStored) context.notify(EVENT.keyMiss, 'keymiss', word);
    return undefined;
  }
  if (type !== TYPE_ZSET && !(takesSets && type === TYPE_SET)) {
    reply.error(WRONG_TYPE);
    return REFUSED;
  }
  const { limits } = keyspace.objects;
  if (ownsWord(context, word)) return ownInput(keyspace.collectionOf(findKey(context, word)), context);
  const { bytes } = together.read(word)!;
  const collection = collectionOf(bytes, 0, bytes.length, limits);
  if (collection.type === TYPE_ZSET) return keptFor(collection as SortedSet);
  const set = asSortedSet(collection, context);
  collection.dispose();
  return set;
}

function ownInput(collection: Collection, context: ShardContext): SortedSet {
  if (collection.type !== TYPE_ZSET) return asSortedSet(collection, context);
  const set = collection as SortedSet;
  if (!set.isPacked) return set;
  // What serves for looking at packed ones serves for the next one as well.
  const copy = new SortedSet(context.keyspace.objects.limits.sortedSet);
  copy.view(set.bytes.slice(set.start, set.end), 0, set.end - set.start);
  return copy;
}

/** The members of a set. */
function asSortedSet(collection: Collection, { keyspace }: ShardContext): SortedSet {
  const set = new SortedSet(keyspace.objects.limits.sortedSet);
  for (const member of elementsOf(collection) ?? []) set.add(SCORE_IN_SETS, member, 0, member.length);
  return keptFor(set);
}

function keptFor(set: SortedSet): SortedSet {
  temporary.push(set);
  return set;
}

/** Stores a sorted set at the key in word `word`, or nothing in the place of what is there when it is empty, and answers with its length. */
export function storeResult(context: ShardContext, word: number, result: SortedSet, event: string): void {
  const { reply, together, keyspace, args, db } = context;
  const { length } = result;
  if (length === 0) {
    if (together.typeOf(word) !== undefined) {
      context.notify(EVENT.generic, 'del', word);
      together.remove(word);
    }
  } else {
    if (ownsWord(context, word)) {
      const { bytes, starts, ends } = args;
      const hash = hashOfKey(context, word);
      storeCollection(keyspace, db, bytes, starts[word]!, ends[word]!, hash, result, NO_EXPIRY);
    } else {
      const image = imageOf(result);
      result.dispose();
      together.write(word, { type: TYPE_ZSET, bytes: image, expiresAt: NO_EXPIRY, isRaw: false });
    }
    context.notify(EVENT.sortedSet, event, word);
  }
  reply.integer(length);
}
