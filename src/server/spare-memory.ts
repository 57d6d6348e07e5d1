/**
 * Memory for requests that travel beside the lane, used again when the shard has given back the frames they belong to.
 *
 * The engine does not count shared buffers as memory that collecting would free: each thread holds on to those it
 * has no use for until something else makes it collect. A client that writes values of 10 MB would so take several
 * times as much memory as its values.
 */
import type { LaneProducer } from '../ring/lane.ts';

/** A buffer serves what is at least this share of its size. */
const USED_SHARE_MIN = 1 / 2;
/** So much is kept; what is longer is left to the collector. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

interface Spare {
  readonly memory: SharedArrayBuffer;
  /** Behind its frame: see `LaneProducer.position`. */
  readonly position: number;
}

export class SpareMemory {
  /** Told of memory that is left to the collector. */
  onLeft: ((bytes: number) => void) | undefined = undefined;
  #spares: Spare[] = [];
  #keptBytes = 0;

  /** A buffer of at least `bytes`, with anything in it, for a request in `lane`. */
  take(bytes: number, lane: LaneProducer): SharedArrayBuffer {
    const found = this.#spares.findIndex(
      ({ memory, position }) =>
        memory.byteLength >= bytes &&
        memory.byteLength * USED_SHARE_MIN <= bytes &&
        lane.isReleased(position),
    );
    if (found < 0) return new SharedArrayBuffer(bytes);
    const [{ memory }] = this.#spares.splice(found, 1) as [Spare];
    this.#keptBytes -= memory.byteLength;
    return memory;
  }

  /** The frame that `memory` belongs to ends at `position`. */
  give(memory: SharedArrayBuffer, position: number): void {
    if (memory.byteLength > KEPT_BYTES_MAX) {
      this.onLeft?.(memory.byteLength);
      return;
    }
    this.#spares.push({ memory, position });
    this.#keptBytes += memory.byteLength;
    while (this.#keptBytes > KEPT_BYTES_MAX) {
      const { byteLength } = this.#spares.shift()!.memory;
      this.#keptBytes -= byteLength;
      this.onLeft?.(byteLength);
    }
  }

  clear(): void {
    this.#spares = [];
    this.#keptBytes = 0;
  }
}
