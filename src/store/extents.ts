/** The extents of an arena: taking them, giving them back, and telling the readers. */
import { viewedBytes } from '../base/bytes.ts';
import { EXTENT_BYTES_MAX, EXTENTS_MAX, OutOfMemory, UNIT_BYTES } from './layout.ts';
import type { ShareMessage } from './sharing.ts';

/** Stands under numbers without a buffer, so that the arrays of views stay of one kind. */
const NO_WORDS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);

export interface ExtentsOptions {
  extentBytes: number;
  maxArenaBytes: number;
  /** One shared generation for each extent number. */
  generations: Int32Array;
  onShare: (message: ShareMessage) => void;
}

export class Extents {
  readonly words: Int32Array[] = [];
  readonly bytes: Uint8Array[] = [];
  /** 1 where the extent was made for one large block. */
  readonly dedicated = new Uint8Array(EXTENTS_MAX);
  readonly extentBytes: number;
  totalBytes = 0;
  /** Of extents that were given back, since the start. */
  droppedBytes = 0;
  readonly options: ExtentsOptions;
  private readonly freeNumbers: number[] = [];

  constructor(options: ExtentsOptions) {
    this.options = options;
    const bytes = Math.floor(options.extentBytes / UNIT_BYTES) * UNIT_BYTES;
    this.extentBytes = Math.max(256, Math.min(bytes, EXTENT_BYTES_MAX));
  }

  /** Takes an extent of `byteLength` bytes and returns its number. */
  add(byteLength: number, dedicated: boolean): number {
    if (this.totalBytes + byteLength > this.options.maxArenaBytes) {
      throw new OutOfMemory(`the arena may not grow beyond ${this.options.maxArenaBytes} bytes`);
    }
    if (this.freeNumbers.length === 0 && this.words.length === EXTENTS_MAX) {
      throw new OutOfMemory(`all ${EXTENTS_MAX} extents are in use`);
    }
    const buffer = allocateShared(byteLength);
    const number = this.freeNumbers.pop() ?? this.words.length;
    this.words[number] = new Int32Array(buffer);
    this.bytes[number] = viewedBytes(buffer);
    this.dedicated[number] = dedicated ? 1 : 0;
    this.totalBytes += byteLength;
    const generation = Atomics.add(this.options.generations, number, 1) + 1;
    this.options.onShare({ kind: 'extent', number, generation, buffer });
    return number;
  }

  drop(number: number): void {
    const byteLength = this.bytes[number]!.length;
    this.totalBytes -= byteLength;
    this.droppedBytes += byteLength;
    this.words[number] = NO_WORDS;
    this.bytes[number] = NO_BYTES;
    this.freeNumbers.push(number);
    const generation = Atomics.add(this.options.generations, number, 1) + 1;
    this.options.onShare({ kind: 'extent', number, generation, buffer: null });
  }

  dropAll(): void {
    for (let number = 0; number < this.words.length; number++) {
      if (this.bytes[number]!.length > 0) this.drop(number);
    }
  }

  share(): ShareMessage[] {
    const messages: ShareMessage[] = [];
    for (let number = 0; number < this.bytes.length; number++) {
      if (this.bytes[number]!.length === 0) continue;
      const buffer = this.bytes[number]!.buffer as SharedArrayBuffer;
      const generation = this.options.generations[number]!;
      messages.push({ kind: 'extent', number, generation, buffer });
    }
    return messages;
  }
}

/** A zeroed shared buffer; what the system refuses becomes an OutOfMemory. */
export function allocateShared(byteLength: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(byteLength);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OutOfMemory(`the system gave no buffer of ${byteLength} bytes`);
  }
}
