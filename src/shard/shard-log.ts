/**
 * The log of a shard while it serves: group commit, and what happens when the disk says no.
 *
 * The effects of a batch of requests are one record, written by `commit` before the batch's replies are published.
 * Room for a command's effects is made before it runs: where there is none the command is refused, nothing has happened,
 * and reads go on. If writing fails all the same, what is acknowledged must still be true:
 *
 * - With `always` the shard's thread ends. It starts again from its log, that is from what is safe; the connections
 *   that were waiting are closed, as by any server that went down. Not when all that was to be written is that keys have
 *   expired: nobody was promised that, and after a restart they expire again.
 * - Otherwise the effects stay in memory and are tried again, as Redis does it; until then writes are refused.
 */
import type { CommitBoard } from '../ring/commit-board.ts';
import type { WalWriter } from '../wal/wal-writer.ts';

/** Beside a command's words: headers of effects and of the record. */
const EFFECT_SLACK_BYTES = 256;
const RETRY_MS = 100;
/** Room for as much as was refused is wanted before writes go on, or else they would be refused and taken in turns. */
const WANTED_BYTES_MAX = 1024 * 1024;

interface Transaction {
  readonly number: number;
  readonly shards: readonly number[];
}

export interface ShardLogOptions {
  readonly shard: number;
  readonly writer: WalWriter;
  readonly commits: CommitBoard;
  /**
   * Tells the server that the log cannot be written, or (undefined) can be again; `needsBase`: what was written before
   * may be lost all the same, until a base has been written.
   */
  report(problem: string | undefined, needsBase: boolean): void;
}

export class ShardLog {
  readonly writer: WalWriter;
  readonly #options: ShardLogOptions;
  readonly #commits: CommitBoard;
  /** Of the batch under way. */
  #transactions: Transaction[] = [];
  /** What others had not committed when they were given up: until they have, nothing may stand behind it. */
  #missing: { readonly other: number; readonly number: number }[] = [];
  /** Why writes are refused. */
  #problem: string | undefined;
  #retryAtMs = 0;
  /** The batch may have more in it than keys that have expired. */
  #hasWrites = false;
  /** What there must be room for. */
  #wantedBytes = EFFECT_SLACK_BYTES;

  constructor(options: ShardLogOptions) {
    this.#options = options;
    this.writer = options.writer;
    this.#commits = options.commits;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** Makes sure that the effects of a command with `wordBytes` of words can be written. False: see `problem`. */
  admits(wordBytes: number): boolean {
    if (this.#problem !== undefined) return false;
    const { writer } = this;
    if (writer.reserve(writer.effects.end + wordBytes + EFFECT_SLACK_BYTES)) {
      this.#hasWrites = true;
      return true;
    }
    this.#wantedBytes = Math.min(WANTED_BYTES_MAX, wordBytes) + EFFECT_SLACK_BYTES;
    this.#fail(this.#lastError());
    return false;
  }

  /**
   * The next command is this shard's part of a write that `shards` take part in. A record has one such part at most:
   * recovery drops whole records, and one part may be incomplete where the one before it is not.
   */
  takesPart(number: number, shards: readonly number[], nowMs: number): void {
    if (this.#transactions.length > 0) this.#write(nowMs, false);
    this.#hasWrites = true;
    this.writer.effects.transaction(number, shards);
    this.#transactions.push({ number, shards });
  }

  /** Writes the effects since the last time, and waits for other shards that took part in the same writes. */
  commit(nowMs: number): void {
    if (this.writer.isEmpty) this.#hasWrites = false;
    if (this.#write(nowMs, true) && this.#transactions.length > 0) this.#awaitOthers();
  }

  /** Writes a record of the effects so far; false when there are none, or it cannot be. */
  #write(nowMs: number, isSynced: boolean): boolean {
    if (this.writer.isEmpty || this.writer.isFailed) return false;
    try {
      this.writer.commit(nowMs, isSynced);
      this.#hasWrites = false;
      return true;
    } catch (error) {
      if (this.writer.policy === 'always' && this.#hasWrites) throw error;
      this.#fail((error as Error).message);
      return false;
    }
  }

  /**
   * Tells of one part after the other, and of each only when those before it are complete everywhere. So a shard that
   * has told of a part has nothing incomplete before it in its log, and a part that all have told of is never dropped.
   */
  #awaitOthers(): void {
    const { shard } = this.#options;
    const transactions = this.#transactions;
    this.#transactions = [];
    for (const { number, shards } of transactions) {
      this.#commits.setLast(shard, number);
      for (const other of shards) {
        if (other === shard || this.#commits.awaitCommit(other, number)) continue;
        this.#missing.push({ other, number });
        this.#fail(`shard ${other} cannot write its log`);
      }
    }
  }

  /** Begins a segment for what comes behind a base, and returns its number. */
  rotate(nowMs: number): number {
    if (this.writer.isFailed) throw new Error(this.#problem);
    return this.writer.rotate(nowMs);
  }

  /** Milliseconds until `retry` has something to do; Infinity: nothing. */
  msUntilRetry(nowMs: number): number {
    return this.#problem === undefined ? Infinity : Math.max(0, this.#retryAtMs - nowMs);
  }

  /** Tries again what failed. */
  retry(nowMs: number): void {
    if (this.#problem === undefined || nowMs < this.#retryAtMs) return;
    this.#retryAtMs = nowMs + RETRY_MS;
    const { writer } = this;
    if (writer.isFailed) {
      if (!writer.recover(nowMs)) {
        this.#fail(this.#lastError());
        return;
      }
      if (this.#transactions.length > 0) this.#awaitOthers();
    }
    this.#missing = this.#missing.filter(({ other, number }) => this.#commits.lastOf(other) < number);
    if (this.#missing.length > 0) return;
    if (writer.reserve(writer.effects.end + this.#wantedBytes)) this.#recovered();
    else this.#fail(this.#lastError());
  }

  close(nowMs: number): void {
    this.writer.close(nowMs);
  }

  #lastError(): string {
    return this.writer.lastError?.message ?? 'the log cannot be written';
  }

  #fail(problem: string): void {
    this.#retryAtMs = Date.now() + RETRY_MS;
    if (this.#problem === problem) return;
    // Those who wait for a commit of this shard shall not wait for a disk.
    if (this.#problem === undefined) this.#commits.abandon(this.#options.shard);
    this.#problem = problem;
    this.#options.report(problem, false);
  }

  #recovered(): void {
    this.#problem = undefined;
    this.#wantedBytes = EFFECT_SLACK_BYTES;
    this.#commits.resume(this.#options.shard);
    this.#options.report(undefined, this.writer.needsBase);
  }
}
