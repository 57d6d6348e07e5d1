/**
 * `maxmemory`, the acceptor's part: what connections and lanes use counts too, and is written into the ledger at the end of each
 * turn. Shards make room, and refuse commands that want more when there is none (shard/memory-room.ts); here is refused what
 * no single shard can: commands that are cut over several, for all parts or none of them must run, and transactions.
 */
import type { Command } from '../commands/table.ts';
import type { MemoryLedger } from '../ring/memory-ledger.ts';
import type { ClientMemory } from './client-memory.ts';
import type { ShardLink } from './shard-link.ts';
import type { TransactionQueue } from './transaction-queue.ts';

/** By how much the bytes in lanes sink in one turn at most. */
const CALMING = 63 / 64;

export class MemoryLimit {
  /** Set once, before anybody is served. */
  clients: ClientMemory | undefined;
  readonly #ledger: MemoryLedger;
  readonly #links: readonly ShardLink[];
  /** What lanes have had at a time lately: each of several shards that see a sudden jump would make room for all of it. */
  #laneBytes = 0;

  constructor(ledger: MemoryLedger, links: readonly ShardLink[]) {
    this.#ledger = ledger;
    this.#links = links;
  }

  /** There is a limit. */
  get isOn(): boolean {
    return this.#ledger.limit > 0;
  }

  /** `maxmemory` in bytes; 0 for no limit. */
  set bytesMax(bytes: number) {
    this.#ledger.limit = bytes;
    if (this.clients === undefined) return;
    this.clients.counts = bytes > 0;
    this.#ledger.bufferBytes = bytes > 0 ? this.#bufferBytes() : 0;
  }

  /** More is used than there may be, and no key may be evicted. */
  get isFull(): boolean {
    return this.#ledger.isFull;
  }

  /** All that counts, at this moment. */
  get usedBytes(): number {
    this.publish();
    return this.#ledger.usedBytes;
  }

  /** To be called when buffers have changed, once a turn. */
  publish(): void {
    this.#ledger.bufferBytes = this.#bufferBytes();
  }

  #bufferBytes(): number {
    let laneBytes = 0;
    let asideBytes = 0;
    for (const link of this.#links) {
      laneBytes += link.queueBytes;
      asideBytes += link.asideBytes;
    }
    this.#laneBytes = Math.max(laneBytes, Math.floor(this.#laneBytes * CALMING));
    return (this.clients?.totalBytes ?? 0) + this.#laneBytes + asideBytes;
  }

  /**
   * Whether a command must not be queued, or EXEC not run what is: when memory is short a queue must not take more, and a
   * transaction with commands that may is not begun.
   */
  refuses(queue: TransactionQueue, isExecution: boolean, command: Command): boolean {
    if (!this.isFull) return false;
    return isExecution ? queue.deniesOom : !command.isNeverQueued;
  }
}
