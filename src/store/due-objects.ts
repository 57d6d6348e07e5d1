/**
 * Collections of which parts expire, in the order in which that begins: hashes with fields that expire. Other collections are
 * never in here.
 *
 * A heap has, for each, a moment that is not later than the first of its parts'. One whose first moment has become earlier comes in
 * again; so what comes out may be out of date, and whoever takes it looks at the collection itself.
 */
export class DueObjects {
  /** A heap: moments, and the collections' numbers. */
  readonly #moments: number[] = [];
  readonly #numbers: number[] = [];
  /** By number: the hash of its key, and the earliest moment that the heap has for it. */
  readonly #hashes = new Map<number, number>();
  readonly #queued = new Map<number, number>();

  /** The earliest moment, ms since 1970; Infinity when there is none. */
  get first(): number {
    return this.#moments.length === 0 ? Infinity : this.#moments[0]!;
  }

  /** The collection with this number, at a key with this hash, has parts that expire from `moment` on; Infinity: it has none. */
  note(number: number, hash: number, moment: number): void {
    if (moment === Infinity) return;
    this.#hashes.set(number, hash);
    const queued = this.#queued.get(number);
    if (queued !== undefined && queued <= moment) return;
    this.#queued.set(number, moment);
    this.#push(moment, number);
  }

  /** Takes the one with the earliest moment out, and returns its number; undefined when there is nothing to look at. */
  take(): number | undefined {
    const moment = this.first;
    const number = this.#pop();
    if (this.#queued.get(number) !== moment) return undefined;
    this.#queued.delete(number);
    return number;
  }

  /** The hash of the key of one that was taken. */
  hashOf(number: number): number {
    return this.#hashes.get(number)!;
  }

  /** The collection is gone. Its place in the heap stays until its time comes. */
  forget(number: number): void {
    this.#hashes.delete(number);
  }

  /** All collections are gone. */
  clear(): void {
    this.#moments.length = 0;
    this.#numbers.length = 0;
    this.#hashes.clear();
    this.#queued.clear();
  }

  #push(moment: number, number: number): void {
    const moments = this.#moments;
    const numbers = this.#numbers;
    let at = moments.length;
    moments.push(moment);
    numbers.push(number);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (moments[parent]! <= moment) break;
      moments[at] = moments[parent]!;
      numbers[at] = numbers[parent]!;
      at = parent;
    }
    moments[at] = moment;
    numbers[at] = number;
  }

  #pop(): number {
    const moments = this.#moments;
    const numbers = this.#numbers;
    const first = numbers[0]!;
    const moment = moments.pop()!;
    const number = numbers.pop()!;
    const { length } = moments;
    if (length === 0) return first;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && moments[child + 1]! < moments[child]!) child++;
      if (moments[child]! >= moment) break;
      moments[at] = moments[child]!;
      numbers[at] = numbers[child]!;
      at = child;
    }
    moments[at] = moment;
    numbers[at] = number;
    return first;
  }
}
