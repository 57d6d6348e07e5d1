/**
 * A shard's count of its error replies by code, in shared memory:
 *
 *   byte  0  u32  number of codes
 *   byte  8  for each code: f64 count, u8 length, its bytes (latin1) in 31
 *
 * A code never changes its place, and is there before the number says so.
 */
import { latin1, writeLatin1 } from '../base/bytes.ts';

const HEAD_BYTES = 8;
const COUNT_BYTES = 8;
const NAME_BYTES = 32;
const ENTRY_BYTES = COUNT_BYTES + NAME_BYTES;

export class ErrorStatistics {
  readonly #number: Int32Array;
  readonly #counts: Float64Array;
  readonly #bytes: Uint8Array;
  /** The writer's: where each code stands. */
  readonly #places = new Map<string, number>();

  constructor(memory: SharedArrayBuffer) {
    this.#number = new Int32Array(memory, 0, 1);
    this.#counts = new Float64Array(memory);
    this.#bytes = new Uint8Array(memory);
  }

  static memory(codesMax: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD_BYTES + codesMax * ENTRY_BYTES);
  }

  /** Publishes counts by code; codes have at most 31 characters, and there are no more than the memory is made for. */
  publish(counts: ReadonlyMap<string, number>): void {
    for (const [code, count] of counts) {
      let place = this.#places.get(code);
      if (place === undefined) {
        place = this.#places.size;
        this.#places.set(code, place);
        const name = HEAD_BYTES + place * ENTRY_BYTES + COUNT_BYTES;
        this.#bytes[name] = code.length;
        writeLatin1(this.#bytes, name + 1, code);
      }
      this.#counts[(HEAD_BYTES + place * ENTRY_BYTES) / 8] = count;
    }
    Atomics.store(this.#number, 0, this.#places.size);
  }

  /** The counts by code. */
  *read(): Iterable<[code: string, count: number]> {
    const number = Atomics.load(this.#number, 0);
    for (let place = 0; place < number; place++) {
      const at = HEAD_BYTES + place * ENTRY_BYTES;
      const name = at + COUNT_BYTES;
      yield [latin1(this.#bytes, name + 1, name + 1 + this.#bytes[name]!), this.#counts[at / 8]!];
    }
  }
}
