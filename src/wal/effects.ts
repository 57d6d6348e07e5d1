/**
 * What the log says about a keyspace: effects, never commands, so that replaying it needs no clock and no luck. One effect
 * is one MessagePack array, and the payload of a record is a row of them:
 *
 *     [1, db, key, value]                         SET: the entry is now this, without expiry and flags
 *     [1, db, key, value, expiry, flags]          SET: flags are the store's, for strings: raw
 *     [2, db, key, offset, length, bytes]         PATCH: bytes from `offset` on were written, the value has `length` now
 *     [3, db, key, expiry]                        EXPIRE
 *     [4, db, key]                                DEL
 *     [5, db]                                     FLUSH
 *     [6, db, db]                                 SWAP
 *     [7, id, [shard, …]]                         TRANSACTION: this record has this shard's part of it
 *     [8, db, key, image, expiry]                 STORE: the entry is now this collection
 *     [9, db, key, operation, a, b, [element, …]] CHANGE: the key's collection was changed (types/change.ts)
 *
 * Keys, values and elements are `bin`, an image is one too: the collection's type and value as in an RDB file. An expiry is ms since 1970 as float64 or nil, a transaction's id is float64. An array
 * never begins with byte 0, so the zeros behind the last effect end the payload.
 */
import { assert } from '../base/assert.ts';
import { RangeList } from '../base/byte-ranges.ts';
import { copyBytes, type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { Change } from '../types/change.ts';
import { RECORD_HEADER_BYTES } from './layout.ts';

export const SET = 1;
export const PATCH = 2;
export const EXPIRE = 3;
export const DELETE = 4;
export const FLUSH = 5;
export const SWAP = 6;
export const TRANSACTION = 7;
export const STORE = 8;
export const CHANGE = 9;

const ARRAY = 0x90;
const NIL = 0xc0;
const BIN8 = 0xc4;
const BIN16 = 0xc5;
const BIN32 = 0xc6;
const FLOAT64 = 0xcb;
const UINT8 = 0xcc;
const UINT16 = 0xcd;
const UINT32 = 0xce;

const INITIAL_BYTES = 64 * 1024;
/** A buffer that grew beyond this for a large value is given back after the record. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** Two of the longest strings, key and value, fit. */
const BYTES_MAX = 2 ** 31 - 8;
/** More than what the numbers and headers of an effect with a key and a value take. */
const FRAME_BYTES = 48;
/** What an element takes beside its bytes, at most. */
const ELEMENT_BYTES = 5;
const ARRAY16 = 0xdc;
const ARRAY32 = 0xdd;

/** The effects of one batch, with room for the header of their record in front. */
export class EffectBuffer {
  /** The record from its first byte on; what counts ends at `end`. */
  bytes: ViewedBytes = viewedBytes(new ArrayBuffer(INITIAL_BYTES));
  /** Where the next effect goes. */
  end = RECORD_HEADER_BYTES;
  /** The highest id that `transaction` was called with. */
  lastTransaction = 0;

  get isEmpty(): boolean {
    return this.end === RECORD_HEADER_BYTES;
  }

  /**
   * The entry is now this: its key at `keyStart` of `bytes`, its value right behind the key. `expiresAt` is ms since
   * 1970, 0 for never. `flags`, below 256, are handed to the visitor as they are.
   */
  set(
    db: number,
    flags: number,
    expiresAt: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyLength: number,
    valueLength: number,
  ): void {
    const isPlain = expiresAt === 0 && flags === 0;
    this.#begin(isPlain ? 4 : 6, SET, db, keyLength + valueLength);
    const valueStart = keyStart + keyLength;
    this.#binary(bytes, keyStart, valueStart);
    this.#binary(bytes, valueStart, valueStart + valueLength);
    if (isPlain) return;
    this.#expiry(expiresAt);
    this.#unsigned(flags);
  }

  /** Bytes [offset, end) of a value of now `valueLength` bytes, which lies behind its key, were written. */
  patch(
    db: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyLength: number,
    valueLength: number,
    offset: number,
    end: number,
  ): void {
    this.#begin(6, PATCH, db, keyLength + end - offset);
    const valueStart = keyStart + keyLength;
    this.#binary(bytes, keyStart, valueStart);
    this.#unsigned(offset);
    this.#unsigned(valueLength);
    this.#binary(bytes, valueStart + offset, valueStart + end);
  }

  /** `expiresAt` is ms since 1970, 0 for never. */
  expire(db: number, expiresAt: number, bytes: ViewedBytes, keyStart: number, keyLength: number): void {
    this.#begin(4, EXPIRE, db, keyLength);
    this.#binary(bytes, keyStart, keyStart + keyLength);
    this.#expiry(expiresAt);
  }

  remove(db: number, bytes: ViewedBytes, keyStart: number, keyLength: number): void {
    this.#begin(3, DELETE, db, keyLength);
    this.#binary(bytes, keyStart, keyStart + keyLength);
  }

  /** The entry is now the collection with the image `image[0, imageEnd)`. `expiresAt` as in `set`. */
  store(
    db: number,
    expiresAt: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyLength: number,
    image: ViewedBytes,
    imageEnd: number,
  ): void {
    this.#begin(5, STORE, db, keyLength + imageEnd);
    this.#binary(bytes, keyStart, keyStart + keyLength);
    this.#binary(image, 0, imageEnd);
    this.#expiry(expiresAt);
  }

  /** The key's collection was changed. */
  change(db: number, change: Change, bytes: ViewedBytes, keyStart: number, keyLength: number): void {
    const { ranges, from, to } = change;
    const { starts, ends } = ranges;
    let elementBytes = 0;
    for (let i = from; i < to; i++) elementBytes += ELEMENT_BYTES + ends[i]! - starts[i]!;
    this.#begin(7, CHANGE, db, keyLength + elementBytes);
    this.#binary(bytes, keyStart, keyStart + keyLength);
    this.#unsigned(change.operation);
    this.#unsigned(change.first);
    this.#unsigned(change.second);
    const count = to - from;
    if (count < 16) {
      this.bytes[this.end++] = ARRAY | count;
    } else {
      this.bytes[this.end] = ARRAY32;
      this.bytes.view!.setUint32(this.end + 1, count);
      this.end += 5;
    }
    for (let i = from; i < to; i++) this.#binary(ranges.bytes, starts[i]!, ends[i]!);
  }

  flush(db: number): void {
    this.#begin(2, FLUSH, db, 0);
  }

  swap(a: number, b: number): void {
    this.#begin(3, SWAP, a, 0);
    this.#unsigned(b);
  }

  /** This batch has this shard's part of a transaction. `id` is above all before it; `shards` are all that have parts. */
  transaction(id: number, shards: readonly number[]): void {
    assert(id > this.lastTransaction, 'each transaction has a higher id than those before it');
    this.#room(shards.length * 5 + FRAME_BYTES);
    this.bytes[this.end++] = ARRAY | 3;
    this.bytes[this.end++] = TRANSACTION;
    this.#float(id);
    this.bytes[this.end++] = ARRAY32;
    this.bytes.view!.setUint32(this.end, shards.length);
    this.end += 4;
    for (const shard of shards) this.#unsigned(shard);
    this.lastTransaction = id;
  }

  /** Zeros up to the next multiple of 8, and the bytes of the whole record. */
  pad(): number {
    const { bytes } = this;
    // Room for this is never missing: sizes are multiples of 8.
    for (let at = this.end; at % 8 !== 0; at++) bytes[at] = 0;
    return Math.ceil(this.end / 8) * 8;
  }

  /** Forgets the effects; a buffer that grew for a large value is given back. */
  clear(): void {
    this.end = RECORD_HEADER_BYTES;
    if (this.bytes.length > KEPT_BYTES) this.bytes = viewedBytes(new ArrayBuffer(INITIAL_BYTES));
  }

  #begin(fields: number, kind: number, db: number, payload: number): void {
    if (this.end + payload + FRAME_BYTES > this.bytes.length) this.#room(payload + FRAME_BYTES);
    this.bytes[this.end++] = ARRAY | fields;
    this.bytes[this.end++] = kind;
    this.#unsigned(db);
  }

  #room(needed: number): void {
    const least = this.end + needed;
    if (least <= this.bytes.length) return;
    assert(least <= BYTES_MAX, 'the effects of one batch have less than 2 GB');
    const size = Math.min(BYTES_MAX, Math.max(2 * this.bytes.length, Math.ceil(least / 8) * 8));
    const grown = viewedBytes(new ArrayBuffer(size));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }

  #unsigned(value: number): void {
    const { bytes } = this;
    if (value < 128) {
      bytes[this.end++] = value;
    } else if (value < 256) {
      bytes[this.end++] = UINT8;
      bytes[this.end++] = value;
    } else if (value < 65536) {
      bytes[this.end++] = UINT16;
      bytes.view!.setUint16(this.end, value);
      this.end += 2;
    } else {
      bytes[this.end++] = UINT32;
      bytes.view!.setUint32(this.end, value);
      this.end += 4;
    }
  }

  #binary(source: ViewedBytes, start: number, end: number): void {
    const { bytes } = this;
    const length = end - start;
    let at = this.end;
    if (length < 256) {
      bytes[at++] = BIN8;
      bytes[at++] = length;
    } else if (length < 65536) {
      bytes[at++] = BIN16;
      bytes.view!.setUint16(at, length);
      at += 2;
    } else {
      bytes[at++] = BIN32;
      bytes.view!.setUint32(at, length);
      at += 4;
    }
    this.end = copyBytes(source, start, end, bytes, at);
  }

  #expiry(expiresAt: number): void {
    if (expiresAt === 0) this.bytes[this.end++] = NIL;
    else this.#float(expiresAt);
  }

  #float(value: number): void {
    this.bytes[this.end] = FLOAT64;
    this.bytes.view!.setFloat64(this.end + 1, value);
    this.end += 9;
  }
}

