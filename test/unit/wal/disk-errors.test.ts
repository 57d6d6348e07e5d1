import { beforeEach, describe, expect, test } from 'vitest';
import { WalError } from '../../../src/wal/errors.ts';
import { ShardLog } from '../../../src/wal/recovery.ts';
import { SyncBoard } from '../../../src/wal/sync-board.ts';
import { Syncer, type SyncPolicy } from '../../../src/wal/syncer.ts';
import { WalWriter } from '../../../src/wal/wal-writer.ts';
import { MemoryDisk } from './memory-disk.ts';
import { append, type Effect, NOTHING, replayed, set, smallOptions } from './wal.ts';

let disk: MemoryDisk;
let board: SharedArrayBuffer;
let writer: WalWriter;
let policy: SyncPolicy;

beforeEach(() => {
  disk = new MemoryDisk();
  board = SyncBoard.memory();
});

function begin(syncPolicy: SyncPolicy): void {
  policy = syncPolicy;
  writer = WalWriter.create({ ...smallOptions(disk, policy), board }, 1, NOTHING);
}

function write(key: string, nowMs = 1000): Effect {
  const effect = set(key, 'v'.repeat(50));
  append(writer.effects, effect);
  writer.commit(nowMs);
  return effect;
}

function effectsNow(): Effect[] {
  return replayed(ShardLog.scan(disk, '/wal', 0, 1));
}

/** A syncer whose syncs end when the test says so. */
function heldSyncer() {
  const pending: (() => void)[] = [];
  const syncer = new Syncer({
    boards: [board],
    policy: () => policy,
    now: () => 5000,
    calls: {
      fdatasync(fd, done) {
        pending.push(() => {
          try {
            disk.fdatasync(fd);
            done(null);
          } catch (error) {
            done(error as NodeJS.ErrnoException);
          }
        });
      },
      close(fd, done) {
        disk.close(fd);
        done(null);
      },
    },
  });
  const finish = () => {
    for (const end of pending.splice(0)) end();
  };
  return { syncer, pending, finish };
}

describe('a full disk', () => {
  test('is known before a batch runs, and the log goes on when there is room again', () => {
    begin('always');
    const first = write('a');
    disk.fail = (operation) => (operation === 'write' ? { code: 'ENOSPC', after: 3 } : undefined);
    expect(writer.reserve(1000)).toBe(false);
    expect(writer.lastError).toMatchObject({
      code: 'ENOSPC',
      message: expect.stringContaining('no space left'),
    });
    expect(writer.isFailed).toBe(false);
    disk.fail = () => undefined;
    expect(writer.reserve(1000)).toBe(true);
    expect(writer.lastError).toBe(undefined);
    expect([first, write('b')]).toEqual(effectsNow());
  });

  test('in the middle of a record keeps the effects until there is room again', () => {
    begin('always');
    const first = write('a');
    disk.fail = (operation) => (operation === 'write' ? { code: 'ENOSPC', after: 60 } : undefined);
    expect(() => write('b')).toThrow(WalError);
    expect(writer.isFailed).toBe(true);
    expect(() => write('c')).toThrow('no space left');
    expect(writer.reserve(10)).toBe(false);
    expect(writer.recover(1)).toBe(false);
    expect(effectsNow()).toEqual([first]);
    disk.fail = () => undefined;
    expect(writer.recover(1)).toBe(true);
    expect(effectsNow()).toEqual([first, set('b', 'v'.repeat(50)), set('c', 'v'.repeat(50))]);
    expect(writer.segmentNumber).toBe(1);
  });

  test('at a new segment leaves no file behind and goes on later', () => {
    begin('always');
    const effects = [write('a')];
    disk.fail = (_operation, path) => (path.endsWith('-2.log') ? { code: 'ENOSPC' } : undefined);
    let tries = 0;
    while (tries++ < 100 && writer.reserve(60)) effects.push(write(`b${tries}`));
    expect(tries).toBeLessThan(50);
    expect(disk.paths).toEqual(['/wal/wal-0-1.log']);
    disk.fail = () => undefined;
    expect(writer.reserve(60)).toBe(true);
    effects.push(write('c'));
    expect(effectsNow()).toEqual(effects);
  });
});

