/**
 * There is one order of all commands and transactions that explains every reply; it is the order in which each client
 * sent its own, and that of real time for those that did not overlap. So nobody sees what a server with a single thread
 * could not have shown.
 *
 * Random transactions on a few keys run from several clients, and test/support/serializability looks for a cycle among
 * what they saw; for short bursts of other commands it looks for the order itself. SERIALIZABILITY_MS sets how long each load runs, SERIALIZABILITY_SEED repeats its choices. A real Redis
 * goes through the same; and so do servers from which a guard of direct reads was taken away, where violations must be
 * found: the load runs until one is.
 */
import { describe, expect, test } from 'vitest';
import { type Guard, startInProcess } from '../support/broken-server.ts';
import { seedFrom } from '../support/random.ts';
import type { Anomaly } from '../support/serializability/anomaly.ts';
import { runBursts } from '../support/serializability/bursts.ts';
import { checkHistory } from '../support/serializability/check.ts';
import { describeVerdict, linearize } from '../support/serializability/linearizability.ts';
import { type Run, runWorkload, type WorkloadOptions } from '../support/serializability/workload.ts';
import { describeWithRedis, startRedis } from '../support/server.ts';
import { useServer } from './served.ts';

const LOAD_MS = Number(process.env.SERIALIZABILITY_MS || 600);
const seed = seedFrom('SERIALIZABILITY_SEED');
const CLIENTS = 8;
/** Bursts are searched for an order, of which there are many. */
const BURST_CLIENTS = 5;
const BURST_BLOCKS = 5;
const BURSTS_MIN = 10;
/** A client that does not wait for replies may rely on the order of what it sends, also when that goes to several shards. */
const PIPELINES_IN_ORDER = true;
/** So much must have happened to prove anything. */
const TRANSACTIONS = { committed: 50, aborted: 5, single: 50 };
const COMMANDS = { single: 200 };
const TIMEOUT_MS = 60_000 + 20 * LOAD_MS;

function load(port: number, more: Partial<WorkloadOptions> = {}): Promise<Run> {
  return runWorkload({ port, seed, clients: CLIENTS, durationMs: LOAD_MS, abandons: true, ...more });
}

/** Fails with the anomalies as people read them. */
function expectOneOrder({ history }: Run): void {
  const anomalies = checkHistory(history, { pipelinesInOrder: PIPELINES_IN_ORDER });
  const shown = anomalies.slice(0, 3).map(({ text }) => text);
  expect(shown, `seed ${seed}, ${anomalies.length} anomalies\n${shown.join('\n')}`).toEqual([]);
}

/** Runs bursts of commands of all kinds, and looks for an order of each. */
async function expectOrders(port: number): Promise<void> {
  let bursts = 0;
  const end = Date.now() + LOAD_MS / 2;
  const isOver = () => Date.now() > end && bursts >= BURSTS_MIN;
  await runBursts({ port, seed, clients: BURST_CLIENTS, blocks: BURST_BLOCKS }, isOver, (blocks) => {
    bursts++;
    const verdict = linearize(blocks);
    const shown = verdict.isLinearizable ? '' : `seed ${seed}, ${describeVerdict(blocks, verdict)}`;
    expect(shown, shown).toBe('');
  });
}

const DIRECT: readonly [string, string[]] = ['direct reads', ['--direct-reads', 'yes']];
const LOGGED: readonly [string, string[]] = ['a log', ['--appendonly', 'yes', '--appendfsync', 'everysec']];
const VARIANTS: Readonly<Record<number, readonly (readonly [string, string[]])[]>> = {
  1: [DIRECT, LOGGED],
  3: [
    DIRECT,
    ['no direct reads', ['--direct-reads', 'no']],
    LOGGED,
    ['a log that is synced always', ['--appendonly', 'yes', '--appendfsync', 'always']],
  ],
};

describe.each([1, 3])('with %d shards', (shards) => {
  describe.each(VARIANTS[shards]!)('and %s', (_, args) => {
    const server = useServer({ shards, args });

    test(
      'one order explains what was seen of transactions',
      async () => {
        expectOneOrder(await load(server().port, { atLeast: TRANSACTIONS }));
      },
      TIMEOUT_MS,
    );

    test(
      'one order explains what was seen of commands that stand alone',
      async () => {
        const more = { transactions: false, readers: 2, prefix: 'alone:', atLeast: COMMANDS };
        expectOneOrder(await load(server().port, more));
      },
      TIMEOUT_MS,
    );

    test(
      'an order can be found for short bursts of commands that move, copy and remove',
      () => expectOrders(server().port),
      TIMEOUT_MS,
    );
  });
});

describeWithRedis('beside it', () => {
  test(
    'a real Redis has one order',
    async () => {
      const redis = await startRedis();
      try {
        expectOneOrder(await load(redis.port, { atLeast: TRANSACTIONS }));
        await expectOrders(redis.port);
      } finally {
        await redis.close();
      }
    },
    TIMEOUT_MS,
  );
});

describe('a server without a guard', () => {
  const FIND_MS_MAX = 50_000;

  /** What is found first of a server that has lost these guards, and whose text has `about`. */
  async function findWithout(
    guards: readonly Guard[],
    about: string,
    more: Partial<WorkloadOptions>,
    shards = 3,
  ): Promise<Anomaly | undefined> {
    const server = await startInProcess({ shards }, guards);
    try {
      const end = Date.now() + FIND_MS_MAX;
      for (let attempt = 0; Date.now() < end; attempt++) {
        const run = await load(server.port, {
          seed: seed + attempt,
          durationMs: 500,
          prefix: `${attempt}:`,
          ...more,
        });
        const anomaly = checkHistory(run.history).find(({ text }) => text.includes(about));
        if (anomaly !== undefined) return anomaly;
      }
      return undefined;
    } finally {
      await server.close();
    }
  }

  test('of transactions is found to show halves of them', async () => {
    // The guard of orders would do for many transactions, as long as others write.
    const anomaly = await findWithout(['guards', 'orderGuards'], '… EXEC', {
      clients: 4,
      readers: 4,
      isUneven: true,
    });
    expect(anomaly?.text).toMatch(/^G/);
  });

  test('of transactions on one shard is found to show halves of them', async () => {
    const anomaly = await findWithout(['epoch'], '… EXEC', { clients: 4, readers: 4, isUneven: true }, 1);
    expect(anomaly?.text).toMatch(/^G/);
  });

  test('of orders is found to show pipelines in the wrong order', async () => {
    const anomaly = await findWithout(['orderGuards'], 'APPEND', {
      clients: 6,
      readers: 4,
      transactions: false,
    });
    expect(anomaly?.text).toMatch(/^G/);
  });
});
