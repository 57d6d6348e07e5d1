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
  ])('DEBUG %s … is an error when the words do not fit', async (...words) => {
    expect(await client.command('DEBUG', ...words)).toEqual(
      new ReplyError(
        `ERR unknown subcommand or wrong number of arguments for '${words[0]}'. Try DEBUG HELP.`,
      ),
    );
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
