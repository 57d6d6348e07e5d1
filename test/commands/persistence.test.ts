import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';
import { describeServed, error, SYNTAX_ERROR, wrongArity } from './served.ts';

async function info(run: (...words: string[]) => Promise<unknown>): Promise<Record<string, string>> {
  const text = String(await run('INFO', 'persistence'));
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(lines.map((line) => line.split(':', 2)));
}

describeServed('snapshots', ({ run }) => {
  const field = async (name: string) => (await info(run))[name];
  const noneRuns = () =>
    expect
      .poll(async () => [await field('rdb_bgsave_in_progress'), await field('aof_rewrite_in_progress')])
      .toEqual(['0', '0']);

  beforeEach(noneRuns);

  test('SAVE answers OK and counts', async () => {
    const before = Number(await field('rdb_saves'));
    await run('SET', 'key', 'value');
    expect(await run('SAVE')).toBe('OK');
    expect(await field('rdb_saves')).toBe(String(before + 1));
    expect(await run('SAVE', 'x')).toEqual(wrongArity('save'));
  });

  test('LASTSAVE answers when that was, and grows', async () => {
    const nowSeconds = Date.now() / 1000;
    const before = Number(await run('LASTSAVE'));
    expect(Math.abs(before - nowSeconds)).toBeLessThan(60);
    await expect
      .poll(
        async () => {
          await run('SAVE');
          return Number(await run('LASTSAVE'));
        },
        { timeout: 5000 },
      )
      .toBeGreaterThan(before);
    expect(await field('rdb_last_save_time')).toBe(String(await run('LASTSAVE')));
  });

  test('BGSAVE begins one, and INFO tells how it went', async () => {
    expect(await run('BGSAVE')).toBe('Background saving started');
    await noneRuns();
    expect(await field('rdb_last_bgsave_status')).toBe('ok');
    expect(Number(await field('rdb_last_bgsave_time_sec'))).toBeGreaterThanOrEqual(0);
    expect(await run('BGSAVE', 'SCHEDULE')).toBe('Background saving started');
    expect(await run('BGSAVE', 'later')).toEqual(SYNTAX_ERROR);
  });

  test('BGREWRITEAOF begins new bases', async () => {
    const before = Number(await field('aof_rewrites'));
    expect(await run('BGREWRITEAOF')).toBe('Background append only file rewriting started');
    await noneRuns();
    expect(await field('aof_last_bgrewrite_status')).toBe('ok');
    expect(await field('aof_rewrites')).toBe(String(before + 1));
    expect(await run('CONFIG', 'RESETSTAT')).toBe('OK');
    expect(await field('aof_rewrites')).toBe('0');
    expect(await field('rdb_saves')).toBe('0');
  });
});

