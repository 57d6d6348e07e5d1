/** How the handlers of hashes reach them. */

import { hasExpiredFields, removeExpiredFields } from '../../store/field-expiry.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_HASH } from '../../store/layout.ts';
import type { Hash } from '../../types/hash.ts';
import { EntryReader } from '../../types/listpack-entry.ts';
import { findCollection, REFUSED } from '../collection-access.ts';
import type { ArgumentSpec } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { hashOfKey } from '../key-access.ts';

export const FIELD: ArgumentSpec = { name: 'field', type: 'string' };
export const FIELDS: ArgumentSpec = { ...FIELD, multiple: true };

/** The field and the value that a handler has read last. */
export const field: EntryReader = new EntryReader();
export const value: EntryReader = new EntryReader();

/**
 * The entry of the hash at key word `word`, without fields that have expired, or ABSENT; REFUSED, and answered, when something else
 * is there.
 */
export function findHash(context: ShardContext, word = 1): number {
  const { keyspace, db } = context;
  const ref = findCollection(context, TYPE_HASH, word);
  // Fields expire only of hashes on the heap.
  if (ref === ABSENT || ref === REFUSED || !keyspace.hasObject(ref)) return ref;
  if (!hasExpiredFields(keyspace, ref)) return ref;
  return removeExpiredFields(keyspace, db, ref, hashOfKey(context, word)) ? ref : ABSENT;
}

export function hashOf(context: ShardContext, ref: number): Hash {
  return context.keyspace.collectionOf(ref) as Hash;
}

/** Makes the field in word `word` the current one; false when there is none. */
export function findField({ args }: ShardContext, hash: Hash, word: number): boolean {
  return hash.find(args.bytes, args.starts[word]!, args.ends[word]!);
}
