/**
 * The bytes of a write-ahead log. Each shard has its own log: segment files with consecutive numbers. All numbers are
 * little-endian; `sequence` numbers and transaction ids are whole numbers in 64-bit floats, from 1; 0 means none.
 *
 *     segment:  header | record | record | … | zeros (room made ahead) or the end of the file
 *
 *     header    0  magic "SHARDWAL"
 *     64 bytes  8  u32 version            12  u32 salt, random
 *              16  u32 shard              20  u32 shards
 *              24  f64 number             32  f64 sequence of the first record
 *              40  f64 durable            48  f64 last transaction before this segment
 *              56  u32 0                  60  u32 crc32 of bytes 0 to 60
 *
 *     record    0  u32 length of the whole record, a multiple of 8: it lies in one sector, so it cannot be torn
 *     40 bytes  4  u32 crc32 of all bytes from 8 on; begun with the segment's salt and the length
 *     before    8  f64 sequence           16  f64 ms since 1970
 *     the      24  f64 last transaction   32  f64 durable
 *     payload  40  effects, see effects.ts, then zeros up to the length
 *
 * `last transaction` is the highest id that this shard has seen, up to and with this record. `durable` is the highest
 * sequence that was known to be synced when the record was written. A record is what one batch of commands changed, so
 * a log ends between two batches.
 *
 * **Where a log ends.** A length of zero, a wrong crc, or a sequence that is not the next one ends the log, and it is one
 * of two things. *Torn*: a crash or a power failure got between; without `appendfsync always` the disk may hold any of
 * the sectors since the last sync, later ones without earlier ones. *Damage*: bytes that were synced are not there any
 * more. The records behind the place tell: it is damage if one of them, or the header of a later segment, says that
 * the missing sequence was durable. A header is synced before the first record comes behind it, so a bad header before
 * anything but zeros is damage as well. The salt makes sure that bytes which a client stored, or an older file left, are
 * never taken for such a record.
 *
 * **Another log's segments.** Sequences of a log begin at its first segment's number times 2^32 (`sequenceBefore`), so that two logs in
 * one directory are never taken for one: bases for other shards begin logs before the manifest that names them is
 * written, and a crash in between leaves those behind the log that still counts.
 *
 * **Going on after an error.** When a write failed, the next segment's header says with which sequence it goes on:
 * records of the segment before it from that sequence on do not count.
 */
import { crc32 } from 'node:zlib';

export const SEGMENT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 64;
export const RECORD_HEADER_BYTES = 40;

const MAGIC = Buffer.from('SHARDWAL', 'latin1');
const VERSION = 8;
const SALT = 12;
const SHARD = 16;
const SHARDS = 20;
const NUMBER = 24;
const FIRST_SEQUENCE = 32;
const DURABLE = 40;
const TRANSACTION = 48;
const HEADER_CRC = 60;

const LENGTH = 0;
const CRC = 4;
export const RECORD_SEQUENCE = 8;
const RECORD_TIME = 16;
const RECORD_TRANSACTION = 24;
const RECORD_DURABLE = 32;

export interface SegmentHeader {
  readonly salt: number;
  readonly shard: number;
  readonly shards: number;
  readonly number: number;
  readonly firstSequence: number;
  readonly durable: number;
  readonly lastTransaction: number;
}

export interface RecordHeader {
  /** Bytes of the whole record. */
  length: number;
  sequence: number;
  timeMs: number;
  lastTransaction: number;
  durable: number;
}

const SEQUENCES_OF_A_LOG = 2 ** 32;

/** The sequence before the first record of a log that begins with segment `number`. */
export function sequenceBefore(number: number): number {
  return number * SEQUENCES_OF_A_LOG;
}

/** The number of the log that has this sequence: that of its first segment. */
export function logOf(sequence: number): number {
  return Math.floor(sequence / SEQUENCES_OF_A_LOG);
}

