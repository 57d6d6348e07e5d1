/**
 * Whole values in and out of a keyspace: what commands that move values between keys work with, whichever
 * shards the keys are on.
 */
import type { ValueImage } from '../commands/context.ts';
import { collectionOf, imageOf } from '../rdb/collections.ts';
import { renameCollection, storeCollection } from '../store/collections.ts';
import { ABSENT, type Keyspace } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';

/** A key's bytes in `bytes[start, end)`, its seeded hash, and the database. */
export interface KeyPlace {
  readonly db: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly hash: number;
}

const NO_BYTES = new Uint8Array(0);

/** A copy of the value, or undefined when there is none. */
export function readImage(
  keyspace: Keyspace,
  { db, bytes, start, end, hash }: KeyPlace,
): ValueImage | undefined {
  const ref = keyspace.find(db, bytes, start, end, hash);
  if (ref === ABSENT) return undefined;
  const valueStart = keyspace.valueStart(ref);
  const type = keyspace.typeOf(ref);
  return {
    type,
    bytes:
      type === TYPE_STRING
        ? keyspace.bytesOf(ref).slice(valueStart, valueStart + keyspace.valueLength(ref))
        : imageOf(keyspace.collectionOf(ref)),
    expiresAt: keyspace.expiry(ref),
    isRaw: keyspace.isRaw(ref),
  };
}

/** The type of the value, or undefined when there is none. */
export function typeAt(keyspace: Keyspace, { db, bytes, start, end, hash }: KeyPlace): number | undefined {
  const ref = keyspace.find(db, bytes, start, end, hash);
  return ref === ABSENT ? undefined : keyspace.typeOf(ref);
}

/** Puts the value in the place of whatever is there. Throws OutOfMemory with nothing changed. */
export function writeImage(keyspace: Keyspace, place: KeyPlace, image: ValueImage): void {
  const { db, bytes, start, end, hash } = place;
  const value = image.bytes;
  if (image.type !== TYPE_STRING) {
    const collection = collectionOf(value, 0, value.length, keyspace.objects.limits);
    storeCollection(keyspace, db, bytes, start, end, hash, collection, image.expiresAt);
    return;
  }
  keyspace.setString(db, bytes, start, end, hash, value, 0, value.length, image.expiresAt);
  if (!image.isRaw) return;
  // Writing nothing behind its end leaves the value as it is, but as one that was changed in place.
  const ref = keyspace.peek(db, bytes, start, end, hash);
  keyspace.writeRange(db, ref, hash, value.length, NO_BYTES, 0, 0);
}

/** Gives a collection to another key; false, and nothing done, when there is none. */
export function renameHere(keyspace: Keyspace, from: KeyPlace, to: KeyPlace): boolean {
  // The new key first: a look-up may delete an expired entry, and a ref holds until the next change only.
  keyspace.find(to.db, to.bytes, to.start, to.end, to.hash);
  const ref = keyspace.find(from.db, from.bytes, from.start, from.end, from.hash);
  if (ref === ABSENT || keyspace.typeOf(ref) === TYPE_STRING) return false;
  renameCollection(keyspace, from.db, ref, from.hash, to.bytes, to.start, to.end, to.hash);
  return true;
}

export function removeKey(keyspace: Keyspace, { db, bytes, start, end, hash }: KeyPlace): boolean {
  return keyspace.delete(db, bytes, start, end, hash);
}
