/** Reading strings from a shard's memory without asking the shard: visible in INFO, and in nothing else. */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client, Reply } from '../support/client.ts';
import { Random, seedFrom } from '../support/random.ts';
import { ModelledCommands } from './modelled-commands.ts';
import { infoField, sumOverShards, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const random = new Random(seedFrom('DIRECT_READS_SEED'));

forEachShardCount([1, 3], (shards) => {
  describe.each(['yes', 'no'])('and direct-reads %s', (directReads) => {
    const server = useServer({
      shards,
      args: ['--direct-reads', directReads, '--enable-debug-command', 'yes'],
    });

    test('single commands are answered as a single-threaded Redis would', async () => {
      const client = await server().client();
      for (const { command, reply } of new ModelledCommands(random, 'single').take(2_000)) {
        expect({ command, reply: await client.command(...command) }).toEqual({ command, reply });
      }
      client.destroy();
    });

    test('reads of expired keys find nothing', async () => {
      const client = await server().client();
      expect(await client.command('SET', 'brief', 'v', 'PX', 60)).toBe('OK');
      expect(await client.command('GET', 'brief')).toBe('v');
      await pause(100);
      expect(await client.command('GET', 'brief')).toBe(null);
      expect(await client.command('MGET', 'brief', 'brief')).toEqual([null, null]);
      expect(await client.command('EXISTS', 'brief')).toBe(0);
      expect(await client.command('STRLEN', 'brief')).toBe(0);
      expect(await client.command('TTL', 'brief')).toBe(-2);
      client.destroy();
    });

    test('hits and misses are counted alike', async () => {
      const client = await server().client();
      expect(await client.command('MSET', 'there', '1', 'also', '2')).toBe('OK');
      expect(await countedBy(client, 'GET', 'there')).toEqual({ hits: 1, misses: 0 });
      expect(await countedBy(client, 'GET', 'absent')).toEqual({ hits: 0, misses: 1 });
      expect(await countedBy(client, 'MGET', 'there', 'absent', 'also')).toEqual({ hits: 2, misses: 1 });
      expect(await countedBy(client, 'EXISTS', 'there', 'absent')).toEqual({ hits: 1, misses: 1 });
      for (const command of ['STRLEN', 'TTL', 'PTTL', 'TYPE', 'EXISTS']) {
        expect([command, await countedBy(client, command, 'there')]).toEqual([
          command,
          { hits: 1, misses: 0 },
        ]);
        expect([command, await countedBy(client, command, 'absent')]).toEqual([
          command,
          { hits: 0, misses: 1 },
        ]);
      }
      expect(await countedBy(client, 'SET', 'absent', 'v')).toEqual({ hits: 0, misses: 0 });
      expect(await countedBy(client, 'DEL', 'absent')).toEqual({ hits: 0, misses: 0 });
      client.destroy();
    });

    test('INFO tells how many there were', async () => {
      const client = await server().client();
      expect(await client.command('MSET', 'a', '1', 'b', '2', 'c', '3')).toBe('OK');
      const before = await sumOverShards(client, 'direct_reads');
      for (let i = 0; i < 100; i++) expect(await client.command('GET', 'a')).toBe('1');
      expect(await client.command('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
      const after = await sumOverShards(client, 'direct_reads');
      if (directReads === 'no') expect([before, after]).toEqual([0, 0]);
      else expect(after - before).toBe(103);
      client.destroy();
    });

    test('reads leave the same access times', async () => {
      const client = await server().client();
      expect(await client.command('SET', 'touched', 'v')).toBe('OK');
      await until('it is idle', async () => (await idleSeconds(client, 'touched')) >= 2);
      for (const command of ['TTL', 'TYPE', 'EXISTS', 'PTTL']) await client.command(command, 'touched');
      expect(await idleSeconds(client, 'touched')).toBeGreaterThanOrEqual(2);
      expect(await client.command('GET', 'touched')).toBe('v');
      expect(await idleSeconds(client, 'touched')).toBeLessThan(2);
      client.destroy();
    });
  });

  describe('and direct-reads changed while the server runs', () => {
    const server = useServer({ shards });

    test('it is in force from the next command on', async () => {
      const client = await server().client();
      expect(await client.command('SET', 'k', 'v')).toBe('OK');
      const directReads = async () => {
        const before = await sumOverShards(client, 'direct_reads');
        for (let i = 0; i < 10; i++) expect(await client.command('GET', 'k')).toBe('v');
        return (await sumOverShards(client, 'direct_reads')) - before;
      };
      expect(await directReads()).toBe(10);
      expect(await client.command('CONFIG', 'SET', 'direct-reads', 'no')).toBe('OK');
      expect(await directReads()).toBe(0);
      expect(await client.command('CONFIG', 'SET', 'direct-reads', 'yes')).toBe('OK');
      expect(await directReads()).toBe(10);
      client.destroy();
    });

    test('keys are found while their number grows and shrinks', async () => {
      const [writer, reader] = [await server().client(), await server().client()];
      const known = new Map<string, string>();
      for (let round = 0; round < 60; round++) {
        const sets: string[][] = [];
        for (let i = 0; i < 2_000; i++) {
          const key = `grow ${random.below(30_000)}`;
          const value = `${round}`.padEnd(random.below(300));
          known.set(key, value);
          sets.push(['SET', key, value]);
        }
        await writer.pipeline(sets);
        const keys = Array.from({ length: 30 }, () => random.pick([...known.keys()].slice(0, 500)));
        for (const key of keys) expect(await reader.command('GET', key)).toBe(known.get(key));
        if (round % 20 !== 19) continue;
        const removed = [...known.keys()].slice(0, known.size / 2);
        for (const key of removed) known.delete(key);
        await writer.pipeline(removed.map((key) => ['DEL', key]));
        const replies: Reply[] = await Promise.all(
          removed.slice(0, 50).map((key) => reader.command('GET', key)),
        );
        expect(new Set(replies)).toEqual(new Set([null]));
      }
      writer.destroy();
      reader.destroy();
    });
  });
});

/** How long nobody has used a key. */
async function idleSeconds(client: Client, key: string): Promise<number> {
  const details = String(await client.command('DEBUG', 'OBJECT', key));
  return Number(/lru_seconds_idle:(\d+)/.exec(details)?.[1]);
}

/** By how much a command raised the counters of hits and misses. */
async function countedBy(client: Client, ...command: string[]): Promise<{ hits: number; misses: number }> {
  const counters = async () => ({
    hits: Number(await infoField(client, 'keyspace_hits')),
    misses: Number(await infoField(client, 'keyspace_misses')),
  });
  const before = await counters();
  await client.command(...command);
  const after = await counters();
  return { hits: after.hits - before.hits, misses: after.misses - before.misses };
}
