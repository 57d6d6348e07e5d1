/**
 * Loads what a shard finds on disk: its own log, behind which it goes on; the logs of other shards, of which it takes its
 * own keys; or a dump.
 *
 * Shards that start together agree on what of their logs is whole before any of them takes it in (see wal/recovery.ts).
 * One that starts again alone holds its log against what the others have committed.
 */
import fs from 'node:fs';
import path from 'node:path';
import { hashBytes } from '../base/hash.ts';
import { RdbError } from '../rdb/rdb-error.ts';
import { RdbReader } from '../rdb/rdb-reader.ts';
import { FileSource } from '../rdb/rdb-source.ts';
import type { CommitBoard } from '../ring/commit-board.ts';
import type { LoadOrder, LogFiles, PersistenceSetup } from '../ring/messages.ts';
import { storeCollection } from '../store/collections.ts';
import { Keyspace, NO_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { diskFiles } from '../wal/files.ts';
import { ShardLog as Log } from '../wal/recovery.ts';
import type { WalWriter } from '../wal/wal-writer.ts';
import { DumpLoader, EffectLoader, type KeyFilter } from './keyspace-loader.ts';
import type { Loader } from './loading.ts';

/** So many entries of an RDB file are loaded between two looks at the clock. */
const STEP_ENTRIES = 500;

export interface RecoveryParts {
  readonly shard: number;
  readonly shards: number;
  readonly keyspace: Keyspace;
  readonly setup: PersistenceSetup;
  readonly board: CommitBoard;
  /** Whether a key belongs to this shard. */
  readonly owns: KeyFilter;
  /** Is told how far it is, where that takes longer than a step. */
  progressed(loader: Loader): void;
}

export class Recovery implements Loader {
  loadedBytes = 0;
  totalBytes = 0;
  keys = 0;
  /** Keys of a dump that were left out because their time had come. */
  expired = 0;
  lastTransaction = 0;
  /** The log, where the shard goes on with one. */
  writer: WalWriter | undefined;
  /** What whoever runs the server should know. */
  readonly notices: string[] = [];
  readonly #parts: RecoveryParts;
  readonly #work: Generator<void>;

  constructor(parts: RecoveryParts, order: LoadOrder) {
    this.#parts = parts;
    this.#work = this.#load(order);
  }

  step(budgetMs: number): boolean {
    const end = performance.now() + budgetMs;
    do {
      if (this.#work.next().done) return true;
    } while (performance.now() < end);
    return false;
  }

  *#load(order: LoadOrder): Generator<void> {
    const { keyspace, shards } = this.#parts;
    // A single shard need not ask.
    const owns = shards === 1 ? undefined : this.#parts.owns;
    keyspace.expires = false;
    try {
      if (order.from === 'dump') yield* this.#loadFile(order.file, keyspace, owns, Date.now());
      else if (order.from === 'log') yield* this.#loadOwn(order.files);
      else if (order.from === 'other-logs') yield* this.#loadOthers(order.files);
    } finally {
      keyspace.expires = true;
    }
  }

  // RDB files

  *#loadFile(
    file: string,
    keyspace: Keyspace,
    filter: KeyFilter | undefined,
    expiresBefore: number,
  ): Generator<void> {
    const fd = fs.openSync(file, 'r');
    try {
      const size = fs.fstatSync(fd).size;
      this.totalBytes += size;
      const before = this.loadedBytes;
      const reader = new RdbReader(new FileSource(fd, size), {
        verifyChecksum: this.#parts.setup.verifies,
      });
      const loader = new DumpLoader(keyspace, filter, expiresBefore);
      loader.use = reader;
      const keysBefore = this.keys;
      try {
        while (reader.runFor(loader, STEP_ENTRIES)) {
          this.loadedBytes = before + reader.offset;
          this.keys = keysBefore + loader.keys;
          yield;
        }
      } finally {
        loader.end();
      }
      this.loadedBytes = before + size;
      this.keys = keysBefore + loader.keys;
      this.expired += loader.expired;
    } catch (error) {
      if (error instanceof RdbError) throw new Error(`${file}: ${error.message}`);
      throw error instanceof Error ? new Error(`${file}: ${error.message}`, { cause: error }) : error;
    } finally {
      fs.closeSync(fd);
    }
  }

  *#loadBases(files: LogFiles, keyspace: Keyspace, filter: KeyFilter | undefined): Generator<void> {
    for (const name of files.bases) {
      yield* this.#loadFile(path.join(this.#parts.setup.directory, name), keyspace, filter, 0);
    }
  }

  // Logs

  #scan(shard: number, files: LogFiles): Log {
    const { setup } = this.#parts;
    const log = Log.scan(diskFiles, setup.directory, shard, files.firstSegment);
    this.totalBytes += log.bytes;
    if (log.torn !== undefined) {
      const { file, offset, bytes, reason } = log.torn;
      const what = `the end of ${file} from byte ${offset} on was not written completely (${reason})`;
      if (!setup.takesTornLogs) throw new Error(`${what}, and aof-load-truncated is no`);
      if (bytes > 0) this.notices.push(`${what}: ${bytes} bytes of it are left out`);
    }
    return log;
  }

  #noteCut(log: Log): void {
    if (log.cutRecords === 0) return;
    this.notices.push(
      `the last ${log.cutRecords} records of the log are left out: they belong to writes that other shards do not have`,
    );
  }

  *#loadOwn(files: LogFiles): Generator<void> {
    const { shard, shards, keyspace, setup, board } = this.#parts;
    const log = this.#scan(shard, files);
    if (setup.restartedAt !== undefined)
      log.cutIncomplete(board.lastOfAll().fill(Infinity, shard, shard + 1));
    else this.#agree(log);
    this.#noteCut(log);
    yield* this.#loadBases(files, keyspace, undefined);
    this.#replay(log, keyspace, undefined);
    this.lastTransaction = log.lastTransaction;
    this.writer = log.openWriter({
      shards,
      policy: setup.sync,
      board: setup.syncBoard,
      segmentBytes: setup.segmentBytes,
    });
    if (setup.restartedAt !== undefined && setup.restartedAt > this.lastTransaction) {
      // Whatever this shard had been sent when it died and never wrote: the others must not wait for it.
      this.lastTransaction = setup.restartedAt;
      this.writer.effects.transaction(setup.restartedAt, [shard]);
      this.writer.commit(Date.now());
    }
    board.setLast(shard, this.lastTransaction);
    board.resume(shard);
  }

  /** All shards that start cut their logs until none has a part of a write that another one lacks. */
  #agree(log: Log): void {
    const { shard, board } = this.#parts;
    let meetings = 0;
    for (;;) {
      board.setLast(shard, log.lastTransaction);
      board.meet(++meetings);
      const last = board.lastOfAll();
      board.disagrees = false;
      board.meet(++meetings);
      if (log.cutIncomplete(last)) board.disagrees = true;
      board.meet(++meetings);
      if (!board.disagrees) break;
    }
    // Nobody may write before all have found their ends.
    board.meet(++meetings);
  }

  #replay(log: Log, keyspace: Keyspace, filter: KeyFilter | undefined): void {
    const before = this.loadedBytes;
    log.replay(new EffectLoader(keyspace, filter), (bytes) => {
      this.loadedBytes = before + bytes;
      this.keys = keysOf(keyspace);
      this.#parts.progressed(this);
    });
    this.keys = keysOf(keyspace);
  }

  /**
   * The logs of a server with another number of shards. Each is loaded by itself, because what it says of a whole database
   * concerns its own keys only.
   */
  *#loadOthers(files: readonly LogFiles[]): Generator<void> {
    const { keyspace, owns } = this.#parts;
    const logs = files.map((one, shard) => this.#scan(shard, one));
    for (let isStable = false; !isStable; ) {
      const last = logs.map((log) => log.lastTransaction);
      isStable = !logs.map((log) => log.cutIncomplete(last)).includes(true);
    }
    for (const [shard, log] of logs.entries()) {
      this.#noteCut(log);
      // Nobody but this loader is to see it.
      const part = new Keyspace({
        databases: keyspace.databases.length,
        seed: keyspace.seed,
        now: keyspace.options.now,
        limits: keyspace.objects.limits,
      });
      part.expires = false;
      yield* this.#loadBases(files[shard]!, part, owns);
      this.#replay(log, part, owns);
      yield* move(part, keyspace);
      this.lastTransaction = Math.max(this.lastTransaction, log.highestTransaction);
    }
    this.keys = keysOf(keyspace);
    this.#parts.board.setLast(this.#parts.shard, this.lastTransaction);
  }
}

