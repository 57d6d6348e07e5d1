/** DEBUG, and the option that must allow it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, ReplyError } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const NOT_ALLOWED = new ReplyError(
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.',
);

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ shards, args: ['--enable-debug-command', 'yes'] });
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    client = await server.client();
    await client.command('FLUSHALL');
  });
  afterEach(() => client.destroy());

  test('DEBUG SLEEP stops every shard for that long', async () => {
    const other = await server.client();
    const start = performance.now();
    const slept = client.command('DEBUG', 'SLEEP', 0.3);
    await sleep(50);
    // Keys on all shards: none of them answers before the end.
    const stored = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const reply = await other.command('SET', `key:${i}`, i);
        return [reply, performance.now() - start > 250];
      }),
    );
    expect(await slept).toBe('OK');
    expect(stored).toEqual(stored.map(() => ['OK', true]));
    other.destroy();
  });

  test('DEBUG SLEEP takes what is no number, or a negative one, for zero', async () => {
    for (const seconds of ['abc', '-1', '0'])
      expect(await client.command('DEBUG', 'SLEEP', seconds)).toBe('OK');
  });

  test.each([
    ['12', 'int', 2],
    ['-300', 'int', 3],
    ['100000', 'int', 5],
    ['10000000000', 'int', 12],
    ['hello', 'embstr', 6],
    ['x'.repeat(44), 'embstr', 45],
    ['0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123', 'raw', 68],
  ])('DEBUG OBJECT shows how %j is stored', async (value, encoding, bytes) => {
    await client.command('SET', 'key', value);
    expect(await client.command('DEBUG', 'OBJECT', 'key')).toMatch(
      new RegExp(
        `^Value at:0x[0-9a-f]+ refcount:1 encoding:${encoding} serializedlength:${bytes} lru:\\d+ lru_seconds_idle:\\d+$`,
      ),
    );
  });

  test('DEBUG OBJECT of an absent key is an error', async () => {
    expect(await client.command('DEBUG', 'OBJECT', 'absent')).toEqual(new ReplyError('ERR no such key'));
  });

  test('DEBUG OBJECT calls raw what APPEND has changed', async () => {
    await client.command('SET', 'key', 'a');
    await client.command('APPEND', 'key', 'b');
    expect(await client.command('DEBUG', 'OBJECT', 'key')).toContain(' encoding:raw ');
  });

  test('DEBUG SET-ACTIVE-EXPIRE 0 leaves expired keys in place on every shard until it is 1 again', async () => {
    const size = async () => Number(await client.command('DBSIZE'));
    expect(await client.command('DEBUG', 'SET-ACTIVE-EXPIRE', 0)).toBe('OK');
    for (let i = 0; i < 20; i++) await client.command('SET', `key:${i}`, i, 'PX', 1);
    await sleep(300);
    expect(await size()).toBe(20);
    expect(await client.command('DEBUG', 'SET-ACTIVE-EXPIRE', 1)).toBe('OK');
    await expect.poll(size, { timeout: 5000 }).toBe(0);
  });

  test.each([
    ['foo'],
    ['SLEEP'],
    ['SLEEP', '0', '1'],
    ['OBJECT'],
    ['OBJECT', 'a', 'b'],
    ['SET-ACTIVE-EXPIRE'],
    ['SHARD-CRASH'],
  ])('DEBUG %s … is an error when the words do not fit', async (...words) => {
    expect(await client.command('DEBUG', ...words)).toEqual(
      new ReplyError(
        `ERR unknown subcommand or wrong number of arguments for '${words[0]}'. Try DEBUG HELP.`,
      ),
    );
  });

  test('DEBUG SHARD-CRASH wants the number of a shard, and ends its thread', async () => {
    expect(await client.command('DEBUG', 'SHARD-CRASH', 'x')).toEqual(
      new ReplyError('ERR value is not an integer or out of range'),
    );
    for (const index of [-1, shards]) {
      expect(await client.command('DEBUG', 'SHARD-CRASH', index)).toEqual(
        new ReplyError(`ERR value is out of range, value must between 0 and ${shards - 1}`),
      );
    }
    const dying = await server.client();
    dying.send('DEBUG SHARD-CRASH 0\r\n');
    expect(await dying.receivedUntilClosed()).toBe('');
    const lines = async () => String(await client.command('INFO', 'shards'));
    await expect.poll(lines, { timeout: 20_000 }).toMatch(/^shard0:.*restarts=1,state=serving\r$/m);
  });

  test('DEBUG DIGEST is the same for the same data, however it came about', async () => {
    const digest = () => client.command('DEBUG', 'DIGEST');
    expect(await digest()).toBe('0'.repeat(40));
    for (let i = 0; i < 50; i++) await client.command('SET', `key:${i}`, i);
    const first = await digest();
    // As Redis 7.0 answers for these keys; with any number of shards.
    expect(first).toBe('60f938d619670dbc45e28d6418a5ac93706a7d49');
    await client.command('SET', 'key:7', 'other');
    expect(await digest()).not.toBe(first);
    await client.command('FLUSHALL');
    for (let i = 49; i >= 0; i--) await client.command('SET', `key:${i}`, i);
    expect(await digest()).toBe(first);
    await client.command('EXPIRE', 'key:7', 1000);
    expect(await digest()).not.toBe(first);
    await client.command('PERSIST', 'key:7');
    expect(await digest()).toBe(first);
    await client.command('SELECT', 1);
    await client.command('SET', 'key:7', 7);
    expect(await digest()).not.toBe(first);
  });

  test('DEBUG DIGEST-VALUE has a digest for each key, in their order', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `key:${i}`);
    for (const name of names) await client.command('SET', name, name);
    const all = (await client.command('DEBUG', 'DIGEST-VALUE', ...names, 'absent')) as string[];
    expect(new Set(all).size).toBe(21);
    expect(all[20]).toBe('0'.repeat(40));
    for (const [i, name] of names.entries()) {
      expect(await client.command('DEBUG', 'DIGEST-VALUE', name)).toEqual([all[i]]);
    }
  });

  test('DEBUG POPULATE makes each key once, on the shard that it belongs to', async () => {
    await client.command('SET', 'key:5', 'mine');
    expect(await client.command('DEBUG', 'POPULATE', 1000)).toBe('OK');
    expect(await client.command('DBSIZE')).toBe(1000);
    expect(await client.command('GET', 'key:5')).toBe('mine');
    const values = await client.pipeline(Array.from({ length: 1000 }, (_, i) => ['GET', `key:${i}`]));
    expect(values.filter((value, i) => value !== `value:${i}`)).toEqual(['mine']);
    await client.command('SELECT', 2);
    expect(await client.command('DEBUG', 'POPULATE', 10, 'other', 12)).toBe('OK');
    expect(await client.command('GET', 'other:9')).toBe('value:9\0\0\0\0\0');
    expect(await client.command('DBSIZE')).toBe(10);
  });

  test('DEBUG LOG writes to the log', async () => {
    expect(await client.command('DEBUG', 'LOG', 'hello "log"')).toBe('OK');
    await expect.poll(() => server.output()).toContain('DEBUG LOG: hello \\"log\\"');
  });

  test('DEBUG ERROR is that error', async () => {
    expect(await client.command('DEBUG', 'ERROR', 'MINE and more')).toEqual(new ReplyError('MINE and more'));
  });

  test('DEBUG HTSTATS counts the keys of a database', async () => {
    await client.command('SET', 'a', 1);
    await client.command('SET', 'b', 1, 'EX', 100);
    expect(await client.command('DEBUG', 'HTSTATS', 0)).toBe(
      [
        '[Dictionary HT]\nHash table 0 stats (main hash table):\n number of elements: 2\n',
        '[Expires HT]\nHash table 0 stats (main hash table):\n number of elements: 1\n',
      ].join(''),
    );
    expect(await client.command('DEBUG', 'HTSTATS', 1, 'full')).toContain('No stats available');
  });

  test('DEBUG STRINGMATCH-LEN matches', async () => {
    expect(await client.command('DEBUG', 'STRINGMATCH-LEN', 'a*[x-z]', 'abcy')).toBe(1);
    expect(await client.command('DEBUG', 'STRINGMATCH-LEN', 'a*[x-z]', 'abc')).toBe(0);
    expect(await client.command('DEBUG', 'STRUCTSIZE')).toContain('bits:64');
  });

  test.each([
    ['DEBUG DICT-RESIZING', ['DICT-RESIZING', '0']],
    ['DEBUG DELAY-RDB-CLIENT-INFO', ['DELAY-RDB-CLIENT-INFO']],
    ['DEBUG CLIENT-ENFORCE-REPLY-LIST', ['CLIENT-ENFORCE-REPLY-LIST', '1']],
    ['DEBUG REPLYBUFFER', ['REPLYBUFFER', 'RESIZING', '0']],
    ['DEBUG REPLICATE', ['REPLICATE', 'SET', 'a', '1']],
  ])('%s answers OK', async (_, words) => {
    expect(await client.command('DEBUG', ...words)).toBe('OK');
  });

  test.each([
    ['DEBUG RELOAD softly', 'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.'],
    ['DEBUG RESTART', 'ERR failed to restart the server. Check server logs.'],
    ['DEBUG CRASH-AND-RECOVER 0', 'ERR failed to restart the server. Check server logs.'],
    ['DEBUG CONFIG-REWRITE-FORCE-ALL', 'ERR The server is running without a config file'],
    ['DEBUG MALLCTL a', "ERR unknown subcommand or wrong number of arguments for 'MALLCTL'. Try DEBUG HELP."],
  ])('%s is an error, and says why', async (line, message) => {
    expect(await client.command(...(line.split(' ') as [string]))).toEqual(new ReplyError(message));
  });

  test('DEBUG alone is an error, and DEBUG HELP lists the subcommands', async () => {
    expect(await client.command('DEBUG')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'debug' command"),
    );
    const lines = (await client.command('DEBUG', 'HELP')) as string[];
    expect(lines[0]).toBe('DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(lines).toEqual(expect.arrayContaining(['OBJECT <key>', 'SLEEP <seconds>', 'HELP']));
  });
});

test('DEBUG is refused unless the option allows it', async () => {
  const server = await startServer({ shards: 1 });
  const client = await server.client();
  for (const words of [['HELP'], ['SLEEP', '0'], ['OBJECT', 'a'], ['SET-ACTIVE-EXPIRE', '1'], ['foo']]) {
    expect(await client.command('DEBUG', ...words)).toEqual(NOT_ALLOWED);
  }
  client.destroy();
  await server.close();
});

test('DEBUG is allowed to clients of this machine when the option says local', async () => {
  const server = await startServer({ shards: 1, args: ['--enable-debug-command', 'local'] });
  const client = await server.client();
  expect(await client.command('DEBUG', 'SLEEP', 0)).toBe('OK');
  client.destroy();
  await server.close();
});

test.each(['DEBUG SEGFAULT', 'DEBUG PANIC', 'DEBUG ASSERT', 'DEBUG OOM'])(
  '%s ends the process',
  async (line) => {
    const server = await startServer({ shards: 1, args: ['--enable-debug-command', 'yes'] });
    const client = await server.client();
    client.send(`${line}\r\n`);
    // A signal ended it, and so it has no code.
    expect(await server.exited).toEqual({ code: null });
    await client.closed;
    await server.close();
  },
);
