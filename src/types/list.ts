/**
 * A list of byte strings: a deque of chunks, each of which holds several elements behind one another in one block of memory.
 *
 *     head ⇄ chunk ⇄ chunk ⇄ … ⇄ tail
 *
 *     chunk:  | free | entry entry entry … | free |        entries as in listpack-entry.ts
 *                    ↑ start               ↑ end
 *
 * The idea is that of Redis's quicklist (a linked list of listpacks); other than there a chunk has free room at both ends, so that
 * pushing and popping at either one move no bytes but those of the element.
 *
 * - push and pop at both ends: O(1), amortized
 * - by index, and around an index: O(chunks + elements of a chunk), from the nearer end
 * - by value: O(n), comparing entries as bytes: equal elements have equal entries
 *
 * A chunk takes at most `limits.bytes` and `limits.count` elements, unless one element alone is longer. It grows by doubling up
 * to that. Neighbours that removals in the middle have made small enough are joined.
 *
 * `isSmall` is nothing that the structure needs: it says whether Redis 7.2 would have the list as one listpack, which
 * it does up to the limit of one chunk, and again when what is left is half of that.
 */
import { equalBytes } from '../base/bytes.ts';
import { Chunk } from './chunk.ts';
import type { Collection } from './collection.ts';
import type { ListCursor } from './list-cursor.ts';
import type { ListLimits } from './list-limits.ts';
import { EntryWriter, entryBefore, entryBytes } from './listpack-entry.ts';
import { TYPE_LIST } from './value-types.ts';

/** What a listpack has beside its entries: header and end mark. */
export const LISTPACK_FRAME_BYTES = 7;
/** What the object takes. */
const LIST_BYTES = 104;
const CAPACITY_BYTES_MIN = 32;
/** The first block of a chunk that is not the first one. */
const NEXT_CAPACITY_BYTES = 1024;
/** From so many chunks on a list is long. */
const LONG_CHUNKS = 4;
/** Blocks that are used to less than a quarter are exchanged for smaller ones from this size on. */
const SHRINK_BYTES_MIN = 512;

const writer = new EntryWriter();

export class List implements Collection {
  readonly type = TYPE_LIST;
  length = 0;
  /** Whether it has the form of small lists. */
  isSmall = true;
  head: Chunk | undefined = undefined;
  tail: Chunk | undefined = undefined;
  chunks = 0;
  readonly limits: ListLimits;
  /** Bytes of all entries, and what the chunks take of memory. */
  #entryBytes = 0;
  #chunkBytes = 0;

  constructor(limits: ListLimits) {
    this.limits = limits;
  }

  get memoryBytes(): number {
    return LIST_BYTES + this.#chunkBytes;
  }

  /** Bytes of the entries. */
  get entryBytes(): number {
    return this.#entryBytes;
  }

  // ---------------------------------------------------------------- ends

