/**
 * Reads a shard's log at the start: finds where it ends, whether that is a torn end or damage (see layout.ts), which
 * transactions are not complete, replays the rest, and goes on writing behind it.
 *
 * **Transactions over several shards.** Each shard sees their ids rise. So a part in this log is complete when each shard
 * that has a part has seen that id or a higher one. The first record with one that is not is cut off, with all behind it;
 * that may make parts in other logs incomplete, so the caller goes round until nothing changes. Nothing is lost by it that
 * was acknowledged and synced, because a shard waits for the others before it goes on after its part.
 */
import { BadEffect, EffectDecoder, type EffectVisitor } from './effects.ts';
import { WalDamage } from './errors.ts';
import type { WalFiles } from './files.ts';
import { SEGMENT_HEADER_BYTES } from './layout.ts';
import { type BadPlace, MISSING, SegmentChain } from './segment-chain.ts';
import { SegmentFile } from './segment-file.ts';
import type { SegmentReader } from './segment-reader.ts';
import { WalWriter, type WalWriterOptions } from './wal-writer.ts';

/** What was behind the end of the log. */
export interface TornTail {
  readonly file: string;
  readonly offset: number;
  /** From there to the last byte that is not zero, in all files. */
  readonly bytes: number;
  readonly reason: string;
}

/** How many bytes of records are replayed between two calls of `onProgress`. */
const PROGRESS_BYTES = 4 * 1024 * 1024;

function ignore(): void {}

export class ShardLog {
  /** The highest transaction this shard has seen: what other shards' parts are complete by. */
  lastTransaction = 0;
  /** The highest one that was in the log before anything was cut: a new one must have a higher id. */
  highestTransaction = 0;
  lastSequence = 0;
  records = 0;
  /** Bytes of all records. */
  bytes = 0;
  /** What was behind the end of the log, if anything was. */
  readonly torn: TornTail | undefined;
  /** How many records `cutIncomplete` cut. */
  cutRecords = 0;
  readonly #files: WalFiles;
  readonly #directory: string;
  readonly #shard: number;
  readonly #chain: SegmentChain;
  /** By shard: the highest transaction here that has a part there. */
  #sharedWith: number[] = [];
  #end = { index: 0, offset: SEGMENT_HEADER_BYTES };
  #isTruncated = false;

  private constructor(files: WalFiles, directory: string, shard: number, firstSegment: number) {
    this.#files = files;
    this.#directory = directory;
    this.#shard = shard;
    this.#chain = new SegmentChain(files, directory, shard, firstSegment);
    const place = this.#measure(undefined);
    this.highestTransaction = this.lastTransaction;
    this.torn = place && this.#judge(place);
  }

  /**
   * Reads and checks all segments from `firstSegment` on, which must be there. Changes nothing. Throws `WalDamage`, and
   * errors of the system.
   */
  static scan(files: WalFiles, directory: string, shard: number, firstSegment: number): ShardLog {
    return new ShardLog(files, directory, shard, firstSegment);
  }

