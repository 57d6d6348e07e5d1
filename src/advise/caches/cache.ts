/**
 * A cache that holds nothing: it knows only which keys would be in it. Keys are small numbers, 0 to `ids - 1`, so that all state
 * stands in flat arrays whose size is known at the start, and one numbering of the keys (dense-ids.ts) serves many caches.
 *
 * A request for a key that is missing takes the key in, as an application does that loads what it missed. Room is made before
 * that, so that the key that comes is never the one that goes, as in the server.
 */

/** What one key takes of the capacity, by key; shared by all caches over the same numbering. */
export type Weights = Float64Array;

export abstract class Cache {
  protected readonly ids: number;
  readonly #weights: Weights | undefined;
  readonly #isIn: Uint8Array;
  #capacity: number;
  #used = 0;
  #entries = 0;

  /** `capacity` is a number of keys; with `weights` it is in their unit, such as bytes. */
  constructor(ids: number, capacity: number, weights?: Weights) {
    this.ids = ids;
    this.#capacity = capacity;
    this.#weights = weights;
    this.#isIn = new Uint8Array(ids);
  }

  /** How many keys are in it. */
  get entries(): number {
    return this.#entries;
  }

  get capacity(): number {
    return this.#capacity;
  }

  has(id: number): boolean {
    return this.#isIn[id] === 1;
  }

  /** A request for a key: true when it is there. One that is missing comes in, unless it is larger than the whole cache. */
  access(id: number): boolean {
    if (this.#isIn[id] === 1) {
      this.touch(id);
      return true;
    }
    const weight = this.#weightOf(id);
    if (weight > this.#capacity) return false;
    if (!this.#makeRoom(this.#capacity - weight)) return false;
    this.#isIn[id] = 1;
    this.#entries++;
    this.#used += weight;
    this.add(id);
    return false;
  }

  /** The key is deleted, or has expired. */
  remove(id: number): void {
    if (this.#isIn[id] === 0) return;
    this.#leave(id);
    this.drop(id);
  }

  /** The number will stand for another key: nothing of this one may be remembered. */
  forget(id: number): void {
    this.remove(id);
    this.erase(id);
  }

  /** The key's weight becomes another: to be called before the shared array changes. */
  reweigh(id: number, weight: number): void {
    if (this.#isIn[id] === 0) return;
    this.#used += weight - this.#weightOf(id);
    if (weight > this.#capacity) this.#used -= weight - this.#weightOf(id);
    if (weight > this.#capacity) this.remove(id);
    else if (this.#used > this.#capacity) this.#makeRoom(this.#capacity);
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    this.resized(capacity);
    this.#makeRoom(capacity);
  }

  #weightOf(id: number): number {
    return this.#weights === undefined ? 1 : this.#weights[id]!;
  }

  #makeRoom(limit: number): boolean {
    while (this.#used > limit) {
      const id = this.takeVictim();
      if (id < 0) return false;
      this.#leave(id);
    }
    return true;
  }

  #leave(id: number): void {
    this.#isIn[id] = 0;
    this.#entries--;
    this.#used -= this.#weightOf(id);
  }

  /** A key that was not there comes in. */
  protected abstract add(id: number): void;
  /** A key that is there is used. */
  protected abstract touch(id: number): void;
  /** A key that is there goes for another reason than want of room. */
  protected abstract drop(id: number): void;
  /** Chooses who goes for want of room, and takes it out of the policy's order; -1 when nobody may go. */
  protected abstract takeVictim(): number;
  /** Forgets what the policy knows of a key that is not there. */
  protected erase(_id: number): void {}
  protected resized(_capacity: number): void {}
}
