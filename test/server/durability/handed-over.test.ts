/** What was handed to clients that waited is not there again after a kill, and nothing that was acknowledged is lost. */
import { afterEach, expect, test } from 'vitest';
import { forEachShardCount } from '../../support/both.ts';
import type { Client } from '../../support/client.ts';
import { blocks, untilBlocked } from '../blocked.ts';
import { pause } from '../waiting.ts';
import { Kept } from './kept.ts';

const KEYS = Array.from({ length: 6 }, (_, i) => `list:${i}`);
const CONSUMERS = 4;
const MOVERS = 3;

let kept: Kept;
afterEach(() => kept.remove());

/** Elements that were acknowledged to have been pushed, and those that were handed out. */
interface Tally {
  readonly pushed: string[];
  readonly taken: string[];
}

async function produce(client: Client, name: string, { pushed }: Tally): Promise<void> {
  for (let i = 0; ; i++) {
    const element = `${name}.${i}`;
    const reply = await client.command('RPUSH', KEYS[i % KEYS.length]!, element).catch(() => undefined);
    if (reply === undefined) return;
    pushed.push(element);
  }
}

async function consume(client: Client, at: number, { taken }: Tally): Promise<void> {
  const keys = [KEYS[at % KEYS.length]!, KEYS[(at + 1) % KEYS.length]!, KEYS[(at + 3) % KEYS.length]!];
  for (;;) {
    const reply = await client.command('BLPOP', ...keys, 0).catch(() => undefined);
    if (reply === undefined) return;
    taken.push((reply as string[])[1]!);
  }
}

async function move(client: Client, at: number): Promise<void> {
  for (;;) {
    const words = [KEYS[at % KEYS.length]!, KEYS[(at * 2 + 1) % KEYS.length]!, 'LEFT', 'RIGHT', 0];
    if ((await client.command('BLMOVE', ...words).catch(() => undefined)) === undefined) return;
  }
}

async function allLeft(client: Client): Promise<string[]> {
  const left: string[] = [];
  for (const key of KEYS) left.push(...((await client.command('LRANGE', key, 0, -1)) as string[]));
  return left;
}

forEachShardCount([1, 3], (shards) => {
  test.each(['always', 'everysec'])('with appendfsync %s', async (sync) => {
    kept = new Kept({ shards, args: ['--appendfsync', sync] });
    const tally: Tally = { pushed: [], taken: [] };
    for (let round = 0; round < 2; round++) {
      const looking = await kept.start();
      const { server } = kept;
      const connect = () => server.client();
      const all = [
        ...Array.from({ length: CONSUMERS }, async (_, i) => consume(await connect(), i, tally)),
        ...Array.from({ length: MOVERS }, async (_, i) => move(await connect(), i)),
      ];
      if (round === 0) await untilBlocked(looking, CONSUMERS + MOVERS);
      all.push(...['a', 'b'].map(async (name) => produce(await connect(), `${round}${name}`, tally)));
      await pause(400);
      await kept.kill();
      await Promise.all(all);
      const after = await kept.start();
      const left = await allLeft(after);
      const found = [...tally.taken, ...left];
      expect(new Set(found).size).toBe(found.length);
      // What was on its way to a client was handed out, though nobody has seen it.
      const missing = tally.pushed.filter((element) => !new Set(found).has(element));
      expect(missing.length).toBeLessThanOrEqual((round + 1) * CONSUMERS);
      await kept.kill();
    }
    expect(tally.taken.length).toBeGreaterThan(20);
  });

  test('a move that waited is on disk with both of its keys', async () => {
    kept = new Kept({ shards });
    const looking = await kept.start();
    for (const target of KEYS.slice(1)) {
      const { reply } = await blocks(
        looking,
        await kept.server.client(),
        'BLMOVE',
        KEYS[0]!,
        target,
        'LEFT',
        'LEFT',
        0,
      );
      await looking.command('RPUSH', KEYS[0]!, `to ${target}`);
      expect(await reply).toBe(`to ${target}`);
    }
    await kept.kill();
    const after = await kept.start();
    expect(await after.command('EXISTS', KEYS[0]!)).toBe(0);
    expect(await allLeft(after)).toEqual(KEYS.slice(1).map((target) => `to ${target}`));
  });
});
