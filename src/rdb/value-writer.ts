/** Writing values in the form of RDB files: to a file, or into memory. */
import type { ViewedBytes } from '../base/bytes.ts';

/** What a value is written to. */
export interface ValueWriter {
  /** A length, or another number. */
  length(length: number): void;
  /** A number of up to 64 bits in the form of a length. */
  length64(length: number | bigint): void;
  /** The string `bytes[start, end)`. */
  string(bytes: ViewedBytes, start: number, end: number): void;
  /** A moment, ms since 1970: eight bytes. */
  int64(value: number): void;
  /** A floating-point number: eight bytes. */
  double(value: number): void;
  /** The bytes `bytes[start, end)` as they are, without a length. */
  plain(bytes: ViewedBytes, start: number, end: number): void;
}

/** Writes a collection that does not change meanwhile, a part at a time. */
export interface CollectionEncoder {
  /** One of the VALUE_ numbers of format.ts. */
  readonly valueType: number;
  /** Writes the next part, of some kilobytes unless an element is longer. True: it was the last. */
  step(writer: ValueWriter): boolean;
}
