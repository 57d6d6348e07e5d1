/** Segments that a start with other shards left behind when it was cut off, before its manifest was written. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { viewedBytes } from '../../../src/base/bytes.ts';
import { diskFiles } from '../../../src/wal/files.ts';
import { sequenceBefore } from '../../../src/wal/layout.ts';
import { ShardLog } from '../../../src/wal/recovery.ts';
import { WalWriter } from '../../../src/wal/wal-writer.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'shardis-strays-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function begin(number: number, shards: number): WalWriter {
  const options = { files: diskFiles, directory, shard: 0, shards, policy: 'always' } as const;
  const place = { sequence: sequenceBefore(number), lastTransaction: 0, bytesSinceBase: 0 };
  return WalWriter.create(options, number, place);
}

function write(writer: WalWriter, records: number): void {
  const entry = viewedBytes(new ArrayBuffer(8)).fill(65);
  for (let i = 0; i < records; i++) {
    writer.effects.set(0, 0, 0, entry, 0, 4, 4);
    writer.commit(Date.now());
  }
}

test.each([
  ['right behind the log', 2, 0],
  ['right behind the log, with records', 2, 3],
  ['behind a gap', 5, 2],
])('%s: the log keeps all its records, and goes on', (_, number, records) => {
  const log = begin(1, 2);
  write(log, 10);
  const stray = begin(number, 3);
  write(stray, records);
  const found = ShardLog.scan(diskFiles, directory, 0, 1);
  expect({ records: found.records, torn: found.torn }).toEqual({ records: 10, torn: undefined });
  const writer = found.openWriter({ shards: 2, policy: 'always' });
  expect(readdirSync(directory)).toEqual(['wal-0-1.log']);
  writer.rotate(Date.now());
  write(writer, 5);
  writer.close(Date.now());
  expect(ShardLog.scan(diskFiles, directory, 0, 1).records).toBe(15);
  for (const open of [log, stray]) open.close(Date.now());
});
