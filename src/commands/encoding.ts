/** How Redis would store a value: what OBJECT ENCODING and DEBUG OBJECT say. */
import { parseInteger } from '../base/numbers.ts';
import { imageOf } from '../rdb/collections.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_STRING, TYPE_ZSET } from '../store/layout.ts';
import type { Collection } from '../types/collection.ts';
import type { Hash } from '../types/hash.ts';
import type { List } from '../types/list.ts';
import type { MemberSet } from '../types/set.ts';
import type { SortedSet } from '../types/sorted-set.ts';

/** Redis puts strings up to this length into one piece of memory with their header. */
const EMBEDDED_BYTES_MAX = 44;
/** The longest decimal form of a 32-bit integer. */
const INT32_CHARS_MAX = 11;

/** The encoding of the value at `ref`. */
export function encodingOf(keyspace: Keyspace, ref: number): string {
  if (keyspace.typeOf(ref) !== TYPE_STRING) return collectionEncoding(keyspace.collectionOf(ref));
  // What APPEND or SETRANGE has changed stays raw, however short it is.
  if (keyspace.isRaw(ref)) return 'raw';
  if (integerAt(keyspace, ref) !== undefined) return 'int';
  return keyspace.valueLength(ref) <= EMBEDDED_BYTES_MAX ? 'embstr' : 'raw';
}

function collectionEncoding(collection: Collection): string {
  switch (collection.type) {
    case TYPE_LIST:
      return (collection as List).isSmall ? 'listpack' : 'quicklist';
    case TYPE_HASH:
      return (collection as Hash).encoding;
    case TYPE_ZSET:
      return (collection as SortedSet).isPacked ? 'listpack' : 'skiplist';
    case TYPE_STREAM:
      return 'stream';
    case TYPE_SET:
      return (collection as MemberSet).encoding;
    default:
      return 'unknown';
  }
}

/** The bytes that the value at `ref` takes in an RDB file without compression. */
export function serializedLength(keyspace: Keyspace, ref: number): number {
  if (keyspace.typeOf(ref) !== TYPE_STRING) return imageOf(keyspace.collectionOf(ref)).length - 1;
  const length = keyspace.valueLength(ref);
  if (length <= INT32_CHARS_MAX) {
    const value = Number(integerAt(keyspace, ref) ?? Number.NaN);
    if (value >= -128 && value < 128) return 2;
    if (value >= -32768 && value < 32768) return 3;
    if (value >= -2147483648 && value < 2147483648) return 5;
  }
  if (length < 64) return 1 + length;
  return (length < 16384 ? 2 : 5) + length;
}

function integerAt(keyspace: Keyspace, ref: number): number | bigint | undefined {
  const start = keyspace.valueStart(ref);
  return parseInteger(keyspace.bytesOf(ref), start, start + keyspace.valueLength(ref));
}
