/** A snapshot has sets as they were at its moment, also large ones that change while it is written; and what is logged is what was done. */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../support/client.ts';
import { Random, seedFrom } from '../../support/random.ts';
import { requirePeer, startRedis } from '../../support/server.ts';
import { Kept, runAll, untilIdle } from './kept.ts';

const SHARDS = 3;
/** Large ones, and for each a small one: of integers, and of other members. */
const SETS = Array.from({ length: 9 }, (_, i) => `set:${i}`);
const seed = seedFrom('DURABILITY_SEED');

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

function membersOf(set: string, own: number): string[] {
  const count = own % 3 === 0 ? 8000 : 100;
  return Array.from({ length: count }, (_, i) =>
    own % 3 === 1 ? String(own * 1_000_000 + i) : `${set}:${i}:${'x'.repeat(i % 40)}`,
  );
}

async function fill(client: Client): Promise<number> {
  let total = 0;
  for (const [own, set] of SETS.entries()) {
    const members = membersOf(set, own);
    total += members.length;
    for (let from = 0; from < members.length; from += 1000) {
      await runAll(client, [['SADD', set, ...members.slice(from, from + 1000)]]);
    }
  }
  return total;
}

/** Moves members between sets of all shards until it is over. No member comes or goes. */
async function move(client: Client, own: number, isOver: () => boolean): Promise<number> {
  const random = new Random(seed + own);
  let moves = 0;
  while (!isOver()) {
    const from = random.pick(SETS);
    const some = await client.command('SRANDMEMBER', from, 20).catch(() => undefined);
    if (some === undefined) break;
    const commands = (some as string[]).map((member) => ['SMOVE', from, random.pick(SETS), member]);
    const replies = await client.pipeline(commands).catch(() => undefined);
    if (replies === undefined) break;
    for (const reply of replies) expect(typeof reply).toBe('number');
    moves += replies.length;
  }
  return moves;
}

/** Throws unless each member is there once. */
async function expectAll(client: Client, total: number): Promise<void> {
  const found = new Set<string>();
  let count = 0;
  for (const set of SETS) {
    const members = (await client.command('SMEMBERS', set)) as string[];
    count += members.length;
    for (const member of members) found.add(member);
  }
  expect([count, found.size]).toEqual([total, total]);
}

test('dumps, bases and what a kill leaves have each member once', async (context) => {
  requirePeer(context);
  await kept.start(SHARDS, ['--save', '']);
  const total = await fill(kept.client);
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
  await expectAll(kept.client, total);
  await kept.kill();
  await kept.start(2);
  await expectAll(kept.client, total);

  const redis = await startRedis(['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes']);
  const theirs = await redis.client();
  for (const dump of dumps) {
    expect(await theirs.command('CONFIG', 'SET', 'dir', path.dirname(dump))).toBe('OK');
    await theirs.command('CONFIG', 'SET', 'dbfilename', path.basename(dump));
    expect(await theirs.command('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    await expectAll(theirs, total);
  }
  await redis.close();
});

test('what was chosen at random is the same after a restart', async () => {
  await kept.start(SHARDS, ['--save', '']);
  await fill(kept.client);
  const { client } = kept;
  for (const set of SETS) {
    await runAll(client, [
      ['SPOP', set],
      ['SPOP', set, 7],
      ['SPOP', set, 60],
      ['SADD', set, 'new', 'x'.repeat(5000), '-70000'],
      ['SREM', set, 'none'],
      ['SUNIONSTORE', `copy of ${set}`, set, SETS[0]!],
      ['SDIFFSTORE', `part of ${set}`, SETS[3]!, set],
    ]);
  }
  await client.command('SPOP', SETS[0]!, 7000);
  await client.command('SPOP', SETS[8]!, 100_000);
  const digest = await client.command('DEBUG', 'DIGEST');
  await kept.kill();
  await kept.start(SHARDS);
  expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);
  expect(await kept.client.command('EXISTS', SETS[8]!)).toBe(0);
  await kept.rewrite();
  await kept.kill();
  await kept.start(2);
  expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);
});
