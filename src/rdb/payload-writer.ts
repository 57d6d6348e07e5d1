/** Collects a value in the form of RDB files in one growing buffer. One object serves one value after the other. */
import { copyBytes, type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import {
  encodedBytesMax,
  LENGTH_BYTES_MAX,
  writeLength,
  writeLength64,
  writeString,
} from './string-encoding.ts';
import type { ValueWriter } from './value-writer.ts';

const INITIAL_BYTES = 1024;
/** A buffer that grew beyond this is not kept. */
const KEPT_BYTES = 1 << 20;

export class PayloadWriter implements ValueWriter {
  /** What was written is `bytes[0, end)`. */
  bytes: ViewedBytes = viewedBytes(new ArrayBuffer(INITIAL_BYTES));
  end = 0;
  readonly #compress: boolean;

  constructor(compress: boolean) {
    this.#compress = compress;
  }

  clear(): void {
    this.end = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = viewedBytes(new ArrayBuffer(INITIAL_BYTES));
  }

  byte(byte: number): void {
    this.room(1);
    this.bytes[this.end++] = byte;
  }

  length(length: number): void {
    this.room(LENGTH_BYTES_MAX);
    this.end = writeLength(this.bytes, this.end, length);
  }

  length64(length: number | bigint): void {
    this.room(LENGTH_BYTES_MAX);
    this.end = writeLength64(this.bytes, this.end, length);
  }

  plain(bytes: ViewedBytes, start: number, end: number): void {
    this.room(end - start);
    this.end = copyBytes(bytes, start, end, this.bytes, this.end);
  }

  string(bytes: ViewedBytes, start: number, end: number): void {
    this.room(encodedBytesMax(end - start));
    this.end = writeString(this.bytes, this.end, bytes, start, end, this.#compress);
  }

  int64(value: number): void {
    this.room(8);
    this.bytes.view!.setBigInt64(this.end, BigInt(value), true);
    this.end += 8;
  }

  double(value: number): void {
    this.room(8);
    this.bytes.view!.setFloat64(this.end, value, true);
    this.end += 8;
  }

  /** Makes sure that `size` more bytes fit. */
  room(size: number): void {
    const least = this.end + size;
    if (least <= this.bytes.length) return;
    const grown = viewedBytes(new ArrayBuffer(Math.max(least, 2 * this.bytes.length)));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }
}
