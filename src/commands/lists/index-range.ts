/** A range of indexes, as LRANGE and LTRIM have it. */
import type { Arguments } from '../../protocol/arguments.ts';

export class IndexRange {
  first = 0;
  /** 0: nothing is in the range. */
  count = 0;
  #start = 0;
  #stop = 0;

  /** Words 2 and 3; false when they are no integers. */
  read(args: Arguments): boolean {
    const start = args.integer(2);
    const stop = args.integer(3);
    if (start === undefined || stop === undefined) return false;
    this.#start = Number(start);
    this.#stop = Number(stop);
    return true;
  }

  /** Cuts the range to a list of `length`; negative indexes count from its end. */
  cut(length: number): void {
    const start = this.#start < 0 ? Math.max(0, length + this.#start) : this.#start;
    const stop = Math.min(length - 1, this.#stop < 0 ? length + this.#stop : this.#stop);
    const isEmpty = start > stop;
    this.first = isEmpty ? 0 : start;
    this.count = isEmpty ? 0 : stop - start + 1;
  }
}
