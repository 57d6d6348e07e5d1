/** `shardis import` and `shardis export`, with files of a real Redis and for one. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runToEnd } from '../server/processes.ts';
import type { Client } from '../support/client.ts';
import { describeWithRedis, startRedis } from '../support/server.ts';
import { flip, startOn, temporaryFolder, withServer } from './data-directory.ts';

const KEYS = 500;
const folder = temporaryFolder();
const strings = path.join(folder, 'strings.rdb');
const mixed = path.join(folder, 'mixed.rdb');
/** Milliseconds since 1970. */
const LATER = 4_000_000_000_000;

/** All strings of databases 0 and 3, with their expiry. */
async function contents(client: Client): Promise<unknown> {
  const all: unknown[] = [];
  for (const db of [0, 3]) {
    await client.command('SELECT', db);
    const keys = ((await client.command('KEYS', '*')) as string[]).sort();
    for (const key of keys) {
      all.push([db, key, await client.command('GET', key), await client.command('PEXPIRETIME', key)]);
    }
  }
  await client.command('SELECT', 0);
  return all;
}

/** What a Redis holds that starts with `file` as its dump. */
async function inRedis<T>(file: string, use: (client: Client) => Promise<T>): Promise<T> {
  const directory = path.join(folder, `redis-${Math.random()}`);
  mkdirSync(directory);
  copyFileSync(file, path.join(directory, 'dump.rdb'));
  const redis = await startRedis(['--dir', directory]);
  const client = await redis.client();
  const result = await use(client);
  client.destroy();
  await redis.close();
  return result;
}

let expected: unknown;

