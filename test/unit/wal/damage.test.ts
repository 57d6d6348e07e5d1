/** Bytes that were synced and changed later: found and located, and only repaired when asked for. */
import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { checkDirectory, repairDirectory } from '../../../src/wal/check.ts';
import { baseName, removeStrays, segmentName } from '../../../src/wal/directory.ts';
import { WalDamage } from '../../../src/wal/errors.ts';
import { encodeManifest, readManifest, writeManifest } from '../../../src/wal/manifest.ts';
import { ShardLog } from '../../../src/wal/recovery.ts';
import { WalWriter } from '../../../src/wal/wal-writer.ts';
import { MemoryDisk } from './memory-disk.ts';
import { append, type Effect, NOTHING, replayed, set, smallOptions } from './wal.ts';

const fine = () => undefined;
const manifest = {
  generation: 2,
  shards: 1,
  virtualNodes: 64,
  files: [{ bases: ['base-2-0.rdb'], firstSegment: 1 }],
};

let disk: MemoryDisk;
let effects: Effect[];

beforeEach(() => {
  disk = new MemoryDisk();
  effects = [];
  const writer = WalWriter.create({ ...smallOptions(disk), segmentBytes: 640 }, 1, NOTHING);
  for (let i = 0; i < 12; i++) {
    const effect = set(`key${i}`, 'v'.repeat(i * 7));
    append(writer.effects, effect);
    writer.commit(1);
    effects.push(effect);
  }
  writer.close(1);
  writeManifest(disk, '/wal', manifest);
  disk.put('/wal/base-2-0.rdb', Buffer.from('REDIS'));
});

function flipped(path: string, at: number, mask: number): MemoryDisk {
  const copy = disk.copyOfAll();
  copy.contentOf(path)[at]! ^= mask;
  return copy;
}

describe('a byte of the log that changed', () => {
  test('is located in the record that it belongs to, or cuts the very last record', () => {
    const segments = disk.paths.filter((path) => path.endsWith('.log'));
    expect(segments.length).toBeGreaterThan(2);
    let damaged = 0;
    for (const path of segments) {
      const size = disk.contentOf(path).length;
      for (let at = 0; at < size; at++) {
        for (const mask of [1, 0x80, disk.contentOf(path)[at]! || 0xff]) {
          const copy = flipped(path, at, mask);
          try {
            const log = ShardLog.scan(copy, '/wal', 0, 1);
            // Nothing can tell a last record that was never whole from one that changed.
            expect(path).toBe(segments.at(-1));
            expect(log.records).toBe(effects.length - 1);
            expect(log.torn).toMatchObject({ file: path });
            expect(at).toBeGreaterThanOrEqual(log.torn!.offset);
            expect(replayed(log)).toEqual(effects.slice(0, -1));
          } catch (error) {
            if (!(error instanceof WalDamage)) throw error;
            expect(error.file).toBe(path);
            expect(error.offset).toBeLessThanOrEqual(at);
            damaged++;
          }
        }
      }
    }
    expect(damaged).toBeGreaterThan(1000);
  });

  test('is reported with what a repair would lose, and the repair keeps the original', () => {
    const copy = flipped('/wal/wal-0-1.log', 300, 4);
    const [finding, ...others] = checkDirectory(copy, '/wal', fine);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ kind: 'damage', file: 'wal-0-1.log', canRepair: true });
    expect(finding!.reason).toContain('checksum');
    const before = Buffer.from(copy.contentOf('/wal/wal-0-1.log'));
    const [repaired] = repairDirectory(copy, '/wal', new Date(0));
    expect(repaired).toMatchObject(finding!);
    expect(repaired!.kept[0]).toBe('wal-0-1.log.damaged-1970-01-01T00-00-00.000Z');
    expect(copy.contentOf(`/wal/${repaired!.kept[0]}`)).toEqual(before);
    expect(checkDirectory(copy, '/wal', fine)).toEqual([]);
    const log = ShardLog.scan(copy, '/wal', 0, 1);
    // The damaged record itself is not whole: it is not among those that could have been counted.
    expect(log.records + finding!.lostRecords + 1).toBe(effects.length);
    expect(replayed(log)).toEqual(effects.slice(0, log.records));
  });
});

