import { beforeEach, describe, expect, test } from 'vitest';
import type { Snapshots } from '../../../src/persistence/snapshots.ts';
import { settled, World } from './fake-runner.ts';

let world: World;
let snapshots: Snapshots;

beforeEach(() => {
  world = new World();
  snapshots = world.snapshots();
});

/** Lets time pass, and says which kinds began at the end of it. */
function begunAfter(seconds: number): string[] {
  world.pass(seconds);
  const before = world.runner.begun.length;
  snapshots.tick();
  return world.runner.begun.slice(before);
}

describe('a dump in the background', () => {
  test('runs once at a time, and is reported while it runs and afterwards', async () => {
    expect(snapshots.report('dump')).toEqual({
      isRunning: false,
      isScheduled: false,
      isLastOk: true,
      lastSeconds: -1,
      currentSeconds: -1,
      count: 0,
      consecutiveFailures: 0,
      copiedBytes: 0,
    });
    expect(snapshots.progress()).toEqual({ keysWritten: 0, keysTotal: 0, copiedBytes: 0 });
    expect(snapshots.startDump(false)).toBe('started');
    expect(snapshots.startDump(false)).toBe('running');
    expect(snapshots.startDump(true)).toBe('running');
    world.pass(2.5);
    expect(snapshots.report('dump')).toMatchObject({ isRunning: true, currentSeconds: 2, count: 1 });
    expect(snapshots.report('base').isRunning).toBe(false);
    expect(snapshots.progress()).toEqual({ keysWritten: 3, keysTotal: 9, copiedBytes: 27 });
    await world.runner.succeed();
    expect(snapshots.report('dump')).toMatchObject({
      isRunning: false,
      lastSeconds: 2,
      currentSeconds: -1,
      copiedBytes: 50,
    });
    expect(snapshots.lastSaveMs).toBe(world.now);
    expect([snapshots.lastWriteMs, snapshots.lastSyncMs]).toEqual([30, 4]);
    expect(world.runner.begun).toEqual(['dump']);
    expect(world.endings).toBe(1);
  });

  test('counts what changed while it ran as not saved', async () => {
    world.changes = 10;
    expect(snapshots.changesSinceSave).toBe(10);
    snapshots.startDump(false);
    world.changes = 13;
    expect(snapshots.changesSinceSave).toBe(13);
    await world.runner.succeed();
    expect(snapshots.changesSinceSave).toBe(3);
    snapshots.markSaved();
    expect(snapshots.changesSinceSave).toBe(0);
  });

  test('that fails leaves the time of the last one and what is to be saved', async () => {
    const before = snapshots.lastSaveMs;
    world.changes = 4;
    snapshots.startDump(false);
    world.pass(1);
    await world.runner.fail();
    expect(snapshots.isLastDumpOk).toBe(false);
    expect(snapshots.lastSaveMs).toBe(before);
    expect(snapshots.changesSinceSave).toBe(4);
    expect(world.notes).toContain('warning: Background saving failed: No space left on device');
    snapshots.startDump(false);
    await world.runner.succeed();
    expect(snapshots.isLastDumpOk).toBe(true);
  });
});

