/** What a snapshot has, and what a killed server has, is the state of all shards at one moment. */
import { copyFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../support/client.ts';
import { Random, seedFrom } from '../../support/random.ts';
import { requirePeer, startRedis } from '../../support/server.ts';
import { Kept, untilIdle } from './kept.ts';

const SHARDS = 3;
const ACCOUNTS = 24;
const START = 1000;
const TOTAL = ACCOUNTS * START;
const CLIENTS = 4;
const seed = seedFrom('DURABILITY_SEED');

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

function account(index: number): string {
  return `account:${index}`;
}

/** Each client has accounts of its own, on all shards, and moves amounts between them, one MSET a transfer. */
async function open(client: Client): Promise<void> {
  const pairs = Array.from({ length: ACCOUNTS }, (_, i) => [account(i), START]).flat();
  expect(await client.command('MSET', ...pairs)).toBe('OK');
  const filler = Array.from({ length: 4000 }, (_, i) => [`filler:${i}`, 'x'.repeat(100)]).flat();
  expect(await client.command('MSET', ...filler)).toBe('OK');
}

/** Transfers until the connection ends or `isOver`. Resolves with how many were acknowledged. */
async function transfer(client: Client, own: number, isOver: () => boolean): Promise<number> {
  const random = new Random(seed + own);
  const balances = new Map<number, number>();
  for (let i = own; i < ACCOUNTS; i += CLIENTS) balances.set(i, START);
  const mine = [...balances.keys()];
  const replies = await client.command('MGET', ...mine.map(account)).catch(() => undefined);
  if (!Array.isArray(replies)) return 0;
  mine.forEach((index, at) => {
    balances.set(index, Number(replies[at]));
  });
  let count = 0;
  while (!isOver()) {
    const transfers = Array.from({ length: 8 }, () => {
      const amount = random.below(100);
      const from = random.pick(mine);
      const to = random.pick(mine.filter((each) => each !== from));
      balances.set(from, balances.get(from)! - amount);
      balances.set(to, balances.get(to)! + amount);
      const third = random.pick(mine.filter((each) => each !== from && each !== to));
      // Long values, so that lanes are full in the middle of a write.
      const pad = random.oneIn(8) ? ['pad:a', 'x'.repeat(15_000), 'pad:b', 'y'.repeat(15_000)] : [];
      const words = [from, to, third].flatMap((each) => [account(each), String(balances.get(each))]);
      return ['MSET', ...words, ...pad];
    });
    const replies = await client.pipeline(transfers).catch(() => undefined);
    if (replies === undefined) break;
    expect(new Set(replies)).toEqual(new Set(['OK']));
    count += replies.length;
  }
  return count;
}

async function sumOf(client: Client): Promise<number> {
  const names = Array.from({ length: ACCOUNTS }, (_, i) => account(i));
  const values = (await client.command('MGET', ...names)) as string[];
  return values.reduce((sum, value) => sum + Number(value), 0);
}

test('dumps, bases and what a kill leaves have the right sum', async (context) => {
  requirePeer(context);
  const args = ['--lane-size', '64kb', '--wal-segment-size', '1mb', '--save', ''];
  const dumps: string[] = [];
  let acknowledged = 0;
  await kept.start(SHARDS, args);
  await open(kept.client);
  for (let round = 0; round < 3; round++) {
    let isOver = false;
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => kept.server.client()));
    const transfers = clients.map((client, own) => transfer(client, own, () => isOver));
    for (let snapshot = 0; snapshot < 3; snapshot++) {
      expect(await kept.client.command('BGSAVE')).toBe('Background saving started');
      await untilIdle(kept.client);
      expect(await kept.field('rdb_last_bgsave_status')).toBe('ok');
      const copy = kept.file(`copy-${dumps.length}.rdb`);
      copyFileSync(kept.file('dump.rdb'), copy);
      dumps.push(copy);
      await kept.rewrite();
    }
    // The last one is cut off by the kill, or has just ended.
    await kept.client.command(round % 2 === 0 ? 'BGREWRITEAOF' : 'BGSAVE');
    await kept.kill();
    isOver = true;
    for (const count of await Promise.all(transfers)) acknowledged += count;
    await kept.start(SHARDS, args);
    expect(await sumOf(kept.client)).toBe(TOTAL);
  }
  expect(acknowledged).toBeGreaterThan(500);
  await kept.kill();
  await kept.start(1);
  expect(await sumOf(kept.client)).toBe(TOTAL);

  const redis = await startRedis(['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes']);
  const theirs = await redis.client();
  for (const dump of dumps) {
    expect(await theirs.command('CONFIG', 'SET', 'dir', path.dirname(dump))).toBe('OK');
    await theirs.command('CONFIG', 'SET', 'dbfilename', path.basename(dump));
    expect(await theirs.command('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    expect([dump, await sumOf(theirs)]).toEqual([dump, TOTAL]);
  }
  await redis.close();
  const second = new Kept();
  renameSync(dumps.at(-1)!, second.file('dump.rdb'));
  expect(await sumOf(await second.start(2, ['--appendonly', 'no']))).toBe(TOTAL);
  await second.remove();
});
