/**
 * Snapshots of all shards at one moment, and the files that come of them.
 *
 *   order to each shard (control lane) ── cut in all request lanes, in one turn ──► each shard writes its part in slices
 *     dump:  the parts become one file: temp → fsync → rename
 *     base:  each part is a whole file; the manifest that names them is written last, then what it no longer names goes
 *
 * Until the last step nothing that was there before is touched, so that a crash at any moment leaves one whole state.
 */
import { promises as fs } from 'node:fs';
import path from 'node:path';
import { Crc64 } from '../rdb/crc64.ts';
import { combineCrc64 } from '../rdb/crc64-combine.ts';
import type { ControlMessage, SnapshotPart } from '../ring/messages.ts';
import { diskFiles } from '../wal/files.ts';
import type { DataDirectory } from './data-directory.ts';
import type { SnapshotKind, SnapshotResult, SnapshotRunner } from './snapshots.ts';

/** Opcode of the end of an RDB file. */
const RDB_EOF = 0xff;
const COPY_BYTES = 1024 * 1024;
/** Clients may empty databases again and again: each time there is less to write. */
const TRIES_MAX = 10;

/** A database was emptied before it was written. */
class Emptied extends Error {}

/** The shards, as far as a snapshot needs them. */
export interface SnapshotShards {
  readonly count: number;
  send(shard: number, message: ControlMessage): void;
  /** Puts the cut `number` into all lanes in one turn; resolves when that is done. */
  cut(number: number): Promise<void>;
}

export interface SnapshotSettings {
  /** Where the dump goes. */
  readonly dumpPath: () => string;
  readonly compress: () => boolean;
  readonly checksum: () => boolean;
  /** Whether logs go on behind new bases. */
  readonly keepsLog: () => boolean;
}

interface Running {
  readonly kind: SnapshotKind;
  readonly number: number;
  readonly parts: (SnapshotPart | undefined)[];
  readonly files: readonly string[];
  left: number;
  /** Why nothing is to come of it, also when all parts are written. */
  givenUp: Error | undefined;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

export class ShardSnapshots implements SnapshotRunner {
  readonly #shards: SnapshotShards;
  readonly #directory: DataDirectory;
  readonly #settings: SnapshotSettings;
  #running: Running | undefined;
  #last = 0;

  constructor(shards: SnapshotShards, directory: DataDirectory, settings: SnapshotSettings) {
    this.#shards = shards;
    this.#directory = directory;
    this.#settings = settings;
  }

