/** Who syncs the logs of the shards, each by a syncer of its own: a shard that starts again gets a new one. */
import fs from 'node:fs';
import { SLOT_FREE, SyncBoard } from '../wal/sync-board.ts';
import { Syncer, type SyncPolicy } from '../wal/syncer.ts';

export class LogSync {
  readonly #policy: () => SyncPolicy;
  readonly #memories: SharedArrayBuffer[];
  readonly #syncers: Syncer[];

  constructor(shards: number, policy: () => SyncPolicy) {
    this.#policy = policy;
    this.#memories = Array.from({ length: shards }, () => SyncBoard.memory());
    this.#syncers = this.#memories.map((memory) => this.#syncer(memory));
  }

  /** The memory by which the shard talks to its syncer. What a thread that has ended had open is closed. */
  boardFor(shard: number, isRestart: boolean): SharedArrayBuffer {
    if (!isRestart) return this.#memories[shard]!;
    const board = new SyncBoard(this.#memories[shard]!);
    void this.#syncers[shard]!.stop().then(() => closeAll(board));
    const memory = SyncBoard.memory();
    this.#memories[shard] = memory;
    this.#syncers[shard] = this.#syncer(memory);
    this.#syncers[shard].start();
    return memory;
  }

  /** What the last sync of the shard's log took; 0 before the first. */
  lastSyncMsOf(shard: number): number {
    return this.#syncers[shard]!.lastSyncMs;
  }

  /** Syncs under way. */
  get pending(): number {
    return this.#syncers.reduce((sum, syncer) => sum + syncer.inFlight, 0);
  }

  start(): void {
    for (const syncer of this.#syncers) syncer.start();
  }

  /** Resolves when the syncs under way are done. */
  async stop(): Promise<void> {
    await Promise.all(this.#syncers.map((syncer) => syncer.stop()));
  }

  #syncer(memory: SharedArrayBuffer): Syncer {
    return new Syncer({ boards: [memory], policy: this.#policy });
  }
}

function closeAll(board: SyncBoard): void {
  for (let slot = 0; slot < SyncBoard.slots; slot++) {
    if (board.state(slot) !== SLOT_FREE) fs.close(board.descriptor(slot), () => {});
  }
}
