/**
 * Removing fields of hashes whose time has come: when somebody looks at the hash, and in the background. Nobody sees them before
 * that, because whoever looks at a hash has them removed first.
 */
import { RangeList } from '../base/byte-ranges.ts';
import { Change } from '../types/change.ts';
import type { Hash } from '../types/hash.ts';
import { HASH_DELETE } from '../types/hash-changes.ts';
import { TYPE_HASH } from '../types/value-types.ts';
import { changeAt } from './collections.ts';
import { ABSENT, type Keyspace } from './keyspace.ts';

/** Fields that are removed by one change. */
const FIELDS_MAX = 256;
const ranges = new RangeList();
const removal = new Change();

/** Removes all fields of the hash at `ref` that have expired. Returns whether the hash is still there; `ref` is valid then. */
export function removeExpiredFields(keyspace: Keyspace, db: number, ref: number, hash: number): boolean {
  while (hasExpiredFields(keyspace, ref)) if (!removeSome(keyspace, db, ref, hash)) return false;
  return true;
}

/** Of an entry that stands for a hash on the heap. */
export function hasExpiredFields(keyspace: Keyspace, ref: number): boolean {
  const hash = keyspace.collectionOf(ref) as Hash;
  return hash.hasExpiries && hash.hasExpired(keyspace.now()) && keyspace.expires;
}

/** Removes some of those that have expired, the first ones; false: the hash is gone. */
function removeSome(keyspace: Keyspace, db: number, ref: number, hash: number): boolean {
  const collection = keyspace.collectionOf(ref) as Hash;
  const fields = collection.expiredFields(keyspace.now(), FIELDS_MAX);
  ranges.reserve(fields.length);
  ranges.bytes = Buffer.concat(fields);
  let at = 0;
  fields.forEach((field, i) => {
    ranges.starts[i] = at;
    at += field.length;
    ranges.ends[i] = at;
  });
  const isAll = fields.length === collection.length;
  keyspace.options.onFieldsExpired?.(db, ref, isAll);
  changeAt(keyspace, db, ref, hash, removal.by(HASH_DELETE).with(ranges, 0, fields.length));
  return !isAll;
}

/** Looks for fields that have expired until `deadlineMs` (performance.now()). Returns whether there are more. */
export function expireFields(keyspace: Keyspace, deadlineMs: number): boolean {
  const { due } = keyspace.objects;
  const now = keyspace.now();
  while (due.first < now) {
    const object = due.take();
    if (object !== undefined) expireFieldsOf(keyspace, object, now);
    if (performance.now() >= deadlineMs) return due.first < now;
  }
  return false;
}

/** Removes some fields of a hash that was due. */
function expireFieldsOf(keyspace: Keyspace, object: number, now: number): void {
  const { objects } = keyspace;
  const collection = objects.get(object);
  // The number may be another collection's by now.
  if (collection?.type !== TYPE_HASH) return;
  const first = (collection as Hash).firstExpiry;
  if (first === Infinity) return;
  const hash = objects.due.hashOf(object);
  if (first >= now) {
    objects.due.note(object, hash, first);
    return;
  }
  for (let db = 0; db < keyspace.databases.length; db++) {
    const ref = keyspace.entryOfObject(db, object, hash);
    if (ref === ABSENT) continue;
    if (keyspace.isExpired(ref)) keyspace.expireEntry(db, ref, hash);
    else removeSome(keyspace, db, ref, hash);
    return;
  }
}
