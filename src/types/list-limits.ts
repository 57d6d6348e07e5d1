/** `list-max-listpack-size`: how large one piece of a list gets, and up to where a list counts as small. */

/** By -1, -2, … -5. */
const SIZES = [4096, 8192, 16384, 32768, 65536];
/** No piece of several elements gets larger where only their number is limited. */
const SAFE_BYTES = 8192;
const DEFAULT_FILL = -2;

export class ListLimits {
  /** Bytes of a piece. */
  bytes = 0;
  /** Elements of a piece. */
  count = 0;
  #hasCount = false;

  constructor() {
    this.set(DEFAULT_FILL);
  }

  /** Positive: elements of a piece. Negative: -1 to -5 for 4 KB to 64 KB. */
  set(fill: number): void {
    this.#hasCount = fill >= 0;
    this.count = fill >= 0 ? Math.max(1, fill) : Number.MAX_SAFE_INTEGER;
    this.bytes = fill >= 0 ? SAFE_BYTES : SIZES[Math.min(-fill, SIZES.length) - 1]!;
  }

  /** Whether so many bytes and elements are too many for one piece. */
  exceeds(bytes: number, count: number): boolean {
    return bytes > this.bytes || count > this.count;
  }

  /** Whether a list of one piece has become so small that it counts as small again: half of the limit, so that this is rare. */
  isSmall(bytes: number, count: number): boolean {
    return this.#hasCount ? count <= this.count >>> 1 : bytes <= this.bytes >>> 1;
  }

  /** The same for a list that has just been made. */
  fits(bytes: number, count: number): boolean {
    return this.#hasCount ? count <= this.count : bytes <= this.bytes;
  }
}
