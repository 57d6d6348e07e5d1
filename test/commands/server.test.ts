/** CONFIG, TIME, SHUTDOWN and STATS. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, ReplyError } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ shards });
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    client = await server.client();
  });
  afterEach(() => client.destroy());

  test('CONFIG GET answers pairs, for several patterns each option once', async () => {
    expect(await client.command('CONFIG', 'GET', 'shards')).toEqual(['shards', String(shards)]);
    const pairs = (await client.command('CONFIG', 'GET', 'max*', 'MAXCLIENTS', 'h?')) as string[];
    expect(pairs.filter((word) => word === 'maxclients')).toHaveLength(1);
    expect(pairs).toEqual(expect.arrayContaining(['maxclients', '10000', 'hz', '10']));
    expect(await client.command('CONFIG', 'GET', 'nothing*')).toEqual([]);
  });

  test('CONFIG GET answers with a map in RESP3', async () => {
    await client.command('HELLO', 3);
    expect(await client.command('CONFIG', 'GET', 'hz')).toEqual(new Map([['hz', '10']]));
  });

  test('CONFIG SET changes several options at once', async () => {
    expect(await client.command('CONFIG', 'SET', 'hz', 20, 'TIMEOUT', 300)).toBe('OK');
    expect(await client.command('CONFIG', 'GET', 'hz')).toEqual(['hz', '20']);
    expect(await client.command('CONFIG', 'GET', 'timeout')).toEqual(['timeout', '300']);
    expect(await client.command('CONFIG', 'SET', 'hz', 10, 'timeout', 0)).toBe('OK');
  });

  test('CONFIG SET changes nothing when one of its options is wrong', async () => {
    expect(await client.command('CONFIG', 'SET', 'hz', 30, 'maxclients', 'abc')).toEqual(
      new ReplyError(
        "ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be parsed into an integer",
      ),
    );
    expect(await client.command('CONFIG', 'GET', 'hz')).toEqual(['hz', '10']);
  });

  test.each([
    [['SET', 'nosuch', '1'], "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"],
    [
      ['SET', 'hz', '1', 'HZ', '2'],
      "ERR CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter",
    ],
    [
      ['SET', 'databases', '3'],
      "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config",
    ],
    [['SET', 'hz', '1', 'timeout'], 'ERR syntax error'],
    [['SET', 'hz'], "ERR wrong number of arguments for 'config|set' command"],
    [['GET'], "ERR wrong number of arguments for 'config|get' command"],
    [['RESETSTAT', 'x'], "ERR wrong number of arguments for 'config|resetstat' command"],
    [['foo'], "ERR unknown subcommand 'foo'. Try CONFIG HELP."],
    [[], "ERR wrong number of arguments for 'config' command"],
  ])('CONFIG %j is an error', async (words, message) => {
    expect(await client.command('CONFIG', ...words)).toEqual(new ReplyError(message));
  });

  test('CONFIG RESETSTAT sets the counters to zero after what came before it', async () => {
    const replies = await client.pipeline([
      ['SET', 'a', 1],
      ['GET', 'a'],
      ['GET', 'absent'],
      ['CONFIG', 'RESETSTAT'],
    ]);
    expect(replies).toEqual(['OK', '1', null, 'OK']);
    const stats = String(await client.command('INFO', 'stats'));
    expect(stats).toContain('\r\nkeyspace_hits:0\r\nkeyspace_misses:0\r\n');
    expect(stats).toContain('\r\ntotal_connections_received:0\r\n');
  });

  test('CONFIG HELP lists the subcommands', async () => {
    const lines = (await client.command('CONFIG', 'HELP')) as string[];
    expect(lines[0]).toBe('CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(lines).toEqual(expect.arrayContaining(['RESETSTAT', 'HELP', '    Print this help.']));
  });

  test('TIME answers seconds and microseconds', async () => {
    const before = Date.now();
    const [seconds, microseconds] = ((await client.command('TIME')) as string[]).map(Number);
    const ms = seconds! * 1000 + microseconds! / 1000;
    expect(microseconds).toBeLessThan(1_000_000);
    expect(ms).toBeGreaterThan(before - 5);
    expect(ms).toBeLessThan(Date.now() + 5);
    expect(await client.command('TIME', 'x')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'time' command"),
    );
  });

  test('STATS sums up in a few lines, also as an inline command', async () => {
    await client.pipeline([['FLUSHALL'], ['MSET', 'a', 1, 'b', 2, 'c', 3], ['GET', 'a']]);
    client.send('stats\r\n');
    const text = String(await client.reply());
    expect(text).toMatch(/^items: 3\r\n/);
    expect(text).toContain(`\r\nshards: ${shards}\r\n`);
    for (const name of ['memory', 'connections', 'hit rate', 'ops']) expect(text).toContain(`\r\n${name}: `);
    expect(await client.command('STATS', 'x')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'stats' command"),
    );
  });

  test.each([
    [['foo'], 'ERR syntax error'],
    [['SAVE', 'NOSAVE'], 'ERR syntax error'],
    [['ABORT', 'NOW'], 'ERR syntax error'],
    [['ABORT'], 'ERR No shutdown in progress.'],
  ])('SHUTDOWN %j is an error and the server goes on', async (words, message) => {
    expect(await client.command('SHUTDOWN', ...words)).toEqual(new ReplyError(message));
    expect(await client.command('PING')).toBe('PONG');
  });
});

describe('SHUTDOWN', () => {
  test.each([[[]], [['NOSAVE']], [['nosave', 'now', 'force']]])(
    'with %j ends the process after the replies to what came before it, and answers nothing itself',
    async (words) => {
      const server = await startServer({ shards: 3 });
      try {
        const client = await server.client();
        client.send(`MSET a 1 b 2 c 3\r\nSHUTDOWN ${words.join(' ')}\r\n`);
        expect(await client.receivedUntilClosed()).toBe('+OK\r\n');
        expect(await Promise.race([server.exited, sleep(10_000)])).toEqual({ code: 0 });
      } finally {
        await server.close();
      }
    },
  );
});
