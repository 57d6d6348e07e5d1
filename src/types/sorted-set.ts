/**
 * A sorted set: members, each with a score, in the order of the scores, and of their bytes where these are equal. Scores are never
 * NaN; negative zero equals zero.
 *
 * While it is small it has its packed form, which is searched from its beginning to its end:
 *
 *     count u16 | member score | member score | …     members as in member-bytes.ts, scores as in packed-score.ts
 *
 * then that of sorted-set-tree.ts.
 */
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import type { Packable } from './collection.ts';
import { compareMembers, memberEnd, memberSize, memberStart, writeMember } from './member-bytes.ts';
import { readScore, scoreEnd, scoreSize, writeScore } from './packed-score.ts';
import type { SortedSetLimits } from './sorted-set-limits.ts';
import { SortedSetTree } from './sorted-set-tree.ts';
import { TYPE_ZSET } from './value-types.ts';

const HEADER_BYTES = 2;
const BUFFER_BYTES = 1024;
const PLACES = 128;
/** What the object takes, with its score. */
const OBJECT_BYTES = 152;

/** What `add` says of a member. */
export const UNCHANGED = 0;
export const ADDED = 1;
export const UPDATED = 2;

const NO_BYTES = new Uint8Array(0);
const NO_PLACES = new Int32Array(0);
const NO_SCORES = new Float64Array(0);

export class SortedSet implements Packable {
  readonly type = TYPE_ZSET;
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** The large form, once it has that. */
  tree: SortedSetTree | undefined = undefined;
  /** The score of the member that `find` has found, and its rank in the packed form. */
  score = 0;
  #place = 0;
  readonly #limits: SortedSetLimits;
  #count = 0;
  /** What the packed form is copied to before it changes. */
  #buffer: ViewedBytes = NO_BYTES;
  /** Where each member begins, and its score; only when `#isIndexed`. */
  #places: Int32Array = NO_PLACES;
  #scores: Float64Array = NO_SCORES;
  #isIndexed = false;

  constructor(limits: SortedSetLimits) {
    this.#limits = limits;
  }

  get isPacked(): boolean {
    return this.tree === undefined;
  }

  get length(): number {
    return this.tree === undefined ? this.#count : this.tree.length;
  }

  get memoryBytes(): number {
    return OBJECT_BYTES + (this.tree === undefined ? this.end - this.start : this.tree.memoryBytes);
  }

  view(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#count = end === start ? 0 : bytes[start]! | (bytes[start + 1]! << 8);
    this.#isIndexed = false;
  }

  dispose(): void {
    this.tree?.dispose();
  }

  // ---------------------------------------------------------------- by member

  /** Whether `source[start, end)` is a member: then `score` is its score. */
  find(source: Uint8Array, start: number, end: number): boolean {
    const { tree } = this;
    if (tree === undefined) return this.#findPacked(source, start, end);
    if (!tree.find(source, start, end)) return false;
    this.score = tree.leaf.scoreAt(tree.index);
    return true;
  }

  /** The rank of a member, which `find` has just found. */
  get rank(): number {
    return this.tree === undefined ? this.#place : this.tree.rank;
  }

