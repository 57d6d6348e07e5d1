/** Checks all files of a data directory without changing them, and repairs logs by cutting them where they are damaged. */
import { basename, join } from 'node:path';
import { MANIFEST_NAME, parseSegmentName, type ShardFiles, strayNames } from './directory.ts';
import { BadEffect, EffectDecoder } from './effects.ts';
import { codeOf, WalDamage } from './errors.ts';
import type { WalFiles } from './files.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { NO_EFFECTS } from './recovery.ts';
import { type BadPlace, MISSING, SegmentChain } from './segment-chain.ts';

/** `torn` is what a crash leaves, the next start cuts it by itself; `stray` files belong to nothing and do no harm. */
export type FindingKind = 'damage' | 'torn' | 'stray';

export interface Finding {
  readonly kind: FindingKind;
  /** Its name in the directory. */
  readonly file: string;
  /** In bytes. */
  readonly offset: number;
  readonly reason: string;
  /** What is lost when the log is cut there: whole records, and bytes that are not zero. */
  readonly lostRecords: number;
  readonly lostBytes: number;
  /** False for files that `repairDirectory` cannot help. */
  readonly canRepair: boolean;
}

/** What is wrong with a base, undefined if nothing; `offset` in bytes. */
export type BaseCheck = (path: string) => { offset: number; reason: string } | undefined;

/** Is told of each whole record: the name of its segment, and its bytes. */
export type RecordCount = (file: string, bytes: number) => void;

/** Everything that is wrong in a data directory; empty when a server can start from it and nothing is left over. */
export function checkDirectory(
  files: WalFiles,
  directory: string,
  checkBase: BaseCheck,
  counted: RecordCount = () => {},
): Finding[] {
  const manifest = manifestOf(files, directory);
  if ('kind' in manifest) return [manifest];
  const bases = manifest.files
    .flatMap((shard) => shard.bases)
    .flatMap((name) => baseFinding(directory, name, checkBase));
  const logs = manifest.files.flatMap((shard, number) =>
    logFindings(files, directory, number, shard, counted),
  );
  const strays = strayNames(files.list(directory), manifest.files).map((name) => ({
    ...nothingLost('stray', name, 0, 'the manifest does not name it'),
    canRepair: true,
  }));
  return [...bases, ...logs, ...strays];
}

/**
 * Cuts each damaged log where it is damaged, and moves away segments behind. The originals are kept, as
 * `<name>.damaged-<time>`. Returns what it repaired, with the copies' names.
 */
export function repairDirectory(
  files: WalFiles,
  directory: string,
  time = new Date(),
): (Finding & { kept: string[] })[] {
  const manifest = manifestOf(files, directory);
  if ('kind' in manifest) return [];
  const suffix = `.damaged-${time.toISOString().replaceAll(':', '-')}`;
  const repaired: (Finding & { kept: string[] })[] = [];
  manifest.files.forEach((shard, number) => {
    const chain = new SegmentChain(files, directory, number, shard.firstSegment);
    const place = badPlace(chain);
    if (!place) return;
    const finding = logFinding(chain, place);
    if (finding.kind !== 'damage' || !finding.canRepair) return;
    repaired.push({ ...finding, kept: cut(files, chain, place, suffix) });
  });
  if (repaired.length > 0) files.syncDirectory(directory);
  return repaired;
}

function manifestOf(files: WalFiles, directory: string): Manifest | Finding {
  try {
    const manifest = readManifest(files, directory);
    if (manifest) return manifest;
    const isUsed = files.list(directory).some((name) => parseSegmentName(name) !== undefined);
    if (!isUsed) return { generation: 0, shards: 0, virtualNodes: 0, files: [] };
    return nothingLost('damage', MANIFEST_NAME, 0, MISSING);
  } catch (error) {
    if (!(error instanceof WalDamage)) throw error;
    return nothingLost('damage', MANIFEST_NAME, error.offset, error.reason);
  }
}

function nothingLost(kind: FindingKind, file: string, offset: number, reason: string): Finding {
  return { kind, file, offset, reason, lostRecords: 0, lostBytes: 0, canRepair: false };
}

function baseFinding(directory: string, name: string, checkBase: BaseCheck): Finding[] {
  try {
    const wrong = checkBase(join(directory, name));
    return wrong ? [nothingLost('damage', name, wrong.offset, wrong.reason)] : [];
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return [nothingLost('damage', name, 0, MISSING)];
  }
}

function logFindings(
  files: WalFiles,
  directory: string,
  shard: number,
  { firstSegment }: ShardFiles,
  counted: RecordCount,
): Finding[] {
  const chain = new SegmentChain(files, directory, shard, firstSegment);
  const place = badPlace(chain, counted);
  return place ? [logFinding(chain, place)] : [];
}

/** Where a log cannot be read on, be it for its bytes or for what they say. */
function badPlace(chain: SegmentChain, counted: RecordCount = () => {}): BadPlace | undefined {
  const decoder = new EffectDecoder(NO_EFFECTS);
  let unknown: BadPlace | undefined;
  const place = chain.walk((reader, index) => {
    const { offset } = reader;
    try {
      decoder.decode(reader.bytes, reader.payloadStart, reader.payloadEnd);
    } catch (error) {
      if (!(error instanceof BadEffect)) throw error;
      unknown = { index, offset, reason: error.message, sequence: reader.record.sequence, isUnknown: true };
    }
    if (unknown === undefined) counted(basename(reader.path), reader.record.length);
    return unknown === undefined;
  });
  return unknown ?? place;
}

function logFinding(chain: SegmentChain, place: BadPlace): Finding {
  const { path } = chain.segments[place.index]!;
  const behind = chain.behind(place);
  const isFirst = place.index === 0 && place.offset === 0;
  return {
    kind: chain.isDamage(place, behind.durable) ? 'damage' : 'torn',
    file: basename(path),
    offset: place.offset,
    reason: place.reason,
    lostRecords: behind.records,
    lostBytes: behind.bytes,
    // Without the first header nothing says where the log begins.
    canRepair: !isFirst,
  };
}

/** Cuts the log at `place` and returns the names of the copies. */
function cut(files: WalFiles, chain: SegmentChain, place: BadPlace, suffix: string): string[] {
  const kept: string[] = [];
  for (let index = chain.segments.length - 1; index >= place.index; index--) {
    const { header, path } = chain.segments[index]!;
    if (header === MISSING) continue;
    kept.unshift(basename(path) + suffix);
    if (index > place.index || place.offset === 0) {
      files.rename(path, path + suffix);
      continue;
    }
    files.copy(path, path + suffix);
    const fd = files.open(path, 'update');
    try {
      files.truncate(fd, place.offset);
      files.fdatasync(fd);
    } finally {
      files.close(fd);
    }
  }
  return kept;
}