/** Is told of effects in their order. `bytes` is only valid during the call; nothing is copied. An expiry of 0 is never. */
export interface EffectVisitor {
  set(
    db: number,
    flags: number,
    expiresAt: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void;
  /** `bytes[start, end)` goes to `offset` of the value, which has `valueLength` bytes then, with zeros in a gap. */
  patch(
    db: number,
    valueLength: number,
    offset: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ): void;
  /** `bytes[imageStart, imageEnd)` is a collection's type and value as in an RDB file. */
  store(
    db: number,
    expiresAt: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    imageStart: number,
    imageEnd: number,
  ): void;
  /** The ranges that the change takes are of the same `bytes`; it is only valid during the call. */
  change(db: number, change: Change, bytes: ViewedBytes, keyStart: number, keyEnd: number): void;
  expire(db: number, expiresAt: number, bytes: ViewedBytes, keyStart: number, keyEnd: number): void;
  remove(db: number, bytes: ViewedBytes, keyStart: number, keyEnd: number): void;
  flush(db: number): void;
  swap(a: number, b: number): void;
  transaction(id: number, shards: readonly number[]): void;
}

/** Bytes that no effect begins or goes on with. `offset` is that in the decoded bytes. */
export class BadEffect extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super('an effect that this program does not know');
    this.offset = offset;
  }
}