  async run(kind: SnapshotKind): Promise<SnapshotResult> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#run(kind);
      } catch (error) {
        if (!(error instanceof Emptied) || tries === TRIES_MAX) throw error;
      }
    }
  }

  async #run(kind: SnapshotKind): Promise<SnapshotResult> {
    // Nothing may have been kept there until now.
    if (kind === 'base' || this.#dumpDirectory === this.#directory.path) this.#directory.take();
    const startedAt = performance.now();
    const number = ++this.#last;
    const files = this.#filesFor(kind, number);
    try {
      const parts = await this.#write(kind, number, files);
      const writeMs = performance.now() - startedAt;
      const syncStart = performance.now();
      if (kind === 'dump') await this.#finishDump(files, parts);
      else await this.#finishBases(files, parts);
      return {
        keys: sum(parts, 'keys'),
        bytes: sum(parts, 'bytes'),
        copiedBytes: sum(parts, 'copiedBytes'),
        writeMs,
        syncMs: performance.now() - syncStart,
      };
    } catch (error) {
      for (let shard = 0; shard < this.#shards.count; shard++) {
        this.#shards.send(shard, { kind: 'discard-snapshot', number });
        // The cut may have opened one after the log was closed.
        if (kind === 'base' && !this.#settings.keepsLog()) this.#shards.send(shard, { kind: 'close-log' });
      }
      // What counts although the last step failed must stay.
      const useless = files.filter((file) => !this.#directory.names(file));
      await Promise.all(useless.map((file) => fs.rm(file, { force: true }).catch(() => {})));
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  abort(): void {
    this.#giveUp('the snapshot was given up');
  }

  /** Gives up the bases that are being written, if that is so. */
  abortBase(): void {
    if (this.#running?.kind === 'base') this.abort();
  }

  /** To be called with what a shard says of its part. */
  partDone(shard: number, part: SnapshotPart): void {
    const running = this.#running;
    if (running === undefined || running.number !== part.number || running.parts[shard] !== undefined) return;
    if (part.problem !== undefined) {
      running.failed(new (part.wasEmptied ? Emptied : Error)(part.problem));
      return;
    }
    running.parts[shard] = part;
    if (--running.left === 0) running.done();
  }

  /** To be called when a shard's thread has ended: its part will not come. */
  shardLost(): void {
    this.#giveUp('a shard was restarted');
  }

  #giveUp(reason: string): void {
    if (this.#running === undefined) return;
    this.#running.givenUp = new Error(reason);
    this.#running.failed(this.#running.givenUp);
  }

  get #dumpDirectory(): string {
    return path.dirname(this.#settings.dumpPath());
  }

  #filesFor(kind: SnapshotKind, number: number): string[] {
    if (kind === 'base') return this.#directory.nextBasePaths();
    const directory = this.#dumpDirectory;
    return Array.from({ length: this.#shards.count }, (_, shard) =>
      path.join(directory, `temp-${process.pid}-${number}-${shard}.rdb`),
    );
  }

  async #write(kind: SnapshotKind, number: number, files: readonly string[]): Promise<SnapshotPart[]> {
    const { count } = this.#shards;
    const settings = this.#settings;
    const segment = kind === 'base' ? this.#directory.nextSegment() : 0;
    const isWhole = kind === 'base' || count === 1;
    const finished = new Promise<void>((done, failed) => {
      this.#running = {
        kind,
        number,
        parts: new Array(count).fill(undefined),
        files,
        left: count,
        givenUp: undefined,
        done,
        failed,
      };
    });
    // A failure before it is awaited must not end the process.
    finished.catch(() => {});
    files.forEach((file, shard) => {
      this.#shards.send(shard, {
        kind: 'snapshot',
        number,
        file,
        hasHead: isWhole || shard === 0,
        hasEnd: isWhole,
        segment,
        keepsLog: settings.keepsLog(),
        compress: kind === 'dump' && settings.compress(),
        checksum: settings.checksum(),
      });
    });
    await this.#shards.cut(number);
    await finished;
    return this.#running!.parts as SnapshotPart[];
  }

  /** The bases count from here on, with the segments that began at their cut. */
  async #finishBases(files: readonly string[], parts: readonly SnapshotPart[]): Promise<void> {
    await Promise.all(files.map(syncFile));
    const { givenUp } = this.#running!;
    if (givenUp !== undefined) throw givenUp;
    this.#directory.adopt(
      files,
      parts.map(({ segment }) => segment),
    );
    for (let shard = 0; shard < parts.length; shard++) this.#shards.send(shard, { kind: 'base-written' });
  }

  /** Joins the parts behind the first one, and puts the whole in the place of the last dump. */
  async #finishDump(files: readonly string[], parts: readonly SnapshotPart[]): Promise<void> {
    const whole = files[0]!;
    const handle = await fs.open(whole, 'r+');
    try {
      if (files.length > 1) {
        let at = parts[0]!.bytes;
        let crc = BigInt(parts[0]!.crc);
        for (let i = 1; i < files.length; i++) {
          at = await append(handle, at, files[i]!);
          crc = combineCrc64(crc, BigInt(parts[i]!.crc), parts[i]!.bytes);
        }
        await handle.write(endOfFile(this.#settings.checksum() ? crc : undefined), 0, 9, at);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    for (const file of files.slice(1)) await fs.rm(file);
    const target = this.#settings.dumpPath();
    await fs.rename(whole, target);
    diskFiles.syncDirectory(path.dirname(target));
  }
}

/** The opcode of the end and the sum of all before, with the opcode; zero: there is none. */
function endOfFile(crc: bigint | undefined): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = RDB_EOF;
  const sum = crc === undefined ? 0n : combineCrc64(crc, crcOfEnd(bytes), 1);
  new DataView(bytes.buffer).setBigUint64(1, sum, true);
  return bytes;
}

/** Of the opcode alone. */
function crcOfEnd(end: Uint8Array): bigint {
  const crc = new Crc64();
  crc.update(end, 0, 1);
  return crc.value();
}

async function append(target: fs.FileHandle, at: number, file: string): Promise<number> {
  const source = await fs.open(file, 'r');
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  try {
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, COPY_BYTES, null);
      if (bytesRead === 0) return at;
      await target.write(buffer, 0, bytesRead, at);
      at += bytesRead;
    }
  } finally {
    await source.close();
  }
}

/** Makes what was written last, without keeping this thread waiting: a base may be large. */
async function syncFile(file: string): Promise<void> {
  const handle = await fs.open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function sum(parts: readonly SnapshotPart[], field: 'keys' | 'bytes' | 'copiedBytes'): number {
  return parts.reduce((total, part) => total + part[field], 0);
}
