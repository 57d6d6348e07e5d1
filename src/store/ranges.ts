/** Strings that are made or marked as changed in place (FLAG_RAW). */
import { type Keyspace, NO_EXPIRY } from './keyspace.ts';
import { FLAG_RAW, TYPE_STRING } from './layout.ts';

/** Fills a value whose first byte is `bytes[valueStart]`. It must not throw, nor change the keyspace otherwise. */
export type Edit = (bytes: Uint8Array, valueStart: number) => void;

/**
 * Stores a string of `length` zero bytes, changed by `edit`, at a key that does not exist. Throws OutOfMemory with
 * nothing changed.
 */
export function createRange(
  keyspace: Keyspace,
  db: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  hash: number,
  length: number,
  edit: Edit,
): void {
  const signed = hash | 0;
  const ref = keyspace.insert(db, key, keyStart, keyEnd, signed, TYPE_STRING, length, length, NO_EXPIRY);
  const bytes = keyspace.bytesOf(ref);
  const valueStart = keyspace.valueStart(ref);
  bytes.fill(0, valueStart, valueStart + length);
  edit(bytes, valueStart);
  // Nobody sees the entry before it is linked.
  keyspace.entries.setFlags(ref, keyspace.entries.flags(ref) | FLAG_RAW);
  keyspace.link(db, signed, ref);
}

/** Marks a string as changed in place, or as not. */
export function markRaw(keyspace: Keyspace, ref: number, hash: number, isRaw: boolean): void {
  const { entries, stripes } = keyspace;
  const flags = entries.flags(ref);
  stripes.begin(hash);
  entries.setFlags(ref, isRaw ? flags | FLAG_RAW : flags & ~FLAG_RAW);
  stripes.end(hash);
}
