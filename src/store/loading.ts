/** Filling a keyspace from a file: what can be left out when a key is known not to be there yet. */
import { copyBytes } from '../base/bytes.ts';
import type { Keyspace } from './keyspace.ts';
import { FLAG_RAW, TYPE_STRING } from './layout.ts';

/**
 * Stores a string at a key that does not exist, in about three quarters of the time of `setString`, which would look for
 * the key first. That it does not exist is the caller's promise: otherwise it is there twice. (A larger index to
 * begin with gains 2 % more, so there is no way to ask for one.) Throws OutOfMemory with nothing changed.
 */
export function loadString(
  keyspace: Keyspace,
  db: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  hash: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
  expiresAt: number,
  isRaw: boolean,
): void {
  const signed = hash | 0;
  const { entries } = keyspace;
  const length = valueEnd - valueStart;
  const ref = keyspace.insert(db, key, keyStart, keyEnd, signed, TYPE_STRING, length, length, expiresAt);
  copyBytes(value, valueStart, valueEnd, entries.bytesOf(ref), keyspace.valueStart(ref));
  if (isRaw) entries.setFlags(ref, entries.flags(ref) | FLAG_RAW);
  keyspace.link(db, signed, ref);
}
