/** Where the bytes of an RDB file come from. */
import { readSync } from 'node:fs';
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';

export interface RdbSource {
  /** Bytes of the whole file. */
  readonly length: number;
  /**
   * The bytes from `offset` on: `length` of them or more, and fewer only where the file ends. They are there until the
   * next call.
   */
  read(offset: number, length: number): ViewedBytes;
}

/** A file that is in memory. */
export class BufferSource implements RdbSource {
  readonly length: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  read(offset: number): ViewedBytes {
    return viewedBytes(this.#bytes.buffer, this.#bytes.byteOffset + offset, this.length - offset);
  }
}

const CHUNK_BYTES = 1 << 20;

/** An open file, read chunk by chunk. Whoever opened it closes it. */
export class FileSource implements RdbSource {
  readonly length: number;
  readonly #fd: number;
  readonly #chunk = new ArrayBuffer(CHUNK_BYTES);

  /** `length` is the size of the file. */
  constructor(fd: number, length: number) {
    this.#fd = fd;
    this.length = length;
  }

  read(offset: number, length: number): ViewedBytes {
    const wanted = Math.min(Math.max(length, CHUNK_BYTES), this.length - offset);
    // A value longer than a chunk has a buffer of its own, which is not kept.
    const memory = wanted <= CHUNK_BYTES ? this.#chunk : new ArrayBuffer(wanted);
    const bytes = new Uint8Array(memory, 0, wanted);
    let filled = 0;
    while (filled < wanted) {
      const got = readSync(this.#fd, bytes, filled, wanted - filled, offset + filled);
      if (got === 0) break;
      filled += got;
    }
    return viewedBytes(memory, 0, filled);
  }
}