describeWithRedis('files of a real Redis', () => {
  beforeAll(async () => {
    const redis = await startRedis(['--dir', folder]);
    const client = await redis.client();
    for (let i = 0; i < KEYS; i++) {
      const words = i % 3 === 0 ? ['PXAT', LATER + i] : [];
      await client.command('SET', `key:${i}`, i % 2 === 0 ? i : `value ${'ab'.repeat(i)}`, ...words);
    }
    await client.command('SET', 'large', '0123456789'.repeat(300_000));
    await client.command('SET', 'bytes\0\xff', '\r\n\0\xfe');
    await client.command('SELECT', 3);
    for (let i = 0; i < KEYS; i++) await client.command('SET', `three:${i}`, `${i}`);
    await client.command('SAVE');
    copyFileSync(path.join(folder, 'dump.rdb'), strings);
    expected = await contents(client);
    await client.command('RPUSH', 'a list', 'x');
    await client.command('HSET', 'a hash', 'x', 'y');
    await client.command('SAVE');
    copyFileSync(path.join(folder, 'dump.rdb'), mixed);
    client.destroy();
    await redis.close();
  });

  test.each([1, 3])('are there at once in a server with %i shards', async (shards) => {
    const directory = path.join(folder, `into-${shards}`);
    const { code, stdout } = await runToEnd([
      'import',
      strings,
      '--dir',
      directory,
      '--shards',
      String(shards),
    ]);
    expect(stdout).toContain(`${(2 * KEYS + 2).toLocaleString('en-US')} keys from`);
    expect(code).toBe(0);
    expect(await runToEnd(['check', directory])).toMatchObject({ code: 0 });
    const bases = readdirSync(directory).filter((name) => name.startsWith('base'));
    expect(bases).toHaveLength(shards);
    expect(await withServer(directory, shards, contents)).toEqual(expected);
    // It is the log of this server already: nothing had to be divided anew.
    expect(readdirSync(directory).filter((name) => name.startsWith('base'))).toEqual(bases);
    // With other shards too.
    expect(await withServer(directory, 2, contents)).toEqual(expected);
  });

  test('go on as any data directory does', async () => {
    const directory = path.join(folder, 'goes-on');
    await runToEnd(['import', strings, '--dir', directory, '--shards', '2']);
    await withServer(directory, 2, (client) => client.command('SET', 'later', 'x'));
    expect(await withServer(directory, 2, (client) => client.command('GET', 'later'))).toBe('x');
  });

  test('with other types are refused, or taken without them', async () => {
    const directory = path.join(folder, 'mixed');
    const refused = await runToEnd(['import', mixed, '--dir', directory]);
    expect(refused.stderr).toMatch(/it has a (list|hash) at the key "a (list|hash)"/);
    expect(refused.code).toBe(1);
    expect(readdirSync(directory)).toEqual([]);
    const { code, stdout } = await runToEnd([
      'import',
      mixed,
      '--dir',
      directory,
      '--skip-unsupported',
      '--shards',
      '2',
    ]);
    expect(stdout).toContain('left out: 1 list');
    expect(stdout).toContain('left out: 1 hash');
    expect(code).toBe(0);
    expect(await withServer(directory, 2, contents)).toEqual(expected);
  });

  test('replace what is there only when they are told to', async () => {
    const directory = path.join(folder, 'taken');
    await withServer(directory, 2, (client) => client.command('SET', 'mine', 'x'));
    const refused = await runToEnd(['import', strings, '--dir', directory, '--shards', '2']);
    expect(refused.stderr).toContain('holds data already');
    expect(refused.code).toBe(1);
    expect(await withServer(directory, 2, (client) => client.command('GET', 'mine'))).toBe('x');
    const { code } = await runToEnd(['import', strings, '--dir', directory, '--shards', '2', '--replace']);
    expect(code).toBe(0);
    expect(await withServer(directory, 2, contents)).toEqual(expected);
  });

  test('that are damaged, or no such files, leave the directory as it is', async () => {
    const directory = path.join(folder, 'stays');
    await withServer(directory, 2, (client) => client.command('SET', 'mine', 'x'));
    const bad = path.join(folder, 'bad.rdb');
    copyFileSync(strings, bad);
    flip(bad, 5000);
    for (const spoil of [() => {}, () => truncateSync(bad, 4000), () => writeFileSync(bad, 'text')]) {
      spoil();
      const { code, stderr } = await runToEnd([
        'import',
        bad,
        '--dir',
        directory,
        '--replace',
        '--shards',
        '2',
      ]);
      expect(stderr).toContain('bad.rdb: RDB damaged at byte');
      expect(code).toBe(1);
    }
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(await runToEnd(['import', path.join(folder, 'none'), '--dir', directory])).toMatchObject({
      code: 2,
    });
    expect(await withServer(directory, 2, (client) => client.command('GET', 'mine'))).toBe('x');
  });

  test('come out again as Redis loads them', async () => {
    const directory = path.join(folder, 'out');
    await runToEnd(['import', strings, '--dir', directory, '--shards', '3']);
    const changed = await withServer(directory, 3, async (client) => {
      await client.command('APPEND', 'key:1', 'more');
      await client.command('DEL', 'key:2');
      await client.command('PERSIST', 'key:3');
      await client.command('SETRANGE', 'large', 2_000_000, 'in the middle');
      await client.command('MSET', 'a', '1', 'b', '2', 'c', '3', 'd', '4');
      return contents(client);
    });
    const file = path.join(folder, 'exported.rdb');
    const { code, stdout } = await runToEnd(['export', file, '--dir', directory]);
    expect(stdout).toMatch(/keys to .* keys\/s/);
    expect(code).toBe(0);
    expect(await inRedis(file, contents)).toEqual(changed);
    const again = await runToEnd(['export', file, '--dir', directory]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') });
    expect(await runToEnd(['export', file, '--dir', directory, '--replace'])).toMatchObject({ code: 0 });
  });
});

test('of what is damaged, or in use, nothing is exported', async () => {
  const directory = path.join(folder, 'damaged');
  const file = path.join(folder, 'never.rdb');
  const server = await startOn(directory, 1);
  const client = await server.client();
  for (let i = 0; i < 20; i++) await client.command('SET', `key:${i}`, 'x');
  expect(await runToEnd(['export', file, '--dir', directory])).toMatchObject({ code: 2 });
  client.destroy();
  await server.close();
  const log = readdirSync(directory).find((name) => name.startsWith('wal'))!;
  flip(path.join(directory, log), 64 + 50);
  const { code, stderr } = await runToEnd(['export', file, '--dir', directory]);
  expect(stderr).toContain(`${log} is damaged at byte 64`);
  expect(code).toBe(1);
  expect(existsSync(file)).toBe(false);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(readFileSync(path.join(directory, log)).length).toBeGreaterThan(0);
});
