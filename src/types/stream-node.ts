/**
 * A node of a stream: entries behind one another in one block, in the form of the listpacks that Redis keeps them in, so that
 * writing an RDB file copies blocks. The listpack's first two elements, the numbers of present and of deleted entries, are not in
 * the block: they change, and with them their length.
 *
 *     block:  n field … 0 | entry entry …           n names of the first entry, which most entries have
 *     entry:  flags ms seq value … size             with the names of the first entry
 *             flags ms seq n field value … size     with its own
 *
 * `ms` and `seq` are differences to the id of the node, that of its first entry. `size` is how many elements the entry has
 * before it, by which it is found from behind. Deleting an entry sets a flag.
 */
import type { ByteRanges } from '../base/byte-ranges.ts';
import { equalBytes, type ViewedBytes } from '../base/bytes.ts';
import { parseInteger } from '../base/numbers.ts';
import {
  EntryReader,
  EntryWriter,
  entryBytes,
  integerEntryBytes,
  writeIntegerElement,
} from './listpack-entry.ts';
import type { StreamBlock } from './stream-block.ts';
import { differenceOf, type Half, type StreamId } from './stream-id.ts';

export const FLAG_DELETED = 1;
export const FLAG_SAME_FIELDS = 2;
/** Header and end mark of a listpack. */
export const LISTPACK_FRAME_BYTES = 7;

/** What an element takes beside its bytes, and an integer altogether, at most. */
const ELEMENT_EXTRA_BYTES = 10;
const INTEGER_BYTES_MAX = 10;
/** Flags, differences, two numbers. */
const ENTRY_FRAME_BYTES = 5 * INTEGER_BYTES_MAX;

/** How the entry of a string of less than 64 bytes begins, with its length in the other bits. */
const SHORT_STRING = 0x80;
const SHORT_MASK = 0xc0;

const writer = new EntryWriter();
const reader = new EntryReader();

export class StreamNode implements StreamId {
  readonly ms: Half;
  readonly seq: Half;
  block: StreamBlock;
  /** Those of the block. The node is `bytes[start, end)`. */
  bytes: ViewedBytes;
  start: number;
  end: number;
  /** Entries that are not deleted, and those that are marked as such. */
  count = 0;
  deleted = 0;
  /** Elements of the node. */
  elements = 0;
  /** Names of the first entry. */
  fields = 0;
  /** How far behind `start` the first entry begins. */
  entriesOffset = 0;

  /** An empty one at `start` of a block. */
  constructor(block: StreamBlock, start: number, { ms, seq }: StreamId) {
    this.ms = ms;
    this.seq = seq;
    this.block = block;
    this.bytes = block.bytes;
    this.start = start;
    this.end = start;
    block.nodes++;
  }

  /** Moves the node to the beginning of another block. */
  moveTo(block: StreamBlock): void {
    const { start, end } = this;
    block.bytes.set(this.bytes.subarray(start, end), block.base);
    this.block.nodes--;
    block.nodes++;
    this.block = block;
    this.bytes = block.bytes;
    this.start = block.base;
    this.end = block.base + end - start;
  }

  /** Bytes of the listpack. */
  get listpackBytes(): number {
    const counts = integerEntryBytes(this.count) + integerEntryBytes(this.deleted);
    return LISTPACK_FRAME_BYTES + counts + this.end - this.start;
  }

  /** What it takes at most to append so many names and values of `bytes` bytes together. */
  static roomFor(bytes: number, words: number): number {
    return bytes + words * ELEMENT_EXTRA_BYTES + ENTRY_FRAME_BYTES;
  }

  /** Writes the names of the first entry, which are those of `ranges[from, to)`. There is room. */
  begin(ranges: ByteRanges, from: number, to: number): void {
    const { bytes } = this;
    const count = (to - from) >>> 1;
    let at = writeIntegerElement(bytes, this.start, count);
    for (let i = from; i < to; i += 2) {
      writer.measure(ranges.bytes, ranges.starts[i]!, ranges.ends[i]!);
      at = writer.write(bytes, at);
    }
    at = writeIntegerElement(bytes, at, 0);
    this.fields = count;
    this.elements = count + 2;
    this.entriesOffset = at - this.start;
    this.end = at;
  }

  /** Appends an entry. There is room. */
  append(ms: Half, seq: Half, ranges: ByteRanges, from: number, to: number): void {
    const { bytes } = this;
    const source = ranges.bytes;
    const { starts, ends } = ranges;
    const count = (to - from) >>> 1;
    const isSame = count === this.fields && this.#hasFields(ranges, from);
    let at = writeIntegerElement(bytes, this.end, isSame ? FLAG_SAME_FIELDS : 0);
    at = writeIntegerElement(bytes, at, differenceOf(ms, this.ms));
    at = writeIntegerElement(bytes, at, differenceOf(seq, this.seq));
    if (!isSame) at = writeIntegerElement(bytes, at, count);
    for (let i = isSame ? from + 1 : from; i < to; i += isSame ? 2 : 1) {
      writer.measure(source, starts[i]!, ends[i]!);
      at = writer.write(bytes, at);
    }
    const size = isSame ? 3 + count : 4 + 2 * count;
    this.end = writeIntegerElement(bytes, at, size);
    this.elements += size + 1;
    this.count++;
  }

  #hasFields(ranges: ByteRanges, from: number): boolean {
    const { bytes } = this;
    let at = this.start + 2;
    // The number of names is one of more bytes when there are many.
    if (bytes[this.start]! >= 128) at = this.start + entryBytes(bytes, this.start);
    for (let i = 0; i < this.fields; i++) {
      const word = from + 2 * i;
      if (!isElement(bytes, at, ranges.bytes, ranges.starts[word]!, ranges.ends[word]!)) return false;
      at += entryBytes(bytes, at);
    }
    return true;
  }
}

/** Whether the listpack entry at `bytes[at]` is the element `source[start, end)`. */
function isElement(bytes: Uint8Array, at: number, source: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  const first = bytes[at]!;
  // A short name, which most are.
  if ((first & SHORT_MASK) === SHORT_STRING) {
    return (first & ~SHORT_MASK) === length && equalBytes(bytes, at + 1, source, start, length);
  }
  reader.read(bytes, at);
  if (reader.isInteger) return parseInteger(source, start, end) === reader.integer;
  return reader.end - reader.start === length && equalBytes(bytes, reader.start, source, start, length);
}
