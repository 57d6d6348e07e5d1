/** HyperLogLogs beside those of a real Redis: the same bytes after the same commands, and each reads what the other has written. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client, Word } from '../support/client.ts';
import { Random, seedFrom } from '../support/random.ts';
import { describeWithRedis, type RunningServer, startRedis, startServer } from '../support/server.ts';
import { show, showWords } from './compare.ts';

const seed = seedFrom('CONFORMANCE_SEED');
const KEYS = ['a', 'b', 'c', '{t}1', '{t}2'];
const ROUNDS = 150;

/** Commands that leave HyperLogLogs of all sizes, some with bytes that Redis would not have written. */
function randomWords(random: Random): Word[] {
  const key = () => random.pick(KEYS);
  const count = random.pick([0, 1, 1, 1, 3, 20, 200, random.oneIn(10) ? 3000 : 5]);
  switch (random.below(20)) {
    case 0:
      return ['DEL', key()];
    case 1:
      return ['PFDEBUG', random.pick(['TODENSE', 'GETREG']), key()];
    case 2:
      return ['PFDEBUG', 'DECODE', key()];
    case 3:
    case 4:
      return ['PFMERGE', key(), ...Array.from({ length: random.below(4) }, key)];
    case 5:
      return ['CONFIG', 'SET', 'hll-sparse-max-bytes', random.pick([0, 25, 100, 1000, 3000, 3000, 20_000])];
    case 6:
      // Only headers: of runs that are cut off Redis reads on in whatever memory follows.
      return ['SETRANGE', key(), random.between(4, 15), Buffer.of(random.below(256))];
    case 7:
      return random.oneIn(5) ? ['APPEND', key(), random.bytes(2)] : ['OBJECT', 'ENCODING', key()];
    case 8:
    case 9:
      return ['PFCOUNT', key(), key(), key()];
    case 10:
    case 11:
    case 12:
      return ['PFCOUNT', key()];
    default:
      return ['PFADD', key(), ...Array.from({ length: count }, () => random.bytes(random.between(0, 3)))];
  }
}

describeWithRedis('HyperLogLogs beside Redis', () => {
  let redis: RunningServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.close());

  forEachShardCount([1, 3], (shards) => {
    let shardis: RunningServer;
    let theirs: Client;
    let ours: Client;
    beforeAll(async () => {
      shardis = await startServer({ shards });
      theirs = await redis.client();
      ours = await shardis.client();
      for (const client of [theirs, ours]) {
        await client.command('FLUSHALL');
        await client.command('CONFIG', 'SET', 'hll-sparse-max-bytes', 3000);
      }
    });
    afterAll(async () => {
      theirs?.destroy();
      ours?.destroy();
      await shardis?.close();
    });

    test('have the same bytes after each of many changes', async () => {
      const random = new Random(seed + shards);
      const [exactTheirs, exactOurs] = await Promise.all(
        [redis, shardis].map((server) => server.client({ exact: true })),
      );
      for (let round = 0; round < ROUNDS; round++) {
        const batch = Array.from({ length: 20 }, () => randomWords(random));
        const lines = batch.flatMap((words) => [
          words,
          ...KEYS.map((key) => ['GET', key]),
          ...KEYS.map((key) => ['PTTL', key]),
        ]);
        const [expected, got] = await Promise.all([exactTheirs!.pipeline(lines), exactOurs!.pipeline(lines)]);
        for (let i = 0; i < lines.length; i++) {
          if (show(expected[i]!) === show(got[i]!)) continue;
          const before = lines.slice(Math.max(0, i - 30), i + 1).filter(([name]) => name !== 'PTTL');
          expect.fail(
            `CONFORMANCE_SEED=${seed}, round ${round}: ${before.map((words) => showWords(words).slice(0, 200)).join('\n')}\n` +
              `  Redis:   ${show(expected[i]!).slice(0, 3000)}\n  shardis: ${show(got[i]!).slice(0, 3000)}`,
          );
        }
      }
      exactTheirs!.destroy();
      exactOurs!.destroy();
    });

    test('go both ways by DUMP and RESTORE', async () => {
      const exact = async (client: Client, ...words: Word[]) =>
        Buffer.from((await client.command(...words)) as string, 'latin1');
      for (const elements of [0, 1, 100, 2000, 50_000]) {
        for (const [from, to] of [
          [theirs, ours],
          [ours, theirs],
        ] as const) {
          await from.command('DEL', 'k');
          await from.command('PFADD', 'k');
          for (let i = 0; i < elements; i += 1000) {
            const words = Array.from({ length: Math.min(1000, elements) }, (_, j) => `e${i + j}`);
            await from.command('PFADD', 'k', ...words);
          }
          const dump = await exact(from, 'DUMP', 'k');
          expect(await to.command('RESTORE', 'k', 0, dump, 'REPLACE')).toBe('OK');
          const count = await from.command('PFCOUNT', 'k');
          expect(await to.command('PFCOUNT', 'k')).toBe(count);
          expect(Math.abs((count as number) - elements)).toBeLessThanOrEqual(elements * 0.03);
          await Promise.all([from, to].map((client) => client.command('PFADD', 'k', 'one', 'more')));
          expect((await exact(to, 'GET', 'k')).equals(await exact(from, 'GET', 'k'))).toBe(true);
        }
      }
    });
  });
});
