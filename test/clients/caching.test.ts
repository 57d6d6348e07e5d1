/** Client-side caching as client libraries do it. */
import { Redis as IoRedis } from 'ioredis';
import { BasicClientSideCache, createClient } from 'redis';
import { describe, expect, test } from 'vitest';
import { useServer } from '../server/served.ts';
import { until } from '../server/waiting.ts';
import { forEachShardCount } from '../support/both.ts';

forEachShardCount([1, 3], (shards) => {
  describe('node-redis', () => {
    const server = useServer({ shards });

    test('answers from its cache until somebody else changes the key', async () => {
      const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU' });
      const url = `redis://127.0.0.1:${server().port}`;
      const client = createClient({ url, RESP: 3, clientSideCache: cache });
      await client.connect();
      const writer = await server().client();
      for (let round = 0; round < 20; round++) {
        const keys = ['a', 'b', 'c', 'd'];
        for (const key of keys) await writer.command('SET', key, `${key}${round}`);
        // What it has been told of is out of its cache when a later command has been answered.
        await client.ping();
        for (const key of keys) expect(await client.get(key)).toBe(`${key}${round}`);
        for (const key of keys) expect(await client.get(key)).toBe(`${key}${round}`);
        expect(await client.mGet(keys)).toEqual(keys.map((key) => `${key}${round}`));
      }
      const { hitCount, missCount } = cache.stats();
      expect([hitCount, missCount]).toEqual([80, 100]);
      await writer.command('FLUSHALL');
      await client.ping();
      expect(await client.get('a')).toBe(null);
      client.destroy();
      writer.destroy();
    });

    test('is told of keys that it has read', async () => {
      const url = `redis://127.0.0.1:${server().port}`;
      const client = createClient({ url, RESP: 3, emitInvalidate: true });
      const told: unknown[] = [];
      client.on('invalidate', (key: unknown) => told.push(key === null ? null : String(key)));
      await client.connect();
      await client.get('a');
      const writer = await server().client();
      await writer.command('SET', 'a', '1');
      await until('it is told', () => told.length > 0);
      await writer.command('FLUSHALL');
      await until('it is told', () => told.length > 1);
      expect(told).toEqual(['a', null]);
      client.destroy();
      writer.destroy();
    });
  });

  describe('ioredis', () => {
    const server = useServer({ shards });

    test('is told by another connection that listens', async () => {
      // By RESP3 it would get pushes, which the library passes over.
      const listener = new IoRedis(server().port, '127.0.0.1', { protocol: 2 });
      const client = new IoRedis(server().port, '127.0.0.1');
      const told: unknown[] = [];
      listener.on('message', (channel: string, keys: unknown) => told.push([channel, keys]));
      const id = await listener.client('ID');
      await listener.subscribe('__redis__:invalidate');
      expect(await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)).toBe('OK');
      expect(await client.mget('a', 'b')).toEqual([null, null]);
      const writer = await server().client();
      await writer.command('SET', 'b', '1');
      await until('it is told', () => told.length > 0);
      expect(told.map(String)).toEqual(['__redis__:invalidate,b']);
      client.disconnect();
      listener.disconnect();
      writer.destroy();
    });
  });
});
