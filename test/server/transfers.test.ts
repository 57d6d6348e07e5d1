/**
 * Money is moved between accounts on different shards, by transactions and by WATCH, while others add up all accounts: the
 * sum is always the same. TRANSFER_MS sets how long all of it takes, TRANSFER_SEED repeats its choices.
 */
import { describe, expect, test } from 'vitest';
import type { Client } from '../support/client.ts';
import { seedFrom } from '../support/random.ts';
import { Mover, openAccounts, sumAtOnce, sumInTransaction, TOTAL } from './bank.ts';
import { useServer } from './served.ts';

const TRANSFER_MS = Number(process.env.TRANSFER_MS || 5000);
const seed = seedFrom('TRANSFER_SEED');
/** However busy the machine is, there were so many of each. */
const COUNT_MIN = 20;

describe.each([
  ['1 shard', 1, 'yes', 0.2],
  ['3 shards', 3, 'yes', 0.6],
  ['3 shards and no direct reads', 3, 'no', 0.2],
] as const)('with %s', (_, shards, directReads, share) => {
  const server = useServer({ shards, args: ['--direct-reads', directReads] });

  test(
    'nobody ever sees another sum',
    async () => {
      const counts = { moved: 0, movedByWatching: 0, sums: 0 };
      const setUp = await server().client();
      await openAccounts(setUp);
      const end = Date.now() + TRANSFER_MS * share;
      const isOver = () => Date.now() > end && Object.values(counts).every((count) => count > COUNT_MIN);
      const drive = async (step: (client: Client) => () => Promise<void>) => {
        const client = await server().client();
        const run = step(client);
        while (!isOver()) await run();
        client.destroy();
      };
      const mover = (number: number) => (client: Client) => {
        const own = new Mover(client, seed + number);
        return async () => {
          if (number % 3 === 0) counts.movedByWatching += Number(await own.byWatching());
          else counts.moved += Number(await own.byTransaction());
          if (number === 0) await own.inVain();
        };
      };
      const reader = (add: (client: Client) => Promise<number>) => (client: Client) => async () => {
        expect(await add(client)).toBe(TOTAL);
        counts.sums++;
      };
      await Promise.all([
        ...Array.from({ length: 6 }, (_, number) => drive(mover(number))),
        ...[sumAtOnce, sumAtOnce, sumAtOnce, sumInTransaction].map((add) => drive(reader(add))),
      ]);
      expect(await sumAtOnce(setUp)).toBe(TOTAL);
      setUp.destroy();
    },
    60_000 + 3 * TRANSFER_MS,
  );
});
