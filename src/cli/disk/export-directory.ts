/** Loads the bases and logs of a data directory, one shard after the other, and writes what is in them to one RDB file. */
import fs from 'node:fs';
import path from 'node:path';
import { randomHashSeed } from '../../base/hash.ts';
import { REDIS_VERSION } from '../../commands/redis-version.ts';
import { encoderOf } from '../../rdb/collections.ts';
import { RdbError } from '../../rdb/rdb-error.ts';
import { RdbReader } from '../../rdb/rdb-reader.ts';
import { FileSource } from '../../rdb/rdb-source.ts';
import type { RdbWriter } from '../../rdb/rdb-writer.ts';
import { DumpLoader, EffectLoader } from '../../shard/keyspace-loader.ts';
import { Keyspace } from '../../store/keyspace.ts';
import { TYPE_STRING } from '../../store/layout.ts';
import { KeyspaceSnapshot } from '../../store/snapshot.ts';
import type { ShardFiles } from '../../wal/directory.ts';
import { WalDamage } from '../../wal/errors.ts';
import { diskFiles } from '../../wal/files.ts';
import { type Manifest, readManifest } from '../../wal/manifest.ts';
import { ShardLog } from '../../wal/recovery.ts';
import { counted } from './amounts.ts';
import { Refusal } from './command.ts';
import { writeDurably } from './rdb-file.ts';

/** Entries between two looks at the progress. */
const STEP_ENTRIES = 1000;
/** The most that a server can have. */
const DATABASES = 256;

export interface ExportOptions {
  readonly directory: string;
  readonly file: string;
  /** A file that is there may be written over. */
  readonly replaces: boolean;
  progressed(done: number, total: number, keys: number): void;
}

export interface ExportResult {
  readonly keys: number;
  readonly bytes: number;
  /** What was left out, in words. */
  readonly notices: readonly string[];
}

/** Throws Refusal; then there is no new file. */
export function exportDirectory(options: ExportOptions): ExportResult {
  const { directory, file } = options;
  if (!options.replaces && fs.existsSync(file)) throw new Refusal(`${file} is there already; see --replace`);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const manifest = readManifest(diskFiles, directory);
    if (manifest === undefined) {
      throw new Refusal(`${directory} has no log: what a server keeps without one is in its dump`);
    }
    const logs = openLogs(directory, manifest);
    const run = new Export(options, manifest, logs);
    const bytes = writeDurably(temporary, (writer) => run.write(writer));
    fs.renameSync(temporary, file);
    diskFiles.syncDirectory(path.dirname(file));
    return { keys: run.keys, bytes, notices: noticesOf(logs) };
  } catch (error) {
    if (error instanceof WalDamage) throw new Refusal(`${error.message}; see shardis check`);
    throw error;
  }
}

/** The logs up to where they are whole, as a server finds them. */
function openLogs(directory: string, { files }: Manifest): ShardLog[] {
  const logs = files.map(({ firstSegment }, shard) =>
    ShardLog.scan(diskFiles, directory, shard, firstSegment),
  );
  for (let isStable = false; !isStable; ) {
    const last = logs.map((log) => log.lastTransaction);
    isStable = !logs.map((log) => log.cutIncomplete(last)).includes(true);
  }
  return logs;
}

function noticesOf(logs: readonly ShardLog[]): string[] {
  return logs.flatMap(({ torn, cutRecords }, shard) => [
    ...(torn === undefined || torn.bytes === 0
      ? []
      : [`left out: ${counted(torn.bytes, 'byte')} at the end of ${torn.file}, not written completely`]),
    ...(cutRecords === 0
      ? []
      : [`left out: ${counted(cutRecords, 'record')} of shard ${shard}, of writes that others do not have`]),
  ]);
}

class Export {
  keys = 0;
  readonly #options: ExportOptions;
  readonly #manifest: Manifest;
  readonly #logs: readonly ShardLog[];
  readonly #totalBytes: number;
  #doneBytes = 0;

  constructor(options: ExportOptions, manifest: Manifest, logs: readonly ShardLog[]) {
    this.#options = options;
    this.#manifest = manifest;
    this.#logs = logs;
    const bases = manifest.files.flatMap((files) => files.bases);
    this.#totalBytes =
      bases.reduce((sum, name) => sum + fs.statSync(path.join(options.directory, name)).size, 0) +
      logs.reduce((sum, log) => sum + log.bytes, 0);
  }

  write(writer: RdbWriter): void {
    writer.begin({
      redisVersion: REDIS_VERSION,
      createdAtSeconds: Date.now() / 1000,
      usedMemoryBytes: 0,
    });
    // One by one: what a log says of a whole database concerns its own keys only, and memory is needed for one at a time.
    this.#manifest.files.forEach((files, shard) => {
      const keyspace = this.#load(files, this.#logs[shard]!);
      this.keys += writeKeyspace(keyspace, writer);
    });
  }

  #load(files: ShardFiles, log: ShardLog): Keyspace {
    const keyspace = new Keyspace({ databases: DATABASES, seed: randomHashSeed(), now: Date.now });
    keyspace.expires = false;
    for (const name of files.bases) this.#loadBase(path.join(this.#options.directory, name), keyspace);
    const before = this.#doneBytes;
    log.replay(new EffectLoader(keyspace, undefined), (bytes) => this.#progressed(before + bytes, 0));
    this.#doneBytes = before + log.bytes;
    return keyspace;
  }

  #loadBase(file: string, keyspace: Keyspace): void {
    const fd = fs.openSync(file, 'r');
    try {
      const bytes = fs.fstatSync(fd).size;
      const reader = new RdbReader(new FileSource(fd, bytes));
      const loader = new DumpLoader(keyspace, undefined, 0);
      while (reader.runFor(loader, STEP_ENTRIES)) {
        this.#progressed(this.#doneBytes + reader.offset, loader.keys);
      }
      loader.end();
      this.#doneBytes += bytes;
    } catch (error) {
      if (error instanceof RdbError) throw new Refusal(`${file}: ${error.message}; see shardis check`);
      throw error;
    } finally {
      fs.closeSync(fd);
    }
  }

  #progressed(done: number, keys: number): void {
    this.#options.progressed(done, this.#totalBytes, this.keys + keys);
  }
}

/** Writes all entries, and returns how many there are. */
function writeKeyspace(keyspace: Keyspace, writer: RdbWriter): number {
  let at = -1;
  let keys = 0;
  const walk = new KeyspaceSnapshot(keyspace, {
    write(db, ref) {
      if (db !== at) {
        at = db;
        writer.selectDatabase(db);
        writer.resizeHint(keyspace.size(db), keyspace.expiresCount(db));
      }
      keys++;
      const bytes = keyspace.bytesOf(ref);
      const keyStart = keyspace.keyStart(ref);
      const valueStart = keyspace.valueStart(ref);
      if (keyspace.typeOf(ref) !== TYPE_STRING) {
        const encoder = encoderOf(keyspace.collectionOf(ref));
        writer.beginCollection(bytes, keyStart, valueStart, encoder.valueType, keyspace.expiry(ref));
        while (!encoder.step(writer));
        return true;
      }
      const valueEnd = valueStart + keyspace.valueLength(ref);
      writer.entry(bytes, keyStart, valueStart, bytes, valueStart, valueEnd, keyspace.expiry(ref));
      return true;
    },
  });
  while (!walk.step(Number.POSITIVE_INFINITY));
  return keys;
}
