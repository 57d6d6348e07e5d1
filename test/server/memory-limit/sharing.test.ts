/** The limit is shared between shards by need, and evictions are told wherever a deletion is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/client.ts';
import { Kept } from '../durability/kept.ts';
import { infoField, useServer } from '../served.ts';
import { pause, until } from '../waiting.ts';
import { limit, MB, send, sendWithin, untilWithin, usedBytes } from './filling.ts';

const LIMIT = 8 * MB;
const SHARDS = 3;
const VALUE = 'v'.repeat(500);

function shardSizes(client: Client): Promise<number[]> {
  const sizes = Array.from({ length: SHARDS }, (_, i) => infoField(client, `shard${i}.bytes`).then(Number));
  return Promise.all(sizes);
}

/** Shards may still make room for others. */
async function untilAtRest(client: Client): Promise<void> {
  let evicted = '';
  await until('nothing is evicted any more', async () => {
    const before = evicted;
    evicted = await infoField(client, 'evicted_keys');
    await pause(100);
    return evicted === before;
  });
}

describe('a tenant on one shard of three', () => {
  const server = useServer({ shards: SHARDS });

  for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random']) {
    test(`gets what nobody else asks for, with ${policy}`, async () => {
      const client = await server().client();
      await limit(client, LIMIT, policy);
      await sendWithin(client, LIMIT, 20_000, (i) => ['SET', `key:${i}`, VALUE]);
      const even = await shardSizes(client);
      for (const bytes of even) expect(bytes).toBeGreaterThan(LIMIT / 6);
      await sendWithin(client, LIMIT, 80_000, (i) => ['SET', `{tenant}:${i}`, VALUE]);
      const [most, ...rest] = (await shardSizes(client)).sort((a, b) => b - a);
      expect(most).toBeGreaterThan(LIMIT * 0.8);
      // It does not starve the others: they come back when they are used again.
      await sendWithin(client, LIMIT, 60_000, (i) => ['SET', `again:${i}`, VALUE]);
      for (const bytes of await shardSizes(client)) expect(bytes).toBeGreaterThan(rest[0]!);
      client.destroy();
    });
  }

  test('finds room although its own shard has nothing that may go', async () => {
    const client = await server().client();
    await limit(client, LIMIT, 'volatile-random');
    await send(client, 12_000, (i) => ['SET', `key:${i}`, VALUE, 'EX', 1000]);
    await client.command('CONFIG', 'SET', 'maxmemory', 0);
    const own = (await client.command('KEYS', '*')) as string[];
    await client.command('CONFIG', 'SET', 'maxmemory', LIMIT);
    // Its own keys stay for good, and take the place of all others.
    await sendWithin(client, LIMIT, 8000, (i) => ['SET', `{tenant}:${i}`, VALUE]);
    const names = Array.from({ length: 8000 }, (_, i) => `{tenant}:${i}`);
    expect(await client.command('EXISTS', ...names)).toBe(8000);
    expect(Number(await client.command('DBSIZE'))).toBeLessThan(8000 + own.length);
    client.destroy();
  });
});

for (const shards of [1, SHARDS]) {
  describe(`with ${shards} shards, evictions are told`, () => {
    const server = useServer({ shards });

    test('as events of the keyspace, to caches, and counted', async () => {
      const client = await server().client();
      await limit(client, 0, 'allkeys-random');
      await client.command('CONFIG', 'SET', 'notify-keyspace-events', 'Ee');
      const listener = await server().client();
      await listener.command('SUBSCRIBE', '__keyevent@0__:evicted');
      const cache = await server().client();
      await cache.command('HELLO', 3);
      await cache.command('CLIENT', 'TRACKING', 'ON');
      await send(client, 1000, (i) => ['SET', `key:${i}`, 'v'.repeat(2000)]);
      for (let i = 0; i < 1000; i++) await cache.command('GET', `key:${i}`);
      await client.command('CONFIG', 'SET', 'maxmemory', MB);
      await untilWithin(client, MB);
      const evicted = Number(await infoField(client, 'evicted_keys'));
      expect(evicted).toBeGreaterThan(400);
      const told = new Set<string>();
      for (let i = 0; i < evicted; i++) told.add(String(((await listener.reply()) as string[])[2]));
      expect(told.size).toBe(evicted);
      await client.command('CONFIG', 'SET', 'maxmemory', 0);
      for (let i = 0; i < 1000; i++) {
        expect(await client.command('EXISTS', `key:${i}`)).toBe(told.has(`key:${i}`) ? 0 : 1);
      }
      const stale = () => new Set(cache.pushes.flatMap((items) => items[1] as string[]));
      await until('the cache knows of all', () => stale().size === evicted);
      expect(stale()).toEqual(told);
      client.destroy();
      listener.destroy();
      cache.destroy();
    });
  });
}

describe('a server killed at its limit', () => {
  let kept: Kept;
  beforeEach(() => {
    kept = new Kept({ args: ['--maxmemory', '8mb', '--maxmemory-policy', 'allkeys-lru'] });
  });
  afterEach(() => kept.remove());

  for (const shards of [1, SHARDS]) {
    test(`has what it had, with ${shards} shards`, async () => {
      const client = await kept.start(shards);
      await sendWithin(client, LIMIT, 30_000, (i) => ['SET', `key:${i}`, `${i}:${VALUE}`]);
      await untilAtRest(client);
      const keys = ((await client.command('KEYS', '*')) as string[]).sort();
      const used = await usedBytes(client);
      await kept.kill();
      const again = await kept.start(shards);
      expect(((await again.command('KEYS', '*')) as string[]).sort()).toEqual(keys);
      expect(await infoField(again, 'evicted_keys')).toBe('0');
      expect(await usedBytes(again)).toBeLessThanOrEqual(Math.max(used, LIMIT));
      for (const key of keys.slice(0, 100))
        expect(await again.command('GET', key)).toBe(`${key.slice(4)}:${VALUE}`);
      await sendWithin(again, LIMIT, 5000, (i) => ['SET', `new:${i}`, VALUE]);
      await kept.kill();
      const less = await kept.start(shards, ['--maxmemory', '4mb']);
      await untilWithin(less, 4 * MB);
      await until('it serves', async () => (await less.command('SET', 'k', 'v')) === 'OK');
    });
  }
});
