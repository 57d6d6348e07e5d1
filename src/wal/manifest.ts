/**
 * The manifest: which files a data directory's state is made of. It is one line of JSON and always written as a whole:
 *
 *     {"format":1,"generation":3,"shards":2,"virtualNodes":128,"files":[{"bases":["base-3-0.rdb"],"firstSegment":7},…],"crc32":…}
 *
 * `crc32` is that of the line as it is without that field. Any other text is damaged, even where it means the same.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { MANIFEST_NAME, type ShardFiles } from './directory.ts';
import { codeOf, WalDamage } from './errors.ts';
import { readFile, replaceFile, type WalFiles } from './files.ts';

const FORMAT = 1;

export interface Manifest {
  /** Rises with each base. */
  readonly generation: number;
  /** How many shards the keys are divided among in these files, and over how many points of the ring each. */
  readonly shards: number;
  readonly virtualNodes: number;
  /** By shard. */
  readonly files: readonly ShardFiles[];
}

/** Replaces the manifest, durably. Throws errors of the system, and then the old one is still there. */
export function writeManifest(files: WalFiles, directory: string, manifest: Manifest): void {
  replaceFile(files, join(directory, MANIFEST_NAME), Buffer.from(encodeManifest(manifest)));
}

export function encodeManifest({ generation, shards, virtualNodes, files }: Manifest): string {
  const parts = files.map(({ bases, firstSegment }) => ({ bases, firstSegment }));
  const fields = { format: FORMAT, generation, shards, virtualNodes, files: parts };
  return `${JSON.stringify({ ...fields, crc32: crc32(JSON.stringify(fields)) })}\n`;
}

/** Undefined when the directory has none. Throws `WalDamage` when it cannot be used, and errors of the system. */
export function readManifest(files: WalFiles, directory: string): Manifest | undefined {
  const path = join(directory, MANIFEST_NAME);
  let bytes: Buffer;
  try {
    bytes = readFile(files, path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return decodeManifest(path, bytes);
}

function decodeManifest(path: string, bytes: Buffer): Manifest {
  const text = bytes.toString('utf8');
  let manifest: Partial<Manifest> & { format?: unknown };
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    if (!text.endsWith('\n')) throw new WalDamage(path, bytes.length, 'it is cut short');
    throw new WalDamage(path, 0, `it is not JSON (${(error as Error).message})`);
  }
  if (typeof manifest?.format === 'number' && manifest.format > FORMAT && hasRightCrc(text)) {
    throw new WalDamage(
      path,
      0,
      `it has format ${manifest.format}, of a newer program; this one reads ${FORMAT}`,
    );
  }
  if (!isManifest(manifest)) throw new WalDamage(path, 0, 'fields are missing');
  if (encodeManifest(manifest) !== text) throw new WalDamage(path, 0, 'the checksum is wrong');
  if (manifest.files.length !== manifest.shards) {
    throw new WalDamage(
      path,
      0,
      `it names files of ${manifest.files.length} shards, not of ${manifest.shards}`,
    );
  }
  return manifest;
}

function hasRightCrc(text: string): boolean {
  const [, fields, crc] = /^(.*),"crc32":(\d+)\}\n$/.exec(text) ?? [];
  return fields !== undefined && crc32(`${fields}}`) === Number(crc);
}

function isManifest(manifest: Partial<Manifest>): manifest is Manifest {
  const { generation, shards, virtualNodes, files } = manifest ?? {};
  return (
    [generation, shards, virtualNodes].every(Number.isSafeInteger) &&
    Array.isArray(files) &&
    files.every((file) => Array.isArray(file?.bases) && Number.isSafeInteger(file.firstSegment))
  );
}
