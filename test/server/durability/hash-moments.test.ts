/** Hashes on disk: in logs, in dumps while they change, in those of a real Redis; and fields that expire, with their moments. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client, Reply } from '../../support/client.ts';
import type { Random } from '../../support/random.ts';
import { until } from '../waiting.ts';
import { Kept } from './kept.ts';
import { addAll, type Changing, expectOneMoment, SHARDS } from './moments.ts';

const HASHES = Array.from({ length: 8 }, (_, i) => `hash:${i}`);
const PER_HASH = 4000;

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

/** Half of the hashes are large, and half are packed. */
function fieldsOf(own: number): number {
  return own % 2 === 0 ? PER_HASH : 20;
}

/** Amounts move between fields of a hash, both ways at one instant: their sum never changes. */
const hashes: Changing = {
  async fill(client: Client): Promise<void> {
    for (const [own, hash] of HASHES.entries()) {
      const pairs = Array.from({ length: fieldsOf(own) }, (_, i) => [`f${i}`, '100']).flat();
      await addAll(client, 'HSET', hash, pairs);
    }
  },

  change(client: Client, random: Random): Promise<Reply[]> {
    const hash = random.below(HASHES.length);
    const [from, to] = [random.below(fieldsOf(hash)), random.below(fieldsOf(hash))];
    const key = HASHES[hash]!;
    return client.pipeline([
      ['MULTI'],
      ['HINCRBY', key, `f${from}`, '-7'],
      ['HINCRBY', key, `f${to}`, '7'],
      ['HSET', key, 'note', 'x'.repeat(random.below(60))],
      ['HDEL', key, 'note'],
      ['EXEC'],
    ]);
  },

  isReply: (reply) => reply === 'OK' || reply === 'QUEUED' || Array.isArray(reply),

  async expectWhole(client: Client): Promise<void> {
    for (const [own, hash] of HASHES.entries()) {
      const values = (await client.command('HVALS', hash)) as string[];
      expect(values.length).toBe(fieldsOf(own));
      expect(values.reduce((sum, value) => sum + Number(value), 0)).toBe(100 * fieldsOf(own));
    }
  },
};

test('dumps, bases and what a kill leaves have hashes as they were at one moment', (context) =>
  expectOneMoment(context, kept, hashes));

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