/** Reads the payloads of records. Keeps no state between them; one object serves a whole log. */
export class EffectDecoder {
  readonly #visitor: EffectVisitor;
  #bytes: ViewedBytes = viewedBytes(new ArrayBuffer(0));
  #view: DataView = this.#bytes.view!;
  #at = 0;
  #end = 0;
  #start = 0;
  readonly #elements = new RangeList();
  readonly #changed = new Change();

  constructor(visitor: EffectVisitor) {
    this.#visitor = visitor;
  }

  /** Visits the effects of `bytes[start, end)` and returns how many there were. Throws `BadEffect`. */
  decode(bytes: ViewedBytes, start: number, end: number): number {
    this.#bytes = bytes;
    this.#view = bytes.view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
    let effects = 0;
    for (; this.#at < end && bytes[this.#at] !== 0; effects++) {
      this.#start = this.#at;
      const fields = bytes[this.#at++]! - ARRAY;
      this.#effect(fields, bytes[this.#at++]!);
    }
    return effects;
  }

  #effect(fields: number, kind: number): void {
    if (kind === SET && (fields === 6 || fields === 4)) this.#set(fields === 4);
    else if (kind === PATCH && fields === 6) this.#patch();
    else if (kind === EXPIRE && fields === 4) this.#keyed(true);
    else if (kind === DELETE && fields === 3) this.#keyed(false);
    else if (kind === CHANGE && fields === 7) this.#change();
    else if (kind === STORE && fields === 5) this.#store();
    else if (kind === TRANSACTION && fields === 3) this.#transaction();
    else if (kind === FLUSH && fields === 2) this.#visitor.flush(this.#unsigned());
    else if (kind === SWAP && fields === 3) {
      const a = this.#unsigned();
      this.#visitor.swap(a, this.#unsigned());
    } else throw new BadEffect(this.#start);
  }

  #keyed(isExpire: boolean): void {
    const db = this.#unsigned();
    const keyEnd = this.#binary();
    const keyStart = keyEnd - this.#length;
    if (isExpire) this.#visitor.expire(db, this.#expiry(), this.#bytes, keyStart, keyEnd);
    else this.#visitor.remove(db, this.#bytes, keyStart, keyEnd);
  }

