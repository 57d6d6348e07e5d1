import { beforeEach, describe, expect, test } from 'vitest';
import type { LogReport } from '../../../src/commands/persistence-service.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import type { Config } from '../../../src/config/config.ts';
import { createConfig } from '../../../src/config/load.ts';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { CommandGate } from '../../../src/server/command-gate.ts';
import type { Connection } from '../../../src/server/connection.ts';
import { silentLog } from '../../../src/server/log.ts';
import { Persistence } from '../../../src/server/persistence.ts';
import { Readiness } from '../../../src/server/readiness.ts';
import { Router } from '../../../src/server/router.ts';
import { ShardStates } from '../../../src/server/shard-states.ts';
import { FakeRunner, settled } from '../persistence/fake-runner.ts';

let config: Config;
let runner: FakeRunner;
let log: LogReport;
let startProblem: string | undefined;
let persistence: Persistence;
/** What the server was told, and what the backend was asked for. */
let told: (string | undefined)[];
let asked: string[];

beforeEach(() => {
  config = createConfig({ save: '60 1', appendonly: false });
  runner = new FakeRunner();
  log = {
    isEnabled: true,
    unsyncedBytes: 0,
    pendingSyncs: 0,
    delayedSyncs: 5,
    shards: [
      { walBytes: 10, baseBytes: 100, segments: 1, lastSyncMs: 1, isOk: true },
      { walBytes: 20, baseBytes: 200, segments: 1, lastSyncMs: 1, isOk: true },
    ],
  };
  startProblem = undefined;
  told = [];
  asked = [];
  const backend = {
    runner,
    changes: () => 0,
    log: () => log,
    load: () => ({ ms: 0, keys: 0, dumpKeysExpired: 0, dumpKeysLoaded: 0 }),
    startLog: async () => {
      asked.push('start');
      return startProblem;
    },
    stopLog: async () => void asked.push('stop'),
    loadDump: async (options: object) => {
      asked.push(`load ${JSON.stringify(options)}`);
      return true;
    },
    reloadLog: async () => true,
  };
  persistence = new Persistence(config, backend, silentLog, (problem) => told.push(problem));
});

async function failDump(): Promise<void> {
  persistence.startDump(false);
  await runner.fail();
}

describe('writes are refused', () => {
  test('from a dump in the background that failed until one succeeds', async () => {
    await failDump();
    expect(persistence.writeProblem).toMatch(/^MISCONF Redis is configured to save RDB snapshots, but/);
    expect(told).toEqual([persistence.writeProblem]);
    persistence.tick();
    expect(told).toHaveLength(1);
    persistence.startDump(false);
    await runner.succeed();
    expect(told).toEqual([expect.any(String), undefined]);
  });

  test('not without rules, nor where the option says so', async () => {
    await failDump();
    config.set([['save', '']]);
    expect(persistence.writeProblem).toBe(undefined);
    config.set([['save', '1 1']]);
    expect(persistence.writeProblem).toMatch(/^MISCONF/);
    config.set([['stop-writes-on-bgsave-error', 'no']]);
    expect(persistence.writeProblem).toBe(undefined);
    expect(told).toHaveLength(4);
  });

  test('while the log cannot be written', () => {
    log = { ...log, problem: 'No space left on device' };
    persistence.checkWriteProblem();
    expect(persistence.writeProblem).toBe('MISCONF Errors writing to the AOF file: No space left on device');
    log = { ...log, isEnabled: false };
    persistence.tick();
    expect(persistence.writeProblem).toBe(undefined);
  });

  test('by the gate: commands that write, and PING, which tells of it', () => {
    const commands = new CommandTable();
    const states = new ShardStates(0, { notice: () => {} });
    states.holdStart(false);
    const gate = new CommandGate(
      config,
      new Readiness(states, new Router([], new Uint16Array(0), { k0: 1, k1: 2 })),
    );
    const changes: boolean[] = [];
    gate.onChange(() => changes.push(gate.isActive));
    const refusal = (...words: string[]) => {
      const args = new Arguments();
      args.setWords(words.map((word) => Buffer.from(word)));
      return gate.refusal({} as Connection, commands.find(args), args);
    };
    expect(gate.isActive).toBe(false);
    gate.setDiskProblem('MISCONF no');
    expect(refusal('SET', 'a', 'b')).toBe('MISCONF no');
    expect(refusal('FLUSHALL')).toBe('MISCONF no');
    expect(refusal('PING')).toBe('MISCONF no');
    expect(refusal('GET', 'a')).toBe(undefined);
    expect(refusal('SAVE')).toBe(undefined);
    gate.setDiskProblem(undefined);
    expect(changes).toEqual([true, false]);
  });
});

describe('CONFIG SET', () => {
  const allowed = (name: string, value: string) => config.apply([[name, value]], true);

  test('dir takes directories only', () => {
    const failed = (reason: string) =>
      `ERR CONFIG SET failed (possibly related to argument 'dir') - ${reason}`;
    const before = config.get('dir');
    expect(allowed('dir', '/nonexistent/directory')).toBe(failed('No such file or directory'));
    expect(allowed('dir', import.meta.filename)).toBe(failed('Not a directory'));
    expect(config.get('dir')).toBe(before);
    expect(allowed('dir', import.meta.dirname)).toBe(undefined);
    expect(config.get('dir')).toBe(import.meta.dirname);
  });

  test('appendonly begins the log and has bases made, and ends it', async () => {
    expect(await allowed('appendonly', 'yes')).toBe(undefined);
    expect(asked).toEqual(['start']);
    expect(runner.begun).toEqual(['base']);
    await runner.succeed();
    expect(await allowed('appendonly', 'no')).toBe(undefined);
    expect(asked).toEqual(['start', 'stop']);
  });

  test('appendonly says so when the log cannot begin', async () => {
    startProblem = 'No space left on device';
    expect(await allowed('appendonly', 'yes')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs.",
    );
    expect(config.get('appendonly')).toBe(false);
    expect(runner.begun).toEqual([]);
  });
});

test('a reload writes a dump unless it is told not to, and loads nothing when that fails', async () => {
  const options = { isSaved: true, isFlushed: true, isMerged: false };
  const reloading = persistence.reload(options);
  await runner.succeed();
  expect(await reloading).toBe('loaded');
  expect(asked).toEqual([`load ${JSON.stringify(options)}`]);
  expect(await persistence.reload({ ...options, isSaved: false })).toBe('loaded');
  expect(runner.begun).toEqual(['dump']);
  const failing = persistence.reload(options);
  await runner.fail();
  expect(await failing).toBe('not-saved');
  expect(asked).toHaveLength(2);
});

test('the report has the sizes at the last bases, and counts delays since CONFIG RESETSTAT', async () => {
  expect(persistence.report()).toMatchObject({ logBytesAtBase: 300, log: { delayedSyncs: 5 } });
  persistence.resetStatistics();
  log = { ...log, delayedSyncs: 7 };
  persistence.startBase();
  await runner.succeed();
  await settled();
  expect(persistence.report()).toMatchObject({
    logBytesAtBase: 330,
    log: { delayedSyncs: 2 },
    base: { count: 1 },
    lastSnapshotMs: 30,
    lastSnapshotSyncMs: 4,
  });
});
