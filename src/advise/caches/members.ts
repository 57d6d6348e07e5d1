/** A set of keys' numbers of which a random one can be had, each with the same chance. */
import type { Random } from '../../base/random.ts';

export class Members {
  /** In no order, and by number its place among them, -1 when it is not there. */
  readonly #ids: Int32Array;
  readonly #places: Int32Array;
  #length = 0;

  constructor(ids: number) {
    this.#ids = new Int32Array(ids);
    this.#places = new Int32Array(ids).fill(-1);
  }

  get length(): number {
    return this.#length;
  }

  has(id: number): boolean {
    return this.#places[id]! >= 0;
  }

  add(id: number): void {
    this.#places[id] = this.#length;
    this.#ids[this.#length++] = id;
  }

  remove(id: number): void {
    const place = this.#places[id]!;
    if (place < 0) return;
    const last = this.#ids[--this.#length]!;
    this.#ids[place] = last;
    this.#places[last] = place;
    this.#places[id] = -1;
  }

  /** One of them; there must be one. */
  draw(random: Random): number {
    return this.#ids[random.below(this.#length)]!;
  }
}
