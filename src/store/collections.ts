/** Storing collections, and changing them where they are: with what a snapshot, the journal and the accounts must know of it. */
import type { ByteRanges } from '../base/byte-ranges.ts';
import { changeCollection } from '../types/changes.ts';
import type { Collection } from '../types/collection.ts';
import { TYPE_LIST, TYPE_STREAM } from '../types/value-types.ts';
import type { Keyspace } from './keyspace.ts';

/**
 * Stores a collection, which must not be empty unless it is a stream, and belongs to the keyspace from then on, in the place of whatever the key has.
 * Returns the entry's ref. Throws OutOfMemory with nothing changed.
 */
export function storeCollection(
  keyspace: Keyspace,
  db: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  hash: number,
  collection: Collection,
  expiresAt: number,
): number {
  const { objects } = keyspace;
  const number = objects.add(collection);
  try {
    return keyspace.setObject(db, key, keyStart, keyEnd, hash, collection.type, number, expiresAt);
  } catch (error) {
    objects.remove(number);
    throw error;
  }
}

/** What the entry of a collection that has gone elsewhere is left with. */
const NOTHING: Collection = { type: TYPE_LIST, length: 0, memoryBytes: 0, dispose: () => {} };

/**
 * Gives the collection of the entry `ref`, with its expiry, to another key of the same database, in the place of whatever that
 * has; the entry is gone then. Throws OutOfMemory with nothing changed.
 */
export function renameCollection(
  keyspace: Keyspace,
  db: number,
  ref: number,
  hash: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  newHash: number,
): void {
  if (keyspace.snapshot !== undefined) keyspace.preserve(db, ref, hash | 0);
  const { objects, entries } = keyspace;
  const number = keyspace.objectOf(ref);
  const type = keyspace.typeOf(ref);
  keyspace.setObject(db, key, keyStart, keyEnd, newHash, type, number, keyspace.expiry(ref));
  // Making an entry and putting it in the place of another move no third one.
  entries.setWord(ref, 1, objects.add(NOTHING));
  keyspace.deleteEntry(db, ref, hash);
}

/**
 * Changes the collection of an entry by one of its type's operations (types/changes.ts), and returns what that returns. A
 * collection that is empty then is deleted: `ref` is invalid. Only a stream stays, with its last id and its groups. `ranges` must not lie in the collection.
 */
export function changeAt(
  keyspace: Keyspace,
  db: number,
  ref: number,
  hash: number,
  operation: number,
  first: number,
  second: number,
  ranges: ByteRanges,
  from: number,
  to: number,
): number {
  if (keyspace.snapshot !== undefined) keyspace.preserve(db, ref, hash | 0);
  const number = keyspace.objectOf(ref);
  const collection = keyspace.objects.get(number);
  const result = changeCollection(collection, operation, first, second, ranges, from, to);
  if (result === 0) return 0;
  if (collection.length === 0 && collection.type !== TYPE_STREAM) {
    keyspace.deleteEntry(db, ref, hash);
    return result;
  }
  keyspace.objects.recount(number);
  keyspace.journal?.changed(db, ref, operation, first, second, ranges, from, to);
  return result;
}