  pushTail(source: Uint8Array, start: number, end: number): void {
    const size = writer.measure(source, start, end);
    let chunk = this.tail;
    if (chunk === undefined || !this.#takes(chunk, size)) chunk = this.#add(this.tail, size);
    if (chunk.end + size > chunk.limit) this.#makeRoom(chunk, size, false);
    chunk.end = writer.write(chunk.bytes, chunk.end);
    this.#grown(chunk, size);
  }

  pushHead(source: Uint8Array, start: number, end: number): void {
    const size = writer.measure(source, start, end);
    let chunk = this.head;
    if (chunk === undefined || !this.#takes(chunk, size)) chunk = this.#add(undefined, size);
    if (chunk.start - size < chunk.base) this.#makeRoom(chunk, size, true);
    chunk.start -= size;
    writer.write(chunk.bytes, chunk.start);
    this.#grown(chunk, size);
  }

  /** Removes the first `count` elements, of which there are as many. */
  dropHead(count: number): void {
    for (let left = count; left > 0; ) {
      const chunk = this.head!;
      if (chunk.count <= left) {
        left -= chunk.count;
        this.#remove(chunk);
        continue;
      }
      let at = chunk.start;
      for (let i = 0; i < left; i++) at += entryBytes(chunk.bytes, at);
      this.#shrunk(chunk, left, at - chunk.start);
      chunk.start = at;
      left = 0;
      this.#fit(chunk);
    }
    this.#settle();
  }

  /** Removes the last `count` elements, of which there are as many. */
  dropTail(count: number): void {
    for (let left = count; left > 0; ) {
      const chunk = this.tail!;
      if (chunk.count <= left) {
        left -= chunk.count;
        this.#remove(chunk);
        continue;
      }
      let at = chunk.end;
      for (let i = 0; i < left; i++) at = entryBefore(chunk.bytes, at);
      this.#shrunk(chunk, left, chunk.end - at);
      chunk.end = at;
      left = 0;
      this.#fit(chunk);
    }
    this.#settle();
  }

  // ---------------------------------------------------------------- middle

  /** Puts an element to where `cursor` is, which must be at an element; that one comes behind it. */
  insert(cursor: ListCursor, source: Uint8Array, start: number, end: number): void {
    const { chunk, at } = cursor;
    if (chunk === this.head && at === chunk!.start) {
      this.pushHead(source, start, end);
      return;
    }
    const size = writer.measure(source, start, end);
    if (this.#takes(chunk!, size)) {
      const offset = at - chunk!.start;
      this.#open(chunk!, at, size);
      writer.write(chunk!.bytes, chunk!.start + offset);
      this.#grown(chunk!, size);
      return;
    }
    // The chunk is full: it is cut in two, and the element goes to the end of the first part or to one of its own.
    const left = at === chunk!.start ? chunk!.previous! : this.#cut(chunk!, at);
    const target = this.#takes(left, size) ? left : this.#add(left, size);
    if (target.end + size > target.limit) this.#makeRoom(target, size, false);
    target.end = writer.write(target.bytes, target.end);
    this.#grown(target, size);
  }

  /** Puts another element into the place of the one at `cursor`. */
  replace(cursor: ListCursor, source: Uint8Array, start: number, end: number): void {
    const chunk = cursor.chunk!;
    const size = writer.measure(source, start, end);
    const old = entryBytes(chunk.bytes, cursor.at);
    if (size === old) {
      writer.write(chunk.bytes, cursor.at);
    } else if (size < old || chunk.count === 1 || this.#mayGrow(chunk, size - old)) {
      const offset = cursor.at - chunk.start;
      if (size > old) {
        this.#open(chunk, cursor.at, size - old);
      } else {
        chunk.bytes.copyWithin(cursor.at, cursor.at + old - size, chunk.end);
        chunk.end -= old - size;
      }
      writer.write(chunk.bytes, chunk.start + offset);
      this.#entryBytes += size - old;
      this.#fit(chunk);
    } else {
      this.insert(cursor, source, start, end);
      // What is replaced now stands behind it, wherever its chunk's bytes are.
      cursor.seek(cursor.index + 1);
      this.remove(cursor);
    }
    this.#settle();
  }

  /** Removes the element at `cursor`, which is then at the one behind it, or at none. */
  remove(cursor: ListCursor): void {
    const chunk = cursor.chunk!;
    const size = entryBytes(chunk.bytes, cursor.at);
    const next = chunk.next;
    if (chunk.count === 1) {
      this.#remove(chunk);
      cursor.moveTo(next, next?.start ?? 0);
      return;
    }
    // The shorter side moves.
    const before = cursor.at - chunk.start;
    const behind = chunk.end - cursor.at - size;
    if (before < behind) {
      chunk.bytes.copyWithin(chunk.start + size, chunk.start, cursor.at);
      chunk.start += size;
      cursor.moveTo(chunk, cursor.at + size);
    } else {
      chunk.bytes.copyWithin(cursor.at, cursor.at + size, chunk.end);
      chunk.end -= size;
    }
    this.#shrunk(chunk, 1, size);
    if (cursor.at === chunk.end) cursor.moveTo(next, next?.start ?? 0);
  }

  /**
   * Removes elements that equal `source[start, end)` and returns how many: at most `most`, those nearest to the tail if
   * `fromTail`.
   */
  removeEqual(source: Uint8Array, start: number, end: number, most: number, fromTail: boolean): number {
    const wanted = writer.entry(source, start, end);
    let removed = 0;
    let chunk = fromTail ? this.tail : this.head;
    while (chunk !== undefined && removed < most) {
      const following: Chunk | undefined = fromTail ? chunk.previous : chunk.next;
      const here = this.#removeEqualIn(chunk, wanted, most - removed, fromTail);
      if (here > 0) {
        removed += here;
        // Not with the one that has yet to be searched.
        if (chunk.count === 0) this.#remove(chunk);
        else if (fromTail) this.#join(chunk, chunk.next);
        else this.#join(chunk.previous, chunk);
      }
      chunk = following;
    }
    if (removed > 0) {
      if (this.head !== undefined) this.#fit(this.head);
      this.#settle();
    }
    return removed;
  }

  /** Whether a list that has just been made is small. */
  judge(): void {
    this.isSmall = this.chunks <= 1 && this.limits.fits(this.#frameBytes, this.length);
  }

  /** Gives its memory back. It is of no more use. */
  dispose(): void {
    for (let chunk = this.head; chunk !== undefined; chunk = chunk.next) chunk.release();
  }

  /** Call before `count` elements of `bytes` bytes are added. */
  willGrow(bytes: number, count: number): void {
    if (this.isSmall && this.limits.exceeds(this.#frameBytes + bytes, this.length + count)) {
      this.isSmall = false;
    }
  }

  get #frameBytes(): number {
    return LISTPACK_FRAME_BYTES + this.#entryBytes;
  }

  // ---------------------------------------------------------------- chunks

  #takes(chunk: Chunk, size: number): boolean {
    if (this.isSmall) return true;
    return !this.limits.exceeds(chunk.end - chunk.start + size + LISTPACK_FRAME_BYTES, chunk.count + 1);
  }

  /** Whether an element of a chunk may become longer. */
  #mayGrow(chunk: Chunk, bytes: number): boolean {
    if (this.isSmall) return true;
    return !this.limits.exceeds(chunk.end - chunk.start + bytes + LISTPACK_FRAME_BYTES, chunk.count);
  }

  #grown(chunk: Chunk, size: number): void {
    chunk.count++;
    this.length++;
    this.#entryBytes += size;
  }

