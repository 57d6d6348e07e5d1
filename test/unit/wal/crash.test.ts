/** A power failure at every moment of a run: what comes back is the effects of a prefix of the records, with all synced ones. */
import { describe, expect, test } from 'vitest';
import { ShardLog } from '../../../src/wal/recovery.ts';
import { SyncBoard } from '../../../src/wal/sync-board.ts';
import { Syncer, type SyncPolicy } from '../../../src/wal/syncer.ts';
import { WalWriter } from '../../../src/wal/wal-writer.ts';
import { MemoryDisk } from './memory-disk.ts';
import { append, type Effect, NOTHING, randomFrom, replayed, set, smallOptions } from './wal.ts';

interface Play {
  disk: MemoryDisk;
  /** By sequence - 1. */
  records: Effect[][];
  /** By count of operations: how many records were promised to be there then. */
  promised: number[];
}

const RECORDS = 40;

function play(policy: SyncPolicy, seed: number): Play {
  const random = randomFrom(seed);
  const disk = new MemoryDisk();
  const board = SyncBoard.memory();
  const writer = WalWriter.create({ ...smallOptions(disk, policy), board }, 1, NOTHING);
  const calls = {
    fdatasync(fd: number, done: (error: null) => void) {
      disk.fdatasync(fd);
      done(null);
    },
    close(fd: number, done: (error: null) => void) {
      disk.close(fd);
      done(null);
    },
  };
  const syncer = new Syncer({ boards: [board], policy: () => policy, calls });
  const result: Play = { disk, records: [], promised: [] };
  for (let i = 0; i < RECORDS; i++) {
    const effects: Effect[] = [];
    for (let j = random(3); j >= 0; j--)
      effects.push(set(`key${i}.${j}`, 'v'.repeat(random(random(8) === 0 ? 900 : 60))));
    for (const effect of effects) append(writer.effects, effect);
    if (random(2) === 0) writer.reserve(200);
    const before = disk.operations.length;
    const durable = writer.durableSequence;
    writer.commit(1000);
    result.records.push(effects);
    for (let at = before; at < disk.operations.length; at++) result.promised[at] ??= durable;
    if (random(5) === 0) syncer.round();
    result.promised[disk.operations.length] = writer.durableSequence;
  }
  return result;
}

/** Recovers and returns how many records came back. */
function recover(disk: MemoryDisk, { records }: Play): number {
  const log = ShardLog.scan(disk, '/wal', 0, 1);
  expect(replayed(log)).toEqual(records.slice(0, log.records).flat());
  return log.records;
}

describe.each(['always', 'everysec', 'no'] as const)('with appendfsync %s', (policy) => {
  test('at each operation, any sectors may be lost: a prefix comes back, with all that was synced', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const played = play(policy, seed);
      const random = randomFrom(seed * 7919);
      let promised = 0;
      const first = played.disk.operations.findIndex(({ kind }) => kind === 'syncDirectory') + 1;
      for (let count = first; count <= played.disk.operations.length; count++) {
        promised = Math.max(promised, played.promised[count] ?? 0);
        for (const odds of [2, 2, 10]) {
          const bytes = random(600);
          const keeps = () => random(odds) !== 0;
          const disk = played.disk.crashed(count, bytes, keeps);
          expect(recover(disk, played), `seed ${seed}, operation ${count}`).toBeGreaterThanOrEqual(promised);
        }
      }
    }
  });

  test('after a crash, the log goes on, and the bytes behind its end never come back', () => {
    const played = play(policy, 11);
    const random = randomFrom(5);
    for (let count = 10; count < played.disk.operations.length; count += 3) {
      const disk = played.disk.crashed(count, random(500), () => random(3) !== 0);
      const log = ShardLog.scan(disk, '/wal', 0, 1);
      const expected = replayed(log);
      const writer = log.openWriter(smallOptions(disk, policy));
      for (let i = 0; i < 5; i++) {
        const effect = set(`after${i}`, 'w'.repeat(random(300)));
        append(writer.effects, effect);
        expected.push(effect);
        writer.reserve(100);
        writer.commit(2000);
        expect(replayed(ShardLog.scan(disk, '/wal', 0, 1))).toEqual(expected);
      }
      writer.close(2000);
      const again = ShardLog.scan(disk, '/wal', 0, 1);
      expect(again.torn).toBe(undefined);
      expect(replayed(again)).toEqual(expected);
    }
  });
});

test('cut at every byte of the last records, the log comes back up to the last whole one', () => {
  const played = play('always', 3);
  const { operations } = played.disk;
  let checked = 0;
  for (let count = operations.length - 30; count < operations.length; count++) {
    const operation = operations[count]!;
    if (operation.kind !== 'write') continue;
    const promised = Math.max(
      ...played.promised.slice(0, count + 1).filter((number) => number !== undefined),
    );
    for (let bytes = 0; bytes <= operation.bytes.length; bytes++) {
      const records = recover(
        played.disk.crashed(count, bytes, () => true),
        played,
      );
      expect(records).toBeGreaterThanOrEqual(promised);
      expect(records).toBeLessThanOrEqual(promised + 1);
      checked++;
    }
  }
  expect(checked).toBeGreaterThan(500);
});

test('a file that ends in the middle of a record is torn there, and the report says how much', () => {
  const { disk, records } = play('always', 4);
  const path = disk.paths.at(-1)!;
  const log = ShardLog.scan(disk, '/wal', 0, 1);
  expect(log.torn).toBe(undefined);
  const end = disk.contentOf(path).findLastIndex((byte) => byte !== 0);
  disk.put(path, disk.contentOf(path).subarray(0, end));
  const { torn, records: left } = ShardLog.scan(disk, '/wal', 0, 1);
  expect(left).toBe(records.length - 1);
  expect(torn).toMatchObject({ file: path });
  expect(torn!.offset + torn!.bytes).toBeLessThanOrEqual(end);
  expect(torn!.bytes).toBeGreaterThan(40);
});
