/**
 * Writes an RDB file piece by piece. The pieces are collected in one buffer, whose bytes go into the checksum when it is
 * full; long values pass by it.
 */
import { copyBytes, fromLatin1, type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { Crc64 } from './crc64.ts';
import {
  CHECKSUM_BYTES,
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRETIME_MS,
  OPCODE_FREQ,
  OPCODE_FUNCTION,
  OPCODE_IDLE,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  RDB_VERSION_WRITTEN,
  STRING_LZF,
  VALUE_STRING,
} from './format.ts';
import {
  COMPRESSED_BYTES_MIN,
  encodedBytesMax,
  LENGTH_BYTES_MAX,
  writeLength,
  writeLength64,
  writeString,
} from './string-encoding.ts';
import type { ValueWriter } from './value-writer.ts';

/** Takes `bytes[start, end)` of the file. The bytes are only there until it returns. */
export type RdbOutput = (bytes: Uint8Array, start: number, end: number) => void;

export interface RdbWriterOptions {
  /** Compresses strings that get shorter by it (LZF). */
  readonly compress: boolean;
}

/** What a file tells of itself at its beginning. */
export interface RdbHeader {
  /** The Redis version that readers shall believe to see. */
  readonly redisVersion: string;
  /** Seconds since 1970. */
  readonly createdAtSeconds: number;
  readonly usedMemoryBytes: number;
  /** The file is the base of an append-only log. */
  readonly isLogBase?: boolean;
  /** Fields of our own, which other readers pass over. */
  readonly extra?: Readonly<Record<string, string>>;
}

const BUFFER_BYTES = 1 << 17;
/** Longer strings are not collected in the buffer. They are still compressed, if that is wanted, in a buffer of their own. */
const COLLECTED_BYTES_MAX = 1 << 14;
const EXPIRY_BYTES = 9;
/**
 * Compression of strings up to this length is given up for most of them while nothing comes of it: after so many failures
 * in a row only one of several is tried, until one gets shorter. Trying all takes as long as the rest of a snapshot.
 */
const DOUBTED_BYTES_MAX = 1024;
const FAILURES_MAX = 32;
const DOUBTED_TRY_MASK = 15;
/** Expiry, idle time (a length), type. */
const RECORD_HEAD_BYTES = EXPIRY_BYTES + 1 + LENGTH_BYTES_MAX + 1;

export class RdbWriter implements ValueWriter {
  readonly #out: RdbOutput;
  readonly #compress: boolean;
  readonly #buffer: ViewedBytes = viewedBytes(new ArrayBuffer(BUFFER_BYTES));
  readonly #crc = new Crc64();
  #at = 0;
  #flushedBytes = 0;
  /** Bytes that `writeValuePart` still expects. */
  #missing = 0;
  #recordIdle = -1;
  #recordFrequency = -1;
  /** Short strings in a row that did not get shorter; and how many were met since there are too many of them. */
  #failures = 0;
  #doubted = 0;

  constructor(out: RdbOutput, options: RdbWriterOptions) {
    this.#out = out;
    this.#compress = options.compress;
  }

  /** Bytes of the file so far, those that `out` has not got yet included. */
  get bytesWritten(): number {
    return this.#flushedBytes + this.#at;
  }

  /** CRC64 of all bytes that were handed out, those of the checksum at the end left out. */
  get checksum(): bigint {
    return this.#crc.value();
  }

  /** Writes the beginning of the file. */
  begin(header: RdbHeader): void {
    this.#text(`REDIS${String(RDB_VERSION_WRITTEN).padStart(4, '0')}`);
    this.aux('redis-ver', header.redisVersion);
    this.aux('redis-bits', '64');
    this.aux('ctime', String(Math.floor(header.createdAtSeconds)));
    this.aux('used-mem', String(Math.floor(header.usedMemoryBytes)));
    this.aux('aof-base', header.isLogBase === true ? '1' : '0');
    for (const [name, value] of Object.entries(header.extra ?? {})) this.aux(name, value);
  }

  /** Writes a field of the file's own; both texts have one character a byte. */
  aux(name: string, value: string): void {
    this.#opcode(OPCODE_AUX);
    for (const text of [name, value]) {
      const bytes = fromLatin1(text);
      this.#string(bytes, 0, bytes.length);
    }
  }

  /** Writes the code of a function library. */
  functionLibrary(code: Uint8Array): void {
    this.#opcode(OPCODE_FUNCTION);
    this.#string(code, 0, code.length);
  }

  /** All entries from here on are in database `db`. */
  selectDatabase(db: number): void {
    this.#opcode(OPCODE_SELECTDB);
    this.#length(db);
  }

  /** Tells readers how much will come in this database: a hint that need not be right. */
  resizeHint(keys: number, expires: number): void {
    this.#opcode(OPCODE_RESIZEDB);
    this.#length(keys);
    this.#length(expires);
  }

  /** The next entry has not been used for so many seconds. */
  idle(seconds: number): void {
    this.#recordIdle = seconds;
  }

  /** The next entry has this LFU counter, 0 to 255. */
  frequency(counter: number): void {
    this.#recordFrequency = counter;
  }

  /** Writes a string entry. `expiresAt` in milliseconds since 1970, -1 for none. */
  entry(
    key: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    value: ViewedBytes,
    valueStart: number,
    valueEnd: number,
    expiresAt: number,
  ): void {
    const length = keyEnd - keyStart + valueEnd - valueStart;
    if (length > COLLECTED_BYTES_MAX) {
      this.#recordHead(expiresAt);
      this.#string(key, keyStart, keyEnd);
      this.#string(value, valueStart, valueEnd);
      return;
    }
    this.#checkWhole();
    if (this.#at + length + RECORD_HEAD_BYTES + 2 * encodedBytesMax(0) > BUFFER_BYTES) this.flush();
    this.#writeHead(expiresAt, VALUE_STRING);
    this.#at = this.#collect(key, keyStart, keyEnd);
    this.#at = this.#collect(value, valueStart, valueEnd);
  }

  /**
   * Begins a string entry whose value of `valueBytes` bytes follows by `writeValuePart`, as it is: for values so long that writing
   * them takes several slices of time.
   */
  beginEntry(
    key: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    valueBytes: number,
    expiresAt: number,
  ): void {
    this.#recordHead(expiresAt);
    this.#string(key, keyStart, keyEnd);
    this.#length(valueBytes);
    this.#missing = valueBytes;
  }

  /** Writes the next bytes of the value. */
  writeValuePart(bytes: ViewedBytes, start: number, end: number): void {
    if (end - start > this.#missing) throw new RangeError('more bytes of a value than were announced');
    this.#missing -= end - start;
    this.#raw(bytes, start, end);
  }

  /**
   * Begins an entry of a collection of RDB type `valueType`, whose value follows by `length` and `string`, over as much time as
   * it takes.
   */
  beginCollection(
    key: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    valueType: number,
    expiresAt: number,
  ): void {
    this.#recordHead(expiresAt, valueType);
    this.#string(key, keyStart, keyEnd);
  }

  length(length: number): void {
    this.#length(length);
  }

  length64(length: number | bigint): void {
    this.#ensure(LENGTH_BYTES_MAX);
    this.#at = writeLength64(this.#buffer, this.#at, length);
  }

  plain(bytes: ViewedBytes, start: number, end: number): void {
    this.#checkWhole();
    this.#raw(bytes, start, end);
  }

  string(bytes: ViewedBytes, start: number, end: number): void {
    this.#string(bytes, start, end);
  }

  int64(value: number): void {
    this.#ensure(8);
    this.#buffer.view!.setBigInt64(this.#at, BigInt(value), true);
    this.#at += 8;
  }

  double(value: number): void {
    this.#ensure(8);
    this.#buffer.view!.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** Writes a record, from its expiry to its value, as it stands in another file. */
  record(bytes: ViewedBytes, start: number, end: number): void {
    this.#checkWhole();
    this.#raw(bytes, start, end);
  }

  /** Ends the file with its checksum, and hands everything out. */
  end(): void {
    this.#opcode(OPCODE_EOF);
    this.flush();
    const at = this.#crc.write(this.#buffer, 0);
    this.#out(this.#buffer, 0, at);
    this.#flushedBytes += CHECKSUM_BYTES;
  }

  /** Hands out what has been collected. */
  flush(): void {
    if (this.#at === 0) return;
    const end = this.#at;
    this.#at = 0;
    this.#handOut(this.#buffer, 0, end);
  }

  #handOut(bytes: Uint8Array, start: number, end: number): void {
    this.#crc.update(bytes, start, end);
    this.#flushedBytes += end - start;
    this.#out(bytes, start, end);
  }

  #ensure(bytes: number): void {
    this.#checkWhole();
    if (this.#at + bytes > BUFFER_BYTES) this.flush();
  }

  #checkWhole(): void {
    if (this.#missing > 0) throw new RangeError('a value is not whole yet');
  }

  #recordHead(expiresAt: number, valueType: number = VALUE_STRING): void {
    this.#ensure(RECORD_HEAD_BYTES);
    this.#writeHead(expiresAt, valueType);
  }

  /** Writes what stands in front of a key. There is room for it. */
  #writeHead(expiresAt: number, valueType: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    if (expiresAt >= 0) {
      buffer[at] = OPCODE_EXPIRETIME_MS;
      buffer.view!.setUint32(at + 1, expiresAt % 0x100000000, true);
      buffer.view!.setUint32(at + 5, Math.floor(expiresAt / 0x100000000), true);
      at += EXPIRY_BYTES;
    }
    if (this.#recordIdle >= 0) {
      buffer[at] = OPCODE_IDLE;
      at = writeLength(buffer, at + 1, this.#recordIdle);
      this.#recordIdle = -1;
    } else if (this.#recordFrequency >= 0) {
      buffer[at++] = OPCODE_FREQ;
      buffer[at++] = this.#recordFrequency;
      this.#recordFrequency = -1;
    }
    buffer[at++] = valueType;
    this.#at = at;
  }

  #opcode(opcode: number): void {
    this.#ensure(1);
    this.#buffer[this.#at++] = opcode;
  }

  #length(length: number): void {
    this.#ensure(LENGTH_BYTES_MAX);
    this.#at = writeLength(this.#buffer, this.#at, length);
  }

  /** Puts a string, for which there is room, into the buffer, and returns the offset after it. */
  #collect(bytes: ViewedBytes, start: number, end: number): number {
    const buffer = this.#buffer;
    const length = end - start;
    if (!this.#compress || length < COMPRESSED_BYTES_MIN || length > DOUBTED_BYTES_MAX)
      return writeString(buffer, this.#at, bytes, start, end, this.#compress);
    const isTried = this.#failures < FAILURES_MAX || (++this.#doubted & DOUBTED_TRY_MASK) === 0;
    const after = writeString(buffer, this.#at, bytes, start, end, isTried);
    if (buffer[this.#at] === STRING_LZF) this.#failures = 0;
    else if (isTried) this.#failures++;
    return after;
  }

  #string(bytes: ViewedBytes, start: number, end: number): void {
    const length = end - start;
    if (length <= COLLECTED_BYTES_MAX) {
      this.#ensure(encodedBytesMax(length));
      this.#at = this.#collect(bytes, start, end);
    } else if (this.#compress) {
      const own = viewedBytes(new ArrayBuffer(encodedBytesMax(length)));
      this.flush();
      this.#handOut(own, 0, writeString(own, 0, bytes, start, end, true));
    } else {
      this.#length(length);
      this.#raw(bytes, start, end);
    }
  }

  #raw(bytes: ViewedBytes, start: number, end: number): void {
    const length = end - start;
    if (length > COLLECTED_BYTES_MAX) {
      this.flush();
      this.#handOut(bytes, start, end);
      return;
    }
    if (this.#at + length > BUFFER_BYTES) this.flush();
    this.#at = copyBytes(bytes, start, end, this.#buffer, this.#at);
  }

  #text(text: string): void {
    const bytes = fromLatin1(text);
    this.#ensure(bytes.length);
    this.#raw(bytes, 0, bytes.length);
  }
}
