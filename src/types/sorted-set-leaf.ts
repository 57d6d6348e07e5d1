/**
 * A leaf of the tree of a large sorted set: some members, in order, in one block of memory.
 *
 *     | record record record … | free | … member member member |
 *     base                                                  limit
 *
 *     record:  8 score, a double    4 hash of the member    4 where the member begins, in bytes before `limit`
 *
 * Records are in order, members in that of their coming: so an insertion moves only records.
 */
import { equalBytes, type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { VIEWED_ARRAY_BYTES } from '../base/engine-bytes.ts';
import { blockPool, type Slab } from './block-pool.ts';
import { compareMembers, memberEnd, memberSize, memberStart, writeMember } from './member-bytes.ts';
import type { Inner } from './sorted-set-inner.ts';

export const RECORD_BYTES = 16;
const HASH = 8;
const PLACE = 12;
/** The largest block of more than one member. */
export const LEAF_BYTES_MAX = 1024;
export const LEAF_MEMBERS_MAX = 64;
const LEAF_BYTES_MIN = 96;
/** What the object takes. */
const OBJECT_BYTES = 112;

export class Leaf {
  bytes!: ViewedBytes;
  base = 0;
  limit = 0;
  count = 0;
  /** What the members take. */
  memberBytes = 0;
  parent: Inner | undefined = undefined;
  previous: Leaf | undefined = undefined;
  next: Leaf | undefined = undefined;
  /** By which the index of members knows it. */
  number: number;
  #slab: Slab | undefined = undefined;

  constructor(number: number, size = LEAF_BYTES_MIN) {
    this.number = number;
    this.#allocate(size);
  }

  /** What it takes of memory. */
  get memoryOf(): number {
    const own = VIEWED_ARRAY_BYTES + this.limit - this.base;
    return OBJECT_BYTES + (this.#slab === undefined ? own : this.#slab.blockCost);
  }

  get usedBytes(): number {
    return this.count * RECORD_BYTES + this.memberBytes;
  }

  #allocate(size: number): void {
    const slab = blockPool.slabFor(size);
    this.#slab = slab;
    this.bytes = slab === undefined ? viewedBytes(new ArrayBuffer(size)) : slab.bytes;
    this.base = slab === undefined ? 0 : blockPool.take(slab);
    this.limit = this.base + (slab === undefined ? size : slab.blockBytes);
  }

  release(): void {
    if (this.#slab !== undefined) blockPool.give(this.#slab, this.base);
    this.#slab = undefined;
  }

  // ---------------------------------------------------------------- reading

  scoreAt(index: number): number {
    return this.bytes.view!.getFloat64(this.base + index * RECORD_BYTES, true);
  }

  setScore(index: number, score: number): void {
    this.bytes.view!.setFloat64(this.base + index * RECORD_BYTES, score, true);
  }

  hashAt(index: number): number {
    return this.bytes.view!.getInt32(this.base + index * RECORD_BYTES + HASH, true);
  }

  #placeAt(index: number): number {
    return this.bytes.view!.getUint32(this.base + index * RECORD_BYTES + PLACE, true);
  }

  /** Where the bytes of a member begin. */
  startAt(index: number): number {
    return memberStart(this.bytes, this.limit - this.#placeAt(index));
  }

  /** Where they end. */
  endAt(index: number): number {
    return memberEnd(this.bytes, this.limit - this.#placeAt(index));
  }

  /** Negative when the member comes before (`score`, `source[start, end)`). */
  compare(index: number, score: number, source: Uint8Array, start: number, end: number): number {
    const own = this.scoreAt(index);
    if (own !== score) return own < score ? -1 : 1;
    return compareMembers(this.bytes, this.startAt(index), this.endAt(index), source, start, end);
  }

  /** The same by the bytes alone. */
  compareMember(index: number, source: Uint8Array, start: number, end: number): number {
    return compareMembers(this.bytes, this.startAt(index), this.endAt(index), source, start, end);
  }

  /** How many members have a lower score; with `andEqual` also those with the same one. */
  countBelow(score: number, andEqual: boolean): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const own = this.scoreAt(middle);
      if (andEqual ? own <= score : own < score) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of the first member that does not come before (`score`, `source[start, end)`). */
  lowerBound(score: number, source: Uint8Array, start: number, end: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(middle, score, source, start, end) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of a member, -1 when it is not here. */
  indexOf(hash: number, source: Uint8Array, start: number, end: number): number {
    const view = this.bytes.view!;
    let at = this.base + HASH;
    for (let i = 0; i < this.count; i++, at += RECORD_BYTES) {
      if (view.getInt32(at, true) !== hash) continue;
      const from = this.startAt(i);
      const length = this.endAt(i) - from;
      if (length === end - start && equalBytes(this.bytes, from, source, start, length)) return i;
    }
    return -1;
  }

  // ---------------------------------------------------------------- changing

  /** Whether one more member of `length` bytes belongs here. */
  takes(length: number): boolean {
    if (this.count === 0) return true;
    const size = this.usedBytes + RECORD_BYTES + memberSize(length);
    return size <= LEAF_BYTES_MAX && this.count < LEAF_MEMBERS_MAX;
  }

  insert(index: number, score: number, hash: number, source: ViewedBytes, start: number, end: number): void {
    const size = memberSize(end - start);
    const needed = this.usedBytes + RECORD_BYTES + size;
    if (needed > this.limit - this.base) this.#resize(needed);
    const { bytes } = this;
    const at = this.base + index * RECORD_BYTES;
    if (index < this.count) bytes.copyWithin(at + RECORD_BYTES, at, this.base + this.count * RECORD_BYTES);
    this.memberBytes += size;
    this.count++;
    const view = bytes.view!;
    view.setFloat64(at, score, true);
    view.setInt32(at + HASH, hash, true);
    view.setUint32(at + PLACE, this.memberBytes, true);
    writeMember(bytes, this.limit - this.memberBytes, source, start, end);
  }

  remove(index: number): void {
    const { bytes, limit } = this;
    const place = this.#placeAt(index);
    const at = limit - place;
    const size = memberEnd(bytes, at) - at;
    if (place < this.memberBytes) {
      const lowest = limit - this.memberBytes;
      bytes.copyWithin(lowest + size, lowest, at);
      this.#movePlaces(place, size);
    }
    const record = this.base + index * RECORD_BYTES;
    bytes.copyWithin(record, record + RECORD_BYTES, this.base + this.count * RECORD_BYTES);
    this.memberBytes -= size;
    this.count--;
  }

  /** Members that begin before `place` have come `size` nearer to the limit. */
  #movePlaces(place: number, size: number): void {
    const view = this.bytes.view!;
    let at = this.base + PLACE;
    for (let i = 0; i < this.count; i++, at += RECORD_BYTES) {
      const other = view.getUint32(at, true);
      if (other > place) view.setUint32(at, other - size, true);
    }
  }

  /** Moves one record to another place among the records, with another score. */
  move(from: number, to: number, score: number): void {
    const { bytes, base } = this;
    const hash = this.hashAt(from);
    const place = this.#placeAt(from);
    const [low, high] = from < to ? [from, to] : [to, from];
    const start = base + low * RECORD_BYTES;
    const end = base + high * RECORD_BYTES;
    if (from < to) bytes.copyWithin(start, start + RECORD_BYTES, end + RECORD_BYTES);
    else bytes.copyWithin(start + RECORD_BYTES, start, end);
    const view = bytes.view!;
    const at = base + to * RECORD_BYTES;
    view.setFloat64(at, score, true);
    view.setInt32(at + HASH, hash, true);
    view.setUint32(at + PLACE, place, true);
  }

  /** Appends `other`'s members from `from` on; there they stay. */
  append(other: Leaf, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.insert(
        this.count,
        other.scoreAt(i),
        other.hashAt(i),
        other.bytes,
        other.startAt(i),
        other.endAt(i),
      );
    }
  }

  /** Keeps only the members [from, to), in a block of about their size. */
  keep(from: number, to: number): void {
    const { bytes, base, limit, count } = this;
    const slab = this.#slab;
    let size = (to - from) * RECORD_BYTES;
    for (let i = from; i < to; i++) {
      const at = limit - this.#placeAt(i);
      size += memberEnd(bytes, at) - at;
    }
    const old = new LeafView(bytes, base, limit);
    this.#allocate(Math.max(size, LEAF_BYTES_MIN));
    this.count = 0;
    this.memberBytes = 0;
    for (let i = from; i < Math.min(to, count); i++) old.copyTo(this, i);
    if (slab !== undefined) blockPool.give(slab, base);
  }

  /** Another block, of at least `size` bytes. */
  #resize(size: number): void {
    const { bytes, base, limit, count, memberBytes } = this;
    const slab = this.#slab;
    // A block that one member alone needs is of that size.
    const wanted =
      count === 0 ? size : Math.max(LEAF_BYTES_MIN, Math.min(LEAF_BYTES_MAX, size + (size >>> 3)));
    this.#allocate(Math.max(size, wanted));
    this.bytes.set(bytes.subarray(base, base + count * RECORD_BYTES), this.base);
    this.bytes.set(bytes.subarray(limit - memberBytes, limit), this.limit - memberBytes);
    if (slab !== undefined) blockPool.give(slab, base);
  }
}

/** The members of a leaf in the block that it had before. */
class LeafView {
  readonly #bytes: ViewedBytes;
  readonly #base: number;
  readonly #limit: number;

  constructor(bytes: ViewedBytes, base: number, limit: number) {
    this.#bytes = bytes;
    this.#base = base;
    this.#limit = limit;
  }

  copyTo(leaf: Leaf, index: number): void {
    const bytes = this.#bytes;
    const view = bytes.view!;
    const record = this.#base + index * RECORD_BYTES;
    const at = this.#limit - view.getUint32(record + PLACE, true);
    const score = view.getFloat64(record, true);
    const hash = view.getInt32(record + HASH, true);
    leaf.insert(leaf.count, score, hash, bytes, memberStart(bytes, at), memberEnd(bytes, at));
  }
}
