/** Dumps without a log, dumps that begin one, and what can be switched while the server runs. */
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/server.ts';
import { until } from '../waiting.ts';
import { expectSame, Kept, runAll, untilIdle, valuesOf } from './kept.ts';

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: 3 });
});
afterEach(() => kept.remove());

const DUMPS = ['--appendonly', 'no'];
const PAIRS = Array.from({ length: 500 }, (_, i) => [`key:${i}`, `value ${i} `.repeat(1 + (i % 40))]).flat();

async function fill(): Promise<Awaited<ReturnType<typeof valuesOf>>> {
  await runAll(kept.client, [
    ['MSET', ...PAIRS],
    ['SET', 'until', 'v', 'PXAT', 4e12],
    ['SETBIT', 'bits', 12345, 1],
    ['SELECT', 7],
    ['SET', 'seven', 7],
    ['SELECT', 0],
  ]);
  return valuesOf(kept.client);
}

test('save rules write a dump, which the next server loads', async () => {
  await kept.start(3, [...DUMPS, '--save', '1 1']);
  const state = await fill();
  await until('a dump is written', () => existsSync(kept.file('dump.rdb')));
  await untilIdle(kept.client);
  await until('it has everything', async () => (await kept.field('rdb_changes_since_last_save')) === '0');
  await kept.kill();
  expect(kept.files(/^(base|wal|manifest|temp)/)).toEqual([]);
  await kept.start(2, DUMPS);
  expectSame(await valuesOf(kept.client), state);
});

test('SIGTERM and SHUTDOWN save when there are rules or it is asked for; nothing else does', async () => {
  await kept.start(3, DUMPS);
  const state = await fill();
  await kept.shutDown('NOSAVE');
  expect(existsSync(kept.file('dump.rdb'))).toBe(false);
  await kept.start(3, [...DUMPS, '--save', '3600 1']);
  await fill();
  await kept.terminate();
  await kept.start(3, DUMPS);
  expectSame(await valuesOf(kept.client), state);
  await runAll(kept.client, [['SET', 'late', 1]]);
  await kept.terminate();
  await kept.start(3, DUMPS);
  expectSame(await valuesOf(kept.client), state);
  await runAll(kept.client, [['SET', 'late', 1]]);
  await kept.shutDown('SAVE');
  await kept.start(3, DUMPS);
  expect(await kept.client.command('GET', 'late')).toBe('1');
});

test('a server that is told to end while it loads writes no dump', async () => {
  await kept.start(3, DUMPS);
  await fill();
  await kept.shutDown('SAVE');
  const dump = readFileSync(kept.file('dump.rdb'));
  const { mtimeMs } = statSync(kept.file('dump.rdb'));
  const { spawn } = await import('node:child_process');
  const { mainScript } = await import('../../support/paths.ts');
  for (const ms of [150, 250, 350]) {
    const words = [
      '--port',
      '0',
      '--unixsocket',
      kept.file('socket'),
      '--dir',
      kept.directory,
      '--appendonly',
      'yes',
    ];
    const child = spawn(process.execPath, [mainScript, ...words, '--shards', '2', '--save', '3600 1000000']);
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => setTimeout(resolve, ms));
    child.kill('SIGTERM');
    await ended;
    if (statSync(kept.file('dump.rdb')).mtimeMs === mtimeMs) {
      expect(readFileSync(kept.file('dump.rdb')).equals(dump)).toBe(true);
    }
  }
  await kept.start(3, DUMPS);
  expect(await kept.client.command('DBSIZE')).toBe(502);
});

test('FLUSHALL while a dump is written fails nothing', async () => {
  await kept.start(3, [...DUMPS, '--save', '3600 1']);
  for (let round = 0; round < 5; round++) {
    await fill();
    const replies = await kept.client.pipeline([['BGSAVE'], ['FLUSHALL'], ['SET', 'after', round]]);
    expect(replies).toEqual(['Background saving started', 'OK', 'OK']);
    await untilIdle(kept.client);
    expect(await kept.field('rdb_last_bgsave_status')).toBe('ok');
    expect(kept.files(/^temp-/)).toEqual([]);
  }
});

