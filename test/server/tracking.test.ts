/** Client-side caching under load: a cache that the server helps to keep right is never stale when it should have been told. */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client, Reply, Word } from '../support/client.ts';
import { Random, seedFrom } from '../support/random.ts';
import { CachingClient } from './caching-client.ts';
import { useServer } from './served.ts';
import { until } from './waiting.ts';

const random = new Random(seedFrom('TRACKING_SEED'));
const KEYS = Array.from({ length: 24 }, (_, i) => `key:${i}`);
const PAIRS = KEYS.flatMap((name) => [name, 'v']);
const ROUNDS = 25;

function key(): string {
  return random.pick(KEYS);
}

function value(): string {
  return random.oneIn(20) ? String(random.below(10)).repeat(5000) : String(random.below(1000));
}

/** One write of any kind: on one key, cut over shards, moving values between them, or on all keys. */
function anyWrite(): Word[] {
  switch (random.below(18)) {
    case 0:
      return ['DEL', key(), key(), key()];
    case 1:
      return ['MSET', key(), value(), key(), value(), key(), value()];
    case 2:
      return ['APPEND', key(), 'x'];
    case 3:
      return ['SETRANGE', key(), random.below(10), 'yz'];
    case 4:
      return ['SET', key(), value(), 'PX', random.between(1, 30)];
    case 5:
      return ['PEXPIRE', key(), random.between(1, 30)];
    case 6:
      return ['RENAME', key(), key()];
    case 7:
      return ['COPY', key(), key(), 'REPLACE'];
    case 8:
      return ['MSETNX', key(), value(), key(), value()];
    case 9:
      return ['GETDEL', key()];
    case 10:
      return ['BITOP', 'NOT', key(), key()];
    case 11:
      return ['GETEX', key(), 'PERSIST'];
    case 12:
      return ['INCRBY', key(), random.below(9)];
    case 13:
      return random.oneIn(4) ? [random.pick(['FLUSHALL', 'FLUSHDB'])] : ['UNLINK', key()];
    default:
      return ['SET', key(), value()];
  }
}

/** Some commands of any kind. */
function anyBatch(): Word[][] {
  const commands = Array.from({ length: random.between(1, 8) }, anyWrite);
  return random.oneIn(3) ? [['MULTI'], ...commands, ['EXEC']] : commands;
}

/** A transaction of the client with the cache: it reads and changes, in any order. */
function anyTransaction(): Word[][] {
  return Array.from({ length: random.between(1, 6) }, () => (random.oneIn(2) ? ['GET', key()] : anyWrite()));
}

/** What the cache has that the server has not, or not any more. */
async function stale(cache: CachingClient, checker: Client): Promise<[string, Reply, Reply][]> {
  // Reading also removes what has expired, and so makes the server tell.
  const values = (await checker.command('MGET', ...KEYS)) as Reply[];
  await cache.command('PING');
  const all = KEYS.map((name, i): [string, Reply, Reply] => [name, cache.cache.get(name)!, values[i]!]);
  return all.filter(([name, cached, actual]) => cache.cache.has(name) && cached !== actual);
}

