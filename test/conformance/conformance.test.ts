/** The hand-written cases against a real Redis 7.0 and ours, in RESP2 and RESP3. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client } from '../support/client.ts';
import { exchange } from '../support/exchange.ts';
import { describeWithRedis, type RunningServer, startRedis, startServer } from '../support/server.ts';
import { type Line, line } from './case.ts';
import { families, passwordStreams, pubsubStreams, rawStreams } from './cases.ts';
import { compareLine } from './compare.ts';

describeWithRedis('the same commands against Redis', () => {
  let redis: RunningServer;
  beforeAll(async () => {
    redis = await startRedis(['--enable-debug-command', 'yes']);
  });
  afterAll(() => redis?.close());

  forEachShardCount([1, 3], (shards) => {
    let shardis: RunningServer;
    beforeAll(async () => {
      shardis = await startServer({ shards, args: ['--enable-debug-command', 'yes'] });
    });
    afterAll(() => shardis?.close());

    for (const [family, cases] of Object.entries(families)) {
      describe(family, () => {
        for (const [title, lines] of Object.entries(cases)) {
          for (const resp of [2, 3]) {
            test(`${title} (RESP${resp})`, () => runCase(redis, shardis, resp, lines));
          }
        }
      });
    }

    describe('raw streams', () => compareStreams(rawStreams, () => [redis, shardis]));
    describe('streams of listeners', () => compareStreams(pubsubStreams, () => [redis, shardis]));
  });
});

describeWithRedis('servers with a password against Redis', () => {
  let redis: RunningServer;
  let shardis: RunningServer;
  beforeAll(async () => {
    redis = await startRedis(['--requirepass', 'secret']);
    shardis = await startServer({ shards: 2, args: ['--requirepass', 'secret'] });
  });
  afterAll(async () => {
    await redis?.close();
    await shardis?.close();
  });

  compareStreams(passwordStreams, () => [redis, shardis]);
});

/** `servers` returns Redis and ours, once they run. */
function compareStreams(
  streams: Readonly<Record<string, string>>,
  servers: () => readonly [RunningServer, RunningServer],
): void {
  for (const [title, stream] of Object.entries(streams)) {
    test(title, async () => {
      const bytes = Buffer.from(stream, 'latin1');
      const [theirs, ours] = await Promise.all(servers().map((server) => exchange(server, bytes)));
      // Redis 7.2, whose texts are ours, words one error of HELLO otherwise than 7.0.
      expect(ours).toBe(theirs.replaceAll('otherwise the HELLO AUTH', 'otherwise the HELLO <proto> AUTH'));
    });
  }
}

async function open(server: RunningServer, resp: number): Promise<Client> {
  const client = await server.client({ exact: true });
  await client.command('FLUSHALL');
  if (resp === 3) await client.command('HELLO', 3);
  return client;
}

async function runCase(
  redisServer: RunningServer,
  shardisServer: RunningServer,
  resp: number,
  lines: readonly (string | Line)[],
): Promise<void> {
  const pair = { redis: await open(redisServer, resp), shardis: await open(shardisServer, resp) };
  const startedAtMs = Date.now();
  const problems: string[] = [];
  for (const each of lines) {
    const full = typeof each === 'string' ? line(each) : each;
    await compareLine(pair, full, startedAtMs).catch((error: Error) => problems.push(error.message));
    if (pair.shardis.isClosed) break;
  }
  pair.redis.destroy();
  pair.shardis.destroy();
  // All lines are run, so that one failure shows every difference of the case.
  if (problems.length > 0) expect.fail(problems.join('\n'));
}
