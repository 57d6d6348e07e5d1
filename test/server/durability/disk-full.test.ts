/** A disk without room: a small file system of its own, which only root can make. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, ReplyError, type Word } from '../../support/client.ts';
import { until } from '../waiting.ts';
import { Kept, runAll, untilIdle } from './kept.ts';

const MB = 1024 * 1024;
const DISK_BYTES = 12 * MB;

function mount(directory: string): boolean {
  const words = ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', directory];
  return process.platform === 'linux' && spawnSync('mount', words, { stdio: 'ignore' }).status === 0;
}

function unmount(directory: string): void {
  spawnSync('umount', [directory], { stdio: 'ignore' });
}

function canMount(): boolean {
  const directory = mkdtempSync(path.join(tmpdir(), 'shardis-mount-'));
  const isMounted = mount(directory);
  if (isMounted) unmount(directory);
  rmSync(directory, { recursive: true });
  return isMounted;
}

const isPossible = canMount();
const title = isPossible ? 'a full disk' : 'a full disk (skipped: file systems cannot be mounted here)';

describe.skipIf(!isPossible)(title, () => {
  let directory: string;
  let kept: Kept;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'shardis-full-'));
    expect(mount(directory)).toBe(true);
    kept = new Kept({ shards: 2, directory });
  });
  afterEach(async () => {
    await kept.remove();
    unmount(directory);
    rmSync(directory, { recursive: true, force: true });
  });

  function leave(bytes: number): void {
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(kept.file('filler'), Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
  }

  function makeRoom(): void {
    rmSync(kept.file('filler'));
  }

  const LOG_FULL =
    /^MISCONF Errors writing to the AOF file: cannot extend .*: no space left on device \(ENOSPC\)$|^MISCONF Errors writing to the AOF file: .*ENOSPC/;

  /** Writes until one write is refused. Resolves with how many were not. */
  async function writeUntilRefused(client: Client, prefix: string): Promise<number> {
    for (let i = 0; ; i++) {
      const reply = await client.command('SET', `${prefix}:${i}`, Buffer.alloc(100_000, `${i} `));
      if (reply !== 'OK') {
        expect((reply as ReplyError).message).toMatch(LOG_FULL);
        return i;
      }
      expect(i).toBeLessThan(1000);
    }
  }

  async function untilWritable(client: Client): Promise<void> {
    await until('writes are taken again', async () => {
      const replies = await client.pipeline(
        Array.from({ length: 20 }, (_, i): Word[] => ['SET', `probe:${i}`, 1]),
      );
      return replies.every((reply) => reply === 'OK');
    });
  }

  test.each(['always', 'everysec'])(
    'refuses writes until there is room, with appendfsync %s',
    async (policy) => {
      const args = ['--appendfsync', policy];
      const client = await kept.start(2, args);
      await runAll(client, [
        ...Array.from({ length: 20_000 }, (_, i): Word[] => [
          'SET',
          `brief:${i}:${'x'.repeat(100)}`,
          'v',
          'PX',
          1000,
        ]),
        ['SET', 'counter', 1],
      ]);
      leave(MB);
      const taken = await writeUntilRefused(client, 'a');
      expect(await client.command('STRLEN', 'a:0')).toBe(100_000);
      const names = Array.from({ length: 20_000 }, (_, i) => `brief:${i}:${'x'.repeat(100)}`);
      await until('all of them have expired', async () => (await client.command('EXISTS', ...names)) === 0);
      expect(await client.command('DEL', 'a:0')).toBeInstanceOf(ReplyError);
      expect(await kept.field('aof_last_write_status')).toBe('err');
      // Nor is there room for new bases, which leave nothing behind.
      const before = kept.files();
      await client.command('BGREWRITEAOF');
      await untilIdle(client);
      expect(await kept.field('aof_last_bgrewrite_status')).toBe('err');
      expect(kept.files(/^base-/)).toEqual(before.filter((name) => name.startsWith('base-')));
      makeRoom();
      await untilWritable(client);
      expect(await kept.field('aof_last_write_status')).toBe('ok');
      expect(await client.command('INCR', 'counter')).toBe(2);
      expect(await kept.field('shard_restarts')).toBe('0');
      await kept.kill();
      const again = await kept.start(2, args);
      expect(await again.command('GET', 'counter')).toBe('2');
      for (let i = 0; i < taken; i++) expect(await again.command('STRLEN', `a:${i}`)).toBe(100_000);
      expect(await again.command('EXISTS', `a:${taken}`)).toBe(0);
      expect(await again.command('DBSIZE')).toBe(taken + 21);
    },
  );

  test('a killed server starts on a full disk, and reads', async () => {
    await kept.start();
    leave(MB);
    const taken = await writeUntilRefused(kept.client, 'a');
    await kept.kill();
    leave(0);
    await kept.start();
    expect(await kept.client.command('DBSIZE')).toBe(taken);
    makeRoom();
    await untilWritable(kept.client);
  });

  test('fails a dump without leaving anything, and stops writes until one succeeds', async () => {
    const client = await kept.start(2, ['--appendonly', 'no', '--save', '3600 1']);
    await runAll(
      client,
      Array.from({ length: 30 }, (_, i) => ['SET', `key:${i}`, randomBytes(100_000)]),
    );
    leave(MB);
    expect(await client.command('BGSAVE')).toBe('Background saving started');
    await untilIdle(client);
    expect(await kept.field('rdb_last_bgsave_status')).toBe('err');
    expect(kept.files()).toEqual(['filler', 'shardis.lock']);
    const refusal = (await client.command('SET', 'a', 1)) as ReplyError;
    expect(refusal.message).toMatch(
      /^MISCONF Redis is configured to save RDB snapshots, but it's currently unable/,
    );
    expect(await client.command('STRLEN', 'key:0')).toBe(100_000);
    makeRoom();
    expect(await client.command('BGSAVE')).toBe('Background saving started');
    await untilIdle(client);
    expect(await kept.field('rdb_last_bgsave_status')).toBe('ok');
    expect(await client.command('SET', 'a', 1)).toBe('OK');
    expect(kept.files()).toEqual(['dump.rdb', 'shardis.lock']);
    await kept.kill();
    await kept.start(1, ['--appendonly', 'no']);
    expect(await kept.client.command('DBSIZE')).toBe(30);
  });
});
