/** Divides an RDB file among the bases of a data directory. Entries are copied as they stand there. */
import fs from 'node:fs';
import path from 'node:path';
import { latin1, type ViewedBytes, viewedBytes } from '../../base/bytes.ts';
import { slotOf } from '../../base/crc16.ts';
import { REDIS_VERSION } from '../../commands/redis-version.ts';
import { DataDirectory } from '../../persistence/data-directory.ts';
import { isKept, KEPT_KINDS } from '../../rdb/collections.ts';
import { RdbError } from '../../rdb/rdb-error.ts';
import { RdbReader, type RdbVisitor } from '../../rdb/rdb-reader.ts';
import { FileSource, type RdbSource } from '../../rdb/rdb-source.ts';
import { kindOfType } from '../../rdb/value-kinds.ts';
import { slotTable } from '../../ring/hash-ring.ts';
import { segmentName } from '../../wal/directory.ts';
import { diskFiles } from '../../wal/files.ts';
import { sequenceBefore } from '../../wal/layout.ts';
import { DirectoryInUse } from '../../wal/lock-file.ts';
import { SegmentFile } from '../../wal/segment-file.ts';
import { CANNOT_LOOK, Refusal } from './command.ts';
import { RdbFile } from './rdb-file.ts';

/** Entries between two looks at the progress. */
const STEP_ENTRIES = 1000;
const WINDOW_BYTES = 1 << 20;
/** Of a key in an error, what is shown. */
const SHOWN_BYTES = 100;

export interface ImportOptions {
  readonly file: string;
  readonly directory: string;
  readonly shards: number;
  readonly virtualNodes: number;
  /** What the directory holds may go. */
  readonly replaces: boolean;
  readonly skipsUnsupported: boolean;
  progressed(done: number, total: number, keys: number): void;
}

export interface ImportResult {
  readonly keys: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly highestDatabase: number;
  /** What was left out, by what it is. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** Throws Refusal, with the directory as it was. */
export function importFile(options: ImportOptions): ImportResult {
  const fd = openFile(options.file);
  try {
    const directory = new DataDirectory({
      directory: options.directory,
      shards: options.shards,
      virtualNodes: options.virtualNodes,
      dumpPath: path.join(options.directory, 'dump.rdb'),
    });
    try {
      take(directory, options);
      return divide(fd, directory, options);
    } finally {
      directory.close();
    }
  } finally {
    fs.closeSync(fd);
  }
}

function openFile(file: string): number {
  try {
    return fs.openSync(file, 'r');
  } catch (error) {
    throw new Refusal(`cannot read ${file}: ${(error as Error).message}`, CANNOT_LOOK);
  }
}

function take(directory: DataDirectory, { replaces }: ImportOptions): void {
  try {
    directory.take();
  } catch (error) {
    const isUsed = error instanceof DirectoryInUse;
    throw new Refusal(isUsed ? `${error.message}: stop it first` : (error as Error).message, CANNOT_LOOK);
  }
  const { manifest } = directory.plan(true);
  if (manifest !== undefined && !replaces) {
    throw new Refusal(`${directory.path} holds data already; --replace drops it`);
  }
}

function divide(fd: number, directory: DataDirectory, options: ImportOptions): ImportResult {
  const total = fs.fstatSync(fd).size;
  const paths = directory.nextBasePaths();
  const bases: RdbFile[] = [];
  try {
    for (const base of paths) bases.push(beginBase(`${base}.tmp`));
    const reader = new RdbReader(new FileSource(fd, total));
    const divider = new Divider(reader, new FileSource(fd, total), bases, options);
    while (reader.runFor(divider, STEP_ENTRIES)) options.progressed(reader.offset, total, divider.keys);
    const bytesWritten = bases.reduce((sum, base) => sum + base.end(), 0);
    bases.forEach((base, shard) => {
      fs.renameSync(base.path, paths[shard]!);
    });
    begin(directory, paths, options);
    const { keys, highestDatabase, skipped } = divider;
    return { keys, bytesRead: reader.offset, bytesWritten, highestDatabase, skipped };
  } catch (error) {
    for (const base of bases) base.abandon();
    if (error instanceof RdbError) throw new Refusal(`${options.file}: ${error.message}`);
    throw error;
  }
}

function beginBase(file: string): RdbFile {
  const base = new RdbFile(file);
  base.writer.begin({
    redisVersion: REDIS_VERSION,
    createdAtSeconds: Date.now() / 1000,
    usedMemoryBytes: 0,
    isLogBase: true,
  });
  return base;
}

/** Lets the bases count, each with an empty log behind it. */
function begin(directory: DataDirectory, bases: readonly string[], { shards }: ImportOptions): void {
  const number = directory.nextSegment();
  const before = sequenceBefore(number);
  for (let shard = 0; shard < shards; shard++) {
    const header = { shard, shards, number, firstSequence: before + 1, durable: before, lastTransaction: 0 };
    const file = path.join(directory.path, segmentName(shard, number));
    diskFiles.close(SegmentFile.create(diskFiles, file, header).fd);
  }
  directory.adopt(
    bases,
    bases.map(() => number),
  );
}

/** Copies the record of each entry to the base of its shard. */
class Divider implements RdbVisitor {
  keys = 0;
  highestDatabase = 0;
  readonly skipped = new Map<string, number>();
  readonly #reader: RdbReader;
  readonly #records: RecordWindow;
  readonly #bases: readonly RdbFile[];
  readonly #options: ImportOptions;
  readonly #slots: Uint16Array;
  /** By shard: the database that its base is at. */
  readonly #at: number[];
  #db = 0;

