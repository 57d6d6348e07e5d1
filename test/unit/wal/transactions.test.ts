import { expect, test } from 'vitest';
import { ShardLog } from '../../../src/wal/recovery.ts';
import { WalWriter } from '../../../src/wal/wal-writer.ts';
import { MemoryDisk } from './memory-disk.ts';
import { append, NOTHING, randomFrom, replayed, set, smallOptions } from './wal.ts';

const SHARDS = 3;

function options(disk: MemoryDisk, shard: number) {
  return { ...smallOptions(disk, 'no'), shard, shards: SHARDS };
}

/** Scans all logs and cuts what is incomplete. */
function recover(disk: MemoryDisk): ShardLog[] {
  const logs = Array.from({ length: SHARDS }, (_, shard) => ShardLog.scan(disk, '/wal', shard, 1));
  for (let changed = true; changed; ) {
    changed = false;
    for (const log of logs) changed = log.cutIncomplete(logs.map((one) => one.lastTransaction)) || changed;
  }
  return logs;
}

/** The ids of the transactions in each log. */
function idsOf(logs: ShardLog[]): Map<number, number>[] {
  return logs.map((log) => {
    const ids = new Map<number, number>();
    for (const effect of replayed(log))
      if (effect.kind === 'transaction') ids.set(effect.id, effect.shards.length);
    return ids;
  });
}

test('with any tails lost, a transaction over several shards is there on all of them or on none', () => {
  let cuts = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const random = randomFrom(seed);
    const disk = new MemoryDisk();
    const writers = Array.from({ length: SHARDS }, (_, shard) =>
      WalWriter.create(options(disk, shard), 1, NOTHING),
    );
    for (let id = 1; id <= 25; id++) {
      const shards = [0, 1, 2].filter(() => random(3) !== 0);
      for (const shard of shards) {
        const { effects } = writers[shard]!;
        if (random(2) === 0) append(effects, set('plain', 'p'.repeat(random(50))));
        if (shards.length > 1) effects.transaction(id, shards);
        append(effects, set(`${id}`, 'v'.repeat(random(100))));
        writers[shard]!.commit(1);
      }
    }
    const lost = disk.copyOfAll();
    for (let shard = 0; shard < SHARDS; shard++) {
      const path = lost.paths.filter((name) => name.includes(`wal-${shard}-`)).at(-1)!;
      const content = lost.contentOf(path);
      if (random(3) !== 0) lost.put(path, content.subarray(0, 64 + random(content.length - 63)));
    }
    const logs = recover(lost);
    const ids = idsOf(logs);
    for (const [shard, own] of ids.entries()) {
      for (const [id, parts] of own) {
        expect(
          ids.filter((other) => other.has(id)).length,
          `seed ${seed}, transaction ${id} of ${shard}`,
        ).toBe(parts);
      }
    }
    cuts += logs.filter((log) => log.cutRecords > 0).length;
    // What was cut is gone after the logs went on, too.
    const before = logs.map((log) => log.lastSequence);
    for (const log of logs) log.truncate();
    logs[0]!.openWriter(options(lost, 0)).close(1);
    const again = recover(lost);
    expect(again.map((log) => log.lastSequence)).toEqual(before);
    expect(again.map((log) => log.cutRecords)).toEqual([0, 0, 0]);
  }
  expect(cuts).toBeGreaterThan(50);
});

test('a new id must be above all that were in the log, cut ones included', () => {
  const disk = new MemoryDisk();
  const [first] = [0, 1, 2].map((shard) => WalWriter.create(options(disk, shard), 1, NOTHING));
  append(first!.effects, set('a', 'b'));
  first!.commit(1);
  first!.effects.transaction(41, [0, 2]);
  first!.commit(1);
  const [log] = recover(disk);
  expect(log).toMatchObject({ lastTransaction: 0, highestTransaction: 41, records: 1, cutRecords: 1 });
});