function keysOf(keyspace: Keyspace): number {
  let keys = 0;
  for (let db = 0; db < keyspace.databases.length; db++) keys += keyspace.size(db);
  return keys;
}

/** Puts all entries of `from` into `to`. */
function* move(from: Keyspace, to: Keyspace): Generator<void> {
  for (let db = 0; db < from.databases.length; db++) {
    for (let cursor = 0, isFirst = true; isFirst || cursor !== 0; isFirst = false) {
      cursor = from.scan(db, cursor, STEP_ENTRIES, (ref) => copyEntry(from, ref, db, to));
      yield;
    }
  }
}

function copyEntry(from: Keyspace, ref: number, db: number, to: Keyspace): void {
  const bytes = from.bytesOf(ref);
  const keyStart = from.keyStart(ref);
  const valueStart = from.valueStart(ref);
  const valueEnd = valueStart + from.valueLength(ref);
  const hash = hashBytes(bytes, keyStart, valueStart, to.seed);
  const expiresAt = from.expiry(ref) < 0 ? NO_EXPIRY : from.expiry(ref);
  if (from.typeOf(ref) !== TYPE_STRING) {
    // Nobody needs the keyspace that it comes from any more.
    storeCollection(to, db, bytes, keyStart, valueStart, hash, from.collectionOf(ref), expiresAt);
    return;
  }
  to.setString(db, bytes, keyStart, valueStart, hash, bytes, valueStart, valueEnd, expiresAt);
}
