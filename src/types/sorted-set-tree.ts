/**
 * The large form of a sorted set: a B+ tree of its members in the order of their scores, and of their bytes where these are equal, that
 * counts the members below each child (an order-statistics tree), with an index of the members beside it.
 *
 *     inner nodes:  child, child, …   with members and a score for each
 *     leaves:       score, hash, member, …   ⇄ linked in order
 *     index:        hash of a member → its leaf
 *
 * - by member: the index tells the leaf, O(1); its rank: the counts of what is before it on the way up, O(log n)
 * - by rank, by score, insertion, removal: O(log n)
 *
 * A member is there only once; the index needs 8 bytes for it.
 */

import { grownCapacity, LIST_BYTES, REFERENCE_BYTES } from '../base/engine-bytes.ts';
import { type HashSeed, hashBytes, randomHashSeed } from '../base/hash.ts';
import { MemberIndex } from './member-index.ts';
import { CHILDREN_MAX, Inner } from './sorted-set-inner.ts';
import { LEAF_MEMBERS_MAX, Leaf } from './sorted-set-leaf.ts';

/** Leaves that use less are joined with a neighbour where both together use not too much. */
const FEW_BYTES = 256;
const JOINED_BYTES_MAX = 768;

/** What the object takes, with its lists. */
const OBJECT_BYTES = 128 + 2 * LIST_BYTES;

const seed: HashSeed = randomHashSeed();

export class SortedSetTree {
  length = 0;
  /** The leaf and the place in it that `find`, `seek` and `seekRank` have found. */
  leaf: Leaf;
  index = 0;
  #root: Inner;
  #first: Leaf;
  #last: Leaf;
  readonly #members = new MemberIndex();
  /** By number; 0 is none. */
  readonly #leaves: (Leaf | undefined)[] = [undefined];
  readonly #freeNumbers: number[] = [];
  /** Places of both lists. */
  #leafCapacity = 1;
  #freeCapacity = 0;
  #nodeBytes = 0;

  constructor() {
    const leaf = this.#createLeaf();
    this.leaf = leaf;
    this.#first = leaf;
    this.#last = leaf;
    this.#root = new Inner(1);
    this.#root.put(0, leaf, 0, -Infinity);
    this.#nodeBytes += this.#root.memoryOf;
  }

  get memoryBytes(): number {
    const places = this.#leafCapacity + this.#freeCapacity;
    return OBJECT_BYTES + this.#nodeBytes + this.#members.memoryBytes + places * REFERENCE_BYTES;
  }

  get first(): Leaf {
    return this.#first;
  }

  get last(): Leaf {
    return this.#last;
  }

  dispose(): void {
    for (let leaf: Leaf | undefined = this.#first; leaf !== undefined; leaf = leaf.next) leaf.release();
  }

  // ---------------------------------------------------------------- looking up

  /** Whether `source[start, end)` is a member: then it is at `leaf` and `index`. */
  find(source: Uint8Array, start: number, end: number): boolean {
    return this.#findHashed(hashBytes(source, start, end, seed), source, start, end);
  }

  #findHashed(hash: number, source: Uint8Array, start: number, end: number): boolean {
    for (let n = this.#members.find(hash); n !== 0; n = this.#members.again(hash)) {
      const leaf = this.#leaves[n]!;
      const index = leaf.indexOf(hash, source, start, end);
      if (index < 0) continue;
      this.leaf = leaf;
      this.index = index;
      return true;
    }
    return false;
  }

  /** The rank of what was found last: how many members come before it. */
  get rank(): number {
    let rank = this.index;
    let child: Inner | Leaf = this.leaf;
    for (let node = child.parent; node !== undefined; node = node.parent) {
      const { children, counts } = node;
      for (let i = 0; children[i] !== child; i++) rank += counts[i]!;
      child = node;
    }
    return rank;
  }

