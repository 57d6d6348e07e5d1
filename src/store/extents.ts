/** The extents of an arena: taking them, giving them back, and telling the readers. */
import { viewedBytes } from '../base/bytes.ts';
import { EXTENT_BYTES_MAX, EXTENTS_MAX, OutOfMemory, UNIT_BYTES } from './layout.ts';
import type { ShareMessage } from './sharing.ts';

/** Stands under numbers without a buffer, so that the arrays of views stay of one kind. */
const NO_WORDS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);

/** With malloc's own header and rounded to pages these are more than 32 MB: the most that its threshold rises to. */
const RETURNABLE_BYTES = 32 << 20;
/** Less is not worth the address space. */
const WORTHWHILE_BYTES = 1 << 20;

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
    const buffer = allocateReturnable(byteLength);
    const number = this.freeNumbers.pop() ?? this.words.length;
    this.words[number] = new Int32Array(buffer, 0, byteLength >>> 2);
    this.bytes[number] = viewedBytes(buffer, 0, byteLength);
    this.dedicated[number] = dedicated ? 1 : 0;
    this.totalBytes += byteLength;
    const generation = Atomics.add(this.options.generations, number, 1) + 1;
    this.options.onShare({ kind: 'extent', number, generation, buffer, byteLength });
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
    this.options.onShare({ kind: 'extent', number, generation, buffer: null, byteLength });
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
      const byteLength = this.bytes[number]!.length;
      messages.push({ kind: 'extent', number, generation, buffer, byteLength });
    }
    return messages;
  }
}

/**
 * A zeroed shared buffer of at least `byteLength` bytes, whose memory goes back to the system when it is freed.
 *
 * glibc's malloc maps memory for large blocks from the system and unmaps it when they are freed. But each block that is freed so
 * raises the size from which on it does that, up to 32 MB: from then on blocks of that size lie between others, and
 * what is freed of them stays with the process. (Measured: 20 extents of 16 MB, of which four in five are freed, three times over:
 * 265 to 377 MB stay where 100 to 150 are used.) So an extent asks for more than 32 MB, and uses the beginning: pages that nobody touches
 * take address space, and no memory.
 */
function allocateReturnable(byteLength: number): SharedArrayBuffer {
  const isLinux = process.platform === 'linux';
  const isRaised = isLinux && byteLength >= WORTHWHILE_BYTES && byteLength < RETURNABLE_BYTES;
  return allocateShared(isRaised ? RETURNABLE_BYTES : byteLength);
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