  #shrunk(chunk: Chunk, count: number, bytes: number): void {
    chunk.count -= count;
    this.length -= count;
    this.#entryBytes -= bytes;
  }

  /** After removals: one chunk that is small enough is a small list again. */
  #settle(): void {
    if (!this.isSmall && this.chunks === 1 && this.limits.isSmall(this.#frameBytes, this.length)) {
      this.isSmall = true;
    }
  }

  /** A new chunk with room for `size` bytes behind `before`; undefined: in front of all. */
  #add(before: Chunk | undefined, size: number): Chunk {
    const chunk = new Chunk(Math.max(size, Math.min(this.#nextCapacity, this.limits.bytes)));
    this.#link(before, chunk);
    if (before === undefined) chunk.start = chunk.end = chunk.limit;
    return chunk;
  }

  /**
   * The first block of a new chunk. In a long list it is as large as it will become: blocks that are outgrown wait for the garbage
   * collector, and there would be as much of them as of elements.
   */
  get #nextCapacity(): number {
    if (this.chunks === 0) return CAPACITY_BYTES_MIN;
    if (this.chunks < LONG_CHUNKS) return NEXT_CAPACITY_BYTES;
    const average = this.#entryBytes / this.chunks;
    return average > this.limits.bytes / 2
      ? this.limits.bytes
      : Math.max(NEXT_CAPACITY_BYTES, Math.ceil(average));
  }

  #link(before: Chunk | undefined, chunk: Chunk): void {
    const after = before === undefined ? this.head : before.next;
    chunk.previous = before;
    chunk.next = after;
    if (before === undefined) this.head = chunk;
    else before.next = chunk;
    if (after === undefined) this.tail = chunk;
    else after.previous = chunk;
    this.chunks++;
    this.#chunkBytes += chunk.memoryBytes;
  }

  /** Takes a chunk out, with the elements that it has. */
  #remove(chunk: Chunk): void {
    const { previous, next } = chunk;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.tail = previous;
    else next.previous = previous;
    this.#shrunk(chunk, chunk.count, chunk.end - chunk.start);
    this.chunks--;
    this.#chunkBytes -= chunk.memoryBytes;
    chunk.release();
  }

  /** Makes `size` bytes free in front of the entries of a chunk, or behind them. */
  #makeRoom(chunk: Chunk, size: number, inFront: boolean): void {
    const content = chunk.end - chunk.start;
    const needed = content + size;
    const have = chunk.capacity;
    // A block that is hardly used at the other end serves on, if what moves is not most of it.
    if (needed <= have && (content <= have >>> 1 || have >= this.limits.bytes)) {
      const at = inFront ? chunk.limit - content : chunk.base;
      chunk.bytes.copyWithin(at, chunk.start, chunk.end);
      chunk.start = at;
      chunk.end = at + content;
      return;
    }
    const wanted = Math.max(needed, Math.min(2 * needed, this.limits.bytes));
    this.#resize(chunk, wanted, inFront);
  }

  #resize(chunk: Chunk, size: number, toEnd: boolean): void {
    this.#chunkBytes -= chunk.memoryBytes;
    chunk.resize(size, toEnd);
    this.#chunkBytes += chunk.memoryBytes;
  }

  /** The only chunk has a block of about its size. Those of long lists are soon full again, or gone. */
  #fit(chunk: Chunk): void {
    const content = chunk.end - chunk.start;
    const have = chunk.capacity;
    if (this.chunks > 1 || have < SHRINK_BYTES_MIN || content >= have >>> 2) return;
    this.#resize(chunk, 2 * content, false);
  }

  /** Makes room for `size` bytes at `at`, in the middle of a chunk. */
  #open(chunk: Chunk, at: number, size: number): void {
    const offset = at - chunk.start;
    if (chunk.end + size <= chunk.limit) {
      chunk.bytes.copyWithin(at + size, at, chunk.end);
      chunk.end += size;
    } else if (chunk.start - size >= chunk.base) {
      chunk.bytes.copyWithin(chunk.start - size, chunk.start, at);
      chunk.start -= size;
    } else {
      this.#makeRoom(chunk, size, false);
      chunk.bytes.copyWithin(chunk.start + offset + size, chunk.start + offset, chunk.end);
      chunk.end += size;
    }
  }

  /** Cuts a chunk in two before the entry at `at`, which is not the first; returns the part in front. */
  #cut(chunk: Chunk, at: number): Chunk {
    let count = 0;
    for (let from = chunk.start; from < at; from += entryBytes(chunk.bytes, from)) count++;
    const size = at - chunk.start;
    const left = new Chunk(Math.max(size, CAPACITY_BYTES_MIN));
    left.bytes.set(chunk.bytes.subarray(chunk.start, at), left.start);
    left.end += size;
    left.count = count;
    chunk.count -= count;
    chunk.start = at;
    this.#link(chunk.previous, left);
    return left;
  }

  /** Joins two neighbours where both together are small enough. */
  #join(left: Chunk | undefined, right: Chunk | undefined): void {
    if (left === undefined || right === undefined) return;
    const size = right.end - right.start;
    const bytes = left.end - left.start + size + LISTPACK_FRAME_BYTES;
    if (this.limits.exceeds(bytes, left.count + right.count)) return;
    if (left.end + size > left.limit) this.#makeRoom(left, size, false);
    left.bytes.set(right.bytes.subarray(right.start, right.end), left.end);
    left.end += size;
    left.count += right.count;
    right.count = 0;
    right.start = right.end;
    this.#remove(right);
  }

  /** Removes what equals from one chunk, which may have no element afterwards. What stays moves once. */
  #removeEqualIn(chunk: Chunk, wanted: Uint8Array, most: number, fromTail: boolean): number {
    const { bytes } = chunk;
    const { length } = wanted;
    let removed = 0;
    if (fromTail) {
      let to = chunk.end;
      for (let end = chunk.end; end > chunk.start; ) {
        const at = removed < most ? entryBefore(bytes, end) : chunk.start;
        if (removed < most && end - at === length && equalBytes(bytes, at, wanted, 0, length)) {
          removed++;
        } else {
          to -= end - at;
          if (to !== at) bytes.copyWithin(to, at, end);
        }
        end = at;
      }
      chunk.start = to;
    } else {
      let to = chunk.start;
      for (let at = chunk.start; at < chunk.end; ) {
        const end = removed < most ? at + entryBytes(bytes, at) : chunk.end;
        if (removed < most && end - at === length && equalBytes(bytes, at, wanted, 0, length)) {
          removed++;
        } else {
          if (to !== at) bytes.copyWithin(to, at, end);
          to += end - at;
        }
        at = end;
      }
      chunk.end = to;
    }
    this.#shrunk(chunk, removed, removed * length);
    return removed;
  }
}
