/**
 * Writes one shard's log: what a batch of commands changed is one record, one write, and with `appendfsync always` one
 * sync. Room for it is made before the batch runs, so that a full disk is known before anything has changed.
 *
 * An error of the disk comes after the batch has changed the keyspace. So the effects stay in the buffer, and nothing else
 * may be written before them: `recover` writes them, to another segment unless the disk was only full.
 */
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { segmentName } from './directory.ts';
import { EffectBuffer } from './effects.ts';
import { codeOf, WalError } from './errors.ts';
import type { WalFiles } from './files.ts';
import { encodeRecordHeader, RECORD_HEADER_BYTES } from './layout.ts';
import { SegmentFile } from './segment-file.ts';
import { OWNER_WRITER, SLOT_FREE, SLOT_LEFT, SLOT_OPEN, SyncBoard } from './sync-board.ts';
import type { SyncPolicy } from './syncer.ts';

/** How long a record may be unsynced with `everysec` before the writer waits. */
const UNSYNCED_MS_MAX = 2000;
/** How often it looks. */
const LOOK_EVERY_MS = 100;
/** How long it waits for a sync of the other thread before it makes one itself. */
const PATIENCE_MS = 5000;

const SEGMENT_BYTES = 64 * 1024 * 1024;
const STEP_BYTES = 1024 * 1024;
const MARGIN_BYTES = 64 * 1024;

export interface WalWriterOptions {
  readonly files: WalFiles;
  readonly directory: string;
  readonly shard: number;
  readonly shards: number;
  readonly policy: SyncPolicy;
  /** What the syncer sees; without one the writer syncs all itself. */
  readonly board?: SharedArrayBuffer;
  /** A record that would go beyond this begins the next segment. */
  readonly segmentBytes?: number;
  /** Room is made in steps of this. */
  readonly stepBytes?: number;
  /** What is kept free for effects that nobody could foresee. */
  readonly marginBytes?: number;
}

/** Where a log goes on. */
export interface WalPlace {
  /** The last record's. */
  readonly sequence: number;
  readonly lastTransaction: number;
  /** Bytes of all records since the base. */
  readonly bytesSinceBase: number;
}

export class WalWriter {
  /** What the batch under way has changed. */
  readonly effects = new EffectBuffer();
  policy: SyncPolicy;
  /** A sync failed: records before it may be lost, whatever later syncs say, until another base is written. */
  needsBase = false;
  /** What keeps the log from being written, as of the last `reserve` or `commit`. */
  lastError: WalError | undefined;
  readonly #options: WalWriterOptions;
  readonly #board: SyncBoard;
  readonly #segmentBytes: number;
  readonly #stepBytes: number;
  readonly #marginBytes: number;
  #sequence: number;
  #lastTransaction: number;
  #segment: SegmentFile;
  #slot: number;
  #isFailed = false;
  /** Nothing more may be written to this segment. */
  #isSpoilt = false;
  /** After a sync failed: nothing behind this counts as synced. */
  #durableMax = Number.POSITIVE_INFINITY;
  #bytesSinceBase: number;
  #bytesAtRotation = 0;
  /** All before was synced when this was written. */
  #dirtySinceMs = 0;
  #nextLookMs = 0;

  private constructor(options: WalWriterOptions, segment: SegmentFile, place: WalPlace) {
    this.#options = options;
    this.policy = options.policy;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#stepBytes = options.stepBytes ?? STEP_BYTES;
    this.#marginBytes = options.marginBytes ?? MARGIN_BYTES;
    this.#board = new SyncBoard(options.board ?? SyncBoard.memory());
    this.#segment = segment;
    this.#bytesSinceBase = place.bytesSinceBase;
    this.effects.lastTransaction = place.lastTransaction;
    this.#sequence = place.sequence;
    this.#lastTransaction = place.lastTransaction;
    this.#slot = this.#board.open(segment.fd, place.sequence, 0);
  }

