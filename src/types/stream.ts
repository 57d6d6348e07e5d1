/**
 * A stream: entries of names and values, in the order of their ids, and the groups that consume them.
 *
 *     nodes[firstNode] … nodes[last]      each a block of entries, see stream-node.ts; in the order of their first ids
 *
 * - appending: O(1), amortized
 * - an id: O(log nodes + entries of a node)
 * - trimming: O(1) for each node that goes; where a part of a node goes, O(entries of a node)
 *
 * A node takes as many entries as in Redis: until its listpack has `limits.bytes` bytes, or `limits.entries` entries.
 */
import type { ByteRanges } from '../base/byte-ranges.ts';
import { latin1 } from '../base/bytes.ts';
import {
  BOXED_NUMBER_BYTES,
  grownCapacity,
  LIST_BYTES,
  MapBytes,
  REFERENCE_BYTES,
  stringBytes,
} from '../base/engine-bytes.ts';
import type { Collection } from './collection.ts';
import { StreamBlock } from './stream-block.ts';
import { StreamCursor } from './stream-cursor.ts';
import { byName, type Group, ID_BYTES, NOT_KNOWN } from './stream-groups.ts';
import { compareIds, FIRST_ID, type Half, idAfter, isZeroId, LAST_ID, type StreamId } from './stream-id.ts';
import { NODE_BYTES_MAX, type StreamLimits } from './stream-limits.ts';
import { FLAG_DELETED, StreamNode } from './stream-node.ts';
import { TYPE_STREAM } from './value-types.ts';

/** What the object takes, with two ids that are not those of others, and its lists. */
const STREAM_BYTES = 128 + 2 * ID_BYTES + LIST_BYTES;
/** Of a node beside its bytes: the object, with its id. */
const NODE_BYTES = 120 + BOXED_NUMBER_BYTES;
const FIRST_CAPACITY_BYTES = 64;
/** Blocks with more than this part unused are exchanged for smaller ones when they are full of entries. */
const UNUSED_PART = 1 / 16;
/** Streams that take more have blocks of this size for several nodes, if these are not too large. */
const SHARED_BYTES = 1 << 16;
const SHARED_NODE_BYTES_MAX = 1 << 13;
/** So many empty places in front of the nodes are let be. */
const FREE_PLACES_MIN = 32;

const cursor = new StreamCursor();

export class Stream implements Collection {
  readonly type = TYPE_STREAM;
  /** Entries that are not deleted. */
  length = 0;
  /** The highest id that an entry has had. */
  lastId: StreamId = FIRST_ID;
  /** The id of the first entry; 0-0 when there is none. */
  firstId: StreamId = FIRST_ID;
  maxDeletedId: StreamId = FIRST_ID;
  /** How many entries were ever added. */
  entriesAdded = 0;
  readonly limits: StreamLimits;
  /** Those before `firstNode` are gone. */
  readonly nodes: (StreamNode | undefined)[] = [];
  firstNode = 0;
  readonly #groups = new Map<string, Group>();
  /** Places for nodes. */
  #capacity = 0;
  #nodeBytes = 0;
  readonly #groupMap = new MapBytes();
  #groupBytes = 0;

  constructor(limits: StreamLimits) {
    this.limits = limits;
  }

  get memoryBytes(): number {
    const groups = this.#groupMap.bytes + this.#groupBytes;
    return STREAM_BYTES + this.#capacity * REFERENCE_BYTES + this.#nodeBytes + groups;
  }

  get nodeCount(): number {
    return this.nodes.length - this.firstNode;
  }

  dispose(): void {
    for (let i = this.firstNode; i < this.nodes.length; i++) {
      const { block } = this.nodes[i]!;
      if (--block.nodes === 0) block.release();
    }
  }

  // ---------------------------------------------------------------- entries

