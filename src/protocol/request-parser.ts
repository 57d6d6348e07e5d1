/**
 * The incremental parser of requests: RESP arrays of bulk strings, and inline commands.
 *
 * It works on bytes in place. `next(bytes, end)` parses from `position`; when a command is cut it returns
 * NEED_MORE and keeps its progress (so a command of a million words that arrives in small pieces is not
 * parsed again from its start), and the caller either appends to the same buffer or moves the bytes from
 * `commandStart` on to another one and calls `rebase`. Where Redis looks at one command at a time so does
 * this: an error in the second command of a pipeline comes after the first one's reply.
 */
import { CR, LF } from '../base/bytes.ts';
import { parseInteger } from '../base/numbers.ts';
import { splitWords } from '../base/words.ts';
import { Arguments } from './arguments.ts';
import { PROTOCOL } from './errors.ts';

export const NEED_MORE = 0;
export const COMMAND = 1;
/** An empty line or an empty array: nothing to answer. */
export const NOTHING = 2;
export const PROTOCOL_ERROR = 3;

export const WORDS_MAX = 1024 * 1024;
/** The longest inline command and the longest length line: Redis's PROTO_INLINE_MAX_SIZE. */
const LINE_BYTES_MAX = 64 * 1024;
const UNAUTHENTICATED_WORDS_MAX = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * 1024;

const STAR = 42;
const DOLLAR = 36;
const MINUS = 45;

const LINE_INCOMPLETE = -1;
const LINE_TOO_LONG = -2;
const LINE_INVALID = -3;

export interface ParserLimits {
  /** `proto-max-bulk-len`: bytes of one word. */
  bulkBytesMax: number;
}

export class RequestParser {
  readonly args = new Arguments();
  /** Where the next byte to parse stands. */
  position = 0;
  /** Where the command that is being parsed, or was just returned, begins. */
  commandStart = 0;
  /** The text of the error after PROTOCOL_ERROR. */
  error = '';
  /** False until the client has authenticated, where that is required: then lengths are limited. */
  trusted = true;

  readonly #limits: ParserLimits;
  /** How many words the current array has; 0 between commands. */
  #expected = 0;
  /** How many of them have been read. */
  #read = 0;
  /** The length of the word whose `$` line has been read; -1 when that line is next. */
  #bulkLength = -1;
  /** Where the line after the last number that was read begins. */
  #afterLine = 0;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  /** Forgets a half-read command: parsing starts over at `position`. */
  restart(position: number): void {
    this.position = position;
    this.commandStart = position;
    this.#expected = 0;
    this.#read = 0;
    this.#bulkLength = -1;
  }

  /** Tells that what stood at offset `delta` of the buffer now stands at 0. */
  rebase(delta: number): void {
    this.position -= delta;
    this.commandStart -= delta;
    for (let i = 0; i < this.#read; i++) {
      this.args.starts[i]! -= delta;
      this.args.ends[i]! -= delta;
    }
  }

  /** True between NEED_MORE and the rest of a command of which something has been read. */
  get isInsideCommand(): boolean {
    return this.#expected > 0;
  }

  /** Bytes of the command that was returned last, while it runs, or of an unfinished one as far as it has been read. */
  get commandBytes(): number {
    return this.position - this.commandStart;
  }

  /** Bytes of its words. */
  get wordBytes(): number {
    const count = this.isInsideCommand ? this.#read : this.commandBytes > 0 ? this.args.count : 0;
    let bytes = 0;
    for (let i = 0; i < count; i++) bytes += this.args.length(i);
    return bytes;
  }

  /** At least how many bytes, counted from `commandStart`, the current command has. */
  get bytesNeeded(): number {
    const word = this.#bulkLength >= 0 ? this.#bulkLength + 2 : 1;
    return this.position - this.commandStart + word;
  }

  /** Parses one command from `bytes[position, end)`; its words are in `args` when COMMAND is returned. */
  next(bytes: Uint8Array, end: number): number {
    const args = this.args;
    let at = this.position;
    if (this.#expected === 0) {
      this.commandStart = at;
      if (at >= end) return NEED_MORE;
      if (bytes[at] !== STAR) return this.#nextInline(bytes, end);
      const count = this.#readCount(bytes, at + 1, end);
      if (count < 0) return count === LINE_INCOMPLETE ? NEED_MORE : PROTOCOL_ERROR;
      at = this.#afterLine;
      this.position = at;
      if (count === 0) return NOTHING;
      args.ensureCapacity(Math.min(count, 1024));
      this.#expected = count;
      this.#read = 0;
    }
    const expected = this.#expected;
    let read = this.#read;
    let length = this.#bulkLength;
    while (read < expected) {
      if (length < 0) {
        length = this.#readBulkLength(bytes, at, end);
        if (length < 0) {
          this.#bulkLength = -1;
          this.#read = read;
          this.position = at;
          return length === LINE_INCOMPLETE ? NEED_MORE : PROTOCOL_ERROR;
        }
        at = this.#afterLine;
      }
      if (end - at < length + 2) {
        this.#bulkLength = length;
        this.#read = read;
        this.position = at;
        return NEED_MORE;
      }
      if (read >= args.starts.length) args.ensureCapacity(read + 1);
      args.starts[read] = at;
      at += length;
      args.ends[read] = at;
      at += 2;
      read++;
      length = -1;
    }
    args.bytes = bytes;
    args.count = expected;
    this.position = at;
    this.#expected = 0;
    this.#read = 0;
    this.#bulkLength = -1;
    return COMMAND;
  }

