/**
 * A server is killed while money is moved between accounts on its shards: what comes back has the right sum, and all that
 * was acknowledged. TRANSFER_ROUNDS sets how often each one is killed, TRANSFER_SEED repeats the choices.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Random, seedFrom } from '../../support/random.ts';
import { Mover, openAccounts, sumAtOnce, TOTAL } from '../bank.ts';
import { pause, until } from '../waiting.ts';
import { Kept } from './kept.ts';

const ROUNDS = Number(process.env.TRANSFER_ROUNDS || 3);
const MOVERS = 5;
/** Each server is killed so long after so many transfers. */
const LOAD_MS_MAX = 400;
const MOVED_MIN = 10;
const seed = seedFrom('TRANSFER_SEED');

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: 3 });
});
afterEach(() => kept.remove());

function counter(number: number): string {
  return `moved by ${number}`;
}

/** Moves money until the connection ends, and resolves to how often that was acknowledged; `onMoved` hears of each. */
async function moveUntilKilled(number: number, round: number, onMoved: () => void): Promise<number> {
  const client = await kept.server.client();
  const mover = new Mover(client, seed + number + 100 * round, counter(number));
  let moved = 0;
  try {
    for (;;) {
      if (!(number === 0 ? await mover.byWatching() : await mover.byTransaction())) continue;
      moved++;
      onMoved();
    }
  } catch (error) {
    // Whatever is no end of the connection is a wrong reply.
    if (!client.isClosed) throw error;
  }
  return moved;
}

describe.each(['always', 'everysec'])('with appendfsync %s', (policy) => {
  test(
    'a kill leaves all of each transfer, or none of it',
    async () => {
      const random = new Random(seed);
      const args = ['--appendfsync', policy];
      await openAccounts(await kept.start(3, args));
      for (let round = 0; round < ROUNDS; round++) {
        let moved = 0;
        const movers = Array.from({ length: MOVERS }, (_, number) =>
          moveUntilKilled(number, round, () => {
            moved++;
          }),
        );
        await until('money is moved', () => moved > MOVED_MIN);
        await pause(random.below(LOAD_MS_MAX));
        await kept.kill();
        const acknowledged = await Promise.all(movers);
        // The shards read what others have written.
        const shards = random.oneIn(3) ? random.between(1, 4) : 3;
        const client = await kept.start(shards, args);
        expect(await sumAtOnce(client)).toBe(TOTAL);
        for (const [number, count] of acknowledged.entries()) {
          const found = Number((await client.command('GETDEL', counter(number))) ?? 0);
          // The last one may have been done without its reply.
          expect([count, count + 1]).toContain(found);
        }
      }
    },
    60_000 + ROUNDS * 10_000,
  );
});