describe('an error of the device', () => {
  test.each([
    ['write', 0],
    ['write', 70],
    ['sync', 0],
  ] as const)('at a %s stops the log; it goes on in another segment, nothing twice', (failing, after) => {
    begin('always');
    const first = write('a');
    disk.fail = (operation) => (operation === failing ? { code: 'EIO', after } : undefined);
    expect(() => write('b')).toThrow('EIO');
    expect(writer.recover(1)).toBe(false);
    disk.fail = () => undefined;
    expect(writer.recover(1)).toBe(true);
    const rest = [set('b', 'v'.repeat(50)), write('c')];
    expect(writer.segmentNumber).toBe(2);
    expect(effectsNow()).toEqual([first, ...rest]);
    expect(writer.needsBase).toBe(false);
    writer.close(1);
    expect(disk.openFiles).toBe(0);
  });

  test('at a sync of the syncer reaches the writer, and nothing behind counts as synced until another base', () => {
    begin('everysec');
    const { syncer, finish } = heldSyncer();
    const first = write('a');
    syncer.round();
    disk.fail = (operation) => (operation === 'sync' ? { code: 'EIO' } : undefined);
    finish();
    expect(writer.reserve(10)).toBe(false);
    expect(writer.lastError).toMatchObject({ code: 'EIO' });
    disk.fail = () => undefined;
    expect(writer.recover(1000)).toBe(true);
    expect(writer.needsBase).toBe(true);
    const second = write('b');
    syncer.round();
    finish();
    expect(writer.durableSequence).toBe(0);
    expect(effectsNow()).toEqual([first, second]);
    writer.rotate(1000);
    writer.baseWritten();
    expect(writer.needsBase).toBe(false);
    expect(writer.bytesSinceBase).toBe(0);
    expect(writer.durableSequence).toBe(2);
  });
});

describe('with everysec', () => {
  test('a round of the syncer makes durable what was written before it began', () => {
    begin('everysec');
    const { syncer, pending, finish } = heldSyncer();
    write('a');
    write('b');
    syncer.round();
    write('c');
    // One at a time for a segment.
    syncer.round();
    expect(pending.length).toBe(1);
    expect(writer.durableSequence).toBe(0);
    finish();
    expect(writer.durableSequence).toBe(2);
  });

  test('the writer does not go on while something is unsynced for more than two seconds', () => {
    begin('everysec');
    write('a', 10_000);
    write('b', 12_000);
    expect(writer.durableSequence).toBe(0);
    write('c', 12_001);
    // It looks now and then, not at each record.
    write('d', 12_200);
    expect(writer.durableSequence).toBe(4);
  });

  test('segments that were left are synced and closed by the syncer, whatever the policy', async () => {
    begin('no');
    const { syncer, finish } = heldSyncer();
    for (let i = 0; writer.segmentNumber < 4; i++) write(`key${i}`);
    expect(disk.openFiles).toBe(4);
    syncer.round();
    const stopped = syncer.stop();
    finish();
    await stopped;
    expect(disk.openFiles).toBe(1);
    expect(writer.durableSequence).toBe(writer.sequence - 1);
  });

  test('without a syncer, the writer closes what it left before it runs out of slots', () => {
    begin('everysec');
    for (let i = 0; writer.segmentNumber < 40; i++) write(`key${i}`);
    expect(disk.openFiles).toBeLessThanOrEqual(SyncBoard.slots + 1);
    writer.close(1000);
    expect(disk.openFiles).toBe(0);
    expect(ShardLog.scan(disk, '/wal', 0, 1).records).toBe(writer.sequence);
  });
});
