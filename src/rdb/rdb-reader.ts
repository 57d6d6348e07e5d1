/**
 * Reads RDB files of versions 1 to 12 (Redis 2.x to 7.4) and tells a visitor what is in them, in the file's order. Strings are told
 * as ranges of the window onto the file; nothing is copied for them.
 */
import type { ViewedBytes } from '../base/bytes.ts';
import {
  CHECKSUM_BYTES,
  CHECKSUM_SINCE_VERSION,
  NEVER,
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRETIME,
  OPCODE_EXPIRETIME_MS,
  OPCODE_FREQ,
  OPCODE_FUNCTION,
  OPCODE_FUNCTION_PRE_GA,
  OPCODE_IDLE,
  OPCODE_MODULE_AUX,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  OPCODE_SLOT_INFO,
  RDB_VERSION_MAX,
  VALUE_HASH_LISTPACK_EXPIRIES,
  VALUE_STRING,
} from './format.ts';
import { RdbInput, StringSlot } from './rdb-input.ts';
import type { RdbSource } from './rdb-source.ts';
import { decodeValue, isEmpty } from './value-decoder.ts';
import { skipModuleValue, skipValue } from './value-skipper.ts';
import type { CollectionValue } from './values.ts';

/** Is told what a file holds. Byte ranges are only there until the call returns. */
export interface RdbVisitor {
  /** A field of the file's own; texts with one character a byte. */
  aux?(name: string, value: string): void;
  /** The entries from here on are in this database; without it they are in 0. */
  database?(db: number): void;
  /** How many entries the writer had in this database: a hint, which may be anything. */
  resizeHint?(keys: number, expires: number): void;
  functionLibrary?(code: Uint8Array): void;
  /** Whether the value of this key is wanted. Without this method all are. */
  wants?(key: ViewedBytes, start: number, end: number, type: number): boolean;
  /** The record of a value that was not wanted is over. */
  passed?(): void;
  /** `expiresAt` in milliseconds since 1970, -1 for none. */
  string(
    key: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    value: ViewedBytes,
    valueStart: number,
    valueEnd: number,
    expiresAt: number,
  ): void;
  value(key: ViewedBytes, keyStart: number, keyEnd: number, value: CollectionValue, expiresAt: number): void;
}

export interface RdbReaderOptions {
  /** Whether the checksum at the end is held against the file; true unless given. */
  readonly verifyChecksum?: boolean;
}

export class RdbReader {
  /** The version that the file says it has; 0 before the header was read. */
  version = 0;
  /** Entries told or passed over, and those left out because their collection was empty, as Redis leaves them out. */
  entries = 0;
  emptyEntries = 0;
  /** The record being told, from its expiry to its value: these bytes of the file, in a file of the same database, are the entry. */
  recordStart = 0;
  recordEnd = 0;
  /** Of the record being told: seconds since it was used, and its LFU counter; -1 when the file does not say. */
  idleSeconds = -1;
  frequency = -1;
  /** The end mark was read, and the checksum is right. */
  isComplete = false;
  readonly #input: RdbInput;
  readonly #verify: boolean;
  readonly #key = new StringSlot();
  readonly #value = new StringSlot();
  #expiresAt = NEVER;

  constructor(source: RdbSource, options: RdbReaderOptions = {}) {
    this.#verify = options.verifyChecksum ?? true;
    this.#input = new RdbInput(source, this.#verify);
  }

  /** Where in the file the next byte to be read is: how far it is, and in the end where the RDB data ends. */
  get offset(): number {
    return this.#input.offset;
  }

  /** Reads everything. Throws RdbError. */
  run(visitor: RdbVisitor): void {
    this.runFor(visitor, Number.POSITIVE_INFINITY);
  }

  /**
   * Reads on until `entries` more entries were told or passed over; false when the file has ended. Throws RdbError, after which
   * the reader is of no more use.
   */
  runFor(visitor: RdbVisitor, entries: number): boolean {
    if (this.version === 0) this.#readHeader();
    const input = this.#input;
    for (const stop = this.entries + entries; this.entries < stop && !this.isComplete; ) {
      this.recordStart = input.offset;
      let type = input.byte();
      while (type >= OPCODE_IDLE && type !== OPCODE_EOF && this.#readAttribute(type)) type = input.byte();
      if (type === VALUE_STRING) this.#readString(visitor);
      else if (type <= VALUE_HASH_LISTPACK_EXPIRIES) this.#readValue(visitor, type);
      else this.#readOpcode(visitor, type);
    }
    return !this.isComplete;
  }

  #readHeader(): void {
    const input = this.#input;
    const magic = input.text(5);
    const digits = input.text(4);
    if (magic !== 'REDIS' || !/^\d{4}$/.test(digits)) input.fail('this is not an RDB file', 0);
    const version = Number(digits);
    if (version < 1 || version > RDB_VERSION_MAX) {
      input.fail(`version ${version} is not one of 1 to ${RDB_VERSION_MAX}`, 5, 'unsupported');
    }
    this.version = version;
  }

