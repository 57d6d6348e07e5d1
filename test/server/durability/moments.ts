/** What tests have in common that look for one moment of collections in dumps, bases and logs, while clients change them. */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { expect, type TestContext } from 'vitest';
import type { Client, Reply, Word } from '../../support/client.ts';
import { Random, seedFrom } from '../../support/random.ts';
import { requirePeer, startRedis } from '../../support/server.ts';
import { type Kept, runAll, untilIdle } from './kept.ts';

/** How many shards the data begins with; it goes on with two. */
export const SHARDS = 3;
const CLIENTS = 3;
const DUMPS = 2;
const seed = seedFrom('DURABILITY_SEED');
/** Even, so that pairs are not torn apart. */
const WORDS_MAX = 1000;

/** Collections whose changes leave something as it is, which every moment has and a mixture of two has not. */
export interface Changing {
  fill(client: Client): Promise<void>;
  /** Makes some changes, and returns what was answered. */
  change(client: Client, random: Random): Promise<Reply[]>;
  /** Whether a reply may be one of those. */
  isReply(reply: Reply): boolean;
  /** Fails unless what the changes leave is there, all of it. */
  expectWhole(client: Client): Promise<void>;
}

/** Runs `command key words`, in parts. */
export async function addAll(
  client: Client,
  command: string,
  key: string,
  words: readonly Word[],
): Promise<void> {
  for (let from = 0; from < words.length; from += WORDS_MAX) {
    await runAll(client, [[command, key, ...words.slice(from, from + WORDS_MAX)]]);
  }
}

/** Fails unless each of `parts`, all of which the collections hold together, is there once, and nothing else: `count` of them. */
export function expectOnce(parts: readonly (readonly string[])[], count: number): void {
  const all = parts.flat();
  expect([all.length, new Set(all).size]).toEqual([count, count]);
}

/** Changes the collections until it is over or the server has gone, and returns how many replies there were. */
async function changeUntil(
  client: Client,
  own: number,
  collections: Changing,
  isOver: () => boolean,
): Promise<number> {
  const random = new Random(seed + own);
  let count = 0;
  while (!isOver()) {
    const replies = await collections.change(client, random).catch(() => undefined);
    if (replies === undefined) break;
    expect(replies.filter((reply) => !collections.isReply(reply))).toEqual([]);
    count += replies.length;
  }
  return count;
}

/** Changes the collections while dumps and bases are written, then kills the server. Returns copies of the dumps. */
async function dumpsWhileChanging(kept: Kept, collections: Changing): Promise<string[]> {
  let isOver = false;
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => kept.server.client()));
  const changing = clients.map((client, own) => changeUntil(client, own, collections, () => isOver));
  const dumps: string[] = [];
  for (let i = 0; i < DUMPS; i++) {
    expect(await kept.client.command('BGSAVE')).toBe('Background saving started');
    await untilIdle(kept.client);
    const copy = kept.file(`copy-${i}.rdb`);
    copyFileSync(kept.file('dump.rdb'), copy);
    dumps.push(copy);
    await kept.rewrite();
  }
  await kept.kill();
  isOver = true;
  const counts = await Promise.all(changing);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  return dumps;
}

/**
 * The collections are whole after a kill, on other shards, after a reload, and in each dump that was written meanwhile, as a real
 * Redis loads it. Skips the test where there is none.
 */
export async function expectOneMoment(
  context: TestContext,
  kept: Kept,
  collections: Changing,
): Promise<void> {
  requirePeer(context);
  await kept.start(SHARDS, ['--save', '']);
  await collections.fill(kept.client);
  const dumps = await dumpsWhileChanging(kept, collections);
  await kept.start(SHARDS);
  await collections.expectWhole(kept.client);
  await kept.kill();
  await kept.start(2);
  await collections.expectWhole(kept.client);
  const digest = await kept.client.command('DEBUG', 'DIGEST');
  expect(await kept.client.command('DEBUG', 'RELOAD')).toBe('OK');
  expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);

  const redis = await startRedis(['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes']);
  const theirs = await redis.client();
  // The last one is what the reload has written.
  for (const dump of [...dumps, kept.file('dump.rdb')]) {
    expect(await theirs.command('CONFIG', 'SET', 'dir', path.dirname(dump))).toBe('OK');
    await theirs.command('CONFIG', 'SET', 'dbfilename', path.basename(dump));
    expect(await theirs.command('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
    await collections.expectWhole(theirs);
  }
  expect(await theirs.command('DEBUG', 'DIGEST')).toBe(digest);
  await redis.close();
}
