/** A snapshot has lists as they were at its moment, also long ones that change while it is written. */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../support/client.ts';
import { Random, seedFrom } from '../../support/random.ts';
import { requirePeer, startRedis } from '../../support/server.ts';
import { Kept, runAll, untilIdle } from './kept.ts';

const SHARDS = 3;
const LISTS = Array.from({ length: 6 }, (_, i) => `list:${i}`);
const PER_LIST = 8000;
const seed = seedFrom('DURABILITY_SEED');

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

async function fill(client: Client): Promise<void> {
  for (const list of LISTS) {
    for (let from = 0; from < PER_LIST; from += 1000) {
      const elements = Array.from({ length: 1000 }, (_, i) => `${list}:${from + i}:${'x'.repeat(i % 90)}`);
      await runAll(client, [['RPUSH', list, ...elements]]);
    }
  }
}

/** Moves elements between lists of all shards, and turns lists, until it is over. No element comes or goes. */
async function move(client: Client, own: number, isOver: () => boolean): Promise<number> {
  const random = new Random(seed + own);
  const end = () => (random.oneIn(2) ? 'LEFT' : 'RIGHT');
  let moves = 0;
  while (!isOver()) {
    const commands = Array.from({ length: 20 }, () => [
      ...['LMOVE', random.pick(LISTS), random.pick(LISTS), end(), end()],
    ]);
    const replies = await client.pipeline(commands).catch(() => undefined);
    if (replies === undefined) break;
    for (const reply of replies) expect(typeof reply === 'string' || reply === null).toBe(true);
    moves += replies.length;
  }
  return moves;
}

/** Throws unless each element is there once. */
async function expectAll(client: Client): Promise<void> {
  const found = new Set<string>();
  let count = 0;
  for (const list of LISTS) {
    const elements = (await client.command('LRANGE', list, 0, -1)) as string[];
    count += elements.length;
    for (const element of elements) found.add(element);
  }
  expect([count, found.size]).toEqual([LISTS.length * PER_LIST, LISTS.length * PER_LIST]);
}

test('dumps, bases and what a kill leaves have each element once', async (context) => {
  requirePeer(context);
  await kept.start(SHARDS, ['--save', '']);
  await fill(kept.client);
  let isOver = false;
  const clients = await Promise.all([0, 1, 2].map(() => kept.server.client()));
  const movers = clients.map((client, own) => move(client, own, () => isOver));
  const dumps: string[] = [];
  for (let i = 0; i < 2; i++) {
    expect(await kept.client.command('BGSAVE')).toBe('Background saving started');
    await untilIdle(kept.client);
    const copy = kept.file(`copy-${i}.rdb`);
    copyFileSync(kept.file('dump.rdb'), copy);
    dumps.push(copy);
    await kept.rewrite();
  }
  await kept.kill();
  isOver = true;
  const moves = (await Promise.all(movers)).reduce((sum, count) => sum + count, 0);
  expect(moves).toBeGreaterThan(0);
  await kept.start(SHARDS);
  await expectAll(kept.client);
  await kept.kill();
  await kept.start(2);
  await expectAll(kept.client);

  const redis = await startRedis(['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes']);
  const theirs = await redis.client();
  for (const dump of dumps) {
    expect(await theirs.command('CONFIG', 'SET', 'dir', path.dirname(dump))).toBe('OK');
    await theirs.command('CONFIG', 'SET', 'dbfilename', path.basename(dump));
    expect(await theirs.command('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    await expectAll(theirs);
  }
  await redis.close();
});