  #findPacked(source: Uint8Array, start: number, end: number): boolean {
    const { bytes } = this;
    const length = end - start;
    let at = this.start + HEADER_BYTES;
    for (let i = 0; i < this.#count; i++) {
      const from = memberStart(bytes, at);
      const to = memberEnd(bytes, at);
      if (to - from === length && compareMembers(bytes, from, to, source, start, end) === 0) {
        this.score = readScore(bytes, to);
        this.#place = i;
        return true;
      }
      at = scoreEnd(bytes, to);
    }
    return false;
  }

  // ---------------------------------------------------------------- by rank and score

  /** Where the member with a rank begins, in the packed form. */
  placeAt(rank: number): number {
    if (!this.#isIndexed) this.#findPlaces();
    return this.#places[rank]!;
  }

  /** Its score. */
  packedScoreAt(rank: number): number {
    if (!this.#isIndexed) this.#findPlaces();
    return this.#scores[rank]!;
  }

  #findPlaces(): void {
    const { bytes } = this;
    const count = this.#count;
    if (count > this.#places.length) {
      this.#places = new Int32Array(Math.max(PLACES, count * 2));
      this.#scores = new Float64Array(this.#places.length);
    }
    let at = this.start + HEADER_BYTES;
    for (let i = 0; i < count; i++) {
      this.#places[i] = at;
      const to = memberEnd(bytes, at);
      this.#scores[i] = readScore(bytes, to);
      at = scoreEnd(bytes, to);
    }
    this.#isIndexed = true;
  }

  /** How many members have a lower score; with `andEqual` also those with the same one. */
  countBelow(score: number, andEqual: boolean): number {
    if (this.tree !== undefined) return this.tree.countBelow(score, andEqual);
    if (!this.#isIndexed) this.#findPlaces();
    const scores = this.#scores;
    let count = 0;
    while (count < this.#count && (scores[count]! < score || (andEqual && scores[count] === score))) count++;
    return count;
  }

  /**
   * How many members come before `source[start, end)` by their bytes; with `andEqual` also that member. Means something only
   * where all scores are equal.
   */
  countBefore(source: Uint8Array, start: number, end: number, andEqual: boolean): number {
    if (this.tree !== undefined) return this.tree.countBefore(source, start, end, andEqual);
    if (!this.#isIndexed) this.#findPlaces();
    let count = 0;
    for (; count < this.#count; count++) {
      const at = this.#places[count]!;
      const order = compareMembers(
        this.bytes,
        memberStart(this.bytes, at),
        memberEnd(this.bytes, at),
        source,
        start,
        end,
      );
      if (order > 0 || (order === 0 && !andEqual)) break;
    }
    return count;
  }

  // ---------------------------------------------------------------- changing

  /** Adds `source[start, end)`, or gives it another score. Returns ADDED, UPDATED or UNCHANGED. */
  add(score: number, source: Uint8Array, start: number, end: number): number {
    if (this.tree !== undefined) return this.tree.add(score, source, start, end);
    const isThere = this.#findPacked(source, start, end);
    if (isThere) {
      if (this.score === score) return UNCHANGED;
      this.#removePacked(this.#place, 1);
    } else if (this.#limits.exceeds(this.#count + 1, end - start)) {
      this.enlarge();
      return this.tree!.add(score, source, start, end);
    }
    this.#insertPacked(score, source, start, end);
    return isThere ? UPDATED : ADDED;
  }

  remove(source: Uint8Array, start: number, end: number): boolean {
    if (this.tree !== undefined) return this.tree.remove(source, start, end);
    if (!this.#findPacked(source, start, end)) return false;
    this.#removePacked(this.#place, 1);
    return true;
  }

  /** Removes `count` members from a rank on, which are there. */
  removeRanks(rank: number, count: number): void {
    const { tree } = this;
    if (tree === undefined) this.#removePacked(rank, count);
    else for (let i = 0; i < count; i++) tree.removeRank(rank);
  }

  /** So many members are about to come: whether they fit the packed form is judged by that, as in Redis. */
  willGrow(count: number): void {
    if (this.tree === undefined && this.#limits.exceeds(count, 0)) this.enlarge();
  }

  /** Takes on the large form. */
  enlarge(): void {
    const tree = new SortedSetTree();
    for (let i = 0; i < this.#count; i++) {
      const at = this.placeAt(i);
      tree.add(this.packedScoreAt(i), this.bytes, memberStart(this.bytes, at), memberEnd(this.bytes, at));
    }
    this.tree = tree;
    this.bytes = this.#buffer = NO_BYTES;
    this.#places = NO_PLACES;
    this.#scores = NO_SCORES;
  }

  #insertPacked(score: number, source: Uint8Array, start: number, end: number): void {
    const size = memberSize(end - start) + scoreSize(score);
    this.#own(size);
    const buffer = this.#buffer;
    let at = HEADER_BYTES;
    for (let i = 0; i < this.#count; i++) {
      const to = memberEnd(buffer, at);
      const other = readScore(buffer, to);
      if (other > score) break;
      if (other === score && compareMembers(buffer, memberStart(buffer, at), to, source, start, end) > 0)
        break;
      at = scoreEnd(buffer, to);
    }
    buffer.copyWithin(at + size, at, this.end);
    writeScore(buffer, writeMember(buffer, at, source, start, end), score);
    this.end += size;
    this.#counted(this.#count + 1);
  }

  #removePacked(rank: number, count: number): void {
    this.#own(0);
    const buffer = this.#buffer;
    let at = HEADER_BYTES;
    for (let i = 0; i < rank; i++) at = scoreEnd(buffer, memberEnd(buffer, at));
    let to = at;
    for (let i = 0; i < count; i++) to = scoreEnd(buffer, memberEnd(buffer, to));
    buffer.copyWithin(at, to, this.end);
    this.end -= to - at;
    this.#counted(this.#count - count);
  }

  #counted(count: number): void {
    this.#count = count;
    this.#buffer[0] = count;
    this.#buffer[1] = count >>> 8;
    this.#isIndexed = false;
  }

  /** The packed form is in the buffer then, with room for `more` bytes. */
  #own(more: number): void {
    const { bytes, start, end } = this;
    const length = Math.max(HEADER_BYTES, end - start);
    if (length + more > this.#buffer.length) {
      this.#buffer = viewedBytes(new ArrayBuffer(Math.max(BUFFER_BYTES, 2 * (length + more))));
    } else if (bytes === this.#buffer) {
      return;
    }
    this.#buffer.set(bytes.subarray(start, end));
    this.bytes = this.#buffer;
    this.start = 0;
    this.end = length;
  }
}
