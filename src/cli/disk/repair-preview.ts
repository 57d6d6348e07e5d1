/**
 * What the next start will leave out of logs as they would be after a repair: parts of writes to several shards whose other
 * parts are cut off. The files are looked at as if they had been cut, and stay as they are.
 */
import path from 'node:path';
import type { Finding } from '../../wal/check.ts';
import { parseSegmentName, type ShardFiles } from '../../wal/directory.ts';
import { WalDamage } from '../../wal/errors.ts';
import { diskFiles, type WalFiles } from '../../wal/files.ts';
import { ShardLog } from '../../wal/recovery.ts';

/** By shard, how many records; undefined when a log cannot be read in any case. */
export function recordsLeftOut(
  directory: string,
  shards: readonly ShardFiles[],
  findings: readonly Finding[],
): number[] | undefined {
  if (shards.length < 2) return shards.map(() => 0);
  const files = asRepaired(diskFiles, findings);
  try {
    const logs = shards.map(({ firstSegment }, shard) =>
      ShardLog.scan(files, directory, shard, firstSegment),
    );
    for (let isStable = false; !isStable; ) {
      const last = logs.map((log) => log.lastTransaction);
      isStable = !logs.map((log) => log.cutIncomplete(last)).includes(true);
    }
    return logs.map((log) => log.cutRecords);
  } catch (error) {
    if (error instanceof WalDamage) return undefined;
    throw error;
  }
}

/** The files as a repair would leave them, for reading. */
function asRepaired(files: WalFiles, findings: readonly Finding[]): WalFiles {
  const cuts = findings.filter(
    ({ kind, canRepair, file }) => kind === 'damage' && canRepair && parseSegmentName(file) !== undefined,
  );
  const limits = new Map<number, number>();
  const isGone = (name: string) => {
    const segment = parseSegmentName(name);
    return cuts.some(({ file, offset }) => {
      const cut = parseSegmentName(file)!;
      if (segment?.shard !== cut.shard) return false;
      return segment.number > cut.number || (segment.number === cut.number && offset === 0);
    });
  };
  return {
    ...files,
    open(name, mode) {
      const fd = files.open(name, mode);
      limits.set(fd, cuts.find(({ file }) => file === path.basename(name))?.offset ?? Infinity);
      return fd;
    },
    size: (fd) => Math.min(files.size(fd), limits.get(fd)!),
    read: (fd, bytes, start, end, position) =>
      files.read(
        fd,
        bytes,
        start,
        Math.max(start, Math.min(end, start + limits.get(fd)! - position)),
        position,
      ),
    list: (name) => files.list(name).filter((file) => !isGone(file)),
  };
}