test('a segment that is missing is damage, whichever it is, except one that would be the next', () => {
  expect(() => ShardLog.scan(disk, '/wal', 0, 9)).toThrow('the file is missing');
  const copy = disk.copyOfAll();
  copy.unlink('/wal/wal-0-2.log');
  expect(() => ShardLog.scan(copy, '/wal', 0, 1)).toThrow(/wal-0-2\.log is damaged at byte 0/);
});

test('a directory in order has no findings, and what the manifest does not name is stray', () => {
  expect(checkDirectory(disk, '/wal', fine)).toEqual([]);
  disk.put('/wal/base-1-0.rdb', Buffer.alloc(3));
  disk.put('/wal/wal-0-0.log', Buffer.alloc(3));
  disk.put('/wal/dump.rdb', Buffer.alloc(3));
  const found = checkDirectory(disk, '/wal', (path) => ({ offset: 4, reason: `${path} is bad` }));
  expect(found.map(({ kind, file, offset }) => [kind, file, offset])).toEqual([
    ['damage', 'base-2-0.rdb', 4],
    ['stray', 'base-1-0.rdb', 0],
    ['stray', 'wal-0-0.log', 0],
  ]);
});

test('files that the manifest does not name are removed, all others stay', () => {
  const mine = disk.paths;
  for (const name of [baseName(1, 0), baseName(2, 0, 4), segmentName(0, 0), segmentName(5, 1)]) {
    disk.put(`/wal/${name}`, Buffer.alloc(3));
  }
  disk.put('/wal/dump.rdb', Buffer.alloc(3));
  const removed = removeStrays(disk, '/wal', manifest.files);
  expect(removed).toEqual(['base-1-0.rdb', 'base-2-0-4.rdb', 'wal-0-0.log', 'wal-5-1.log']);
  expect(disk.paths).toEqual([...mine, '/wal/dump.rdb']);
});

describe('the manifest', () => {
  test('is read as it was written, and is not there in an empty directory', () => {
    expect(readManifest(disk, '/wal')).toMatchObject(manifest);
    expect(readManifest(new MemoryDisk(), '/wal')).toBe(undefined);
  });

  test('with any byte changed, or cut anywhere, is refused', () => {
    const path = '/wal/manifest.json';
    const { length } = disk.contentOf(path);
    for (let at = 0; at < length; at++) {
      for (const mask of [1, 2, 0x10, 0x80]) {
        expect(() => readManifest(flipped(path, at, mask), '/wal')).toThrow(WalDamage);
      }
      const copy = disk.copyOfAll();
      copy.put(path, disk.contentOf(path).subarray(0, at));
      expect(() => readManifest(copy, '/wal')).toThrow(at < length - 1 ? 'cut short' : WalDamage);
      expect(checkDirectory(copy, '/wal', fine)).toMatchObject([{ kind: 'damage', canRepair: false }]);
    }
  });

  test('of a newer program says so', () => {
    const text = encodeManifest(manifest);
    const fields = text.slice(0, text.indexOf(',"crc32"')).replace('"format":1', '"format":2');
    disk.put('/wal/manifest.json', Buffer.from(`${fields}}\n`));
    expect(() => readManifest(disk, '/wal')).toThrow(WalDamage);
    disk.put('/wal/manifest.json', Buffer.from(`${fields},"crc32":${crc32(`${fields}}`)}}\n`));
    expect(() => readManifest(disk, '/wal')).toThrow('format 2, of a newer program');
  });

  test('is the old or the new one after a crash at any moment', () => {
    const first = disk.operations.length;
    writeManifest(disk, '/wal', { ...manifest, generation: 3 });
    for (let count = first; count <= disk.operations.length; count++) {
      for (let bytes = 0; bytes < 150; bytes += 10) {
        const { generation } = readManifest(
          disk.crashed(count, bytes, () => bytes % 20 === 0),
          '/wal',
        )!;
        expect([2, 3]).toContain(generation);
      }
    }
  });
});
