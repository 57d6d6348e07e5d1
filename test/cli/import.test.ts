/** `shardis import`, with files of a real Redis. */
import { copyFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runToEnd } from '../server/processes.ts';
import { describeWithRedis, startRedis } from '../support/server.ts';
import { contents, flip, temporaryFolder, withServer } from './data-directory.ts';

const KEYS = 500;
const folder = temporaryFolder();
const strings = path.join(folder, 'strings.rdb');
const mixed = path.join(folder, 'mixed.rdb');
/** Milliseconds since 1970. */
const LATER = 4_000_000_000_000;

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
    const library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    await client.command('FUNCTION', 'LOAD', library);
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

  test('with what is not kept are refused, or taken without it', async () => {
    const directory = path.join(folder, 'mixed');
    const refused = await runToEnd(['import', mixed, '--dir', directory]);
    expect(refused.stderr).toContain('it has a library of functions');
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
    expect(stdout).toContain('left out: 1 function library');
    expect(code).toBe(0);
    const list = await withServer(directory, 2, async (client) => {
      const elements = await client.command('LRANGE', 'a list', 0, -1);
      await client.command('DEL', 'a list');
      return elements;
    });
    expect(list).toEqual(['x']);
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
});
