/** The value of an entry as DUMP has it. */
import { dumpCollection, dumpString } from '../rdb/dump-payload.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';

export function payloadOf(keyspace: Keyspace, ref: number): Uint8Array {
  if (keyspace.typeOf(ref) !== TYPE_STRING) return dumpCollection(keyspace.collectionOf(ref), true);
  const start = keyspace.valueStart(ref);
  return dumpString(keyspace.bytesOf(ref), start, start + keyspace.valueLength(ref), true);
}
