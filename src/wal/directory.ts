/** How the files of a data directory are called, and which of them belong to nothing any more. */
import { join } from 'node:path';
import type { WalFiles } from './files.ts';

export const MANIFEST_NAME = 'manifest.json';
export const LOCK_NAME = 'shardis.lock';

/** `part` is left out for a base in one file. */
export function baseName(generation: number, shard: number, part?: number): string {
  return `base-${generation}-${shard}${part === undefined ? '' : `-${part}`}.rdb`;
}

export function segmentName(shard: number, number: number): string {
  return `wal-${shard}-${number}.log`;
}

const SEGMENT = /^wal-(\d+)-(\d+)\.log$/;
const BASE = /^base-(\d+)-(\d+)(?:-(\d+))?\.rdb$/;
/** Files under way to one of these names. */
const TEMPORARY = /^(?:manifest\.json|base-\d+-\d+(?:-\d+)?\.rdb)\.tmp$/;

export interface SegmentFile {
  readonly shard: number;
  readonly number: number;
}

export function parseSegmentName(name: string): SegmentFile | undefined {
  const [, shard, number] = SEGMENT.exec(name) ?? [];
  return shard === undefined ? undefined : { shard: Number(shard), number: Number(number) };
}

/** The numbers of a shard's segments from `first` on, rising. */
export function segmentNumbers(files: WalFiles, directory: string, shard: number, first: number): number[] {
  return files
    .list(directory)
    .map(parseSegmentName)
    .filter((file) => file?.shard === shard && file.number >= first)
    .map((file) => file!.number)
    .sort((a, b) => a - b);
}

/** What the manifest says of one shard. */
export interface ShardFiles {
  /** Names of complete RDB files, in the order in which they are to be loaded. */
  readonly bases: readonly string[];
  /** The log goes on from this segment; the ones after it are found by their numbers. */
  readonly firstSegment: number;
}

/** The names of log and base files that a manifest with these shards does not name, directly or by their number. */
export function strayNames(names: readonly string[], shards: readonly ShardFiles[]): string[] {
  const bases = new Set(shards.flatMap((shard) => shard.bases));
  return names.filter((name) => {
    const segment = parseSegmentName(name);
    if (segment) return segment.number < (shards[segment.shard]?.firstSegment ?? Number.POSITIVE_INFINITY);
    return (BASE.test(name) && !bases.has(name)) || TEMPORARY.test(name);
  });
}

/** Removes files that the manifest does not name. Returns those that are gone. */
export function removeStrays(files: WalFiles, directory: string, shards: readonly ShardFiles[]): string[] {
  const removed: string[] = [];
  for (const name of strayNames(files.list(directory), shards)) {
    try {
      files.unlink(join(directory, name));
      removed.push(name);
    } catch {
      // It does no harm, and the next time finds it again.
    }
  }
  return removed;
}
