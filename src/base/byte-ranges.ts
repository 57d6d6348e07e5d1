/** Byte strings as ranges of one buffer: the words of a command, the elements of an effect. */
export interface ByteRanges {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Ranges that are filled in one after the other, and again for the next use. */
export class RangeList implements ByteRanges {
  bytes: Uint8Array = new Uint8Array(0);
  starts: Int32Array = new Int32Array(16);
  ends: Int32Array = new Int32Array(16);

  /** Makes room for `count` ranges; what was there is lost. */
  reserve(count: number): void {
    if (count <= this.starts.length) return;
    this.starts = new Int32Array(2 * count);
    this.ends = new Int32Array(2 * count);
  }
}
