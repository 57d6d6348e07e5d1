/**
 * The figures that a shard publishes after each batch, in shared memory so that INFO asks nobody. Each is one
 * aligned 64-bit float with one writer; a reader may see figures of two batches side by side, never half a one.
 */

const FIELDS = [
  'commands',
  'hits',
  'misses',
  'expired',
  'evicted',
  'expiredStaleRatio',
  'entryBytes',
  'indexBytes',
  'arenaBytes',
  /** Of that: collections on the heap, free blocks in the arena; and free blocks in the pools of collections. */
  'collectionBytes',
  'poolFreeBytes',
  /** The thread's heap: what is in use (with garbage), what it has taken, and the most that it may have. */
  'heapUsedBytes',
  'heapTotalBytes',
  'heapLimitBytes',
  'errors',
  /** No value in the shard is longer. */
  'largestEntryBytes',
  /** Milliseconds spent in the expiry cycle, and how often a slice used up its time. */
  'expiryMs',
  'expiryCapsReached',
  /** How many milliseconds after their time expired keys go, on the average of the last ones. */
  'expiryLagMs',
  /** How long more memory was used than there may be, before and since it last began. */
  'exceededMs',
  'exceedingMs',
  /** Evictions that took as long as `latency-monitor-threshold`: rounds of them, and single keys. */
  'slowEvictions',
  'slowEvictionMs',
  'slowEvictionDels',
  'slowEvictionDelMs',
  /** Slices of the cycle that took as long as `latency-monitor-threshold`, and what the last of them took. */
  'slowExpiries',
  /** Collections whose memory was given back after they had gone, and those that wait for that. */
  'freedLater',
  'freedLaterPending',
  /** Changes of keys since the start. */
  'changes',
  /** Bytes of the log behind its base, its first and its last segment, and bytes that are not written yet. */
  'logBytes',
  'logFirstSegment',
  'logLastSegment',
  'logUnwrittenBytes',
  'slowExpiryMs',
  /** Clients that wait for keys of the shard. */
  'waitingClients',
  /** Commands for which it has held other shards and how long, how often it was held and how long, and whether it is now. */
  'holds',
  'holdMs',
  'parks',
  'parkedMs',
  'isParked',
  /** Free bytes in extents. */
  'freeBytes',
  /** Of active defragmentation: its share of the time now, for how long, and that in all; entries moved, and looked at in vain. */
  'defragPercent',
  'defragMs',
  'defragTotalMs',
  'defragMoved',
  'defragLeft',
] as const;
/** Those that say what there is now. */
const KEY_FIELDS = [
  'expiredStaleRatio',
  'entryBytes',
  'indexBytes',
  'arenaBytes',
  'collectionBytes',
  'poolFreeBytes',
  'largestEntryBytes',
  'freedLaterPending',
  'waitingClients',
  'isParked',
  'freeBytes',
  'defragPercent',
  'defragMs',
  'exceedingMs',
] as const satisfies readonly (typeof FIELDS)[number][];
/** For each logical database: keys, keys with an expiry, average time to live. */
const PER_DATABASE = 3;

export type StatisticField = (typeof FIELDS)[number];

const offsets = Object.fromEntries(FIELDS.map((field, i) => [field, i])) as Record<StatisticField, number>;
const LARGEST_ENTRY_BYTES = offsets.largestEntryBytes;

export class ShardStatistics {
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  static memory(databases: number): SharedArrayBuffer {
    return new SharedArrayBuffer(8 * (FIELDS.length + databases * PER_DATABASE));
  }

  get(field: StatisticField): number {
    return this.#cells[offsets[field]]!;
  }

  /** The field of this name, which is looked at for each command: a look-up by name would cost more than the rest. */
  get largestEntryBytes(): number {
    return this.#cells[LARGEST_ENTRY_BYTES]!;
  }

  set(field: StatisticField, value: number): void {
    this.#cells[offsets[field]] = value;
  }

  /** The shard has lost its keys: only what it has counted stays. */
  forgetKeys(): void {
    for (const field of KEY_FIELDS) this.set(field, 0);
    this.#cells.fill(0, FIELDS.length);
  }

  setDatabase(db: number, keys: number, expires: number, averageTtlMs: number): void {
    const at = FIELDS.length + db * PER_DATABASE;
    this.#cells[at] = keys;
    this.#cells[at + 1] = expires;
    this.#cells[at + 2] = averageTtlMs;
  }

  database(db: number): { keys: number; expires: number; averageTtlMs: number } {
    const at = FIELDS.length + db * PER_DATABASE;
    return { keys: this.#cells[at]!, expires: this.#cells[at + 1]!, averageTtlMs: this.#cells[at + 2]! };
  }
}