  /** Appends an entry with the names and values `ranges[from, to)`. Its id is higher than `lastId`. */
  append(ms: Half, seq: Half, ranges: ByteRanges, from: number, to: number): void {
    const { nodes } = this;
    const { starts, ends } = ranges;
    let bytes = 0;
    for (let i = from; i < to; i++) bytes += ends[i]! - starts[i]!;
    const room = StreamNode.roomFor(bytes, to - from);
    const id = { ms, seq };
    let node = this.nodeCount === 0 ? undefined : nodes[nodes.length - 1]!;
    if (node === undefined || this.#isFull(node, bytes)) {
      // Its names come once more, in front of all entries.
      node = this.#addNode(node, id, 2 * room);
      node.begin(ranges, from, to);
    } else if (node.end + room > node.block.limit) {
      this.#grow(node, room);
    }
    node.append(ms, seq, ranges, from, to);
    this.lastId = id;
    this.entriesAdded++;
    if (this.length++ === 0) this.firstId = id;
  }

  #isFull(node: StreamNode, bytes: number): boolean {
    const { limits } = this;
    const bytesMax = limits.bytes === 0 ? NODE_BYTES_MAX : Math.min(limits.bytes, NODE_BYTES_MAX);
    if (node.listpackBytes + bytes >= bytesMax) return true;
    return limits.entries !== 0 && node.count + node.deleted >= limits.entries;
  }

  /** A new node with room for `room` bytes, behind `last`, which is full. */
  #addNode(last: StreamNode | undefined, id: StreamId, room: number): StreamNode {
    let block: StreamBlock | undefined;
    let start = 0;
    let size = FIRST_CAPACITY_BYTES;
    if (last !== undefined) {
      // About as large as the one before it.
      const content = last.end - last.start;
      size = Math.max(room, content + (content >>> 4));
      const isLong = this.#nodeBytes >= SHARED_BYTES && size <= SHARED_NODE_BYTES_MAX;
      if (!last.block.isShared) this.#fit(last);
      else if (last.end + size <= last.block.limit) block = last.block;
      start = last.end;
      if (block === undefined && isLong) block = this.#newBlock(SHARED_BYTES, true);
    }
    block ??= this.#newBlock(Math.max(size, room), false);
    const node = new StreamNode(block, block.nodes === 0 ? block.base : start, id);
    this.nodes.push(node);
    this.#capacity = grownCapacity(this.#capacity, this.nodes.length);
    this.#nodeBytes += NODE_BYTES;
    return node;
  }

  /** Makes room behind the last node. */
  #grow(node: StreamNode, room: number): void {
    const content = node.end - node.start;
    const needed = content + room;
    const isShared = node.block.isShared && needed <= SHARED_NODE_BYTES_MAX;
    this.#move(node, this.#newBlock(isShared ? SHARED_BYTES : Math.max(2 * content, needed), isShared));
  }

  /** A node that does not grow any more has a block of about its size. */
  #fit(node: StreamNode): void {
    const content = node.end - node.start;
    const { base, limit } = node.block;
    if (limit - base - content > (limit - base) * UNUSED_PART) {
      this.#move(node, this.#newBlock(content, false));
    }
  }

  #newBlock(size: number, isShared: boolean): StreamBlock {
    const block = new StreamBlock(size, isShared);
    this.#nodeBytes += block.memoryBytes;
    return block;
  }

  #move(node: StreamNode, to: StreamBlock): void {
    const { block } = node;
    node.moveTo(to);
    this.#leave(block);
  }

  /** One of the nodes of a block is gone. */
  #leave(block: StreamBlock): void {
    if (block.nodes > 0) return;
    this.#nodeBytes -= block.memoryBytes;
    block.release();
  }

  #removeNode(index: number): void {
    const { nodes } = this;
    const node = nodes[index]!;
    this.length -= node.count;
    this.#nodeBytes -= NODE_BYTES;
    node.block.nodes--;
    this.#leave(node.block);
    if (index !== this.firstNode) {
      nodes.splice(index, 1);
      return;
    }
    nodes[this.firstNode++] = undefined;
    if (this.nodeCount === 0) {
      // The only change of an array's length that gives its memory back at once.
      nodes.length = 0;
      this.firstNode = 0;
      this.#capacity = 0;
      return;
    }
    if (this.firstNode < FREE_PLACES_MIN || this.firstNode < this.nodeCount) return;
    nodes.splice(0, this.firstNode);
    this.firstNode = 0;
  }

  /** The last node whose first id is not above `id`; one less than `firstNode` when there is none. */
  nodeIndexOf({ ms, seq }: StreamId): number {
    const { nodes } = this;
    let low = this.firstNode;
    let high = nodes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const node = nodes[middle]!;
      if (node.ms === ms ? node.seq <= seq : node.ms < ms) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** How many entries there are from `start` to `end`, both included, but no more than `most`. */
  countBetween(start: StreamId, end: StreamId, most: number): number {
    if (this.length === 0 || compareIds(start, end) > 0) return 0;
    const first = Math.max(this.nodeIndexOf(start), this.firstNode);
    const last = this.nodeIndexOf(end);
    let count = 0;
    if (last - first < 2) {
      cursor.open(this, start, end);
      while (count < most && cursor.next()) count++;
      return count;
    }
    // Of those in the middle every entry counts.
    cursor.open(this, start, cursor.lastOf(this, first));
    while (count < most && cursor.next()) count++;
    for (let i = first + 1; i < last && count < most; i++) count += this.nodes[i]!.count;
    cursor.open(this, this.nodes[last]!, end);
    while (count < most && cursor.next()) count++;
    return Math.min(count, most);
  }

  has(id: StreamId): boolean {
    cursor.open(this, id, id);
    return cursor.next();
  }

  /** The id of the last entry that is there; undefined when there is none. */
  get lastEntryId(): StreamId | undefined {
    if (this.length === 0) return undefined;
    cursor.open(this, FIRST_ID, LAST_ID, true);
    cursor.next();
    return { ms: cursor.ms, seq: cursor.seq };
  }

  /** Whether there is an entry behind `id`. */
  hasBehind(id: StreamId): boolean {
    if (this.length === 0 || compareIds(this.lastId, id) <= 0) return false;
    const start = idAfter(id);
    if (start === undefined) return false;
    cursor.open(this, start, LAST_ID);
    return cursor.next();
  }

  /** Deletes an entry; false: it was not there. */
  delete(id: StreamId): boolean {
    const index = this.nodeIndexOf(id);
    cursor.open(this, id, id);
    if (!cursor.next()) return false;
    this.#mark(index, cursor.entryAt);
    if (compareIds(id, this.maxDeletedId) > 0) this.maxDeletedId = { ms: id.ms, seq: id.seq };
    if (this.length === 0 || compareIds(id, this.firstId) === 0) this.#findFirst();
    return true;
  }

  /** Marks an entry as deleted, and removes its node when it was the last one there. */
  #mark(index: number, entryAt: number): void {
    const node = this.nodes[index]!;
    if (node.count === 1) {
      this.#removeNode(index);
      return;
    }
    node.bytes[entryAt]! |= FLAG_DELETED;
    node.count--;
    node.deleted++;
    this.length--;
  }

  #findFirst(): void {
    if (this.length === 0) {
      this.firstId = FIRST_ID;
      return;
    }
    cursor.open(this, FIRST_ID, LAST_ID);
    cursor.next();
    this.firstId = { ms: cursor.ms, seq: cursor.seq };
  }

  // ---------------------------------------------------------------- trimming

  /** Removes the first `count` entries. */
  dropFirst(count: number): void {
    let left = count;
    while (left > 0 && this.nodeCount > 0) {
      const node = this.nodes[this.firstNode]!;
      if (node.count <= left) {
        left -= node.count;
        this.#removeNode(this.firstNode);
        continue;
      }
      const { bytes } = node;
      cursor.open(this, node, LAST_ID);
      for (; left > 0 && cursor.next(); left--) {
        bytes[cursor.entryAt]! |= FLAG_DELETED;
        node.count--;
        node.deleted++;
        this.length--;
      }
    }
    this.#findFirst();
  }

  /**
   * How many of the first entries must go so that `length` stay. `nodesOnly`: only whole nodes go, at least `length` stay, and at most
   * `most` go, if that is not 0.
   */
  excess(length: number, nodesOnly: boolean, most: number): number {
    if (!nodesOnly) return Math.max(0, this.length - length);
    let dropped = 0;
    for (let i = this.firstNode; i < this.nodes.length; i++) {
      const { count } = this.nodes[i]!;
      if (this.length - dropped - count < length) break;
      if (most !== 0 && dropped + count > most) break;
      dropped += count;
    }
    return dropped;
  }

  /** How many entries are before `id`; `nodesOnly` and `most` as for `excess`. */
  countBefore(id: StreamId, nodesOnly: boolean, most: number): number {
    let dropped = 0;
    for (let i = this.firstNode; i < this.nodes.length; i++) {
      const node = this.nodes[i]!;
      if (most !== 0 && dropped + node.count > most) return dropped;
      if (compareIds(cursor.lastOf(this, i), id) >= 0) {
        if (nodesOnly) return dropped;
        cursor.open(this, node, LAST_ID);
        while (cursor.next() && compareIds(cursor, id) < 0) dropped++;
        return dropped;
      }
      dropped += node.count;
    }
    return dropped;
  }

  // ---------------------------------------------------------------- groups

  get groupCount(): number {
    return this.#groups.size;
  }

  /** In the order of their names. */
  get groups(): readonly Group[] {
    return byName(this.#groups);
  }

  /** The group with the name `bytes[start, end)`. */
  group(bytes: Uint8Array, start = 0, end: number = bytes.length): Group | undefined {
    return this.#groups.size === 0 ? undefined : this.#groups.get(latin1(bytes, start, end));
  }

  /** Adds a group of a name that none has. */
  addGroup(group: Group): void {
    this.#groups.set(latin1(group.name, 0, group.name.length), group);
    this.#groupMap.added();
    this.#groupBytes += group.memoryBytes + stringBytes(group.name.length);
  }

  removeGroup(group: Group): void {
    this.#groups.delete(latin1(group.name, 0, group.name.length));
    this.#groupMap.removed();
    this.#groupBytes -= group.memoryBytes + stringBytes(group.name.length);
  }

  /** A group has changed, which took `before` bytes. */
  recount(group: Group, before: number): void {
    this.#groupBytes += group.memoryBytes - before;
  }

  /** Whether entries from `start` on have been deleted one by one, as far as that is known. */
  hasGapsFrom(start: StreamId): boolean {
    const { maxDeletedId } = this;
    if (this.length === 0 || isZeroId(maxDeletedId) || compareIds(this.firstId, maxDeletedId) > 0)
      return false;
    return compareIds(start, maxDeletedId) <= 0;
  }

  /** How many of the entries ever added come up to `id`; NOT_KNOWN where that cannot be told without counting. */
  entriesUpTo(id: StreamId): number {
    if (this.entriesAdded === 0) return 0;
    const toLast = compareIds(id, this.lastId);
    if ((this.length === 0 && toLast <= 0) || toLast === 0) return this.entriesAdded;
    if (toLast > 0) return NOT_KNOWN;
    if (!isZeroId(this.maxDeletedId) && compareIds(this.maxDeletedId, this.firstId) >= 0) return NOT_KNOWN;
    const toFirst = compareIds(id, this.firstId);
    if (toFirst > 0) return NOT_KNOWN;
    return this.entriesAdded - this.length + (toFirst === 0 ? 1 : 0);
  }

  /** How many entries a group has yet to read; undefined where that is not known. */
  lagOf({ lastId, entriesRead }: Group): number | undefined {
    if (this.entriesAdded === 0) return 0;
    if (entriesRead !== NOT_KNOWN && !this.hasGapsFrom(lastId)) return this.entriesAdded - entriesRead;
    const read = this.entriesUpTo(lastId);
    return read === NOT_KNOWN ? undefined : this.entriesAdded - read;
  }
}
