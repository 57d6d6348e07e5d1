/**
 * A set of byte strings, in one of three forms:
 *
 *     intset      width (2, 4, 8) | integers, rising                           packed, see intset.ts
 *     listpack    1 | members (u16) | entry, entry, …                          packed, see listpack-entry.ts
 *     hashtable   a table in pages                                             see page-table.ts
 *
 * It begins as the first that suits, and changes to a later one when it has to, by the rules of Redis 7.2, so that OBJECT ENCODING says what it says there.
 */
import { copyBytes, equalBytes, type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { parseInteger } from '../base/numbers.ts';
import type { Packable } from './collection.ts';
import { findInteger, integerAt, intsetLength, SplitInteger, widen, writeSplit } from './intset.ts';
import { type EntryReader, EntryWriter, entryBytes } from './listpack-entry.ts';
import { PageTable, type RecordShape } from './page-table.ts';
import type { SetLimits } from './set-limits.ts';
import { writeInteger } from './string.ts';
import { TYPE_SET } from './value-types.ts';

export const LISTPACK = 1;
/** What a listpack has in front of its entries. */
export const LISTPACK_HEADER_BYTES = 3;
/** What the object takes. */
const SET_BYTES = 88;
const BUFFER_BYTES_MIN = 256;
const NAMES: RecordShape = { fixedBytes: 0, hasValues: false };
const NO_BYTES: ViewedBytes = new Uint8Array(0);
/** The longest decimal form of an integer, with its sign. */
const INTEGER_CHARS_MAX = 20;

const writer = new EntryWriter();
const split = new SplitInteger();
const text = new Uint8Array(INTEGER_CHARS_MAX);
let scratch: ViewedBytes = viewedBytes(new ArrayBuffer(8192));

export class MemberSet implements Packable {
  readonly type = TYPE_SET;
  readonly limits: SetLimits;
  bytes: ViewedBytes = NO_BYTES;
  start = 0;
  end = 0;
  /** The large form; undefined: it is packed. */
  table: PageTable | undefined = undefined;
  /** The buffer for its packed form when that is changed. */
  #own: ViewedBytes = NO_BYTES;

  constructor(limits: SetLimits) {
    this.limits = limits;
  }

  get isPacked(): boolean {
    return this.table === undefined;
  }

  view(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  get length(): number {
    if (this.table !== undefined) return this.table.length;
    const { bytes, start, end } = this;
    if (start === end) return 0;
    if (bytes[start] === LISTPACK) return bytes[start + 1]! | (bytes[start + 2]! << 8);
    return intsetLength(bytes, start, end);
  }

  get memoryBytes(): number {
    return SET_BYTES + (this.table === undefined ? this.end - this.start : this.table.memoryBytes);
  }

  /** As OBJECT ENCODING says it. */
  get encoding(): 'intset' | 'listpack' | 'hashtable' {
    if (this.table !== undefined) return 'hashtable';
    return this.bytes[this.start] === LISTPACK ? 'listpack' : 'intset';
  }

  get #isEmpty(): boolean {
    return this.table === undefined && this.start === this.end;
  }

  dispose(): void {
    this.table?.dispose();
  }

  // ---------------------------------------------------------------- one member

  has(source: Uint8Array, start: number, end: number): boolean {
    if (this.table !== undefined) return this.table.find(source, start, end);
    if (this.start === this.end) return false;
    if (this.bytes[this.start] === LISTPACK) return this.#entryOf(source, start, end) >= 0;
    const integer = parseInteger(source, start, end);
    if (integer === undefined) return false;
    split.split(integer);
    return findInteger(this.bytes, this.start, this.end, split) >= 0;
  }

  /** Returns whether the member was not there. `expected`: how many are to come with it, this one included, by which the form is chosen. */
  add(source: Uint8Array, start: number, end: number, expected = 1): boolean {
    if (this.table !== undefined) return this.table.add(source, start, end);
    if (!this.#isEmpty && this.bytes[this.start] === LISTPACK) {
      return this.#addEntry(source, start, end, expected);
    }
    const integer = parseInteger(source, start, end);
    const { limits } = this;
    if (integer === undefined || (this.#isEmpty && expected > limits.intsetEntries)) {
      return this.#addNoInteger(source, start, end, expected);
    }
    split.split(integer);
    const index = this.#isEmpty ? -1 : findInteger(this.bytes, this.start, this.end, split);
    if (index >= 0) return false;
    const length = this.length;
    if (length >= limits.intsetEntries || expected > limits.intsetEntries) {
      return this.#toTable().add(source, start, end);
    }
    this.#insertInteger(-1 - index, length);
    return true;
  }

  /** Returns whether the member was there. */
  remove(source: Uint8Array, start: number, end: number): boolean {
    if (this.table !== undefined) return this.table.delete(source, start, end);
    if (this.start === this.end) return false;
    if (this.bytes[this.start] === LISTPACK) {
      const at = this.#entryOf(source, start, end);
      if (at >= 0) this.#removeEntry(at - this.start);
      return at >= 0;
    }
    const integer = parseInteger(source, start, end);
    if (integer === undefined) return false;
    split.split(integer);
    const index = findInteger(this.bytes, this.start, this.end, split);
    if (index < 0) return false;
    const width = this.bytes[this.start]!;
    this.#cut(1 + index * width, width, 1);
    return true;
  }

  /** Removes all. The set is of no more use if it is a large one. */
  clear(): void {
    this.dispose();
    this.end = this.start;
  }

  /** Reads a member, each with the same probability. There must be one. */
  random(reader: EntryReader): void {
    const { table } = this;
    if (table !== undefined) {
      table.random();
      reader.read(table.bytes, table.nameAt);
      return;
    }
    const { bytes, start } = this;
    const index = Math.floor(Math.random() * this.length);
    if (bytes[start] !== LISTPACK) {
      reader.isInteger = true;
      reader.integer = integerAt(bytes, start, index);
      return;
    }
    let at = start + LISTPACK_HEADER_BYTES;
    for (let i = 0; i < index; i++) at += entryBytes(bytes, at);
    reader.read(bytes, at);
  }

  // ---------------------------------------------------------------- intset

  #insertInteger(index: number, length: number): void {
    const { high, low, width: needed } = split;
    const isFirst = this.start === this.end;
    const width = isFirst ? needed : Math.max(needed, this.bytes[this.start]!);
    this.#makeOwn(1 + (length + 1) * width);
    const { bytes } = this;
    if (isFirst) bytes[0] = width;
    else if (bytes[0] !== width) widen(bytes, 0, length, width);
    const at = 1 + index * width;
    bytes.copyWithin(at + width, at, 1 + length * width);
    writeSplit(bytes, at, width, high, low);
    this.end = 1 + (length + 1) * width;
  }

  /** Adds what is no integer, or may not be one of an intset, to an intset or to nothing. */
  #addNoInteger(source: Uint8Array, start: number, end: number, expected: number): boolean {
    const { limits, length } = this;
    const chars = this.#isEmpty ? 0 : Math.max(this.#charsAt(0), this.#charsAt(length - 1));
    const fits =
      length < limits.listpackEntries &&
      end - start <= limits.listpackValue &&
      chars <= limits.listpackValue &&
      (this.#isEmpty ? expected <= limits.listpackEntries : expected <= limits.intsetEntries);
    if (!fits) return this.#toTable().add(source, start, end);
    this.#toListpack();
    return this.#addEntry(source, start, end, 1);
  }

  /** How many characters an integer has. */
  #charsAt(index: number): number {
    return writeInteger(text, 0, integerAt(this.bytes, this.start, index));
  }

  // ---------------------------------------------------------------- listpack

  /** Where the entry of a member is, or -1. */
  #entryOf(source: Uint8Array, start: number, end: number): number {
    const size = writer.measure(source, start, end);
    if (size > this.end - this.start) return -1;
    if (size > scratch.length) scratch = viewedBytes(new ArrayBuffer(2 * size));
    writer.write(scratch, 0);
    const { bytes } = this;
    const first = scratch[0];
    for (let at = this.start + LISTPACK_HEADER_BYTES; at < this.end; at += entryBytes(bytes, at)) {
      if (bytes[at] === first && equalBytes(bytes, at, scratch, 0, size)) return at;
    }
    return -1;
  }

  #addEntry(source: Uint8Array, start: number, end: number, expected: number): boolean {
    if (this.#entryOf(source, start, end) >= 0) return false;
    const { limits, length } = this;
    if (
      length >= limits.listpackEntries ||
      end - start > limits.listpackValue ||
      expected > limits.listpackEntries
    ) {
      return this.#toTable().add(source, start, end);
    }
    const size = writer.measure(source, start, end);
    this.#makeOwn(this.end - this.start + size);
    this.end = writer.write(this.bytes, this.end);
    this.#setCount(length + 1);
    return true;
  }

  #setCount(count: number): void {
    this.bytes[this.start + 1] = count;
    this.bytes[this.start + 2] = count >>> 8;
  }

  #removeEntry(offset: number): void {
    const length = this.length;
    this.#cut(offset, entryBytes(this.bytes, this.start + offset), LISTPACK_HEADER_BYTES);
    if (this.start < this.end) this.#setCount(length - 1);
  }

  // ---------------------------------------------------------------- forms

  /** Takes `size` bytes out at `offset` from the start. Where only the header is left, that goes as well. */
  #cut(offset: number, size: number, headerBytes: number): void {
    this.#makeOwn(0);
    this.bytes.copyWithin(offset, offset + size, this.end);
    this.end -= size;
    if (this.end === headerBytes) this.end = 0;
  }

  /** Has the packed form in the buffer of its own, from 0 on, with room for `size` bytes in all. */
  #makeOwn(size: number): void {
    const { bytes, start, end } = this;
    let own = this.#own;
    const needed = Math.max(size, end - start);
    if (own.length < needed) own = viewedBytes(new ArrayBuffer(Math.max(BUFFER_BYTES_MIN, 2 * needed)));
    if (bytes === own) return;
    copyBytes(bytes, start, end, own, 0);
    this.#own = own;
    this.bytes = own;
    this.start = 0;
    this.end = end - start;
  }

  #toListpack(): void {
    const { bytes, start, length } = this;
    // Not the buffer in which the intset may be.
    const packed = viewedBytes(new ArrayBuffer(BUFFER_BYTES_MIN + length * 12));
    let at = LISTPACK_HEADER_BYTES;
    for (let i = 0; i < length; i++) {
      writer.measure(text, 0, writeInteger(text, 0, integerAt(bytes, start, i)));
      at = writer.write(packed, at);
    }
    packed[0] = LISTPACK;
    this.#own = packed;
    this.view(packed, 0, at);
    this.#setCount(length);
  }

  #toTable(): PageTable {
    const table = new PageTable(NAMES);
    const { bytes, start, end } = this;
    if (start < end && bytes[start] === LISTPACK) {
      for (let at = start + LISTPACK_HEADER_BYTES; at < end; at += entryBytes(bytes, at)) {
        table.addEntry(bytes, at);
      }
    } else {
      const { length } = this;
      for (let i = 0; i < length; i++) {
        table.add(text, 0, writeInteger(text, 0, integerAt(bytes, start, i)));
      }
    }
    this.table = table;
    this.#own = NO_BYTES;
    this.view(NO_BYTES, 0, 0);
    return table;
  }
}
