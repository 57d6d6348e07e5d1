/** Byte strings that were taken out of somewhere, one behind the other in one buffer. */
import type { ByteRanges } from '../base/byte-ranges.ts';
import { copyBytes, type ViewedBytes, viewedBytes } from '../base/bytes.ts';

const BYTES_MIN = 1024;
const COUNT_MIN = 64;
/** A buffer that has grown beyond this is not kept for the next use. */
const KEPT_BYTES = 1 << 17;

export class MemberList implements ByteRanges {
  count = 0;
  bytes: ViewedBytes = viewedBytes(new ArrayBuffer(BYTES_MIN));
  starts: Int32Array = new Int32Array(COUNT_MIN);
  ends: Int32Array = new Int32Array(COUNT_MIN);
  #end = 0;

  clear(): void {
    this.count = 0;
    this.#end = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = viewedBytes(new ArrayBuffer(BYTES_MIN));
    if (this.starts.length <= KEPT_BYTES / 4) return;
    this.starts = new Int32Array(COUNT_MIN);
    this.ends = new Int32Array(COUNT_MIN);
  }

  /** Adds a copy of `source[start, end)`. */
  add(source: ViewedBytes, start: number, end: number): void {
    const size = end - start;
    if (this.#end + size > this.bytes.length) {
      const bytes = viewedBytes(new ArrayBuffer(2 * (this.#end + size)));
      bytes.set(this.bytes.subarray(0, this.#end));
      this.bytes = bytes;
    }
    if (this.count === this.starts.length) {
      this.starts = longer(this.starts);
      this.ends = longer(this.ends);
    }
    this.starts[this.count] = this.#end;
    this.#end = copyBytes(source, start, end, this.bytes, this.#end);
    this.ends[this.count++] = this.#end;
  }
}

function longer(numbers: Int32Array): Int32Array {
  const more = new Int32Array(numbers.length * 2);
  more.set(numbers);
  return more;
}
