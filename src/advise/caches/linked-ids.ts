/** A doubly linked list of keys' numbers, in two flat arrays. A number may be in it once. */
export class LinkedIds {
  readonly #end: number;
  /** By number: its neighbours; the last place is the list's own, between its end and its front. */
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  #length = 0;

  constructor(ids: number) {
    this.#end = ids;
    this.#before = new Int32Array(ids + 1);
    this.#after = new Int32Array(ids + 1);
    this.#before[ids] = ids;
    this.#after[ids] = ids;
  }

  get length(): number {
    return this.#length;
  }

  /** The number at the back, -1 when the list is empty. */
  get back(): number {
    const id = this.#before[this.#end]!;
    return id === this.#end ? -1 : id;
  }

  /** The neighbour on the way to the front, -1 at the front. */
  towardsFront(id: number): number {
    const before = this.#before[id]!;
    return before === this.#end ? -1 : before;
  }

  pushFront(id: number): void {
    const first = this.#after[this.#end]!;
    this.#before[id] = this.#end;
    this.#after[id] = first;
    this.#before[first] = id;
    this.#after[this.#end] = id;
    this.#length++;
  }

  remove(id: number): void {
    const before = this.#before[id]!;
    const after = this.#after[id]!;
    this.#after[before] = after;
    this.#before[after] = before;
    this.#length--;
  }

  /** Takes the number at the back; -1 when the list is empty. */
  popBack(): number {
    const id = this.back;
    if (id >= 0) this.remove(id);
    return id;
  }
}
