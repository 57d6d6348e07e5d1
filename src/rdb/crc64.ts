/**
 * CRC64 as RDB files and DUMP payloads have it: Jones's polynomial, reflected, start value 0, nothing added at the end.
 *
 * Eight bytes at a time by eight tables ("slicing by 8", Kounavis and Berry 2005). JavaScript has no fast 64-bit integers, so
 * the sum is kept as two halves of 32 bits, and each table is too. WebAssembly has them (crc64-wasm.ts): long inputs go there.
 */
import { WasmCrc64 } from './crc64-wasm.ts';

const POLYNOMIAL_LOW = 0xac4bc9b5 | 0;
const POLYNOMIAL_HIGH = 0x95ac9329 | 0;
const SLICES = 8;

/** Table `slice` begins at `slice * 256`: what a byte does to the sum `slice` bytes later. */
const LOW = new Int32Array(SLICES * 256);
const HIGH = new Int32Array(SLICES * 256);

for (let byte = 0; byte < 256; byte++) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const carries = (low & 1) !== 0;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (carries) {
      low ^= POLYNOMIAL_LOW;
      high ^= POLYNOMIAL_HIGH;
    }
  }
  LOW[byte] = low;
  HIGH[byte] = high;
}
for (let i = 256; i < SLICES * 256; i++) {
  const low = LOW[i - 256]!;
  const high = HIGH[i - 256]!;
  LOW[i] = ((low >>> 8) | (high << 24)) ^ LOW[low & 0xff]!;
  HIGH[i] = (high >>> 8) ^ HIGH[low & 0xff]!;
}

/** Shorter inputs are not worth the copy. */
const WASM_BYTES_MIN = 2048;
/** Made when it is needed first. */
let wasm: WasmCrc64 | undefined;

/** A checksum under way: bytes are added piece by piece. */
export class Crc64 {
  /** The two halves, as int32. */
  low = 0;
  high = 0;

  reset(): void {
    this.low = 0;
    this.high = 0;
  }

  /** Adds `bytes[start, end)`. */
  update(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < WASM_BYTES_MIN) {
      this.#updateShort(bytes, start, end);
      return;
    }
    wasm ??= new WasmCrc64(LOW, HIGH);
    const { sum } = wasm;
    sum[0] = this.low;
    sum[1] = this.high;
    const middle = end - ((end - start) % SLICES);
    wasm.update(bytes, start, middle);
    this.low = sum[0];
    this.high = sum[1];
    this.#updateShort(bytes, middle, end);
  }

  #updateShort(bytes: Uint8Array, start: number, end: number): void {
    let low = this.low;
    let high = this.high;
    let i = start;
    for (const last = end - 8; i <= last; i += 8) {
      const a = low ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
      const b = high ^ (bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24));
      const i7 = 1792 | (a & 0xff);
      const i6 = 1536 | ((a >>> 8) & 0xff);
      const i5 = 1280 | ((a >>> 16) & 0xff);
      const i4 = 1024 | (a >>> 24);
      const i3 = 768 | (b & 0xff);
      const i2 = 512 | ((b >>> 8) & 0xff);
      const i1 = 256 | ((b >>> 16) & 0xff);
      const i0 = b >>> 24;
      low = LOW[i7]! ^ LOW[i6]! ^ LOW[i5]! ^ LOW[i4]! ^ LOW[i3]! ^ LOW[i2]! ^ LOW[i1]! ^ LOW[i0]!;
      high = HIGH[i7]! ^ HIGH[i6]! ^ HIGH[i5]! ^ HIGH[i4]! ^ HIGH[i3]! ^ HIGH[i2]! ^ HIGH[i1]! ^ HIGH[i0]!;
    }
    for (; i < end; i++) {
      const at = (low ^ bytes[i]!) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ LOW[at]!;
      high = (high >>> 8) ^ HIGH[at]!;
    }
    this.low = low;
    this.high = high;
  }

  /** Writes the sum as files have it, eight bytes little-endian, and returns the offset after it. */
  write(target: Uint8Array, at: number): number {
    for (let i = 0; i < 4; i++) {
      target[at + i] = this.low >>> (8 * i);
      target[at + 4 + i] = this.high >>> (8 * i);
    }
    return at + 8;
  }

  /** Whether the eight bytes at `at` are this sum. */
  equals(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < 4; i++) {
      if (bytes[at + i] !== ((this.low >>> (8 * i)) & 0xff)) return false;
      if (bytes[at + 4 + i] !== ((this.high >>> (8 * i)) & 0xff)) return false;
    }
    return true;
  }

  /** The sum as an unsigned 64-bit number. */
  value(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }
}

/** The checksum of `bytes[start, end)`. */
export function crc64(bytes: Uint8Array, start = 0, end = bytes.length): bigint {
  const crc = new Crc64();
  crc.update(bytes, start, end);
  return crc.value();
}
