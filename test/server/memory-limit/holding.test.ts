/** `maxmemory` is held by every policy that evicts, whatever is written. */
import { expect, test } from 'vitest';
import { EVICTION_POLICIES } from '../../../src/base/eviction-policies.ts';
import { forEachShardCount } from '../../support/both.ts';
import { Random, seedFrom } from '../../support/random.ts';
import { infoField, useServer } from '../served.ts';
import { until } from '../waiting.ts';
import { limit, MB, send, sendWithin, untilWithin, usedBytes } from './filling.ts';

const LIMIT = 8 * MB;
const random = new Random(seedFrom('MEMORY_LIMIT_SEED'));

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards, args: ['--enable-debug-command', 'yes'] });

  for (const policy of EVICTION_POLICIES.filter((name) => name !== 'noeviction')) {
    test(`${policy} holds it while five times as much is written`, async () => {
      const client = await server().client();
      await limit(client, LIMIT, policy);
      const value = 'v'.repeat(1000);
      const seen = new Set<number>();
      await sendWithin(client, LIMIT, 40_000, (i) => {
        seen.add(i);
        return ['SET', `key:${i}`, value, 'EX', 1000];
      });
      let keys = 0;
      await until('it has come to rest, and each key is there or counted', async () => {
        keys = Number(await client.command('DBSIZE'));
        return keys + Number(await infoField(client, 'evicted_keys')) === seen.size;
      });
      // It is used, too.
      expect(keys * 1000).toBeGreaterThan(LIMIT * 0.75);
      client.destroy();
    });
  }

  test('sizes of values that change', async () => {
    const client = await server().client();
    await limit(client, LIMIT, 'allkeys-lru');
    for (const bytes of [100, 1000, 20, 5000, 100]) {
      const value = 'v'.repeat(bytes);
      await sendWithin(client, LIMIT, Math.min(40_000, (2 * LIMIT) / bytes), () => [
        'SET',
        `key:${random.below(200_000)}`,
        value,
      ]);
    }
    client.destroy();
  });

  test('collections, small and large, on the heap and packed', async () => {
    const client = await server().client();
    await limit(client, 2 * MB, 'allkeys-random');
    const element = 'e'.repeat(100);
    await sendWithin(client, 2 * MB, 60_000, (i) => {
      const key = `${i % 4}:${random.below(100)}`;
      const words = [`${i}`, element];
      if (i % 4 === 0) return ['HSET', key, ...words];
      if (i % 4 === 1) return ['RPUSH', key, ...words];
      return i % 4 === 2 ? ['SADD', key, `${i}${element}`] : ['ZADD', key, i, `${i}${element}`];
    });
    expect(Number(await infoField(client, 'evicted_keys'))).toBeGreaterThan(0);
    client.destroy();
  });

  test('many keys whose time comes at once', async () => {
    const client = await server().client();
    await limit(client, LIMIT, 'volatile-ttl');
    const at = Date.now() + 1500;
    await sendWithin(client, LIMIT, 100_000, (i) => ['SET', `key:${i}`, 'v', 'PXAT', at]);
    await until('all are gone', async () => (await client.command('DBSIZE')) === 0);
    const [gone, evicted] = [
      await infoField(client, 'expired_keys'),
      await infoField(client, 'evicted_keys'),
    ];
    expect(Number(gone) + Number(evicted)).toBe(100_000);
    expect(Number(await infoField(client, 'shard0.expired_keys'))).toBeGreaterThan(0);
    client.destroy();
  });

  test('lowering it evicts in the background, without any command', async () => {
    const client = await server().client();
    await limit(client, 0, 'allkeys-lru');
    await send(client, 20_000, (i) => ['SET', `key:${i}`, 'v'.repeat(500)]);
    const before = await usedBytes(client);
    expect(await client.command('CONFIG', 'SET', 'maxmemory', 2 * MB)).toBe('OK');
    await untilWithin(client, 2 * MB);
    expect(before).toBeGreaterThan(10 * MB);
    expect(server().output()).toMatch(/maxmemory \(2097152\) is less than what is used/);
    // And as soon as the policy allows it.
    await limit(client, 0, 'noeviction');
    await send(client, 20_000, (i) => ['SET', `key:${i}`, 'v'.repeat(500)]);
    await client.command('CONFIG', 'SET', 'maxmemory', 2 * MB);
    expect(await client.command('DBSIZE')).toBe(20_000);
    await client.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
    await untilWithin(client, 2 * MB);
    client.destroy();
  });

  test('what clients do not read, and what they send, counts too', async () => {
    const client = await server().client();
    await limit(client, LIMIT, 'allkeys-random');
    await sendWithin(client, LIMIT, 70, (i) => ['SET', `key:${i}`, 'v'.repeat(100_000)]);
    const before = Number(await client.command('DBSIZE'));
    const halves = await Promise.all(Array.from({ length: 4 }, () => server().client()));
    for (const half of halves) half.send(`*2\r\n$4\r\nECHO\r\n$2000000\r\n${'x'.repeat(1_000_000)}`);
    await until(
      'keys have made room for it',
      async () => Number(await client.command('DBSIZE')) < before - 30,
    );
    await untilWithin(client, LIMIT);
    for (const half of halves) half.destroy();
    client.destroy();
  });

  test('transactions run whole, and make room before they begin', async () => {
    const client = await server().client();
    await limit(client, LIMIT, 'allkeys-random');
    await send(client, 9000, (i) => ['SET', `key:${i}`, 'v'.repeat(1000)]);
    for (let round = 0; round < 100; round++) {
      const names = Array.from({ length: 20 }, (_, i) => `in:${round}:${i}`);
      await client.command('MULTI');
      await client.pipeline(names.map((name) => ['SET', name, 'v'.repeat(1000)]));
      await client.command('EXISTS', ...names);
      // What it has written itself is there to its end, though there is more than there may be by then.
      expect(((await client.command('EXEC')) as unknown[]).at(-1)).toBe(20);
    }
    await untilWithin(client, LIMIT);
    client.destroy();
  });

  test('LATENCY tells of slow evictions', async () => {
    const client = await server().client();
    await limit(client, 0, 'allkeys-random');
    await send(client, 100_000, (i) => ['SET', `key:${i}`, 'v'.repeat(100)]);
    await client.command('CONFIG', 'SET', 'latency-monitor-threshold', 1, 'maxmemory-eviction-tenacity', 100);
    await client.command('CONFIG', 'SET', 'maxmemory', MB);
    // With this tenacity the first command does it all.
    await client.command('SET', `{${random.below(1000)}}`, 'v');
    await untilWithin(client, MB);
    await client.command('CONFIG', 'SET', 'maxmemory-eviction-tenacity', 10);
    expect(await client.command('CONFIG', 'SET', 'maxmemory-eviction-tenacity', 101)).toBeInstanceOf(Error);
    await until('it is told', async () => {
      const events = (await client.command('LATENCY', 'LATEST')) as [string][];
      return events.some(([event]) => event === 'eviction-cycle');
    });
    client.destroy();
  });
});
