/**
 * When entries are moved together so that extents can be given back (store/compaction.ts): slices of at most a millisecond, with
 * pauses between. How much of the shard's time that takes depends on how much memory is wasted, as in Redis: `active-defrag-cycle-min`
 * percent from `active-defrag-threshold-lower` on, `active-defrag-cycle-max` from `-threshold-upper` on, and in between in
 * proportion. Wasted is what is free in extents that are in use, in percent of what is used; below the shard's part of
 * `active-defrag-ignore-bytes` it is let be.
 *
 * MEMORY PURGE is the same without thresholds, at half of the shard's time, until there is nothing to gain. Then also the extent that is
 * always kept ready goes, and the memory of all that went is given back at once.
 */
import { MemoryReturn } from '../base/memory-return.ts';
import type { StartOptions } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { UNIT_BYTES } from '../store/layout.ts';

/** One slice's budget: what a client may have to wait for it. */
const SLICE_MS = 1;
/** How often is looked whether there is anything to gain. */
const CHECK_MS = 1000;
/** When nothing could be moved for a moment. */
const PAUSE_MS = 10;
const PURGE_PERCENT = 50;

export class DefragPace {
  isActive = true;
  ignoreBytes = 0;
  thresholdLower = 0;
  thresholdUpper = 0;
  cycleMin = 0;
  cycleMax = 0;
  /** The share of the time that it takes now, in percent; 0: it does not run. */
  runningPercent = 0;
  /** For how long it has been running, and that in all since the start, in ms; as of the last slice. */
  currentMs = 0;
  totalMs = 0;
  #lastSliceMs = 0;
  readonly #keyspace: Keyspace;
  readonly #requests: { readonly besideBytes: number };
  readonly #memory = new MemoryReturn();
  #dueAtMs = 0;
  /** Of what has been noted. */
  #droppedBytes = 0;

  /** `requests.besideBytes`: of the memory of requests that were too long for the lane, which this thread lets go of as well. */
  constructor(keyspace: Keyspace, requests: { readonly besideBytes: number }) {
    this.#keyspace = keyspace;
    this.#requests = requests;
  }

  get moved(): number {
    return this.#keyspace.compaction.moved;
  }

  get left(): number {
    return this.#keyspace.compaction.left;
  }

  msUntilDue(nowMs: number): number {
    if (this.#keyspace.compaction.isWanted && this.runningPercent !== PURGE_PERCENT) return 0;
    const droppedBytes = this.#dropped();
    this.#memory.note(droppedBytes - this.#droppedBytes, nowMs);
    this.#droppedBytes = droppedBytes;
    // A clock that was set back must not stop it until it has caught up.
    if (this.#dueAtMs - nowMs > 2 * CHECK_MS) this.#dueAtMs = nowMs;
    return Math.max(0, Math.min(this.#dueAtMs - nowMs, this.#memory.msUntilDue(nowMs)));
  }

  /** One slice, when it is due. */
  run(nowMs: number): void {
    if (this.#dueAtMs <= nowMs || this.#keyspace.compaction.isWanted) this.#slice(nowMs);
    this.#memory.run(nowMs);
  }

  #slice(nowMs: number): void {
    const { compaction } = this.#keyspace;
    const percent = this.#percent();
    this.#setRunning(percent, nowMs);
    this.#dueAtMs = nowMs + CHECK_MS;
    if (percent === 0) {
      compaction.stop();
      return;
    }
    const start = performance.now();
    const moved = compaction.run(SLICE_MS, false);
    const tookMs = performance.now() - start;
    if (compaction.hasMore) {
      const pauseMs = tookMs * (100 / percent - 1);
      this.#dueAtMs = nowMs + Math.max(moved > 0 || tookMs >= SLICE_MS ? 1 : PAUSE_MS, pauseMs);
      return;
    }
    this.#setRunning(0, nowMs);
    if (compaction.isWanted) this.#endPurge(nowMs);
  }

  /** Bytes of shared buffers that this thread has let go of since the start. */
  #dropped(): number {
    return this.#keyspace.arena.extents.droppedBytes + this.#requests.besideBytes;
  }

  #endPurge(nowMs: number): void {
    const keyspace = this.#keyspace;
    keyspace.compaction.isWanted = false;
    keyspace.arena.dropSpare();
    keyspace.viewers.letGo();
    this.#droppedBytes = this.#dropped();
    this.#memory.collect(nowMs);
    keyspace.announce({ kind: 'release' });
  }

  #percent(): number {
    const { compaction, arena } = this.#keyspace;
    if (compaction.isWanted) return PURGE_PERCENT;
    if (!this.isActive) return 0;
    const wastedBytes = arena.freeBytes - arena.emptyExtents * arena.areaUnits * UNIT_BYTES;
    if (wastedBytes < this.ignoreBytes) return 0;
    const wasted = (wastedBytes / arena.usedBytes) * 100;
    if (wasted < this.thresholdLower) return 0;
    const span = Math.max(1, this.thresholdUpper - this.thresholdLower);
    const part = Math.min(1, (wasted - this.thresholdLower) / span);
    return this.cycleMin + Math.max(0, this.cycleMax - this.cycleMin) * part;
  }

  #setRunning(percent: number, nowMs: number): void {
    if (this.runningPercent > 0) {
      const ms = Math.max(0, nowMs - this.#lastSliceMs);
      this.totalMs += ms;
      this.currentMs += ms;
    }
    this.#lastSliceMs = nowMs;
    if (percent === 0) this.currentMs = 0;
    this.runningPercent = percent;
  }
}

const SETTERS: Readonly<Record<string, (pace: DefragPace, value: number, shards: number) => void>> = {
  'active-defrag-ignore-bytes': (pace, value, shards) => {
    pace.ignoreBytes = value / shards;
  },
  'active-defrag-threshold-lower': (pace, value) => {
    pace.thresholdLower = value;
  },
  'active-defrag-threshold-upper': (pace, value) => {
    pace.thresholdUpper = value;
  },
  'active-defrag-cycle-min': (pace, value) => {
    pace.cycleMin = value;
  },
  'active-defrag-cycle-max': (pace, value) => {
    pace.cycleMax = value;
  },
};

/** Takes in an option; others than those for defragmentation are passed over. */
export function setDefragOption(pace: DefragPace, name: string, value: unknown, shards: number): void {
  if (name === 'activedefrag') pace.isActive = value === true;
  else SETTERS[name]?.(pace, Number(value), shards);
}

export function setDefragOptions(pace: DefragPace, options: StartOptions, shards: number): void {
  for (const [name, value] of Object.entries(options)) setDefragOption(pace, name, value, shards);
}
