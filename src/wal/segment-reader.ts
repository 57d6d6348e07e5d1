/** Reads one segment from its beginning, a window of it at a time, and checks every record. */
import { join } from 'node:path';
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { segmentName } from './directory.ts';
import { readAll, type WalFiles } from './files.ts';
import {
  aligned,
  decodeRecordHeader,
  decodeSegmentHeader,
  isWhole,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  recordLength,
  recordSequence,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from './layout.ts';

const WINDOW_BYTES = 1024 * 1024;
/** Beyond this the window, which grew for a large record, is given back. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** A segment file, with what its header says, or what is wrong with the header. */
export interface Segment {
  readonly path: string;
  readonly number: number;
  readonly header: SegmentHeader | string;
}

export type ReadResult = 'record' | 'end' | 'bad';

export class SegmentReader {
  readonly path: string;
  /** What `next` read last. */
  readonly record: RecordHeader = { length: 0, sequence: 0, timeMs: 0, lastTransaction: 0, durable: 0 };
  /** The window; the payload of the record that was read is [payloadStart, payloadEnd) of it, until the next `next`. */
  bytes: ViewedBytes = viewedBytes(new ArrayBuffer(0));
  payloadStart = 0;
  payloadEnd = 0;
  /** Where in the file the record begins that was read last, or that is bad, or where the segment ends. */
  offset = SEGMENT_HEADER_BYTES;
  /** After 'bad': what is. */
  reason = '';
  readonly size: number;
  readonly #files: WalFiles;
  readonly #fd: number;
  readonly #salt: number;
  /** The window holds [windowStart, windowEnd) of the file. */
  #windowStart = 0;
  #windowEnd = 0;
  #next = SEGMENT_HEADER_BYTES;

  constructor(files: WalFiles, path: string, salt: number) {
    this.#files = files;
    this.path = path;
    this.#salt = salt;
    this.#fd = files.open(path, 'read');
    this.size = files.size(this.#fd);
  }

  close(): void {
    this.#files.close(this.#fd);
  }

  /** Reads the record behind the last one; 'end' where nothing but zeros is left. */
  next(): ReadResult {
    this.offset = this.#next;
    const left = this.size - this.offset;
    if (left < RECORD_HEADER_BYTES) return this.#endOr('a record is cut short');
    this.#load(this.offset, RECORD_HEADER_BYTES);
    const length = recordLength(this.bytes.view!, this.offset - this.#windowStart);
    if (length === 0) return this.#endOr('the length of a record is gone');
    if (length < 0) return this.#bad('no record can have this length');
    if (length > left) return this.#bad('a record is longer than the file');
    this.#load(this.offset, length);
    const start = this.offset - this.#windowStart;
    if (!isWhole(this.bytes, this.bytes.view!, start, length, this.#salt)) {
      return this.#bad('the checksum of a record is wrong');
    }
    decodeRecordHeader(this.bytes.view!, start, this.record);
    this.payloadStart = start + RECORD_HEADER_BYTES;
    this.payloadEnd = start + length;
    this.#next = this.offset + length;
    return 'record';
  }

  #endOr(reason: string): ReadResult {
    return this.usedEnd(this.offset) === this.offset ? 'end' : this.#bad(reason);
  }

  #bad(reason: string): ReadResult {
    this.reason = reason;
    return 'bad';
  }

  /** The end of the last byte from `from` on that is not zero; `from` when all are. */
  usedEnd(from: number): number {
    let end = from;
    for (let at = from; at < this.size; ) {
      const bytes = Math.min(WINDOW_BYTES, this.size - at);
      this.#load(at, bytes);
      const window = this.bytes.subarray(at - this.#windowStart, at - this.#windowStart + bytes);
      const last = window.findLastIndex((byte) => byte !== 0);
      if (last >= 0) end = at + last + 1;
      at += bytes;
    }
    return end;
  }

  /**
   * Finds whole records behind `offset`, which hold sequences above `after`, wherever they begin, and calls `found`
   * for each. How the log got there does not matter: one that is whole was written by this log.
   */
  search(offset: number, after: number, found: (record: RecordHeader) => void): void {
    const record: RecordHeader = { ...this.record };
    let at = Math.max(SEGMENT_HEADER_BYTES, Math.ceil(offset / 8) * 8);
    const sequenceMax = after + 1 + (this.size - at) / RECORD_HEADER_BYTES;
    while (at + RECORD_HEADER_BYTES <= this.size) {
      this.#load(at, RECORD_HEADER_BYTES);
      const start = at - this.#windowStart;
      const view = this.bytes.view!;
      const length = recordLength(view, start);
      const sequence = recordSequence(view, start);
      const mayBe =
        length > 0 && length <= this.size - at && sequence > after && sequence <= sequenceMax + 2 ** 20;
      if (mayBe && Number.isInteger(sequence) && this.#isRecord(at, length)) {
        decodeRecordHeader(this.bytes.view!, at - this.#windowStart, record);
        found(record);
        at += length;
      } else at += 8;
    }
  }

  #isRecord(at: number, length: number): boolean {
    this.#load(at, length);
    return isWhole(this.bytes, this.bytes.view!, at - this.#windowStart, length, this.#salt);
  }

  /** Sees to it that the window holds [at, at + bytes) of the file. */
  #load(at: number, bytes: number): void {
    if (at >= this.#windowStart && at + bytes <= this.#windowEnd) return;
    const isTooBig = this.bytes.length > KEPT_BYTES && bytes <= WINDOW_BYTES;
    if (bytes > this.bytes.length || isTooBig) {
      this.bytes = viewedBytes(
        new ArrayBuffer(Math.max(Math.min(WINDOW_BYTES, aligned(this.size)), aligned(bytes))),
      );
    }
    const end = Math.min(this.bytes.length, this.size - at);
    this.#windowStart = at;
    this.#windowEnd = at + readAll(this.#files, this.#fd, this.bytes, 0, end, at);
    // What shrank meanwhile reads as zeros.
    this.bytes.fill(0, this.#windowEnd - at, Math.max(this.#windowEnd - at, bytes));
  }
}

/** Reads the header of a segment. */
export function readSegment(files: WalFiles, directory: string, shard: number, number: number): Segment {
  const path = join(directory, segmentName(shard, number));
  const fd = files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const read = readAll(files, fd, bytes, 0, bytes.length, 0);
    const header = decodeSegmentHeader(bytes.subarray(0, read), number);
    const isForeign = typeof header !== 'string' && header.shard !== shard;
    return { path, number, header: isForeign ? `the header is that of shard ${header.shard}` : header };
  } finally {
    files.close(fd);
  }
}
