/** Sorted sets on disk: in logs, in dumps while they change, and in those that a real Redis loads. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client, Reply, Word } from '../../support/client.ts';
import type { Random } from '../../support/random.ts';
import { Kept, runAll } from './kept.ts';
import { addAll, type Changing, expectOneMoment, SHARDS } from './moments.ts';

const SETS = Array.from({ length: 8 }, (_, i) => `zset:${i}`);
const PER_SET = 4000;

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

/** Half of them are large, and half are packed. */
function membersOf(own: number): number {
  return own % 2 === 0 ? PER_SET : 20;
}

/** Amounts move between members, both ways at one instant: the sum of the scores never changes. */
const sortedSets: Changing = {
  async fill(client: Client): Promise<void> {
    for (const [own, set] of SETS.entries()) {
      const pairs = Array.from({ length: membersOf(own) }, (_, i) => ['100', `m${i}`]).flat();
      await addAll(client, 'ZADD', set, pairs);
    }
  },

  change(client: Client, random: Random): Promise<Reply[]> {
    const set = random.below(SETS.length);
    const [from, to] = [random.below(membersOf(set)), random.below(membersOf(set))];
    const key = SETS[set]!;
    return client.pipeline([
      ['MULTI'],
      ['ZINCRBY', key, '-7.5', `m${from}`],
      ['ZINCRBY', key, '7.5', `m${to}`],
      ['ZADD', key, 'inf', 'last'],
      ['ZPOPMAX', key],
      ['EXEC'],
    ]);
  },

  isReply: (reply) => reply === 'OK' || reply === 'QUEUED' || Array.isArray(reply),

  async expectWhole(client: Client): Promise<void> {
    for (const [own, set] of SETS.entries()) {
      const found = (await client.command('ZRANGE', set, 0, -1, 'WITHSCORES')) as string[];
      const scores = found.filter((_, i) => i % 2 === 1).map(Number);
      expect(scores).toHaveLength(membersOf(own));
      expect(scores.toSorted((a, b) => a - b)).toEqual(scores);
      expect(scores.reduce((sum, score) => sum + score, 0)).toBe(100 * membersOf(own));
    }
  },
};

test('dumps, bases and what a kill leaves have sorted sets as they were at one moment', (context) =>
  expectOneMoment(context, kept, sortedSets));

/** Every command that changes sorted sets, on keys of all shards. */
function changes(): Word[][] {
  const many = Array.from({ length: 500 }, (_, i) => [String((i * 37) % 400), `m:${i}`]).flat();
  return [
    ['ZADD', 'small', 1, 'a', 2.5, 'b', '-inf', 'c', 'inf', 'd', 0.1, '\0\xff'],
    ['ZADD', 'small', 'XX', 'CH', 7, 'a', 9, 'none'],
    ['ZADD', 'small', 'NX', 8, 'a', 9, 'new'],
    ['ZADD', 'small', 'GT', 1, 'b', 3, 'e'],
    ['ZINCRBY', 'small', '0.2', '\0\xff'],
    ['ZADD', 'small', 'INCR', 5, 'a'],
    ['ZREM', 'small', 'c', 'none'],
    ['EXPIREAT', 'small', 4102444800],
    ['ZADD', 'large', ...many],
    ['ZADD', 'large', ...many.slice(0, 200).map((word, i) => (i % 2 === 0 ? String(i) : word))],
    ['ZREMRANGEBYRANK', 'large', 10, 20],
    ['ZREMRANGEBYSCORE', 'large', 100, '(120'],
    ['ZPOPMIN', 'large'],
    ['ZPOPMAX', 'large', 7],
    ['ZADD', 'lex', ...Array.from({ length: 300 }, (_, i) => ['0', `n${i}`]).flat()],
    ['ZREMRANGEBYLEX', 'lex', '[n1', '(n2'],
    ['ZADD', 'emptied', 1, 'a', 2, 'b'],
    ['ZREM', 'emptied', 'a', 'b'],
    ['ZADD', 'popped', 1, 'a'],
    ['ZPOPMIN', 'popped'],
    ...Array.from({ length: 6 }, (_, i): Word[][] => [
      ['ZADD', `z:${i}`, i, 'a', i * 2, 'b', i * 3, `c${i}`],
      ['ZUNIONSTORE', `union:${i}`, 2, `z:${i}`, 'small', 'WEIGHTS', 2, 3],
      ['ZINTERSTORE', `inter:${i}`, 2, `z:${i}`, 'small'],
      ['ZDIFFSTORE', `diff:${i}`, 2, `z:${i}`, 'large'],
      ['ZRANGESTORE', `range:${i}`, 'large', i, 200 + i],
      ['ZMPOP', 2, 'none', `range:${i}`, 'MAX', 'COUNT', 3],
      ['BZPOPMIN', 'none', `range:${i}`, 0],
      ['COPY', `range:${i}`, `copy:${i}`],
      ['RENAME', `range:${i}`, `renamed:${i}`],
      ['ZADD', `copy:${i}`, -1, 'first'],
    ]).flat(),
    ['SORT', 'large', 'ALPHA', 'STORE', 'sorted'],
  ];
}

test('what the log says of each command makes the same sorted sets again', async () => {
  const client = await kept.start(SHARDS, ['--save', '']);
  await runAll(client, changes());
  const digest = await client.command('DEBUG', 'DIGEST');
  const scores = (await client.command('ZRANGE', 'small', 0, -1, 'WITHSCORES')) as Reply[];
  await kept.kill();
  for (const shards of [SHARDS, 2]) {
    await kept.start(shards, ['--save', '']);
    expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);
    expect(await kept.client.command('ZRANGE', 'small', 0, -1, 'WITHSCORES')).toEqual(scores);
    expect(await kept.client.command('OBJECT', 'ENCODING', 'large')).toBe('skiplist');
    await kept.kill();
  }
});
