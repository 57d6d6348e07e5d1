/**
 * Random commands against a real Redis 7.0 and ours; at the end the data must be the same. CONFORMANCE_SEED
 * replays a run.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { Random, seedFrom } from '../support/random.ts';
import { describeWithRedis, type RunningServer, startRedis, startServer } from '../support/server.ts';
import { type Line, line } from './case.ts';
import { compareDataSets, compareLine, type Pair, problemOf, showWords } from './compare.ts';
import { CommandGenerator } from './generator.ts';

const COMMANDS = 20_000;
const BATCH = 100;
const DATABASES = 16;

const seed = seedFrom('CONFORMANCE_SEED');

describeWithRedis('random commands against Redis', () => {
  let redis: RunningServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.close());

  forEachShardCount([1, 3], (shards) => {
    let shardis: RunningServer;
    beforeAll(async () => {
      shardis = await startServer({ shards });
    });
    afterAll(() => shardis?.close());

    for (const resp of [2, 3]) {
      test(`${COMMANDS} commands are answered alike and leave the same data (RESP${resp})`, async () => {
        const pair = {
          redis: await redis.client({ exact: true }),
          shardis: await shardis.client({ exact: true }),
        };
        for (const client of [pair.redis, pair.shardis]) {
          await client.command('FLUSHALL');
          if (resp === 3) await client.command('HELLO', 3);
        }
        await runGenerated(pair, seed + shards * 2 + resp);
        await compareDataSets(pair, DATABASES);
        pair.redis.destroy();
        pair.shardis.destroy();
      });
    }
  });
});

async function runGenerated(pair: Pair, runSeed: number): Promise<void> {
  const generator = new CommandGenerator(new Random(runSeed), Date.now());
  const before: Line[] = [];
  for (let done = 0; done < COMMANDS; done += BATCH) {
    const batch = Array.from({ length: BATCH }, () => generator.next());
    const problem = await runBatch(pair, batch, before);
    if (problem !== undefined) expect.fail(`CONFORMANCE_SEED=${seed}, after ${done} commands: ${problem}`);
    before.push(...batch);
  }
}

/** Scans need several round trips, so they end a pipeline. Returns the first difference with its history. */
async function runBatch(
  pair: Pair,
  batch: readonly Line[],
  before: readonly Line[],
): Promise<string | undefined> {
  let pipeline: Line[] = [];
  for (const each of [...batch, line('SCAN 0', { isScan: true })]) {
    if (!each.isScan) {
      pipeline.push(each);
      continue;
    }
    const startedAtMs = Date.now();
    const words = pipeline.map((l) => l.words);
    const [theirs, ours] = await Promise.all([pair.redis.pipeline(words), pair.shardis.pipeline(words)]);
    for (let i = 0; i < pipeline.length; i++) {
      // What is a relative time was counted by each server from its own now, in this or an earlier batch.
      const problem = problemOf(pipeline[i]!, theirs[i]!, ours[i]!, Date.now() - startedAtMs + SKEW_MS);
      if (problem !== undefined)
        return `${problem}\n${history([...before, ...pipeline.slice(0, i)], pipeline[i]!)}`;
    }
    pipeline = [];
    try {
      await compareLine(pair, each, startedAtMs);
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

/** How far apart in time the servers may have run one batch. */
const SKEW_MS = 500;

/** The last commands before that named the same key. */
function history(before: readonly Line[], failed: Line): string {
  const key = failed.words[1];
  const same = before.filter(
    (each) => each.words.slice(1).includes(key!) || /^(select|flush)/i.test(String(each.words[0])),
  );
  return same
    .slice(-12)
    .map((each) => `  before:  ${showWords(each.words)}`)
    .join('\n');
}
