/** The parts of a change of a stream (types/stream-changes.ts), put together one after the other. */
import { type ByteRanges, RangeList } from '../../base/byte-ranges.ts';
import { ID_BYTES, type StreamId, writeId } from '../../types/stream-id.ts';

const NUMBER_BYTES = 8;
const INITIAL_BYTES = 1024;
/** A buffer that grew beyond this is not kept. */
const KEPT_BYTES = 1 << 16;

export class ChangeRanges {
  readonly ranges: RangeList = new RangeList();
  count = 0;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #at = 0;
  #start = 0;

  /** Forgets what there is, for `count` parts to come. */
  begin(count = 3): this {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(INITIAL_BYTES);
    this.ranges.reserve(count);
    this.count = 0;
    this.#at = 0;
    this.#start = 0;
    return this;
  }

  id(id: StreamId): this {
    this.#room(ID_BYTES);
    this.#at = writeId(this.#bytes, this.#at, id);
    return this;
  }

  number(value: number): this {
    this.#room(NUMBER_BYTES);
    new DataView(this.#bytes.buffer).setFloat64(this.#at, value);
    this.#at += NUMBER_BYTES;
    return this;
  }

  bytes(source: Uint8Array, start = 0, end: number = source.length): this {
    this.#room(end - start);
    this.#bytes.set(source.subarray(start, end), this.#at);
    this.#at += end - start;
    return this;
  }

  /** What came since the last part is one. */
  part(): this {
    const { ranges } = this;
    ranges.starts[this.count] = this.#start;
    ranges.ends[this.count++] = this.#at;
    this.#start = this.#at;
    return this;
  }

  /** All parts. They are there until the next `begin`. */
  end(): ByteRanges {
    this.ranges.bytes = this.#bytes;
    return this.ranges;
  }

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + size));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}
