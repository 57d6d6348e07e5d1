/** A place in a sorted set, from which one goes on in either direction. What changes the sorted set makes it invalid. */
import { memberEnd, memberStart } from './member-bytes.ts';
import type { SortedSet } from './sorted-set.ts';
import type { Leaf } from './sorted-set-leaf.ts';

const NO_BYTES = new Uint8Array(0);

export class SortedSetCursor {
  score = 0;
  /** The member is `bytes[start, end)`. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  rank = 0;
  #set: SortedSet | undefined = undefined;
  #leaf: Leaf | undefined = undefined;
  #index = 0;

  /** Goes to the member with a rank; false when there is none. */
  open(set: SortedSet, rank: number): boolean {
    this.#set = set;
    this.rank = rank;
    if (rank < 0 || rank >= set.length) return false;
    if (set.tree === undefined) {
      this.#readPacked();
      return true;
    }
    set.tree.seekRank(rank);
    this.#leaf = set.tree.leaf;
    this.#index = set.tree.index;
    this.#readLeaf();
    return true;
  }

  next(): boolean {
    const set = this.#set!;
    if (++this.rank >= set.length) return false;
    if (set.tree === undefined) {
      this.#readPacked();
      return true;
    }
    if (++this.#index === this.#leaf!.count) {
      this.#leaf = this.#leaf!.next;
      this.#index = 0;
    }
    this.#readLeaf();
    return true;
  }

  previous(): boolean {
    if (--this.rank < 0) return false;
    if (this.#set!.tree === undefined) {
      this.#readPacked();
      return true;
    }
    if (--this.#index < 0) {
      this.#leaf = this.#leaf!.previous;
      this.#index = this.#leaf!.count - 1;
    }
    this.#readLeaf();
    return true;
  }

  /** The member in memory of its own. */
  copy(): Uint8Array {
    return this.bytes.slice(this.start, this.end);
  }

  #readPacked(): void {
    const set = this.#set!;
    const at = set.placeAt(this.rank);
    this.score = set.packedScoreAt(this.rank);
    this.bytes = set.bytes;
    this.start = memberStart(set.bytes, at);
    this.end = memberEnd(set.bytes, at);
  }

  #readLeaf(): void {
    const leaf = this.#leaf!;
    this.score = leaf.scoreAt(this.#index);
    this.bytes = leaf.bytes;
    this.start = leaf.startAt(this.#index);
    this.end = leaf.endAt(this.#index);
  }
}
