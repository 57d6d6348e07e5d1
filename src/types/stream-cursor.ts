/** Goes through the entries of a stream between two ids, in either direction; valid until the stream changes. */
import { EntryReader, entryBefore, entryBytes } from './listpack-entry.ts';
import type { Stream } from './stream.ts';
import { FIRST_ID, type Half, LAST_ID, type StreamId, sumOf } from './stream-id.ts';
import { FLAG_DELETED, FLAG_SAME_FIELDS, type StreamNode } from './stream-node.ts';

const reader = new EntryReader();

export class StreamCursor implements StreamId {
  /** The id of the entry that it is at. */
  ms: Half = 0;
  seq: Half = 0;
  /** How many names, each with a value, that entry has. */
  fieldCount = 0;
  /** The name and the value that `nextField` has read. */
  readonly field: EntryReader = new EntryReader();
  readonly value: EntryReader = new EntryReader();
  node: StreamNode | undefined = undefined;
  /** Where the entry begins in the node's bytes. */
  entryAt = 0;
  #stream: Stream | undefined = undefined;
  #nodeIndex = 0;
  #start: StreamId = FIRST_ID;
  #end: StreamId = LAST_ID;
  #isReverse = false;
  /** Forwards where the next entry begins, backwards where the entry before it ends. */
  #at = 0;
  #isSame = false;
  #fieldAt = 0;
  #valueAt = 0;

  /** Goes before the first of the entries from `start` to `end`, both included; behind the last of them if `isReverse`. */
  open(stream: Stream, start: StreamId, end: StreamId, isReverse = false): void {
    this.#stream = stream;
    this.#start = start;
    this.#end = end;
    this.#isReverse = isReverse;
    const found = stream.nodeIndexOf(isReverse ? end : start);
    this.#enter(isReverse ? found : Math.max(found, stream.firstNode));
  }

  /** The id of the last entry in a node, deleted or not. The cursor is nowhere then. */
  lastOf(stream: Stream, index: number): StreamId {
    const node = stream.nodes[index]!;
    this.#readHead(node, startOfEntryBefore(node.bytes, node.end));
    this.node = undefined;
    return { ms: this.ms, seq: this.seq };
  }

  /** Goes to the next entry that is not deleted. False: there is none. */
  next(): boolean {
    return this.#isReverse ? this.#previous() : this.#next();
  }

  #enter(index: number): void {
    const stream = this.#stream!;
    this.#nodeIndex = index;
    this.node = index < stream.firstNode ? undefined : stream.nodes[index];
    const { node } = this;
    if (node === undefined) return;
    this.#at = this.#isReverse ? node.end : node.start + node.entriesOffset;
  }

  #next(): boolean {
    for (let node = this.node; node !== undefined; node = this.node) {
      while (this.#at < node.end) {
        const flags = this.#readHead(node, this.#at);
        this.#at = this.#behind(node);
        if ((flags & FLAG_DELETED) !== 0 || isLess(this, this.#start)) continue;
        if (isLess(this.#end, this)) {
          this.node = undefined;
          return false;
        }
        return true;
      }
      this.#enter(this.#nodeIndex + 1);
    }
    return false;
  }

  #previous(): boolean {
    for (let node = this.node; node !== undefined; node = this.node) {
      const first = node.start + node.entriesOffset;
      while (this.#at > first) {
        this.#at = startOfEntryBefore(node.bytes, this.#at);
        const flags = this.#readHead(node, this.#at);
        if ((flags & FLAG_DELETED) !== 0 || isLess(this.#end, this)) continue;
        if (isLess(this, this.#start)) {
          this.node = undefined;
          return false;
        }
        return true;
      }
      this.#enter(this.#nodeIndex - 1);
    }
    return false;
  }

  /** Reads what stands in front of an entry's names and values; returns its flags. */
  #readHead(node: StreamNode, entryAt: number): number {
    const { bytes } = node;
    const flags = bytes[entryAt]!;
    let at = entryAt + 2;
    this.entryAt = entryAt;
    this.ms = plus(node.ms, bytes, at);
    at += entryBytes(bytes, at);
    this.seq = plus(node.seq, bytes, at);
    at += entryBytes(bytes, at);
    this.#isSame = (flags & FLAG_SAME_FIELDS) !== 0;
    if (this.#isSame) {
      this.fieldCount = node.fields;
      this.#fieldAt = node.start + entryBytes(bytes, node.start);
    } else {
      this.fieldCount = integerAt(bytes, at);
      at += entryBytes(bytes, at);
    }
    this.#valueAt = at;
    return flags;
  }

  /** Where the entry ends whose head has been read. */
  #behind({ bytes }: StreamNode): number {
    let at = this.#valueAt;
    for (let left = this.#isSame ? this.fieldCount : 2 * this.fieldCount; left > 0; left--) {
      at += entryBytes(bytes, at);
    }
    return at + entryBytes(bytes, at);
  }

  /** Reads the next name and value of the entry, of which there are `fieldCount`. */
  nextField(): void {
    const { bytes } = this.node!;
    if (this.#isSame) {
      this.field.read(bytes, this.#fieldAt);
      this.#fieldAt += entryBytes(bytes, this.#fieldAt);
    } else {
      this.field.read(bytes, this.#valueAt);
      this.#valueAt += entryBytes(bytes, this.#valueAt);
    }
    this.value.read(bytes, this.#valueAt);
    this.#valueAt += entryBytes(bytes, this.#valueAt);
    this.field.asBytes();
    this.value.asBytes();
  }
}

/** Where the stream entry begins that ends at `end`. */
function startOfEntryBefore(bytes: Uint8Array, end: number): number {
  let at = entryBefore(bytes, end);
  for (let left = integerAt(bytes, at); left > 0; left--) at = entryBefore(bytes, at);
  return at;
}

function isLess(a: StreamId, b: StreamId): boolean {
  return a.ms === b.ms ? a.seq < b.seq : a.ms < b.ms;
}

/** The small integer at `bytes[at]`. */
function integerAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 128) return first;
  reader.read(bytes, at);
  return Number(reader.integer);
}

function plus(base: Half, bytes: Uint8Array, at: number): Half {
  const first = bytes[at]!;
  if (first === 0) return base;
  if (first < 128) return sumOf(base, first);
  reader.read(bytes, at);
  return sumOf(base, reader.integer);
}
