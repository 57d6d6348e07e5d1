/** The file of a shard's part of a snapshot: entries as they come, in RDB's format. */
import fs from 'node:fs';
import { REDIS_VERSION } from '../commands/redis-version.ts';
import { encoderOf } from '../rdb/collections.ts';
import { RdbWriter } from '../rdb/rdb-writer.ts';
import type { CollectionEncoder } from '../rdb/value-writer.ts';
import type { ControlMessage } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { PackedViewers } from '../store/packed-viewers.ts';
import type { SnapshotSink } from '../store/snapshot.ts';

/** Longer values are written in pieces of this length, and the clock is looked at between them. */
const PIECE_BYTES = 256 * 1024;
const NO_DATABASE = -1;

export class SnapshotFile implements SnapshotSink {
  keys = 0;
  /** Bytes that were written before their time, because they were about to change. */
  preservedBytes = 0;
  /** Why the file could not be written: what came after that is missing in it. */
  problem: Error | undefined;
  readonly #keyspace: Keyspace;
  /** Not those of the command in the middle of which it may be called. */
  readonly #viewers: PackedViewers;
  readonly #path: string;
  readonly #hasEnd: boolean;
  readonly #fd: number;
  readonly #writer: RdbWriter;
  #db = NO_DATABASE;
  /** How much has been written of the value under way, 0 when there is none. */
  #valueWritten = 0;
  /** Of the collection under way. */
  #encoder: CollectionEncoder | undefined;

  /** Throws when the file cannot be made. */
  constructor(
    keyspace: Keyspace,
    order: Extract<ControlMessage, { kind: 'snapshot' }>,
    extra: Readonly<Record<string, string>>,
  ) {
    this.#keyspace = keyspace;
    this.#viewers = new PackedViewers(keyspace.objects.limits);
    this.#path = order.file;
    this.#hasEnd = order.hasEnd;
    const fd = fs.openSync(order.file, 'w', 0o600);
    this.#fd = fd;
    this.#writer = new RdbWriter((bytes, start, end) => writeAll(fd, bytes, start, end), order);
    if (!order.hasHead) return;
    this.#writer.begin({
      redisVersion: REDIS_VERSION,
      createdAtSeconds: Date.now() / 1000,
      usedMemoryBytes: keyspace.usedBytes,
      isLogBase: order.segment > 0,
      extra,
    });
  }

  get bytes(): number {
    return this.#writer.bytesWritten;
  }

  /** Of all bytes so far that were handed out. */
  get crc(): bigint {
    return this.#writer.checksum;
  }

  /** Never throws: it is called in the middle of changes. */
  write(db: number, ref: number, _hash: number, deadlineMs: number): boolean {
    if (this.problem !== undefined) return true;
    try {
      return this.#write(db, ref, deadlineMs);
    } catch (error) {
      this.problem = error as Error;
      return true;
    }
  }

  #write(db: number, ref: number, deadlineMs: number): boolean {
    const keyspace = this.#keyspace;
    if (keyspace.typeOf(ref) !== TYPE_STRING) return this.#writeCollection(db, ref, deadlineMs);
    const writer = this.#writer;
    const bytes = keyspace.bytesOf(ref);
    const keyStart = keyspace.keyStart(ref);
    const valueStart = keyspace.valueStart(ref);
    const length = keyspace.valueLength(ref);
    if (deadlineMs === Infinity) this.preservedBytes += valueStart + length - keyStart - this.#valueWritten;
    if (this.#valueWritten === 0) {
      this.#select(db);
      this.#writeUse(ref);
      if (length <= PIECE_BYTES) {
        writer.entry(
          bytes,
          keyStart,
          valueStart,
          bytes,
          valueStart,
          valueStart + length,
          keyspace.expiry(ref),
        );
        this.keys++;
        return true;
      }
      writer.beginEntry(bytes, keyStart, valueStart, length, keyspace.expiry(ref));
    }
    while (this.#valueWritten < length) {
      const from = valueStart + this.#valueWritten;
      const to = Math.min(from + PIECE_BYTES, valueStart + length);
      writer.writeValuePart(bytes, from, to);
      this.#valueWritten = to - valueStart;
      if (this.#valueWritten < length && performance.now() > deadlineMs) return false;
    }
    this.#valueWritten = 0;
    this.keys++;
    return true;
  }

  #writeCollection(db: number, ref: number, deadlineMs: number): boolean {
    const keyspace = this.#keyspace;
    const writer = this.#writer;
    const before = writer.bytesWritten;
    if (this.#encoder === undefined) {
      this.#select(db);
      this.#writeUse(ref);
      this.#encoder = encoderOf(keyspace.collectionOf(ref, this.#viewers));
      const { valueType } = this.#encoder;
      const keyStart = keyspace.keyStart(ref);
      const keyEnd = keyspace.valueStart(ref);
      writer.beginCollection(keyspace.bytesOf(ref), keyStart, keyEnd, valueType, keyspace.expiry(ref));
    }
    // A packed one is seen by what serves the next one of its type as well: it is written whole.
    const mayPause = keyspace.hasObject(ref);
    while (!this.#encoder.step(writer)) if (mayPause && performance.now() > deadlineMs) return false;
    this.#encoder = undefined;
    if (deadlineMs === Infinity) this.preservedBytes += writer.bytesWritten - before;
    this.keys++;
    return true;
  }

  /** What the policy in force knows of the entry's use goes into the file, as in Redis. */
  #writeUse(ref: number): void {
    const keyspace = this.#keyspace;
    if (!keyspace.keepsUse) return;
    if (keyspace.countsUses) this.#writer.frequency(keyspace.frequency(ref));
    else this.#writer.idle(keyspace.idleSeconds(ref));
  }

  #select(db: number): void {
    if (db === this.#db) return;
    this.#db = db;
    this.#writer.selectDatabase(db);
    this.#writer.resizeHint(this.#keyspace.size(db), this.#keyspace.expiresCount(db));
  }

  /** Ends the file. Throws when anything of it could not be written. */
  end(): void {
    if (this.problem !== undefined) throw this.problem;
    if (this.#hasEnd) this.#writer.end();
    else this.#writer.flush();
    fs.closeSync(this.#fd);
  }

  /** Removes the file. */
  abandon(): void {
    fs.closeSync(this.#fd);
    fs.rmSync(this.#path, { force: true });
  }
}

function writeAll(fd: number, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; ) at += fs.writeSync(fd, bytes, at, end - at);
}