  /** Begins a log with segment `number`, behind `place`: that of a base, or all 0. Throws `WalError`. */
  static create(options: WalWriterOptions, number: number, place: WalPlace): WalWriter {
    const { files, directory, shard, shards } = options;
    const { sequence, lastTransaction } = place;
    const path = join(directory, segmentName(shard, number));
    const header = { shard, shards, number, firstSequence: sequence + 1, durable: sequence, lastTransaction };
    return new WalWriter(options, SegmentFile.create(files, path, header), place);
  }

  /** Goes on in `segment`. All that is in the log must be synced. */
  static resume(options: WalWriterOptions, segment: SegmentFile, place: WalPlace): WalWriter {
    return new WalWriter(options, segment, place);
  }

  /** True when nothing was changed since the last commit. */
  get isEmpty(): boolean {
    return this.effects.isEmpty;
  }

  /** The number of the last record that was committed. */
  get sequence(): number {
    return this.#sequence;
  }

  get segmentNumber(): number {
    return this.#segment.number;
  }

  /** Bytes of all records since the base that the manifest names. */
  get bytesSinceBase(): number {
    return this.#bytesSinceBase;
  }

  /** All up to this sequence is known to be synced. */
  get durableSequence(): number {
    return Math.min(this.#durableMax, this.#board.durable(this.#sequence));
  }

  /** True after a commit has failed, until `recover` succeeds. */
  get isFailed(): boolean {
    return this.#isFailed;
  }

  /**
   * Sees to it that the disk has room for a batch whose effects have about so many bytes. False when it has not, or when
   * the log has failed: then nothing may be changed, and `lastError` says why.
   */
  reserve(bytes: number): boolean {
    const end = this.#segment.position + RECORD_HEADER_BYTES + bytes + this.#marginBytes;
    const isWell = !this.#isFailed && this.#board.errno === 0;
    return (isWell && this.#segment.reaches(end)) || this.#makeRoom(bytes);
  }

  #makeRoom(bytes: number): boolean {
    if (this.#isFailed) return false;
    if (this.#board.errno !== 0) {
      this.#fail(this.#syncError());
      return false;
    }
    const needed = RECORD_HEADER_BYTES + bytes + this.#marginBytes;
    try {
      if (this.#segment.position + needed > this.#segmentBytes && !this.#segment.isEmpty)
        this.#next(Date.now());
      const end = this.#segment.position + needed;
      const stepped = Math.ceil(end / this.#stepBytes) * this.#stepBytes;
      this.#segment.extend(Math.max(end, Math.min(stepped, this.#segmentBytes)));
      this.lastError = undefined;
      return true;
    } catch (error) {
      this.lastError = asWalError(error);
      return false;
    }
  }

  /**
   * Writes what the batch has changed, if anything. When it returns, the policy's promise holds. Throws `WalError`: then the
   * effects of the batch may or may not be there after a restart, and nothing is committed until `recover` succeeds.
   * With `isSynced` false another commit follows before anything is acknowledged, and the promise is kept by that one.
   */
  commit(nowMs: number, isSynced = true): void {
    if (this.effects.isEmpty) return;
    if (this.#isFailed) throw this.lastError!;
    try {
      this.#commit(nowMs, isSynced);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #commit(nowMs: number, isSynced: boolean): void {
    this.#throwSyncError();
    const { effects } = this;
    const length = effects.pad();
    if (this.#segment.position + length > this.#segmentBytes && !this.#segment.isEmpty) this.#next(nowMs);
    const durable = this.durableSequence;
    if (durable === this.#sequence) this.#dirtySinceMs = nowMs;
    const sequence = this.#sequence + 1;
    const { lastTransaction } = effects;
    const record = { length, sequence, timeMs: nowMs, lastTransaction, durable };
    encodeRecordHeader(effects.bytes, effects.bytes.view!, record, this.#segment.salt);
    this.#segment.write(effects.bytes, length);
    const isAlways = this.policy === 'always' && isSynced;
    if (isAlways) this.#syncSegment();
    this.#segment.advance(length);
    this.#sequence = sequence;
    this.#lastTransaction = lastTransaction;
    this.#bytesSinceBase += length;
    effects.clear();
    this.#board.setWritten(this.#slot, sequence);
    if (isAlways) {
      this.#board.setSynced(this.#slot, sequence, nowMs);
      // The policy was another one until now: earlier segments may be unsynced.
      if (durable < sequence - 1) this.#syncAll(nowMs);
    } else if (this.policy === 'everysec') this.#holdBack(nowMs);
  }

  #syncSegment(): void {
    try {
      this.#segment.sync();
    } catch (error) {
      this.#board.errno = errnoOf(error);
      throw error;
    }
  }

  #syncError(): WalError {
    return new WalError('cannot sync the log', nameOf(this.#board.errno));
  }

  /** Fails at once when the syncer could not sync. */
  #throwSyncError(): void {
    if (this.#board.errno !== 0) throw this.#syncError();
  }

  #fail(error: unknown): WalError {
    this.#isFailed = true;
    this.lastError = asWalError(error);
    // A full disk has written nothing, or a part of the record that the next try overwrites.
    if (this.lastError.code !== 'ENOSPC' || this.#board.errno !== 0) this.#isSpoilt = true;
    return this.lastError;
  }

  /**
   * After an error: tries to go on, with the effects that could not be committed first. To be called now and then
   * while `isFailed`; false when it fails again.
   */
  recover(nowMs: number): boolean {
    if (!this.#isFailed) return true;
    try {
      this.#giveUpUnsynced();
      if (this.#isSpoilt) this.#next(nowMs);
      this.#isFailed = false;
      this.commit(nowMs);
      this.lastError = undefined;
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** After a sync has failed: a later one may succeed without having written what the first one could not. */
  #giveUpUnsynced(): void {
    if (this.#board.errno === 0) return;
    if (this.durableSequence < this.#sequence) {
      this.#durableMax = this.durableSequence;
      this.needsBase = true;
    }
    for (let slot = 0; slot < SyncBoard.slots; slot++) {
      if (this.#board.isDirty(slot)) this.#closeSlot(slot);
    }
    this.#board.errno = 0;
  }

  /**
   * Begins another segment for what comes after a base that is to be written now, and returns its number. The batch
   * must be committed. Throws `WalError`, and then goes on where it was.
   */
  rotate(nowMs: number): number {
    if (!this.#segment.isEmpty) this.#next(nowMs);
    this.#bytesAtRotation = this.#bytesSinceBase;
    return this.#segment.number;
  }

  /** The manifest names the base that was written since `rotate`. */
  baseWritten(): void {
    this.#bytesSinceBase -= this.#bytesAtRotation;
    this.#bytesAtRotation = 0;
    this.needsBase = false;
    this.#durableMax = Number.POSITIVE_INFINITY;
  }

  /** Leaves the segment to the syncer and begins the next. */
  #next(nowMs: number): void {
    if (this.policy === 'always' && this.#board.isDirty(this.#slot)) {
      this.#syncSegment();
      this.#board.setSynced(this.#slot, this.#sequence, nowMs);
    }
    const { files, directory, shard, shards } = this.#options;
    const number = this.#segment.number + 1;
    // The batch under way may have raised the id in the buffer; what is in the log decides.
    const lastTransaction = this.#lastTransaction;
    const firstSequence = this.#sequence + 1;
    const durable = this.durableSequence;
    const header = { shard, shards, number, firstSequence, durable, lastTransaction };
    const segment = SegmentFile.create(files, join(directory, segmentName(shard, number)), header);
    if (this.#board.state(this.#slot) === SLOT_OPEN) this.#board.setState(this.#slot, SLOT_LEFT);
    this.#segment = segment;
    this.#isSpoilt = false;
    this.#slot = this.#freeSlot(nowMs);
  }

  /** A slot for the segment. Without a syncer, or before one that is slow, the writer syncs and closes old ones. */
  #freeSlot(nowMs: number): number {
    for (;;) {
      const slot = this.#board.open(this.#segment.fd, this.sequence, nowMs);
      if (slot >= 0) return slot;
      for (let left = 0; left < SyncBoard.slots; left++) {
        if (this.#board.state(left) !== SLOT_LEFT) continue;
        this.#syncSlot(left, nowMs);
        this.#closeSlot(left);
      }
    }
  }

  /** With `everysec`: waits until nothing is unsynced for more than two seconds. */
  #holdBack(nowMs: number): void {
    if (nowMs < this.#nextLookMs && nowMs >= this.#nextLookMs - LOOK_EVERY_MS) return;
    this.#nextLookMs = nowMs + LOOK_EVERY_MS;
    for (let slot = 0; slot < SyncBoard.slots; slot++) {
      if (!this.#board.isDirty(slot)) continue;
      const sinceMs = Math.max(this.#dirtySinceMs, this.#board.lastSyncMs(slot));
      // Either way: a clock that was set back must not stop this for as long.
      if (Math.abs(nowMs - sinceMs) > UNSYNCED_MS_MAX) this.#syncSlot(slot, nowMs);
    }
  }

  #syncAll(nowMs: number): void {
    for (let slot = 0; slot < SyncBoard.slots; slot++) {
      if (this.#board.isDirty(slot)) this.#syncSlot(slot, nowMs);
    }
  }

  /** Syncs what a slot has, or waits while the syncer does. */
  #syncSlot(slot: number, nowMs: number): void {
    const board = this.#board;
    const isOurs = this.#own(slot);
    try {
      this.#throwSyncError();
      // The syncer may have been through with it, and have closed it.
      if (!board.isDirty(slot)) return;
      const written = board.written(slot);
      this.#options.files.fdatasync(board.descriptor(slot));
      board.setSynced(slot, written, nowMs);
    } catch (error) {
      if (board.errno === 0) board.errno = errnoOf(error);
      throw error;
    } finally {
      if (isOurs) board.disown(slot);
    }
  }

  /** Waits for a slot; false when the syncer has kept it too long. */
  #own(slot: number): boolean {
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const { ticket } = this.#board;
      if (this.#board.own(slot, OWNER_WRITER)) return true;
      const restMs = endMs - performance.now();
      if (restMs <= 0) return false;
      this.#board.wait(ticket, restMs);
    }
  }

  #closeSlot(slot: number): void {
    // A descriptor that the syncer is using is not ours to close.
    if (!this.#own(slot)) return;
    if (this.#board.state(slot) !== SLOT_FREE) {
      this.#options.files.close(this.#board.descriptor(slot));
      this.#board.setState(slot, SLOT_FREE);
    }
    this.#board.disown(slot);
  }

  /** Commits, cuts off the room made ahead, syncs all and closes. Throws `WalError`; the files are closed then as well. */
  close(nowMs: number): void {
    try {
      this.commit(nowMs);
      if (this.#isFailed) return;
      this.#segment.trim();
      this.#segment.sync();
      this.#board.setSynced(this.#slot, this.#sequence, nowMs);
      this.#syncAll(nowMs);
    } catch (error) {
      throw this.#fail(error);
    } finally {
      for (let slot = 0; slot < SyncBoard.slots; slot++) this.#closeSlot(slot);
    }
  }
}

function asWalError(error: unknown): WalError {
  return error instanceof WalError ? error : new WalError('cannot write the log', codeOf(error), error);
}

function errnoOf(error: unknown): number {
  const { errno } = error as NodeJS.ErrnoException;
  return typeof errno === 'number' && errno !== 0 ? Math.abs(errno) : 5;
}

function nameOf(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return 'EIO';
  }
}
