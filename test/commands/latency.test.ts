/** LATENCY. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, ReplyError } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ shards, args: ['--enable-debug-command', 'yes'] });
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    client = await server.client();
    await client.pipeline([
      ['FLUSHALL'],
      ['CONFIG', 'SET', 'latency-monitor-threshold', 0, 'latency-tracking', 'yes'],
      ['LATENCY', 'RESET'],
      ['CONFIG', 'RESETSTAT'],
    ]);
  });
  afterEach(() => client.destroy());

  const histogram = async (...names: string[]) => {
    const flat = (await client.command('LATENCY', 'HISTOGRAM', ...names)) as [string, unknown[]][];
    const found = new Map<string, { calls: number; rows: number[] }>();
    for (let i = 0; i < flat.length; i += 2) {
      const [, calls, , rows] = flat[i + 1] as unknown as [string, number, string, number[]];
      found.set(String(flat[i]), { calls, rows });
    }
    return found;
  };

  test('slow commands are events, the worst of each second', async () => {
    await client.command('CONFIG', 'SET', 'latency-monitor-threshold', 30);
    await client.command('DEBUG', 'SLEEP', 0.05);
    await sleep(1100);
    await client.command('DEBUG', 'SLEEP', 0.09);
    const samples = (await client.command('LATENCY', 'HISTORY', 'command')) as [number, number][];
    expect(samples).toHaveLength(2);
    expect(samples[0]![1]).toBeGreaterThanOrEqual(50);
    expect(samples[1]![1]).toBeGreaterThanOrEqual(90);
    const latest = (await client.command('LATENCY', 'LATEST')) as [string, number, number, number][];
    const command = latest.find(([name]) => name === 'command')!;
    expect(command.slice(1, 3)).toEqual(samples[1]);
    expect(command[3]).toBeGreaterThanOrEqual(90);
    const graph = String(await client.command('LATENCY', 'GRAPH', 'command'));
    expect(graph).toMatch(/^command - high \d+ ms, low \d+ ms \(all time high \d+ ms\)\n-{80}\n/);
    expect(graph).toContain('#');
    const report = String(await client.command('LATENCY', 'DOCTOR'));
    expect(report).toMatch(/1\. \S+: \d+ latency spikes \(average \d+ms, mean deviation \d+ms, period/);
    expect(report).toContain('SLOWLOG GET');
    expect(await client.command('LATENCY', 'RESET', 'nope', 'COMMAND')).toBe(1);
    expect(await client.command('LATENCY', 'HISTORY', 'command')).toEqual([]);
  });

  test('nothing is kept without a threshold, and the doctor says why', async () => {
    await client.command('DEBUG', 'SLEEP', 0.03);
    expect(await client.command('LATENCY', 'LATEST')).toEqual([]);
    expect(await client.command('LATENCY', 'DOCTOR')).toContain('latency-monitor-threshold');
    await client.command('CONFIG', 'SET', 'latency-monitor-threshold', 10_000);
    expect(await client.command('LATENCY', 'DOCTOR')).toMatch(/^Nothing was slow/);
    expect(await client.command('LATENCY', 'RESET')).toBe(0);
  });

  test('LATENCY HISTOGRAM counts each command once, on whichever threads it runs', async () => {
    await client.pipeline([
      ...Array.from({ length: 200 }, (_, i) => ['SET', `key:${i}`, i]),
      ...Array.from({ length: 100 }, () => ['MSET', 'a', 1, 'b', 2, 'c', 3]),
    ]);
    for (let i = 0; i < 50; i++) await client.command('GET', 'a');
    await client.pipeline(Array.from({ length: 70 }, () => ['GET', 'a']));
    await client.pipeline(Array.from({ length: 30 }, () => ['PING']));
    for (let i = 0; i < 10; i++) await client.command('MGET', 'a', 'b', 'c');
    await client.command('DBSIZE');
    const found = await histogram();
    const calls = (name: string) => found.get(name)?.calls;
    expect(['set', 'mset', 'get', 'ping', 'mget', 'dbsize', 'config|resetstat'].map(calls)).toEqual([
      200, 100, 120, 30, 10, 1, 1,
    ]);
    for (const { calls, rows } of found.values()) {
      expect(rows.length % 2).toBe(0);
      expect(rows.at(-1)).toBe(calls);
      const counts = rows.filter((_, i) => i % 2 === 1);
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
    }
  });

  test('LATENCY HISTOGRAM takes names, of containers as well, and passes over unknown ones', async () => {
    await client.pipeline([
      ['CLIENT', 'ID'],
      ['CLIENT', 'LIST'],
      ['SET', 'a', 1],
      ['GET', 'a'],
    ]);
    expect([...(await histogram('client')).keys()]).toEqual(
      expect.arrayContaining(['client|id', 'client|list']),
    );
    expect([...(await histogram('CLIENT|ID')).keys()]).toEqual(['client|id']);
    expect([...(await histogram('nonsense', 'get', 'incr')).keys()]).toEqual(['get']);
    await client.command('CONFIG', 'RESETSTAT');
    expect([...(await histogram('get', 'set', 'config')).keys()]).toEqual(['config|resetstat']);
  });

  test('DEBUG is one command, as in Redis', async () => {
    await client.command('DEBUG', 'SLEEP', 0);
    await client.command('DEBUG', 'OBJECT', 'absent');
    expect([...(await histogram('debug'))].map(([name, { calls }]) => [name, calls])).toEqual([['debug', 2]]);
    const stats = String(await client.command('INFO', 'commandstats'));
    expect(stats).toMatch(/cmdstat_debug:calls=2,.*,failed_calls=1\r\n/);
    expect(stats).not.toContain('cmdstat_debug|');
  });

  test('without latency tracking the histogram stays as it is', async () => {
    await client.command('CONFIG', 'SET', 'latency-tracking', 'no');
    await client.pipeline([
      ['SET', 'a', 1],
      ['GET', 'a'],
      ['MSET', 'a', 1, 'b', 2, 'c', 3],
    ]);
    expect(await histogram('set', 'get', 'mset')).toEqual(new Map());
    await client.command('CONFIG', 'SET', 'latency-tracking', 'yes');
    await client.pipeline([
      ['SET', 'a', 1],
      ['GET', 'a'],
    ]);
    expect([...(await histogram('set', 'get'))].map(([name, { calls }]) => [name, calls])).toEqual([
      ['set', 1],
      ['get', 1],
    ]);
  });

  test.each([
    [['GRAPH', 'nope'], "ERR No samples available for event 'nope'"],
    [['GRAPH'], "ERR wrong number of arguments for 'latency|graph' command"],
    [['HISTORY', 'a', 'b'], "ERR wrong number of arguments for 'latency|history' command"],
    [['HELP', 'x'], "ERR wrong number of arguments for 'latency|help' command"],
    [['nonsense'], "ERR unknown subcommand 'nonsense'. Try LATENCY HELP."],
  ])('LATENCY %j is an error', async (words, message) => {
    expect(await client.command('LATENCY', ...words)).toEqual(new ReplyError(message));
  });

  test('LATENCY HELP lists the subcommands', async () => {
    const lines = (await client.command('LATENCY', 'HELP')) as string[];
    expect(lines).toEqual(expect.arrayContaining(['DOCTOR', 'GRAPH <event>', 'LATEST', 'HELP']));
  });
});
