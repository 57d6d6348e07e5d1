/** `shardis export`: a data directory as one file that a real Redis loads. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd } from '../server/processes.ts';
import type { Client } from '../support/client.ts';
import { describeWithRedis, startRedis } from '../support/server.ts';
import { contents, flip, startOn, temporaryFolder, withServer } from './data-directory.ts';

const folder = temporaryFolder();
/** Milliseconds since 1970. */
const LATER = 4_000_000_000_000;

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

describeWithRedis('a data directory', () => {
  test('comes out as Redis loads it', async () => {
    const directory = path.join(folder, 'out');
    await withServer(directory, 2, async (client) => {
      for (let i = 0; i < 300; i++) {
        const words = i % 3 === 0 ? ['PXAT', LATER + i] : [];
        await client.command('SET', `key:${i}`, i % 2 === 0 ? i : `value ${'ab'.repeat(i)}`, ...words);
      }
      await client.command('SET', 'large', '0123456789'.repeat(300_000));
      await client.command('SET', 'bytes\0\xff', '\r\n\0\xfe');
      await client.command('SELECT', 3);
      for (let i = 0; i < 100; i++) await client.command('SET', `three:${i}`, `${i}`);
    });
    // What was written so far is in bases from here on, what follows is in logs.
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
});