  /** Goes to the member with a rank, which there is. */
  seekRank(rank: number): void {
    // The ends are asked for more than all between them.
    if (rank === 0) {
      this.leaf = this.#first;
      this.index = 0;
      return;
    }
    if (rank === this.length - 1) {
      this.leaf = this.#last;
      this.index = this.#last.count - 1;
      return;
    }
    let left = rank;
    let node = this.#root;
    for (;;) {
      const { counts } = node;
      let i = 0;
      while (left >= counts[i]!) left -= counts[i++]!;
      const child = node.children[i]!;
      if (node.level === 1) {
        this.leaf = child as Leaf;
        this.index = left;
        return;
      }
      node = child as Inner;
    }
  }

  /** How many members have a lower score; with `andEqual` also those with the same one. */
  countBelow(score: number, andEqual: boolean): number {
    let count = 0;
    let node = this.#root;
    for (;;) {
      // The last child that begins with such a member. What is before it, has only such.
      const { scores } = node;
      let low = 1;
      let high = scores.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (andEqual ? scores[middle]! <= score : scores[middle]! < score) low = middle + 1;
        else high = middle;
      }
      for (let i = 0; i < low - 1; i++) count += node.counts[i]!;
      const child = node.children[low - 1]!;
      if (node.level === 1) return count + (child as Leaf).countBelow(score, andEqual);
      node = child as Inner;
    }
  }

  /** How many members come before `source[start, end)` by their bytes alone, which must be the order of all; with `andEqual` also it. */
  countBefore(source: Uint8Array, start: number, end: number, andEqual: boolean): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      this.seekRank(middle);
      const order = this.leaf.compareMember(this.index, source, start, end);
      if (andEqual ? order <= 0 : order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // ---------------------------------------------------------------- changing

  /** Adds `source[start, end)`, or gives it another score. Returns 1 when it was added, 2 when its score is another now, 0 otherwise. */
  add(score: number, source: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(source, start, end, seed);
    if (!this.#findHashed(hash, source, start, end)) {
      this.#insert(score, hash, source, start, end);
      return 1;
    }
    const { leaf, index } = this;
    if (leaf.scoreAt(index) === score) return 0;
    if (!this.#moveWithin(leaf, index, score, source, start, end)) {
      this.#removeFound(leaf, index, hash);
      this.#insert(score, hash, source, start, end);
    }
    return 2;
  }

  /** Changes a score where the member stays in its leaf. */
  #moveWithin(
    leaf: Leaf,
    index: number,
    score: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const at = leaf.lowerBound(score, source, start, end);
    const to = at > index ? at - 1 : at;
    // At an end of the leaf it could belong to a neighbour.
    if ((to === 0 && leaf !== this.#first) || (to === leaf.count - 1 && leaf !== this.#last)) return false;
    if (to === index) leaf.setScore(index, score);
    else leaf.move(index, to, score);
    return true;
  }

  remove(source: Uint8Array, start: number, end: number): boolean {
    const hash = hashBytes(source, start, end, seed);
    if (!this.#findHashed(hash, source, start, end)) return false;
    this.#removeFound(this.leaf, this.index, hash);
    return true;
  }

  /** Removes the member at a rank. */
  removeRank(rank: number): void {
    this.seekRank(rank);
    this.#removeFound(this.leaf, this.index, this.leaf.hashAt(this.index));
  }

  #insert(score: number, hash: number, source: Uint8Array, start: number, end: number): void {
    let node = this.#root;
    let child = node.children[node.childFor(score, source, start, end)]!;
    while (node.level > 1) {
      node = child as Inner;
      child = node.children[node.childFor(score, source, start, end)]!;
    }
    let leaf = child as Leaf;
    let at = leaf.lowerBound(score, source, start, end);
    while (!leaf.takes(end - start)) {
      const right = this.#split(leaf, at, score);
      const cut = leaf.count;
      if (at > cut || (at === cut && right.count === 0)) {
        at -= cut;
        leaf = right;
      }
    }
    this.#nodeBytes -= leaf.memoryOf;
    leaf.insert(at, score, hash, source, start, end);
    this.#nodeBytes += leaf.memoryOf;
    this.#adjust(leaf, 1, score);
    this.#members.add(hash, leaf.number);
    this.length++;
  }

  /** Cuts a leaf that is full, for a member that belongs at `at`. What is behind the cut goes to a new leaf, which is returned. */
  #split(leaf: Leaf, at: number, score: number): Leaf {
    // What comes in order leaves full leaves behind.
    let cut = leaf.count >>> 1;
    if (leaf.count === 1) cut = at;
    else if (at === leaf.count && leaf === this.#last) cut = leaf.count;
    else if (at === 0 && leaf === this.#first) cut = 0;
    const right = this.#createLeaf();
    const before = leaf.memoryOf + right.memoryOf;
    right.append(leaf, cut, leaf.count);
    for (let i = 0; i < right.count; i++) this.#members.move(right.hashAt(i), leaf.number, right.number);
    if (cut < leaf.count) leaf.keep(0, cut);
    this.#nodeBytes += leaf.memoryOf + right.memoryOf - before;
    this.#link(leaf, right, right.count > 0 ? right.scoreAt(0) : score);
    return right;
  }

  /** Puts a new leaf behind another, from which it has its members. */
  #link(leaf: Leaf, right: Leaf, score: number): void {
    right.previous = leaf;
    right.next = leaf.next;
    if (leaf.next === undefined) this.#last = right;
    else leaf.next.previous = right;
    leaf.next = right;
    const parent = leaf.parent!;
    const place = parent.children.indexOf(leaf);
    parent.counts[place]! -= right.count;
    this.#putChild(parent, place + 1, right, right.count, score);
  }

  #putChild(parent: Inner, place: number, child: Inner | Leaf, count: number, score: number): void {
    this.#nodeBytes -= parent.memoryOf;
    parent.put(place, child, count, score);
    this.#nodeBytes += parent.memoryOf;
    if (parent.children.length > CHILDREN_MAX) this.#splitInner(parent, place);
  }

  #splitInner(node: Inner, place: number): void {
    const right = new Inner(node.level);
    const before = node.memoryOf;
    const isAppended = place === node.children.length - 1;
    node.moveTo(right, isAppended ? place : node.children.length >>> 1);
    this.#nodeBytes += node.memoryOf + right.memoryOf - before;
    const { parent } = node;
    if (parent === undefined) {
      const root = new Inner(node.level + 1);
      root.put(0, node, node.count, -Infinity);
      root.put(1, right, right.count, right.scores[0]!);
      this.#root = root;
      this.#nodeBytes += root.memoryOf;
      return;
    }
    const at = parent.children.indexOf(node);
    const count = right.count;
    parent.counts[at]! -= count;
    this.#putChild(parent, at + 1, right, count, right.scores[0]!);
  }

  /** Counts `by` members more below a leaf, from its parent up to the root; one with `score` has come. */
  #adjust(leaf: Leaf, by: number, score = Infinity): void {
    let child: Inner | Leaf = leaf;
    for (let node = leaf.parent; node !== undefined; node = node.parent) {
      const place = node.children.indexOf(child);
      node.counts[place]! += by;
      if (score < node.scores[place]!) node.scores[place] = score;
      child = node;
    }
  }

  #removeFound(leaf: Leaf, index: number, hash: number): void {
    this.#members.remove(hash, leaf.number);
    leaf.remove(index);
    this.#adjust(leaf, -1);
    this.length--;
    if (leaf.count === 0) {
      if (this.length > 0) this.#removeLeaf(leaf);
    } else if (leaf.usedBytes < FEW_BYTES) {
      this.#joinLeaf(leaf);
    }
  }

  /** Joins a leaf with a neighbour of the same parent. */
  #joinLeaf(leaf: Leaf): void {
    const { previous, next } = leaf;
    if (next !== undefined && mayJoin(leaf, next)) this.#joinLeaves(leaf, next);
    else if (previous !== undefined && mayJoin(previous, leaf)) this.#joinLeaves(previous, leaf);
  }

  #joinLeaves(left: Leaf, right: Leaf): void {
    this.#nodeBytes -= left.memoryOf;
    for (let i = 0; i < right.count; i++) this.#members.move(right.hashAt(i), right.number, left.number);
    left.append(right, 0, right.count);
    this.#nodeBytes += left.memoryOf;
    const parent = left.parent!;
    const place = parent.children.indexOf(left);
    parent.counts[place]! += right.count;
    this.#removeLeaf(right);
  }

  #removeLeaf(leaf: Leaf): void {
    const { previous, next } = leaf;
    if (previous === undefined) this.#first = next!;
    else previous.next = next;
    if (next === undefined) this.#last = previous!;
    else next.previous = previous;
    this.#nodeBytes -= leaf.memoryOf;
    leaf.release();
    // It would keep the slab of its block.
    if (this.leaf === leaf) this.leaf = this.#first;
    this.#leaves[leaf.number] = undefined;
    this.#freeNumbers.push(leaf.number);
    this.#freeCapacity = grownCapacity(this.#freeCapacity, this.#freeNumbers.length);
    this.#removeChild(leaf.parent!, leaf);
  }

  #removeChild(node: Inner, child: Inner | Leaf): void {
    this.#nodeBytes -= node.memoryOf;
    node.take(node.children.indexOf(child));
    this.#nodeBytes += node.memoryOf;
    const { parent } = node;
    if (parent === undefined) {
      this.#lowerRoot();
    } else if (node.children.length === 0) {
      this.#nodeBytes -= node.memoryOf;
      this.#removeChild(parent, node);
    } else {
      const place = parent.children.indexOf(node);
      const next = parent.children[place + 1] as Inner | undefined;
      const previous = parent.children[place - 1] as Inner | undefined;
      // A child's counts are right only while nothing below it is on its way to another.
      if (next !== undefined && node.mayJoin(next)) this.#joinInner(parent, place, node, next);
      else if (previous !== undefined && node.mayJoin(previous)) {
        this.#joinInner(parent, place - 1, previous, node);
      }
    }
  }

  #joinInner(parent: Inner, place: number, left: Inner, right: Inner): void {
    const before = left.memoryOf + right.memoryOf;
    right.moveTo(left, 0);
    this.#nodeBytes += left.memoryOf + right.memoryOf - before;
    parent.counts[place]! += parent.counts[place + 1]!;
    this.#nodeBytes -= right.memoryOf;
    this.#removeChild(parent, right);
  }

  #lowerRoot(): void {
    while (this.#root.level > 1 && this.#root.children.length === 1) {
      this.#nodeBytes -= this.#root.memoryOf;
      this.#root = this.#root.children[0] as Inner;
      this.#root.parent = undefined;
    }
  }

  #createLeaf(): Leaf {
    const number = this.#freeNumbers.pop() ?? this.#leaves.length;
    const leaf = new Leaf(number);
    this.#leaves[number] = leaf;
    this.#leafCapacity = grownCapacity(this.#leafCapacity, this.#leaves.length);
    this.#nodeBytes += leaf.memoryOf;
    return leaf;
  }

  // ---------------------------------------------------------------- walks

  /** See MemberIndex.scan; visits leaves and the places in them. */
  scan(cursor: number, count: number, visit: (leaf: Leaf, index: number) => void): number {
    return this.#members.scan(cursor, count, (hash, number) => {
      const leaf = this.#leaves[number]!;
      for (let i = 0; i < leaf.count; i++) if (leaf.hashAt(i) === hash) visit(leaf, i);
    });
  }
}

function mayJoin(left: Leaf, right: Leaf): boolean {
  if (left.parent !== right.parent) return false;
  if (left.usedBytes + right.usedBytes > JOINED_BYTES_MAX) return false;
  return left.count + right.count <= LEAF_MEMBERS_MAX;
}