  /** Reads what stands in front of a record's type. False when the opcode is no such thing. */
  #readAttribute(opcode: number): boolean {
    const input = this.#input;
    input.reading = 'what stands before a key';
    if (opcode === OPCODE_EXPIRETIME_MS) {
      this.#expiresAt = moment(input.int64());
    } else if (opcode === OPCODE_EXPIRETIME) {
      const seconds = input.uint32() | 0;
      this.#expiresAt = seconds === NEVER ? NEVER : moment(seconds * 1000);
    } else if (opcode === OPCODE_IDLE) {
      this.idleSeconds = input.length();
    } else if (opcode === OPCODE_FREQ) {
      this.frequency = input.byte();
    } else {
      return false;
    }
    return true;
  }

  #readString(visitor: RdbVisitor): void {
    const input = this.#input;
    const key = this.#key;
    if (!this.#readKey(visitor, VALUE_STRING)) return;
    const value = this.#value;
    input.reading = 'a string';
    input.string(value);
    this.recordEnd = input.offset;
    const keyStart = input.startOf(key);
    const valueStart = input.startOf(value);
    visitor.string(
      input.bytesOf(key),
      keyStart,
      keyStart + key.length,
      input.bytesOf(value),
      valueStart,
      valueStart + value.length,
      this.#expiresAt,
    );
    this.#endRecord();
  }

  #readValue(visitor: RdbVisitor, type: number): void {
    const input = this.#input;
    const key = this.#key;
    if (!this.#readKey(visitor, type)) return;
    // A copy, so that the window can move on: a collection may be far larger than it.
    const start = input.startOf(key);
    const name = input.bytesOf(key).slice(start, start + key.length);
    input.keptFrom = Number.POSITIVE_INFINITY;
    const value = decodeValue(input, type);
    this.recordEnd = input.offset;
    if (isEmpty(value)) this.emptyEntries++;
    else if (value.kind !== 'string') visitor.value(name, 0, name.length, value, this.#expiresAt);
    this.#endRecord();
  }

  /** Reads the key. False when its value is not wanted, and was passed over. */
  #readKey(visitor: RdbVisitor, type: number): boolean {
    const input = this.#input;
    const key = this.#key;
    input.reading = 'a key';
    // The value may be longer than the rest of the window; the key stays there with it.
    input.keptFrom = input.offset;
    input.string(key);
    if (visitor.wants === undefined) return true;
    const start = input.startOf(key);
    if (visitor.wants(input.bytesOf(key), start, start + key.length, type)) return true;
    input.keptFrom = Number.POSITIVE_INFINITY;
    input.reading = 'a value to pass over';
    skipValue(input, type);
    this.recordEnd = input.offset;
    visitor.passed?.();
    this.#endRecord();
    return false;
  }

  #endRecord(): void {
    this.#input.keptFrom = Number.POSITIVE_INFINITY;
    this.#expiresAt = NEVER;
    this.idleSeconds = -1;
    this.frequency = -1;
    this.entries++;
  }

  #readOpcode(visitor: RdbVisitor, opcode: number): void {
    const input = this.#input;
    input.reading = `what belongs to opcode ${opcode}`;
    switch (opcode) {
      case OPCODE_SELECTDB: {
        const db = input.length();
        visitor.database?.(db);
        break;
      }
      case OPCODE_RESIZEDB:
        this.#readResizeHint(visitor);
        break;
      case OPCODE_AUX: {
        const name = input.stringText();
        const value = input.stringText();
        visitor.aux?.(name, value);
        break;
      }
      case OPCODE_FUNCTION: {
        const code = input.stringCopy();
        visitor.functionLibrary?.(code);
        break;
      }
      case OPCODE_FUNCTION_PRE_GA:
        this.#readOldFunction(visitor);
        break;
      case OPCODE_MODULE_AUX:
        input.length64();
        input.length();
        input.length();
        skipModuleValue(input);
        break;
      case OPCODE_SLOT_INFO:
        for (let i = 0; i < 3; i++) input.length();
        break;
      case OPCODE_EOF:
        this.#readEnd();
        break;
      default:
        input.fail(`${opcode} is neither a type nor an opcode`, input.offset - 1);
    }
  }

  #readResizeHint(visitor: RdbVisitor): void {
    const keys = this.#input.length();
    const expires = this.#input.length();
    visitor.resizeHint?.(keys, expires);
  }

  /** The release candidates of 7.0 wrote name, engine and description apart from the code, which does not have them. */
  #readOldFunction(visitor: RdbVisitor): void {
    const input = this.#input;
    const name = input.stringText();
    const engine = input.stringText();
    if (input.length() !== 0) input.skipString();
    const code = input.stringCopy();
    const first = Buffer.from(`#!${engine.toLowerCase()} name=${name}\n`, 'latin1');
    visitor.functionLibrary?.(new Uint8Array(Buffer.concat([first, code])));
  }

  #readEnd(): void {
    const input = this.#input;
    if (this.version >= CHECKSUM_SINCE_VERSION) {
      input.reading = 'the checksum';
      if (this.#verify && !input.isChecksumRight()) input.fail('it is not the one of what stands before it');
      input.skip(CHECKSUM_BYTES);
    }
    this.isComplete = true;
  }
}

/** A moment of expiry as it is kept: not before 1970, and exact. -1 is none. */
function moment(ms: number): number {
  return ms === NEVER ? NEVER : Math.min(Math.max(0, ms), Number.MAX_SAFE_INTEGER);
}
