/**
 * Everything of a shard that has to do with the disk: what it loads when it starts, its log, and its part of snapshots.
 * Without a data directory there is only the count of changes and snapshots that go to a file by themselves.
 */
import { CommitBoard } from '../ring/commit-board.ts';
import { MARK_CUT, MARK_TRANSACTION, type Mark } from '../ring/marks.ts';
import type { ControlMessage, PersistenceSetup, ShardMessage, SyncPolicy } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { EffectJournal } from './effect-journal.ts';
import { recover } from './recovery.ts';
import { ShardLog } from './shard-log.ts';
import { ShardSnapshots } from './shard-snapshot.ts';

export interface DurabilityHost {
  readonly shard: number;
  readonly shards: number;
  readonly keyspace: Keyspace;
  readonly setup: PersistenceSetup | undefined;
  /** Whether the key in `bytes[start, end)` belongs to this shard. */
  owns(bytes: Uint8Array, start: number, end: number): boolean;
  now(): number;
  report(message: ShardMessage): void;
}

export class Durability {
  readonly #host: DurabilityHost;
  readonly #journal: EffectJournal;
  readonly #snapshots: ShardSnapshots;
  #log: ShardLog | undefined;
  /** Of the last record, for the head of a base. */
  #lastTransaction = 0;

  constructor(host: DurabilityHost) {
    this.#host = host;
    this.#journal = new EffectJournal(host.keyspace);
    this.#snapshots = new ShardSnapshots({
      keyspace: host.keyspace,
      rotateLog: () => this.#rotate(),
      aux: () => [['shardis-last-transaction', String(this.#lastTransaction)]],
      report: (part) => host.report({ kind: 'snapshot', part }),
    });
  }

  /** Changes since the start. */
  get changes(): number {
    return this.#journal.changes;
  }

  /** Loads what is on disk, then begins to keep what changes. Throws when the files are not whole. */
  start(): void {
    const { setup, keyspace, shard, shards, report } = this.#host;
    if (setup !== undefined) {
      const { log, commits } = setup;
      const board = new CommitBoard(commits);
      const recovered = recover({ shard, shards, setup, keyspace, board, owns: this.#host.owns, report });
      this.#lastTransaction = recovered.lastTransaction;
      if (log !== undefined && recovered.writer !== undefined) {
        this.#log = new ShardLog({
          shard,
          writer: recovered.writer,
          commits: board,
          sync: log.sync,
          report: (problem) => report({ kind: 'log', problem }),
        });
        this.#journal.effects = recovered.writer.effects;
      }
    }
    keyspace.journal = this.#journal;
  }

  /** Why a command that writes, with `wordBytes` of words, cannot run now; undefined: it can. */
  refusal(wordBytes: number): string | undefined {
    const log = this.#log;
    if (log === undefined || log.admits(wordBytes)) return undefined;
    return log.problem;
  }

  /** Writes down what has changed. To be called before any reply becomes visible. */
  commit(): void {
    this.#log?.commit(this.#host.now());
  }

  take(mark: Mark): void {
    if (mark.kind === MARK_TRANSACTION) {
      this.#lastTransaction = mark.number;
      this.#log?.takesPart(mark.number, mark.shards);
    } else if (mark.kind === MARK_CUT) {
      this.#snapshots.cut(mark.number);
    }
  }

  apply(message: ControlMessage): void {
    if (message.kind === 'snapshot') this.#snapshots.prepare(message);
    if (message.kind === 'discard-snapshot') this.#snapshots.discard(message.number);
    if (message.kind === 'option' && message.name === 'appendfsync')
      this.#setSync(message.value as SyncPolicy);
  }

  /** A slice of what is to be done between batches. `isBusy`: requests are waiting. */
  background(isBusy: boolean): void {
    if (this.#snapshots.isRunning) this.#snapshots.slice(isBusy);
    this.#log?.retry(Date.now());
  }

  /** Milliseconds until `background` has something to do. */
  msUntilDue(nowMs: number): number {
    if (this.#snapshots.isRunning) return 0;
    return this.#log?.msUntilRetry(nowMs) ?? Infinity;
  }

  close(): void {
    this.#snapshots.discard();
    this.#log?.close(this.#host.now());
  }

  #setSync(sync: SyncPolicy): void {
    if (this.#log === undefined) return;
    this.#log.sync = sync;
    this.#log.writer.sync = sync;
  }

  #rotate(): number {
    const log = this.#log;
    if (log === undefined) return 0;
    log.commit(this.#host.now());
    return log.writer.rotate();
  }
}