describe('the rules of save', () => {
  beforeEach(() => {
    world.rules = [
      { seconds: 60, changes: 1 },
      { seconds: 10, changes: 100 },
    ];
  });

  test('ask for a dump when one has both its seconds and its changes', async () => {
    expect(begunAfter(1000)).toEqual([]);
    world.changes = 1;
    expect(begunAfter(0)).toEqual(['dump']);
    await world.runner.succeed();
    world.changes = 100;
    expect(begunAfter(10)).toEqual([]);
    expect(begunAfter(1)).toEqual([]); // 99 changes.
    world.changes = 101;
    expect(begunAfter(0)).toEqual(['dump']);
    expect(world.notes).toContain('notice: 100 changes in 10 seconds. Saving...');
  });

  test('wait for more than the seconds since the last success', async () => {
    world.changes = 1;
    expect(begunAfter(60)).toEqual([]);
    expect(begunAfter(0.1)).toEqual(['dump']);
    world.changes = 2;
    expect(begunAfter(100)).toEqual([]); // It still runs.
    await world.runner.succeed();
    expect(begunAfter(60)).toEqual([]);
    expect(begunAfter(1)).toEqual(['dump']);
  });

  test('try again five seconds after a failure', async () => {
    world.changes = 1;
    expect(begunAfter(61)).toEqual(['dump']);
    await world.runner.fail();
    expect(begunAfter(5)).toEqual([]);
    expect(begunAfter(0.1)).toEqual(['dump']);
  });

  test('that there are none of ask for nothing', () => {
    world.rules = [];
    world.changes = 1e6;
    expect(begunAfter(1e6)).toEqual([]);
  });

  test('may ask for no changes at all', () => {
    world.rules = [{ seconds: 5, changes: 0 }];
    expect(begunAfter(6)).toEqual(['dump']);
  });
});

describe('SAVE', () => {
  test('is told how it went, and is no news to others when it fails', async () => {
    const failing = snapshots.save();
    expect(snapshots.save()).toBe(undefined);
    expect(snapshots.startDump(true)).toBe('running');
    await world.runner.fail();
    expect(await failing).toBe(false);
    expect(snapshots.isLastDumpOk).toBe(true);
    const succeeding = snapshots.save();
    await world.runner.succeed();
    expect(await succeeding).toBe(true);
    expect(snapshots.report('dump')).toMatchObject({ count: 2, lastSeconds: -1 });
  });

  test('takes back that a dump had failed', async () => {
    snapshots.startDump(false);
    await world.runner.fail();
    void snapshots.save();
    await world.runner.succeed();
    expect(snapshots.isLastDumpOk).toBe(true);
  });

  test('waits for bases to be done, and nothing gets in between', async () => {
    world.rules = [{ seconds: 1, changes: 0 }];
    snapshots.startBase();
    world.pass(10);
    const saving = snapshots.save();
    expect(snapshots.save()).toBe(undefined);
    expect(snapshots.startDump(true)).toBe('running');
    expect(world.runner.begun).toEqual(['base']);
    await world.runner.succeed();
    expect(world.runner.begun).toEqual(['base', 'dump']);
    await world.runner.succeed();
    expect(await saving).toBe(true);
  });

  test('of a reload follows one that is under way', async () => {
    snapshots.startDump(false);
    const both = [snapshots.saveNext(), snapshots.saveNext()];
    for (let i = 0; i < 3; i++) {
      expect(world.runner.begun).toHaveLength(i + 1);
      await world.runner.succeed();
    }
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(world.runner.isRunning).toBe(false);
  });
});

describe('the two kinds in each other’s way', () => {
  test('a dump is refused while bases are made, or put off where that is wanted', async () => {
    expect(snapshots.startBase()).toBe('started');
    expect(snapshots.startBase()).toBe('running');
    expect(snapshots.startDump(false)).toBe('other-running');
    expect(snapshots.report('dump').isScheduled).toBe(false);
    expect(snapshots.startDump(true)).toBe('scheduled');
    expect(begunAfter(1)).toEqual([]);
    await world.runner.succeed();
    expect(begunAfter(0)).toEqual(['dump']);
    expect(snapshots.report('dump').isScheduled).toBe(false);
  });

  test('bases are put off while a dump is written', async () => {
    snapshots.startDump(false);
    expect(snapshots.startBase()).toBe('scheduled');
    expect(snapshots.report('base').isScheduled).toBe(true);
    await world.runner.fail();
    expect(begunAfter(0)).toEqual(['base']);
    expect(snapshots.report('base').isScheduled).toBe(false);
  });

  test('a dump that was put off waits after a failure', async () => {
    snapshots.startDump(false);
    await world.runner.fail();
    snapshots.startBase();
    snapshots.startDump(true);
    await world.runner.succeed();
    expect(begunAfter(5)).toEqual([]);
    expect(begunAfter(1)).toEqual(['dump']);
  });
});

