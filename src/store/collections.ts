/** Storing collections, and changing them where they are: with what a snapshot, the journal and the accounts must know of it. */
import type { Change } from '../types/change.ts';
import { changeCollection, changeInPlace } from '../types/changes.ts';
import { type Collection, isPacked } from '../types/collection.ts';
import { TYPE_LIST, TYPE_STREAM } from '../types/value-types.ts';
import { isObject } from './entries.ts';
import { type Keyspace, NO_EXPIRY } from './keyspace.ts';
import { FLAG_LARGE, LARGE_BYTES } from './layout.ts';

/**
 * Stores a collection, which must not be empty (but a stream may) and belongs to the keyspace from then on, in the place of whatever the key has; of a
 * packed one a copy. Returns the entry's ref. Throws OutOfMemory with nothing changed.
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
  const { type } = collection;
  if (isPacked(collection)) {
    const { bytes, start, end } = collection;
    return keyspace.setPacked(db, key, keyStart, keyEnd, hash, type, bytes, start, end, expiresAt);
  }
  const { objects } = keyspace;
  const number = objects.add(collection);
  try {
    const ref = keyspace.setObject(db, key, keyStart, keyEnd, hash, type, number, expiresAt);
    objects.noteDue(number, hash);
    tellSize(keyspace, ref, collection.memoryBytes);
    return ref;
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
  const type = keyspace.typeOf(ref);
  const expiresAt = keyspace.expiry(ref);
  // Making an entry and putting it in the place of another move no third one.
  if (entries.hasObject(ref)) {
    const number = keyspace.objectOf(ref);
    const renamed = keyspace.setObject(db, key, keyStart, keyEnd, newHash, type, number, expiresAt);
    objects.noteDue(number, newHash);
    tellSize(keyspace, renamed, objects.get(number).memoryBytes);
    entries.setWord(ref, 1, objects.add(NOTHING));
  } else {
    const start = keyspace.valueStart(ref);
    const end = start + keyspace.valueLength(ref);
    const bytes = keyspace.bytesOf(ref);
    keyspace.setPacked(db, key, keyStart, keyEnd, newHash, type, bytes, start, end, expiresAt);
  }
  keyspace.deleteEntry(db, ref, hash);
}

/**
 * Makes a collection by a change of an empty one, and stores it, in the place of whatever the key has. Returns what the change
 * returns; 0: it made none, and nothing is stored. Throws OutOfMemory with nothing changed.
 */
export function createAt(
  keyspace: Keyspace,
  db: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  hash: number,
  type: number,
  change: Change,
): number {
  const collection = keyspace.viewers.openEmpty(type);
  const result = changeCollection(collection, change);
  if (result === 0) return 0;
  storeCollection(keyspace, db, key, keyStart, keyEnd, hash, collection, NO_EXPIRY);
  return result;
}

/**
 * Changes the collection of an entry, and returns what `changeCollection` (types/changes.ts) returns. A
 * collection that is empty then is deleted, unless it is a stream. `ref` is invalid then in any case, unless the collection was on the heap and is not empty.
 * Throws OutOfMemory with nothing changed.
 */
export function changeAt(keyspace: Keyspace, db: number, ref: number, hash: number, change: Change): number {
  if (keyspace.snapshot !== undefined) keyspace.preserve(db, ref, hash | 0);
  const flags = keyspace.entries.flags(ref);
  return isObject(flags)
    ? changeObject(keyspace, db, ref, flags, hash, change)
    : changePacked(keyspace, db, ref, hash, change);
}

/** `changeAt` of a collection on the heap, whose entry has `flags`. */
function changeObject(
  keyspace: Keyspace,
  db: number,
  ref: number,
  flags: number,
  hash: number,
  change: Change,
): number {
  const { objects } = keyspace;
  const number = keyspace.objectOf(ref);
  const collection = objects.get(number);
  const result = changeCollection(collection, change);
  if (result === 0) return 0;
  if (collection.length === 0 && collection.type !== TYPE_STREAM) {
    keyspace.deleteEntry(db, ref, hash);
    return result;
  }
  const isLarge = objects.recount(number) > LARGE_BYTES;
  if (isLarge !== ((flags & FLAG_LARGE) !== 0)) keyspace.entries.setFlags(ref, flags ^ FLAG_LARGE);
  objects.noteDue(number, hash);
  keyspace.journal?.changed(db, ref, change);
  return result;
}

/** `changeAt` of a packed collection: it may outgrow that form. */
function changePacked(keyspace: Keyspace, db: number, ref: number, hash: number, change: Change): number {
  const collection = keyspace.collectionOf(ref);
  keyspace.stripes.begin(hash | 0);
  let result = changeInPlace(collection, change);
  keyspace.stripes.end(hash | 0);
  let changed = ref;
  if (result === 0) {
    result = changeCollection(collection, change);
    if (result === 0) return 0;
    if (collection.length === 0) {
      keyspace.deleteEntry(db, ref, hash);
      return result;
    }
    changed = putBack(keyspace, db, ref, hash, collection);
  }
  keyspace.journal?.changed(db, changed, change);
  return result;
}

/** Stores what has become of a packed collection, and returns the entry's new ref. */
function putBack(keyspace: Keyspace, db: number, ref: number, hash: number, collection: Collection): number {
  if (isPacked(collection)) {
    const { bytes, start, end } = collection;
    return keyspace.rewritePacked(db, ref, hash, bytes, start, end);
  }
  const { objects } = keyspace;
  const added = objects.add(collection);
  objects.noteDue(added, hash);
  return keyspace.unpack(db, ref, hash, added);
}

/** Keeps the flag of an entry by which other threads see whether its collection is large. */
function tellSize({ entries }: Keyspace, ref: number, memoryBytes: number): void {
  const flags = entries.flags(ref);
  const isLarge = memoryBytes > LARGE_BYTES;
  if (isLarge !== ((flags & FLAG_LARGE) !== 0)) entries.setFlags(ref, flags ^ FLAG_LARGE);
}
