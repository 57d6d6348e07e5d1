import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskFiles } from '../../../src/wal/files.ts';
import { ShardLog } from '../../../src/wal/recovery.ts';
import { WalWriter, type WalWriterOptions } from '../../../src/wal/wal-writer.ts';
import { append, Collector, type Effect, set } from './wal.ts';

let directory: string;
let options: WalWriterOptions;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'shardis-wal-'));
  options = {
    files: diskFiles,
    directory,
    shard: 1,
    shards: 3,
    policy: 'always',
    segmentBytes: 4096,
    stepBytes: 1024,
    marginBytes: 100,
  };
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function replayed(log: ShardLog): Effect[] {
  const collector = new Collector();
  log.replay(collector);
  return collector.effects;
}

test('what was committed is replayed in order, over many segments and restarts', () => {
  const all: Effect[] = [];
  let writer = WalWriter.create(options, 5, { sequence: 0, lastTransaction: 0, bytesSinceBase: 0 });
  for (let restart = 0; restart < 3; restart++) {
    for (let i = 0; i < 200; i++) {
      const effect = set(`key:${restart}:${i}`, 'v'.repeat(i));
      expect(writer.reserve(300)).toBe(true);
      append(writer.effects, effect);
      all.push(effect);
      writer.commit(1000 + i);
    }
    if (restart !== 1) writer.close(2000);
    const log = ShardLog.scan(diskFiles, directory, 1, 5);
    expect(log).toMatchObject({ lastSequence: all.length, records: all.length, torn: undefined });
    expect(replayed(log)).toEqual(all);
    writer = log.openWriter(options);
  }
  expect(writer.segmentNumber).toBeGreaterThan(8);
  writer.close(3000);
});

test('a record that is larger than a segment has one of its own', () => {
  const writer = WalWriter.create(options, 1, { sequence: 0, lastTransaction: 0, bytesSinceBase: 0 });
  const effects = [set('a', 'small'), set('b', 'x'.repeat(3_000_000)), set('c', 'small')];
  for (const effect of effects) {
    append(writer.effects, effect);
    writer.commit(1);
  }
  expect(writer.segmentNumber).toBe(3);
  writer.close(1);
  expect(replayed(ShardLog.scan(diskFiles, directory, 1, 1))).toEqual(effects);
});
