/** Reads RDB files to see whether they are whole, and saves what stands before a damage. */
import fs from 'node:fs';
import path from 'node:path';
import { viewedBytes } from '../../base/bytes.ts';
import { REDIS_VERSION } from '../../commands/redis-version.ts';
import { isKept } from '../../rdb/collections.ts';
import { RdbError } from '../../rdb/rdb-error.ts';
import { RdbReader } from '../../rdb/rdb-reader.ts';
import { FileSource } from '../../rdb/rdb-source.ts';
import { RdbWriter } from '../../rdb/rdb-writer.ts';
import { diskFiles } from '../../wal/files.ts';

/** Entries between two looks at the progress. */
const STEP_ENTRIES = 1000;
const COPIED_BYTES = 1 << 20;

export interface RdbReport {
  readonly bytes: number;
  /** Keys that could be read. */
  readonly keys: number;
  /** How many of them are of types that this version does not keep. */
  readonly otherKeys: number;
  /** How many keys the file says it has; 0 when it does not. */
  readonly announcedKeys: number;
  readonly problem: RdbProblem | undefined;
}

export interface RdbProblem {
  /** In bytes. */
  readonly offset: number;
  readonly reason: string;
  /** Up to there the file is entries that can be read; 0: none can. */
  readonly goodEnd: number;
  /** False when the file may be whole and is of a kind that this program does not know. */
  readonly isDamage: boolean;
}

/** Reads a whole file. Throws errors of the system. */
export function readRdbFile(
  file: string,
  progressed: (offset: number, total: number, keys: number) => void = () => {},
): RdbReport {
  const fd = fs.openSync(file, 'r');
  try {
    const bytes = fs.fstatSync(fd).size;
    const reader = new RdbReader(new FileSource(fd, bytes));
    const announced = new Map<number, number>();
    let db = 0;
    let goodEnd = 0;
    let keys = 0;
    let otherKeys = 0;
    let isOther = false;
    const visitor = {
      database: (number: number) => {
        db = number;
      },
      resizeHint: (hint: number) => {
        announced.set(db, Math.max(hint, announced.get(db) ?? 0));
      },
      string: () => {
        keys++;
        goodEnd = reader.recordEnd;
      },
      wants: (_key: Uint8Array, _start: number, _end: number, type: number) => {
        isOther = !isKept(type);
        return true;
      },
      value: () => {
        keys++;
        if (isOther) otherKeys++;
        goodEnd = reader.recordEnd;
      },
    };
    let problem: RdbProblem | undefined;
    try {
      while (reader.runFor(visitor, STEP_ENTRIES)) progressed(reader.offset, bytes, keys);
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      const { offset, message, code } = error;
      problem = {
        offset,
        reason: message.replace(/^RDB .*? at byte \d+, /, ''),
        goodEnd,
        isDamage: code === 'damaged',
      };
    }
    const announcedKeys = [...announced.values()].reduce((sum, hint) => sum + hint, 0);
    return { bytes, keys, otherKeys, announcedKeys, problem };
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Replaces a damaged file by one with the entries before the damage. The damaged one stays under the name `kept`. A crash
 * leaves the one or the other in its place.
 */
export function saveReadable(file: string, { goodEnd }: RdbProblem, kept: string): void {
  const temporary = `${file}.tmp`;
  writeDurably(temporary, (writer) => {
    if (goodEnd === 0) {
      writer.begin({ redisVersion: REDIS_VERSION, createdAtSeconds: Date.now() / 1000, usedMemoryBytes: 0 });
      return;
    }
    const fd = fs.openSync(file, 'r');
    try {
      const bytes = viewedBytes(new ArrayBuffer(COPIED_BYTES));
      for (let at = 0; at < goodEnd; ) {
        const read = fs.readSync(fd, bytes, 0, Math.min(COPIED_BYTES, goodEnd - at), at);
        if (read === 0) throw new Error(`${file} has become shorter`);
        writer.record(bytes, 0, read);
        at += read;
      }
    } finally {
      fs.closeSync(fd);
    }
  });
  keepAs(file, kept);
  fs.renameSync(temporary, file);
  diskFiles.syncDirectory(path.dirname(file));
}

/** A second name for a file; a copy where the file system has no such thing. */
function keepAs(file: string, kept: string): void {
  try {
    fs.linkSync(file, kept);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    fs.copyFileSync(file, kept, fs.constants.COPYFILE_EXCL);
  }
}

/** Writes an RDB file to its end, and syncs it; returns its bytes. Leaves nothing behind when it throws. */
export function writeDurably(file: string, write: (writer: RdbWriter) => void): number {
  const out = new RdbFile(file);
  try {
    write(out.writer);
    return out.end();
  } catch (error) {
    out.abandon();
    throw error;
  }
}

/** An RDB file that is being written. */
export class RdbFile {
  readonly path: string;
  readonly writer: RdbWriter;
  readonly #fd: number;
  #isOpen = true;

  constructor(file: string) {
    this.path = file;
    const fd = fs.openSync(file, 'w', 0o600);
    this.#fd = fd;
    this.writer = new RdbWriter(
      (bytes, start, end) => {
        for (let at = start; at < end; ) at += fs.writeSync(fd, bytes, at, end - at);
      },
      { compress: true },
    );
  }

  /** Ends and syncs the file, and returns its bytes. */
  end(): number {
    this.writer.end();
    fs.fsyncSync(this.#fd);
    this.#close();
    return this.writer.bytesWritten;
  }

  /** Removes the file, unless it has got another name. */
  abandon(): void {
    this.#close();
    fs.rmSync(this.path, { force: true });
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    fs.closeSync(this.#fd);
  }
}
