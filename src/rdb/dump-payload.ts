/** What DUMP answers and RESTORE takes: `type(u8) value version(u16) crc64`, all but the first two as the footer. */
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import type { Collection } from '../types/collection.ts';
import { writeImageOf } from './collections.ts';
import { Crc64 } from './crc64.ts';
import { CHECKSUM_BYTES, RDB_VERSION_MAX, RDB_VERSION_WRITTEN, VALUE_STRING } from './format.ts';
import { PayloadWriter } from './payload-writer.ts';
import { RdbError } from './rdb-error.ts';
import { RdbInput } from './rdb-input.ts';
import { BufferSource } from './rdb-source.ts';
import { encodedBytesMax, writeString } from './string-encoding.ts';
import { decodeValue, isEmpty } from './value-decoder.ts';
import type { RdbValue } from './values.ts';

const FOOTER_BYTES = 2 + CHECKSUM_BYTES;

/** The payload of the string `value[start, end)`. */
export function dumpString(value: ViewedBytes, start: number, end: number, compress: boolean): Uint8Array {
  const payload = viewedBytes(new ArrayBuffer(1 + encodedBytesMax(end - start) + FOOTER_BYTES));
  payload[0] = VALUE_STRING;
  let at = writeString(payload, 1, value, start, end, compress);
  payload[at++] = RDB_VERSION_WRITTEN;
  payload[at++] = 0;
  const crc = new Crc64();
  crc.update(payload, 0, at);
  return payload.subarray(0, crc.write(payload, at));
}

/** The payload of a collection. */
export function dumpCollection(collection: Collection, compress: boolean): Uint8Array {
  const writer = new PayloadWriter(compress);
  writeImageOf(collection, writer);
  writer.byte(RDB_VERSION_WRITTEN);
  writer.byte(0);
  writer.room(CHECKSUM_BYTES);
  const crc = new Crc64();
  crc.update(writer.bytes, 0, writer.end);
  return writer.bytes.subarray(0, crc.write(writer.bytes, writer.end));
}

/** Whether `payload[start, end)` has a footer with a version that is known and the right checksum. Zeros are no checksum here. */
export function isDumpPayload(payload: Uint8Array, start: number, end: number): boolean {
  if (end - start < FOOTER_BYTES) return false;
  const footer = end - FOOTER_BYTES;
  if ((payload[footer]! | (payload[footer + 1]! << 8)) > RDB_VERSION_MAX) return false;
  const crc = new Crc64();
  crc.update(payload, start, end - CHECKSUM_BYTES);
  return crc.equals(payload, end - CHECKSUM_BYTES);
}

/** The value in a payload that `isDumpPayload`. Throws RdbError. */
export function readDumpPayload(payload: Uint8Array, start: number, end: number): RdbValue {
  const input = new RdbInput(new BufferSource(payload.subarray(start, end - FOOTER_BYTES)), false);
  const value = decodeValue(input, input.byte());
  if (isEmpty(value)) throw new RdbError(input.offset, 'a DUMP payload', 'a collection has nothing in it');
  return value;
}
