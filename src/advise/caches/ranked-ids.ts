/**
 * Keys' numbers in the order of two ranks each, the least in front: a binary heap (Williams, 1964) that knows the place of each number, so
 * that ranks may change. Equal first ranks are ordered by the second.
 */
export class RankedIds {
  readonly #ids: Int32Array;
  /** By number: its place in the heap, -1 when it is not in it. */
  readonly #places: Int32Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #length = 0;

  constructor(ids: number) {
    this.#ids = new Int32Array(ids);
    this.#places = new Int32Array(ids).fill(-1);
    this.#first = new Float64Array(ids);
    this.#second = new Float64Array(ids);
  }

  get length(): number {
    return this.#length;
  }

  firstRank(id: number): number {
    return this.#first[id]!;
  }

  /** Puts a number in, or changes its ranks. */
  set(id: number, first: number, second: number): void {
    this.#first[id] = first;
    this.#second[id] = second;
    let place = this.#places[id]!;
    if (place < 0) {
      place = this.#length++;
      this.#put(id, place);
    }
    this.#up(id, place);
    this.#down(id, this.#places[id]!);
  }

  remove(id: number): void {
    const place = this.#places[id]!;
    if (place < 0) return;
    this.#places[id] = -1;
    const last = this.#ids[--this.#length]!;
    if (last === id) return;
    this.#put(last, place);
    this.#up(last, place);
    this.#down(last, this.#places[last]!);
  }

  /** Takes the number with the least ranks; -1 when there is none. */
  takeLeast(): number {
    if (this.#length === 0) return -1;
    const id = this.#ids[0]!;
    this.remove(id);
    return id;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#first[a]! - this.#first[b]!;
    return difference !== 0 ? difference < 0 : this.#second[a]! < this.#second[b]!;
  }

  #put(id: number, place: number): void {
    this.#ids[place] = id;
    this.#places[id] = place;
  }

  #up(id: number, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const other = this.#ids[parent]!;
      if (!this.#isBefore(id, other)) break;
      this.#put(other, place);
      place = parent;
    }
    this.#put(id, place);
  }

  #down(id: number, from: number): void {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#length) break;
      if (child + 1 < this.#length && this.#isBefore(this.#ids[child + 1]!, this.#ids[child]!)) child++;
      const other = this.#ids[child]!;
      if (!this.#isBefore(other, id)) break;
      this.#put(other, place);
      place = child;
    }
    this.#put(id, place);
  }
}
