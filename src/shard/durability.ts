/**
 * Everything of a shard that has to do with the disk: what it loads when it starts, its log, and its part of snapshots.
 */

import { CommitBoard } from '../ring/commit-board.ts';
import { MARK_CUT, MARK_TRANSACTION, type Mark } from '../ring/marks.ts';
import type {
  ControlMessage,
  LoadOrder,
  PersistenceSetup,
  ShardMessage,
  SyncPolicy,
} from '../ring/messages.ts';
import type { ShardStatistics } from '../ring/shard-statistics.ts';
import type { Journal } from '../store/journal.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { diskFiles } from '../wal/files.ts';
import { sequenceBefore } from '../wal/layout.ts';
import { WalWriter } from '../wal/wal-writer.ts';
import { EffectJournal, type Listener } from './effect-journal.ts';
import type { KeyFilter } from './keyspace-loader.ts';
import { type Loader, LoadRefused } from './loading.ts';
import { Recovery } from './recovery.ts';
import { ShardLog } from './shard-log.ts';
import { ShardSnapshots } from './shard-snapshot.ts';

export interface DurabilityHost {
  readonly shard: number;
  readonly shards: number;
  readonly keyspace: Keyspace;
  readonly setup: PersistenceSetup;
  readonly owns: KeyFilter;
  now(): number;
  /** A number that changes when clients send something. */
  activity(): number;
  /** Loading takes a while, and is at this point. */
  progressed(loader: Loader): void;
  report(message: ShardMessage): void;
}

export class Durability {
  readonly #host: DurabilityHost;
  readonly #board: CommitBoard;
  readonly #journal: EffectJournal;
  readonly #snapshots: ShardSnapshots;
  #log: ShardLog | undefined;
  #firstSegment = 0;
  /** Of the next request. */
  #part: Mark | undefined;
  #lastTransaction = 0;
  #sync: SyncPolicy;

  constructor(host: DurabilityHost) {
    this.#host = host;
    this.#board = new CommitBoard(host.setup.commits);
    this.#sync = host.setup.sync;
    this.#journal = new EffectJournal(host.keyspace);
    this.#snapshots = new ShardSnapshots({
      keyspace: host.keyspace,
      beginSegment: (segment, keepsLog) => this.#beginSegment(segment, keepsLog),
      aux: () => ({ 'shardis-last-transaction': String(this.#lastTransaction) }),
      report: (part) => host.report({ kind: 'snapshot', part }),
      activity: host.activity,
      shards: host.shards,
    });
  }

  /** From now on `observer` is told of each change of the keyspace, or not any more. While files are loaded nobody is. */
  observe(observer: Journal, isOn: boolean): void {
    const others = this.#journal.observers.filter((each) => each !== observer);
    this.#journal.observers = isOn ? [...others, observer] : others;
  }

  /** The same for one that tells by itself whether it listens. */
  set listener(listener: Listener) {
    this.#journal.listener = listener;
  }

  // At the start

  /** Loads what the shard begins with; from its end on, changes are kept. */
  loader(): Loader {
    const loader = this.#watch(this.#host.setup.load, this.#host.progressed, (recovery) => {
      this.#begin(recovery);
    });
    const { step } = loader;
    return Object.assign(loader, { step: (budgetMs: number) => this.#stepOrRefuse(step, budgetMs) });
  }

  #watch(
    order: LoadOrder,
    progressed: (loader: Loader) => void,
    ended: (recovery: Recovery) => void,
  ): Loader {
    const startedAtMs = performance.now();
    const recovery = new Recovery({ ...this.#host, progressed, board: this.#board }, order);
    return {
      get loadedBytes() {
        return recovery.loadedBytes;
      },
      get totalBytes() {
        return recovery.totalBytes;
      },
      get keys() {
        return recovery.keys;
      },
      step: (budgetMs) => {
        if (!recovery.step(budgetMs)) return false;
        ended(recovery);
        const { keys, expired, notices } = recovery;
        this.#host.report({ kind: 'loaded', keys, expired, notices, ms: performance.now() - startedAtMs });
        return true;
      },
    };
  }

  #stepOrRefuse(step: Loader['step'], budgetMs: number): boolean {
    try {
      return step(budgetMs);
    } catch (error) {
      // A file that cannot be read is no reason to try again.
      this.#host.report({ kind: 'refused', problem: (error as Error).message });
      throw new LoadRefused();
    }
  }

  #begin(recovery: Recovery): void {
    this.#lastTransaction = recovery.lastTransaction;
    if (recovery.writer !== undefined) this.#open(recovery.writer);
    this.#host.keyspace.journal = this.#journal;
  }

