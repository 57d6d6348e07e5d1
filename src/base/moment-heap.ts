import { grownCapacity, LIST_BYTES, REFERENCE_BYTES } from './engine-bytes.ts';

/** What the object takes, with its lists. */
const OBJECT_BYTES = 48 + 2 * LIST_BYTES;

/**
 * Things in the order of their moments: a binary heap (Williams, 1964) in two arrays, without an object for each place. Adding and taking
 * are O(log n). The same thing may be in it several times.
 */
export class MomentHeap<Item> {
  /** By place: the children of place i are 2i + 1 and 2i + 2. */
  #moments: number[] = [];
  #items: Item[] = [];
  /** Places in each of the two. */
  #capacity = 0;

  /** What it takes of memory, without the items. */
  get memoryBytes(): number {
    return OBJECT_BYTES + 2 * this.#capacity * REFERENCE_BYTES;
  }

  get size(): number {
    return this.#moments.length;
  }

  /** The earliest moment; Infinity when there is none. */
  get first(): number {
    return this.#moments.length === 0 ? Infinity : this.#moments[0]!;
  }

  /** What has the earliest moment; undefined when there is nothing. */
  get firstItem(): Item | undefined {
    return this.#items[0];
  }

  clear(): void {
    this.#moments = [];
    this.#items = [];
    this.#capacity = 0;
  }

  /** Puts these in the place of all that is there. */
  fill(all: [Item, number][]): void {
    all.sort((a, b) => a[1] - b[1]);
    // What is sorted is a heap.
    this.#items = all.map(([item]) => item);
    this.#moments = all.map(([, moment]) => moment);
    this.#capacity = all.length;
  }

  add(moment: number, item: Item): void {
    const moments = this.#moments;
    const items = this.#items;
    let at = moments.length;
    moments.push(moment);
    items.push(item);
    this.#capacity = grownCapacity(this.#capacity, items.length);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (moments[parent]! <= moment) break;
      moments[at] = moments[parent]!;
      items[at] = items[parent]!;
      at = parent;
    }
    moments[at] = moment;
    items[at] = item;
  }

  /** Takes what has the earliest moment; there must be something. */
  take(): Item {
    const moments = this.#moments;
    const items = this.#items;
    const first = items[0]!;
    const moment = moments.pop()!;
    const item = items.pop()!;
    const { length } = moments;
    if (length === 0) return first;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && moments[child + 1]! < moments[child]!) child++;
      if (moments[child]! >= moment) break;
      moments[at] = moments[child]!;
      items[at] = items[child]!;
      at = child;
    }
    moments[at] = moment;
    items[at] = item;
    return first;
  }
}
