/**
 * The data directory: who may use it, what is in it, and which files a server with a given number of shards begins with.
 *
 *   manifest.json            which bases and segments count (see wal/manifest.ts)
 *   base-<generation>-….rdb  whole RDB files
 *   wal-<shard>-<n>.log      segments of the shards' logs
 *   dump.rdb                 what SAVE and BGSAVE write, and what Redis leaves
 *   shardis.lock             held while a server runs
 */
import fs from 'node:fs';
import path from 'node:path';
import { baseName, parseSegmentName, removeStrays, type ShardFiles } from '../wal/directory.ts';
import { diskFiles } from '../wal/files.ts';
import { LockFile } from '../wal/lock-file.ts';
import { type Manifest, readManifest, writeManifest } from '../wal/manifest.ts';

export interface DirectoryOptions {
  readonly directory: string;
  readonly shards: number;
  readonly virtualNodes: number;
  /** The dump to begin with when there is no log. */
  readonly dumpPath: string;
}

/** What the shards are to load. */
export interface LoadPlan {
  /** The shards that wrote the files; absent: there is no log. */
  readonly manifest: Manifest | undefined;
  /** As many shards as wrote the log, with the same keys each: every one reads its own files only. */
  readonly isSameLayout: boolean;
  /** A dump to be loaded. */
  readonly dump: string | undefined;
}

export class DataDirectory {
  readonly path: string;
  readonly #options: DirectoryOptions;
  #lock: LockFile | undefined;
  #manifest: Manifest | undefined;
  #baseBytes: readonly number[] | undefined;

  constructor(options: DirectoryOptions) {
    this.path = options.directory;
    this.#options = options;
  }

  /**
   * Makes the directory where it is missing, and takes its lock: before anything is kept there. Throws an Error of
   * one line for people.
   */
  take(): void {
    if (this.#lock !== undefined) return;
    try {
      makeDirectory(this.path);
      fs.accessSync(this.path, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    } catch (error) {
      throw new Error(`cannot use the data directory ${this.path}: ${(error as Error).message}`);
    }
    this.#lock = LockFile.acquire(this.path);
    this.#removeTemporary();
  }

  /** Finds out what is to be loaded. `keepsLog`: a log is wanted. Throws for a manifest that cannot be read. */
  plan(keepsLog: boolean): LoadPlan {
    const { dumpPath, shards, virtualNodes } = this.#options;
    const dump = fs.existsSync(dumpPath) ? dumpPath : undefined;
    if (!keepsLog) return { manifest: undefined, isSameLayout: true, dump };
    this.#manifest = readManifest(diskFiles, this.path);
    const manifest = this.#manifest;
    if (manifest === undefined) return { manifest, isSameLayout: true, dump };
    removeStrays(diskFiles, this.path, manifest.files);
    const isSameLayout = manifest.shards === shards && manifest.virtualNodes === virtualNodes;
    return { manifest, isSameLayout, dump: undefined };
  }

  /** The files of a shard's log, as the manifest has them. */
  filesOf(shard: number): ShardFiles {
    return this.#manifest!.files[shard]!;
  }

  /** Where the next bases go: one file for each shard. */
  nextBasePaths(): string[] {
    const generation = this.#nextGeneration;
    return Array.from({ length: this.#options.shards }, (_, shard) =>
      path.join(this.path, baseName(generation, shard)),
    );
  }

  /** A number for segments that no file of any shard has had. */
  nextSegment(): number {
    const numbers = fs.readdirSync(this.path).map((name) => parseSegmentName(name)?.number ?? 0);
    return Math.max(0, ...numbers) + 1;
  }

  /** The files of `nextBasePaths` are written and synced: they and the segments from `segments` on are what counts now. */
  adopt(bases: readonly string[], segments: readonly number[]): void {
    diskFiles.syncDirectory(this.path);
    this.#adopt(
      bases.map((file, shard) => ({ bases: [path.basename(file)], firstSegment: segments[shard]! })),
    );
  }

  /** What the manifest names is not what the shards have: until the next bases, nothing can be loaded from it. */
  outdate(): void {
    this.#manifest = undefined;
    this.#baseBytes = undefined;
  }

  /** Whether the files that the manifest names, with what is written to the logs, are the state of the shards. */
  get isCurrent(): boolean {
    return this.#manifest !== undefined;
  }

  /** Whether the manifest on the disk may name this base. */
  names(file: string): boolean {
    try {
      const manifest = readManifest(diskFiles, this.path);
      return manifest?.files.some(({ bases }) => bases.includes(path.basename(file))) ?? false;
    } catch {
      return true;
    }
  }

  /** Bytes of the bases, by shard. */
  baseBytes(): readonly number[] {
    this.#baseBytes ??= (this.#manifest?.files ?? []).map(({ bases }) =>
      bases.reduce((sum, name) => sum + sizeOf(path.join(this.path, name)), 0),
    );
    return this.#baseBytes;
  }

  close(): void {
    this.#lock?.release();
  }

  /** Always above what an older manifest may name. */
  get #nextGeneration(): number {
    const generations = fs.readdirSync(this.path).map((name) => Number(/^base-(\d+)-/.exec(name)?.[1] ?? 0));
    return Math.max(this.#manifest?.generation ?? 0, ...generations) + 1;
  }

  #adopt(files: readonly ShardFiles[]): void {
    const manifest: Manifest = {
      generation: generationOf(files),
      shards: this.#options.shards,
      virtualNodes: this.#options.virtualNodes,
      files,
    };
    writeManifest(diskFiles, this.path, manifest);
    this.#manifest = manifest;
    this.#baseBytes = undefined;
    removeStrays(diskFiles, this.path, files);
  }

  /** Removes what a snapshot that was cut off has left. */
  #removeTemporary(): void {
    for (const directory of new Set([this.path, path.dirname(this.#options.dumpPath)])) {
      for (const name of fs.readdirSync(directory)) {
        if (/^temp-\d+-\d+-\d+\.rdb$/.test(name)) fs.rmSync(path.join(directory, name), { force: true });
      }
    }
  }
}

/** With those above it. Node's own way to do so never returns where the system says ENOENT whatever there is, as in /proc. */
function makeDirectory(directory: string): void {
  if (fs.existsSync(directory)) return;
  makeDirectory(path.dirname(directory));
  try {
    fs.mkdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** That of bases which are there. */
function generationOf(files: readonly ShardFiles[]): number {
  return Number(/^base-(\d+)-/.exec(files[0]!.bases[0]!)![1]);
}

function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
