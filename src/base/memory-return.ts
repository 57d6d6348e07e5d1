/**
 * Giving memory of shared buffers back to the system.
 *
 * A SharedArrayBuffer's memory is freed when the garbage collectors of all threads that knew it have found that nobody does any more.
 * No shared buffer counts as pressure in any of these collectors (V8: its memory belongs to no isolate), so a thread that makes few
 * objects may not collect for hours, and the process keeps gigabytes that nobody uses. So a thread that let go of buffers says so here, and is
 * made to collect. Measured on Node 20: 4 to 9 ms where the heap is small; V8 frees the memory on a thread of its own afterwards.
 * Pressing on the collector in other ways, by allocating large buffers that are not shared, takes pauses of 20 to 50 ms, and does not
 * always find anything.
 *
 * The pauses are rare: one in ten seconds at most, unless very much is to be freed. And a collection costs as much as the thread has on
 * its heap, so a large heap waits until that is in proportion; it collects by itself, too.
 */
import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from './collect-garbage.ts';

const MIB = 1 << 20;
/** With so much to be freed nothing is waited for. */
const AT_ONCE_BYTES = 256 * MIB;
const INTERVAL_MS = 10_000;
/** What must be freed at least, in relation to the heap in use. */
const GAIN_MIN = 1 / 8;
/** A heap below this is always small enough. */
const SMALL_HEAP_BYTES = 64 * MIB;

export class MemoryReturn {
  #pendingBytes = 0;
  #dueAtMs = Infinity;
  #lastAtMs = -INTERVAL_MS;

  /** This thread has let go of buffers of so many bytes in all. `nowMs`: of any clock, but always the same one. */
  note(bytes: number, nowMs: number): void {
    if (bytes === 0) return;
    this.#pendingBytes += bytes;
    const dueAtMs =
      this.#pendingBytes >= AT_ONCE_BYTES ? nowMs : Math.max(nowMs, this.#lastAtMs) + INTERVAL_MS;
    this.#dueAtMs = Math.min(this.#dueAtMs, dueAtMs);
  }

  /** Infinity: there is nothing to be freed. */
  msUntilDue(nowMs: number): number {
    // A clock that was set back must not put it off.
    return Math.max(0, Math.min(this.#dueAtMs - nowMs, this.#pendingBytes > 0 ? INTERVAL_MS : Infinity));
  }

  /** Collects, if it is due and worth it. */
  run(nowMs: number): void {
    if (this.msUntilDue(nowMs) > 0) return;
    const heapBytes = getHeapStatistics().used_heap_size;
    if (heapBytes < SMALL_HEAP_BYTES || this.#pendingBytes >= heapBytes * GAIN_MIN) this.collect(nowMs);
    else this.#dueAtMs = nowMs + INTERVAL_MS;
  }

  /** Collects now, whatever it costs. */
  collect(nowMs: number): void {
    this.#pendingBytes = 0;
    this.#dueAtMs = Infinity;
    this.#lastAtMs = nowMs;
    collectGarbage();
  }
}