  #open(writer: WalWriter): void {
    const host = this.#host;
    this.#log = new ShardLog({
      shard: host.shard,
      writer,
      commits: this.#board,
      report: (problem, needsBase) => host.report({ kind: 'log', problem, needsBase }),
    });
    this.#firstSegment = writer.segmentNumber;
    this.#journal.effects = writer.effects;
  }

  // While it serves

  /**
   * The command that runs now, or the hold, is the one that the last mark was for: what it changes belongs to that
   * transaction. Not before: what is committed until then does not.
   */
  beginPart(): void {
    const part = this.#part;
    if (part === undefined) return;
    this.#part = undefined;
    this.#lastTransaction = part.number;
    this.#log?.takesPart(part.number, part.shards, this.#host.now());
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
      this.#part = mark;
    } else if (mark.kind === MARK_CUT) {
      // What came before belongs to the time before the cut.
      this.commit();
      this.#snapshots.cut(mark.number);
    }
  }

  apply(message: ControlMessage): void {
    switch (message.kind) {
      case 'snapshot':
        this.#snapshots.prepare(message);
        break;
      case 'discard-snapshot':
        this.#snapshots.discard(message.number);
        break;
      case 'base-written':
        this.#baseWritten();
        break;
      case 'close-log':
        this.#closeLog();
        break;
      case 'reload':
        this.#reload(message);
        break;
      case 'option':
        if (message.name === 'appendfsync') this.#setSync(message.value as SyncPolicy);
    }
  }

  /** A slice of what is to be done between batches. */
  background(): void {
    if (this.#snapshots.isRunning) this.#snapshots.slice();
    this.#log?.retry(Date.now());
  }

  /** Milliseconds until `background` has something to do. */
  msUntilDue(nowMs: number): number {
    const untilRetry = this.#log?.msUntilRetry(nowMs) ?? Infinity;
    if (!this.#snapshots.isRunning) return untilRetry;
    return Math.min(this.#snapshots.msUntilSlice(), untilRetry);
  }

  publish(statistics: ShardStatistics): void {
    statistics.set('changes', this.#journal.changes);
    const writer = this.#log?.writer;
    if (writer === undefined) return;
    statistics.set('logBytes', writer.bytesSinceBase);
    statistics.set('logFirstSegment', this.#firstSegment);
    statistics.set('logLastSegment', writer.segmentNumber);
    statistics.set('logUnwrittenBytes', writer.isEmpty ? 0 : writer.effects.end);
  }

  /** The thread ends by itself: no file of a snapshot stays open. */
  abandon(): void {
    this.#snapshots.discard();
  }

  close(): void {
    this.#snapshots.discard();
    this.#closeLog();
  }

  #closeLog(): void {
    this.#log?.close(this.#host.now());
    this.#log = undefined;
    this.#journal.effects = undefined;
  }

  #setSync(sync: SyncPolicy): void {
    this.#sync = sync;
    if (this.#log !== undefined) this.#log.writer.policy = sync;
  }

  /** At a cut: what comes behind it goes into a segment of its own, whose number it returns. */
  #beginSegment(number: number, keepsLog: boolean): number {
    const nowMs = this.#host.now();
    if (this.#log !== undefined) {
      this.#log.commit(nowMs);
      return this.#log.rotate(nowMs);
    }
    const { shard, shards, setup } = this.#host;
    const writer = WalWriter.create(
      {
        files: diskFiles,
        directory: setup.directory,
        shard,
        shards,
        policy: this.#sync,
        board: setup.syncBoard,
        segmentBytes: setup.segmentBytes,
      },
      number,
      { sequence: sequenceBefore(number), lastTransaction: this.#lastTransaction, bytesSinceBase: 0 },
    );
    if (!keepsLog) {
      writer.close(nowMs);
      return number;
    }
    this.#open(writer);
    this.#board.setLast(shard, this.#lastTransaction);
    return number;
  }

  #baseWritten(): void {
    const writer = this.#log?.writer;
    if (writer === undefined) return;
    writer.baseWritten();
    this.#firstSegment = writer.segmentNumber;
  }

  /** DEBUG RELOAD and LOADAOF. The server lets no client in meanwhile. */
  #reload({ order, isFlushed }: Extract<ControlMessage, { kind: 'reload' }>): void {
    const { keyspace } = this.#host;
    const isLog = order.from === 'log';
    if (isLog) {
      this.#closeLog();
      keyspace.journal = undefined;
    }
    if (isFlushed) keyspace.flushAll();
    const ended = (recovery: Recovery) => {
      if (isLog) this.#begin(recovery);
    };
    // The state of the server stays as it is: nobody is told how far this is.
    const loader = this.#watch(order, () => {}, ended);
    try {
      while (!loader.step(Infinity));
    } catch (error) {
      const problem = (error as Error).message;
      this.#host.report({ kind: 'loaded', keys: 0, expired: 0, ms: 0, notices: [], problem });
    }
    this.commit();
  }
}
