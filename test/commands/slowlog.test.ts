/** SLOWLOG. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, ReplyError } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

type Entry = [id: number, unixSeconds: number, us: number, words: string[], address: string, name: string];

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
      ['CONFIG', 'SET', 'slowlog-log-slower-than', -1, 'slowlog-max-len', 128],
      ['SLOWLOG', 'RESET'],
    ]);
  });
  afterEach(() => client.destroy());

  const entries = async (count = -1) => (await client.command('SLOWLOG', 'GET', count)) as Entry[];
  const loggedWords = async () => (await entries()).map((entry) => entry[3].join(' '));
  const logAll = (us = 0) => client.command('CONFIG', 'SET', 'slowlog-log-slower-than', us);

  test('a slow command of all shards is one entry, with whom it came from', async () => {
    await logAll(100_000);
    await client.command('CLIENT', 'SETNAME', 'sleeper');
    const before = Math.floor(Date.now() / 1000);
    expect(await client.command('DEBUG', 'SLEEP', '0.15')).toBe('OK');
    const [entry, ...rest] = await entries();
    expect(rest).toEqual([]);
    const [, unixSeconds, us, words, address, name] = entry!;
    expect(unixSeconds).toBeGreaterThanOrEqual(before);
    expect(us).toBeGreaterThanOrEqual(150_000);
    expect(words).toEqual(['DEBUG', 'SLEEP', '0.15']);
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(name).toBe('sleeper');
    expect(await client.command('SLOWLOG', 'LEN')).toBe(1);
  });

  test('SLOWLOG GET in the same pipeline shows what ran before it, wherever it ran', async () => {
    const replies = await client.pipeline([
      ['CONFIG', 'SET', 'slowlog-log-slower-than', 0],
      ['SET', 'a', 1],
      ['get', 'a'],
      ['MSET', 'a', 1, 'b', 2, 'c', 3],
      ['MGET', 'a', 'b', 'c'],
      ['PING'],
      ['EXISTS', 'a', 'b'],
      ['SLOWLOG', 'GET', -1],
    ]);
    const logged = (replies.at(-1) as Entry[]).map((entry) => entry[3].join(' '));
    // Connections have an order of their own, shards do not: this is one connection's.
    expect([...logged].sort()).toEqual(
      [
        ...['CONFIG SET slowlog-log-slower-than 0', 'SET a 1', 'get a', 'MSET a 1 b 2 c 3'],
        ...['MGET a b c', 'PING', 'EXISTS a b'],
      ].sort(),
    );
  });

  test('numbers rise, and the oldest entries go', async () => {
    await client.command('CONFIG', 'SET', 'slowlog-max-len', 10);
    await logAll();
    for (let i = 0; i < 30; i++) await client.command('PING', i);
    await client.command('CONFIG', 'SET', 'slowlog-log-slower-than', -1);
    const all = await entries();
    expect(all.map((entry) => entry[3][1])).toEqual(Array.from({ length: 10 }, (_, i) => String(29 - i)));
    const ids = all.map(([id]) => id);
    expect(ids).toEqual(Array.from({ length: 10 }, (_, i) => ids[0]! - i));
    expect(await entries(3)).toEqual(all.slice(0, 3));
    expect(await client.command('SLOWLOG', 'GET')).toEqual(all);
    expect(await client.command('SLOWLOG', 'RESET')).toBe('OK');
    expect(await client.command('SLOWLOG', 'LEN')).toBe(0);
  });

  test('long words are cut and further words counted, on a shard as here', async () => {
    await logAll();
    const long = 'x'.repeat(130);
    const many = Array.from({ length: 40 }, (_, i) => `k${i}`);
    for (const words of [
      ['SET', 'key', long],
      ['ECHO', long],
      ['DEL', ...many],
      ['EXISTS', ...many],
    ]) {
      await client.command(...words);
    }
    const cut = `${long.slice(0, 128)}... (2 more bytes)`;
    const first = `${many.slice(0, 30).join(' ')} ... (10 more arguments)`;
    expect((await loggedWords()).slice(0, 4)).toEqual([
      `EXISTS ${first}`,
      `DEL ${first}`,
      `ECHO ${cut}`,
      `SET key ${cut}`,
    ]);
  });

  test('a value that travels beside the lane is shown as well', async () => {
    await logAll();
    await client.command('SET', 'large', Buffer.alloc(3_000_000, 'v'));
    expect((await loggedWords())[0]).toBe(`SET large ${'v'.repeat(128)}... (2999872 more bytes)`);
  });

  test('passwords never appear', async () => {
    await logAll();
    for (const words of [
      ['AUTH', 'geheim'],
      ['AUTH', 'default', 'geheim'],
      ['AUTH', 'default', 'geheim', 'geheim'],
      ['HELLO', 3, 'SETNAME', 'x', 'AUTH', 'me', 'geheim'],
      ['HELLO', 2],
      ['CONFIG', 'SET', 'requirepass', 'geheim'],
      ['CONFIG', 'SET', 'REQUIREPASS', ''],
      ['CONFIG', 'SET', 'masterauth', 'geheim'],
    ]) {
      await client.command(...words);
    }
    const logged = await loggedWords();
    expect(logged.slice(0, 3)).toEqual([
      'CONFIG SET masterauth (redacted)',
      'CONFIG SET REQUIREPASS (redacted)',
      'CONFIG SET requirepass (redacted)',
    ]);
    expect(logged).toContain('HELLO 3 SETNAME x AUTH (redacted) (redacted)');
    expect(logged).toContain('AUTH (redacted)');
    expect(logged.filter((text) => text.startsWith('AUTH'))).toHaveLength(3);
  });

  test('refused commands and a shard off the limit are not logged', async () => {
    await logAll();
    await client.command('SLOWLOG', 'RESET');
    await client.command('nonsense');
    await client.command('SET', 'a');
    expect(await loggedWords()).toEqual(['SLOWLOG RESET']);
    await logAll(10_000_000);
    await client.command('SLOWLOG', 'RESET');
    for (let i = 0; i < 100; i++) await client.command('SET', `key:${i}`, i);
    expect(await client.command('SLOWLOG', 'LEN')).toBe(0);
  });

  test('each connection finds its own name among the entries', async () => {
    const others = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const other = await server.client();
        await other.command('CLIENT', 'SETNAME', `c${i}`);
        return other;
      }),
    );
    await logAll();
    await client.command('CONFIG', 'SET', 'slowlog-max-len', 1000);
    await Promise.all(
      others.map((other, i) =>
        other.pipeline(Array.from({ length: 40 }, (_, n) => ['SET', `${n}:of:${i}`, `c${i}`])),
      ),
    );
    const sets = (await entries()).filter((entry) => entry[3][0] === 'SET');
    expect(sets).toHaveLength(8 * 40);
    for (const [, , , words, , name] of sets) expect(name).toBe(words[2]);
    for (const other of others) other.destroy();
  });

  test.each([
    [['GET', '-2'], 'ERR count should be greater than or equal to -1'],
    [['GET', 'abc'], 'ERR count should be greater than or equal to -1'],
    [['GET', '1', '2'], "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."],
    [['LEN', 'x'], "ERR wrong number of arguments for 'slowlog|len' command"],
    [['nonsense'], "ERR unknown subcommand 'nonsense'. Try SLOWLOG HELP."],
  ])('SLOWLOG %j is an error', async (words, message) => {
    expect(await client.command('SLOWLOG', ...words)).toEqual(new ReplyError(message));
  });

  test('SLOWLOG HELP lists the subcommands', async () => {
    const lines = (await client.command('SLOWLOG', 'HELP')) as string[];
    expect(lines).toEqual(expect.arrayContaining(['GET [<count>]', 'LEN', 'RESET', 'HELP']));
  });
});