  constructor(reader: RdbReader, source: RdbSource, bases: readonly RdbFile[], options: ImportOptions) {
    this.#reader = reader;
    this.#records = new RecordWindow(source);
    this.#bases = bases;
    this.#options = options;
    this.#slots = slotTable(options.shards, options.virtualNodes);
    this.#at = bases.map(() => -1);
  }

  database(db: number): void {
    this.#db = db;
  }

  functionLibrary(): void {
    this.#skip('function library', () => 'it has a library of functions');
  }

  wants(key: ViewedBytes, start: number, end: number, type: number): boolean {
    if (isKept(type)) return true;
    const kind = kindOfType(type);
    this.#skip(kind, () => {
      const name = latin1(key, start, Math.min(end, start + SHOWN_BYTES));
      return `it has a ${kind} at the key "${name}"`;
    });
    return false;
  }

  string(key: ViewedBytes, keyStart: number, keyEnd: number): void {
    const shard = this.#slots[slotOf(key, keyStart, keyEnd)]!;
    const { writer } = this.#bases[shard]!;
    if (this.#at[shard] !== this.#db) {
      this.#at[shard] = this.#db;
      this.highestDatabase = Math.max(this.highestDatabase, this.#db);
      writer.selectDatabase(this.#db);
    }
    const { recordStart, recordEnd } = this.#reader;
    const at = this.#records.find(recordStart, recordEnd);
    writer.record(this.#records.bytes, at, at + recordEnd - recordStart);
    this.keys++;
  }

  value(key: ViewedBytes, keyStart: number, keyEnd: number): void {
    // The record is copied, whatever is in it.
    this.string(key, keyStart, keyEnd);
  }

  #skip(kind: string, what: () => string): void {
    const { file, skipsUnsupported } = this.#options;
    if (!skipsUnsupported) {
      throw new Refusal(
        `${file}: ${what()}, and this version keeps ${KEPT_KINDS} only; --skip-unsupported leaves such things out`,
      );
    }
    this.skipped.set(kind, (this.skipped.get(kind) ?? 0) + 1);
  }
}

/** The bytes of a file around the record that is being read. */
class RecordWindow {
  bytes: ViewedBytes = viewedBytes(new ArrayBuffer(0));
  readonly #source: RdbSource;
  #start = 0;

  constructor(source: RdbSource) {
    this.#source = source;
  }

  /** Where in `bytes` the bytes from `start` to `end` of the file begin. */
  find(start: number, end: number): number {
    if (start < this.#start || end > this.#start + this.bytes.length) {
      this.bytes = this.#source.read(start, Math.max(WINDOW_BYTES, end - start));
      this.#start = start;
    }
    return start - this.#start;
  }
}
