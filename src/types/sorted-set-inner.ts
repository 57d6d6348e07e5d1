/** An inner node of the tree of a large sorted set: children in order, and for each what is needed to choose among them. */
import type { Leaf } from './sorted-set-leaf.ts';

export const CHILDREN_MAX = 64;
/** Nodes with fewer children are joined with a neighbour where both together have not too many. */
const CHILDREN_FEW = 16;
const CHILDREN_JOINED_MAX = 48;
/** About what the object takes, and each place of its arrays. Measured on Node 20. */
const OBJECT_BYTES = 200;
const PLACE_BYTES = 24;

export class Inner {
  parent: Inner | undefined = undefined;
  /** 1: its children are leaves; otherwise they are inner nodes of the level below. */
  readonly level: number;
  readonly children: (Inner | Leaf)[] = [];
  /** Members below each child. */
  readonly counts: number[] = [];
  /** A score for each child: no member below it has a lower one, and none below the child before it a higher one. */
  readonly scores: number[] = [];

  constructor(level: number) {
    this.level = level;
  }

  get memoryOf(): number {
    return OBJECT_BYTES + this.children.length * PLACE_BYTES;
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
  }

  /** Whether it has few children, and may have those of `other` as well. */
  mayJoin(other: Inner): boolean {
    const { length } = this.children;
    return length < CHILDREN_FEW && length + other.children.length <= CHILDREN_JOINED_MAX;
  }
}
