/** From collections to their form in RDB files, and back from what was read of one. */

import type { Collection, CollectionLimits } from '../types/collection.ts';
import type { Hash } from '../types/hash.ts';
import { List } from '../types/list.ts';
import type { ListLimits } from '../types/list-limits.ts';
import type { MemberSet } from '../types/set.ts';
import type { SortedSet } from '../types/sorted-set.ts';
import type { Stream } from '../types/stream.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_ZSET } from '../types/value-types.ts';
import { buildHash } from './hash-builder.ts';
import { hashEncoder } from './hash-encoder.ts';
import { ListEncoder } from './list-encoder.ts';
import { PayloadWriter } from './payload-writer.ts';
import { RdbInput } from './rdb-input.ts';
import { BufferSource } from './rdb-source.ts';
import { buildSet } from './set-builder.ts';
import { setEncoder } from './set-encoder.ts';
import { buildSortedSet } from './sorted-set-builder.ts';
import { sortedSetEncoder } from './sorted-set-encoder.ts';
import { buildStream } from './stream-builder.ts';
import { StreamEncoder } from './stream-encoder.ts';
import { decodeValue, isEmpty } from './value-decoder.ts';
import { kindOfType } from './value-kinds.ts';
import type { CollectionEncoder } from './value-writer.ts';
import type { CollectionValue, ListValue } from './values.ts';

/** What is kept, for people. */
export const KEPT_KINDS = 'strings, lists, sets, sorted sets, hashes and streams';

/** Whether values of RDB type `valueType` are kept. */
export function isKept(valueType: number): boolean {
  return kindOfType(valueType) !== 'value of a module';
}

/** The collection must not be empty, unless it is a stream. */
export function encoderOf(collection: Collection): CollectionEncoder {
  switch (collection.type) {
    case TYPE_LIST:
      return new ListEncoder(collection as List);
    case TYPE_HASH:
      return hashEncoder(collection as Hash);
    case TYPE_ZSET:
      return sortedSetEncoder(collection as SortedSet);
    case TYPE_STREAM:
      return new StreamEncoder(collection as Stream);
    case TYPE_SET:
      return setEncoder(collection as MemberSet);
    default:
      throw new Error(`no collection has the type ${collection.type}`);
  }
}

/** Writes the image of a collection: the type and the value as they stand in an RDB file. */
export function writeImageOf(collection: Collection, writer: PayloadWriter): void {
  const encoder = encoderOf(collection);
  writer.byte(encoder.valueType);
  while (!encoder.step(writer));
}

/** The image in memory of its own. */
export function imageOf(collection: Collection): Uint8Array {
  const writer = new PayloadWriter(false);
  writeImageOf(collection, writer);
  return writer.bytes.subarray(0, writer.end);
}

/** The collection with the image `bytes[start, end)`. Throws RdbError. */
export function collectionOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: CollectionLimits,
): Collection {
  const input = new RdbInput(new BufferSource(bytes.subarray(start, end)), false);
  const value = decodeValue(input, input.byte());
  if (value.kind === 'string' || isEmpty(value)) return input.fail('it is no collection');
  return buildCollection(value, limits);
}

/** A collection of what was read, which is not empty unless it is a stream. */
export function buildCollection(value: CollectionValue, limits: CollectionLimits): Collection {
  switch (value.kind) {
    case 'list':
      return buildList(value, limits.list);
    case 'hash':
      return buildHash(value, limits.hash);
    case 'set':
      return buildSet(value, limits.set);
    case 'sorted-set':
      return buildSortedSet(value, limits.sortedSet);
    case 'stream':
      return buildStream(value, limits.stream);
  }
}

function buildList(value: ListValue, limits: ListLimits): List {
  const list = new List(limits);
  // As many chunks as its elements need, whatever the file had.
  list.isSmall = false;
  for (const element of value.elements) list.pushTail(element, 0, element.length);
  list.judge();
  return list;
}
