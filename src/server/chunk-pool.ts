/**
 * Reply buffers for connections. A chunk is taken when a connection has something to say and comes back when
 * the kernel has taken the bytes, usually within the same turn, so a few chunks that stay in the processor's
 * cache serve all connections. A chunk whose bytes a slow client keeps waiting is left to the collector.
 */

import { viewedBytes } from '../base/bytes.ts';

export const CHUNK_BYTES = 16 * 1024;
const POOLED_MAX = 256;

export class ChunkPool {
  readonly #free: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#free.pop() ?? viewedBytes(new ArrayBuffer(CHUNK_BYTES));
  }

  give(chunk: Uint8Array): void {
    if (chunk.length === CHUNK_BYTES && this.#free.length < POOLED_MAX) this.#free.push(chunk);
  }
}