test('a log that is switched on has everything, and one that is switched off grows no more', async () => {
  await kept.start(3, DUMPS);
  const state = await fill();
  const client = kept.client;
  expect(await client.command('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
  await client.command('SET', 'meanwhile', 1);
  await untilIdle(client);
  for (const policy of ['always', 'no', 'everysec', 'always']) {
    expect(await client.command('CONFIG', 'SET', 'appendfsync', policy)).toBe('OK');
    await client.command('APPEND', 'policies', policy);
  }
  for (const [key, value] of await valuesOf(client)) state.set(key, value);
  await kept.kill();
  await kept.start();
  expectSame(await valuesOf(kept.client), state);
  await runAll(kept.client, [
    ['CONFIG', 'SET', 'appendonly', 'no'],
    ['SET', 'unlogged', 1],
  ]);
  await runAll(kept.client, [['MSET', ...PAIRS]]);
  expect(await kept.field('aof_enabled')).toBe('0');
  await kept.kill();
  await kept.start();
  expectSame(await valuesOf(kept.client), state);
  // Off and on again before anything is through: the last word counts.
  await runAll(kept.client, [
    ['CONFIG', 'SET', 'appendonly', 'no'],
    ['SET', 'unlogged', 1],
    ['CONFIG', 'SET', 'appendonly', 'yes'],
    ['CONFIG', 'SET', 'appendonly', 'no'],
    ['CONFIG', 'SET', 'appendonly', 'yes'],
    ['SET', 'logged', 1],
  ]);
  await until('the log has a base', async () => {
    await untilIdle(kept.client);
    const bases = await Promise.all([0, 1, 2].map((shard) => kept.field(`wal_shard${shard}.base_bytes`)));
    return bases.every((bytes) => bytes !== '0');
  });
  await runAll(kept.client, [['SET', 'last', 1]]);
  await kept.kill();
  await kept.start();
  expect(await kept.client.command('MGET', 'unlogged', 'logged', 'last')).toEqual(['1', '1', '1']);
});

test('DEBUG RELOAD and LOADAOF keep what is there, and the log goes on', async () => {
  await kept.start(3);
  const state = await fill();
  expect(await kept.client.command('DEBUG', 'RELOAD')).toBe('OK');
  expectSame(await valuesOf(kept.client), state);
  await runAll(kept.client, [['SET', 'a', 1]]);
  expect(await kept.client.command('DEBUG', 'LOADAOF')).toBe('OK');
  expect(await kept.client.command('GET', 'a')).toBe('1');
  await runAll(kept.client, [
    ['SET', 'b', 1],
    ['MSET', 'c', 1, 'd', 1, 'e', 1],
  ]);
  await kept.rewrite();
  expect(await kept.client.command('DEBUG', 'LOADAOF')).toBe('OK');
  await runAll(kept.client, [['DEL', 'a', 'b', 'c', 'd', 'e']]);
  await kept.kill();
  await kept.start(3);
  expectSame(await valuesOf(kept.client), state);
});

test('BGREWRITEAOF without a log begins none', async () => {
  await kept.start(3, DUMPS);
  await fill();
  await kept.rewrite();
  await runAll(kept.client, [['SET', 'later', 1]]);
  expect(await kept.field('aof_enabled')).toBe('0');
  await kept.kill();
  await kept.start();
  expect(await kept.client.command('DBSIZE')).toBe(502);
});

describeWithRedis('a real Redis', () => {
  test('and ours load the dumps of each other, and a dump begins a log', async () => {
    const redis = await startRedis(['--dir', kept.directory]);
    const theirs = await redis.client();
    await runAll(theirs, [
      ['MSET', ...PAIRS],
      ['SET', 'until', 'v', 'PXAT', 4e12],
      ['SELECT', 7],
      ['SET', 'seven', 7],
    ]);
    await runAll(theirs, [['SAVE'], ['SELECT', 0]]);
    const state = await valuesOf(theirs);
    await redis.close();
    const dump = readFileSync(kept.file('dump.rdb'));
    await kept.start();
    expectSame(await valuesOf(kept.client), state);
    expect(readFileSync(kept.file('dump.rdb')).equals(dump)).toBe(true);
    expect(kept.files(/^base-/)).toHaveLength(3);
    await runAll(kept.client, [
      ['DEL', 'key:1'],
      ['SET', 'more', 1],
    ]);
    const ours = await valuesOf(kept.client);
    await kept.kill();
    // From now on the log counts.
    await kept.start();
    expectSame(await valuesOf(kept.client), ours);
    expect(await kept.client.command('SAVE')).toBe('OK');
    await kept.shutDown();
    const again = await startRedis(['--dir', kept.directory]);
    expectSame(await valuesOf(await again.client()), ours);
    await again.close();
    renameSync(kept.file('dump.rdb'), path.join(kept.directory, 'moved.rdb'));
  });
});