forEachShardCount([1, 3], (shards) => {
  describe.each(['yes', 'no'])('and direct-reads %s', (directReads) => {
    const server = useServer({
      shards,
      args: ['--direct-reads', directReads, '--enable-debug-command', 'yes'],
    });

    test.each([[[]], [['BCAST']], [['BCAST', 'PREFIX', 'key:1', 'PREFIX', 'key:2']], [['OPTOUT']]])(
      'with the options %j nothing in the cache is stale after others have written at random',
      async (options) => {
        const cache = await CachingClient.connect(server().port, ...options);
        const checker = await server().client();
        const writers = [await server().client(), await server().client()];
        const isTracked = (name: string) => !options.includes('PREFIX') || /^key:[12]/.test(name);
        const tracked = KEYS.filter(isTracked);
        for (let round = 0; round < ROUNDS; round++) {
          const reads: Promise<Reply>[] = [];
          const writes = writers.map(async (writer) => {
            for (let burst = 0; burst < 3; burst++) {
              const done = writer.pipeline([...anyBatch(), ...anyBatch()]);
              for (let i = 0; i < 6; i++) {
                reads.push(cache.read(random.pick(tracked)));
                reads.push(cache.read(random.pick(tracked), random.pick(tracked)));
              }
              await done;
            }
          });
          await Promise.all(writes);
          await Promise.all(reads);
          expect({ round, stale: await stale(cache, checker) }).toEqual({ round, stale: [] });
        }
        expect(cache.invalidations).toBeGreaterThan(ROUNDS);
        for (const client of [...writers, checker, cache]) client.destroy();
      },
    );

    test('when a write has been answered, the next PING of the cache brings the message', async () => {
      const cache = await CachingClient.connect(server().port);
      const checker = await server().client();
      const writer = await server().client();
      for (let round = 0; round < 150; round++) {
        await cache.read(...KEYS.slice(0, random.between(1, KEYS.length)));
        const write = anyWrite();
        await writer.command(...write);
        expect({ write, stale: await stale(cache, checker) }).toEqual({ write, stale: [] });
      }
      for (const client of [writer, checker, cache]) client.destroy();
    });

    test('a message about what a client changes itself comes behind the reply', async () => {
      const cache = await CachingClient.connect(server().port);
      const checker = await server().client();
      for (let round = 0; round < 100; round++) {
        const replies: Promise<unknown>[] = [cache.read(key()), cache.read(key(), key())];
        replies.push(cache.command(...anyWrite()), cache.read(key()), cache.transaction(anyTransaction()));
        replies.push(cache.command(...anyWrite()), cache.read(key(), key()));
        if (random.oneIn(2)) replies.push(cache.transaction(anyTransaction()));
        await Promise.all(replies);
        expect({ round, stale: await stale(cache, checker) }).toEqual({ round, stale: [] });
      }
      checker.destroy();
      cache.destroy();
    });

    test('with NOLOOP a client that looks after its own changes is told only of those of others', async () => {
      const cache = await CachingClient.connect(server().port, 'NOLOOP');
      const checker = await server().client();
      const writer = await server().client();
      await writer.command('FLUSHALL');
      await cache.command('PING');
      const before = cache.invalidations;
      for (let round = 0; round < 20; round++) {
        await cache.read(...KEYS);
        await cache.write(key(), value());
      }
      await cache.command('PING');
      expect(cache.invalidations).toBe(before);
      for (let round = 0; round < 50; round++) {
        await cache.read(...KEYS);
        const other = writer.pipeline([anyWrite(), anyWrite()]);
        await cache.write(key(), value());
        await other;
        expect({ round, stale: await stale(cache, checker) }).toEqual({ round, stale: [] });
      }
      for (const client of [writer, checker, cache]) client.destroy();
    });

    test('more messages than a lane has room for come no later than the reply to the command', async () => {
      const cache = await CachingClient.connect(server().port);
      const writer = await server().client();
      const many = Array.from({ length: 20_000 }, (_, i) => `key with a rather long name ${i}`);
      await cache.read(...many);
      await writer.command('MSET', ...many.flatMap((name) => [name, 'x']));
      await cache.command('PING');
      expect(cache.cache.size).toBe(0);
      await cache.read(...many);
      await writer.command('DEL', ...many);
      await cache.command('PING');
      expect(cache.cache.size).toBe(0);
      cache.destroy();
      writer.destroy();
    });

    test('a large reply that is under way is not cut by a message', async () => {
      const cache = await CachingClient.connect(server().port);
      const writer = await server().client();
      const large = 'v'.repeat(3_000_000);
      await writer.command('SET', 'large', large);
      await cache.read(...KEYS);
      for (let round = 0; round < 5; round++) {
        const reads = [cache.read('large'), cache.read(...KEYS), cache.read('large')];
        await writer.pipeline(KEYS.map((name) => ['SET', name, `${round}`]));
        await Promise.all(reads);
        expect(cache.cache.get('large')).toBe(large);
        expect(await stale(cache, writer)).toEqual([]);
      }
      await writer.command('DEL', 'large');
      cache.destroy();
      writer.destroy();
    });

    test('when a shard has died nothing in the cache counts any more: what is loaded may be older', async () => {
      const cache = await CachingClient.connect(server().port);
      await cache.read(...KEYS);
      const { flushes } = cache;
      const crasher = await server().client();
      crasher.send(`DEBUG SHARD-CRASH ${shards - 1}\r\n`);
      await crasher.closed;
      await until('the cache is told', () => cache.flushes > flushes);
      expect(cache.cache.size).toBe(0);
      const writer = await server().client();
      await until('the shard serves again', async () => (await writer.command('MSET', ...PAIRS)) === 'OK');
      await cache.read(...KEYS);
      await writer.command('DEL', ...KEYS);
      await cache.command('PING');
      expect(cache.cache.size).toBe(0);
      cache.destroy();
      writer.destroy();
    });
  });
});
