/**
 * Whether the heap of this thread has room for more. Collections are on it, in part; when it is full the engine ends the thread. So before
 * that, commands that would add to the data are refused.
 *
 * To ask the engine takes as long as a command, so it is asked when collections have grown or shrunk by a part of the heap, and once a
 * second. What it says includes garbage: only when that much is left after a collection is the heap short. A collection can take a
 * second, so there is only another one when the collections have changed by a part of the heap again.
 */
import v8 from 'node:v8';
import { resourceLimits } from 'node:worker_threads';
import { collectGarbage } from '../base/collect-garbage.ts';

/** Of the limit: what may be in use, and after which change of the collections is looked again. */
const FULL_PART = 0.85;
const STEP_PART = 1 / 100;
const STEP_BYTES_MAX = 32 << 20;
const LOOK_MS = 1000;

export interface HeapFigures {
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly limitBytes: number;
}

export interface HeapRoomParts {
  /** What all collections take of memory. */
  collectionBytes(): number;
  figures?: () => HeapFigures;
  collectGarbage?: () => void;
}

export class HeapRoom {
  /** There is none for what would add to the data. */
  isShort = false;
  figures: HeapFigures;
  readonly #parts: Required<HeapRoomParts>;
  readonly #stepBytes: number;
  /** What the collections took when was looked, and when garbage was collected. */
  #lookedBytes = 0;
  #collectedBytes = 0;
  #dueAt = 0;

  constructor(parts: HeapRoomParts) {
    this.#parts = { figures: engineFigures, collectGarbage, ...parts };
    this.figures = this.#parts.figures();
    this.#stepBytes = Math.min(STEP_BYTES_MAX, this.figures.limitBytes * STEP_PART);
  }

  /** To be called when commands have run. */
  note(): void {
    const bytes = this.#parts.collectionBytes();
    if (Math.abs(bytes - this.#lookedBytes) >= this.#stepBytes) this.#look(bytes);
  }

  /** To be called now and then; `now` in milliseconds. */
  background(now: number): void {
    if (now < this.#dueAt) return;
    this.#dueAt = now + LOOK_MS;
    this.#look(this.#parts.collectionBytes());
  }

  #look(bytes: number): void {
    this.#lookedBytes = bytes;
    this.figures = this.#parts.figures();
    const hasChanged = Math.abs(bytes - this.#collectedBytes) >= this.#stepBytes;
    if (!this.isShort && !this.#isFull) return;
    // Without a change of what is kept, all that came since is garbage, which the engine takes care of.
    if (!hasChanged) return;
    this.#collectedBytes = bytes;
    this.#parts.collectGarbage();
    this.figures = this.#parts.figures();
    this.isShort = this.#isFull;
  }

  get #isFull(): boolean {
    return this.figures.usedBytes > this.figures.limitBytes * FULL_PART;
  }
}

/** What of the engine's limit is for young objects: a heap is full when the rest is. */
const YOUNG_BYTES = (resourceLimits.maxYoungGenerationSizeMb ?? 0) * 2 ** 20;

function engineFigures(): HeapFigures {
  const { used_heap_size, total_heap_size, heap_size_limit } = v8.getHeapStatistics();
  return {
    usedBytes: used_heap_size,
    totalBytes: total_heap_size,
    limitBytes: heap_size_limit - YOUNG_BYTES,
  };
}