/** `bytes` up to the next multiple of 8. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(SEGMENT_VERSION, VERSION);
  bytes.writeUInt32LE(header.salt, SALT);
  bytes.writeUInt32LE(header.shard, SHARD);
  bytes.writeUInt32LE(header.shards, SHARDS);
  bytes.writeDoubleLE(header.number, NUMBER);
  bytes.writeDoubleLE(header.firstSequence, FIRST_SEQUENCE);
  bytes.writeDoubleLE(header.durable, DURABLE);
  bytes.writeDoubleLE(header.lastTransaction, TRANSACTION);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_CRC)), HEADER_CRC);
  return bytes;
}

/** The header, or what is wrong with it. `bytes` is what the file begins with, `number` what its name says. */
export function decodeSegmentHeader(bytes: Buffer, number: number): SegmentHeader | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return 'the header is cut short';
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'the header is not that of a log segment';
  if (crc32(bytes.subarray(0, HEADER_CRC)) !== bytes.readUInt32LE(HEADER_CRC))
    return 'the checksum of the header is wrong';
  const version = bytes.readUInt32LE(VERSION);
  if (version !== SEGMENT_VERSION) return `the format has version ${version}, this program reads 1`;
  if (bytes.readDoubleLE(NUMBER) !== number)
    return `the header is that of number ${bytes.readDoubleLE(NUMBER)}`;
  return {
    salt: bytes.readUInt32LE(SALT),
    shard: bytes.readUInt32LE(SHARD),
    shards: bytes.readUInt32LE(SHARDS),
    number,
    firstSequence: bytes.readDoubleLE(FIRST_SEQUENCE),
    durable: bytes.readDoubleLE(DURABLE),
    lastTransaction: bytes.readDoubleLE(TRANSACTION),
  };
}

const lengthBytes = new Uint8Array(4);
const lengthWord = new DataView(lengthBytes.buffer);

function recordCrc(bytes: Uint8Array, start: number, length: number, salt: number): number {
  lengthWord.setUint32(0, length, true);
  return crc32(bytes.subarray(start + RECORD_SEQUENCE, start + length), crc32(lengthBytes, salt));
}

/** Writes the header of a record before its payload and padding, which stand in `bytes` already. */
export function encodeRecordHeader(
  bytes: Uint8Array,
  view: DataView,
  record: RecordHeader,
  salt: number,
): void {
  view.setUint32(LENGTH, record.length, true);
  view.setFloat64(RECORD_SEQUENCE, record.sequence, true);
  view.setFloat64(RECORD_TIME, record.timeMs, true);
  view.setFloat64(RECORD_TRANSACTION, record.lastTransaction, true);
  view.setFloat64(RECORD_DURABLE, record.durable, true);
  view.setUint32(CRC, recordCrc(bytes, 0, record.length, salt), true);
}

/** The length that a record at `start` claims; 0 where no record begins, -1 when no record can have it. */
export function recordLength(view: DataView, start: number): number {
  const length = view.getUint32(start + LENGTH, true);
  return length % 8 !== 0 || (length > 0 && length <= RECORD_HEADER_BYTES) ? -1 : length;
}

export function recordSequence(view: DataView, start: number): number {
  return view.getFloat64(start + RECORD_SEQUENCE, true);
}

/** True when all `length` bytes of the record at `start`, which `bytes` must hold, are as they were written. */
export function isWhole(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  length: number,
  salt: number,
): boolean {
  return view.getUint32(start + CRC, true) === recordCrc(bytes, start, length, salt);
}

export function decodeRecordHeader(view: DataView, start: number, into: RecordHeader): void {
  into.length = view.getUint32(start + LENGTH, true);
  into.sequence = view.getFloat64(start + RECORD_SEQUENCE, true);
  into.timeMs = view.getFloat64(start + RECORD_TIME, true);
  into.lastTransaction = view.getFloat64(start + RECORD_TRANSACTION, true);
  into.durable = view.getFloat64(start + RECORD_DURABLE, true);
}
