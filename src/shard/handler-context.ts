/** What handlers see of the shard that runs them, as far as it is no command of its own: see executor.ts. */
import { slotOf } from '../base/crc16.ts';
import { hashBytes } from '../base/hash.ts';
import type { Command } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';
import type { ErrorTally } from '../protocol/error-tally.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { CommandStatistics } from '../ring/command-statistics.ts';
import type { CommandTimer } from '../ring/command-timer.ts';
import type { LaneConsumer } from '../ring/lane.ts';
import type { ShardSetup } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';
import type { ChangeNotices } from './change-notices.ts';
import type { ShardClock } from './clock.ts';
import type { Durability } from './durability.ts';
import type { ExpiryPace } from './expiry-pace.ts';
import type { Figures } from './figures.ts';
import type { HeapRoom } from './heap-room.ts';
import { KeyHashes } from './key-hashes.ts';
import type { MemoryRoom } from './memory-room.ts';
import type { RunReplies } from './run-replies.ts';

export interface ExecutorParts {
  readonly setup: ShardSetup;
  readonly clock: ShardClock;
  readonly keyspace: Keyspace;
  readonly requests: LaneConsumer;
  readonly replies: RunReplies;
  readonly commands: readonly Command[];
  readonly statistics: CommandStatistics;
  readonly timer: CommandTimer;
  readonly tally: ErrorTally;
  readonly expiry: ExpiryPace;
  readonly durability: Durability;
  readonly figures: Figures;
  readonly room: MemoryRoom;
  readonly changes: ChangeNotices;
  readonly heap: HeapRoom;
  /** Commits and publishes what has been answered so far. */
  publish(): void;
}

/** Of the command that runs now. */
export abstract class HandlerContext {
  readonly keyspace: Keyspace;
  readonly shardIndex: number;
  readonly shardCount: number;
  readonly changes: ChangeNotices;
  args = new Arguments();
  reply: ReplyWriter;
  db = 0;
  hash = 0;
  commandName = '';
  stringBytesMax: number;
  protected readonly keyHashes: KeyHashes;
  readonly #slots: Uint16Array;
  readonly #parts: ExecutorParts;

  constructor(parts: ExecutorParts) {
    const { setup } = parts;
    this.#parts = parts;
    this.changes = parts.changes;
    this.keyspace = parts.keyspace;
    this.keyHashes = new KeyHashes(parts.keyspace);
    this.reply = parts.replies.writer;
    this.reply.tally = parts.tally;
    this.shardIndex = setup.index;
    this.shardCount = setup.shards;
    this.stringBytesMax = setup.options['proto-max-bulk-len'];
    this.#slots = new Uint16Array(setup.slots);
  }

  get activeExpire(): boolean {
    return this.#parts.expiry.isActive;
  }

  set activeExpire(isActive: boolean) {
    this.#parts.expiry.isActive = isActive;
  }

  now(): number {
    return this.#parts.clock.nowMs;
  }

  setTime(nowMs: number): void {
    this.#parts.clock.nowMs = nowMs;
  }

  hashOf(index: number): number {
    if (this.keyHashes.has(index)) return this.keyHashes.of(index);
    return hashBytes(
      this.args.bytes,
      this.args.starts[index]!,
      this.args.ends[index]!,
      this.#parts.setup.seed,
    );
  }

  /** The shard that owns the key in word `index`. */
  shardOf(index: number): number {
    return this.#slots[slotOf(this.args.bytes, this.args.starts[index]!, this.args.ends[index]!)]!;
  }

  shardOfKey(key: Uint8Array): number {
    return this.#slots[slotOf(key, 0, key.length)]!;
  }

  owns(key: Uint8Array): boolean {
    return this.shardOfKey(key) === this.shardIndex;
  }

  sleep(ms: number): void {
    if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    this.#parts.clock.update();
  }

  notify(eventClass: number, event: string, word: number, db = this.db): void {
    if ((this.changes.eventClasses & eventClass) !== 0) this.changes.event(db, event, this.args.copy(word));
  }

  notifyRef(eventClass: number, event: string, db: number, ref: number): void {
    if ((this.changes.eventClasses & eventClass) !== 0) this.changes.eventAt(db, event, ref);
  }

  wantsEvents(eventClass: number): boolean {
    return (this.changes.eventClasses & eventClass) !== 0;
  }

  flushed(): void {
    if (this.changes.isListening) this.changes.flushed();
  }

  /** Sends what there is to tell of changes. */
  tellChanges(): void {
    const { replies } = this.#parts;
    replies.notices(this.changes.take(replies.isRunOpen));
  }
}
