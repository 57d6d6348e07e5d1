/**
 * The pool of index segments. A segment is 512 slots of 8 bytes, 4 KB; 256 segments share one buffer of 1 MB:
 *
 *     segment number = (index extent << 8) | position
 *     slot: int32 hash, int32 ref (0: the slot is empty)
 *
 * Local depth and number of entries of each segment are the owner's business alone and lie on its heap. An index
 * extent whose segments are all free is given back.
 */
import { allocateShared } from './extents.ts';
import { OutOfMemory } from './layout.ts';
import { INDEX_EXTENTS_MAX, type ShareMessage } from './sharing.ts';

export const SLOTS = 512;
export const SLOT_MASK = SLOTS - 1;
/** home slot = hash >>> HOME_SHIFT */
export const HOME_SHIFT = 23;
/** A fuller segment splits: 87.5 %. */
export const SPLIT_COUNT = 448;
export const SEGMENT_WORDS = SLOTS * 2;
export const SEGMENT_BYTES = SEGMENT_WORDS * 4;
export const SEGMENTS_PER_EXTENT = 256;
export const INDEX_EXTENT_SHIFT = 8;
export const POSITION_MASK = SEGMENTS_PER_EXTENT - 1;
/** word of a segment = (number & POSITION_MASK) << SEGMENT_SHIFT */
export const SEGMENT_SHIFT = 10;

const INDEX_EXTENT_BYTES = SEGMENTS_PER_EXTENT * SEGMENT_BYTES;
const NO_WORDS = new Int32Array(0);

/** What makes a pool readable by other threads. */
export interface SegmentSharing {
  /** One shared generation for each index extent. */
  generations: Int32Array;
  onShare: (message: ShareMessage) => void;
}

export class SegmentPool {
  /** The index extents' words by number. */
  readonly words: Int32Array[] = [];
  localDepths = new Uint8Array(0);
  counts = new Uint16Array(0);
  totalBytes = 0;
  /** Of the segments in use. */
  usedBytes = 0;
  private readonly sharing: SegmentSharing | undefined;
  /** Free positions of each index extent. */
  private readonly freePositions: number[][] = [];
  /** Index extents with a free position; the last one is taken from. */
  private readonly open: number[] = [];
  private readonly freeNumbers: number[] = [];

  constructor(sharing?: SegmentSharing) {
    this.sharing = sharing;
  }

  /** A segment of empty slots. Throws OutOfMemory with nothing changed. */
  allocate(localDepth: number): number {
    if (this.open.length === 0) this.addExtent();
    const number = this.open[this.open.length - 1]!;
    const positions = this.freePositions[number]!;
    const position = positions.pop()!;
    if (positions.length === 0) this.open.pop();
    const segment = (number << INDEX_EXTENT_SHIFT) | position;
    const start = position << SEGMENT_SHIFT;
    this.words[number]!.fill(0, start, start + SEGMENT_WORDS);
    this.localDepths[segment] = localDepth;
    this.counts[segment] = 0;
    this.usedBytes += SEGMENT_BYTES;
    return segment;
  }

  release(segment: number): void {
    const number = segment >>> INDEX_EXTENT_SHIFT;
    const positions = this.freePositions[number]!;
    positions.push(segment & POSITION_MASK);
    this.usedBytes -= SEGMENT_BYTES;
    if (positions.length === 1) this.open.push(number);
    if (positions.length === SEGMENTS_PER_EXTENT) this.dropExtent(number);
  }

  /** Segments in use. */
  get used(): number {
    let used = 0;
    for (let number = 0; number < this.words.length; number++) {
      if (this.words[number]!.length > 0) used += SEGMENTS_PER_EXTENT - this.freePositions[number]!.length;
    }
    return used;
  }

  share(): ShareMessage[] {
    const messages: ShareMessage[] = [];
    for (let number = 0; number < this.words.length; number++) {
      if (this.words[number]!.length === 0) continue;
      const buffer = this.words[number]!.buffer as SharedArrayBuffer;
      const generation = this.sharing!.generations[number]!;
      messages.push({ kind: 'indexExtent', number, generation, buffer });
    }
    return messages;
  }

  private addExtent(): void {
    if (this.freeNumbers.length === 0 && this.words.length === INDEX_EXTENTS_MAX) {
      throw new OutOfMemory(`all ${INDEX_EXTENTS_MAX} index extents are in use`);
    }
    const buffer = allocateShared(INDEX_EXTENT_BYTES);
    const number = this.freeNumbers.pop() ?? this.words.length;
    this.words[number] = new Int32Array(buffer);
    this.totalBytes += INDEX_EXTENT_BYTES;
    const positions: number[] = [];
    for (let position = SEGMENTS_PER_EXTENT - 1; position >= 0; position--) positions.push(position);
    this.freePositions[number] = positions;
    this.open.push(number);
    this.growTables((number + 1) << INDEX_EXTENT_SHIFT);
    this.announce(number, buffer);
  }

  private dropExtent(number: number): void {
    this.words[number] = NO_WORDS;
    this.totalBytes -= INDEX_EXTENT_BYTES;
    this.open.splice(this.open.indexOf(number), 1);
    this.freePositions[number] = [];
    this.freeNumbers.push(number);
    this.announce(number, null);
  }

  private announce(number: number, buffer: SharedArrayBuffer | null): void {
    if (this.sharing === undefined) return;
    const generation = Atomics.add(this.sharing.generations, number, 1) + 1;
    this.sharing.onShare({ kind: 'indexExtent', number, generation, buffer });
  }

  private growTables(segments: number): void {
    if (segments <= this.counts.length) return;
    const size = Math.max(segments, this.counts.length * 2);
    const depths = new Uint8Array(size);
    depths.set(this.localDepths);
    this.localDepths = depths;
    const counts = new Uint16Array(size);
    counts.set(this.counts);
    this.counts = counts;
  }
}