describe('files', () => {
  let directory: string;
  let servers: RunningServer[];
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'shardis-dumps-'));
    servers = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  });

  async function start(...args: string[]): Promise<[Client, RunningServer]> {
    const server = await startServer({
      shards: 2,
      args: ['--dir', directory, '--enable-debug-command', 'yes', '--appendonly', 'no', ...args],
    });
    servers.push(server);
    return [await server.client(), server];
  }

  /** Makes dumps fail: nothing can take the place of a folder that is not empty. */
  function spoil(): void {
    mkdirSync(path.join(directory, 'dump.rdb', 'x'), { recursive: true });
  }

  function mend(): void {
    rmSync(path.join(directory, 'dump.rdb'), { recursive: true });
  }

  async function failDump(client: Client): Promise<void> {
    spoil();
    expect(await client.command('BGSAVE')).toBe('Background saving started');
    await expect
      .poll(
        async () => (await info((...words) => client.command(...(words as [string])))).rdb_last_bgsave_status,
      )
      .toBe('err');
  }

  const MISCONF = error(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.",
  );

  test('SAVE writes the dump that the next server has', async () => {
    const [client, server] = await start();
    for (let i = 0; i < 100; i++) await client.command('SET', `key:${i}`, i);
    expect(await client.command('SAVE')).toBe('OK');
    expect(statSync(path.join(directory, 'dump.rdb')).size).toBeGreaterThan(100);
    client.send('SHUTDOWN NOSAVE\r\n');
    await server.exited;
    const [second] = await start();
    expect(await second.command('DBSIZE')).toBe(100);
    expect(await second.command('GET', 'key:42')).toBe('42');
  });

  test('changes are counted until they are saved', async () => {
    const [client] = await start();
    const changes = async () =>
      (await info((...words) => client.command(...(words as [string])))).rdb_changes_since_last_save;
    await client.pipeline([
      ['SET', 'a', 1],
      ['SET', 'b', 2],
      ['DEL', 'a'],
    ]);
    await expect.poll(changes).toBe('3');
    await client.command('SAVE');
    expect(await changes()).toBe('0');
  });

  test.each([['SIGTERM', '--save', '3600', '1'], ['SHUTDOWN SAVE']])(
    '%s writes a dump before the end',
    async (how, ...args) => {
      const [client, server] = await start(...args);
      await client.command('SET', 'key', 'value');
      if (how === 'SIGTERM') process.kill(server.pid, 'SIGTERM');
      else client.send(`${how}\r\n`);
      expect(await server.exited).toEqual({ code: 0 });
      expect(existsSync(path.join(directory, 'dump.rdb'))).toBe(true);
    },
  );

  test('a dump that fails stops writes and PING until one succeeds', async () => {
    const [client] = await start('--save', '3600', '1');
    await client.command('SET', 'key', 'value');
    await failDump(client);
    expect(await client.command('SET', 'key', 'other')).toEqual(MISCONF);
    expect(await client.command('PING')).toEqual(MISCONF);
    expect(await client.command('GET', 'key')).toBe('value');
    expect(await client.command('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no')).toBe('OK');
    expect(await client.command('SET', 'key', 'other')).toBe('OK');
    expect(await client.command('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes')).toBe('OK');
    expect(await client.command('PING')).toEqual(MISCONF);
    expect(await client.command('SAVE')).toEqual(error('ERR'));
    mend();
    expect(await client.command('SAVE')).toBe('OK');
    expect(await client.command('PING')).toBe('PONG');
  });

  test('a dump that fails keeps the server, unless FORCE is given', async () => {
    const [client, server] = await start();
    spoil();
    expect(await client.command('SHUTDOWN', 'SAVE')).toEqual(
      error('ERR Errors trying to SHUTDOWN. Check logs.'),
    );
    expect(await client.command('SET', 'key', 'value')).toBe('OK');
    client.send('SHUTDOWN SAVE FORCE\r\n');
    expect(await server.exited).toEqual({ code: 0 });
  });

  test('DEBUG RELOAD keeps what is there; NOSAVE goes back to the dump', async () => {
    const [client] = await start();
    await client.pipeline([
      ['SET', 'a', 1],
      ['SET', 'b', 2, 'PX', 1e9],
      ['SETBIT', 'c', 7, 1],
    ]);
    const digest = await client.command('DEBUG', 'DIGEST');
    expect(await client.command('DEBUG', 'RELOAD')).toBe('OK');
    expect(await client.command('DEBUG', 'DIGEST')).toBe(digest);
    await client.pipeline([
      ['SET', 'a', 'x'],
      ['SET', 'd', 'y'],
    ]);
    expect(await client.command('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    expect(await client.command('DEBUG', 'DIGEST')).toBe(digest);
    await client.pipeline([
      ['SET', 'a', 'x'],
      ['SET', 'd', 'y'],
    ]);
    expect(await client.command('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE')).toBe('OK');
    expect(await client.command('MGET', 'a', 'd')).toEqual(['1', 'y']);
    rmSync(path.join(directory, 'dump.rdb'));
    spoil();
    expect(await client.command('DEBUG', 'RELOAD', 'NOSAVE')).toEqual(
      error('ERR Error trying to load the RDB dump, check server logs.'),
    );
    mend();
  });

  test('DEBUG LOADAOF keeps what is there, with a log that was switched on while the server ran', async () => {
    const [client] = await start();
    await client.command('SET', 'before', 1);
    expect(await client.command('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
    await client.command('SET', 'after', 2);
    const fields = () => info((...words) => client.command(...(words as [string])));
    await expect.poll(async () => (await fields()).aof_rewrite_in_progress).toBe('0');
    expect(await client.command('DEBUG', 'LOADAOF')).toBe('OK');
    expect(await client.command('MGET', 'before', 'after')).toEqual(['1', '2']);
    const { aof_enabled, aof_current_size, wal_shard0, wal_shard1 } = await fields();
    expect(aof_enabled).toBe('1');
    expect(Number(aof_current_size)).toBeGreaterThan(0);
    expect(wal_shard0).toMatch(/^wal_bytes=\d+,base_bytes=\d+,segments=\d+,last_sync_ms=[\d.]+,status=ok$/);
    expect(wal_shard1).toContain('status=ok');
    expect(await client.command('CONFIG', 'SET', 'appendonly', 'no')).toBe('OK');
    expect((await fields()).aof_enabled).toBe('0');
  });
});