  /** The number of words after `*` (none where Redis ignores the array), or a LINE_ code; sets `error`. */
  #readCount(bytes: Uint8Array, at: number, end: number): number {
    const count =
      bytes[at] === MINUS ? this.#readNegativeCount(bytes, at, end) : this.#readNumber(bytes, at, end);
    if (count === LINE_INCOMPLETE) return LINE_INCOMPLETE;
    if (count === LINE_TOO_LONG) {
      this.error = PROTOCOL.tooBigMultibulkCount;
      return LINE_INVALID;
    }
    if (count < 0 || count > WORDS_MAX) {
      this.error = PROTOCOL.invalidMultibulkLength;
      return LINE_INVALID;
    }
    if (!this.trusted && count > UNAUTHENTICATED_WORDS_MAX) {
      this.error = PROTOCOL.unauthenticatedMultibulkLength;
      return LINE_INVALID;
    }
    return count;
  }

  /** Any well-formed negative count means an empty command. */
  #readNegativeCount(bytes: Uint8Array, at: number, end: number): number {
    const state = this.#lineState(bytes, at, end);
    if (state !== 0) return state;
    const lineEnd = bytes.indexOf(CR, at);
    this.#afterLine = lineEnd + 2;
    return parseInteger(bytes, at, lineEnd) === undefined ? LINE_INVALID : 0;
  }

  /** The length on the `$` line at `at`, or LINE_INCOMPLETE, or another LINE_ code with `error` set. */
  #readBulkLength(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return LINE_INCOMPLETE;
    const dollar = bytes[at] === DOLLAR;
    const length = dollar ? this.#readNumber(bytes, at + 1, end) : this.#lineState(bytes, at, end);
    if (length === LINE_INCOMPLETE) return LINE_INCOMPLETE;
    if (length === LINE_TOO_LONG) {
      this.error = PROTOCOL.tooBigBulkCount;
      return LINE_INVALID;
    }
    if (!dollar) {
      this.error = PROTOCOL.expectedDollar(String.fromCharCode(bytes[at]!));
      return LINE_INVALID;
    }
    if (length < 0 || length > this.#limits.bulkBytesMax) {
      this.error = PROTOCOL.invalidBulkLength;
      return LINE_INVALID;
    }
    if (!this.trusted && length > UNAUTHENTICATED_BULK_BYTES_MAX) {
      this.error = PROTOCOL.unauthenticatedBulkLength;
      return LINE_INVALID;
    }
    return length;
  }

  /**
   * Reads a non-negative decimal and its line end; sets `#afterLine`. As in Redis the line ends at the first
   * CR and the byte after it is taken for the LF; leading zeros are invalid.
   */
  #readNumber(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    let value = 0;
    while (at < end) {
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (at + 1 < end && bytes[at] === CR) {
      this.#afterLine = at + 2;
      const digits = at - from;
      if (digits === 0 || digits > 15 || (digits > 1 && bytes[from] === 48)) return LINE_INVALID;
      return value;
    }
    const state = this.#lineState(bytes, from, end);
    return state === 0 ? LINE_INVALID : state;
  }

  /** 0 when a whole line ends in `bytes[from, end)`, otherwise LINE_INCOMPLETE or LINE_TOO_LONG. */
  #lineState(bytes: Uint8Array, from: number, end: number): number {
    const cr = bytes.subarray(from, end).indexOf(CR);
    if (cr >= 0 && from + cr + 1 < end) return 0;
    return cr < 0 && end - from > LINE_BYTES_MAX ? LINE_TOO_LONG : LINE_INCOMPLETE;
  }

  #nextInline(bytes: Uint8Array, end: number): number {
    const start = this.position;
    const newline = bytes.subarray(start, end).indexOf(LF);
    if (newline < 0) {
      if (end - start <= LINE_BYTES_MAX) return NEED_MORE;
      this.error = PROTOCOL.tooBigInline;
      return PROTOCOL_ERROR;
    }
    let lineEnd = start + newline;
    this.position = lineEnd + 1;
    if (lineEnd > start && bytes[lineEnd - 1] === CR) lineEnd--;
    const words = splitWords(bytes, start, lineEnd);
    if (words === undefined) {
      this.error = PROTOCOL.unbalancedQuotes;
      return PROTOCOL_ERROR;
    }
    if (words.length === 0) return NOTHING;
    this.args.setWords(words);
    return COMMAND;
  }
}