  #judge(place: BadPlace): TornTail | undefined {
    const { path, header } = this.#chain.segments[place.index]!;
    const { durable, bytes } = this.#chain.behind(place);
    if (this.#chain.isDamage(place, durable)) {
      throw new WalDamage(path, place.offset, place.reason);
    }
    return header === MISSING && bytes === 0
      ? undefined
      : { file: path, offset: place.offset, bytes, reason: place.reason };
  }

  /** Walks the log up to the first record of a transaction that `last` says is not complete. */
  #measure(last: ArrayLike<number> | undefined): BadPlace | undefined {
    this.records = 0;
    this.bytes = 0;
    this.#sharedWith = [];
    this.#end = { index: 0, offset: SEGMENT_HEADER_BYTES };
    const first = this.#chain.headerOf(0);
    this.lastTransaction = first?.lastTransaction ?? 0;
    const sequenceMax = last ? this.lastSequence : Number.POSITIVE_INFINITY;
    this.lastSequence = (first?.firstSequence ?? 1) - 1;
    if (this.lastSequence === sequenceMax) return undefined;
    let isComplete = true;
    const visitTransaction = (id: number, shards: readonly number[]) => {
      for (const shard of shards) if (last && (last[shard] ?? 0) < id) isComplete = false;
      if (!isComplete) return;
      for (const shard of shards) this.#sharedWith[shard] = id;
    };
    const decoder = new EffectDecoder({ ...NO_EFFECTS, transaction: visitTransaction });
    return this.#chain.walk((reader, index) => {
      const { record } = reader;
      if (record.lastTransaction > this.lastTransaction) decode(decoder, reader);
      if (!isComplete) return false;
      this.lastTransaction = record.lastTransaction;
      this.lastSequence = record.sequence;
      this.records++;
      this.bytes += record.length;
      this.#end = { index, offset: reader.offset + record.length };
      return record.sequence < sequenceMax;
    });
  }

  /**
   * Cuts the log, in memory, before its first transaction that is not complete; true when there was one. `last` has each
   * shard's `lastTransaction` as it is now; the caller goes round all shards until none cuts anything. Then all shards
   * `truncate` before any of them writes again.
   */
  cutIncomplete(last: ArrayLike<number>): boolean {
    if (this.#sharedWith.every((id, shard) => id <= (last[shard] ?? 0))) return false;
    const { records } = this;
    this.#measure(last);
    this.cutRecords += records - this.records;
    this.#isTruncated = false;
    return true;
  }

  /**
   * Hands all effects to `visitor`, in order. `onProgress` is told the bytes of records so far, now and then. Throws
   * `WalDamage` for effects that this program does not know, and when the files changed since the scan.
   */
  replay(visitor: EffectVisitor, onProgress: (bytes: number) => void = ignore): void {
    let done = 0;
    let reported = 0;
    let sequence = this.lastSequence - this.records;
    if (this.records > 0) {
      const decoder = new EffectDecoder(visitor);
      this.#chain.walk((reader) => {
        decode(decoder, reader);
        done += reader.record.length;
        sequence = reader.record.sequence;
        if (done - reported >= PROGRESS_BYTES) {
          reported = done;
          onProgress(done);
        }
        return sequence < this.lastSequence;
      });
    }
    if (sequence !== this.lastSequence) {
      const { path } = this.#chain.segments[this.#end.index]!;
      throw new WalDamage(path, this.#end.offset, `sequence ${sequence + 1} was there a moment ago`);
    }
    onProgress(done);
  }

  /** Cuts off, on the disk, all that is behind the end, and syncs the rest. Throws errors of the system. */
  truncate(): void {
    if (this.#isTruncated) return;
    const { segments, strays } = this.#chain;
    for (const { path } of strays) this.#files.unlink(path);
    // The last one first, so that a crash in between leaves no gap.
    for (let index = segments.length - 1; index > this.#end.index; index--) {
      const { header, path } = segments[index]!;
      if (header !== MISSING) this.#files.unlink(path);
    }
    for (let index = this.#end.index; index >= 0; index--) {
      const fd = this.#files.open(segments[index]!.path, 'update');
      try {
        if (index === this.#end.index) this.#files.truncate(fd, this.#end.offset);
        this.#files.fdatasync(fd);
      } finally {
        this.#files.close(fd);
      }
    }
    this.#files.syncDirectory(this.#directory);
    this.#isTruncated = true;
  }

  /** Truncates, unless that is done, and goes on writing where the log ends. */
  openWriter(options: Omit<WalWriterOptions, 'files' | 'directory' | 'shard'>): WalWriter {
    this.truncate();
    const files = this.#files;
    const { path } = this.#chain.segments[this.#end.index]!;
    const header = this.#chain.headerOf(this.#end.index)!;
    const segment = SegmentFile.resume(files, path, header, this.#end.offset);
    return WalWriter.resume({ ...options, files, directory: this.#directory, shard: this.#shard }, segment, {
      sequence: this.lastSequence,
      lastTransaction: this.lastTransaction,
      bytesSinceBase: this.bytes,
    });
  }
}

/** Does nothing with any effect. */
export const NO_EFFECTS: EffectVisitor = {
  set: ignore,
  patch: ignore,
  store: ignore,
  change: ignore,
  expire: ignore,
  remove: ignore,
  flush: ignore,
  swap: ignore,
  transaction: ignore,
};

function decode(decoder: EffectDecoder, reader: SegmentReader): void {
  try {
    decoder.decode(reader.bytes, reader.payloadStart, reader.payloadEnd);
  } catch (error) {
    if (!(error instanceof BadEffect)) throw error;
    const offset = reader.offset + error.offset - reader.payloadStart;
    throw new WalDamage(reader.path, offset, error.message);
  }
}
