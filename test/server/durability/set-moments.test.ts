/** A snapshot has sets as they were at its moment, also large ones that change while it is written; and what is logged is what was done. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client, Reply } from '../../support/client.ts';
import type { Random } from '../../support/random.ts';
import { Kept, runAll } from './kept.ts';
import { addAll, type Changing, expectOnce, expectOneMoment, SHARDS } from './moments.ts';

/** Large ones, and for each a small one: of integers, and of other members. */
const SETS = Array.from({ length: 9 }, (_, i) => `set:${i}`);

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

function countOf(own: number): number {
  return own % 3 === 0 ? 8000 : 100;
}

function membersOf(set: string, own: number): string[] {
  return Array.from({ length: countOf(own) }, (_, i) =>
    own % 3 === 1 ? String(own * 1_000_000 + i) : `${set}:${i}:${'x'.repeat(i % 40)}`,
  );
}

/** Members move between sets of all shards. None comes or goes. */
const sets: Changing = {
  async fill(client: Client): Promise<void> {
    for (const [own, set] of SETS.entries()) await addAll(client, 'SADD', set, membersOf(set, own));
  },

  async change(client: Client, random: Random): Promise<Reply[]> {
    const from = random.pick(SETS);
    const some = (await client.command('SRANDMEMBER', from, 20)) as string[];
    return client.pipeline(some.map((member) => ['SMOVE', from, random.pick(SETS), member]));
  },

  isReply: (reply) => typeof reply === 'number',

  async expectWhole(client: Client): Promise<void> {
    const found = await Promise.all(SETS.map((set) => client.command('SMEMBERS', set)));
    const count = SETS.reduce((sum, _, own) => sum + countOf(own), 0);
    expectOnce(found as string[][], count);
  },
};

test('dumps, bases and what a kill leaves have each member once', (context) =>
  expectOneMoment(context, kept, sets));

test('what was chosen at random is the same after a restart', async () => {
  await kept.start(SHARDS, ['--save', '']);
  await sets.fill(kept.client);
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
