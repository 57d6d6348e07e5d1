/** Reads the bytes of a value's own encoding from front to back; whatever leads out of them is an RdbError. */
import { RdbError } from './rdb-error.ts';
import type { PackedBytes } from './rdb-input.ts';

export class PackedReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  position = 0;
  readonly #packed: PackedBytes;
  readonly #reading: string;

  /** `reading` is what the bytes are: `a ziplist`. */
  constructor(packed: PackedBytes, reading: string) {
    const { bytes } = packed;
    this.#packed = packed;
    this.#reading = reading;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(problem: string, position = this.position): never {
    const { offset, isCompressed } = this.#packed;
    if (isCompressed) {
      throw new RdbError(
        offset,
        this.#reading,
        `${problem} (at byte ${position} of what is compressed there)`,
      );
    }
    throw new RdbError(offset + position, this.#reading, problem);
  }

  /** Makes sure that `length` more bytes are there. */
  need(length: number): void {
    if (this.position + length > this.bytes.length) this.fail('it ends too early');
  }

  byte(): number {
    this.need(1);
    return this.bytes[this.position++]!;
  }

  uint16(): number {
    this.need(2);
    this.position += 2;
    return this.view.getUint16(this.position - 2, true);
  }

  uint32(): number {
    this.need(4);
    this.position += 4;
    return this.view.getUint32(this.position - 4, true);
  }

  /** A signed integer of 1 to 4 or 8 bytes. */
  signed(size: number): number | bigint {
    this.need(size);
    const at = this.position;
    this.position += size;
    if (size === 1) return this.view.getInt8(at);
    if (size === 2) return this.view.getInt16(at, true);
    if (size === 3) return this.view.getUint16(at, true) | (this.view.getInt8(at + 2) << 16);
    if (size === 4) return this.view.getInt32(at, true);
    return this.view.getBigInt64(at, true);
  }

  /** The next bytes, in the memory of the whole. */
  range(length: number): Uint8Array {
    this.need(length);
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }
}

/** An integer as a string value has it: in decimal. */
export function decimal(value: number | bigint): Uint8Array {
  const text = value.toString();
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