  #set(isPlain: boolean): void {
    const db = this.#unsigned();
    const keyEnd = this.#binary();
    const keyStart = keyEnd - this.#length;
    const valueEnd = this.#binary();
    const valueStart = valueEnd - this.#length;
    const expiresAt = isPlain ? 0 : this.#expiry();
    const flags = isPlain ? 0 : this.#unsigned();
    this.#visitor.set(db, flags, expiresAt, this.#bytes, keyStart, keyEnd, valueStart, valueEnd);
  }

  #patch(): void {
    const db = this.#unsigned();
    const keyEnd = this.#binary();
    const keyStart = keyEnd - this.#length;
    const offset = this.#unsigned();
    const valueLength = this.#unsigned();
    const end = this.#binary();
    const start = end - this.#length;
    this.#visitor.patch(db, valueLength, offset, this.#bytes, keyStart, keyEnd, start, end);
  }

  #store(): void {
    const db = this.#unsigned();
    const keyEnd = this.#binary();
    const keyStart = keyEnd - this.#length;
    const imageEnd = this.#binary();
    const imageStart = imageEnd - this.#length;
    this.#visitor.store(db, this.#expiry(), this.#bytes, keyStart, keyEnd, imageStart, imageEnd);
  }

  #change(): void {
    const db = this.#unsigned();
    const keyEnd = this.#binary();
    const keyStart = keyEnd - this.#length;
    const operation = this.#unsigned();
    const first = this.#unsigned();
    const second = this.#unsigned();
    const count = this.#arrayLength();
    const elements = this.#elements;
    elements.reserve(count);
    elements.bytes = this.#bytes;
    for (let i = 0; i < count; i++) {
      elements.ends[i] = this.#binary();
      elements.starts[i] = elements.ends[i]! - this.#length;
    }
    const change = this.#changed.by(operation, first, second).with(elements, 0, count);
    this.#visitor.change(db, change, this.#bytes, keyStart, keyEnd);
  }

  /** Not more than there are bytes left, however many an array says it has. */
  #arrayLength(): number {
    const first = this.#bytes[this.#take(1)]!;
    let length = first - ARRAY;
    if (first === ARRAY16) length = this.#view.getUint16(this.#take(2));
    else if (first === ARRAY32) length = this.#view.getUint32(this.#take(4));
    if (length < 0 || length > this.#end - this.#at) throw new BadEffect(this.#start);
    return length;
  }

  #transaction(): void {
    const id = this.#expiry();
    if (this.#bytes[this.#at] !== ARRAY32) throw new BadEffect(this.#start);
    const shards: number[] = [];
    const count = this.#view.getUint32(this.#take(5) + 1);
    for (let i = 0; i < count; i++) shards.push(this.#unsigned());
    this.#visitor.transaction(id, shards);
  }

  /** Goes on by `bytes` and returns where they begin. */
  #take(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    if (this.#at > this.#end) throw new BadEffect(this.#start);
    return at;
  }

  #unsigned(): number {
    const first = this.#bytes[this.#take(1)]!;
    if (first < 128) return first;
    if (first === UINT8) return this.#bytes[this.#take(1)]!;
    if (first === UINT16) return this.#view.getUint16(this.#take(2));
    if (first === UINT32) return this.#view.getUint32(this.#take(4));
    throw new BadEffect(this.#start);
  }

  /** The length of what `#binary` found last. */
  #length = 0;

  /** Where the bytes end; they begin `#length` before. */
  #binary(): number {
    const type = this.#bytes[this.#take(1)]!;
    if (type === BIN8) this.#length = this.#bytes[this.#take(1)]!;
    else if (type === BIN16) this.#length = this.#view.getUint16(this.#take(2));
    else if (type === BIN32) this.#length = this.#view.getUint32(this.#take(4));
    else throw new BadEffect(this.#start);
    this.#take(this.#length);
    return this.#at;
  }

  #expiry(): number {
    const type = this.#bytes[this.#take(1)]!;
    if (type === NIL) return 0;
    if (type !== FLOAT64) throw new BadEffect(this.#start);
    return this.#view.getFloat64(this.#take(8));
  }
}
