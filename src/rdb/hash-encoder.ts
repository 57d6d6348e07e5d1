/**
 * Hashes in the form of RDB files: a listpack of fields and values where the hash is packed, otherwise one behind the other. Redis
 * reads both since 7.0. Where fields expire, the form is that of Redis 7.4, which older ones do not read.
 */
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { NEVER_EXPIRES } from '../types/field-expiries.ts';
import type { Hash } from '../types/hash.ts';
import { LISTPACK_FRAME_BYTES } from '../types/list.ts';
import { EntryReader } from '../types/listpack-entry.ts';
import { PACKED_COUNT_BYTES } from '../types/packed-pairs.ts';
import { VALUE_HASH, VALUE_HASH_EXPIRIES, VALUE_HASH_LISTPACK } from './format.ts';
import type { CollectionEncoder, ValueWriter } from './value-writer.ts';

const END = 0xff;
const COUNT_UNKNOWN = 0xffff;
const HEADER_BYTES = 6;
/** A buffer for a longer listpack is not kept. */
const KEPT_BYTES = 1 << 17;
const STEP_FIELDS = 64;

const field = new EntryReader();
const value = new EntryReader();
let scratch: ViewedBytes = viewedBytes(new ArrayBuffer(8192));

/** For a hash that must not be empty. */
export function hashEncoder(hash: Hash): CollectionEncoder {
  return hash.isPacked ? new PackedHashEncoder(hash) : new HashTableEncoder(hash);
}

class PackedHashEncoder implements CollectionEncoder {
  readonly valueType = VALUE_HASH_LISTPACK;
  readonly #hash: Hash;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  step(writer: ValueWriter): boolean {
    const { bytes, start, end, length } = this.#hash;
    const content = end - start - PACKED_COUNT_BYTES;
    const total = content + LISTPACK_FRAME_BYTES;
    const packed = total <= scratch.length ? scratch : viewedBytes(new ArrayBuffer(total));
    packed.view!.setUint32(0, total, true);
    packed.view!.setUint16(4, Math.min(2 * length, COUNT_UNKNOWN), true);
    packed.set(bytes.subarray(start + PACKED_COUNT_BYTES, end), HEADER_BYTES);
    packed[HEADER_BYTES + content] = END;
    if (total <= KEPT_BYTES) scratch = packed;
    writer.string(packed, 0, total);
    return true;
  }
}

class HashTableEncoder implements CollectionEncoder {
  readonly valueType: number;
  readonly #hash: Hash;
  readonly #hasExpiries: boolean;
  readonly #firstExpiry: number;
  #cursor = 0;
  #hasBegun = false;

  constructor(hash: Hash) {
    this.#hash = hash;
    this.#hasExpiries = hash.hasExpiries;
    this.#firstExpiry = hash.firstExpiry;
    this.valueType = this.#hasExpiries ? VALUE_HASH_EXPIRIES : VALUE_HASH;
  }

  step(writer: ValueWriter): boolean {
    const hash = this.#hash;
    if (!this.#hasBegun) {
      if (this.#hasExpiries) writer.int64(this.#firstExpiry);
      writer.length(hash.length);
      this.#hasBegun = true;
    }
    this.#cursor = hash.scan(this.#cursor, STEP_FIELDS, () => {
      hash.readField(field);
      hash.readValue(value);
      field.asBytes();
      value.asBytes();
      if (this.#hasExpiries) writer.length(this.#distance(field));
      writer.string(field.bytes, field.start, field.end);
      writer.string(value.bytes, value.start, value.end);
    });
    return this.#cursor === 0;
  }

  /** Of the field's expiry from the first one, and one more; 0: it does not expire. */
  #distance({ bytes, start, end }: EntryReader): number {
    const expiresAt = this.#hash.expiryOf(bytes, start, end);
    return expiresAt === NEVER_EXPIRES ? 0 : expiresAt - this.#firstExpiry + 1;
  }
}