describe('a log that grows', () => {
  const grownTo = (bytes: number) => {
    world.sizes = { isEnabled: true, bytes, baseBytes: 0 };
    return begunAfter(0);
  };

  test('is written anew when it has grown by the percentage since it last was', async () => {
    expect(grownTo(999)).toEqual([]);
    expect(grownTo(1000)).toEqual(['base']); // There was no base before.
    world.sizes = { isEnabled: true, bytes: 600, baseBytes: 600 };
    await world.runner.succeed();
    expect(snapshots.logBytesAtBase).toBe(600);
    expect(grownTo(1199)).toEqual([]);
    expect(grownTo(1200)).toEqual(['base']);
    expect(world.notes).toContain('notice: Starting automatic rewriting of AOF on 100% growth');
  });

  test('begins with the bases that are there at the start', () => {
    world.sizes = { isEnabled: true, bytes: 5000, baseBytes: 4000 };
    snapshots = world.snapshots();
    expect(grownTo(7999)).toEqual([]);
    expect(grownTo(8000)).toEqual(['base']);
  });

  test('stays as it is when it is off, or when the percentage is 0', () => {
    world.sizes = { isEnabled: false, bytes: 1e9, baseBytes: 0 };
    expect(begunAfter(1)).toEqual([]);
    world.growth = { percentage: 0, minBytes: 0 };
    expect(grownTo(1e9)).toEqual([]);
  });

  test('is left alone for longer and longer after three failures', async () => {
    world.sizes = { isEnabled: true, bytes: 1e6, baseBytes: 0 };
    for (let i = 0; i < 3; i++) {
      expect(begunAfter(0)).toEqual(['base']);
      await world.runner.fail();
    }
    expect(snapshots.report('base')).toMatchObject({ isLastOk: false, consecutiveFailures: 3 });
    expect(snapshots.isLastDumpOk).toBe(true);
    for (const seconds of [60, 120, 240]) {
      expect(begunAfter(0)).toEqual([]);
      expect(begunAfter(seconds - 1)).toEqual([]);
      expect(begunAfter(1)).toEqual(['base']);
      await world.runner.fail();
    }
    // Whoever asks for it does not have to wait.
    expect(snapshots.startBase()).toBe('started');
    await world.runner.succeed();
    expect(snapshots.report('base')).toMatchObject({ isLastOk: true, consecutiveFailures: 0, count: 7 });
    snapshots.resetStatistics();
    expect(snapshots.report('base').count).toBe(0);
  });
});

describe('the end of the server', () => {
  test('ends what runs without calling that a failure, and begins nothing but the last dump', async () => {
    world.rules = [{ seconds: 1, changes: 0 }];
    snapshots.startDump(false);
    const ended = snapshots.end();
    expect(snapshots.startDump(true)).toBe('running');
    expect(snapshots.startBase()).toBe('scheduled');
    expect(snapshots.save()).toBe(undefined);
    await ended;
    expect(snapshots.isLastDumpOk).toBe(true);
    expect(world.notes).toContain('warning: Background saving aborted');
    expect(begunAfter(100)).toEqual([]);
    const last = snapshots.finalDump();
    expect(world.runner.begun).toEqual(['dump', 'dump']);
    await world.runner.succeed();
    expect(await last).toBe(true);
    snapshots.resume();
    expect(begunAfter(100)).toEqual(['base']);
  });

  test('answers a SAVE that still waits', async () => {
    snapshots.startBase();
    const saving = snapshots.save();
    await snapshots.end();
    expect(await saving).toBe(false);
    await settled();
    expect(world.runner.isRunning).toBe(false);
  });

  test('can be called off while the last dump is written', async () => {
    await snapshots.end();
    const last = snapshots.finalDump();
    snapshots.abort();
    snapshots.abort();
    expect(await last).toBe(false);
    snapshots.resume();
    expect(snapshots.startDump(false)).toBe('started');
  });
});
