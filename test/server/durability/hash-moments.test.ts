/** Hashes on disk: in logs, in dumps while they change, in those of a real Redis; and fields that expire, with their moments. */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../support/client.ts';
import { Random, seedFrom } from '../../support/random.ts';
import { requirePeer, startRedis } from '../../support/server.ts';
import { until } from '../waiting.ts';
import { Kept, runAll, untilIdle } from './kept.ts';

const SHARDS = 3;
const HASHES = Array.from({ length: 8 }, (_, i) => `hash:${i}`);
const PER_HASH = 4000;
const seed = seedFrom('DURABILITY_SEED');

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

/** Half of the hashes are large, and half are packed. */
function fieldsOf(own: number): number {
  return own % 2 === 0 ? PER_HASH : 20;
}

async function fill(client: Client): Promise<void> {
  for (const [own, hash] of HASHES.entries()) {
    for (let from = 0; from < fieldsOf(own); from += 1000) {
      const count = Math.min(1000, fieldsOf(own) - from);
      const pairs = Array.from({ length: count }, (_, i) => [`f${from + i}`, '100']).flat();
      await runAll(client, [['HSET', hash, ...pairs]]);
    }
  }
}

/** Moves amounts between fields of a hash, both ways at one instant, until it is over: their sum never changes. */
async function transfer(client: Client, own: number, isOver: () => boolean): Promise<number> {
  const random = new Random(seed + own);
  let transfers = 0;
  while (!isOver()) {
    const hash = random.below(HASHES.length);
    const [from, to] = [random.below(fieldsOf(hash)), random.below(fieldsOf(hash))];
    const key = HASHES[hash]!;
    const replies = await client
      .pipeline([
        ['MULTI'],
        ['HINCRBY', key, `f${from}`, '-7'],
        ['HINCRBY', key, `f${to}`, '7'],
        ['HSET', key, 'note', 'x'.repeat(random.below(60))],
        ['HDEL', key, 'note'],
        ['EXEC'],
      ])
      .catch(() => undefined);
    if (replies === undefined) break;
    transfers++;
  }
  return transfers;
}

async function expectSums(client: Client): Promise<void> {
  for (const [own, hash] of HASHES.entries()) {
    const values = (await client.command('HVALS', hash)) as string[];
    expect(values.length).toBe(fieldsOf(own));
    expect(values.reduce((sum, value) => sum + Number(value), 0)).toBe(100 * fieldsOf(own));
  }
}

test('dumps, bases and what a kill leaves have hashes as they were at one moment', async (context) => {
  requirePeer(context);
  await kept.start(SHARDS, ['--save', '']);
  await fill(kept.client);
  let isOver = false;
  const clients = await Promise.all([0, 1, 2].map(() => kept.server.client()));
  const movers = clients.map((client, own) => transfer(client, own, () => isOver));
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
  expect((await Promise.all(movers)).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  await kept.start(SHARDS);
  await expectSums(kept.client);
  await kept.kill();
  await kept.start(2);
  await expectSums(kept.client);
  const digest = await kept.client.command('DEBUG', 'DIGEST');
  expect(await kept.client.command('DEBUG', 'RELOAD')).toBe('OK');
  expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);

  const redis = await startRedis(['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes']);
  const theirs = await redis.client();
  for (const dump of [...dumps, kept.file('dump.rdb')]) {
    expect(await theirs.command('CONFIG', 'SET', 'dir', path.dirname(dump))).toBe('OK');
    await theirs.command('CONFIG', 'SET', 'dbfilename', path.basename(dump));
    expect(await theirs.command('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    await expectSums(theirs);
  }
  expect(await theirs.command('DEBUG', 'DIGEST')).toBe(digest);
  await redis.close();
});

test('the log and dumps keep the moments of fields; those that come meanwhile take the fields', async () => {
  const client = await kept.start(SHARDS, ['--save', '']);
  const keys = Array.from({ length: 12 }, (_, i) => `h:${i}`);
  const many = Array.from({ length: 600 }, (_, i) => [`f${i}`, 'v']).flat();
  for (const [i, key] of keys.entries()) {
    await client.command('HSET', key, 'a', 1, 'b', 2, 'c', 3, ...(i % 2 === 0 ? many : []));
    await client.command('HPEXPIREAT', key, 4e12 + i, 'FIELDS', 1, 'a');
    await client.command('HPEXPIRE', key, 300, 'FIELDS', 1, 'b');
  }
  await client.command('HSET', 'goes', 'a', 1);
  await client.command('HPEXPIRE', 'goes', 300, 'FIELDS', 1, 'a');
  const told = () =>
    Promise.all(keys.map((key) => kept.client.command('HPEXPIRETIME', key, 'FIELDS', 3, 'a', 'b', 'c')));
  await kept.kill();
  await kept.start(SHARDS, ['--save', '']);
  await until(
    'what was due while it was down goes',
    async () => (await kept.client.command('EXISTS', 'goes')) === 0,
  );
  await until('of all', async () => (await told()).every((moments) => (moments as number[])[1] === -2));
  const expected = keys.map((_, i) => [4e12 + i, -2, -1]);
  expect(await told()).toEqual(expected);
  const digest = await kept.client.command('DEBUG', 'DIGEST');
  await kept.kill();
  await kept.start(2, ['--save', '']);
  expect(await told()).toEqual(expected);
  expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);
  await kept.rewrite();
  expect(await kept.client.command('DEBUG', 'RELOAD')).toBe('OK');
  await kept.kill();
  await kept.start(SHARDS);
  expect(await told()).toEqual(expected);
  expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);
  await kept.client.command('HPERSIST', keys[0]!, 'FIELDS', 1, 'a');
  expect(await kept.client.command('DEBUG', 'DIGEST')).not.toBe(digest);
});

test('nobody sees fields whose moment has come, although nothing removes them', async () => {
  const client = await kept.start(SHARDS);
  await client.command('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await client.command('HSET', 'h', 'gone', 1, 'stays', 2);
  await client.command('HSET', 'all', 'gone', 1);
  for (const key of ['h', 'all']) await client.command('HPEXPIRE', key, 5, 'FIELDS', 1, 'gone');
  const dueAtMs = Date.now() + 10;
  await until('they have expired', () => Date.now() > dueAtMs);
  // Only their number tells that they are still there.
  expect(await client.command('HLEN', 'h')).toBe(2);
  expect(await client.command('HGETALL', 'h')).toEqual(['stays', '2']);
  expect(await client.command('HLEN', 'h')).toBe(1);
  expect(await client.command('HGET', 'all', 'gone')).toBeNull();
  expect(await client.command('EXISTS', 'all')).toBe(0);
});
