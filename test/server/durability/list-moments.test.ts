/** A snapshot has lists as they were at its moment, also long ones that change while it is written. */
import { afterEach, beforeEach, test } from 'vitest';
import type { Client, Reply } from '../../support/client.ts';
import type { Random } from '../../support/random.ts';
import { Kept } from './kept.ts';
import { addAll, type Changing, expectOnce, expectOneMoment, SHARDS } from './moments.ts';

const LISTS = Array.from({ length: 6 }, (_, i) => `list:${i}`);
const PER_LIST = 8000;

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

/** Elements move between lists of all shards, and lists are turned. No element comes or goes. */
const lists: Changing = {
  async fill(client: Client): Promise<void> {
    for (const list of LISTS) {
      const elements = Array.from({ length: PER_LIST }, (_, i) => `${list}:${i}:${'x'.repeat(i % 90)}`);
      await addAll(client, 'RPUSH', list, elements);
    }
  },

  change(client: Client, random: Random): Promise<Reply[]> {
    const end = () => (random.oneIn(2) ? 'LEFT' : 'RIGHT');
    const moves = Array.from({ length: 20 }, () => [
      ...['LMOVE', random.pick(LISTS), random.pick(LISTS), end(), end()],
    ]);
    return client.pipeline(moves);
  },

  isReply: (reply) => typeof reply === 'string' || reply === null,

  async expectWhole(client: Client): Promise<void> {
    const found = await Promise.all(LISTS.map((list) => client.command('LRANGE', list, 0, -1)));
    expectOnce(found as string[][], LISTS.length * PER_LIST);
  },
};

test('dumps, bases and what a kill leaves have each element once', (context) =>
  expectOneMoment(context, kept, lists));
