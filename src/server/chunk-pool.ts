/**
 * Buffers for connections: for replies on their way out, and for what is left of a read when a command is cut. A
 * chunk of replies comes back when the kernel has taken the bytes, usually within the same turn, so a few chunks that
 * stay in the processor's cache serve all connections. One that a slow client keeps waiting is left to the collector.
 */
import { viewedBytes } from '../base/bytes.ts';

/** A chunk for replies, or for the rest of a command of ordinary size. */
export const CHUNK_BYTES = 16 * 1024;

/** Hands out buffers of one size and keeps up to `pooledMax` of those that come back. */
export class ChunkPool {
  readonly chunkBytes: number;
  readonly #pooledMax: number;
  readonly #free: Uint8Array[] = [];

  constructor(chunkBytes: number, pooledMax: number) {
    this.chunkBytes = chunkBytes;
    this.#pooledMax = pooledMax;
  }

  take(): Uint8Array {
    return this.#free.pop() ?? viewedBytes(new ArrayBuffer(this.chunkBytes));
  }

  /** Takes back a chunk; buffers of any other size are ignored. */
  give(chunk: Uint8Array): void {
    if (chunk.length === this.chunkBytes && this.#free.length < this.#pooledMax) this.#free.push(chunk);
  }
}
