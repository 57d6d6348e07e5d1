/** An inner node of the tree of a large sorted set: children in order, and for each what is needed to choose among them. */
import { grownCapacity, LIST_BYTES, REFERENCE_BYTES } from '../base/engine-bytes.ts';
import type { Leaf } from './sorted-set-leaf.ts';

export const CHILDREN_MAX = 64;
/** Nodes with fewer children are joined with a neighbour where both together have not too many. */
const CHILDREN_FEW = 16;
const CHILDREN_JOINED_MAX = 48;
/** What the object takes, with its lists, and each of their places. */
const OBJECT_BYTES = 72 + 3 * LIST_BYTES;
const PLACE_BYTES = 3 * REFERENCE_BYTES;

export class Inner {
  parent: Inner | undefined = undefined;
  /** 1: its children are leaves; otherwise they are inner nodes of the level below. */
  readonly level: number;
  readonly children: (Inner | Leaf)[] = [];
  /** Members below each child. */
  readonly counts: number[] = [];
  /** A score for each child: no member below it has a lower one, and none below the child before it a higher one. */
  readonly scores: number[] = [];

  /** Places in each of the lists. */
  #capacity = 0;

  constructor(level: number) {
    this.level = level;
  }

  get memoryOf(): number {
    return OBJECT_BYTES + this.#capacity * PLACE_BYTES;
  }

  get count(): number {
    let count = 0;
    for (const each of this.counts) count += each;
    return count;
  }

  /** The child in which a member belongs. */
  childFor(score: number, source: Uint8Array, start: number, end: number): number {
    const { scores } = this;
    let low = 1;
    let high = scores.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const own = scores[middle]!;
      const isBehind =
        own === score ? this.#first(middle).compare(0, score, source, start, end) <= 0 : own < score;
      if (isBehind) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The first leaf below a child. */
  #first(index: number): Leaf {
    let node = this.children[index]!;
    for (let level = this.level; level > 1; level--) node = (node as Inner).children[0]!;
    return node as Leaf;
  }

  put(index: number, child: Inner | Leaf, count: number, score: number): void {
    child.parent = this;
    this.children.splice(index, 0, child);
    this.counts.splice(index, 0, count);
    this.scores.splice(index, 0, score);
    this.#capacity = grownCapacity(this.#capacity, this.children.length);
  }

  take(index: number): void {
    this.children.splice(index, 1);
    this.counts.splice(index, 1);
    this.scores.splice(index, 1);
  }

  /** Moves the children from `from` on into `right`, behind those that it has. */
  moveTo(right: Inner, from: number): void {
    const children = this.children.splice(from);
    for (const child of children) child.parent = right;
    right.children.push(...children);
    right.counts.push(...this.counts.splice(from));
    right.scores.push(...this.scores.splice(from));
    right.#capacity = grownCapacity(right.#capacity, right.children.length);
  }

  /** Whether it has few children, and may have those of `other` as well. */
  mayJoin(other: Inner): boolean {
    const { length } = this.children;
    return length < CHILDREN_FEW && length + other.children.length <= CHILDREN_JOINED_MAX;
  }
}
