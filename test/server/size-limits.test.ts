/** `max-key-size` and `max-value-size`. */
import { afterEach, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, ReplyError } from '../support/client.ts';
import { useServer } from './served.ts';

const KEY = new ReplyError('ERR key is longer than max-key-size (8 bytes)');
const VALUE = new ReplyError('ERR value is longer than max-value-size (16 bytes)');
const LONG_KEY = 'k'.repeat(9);
const LONG_VALUE = 'v'.repeat(17);

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards, args: ['--max-key-size', '8', '--max-value-size', '16'] });
  const clients: Client[] = [];

  async function connect(): Promise<Client> {
    const client = await server().client();
    clients.push(client);
    return client;
  }

  afterEach(async () => {
    const control = await connect();
    await control.command('CONFIG', 'SET', 'max-key-size', 8, 'max-value-size', 16);
    await control.command('FLUSHALL');
    for (const client of clients.splice(0)) client.destroy();
  });

  test('what is as long as the limit passes', async () => {
    const client = await connect();
    expect(await client.command('SET', 'k'.repeat(8), 'v'.repeat(16))).toBe('OK');
    expect(await client.command('GET', 'k'.repeat(8))).toBe('v'.repeat(16));
  });

  test.each([
    ['SET', LONG_KEY, 'v'],
    ['GET', LONG_KEY],
    ['MGET', 'a', 'b', LONG_KEY],
    ['MSET', 'a', '1', LONG_KEY, '2'],
    ['DEL', LONG_KEY, 'a'],
    ['EXISTS', 'a', LONG_KEY],
    ['EXPIRE', LONG_KEY, '10'],
  ])('%s with a longer key is refused', async (...words) => {
    const client = await connect();
    expect(await client.command(...words)).toEqual(KEY);
    expect(await client.command('DBSIZE')).toBe(0);
  });

  test.each([
    ['SET', 'k', LONG_VALUE],
    ['SET', 'k', LONG_VALUE, 'EX', '100'],
    ['SETEX', 'k', '100', LONG_VALUE],
    ['GETSET', 'k', LONG_VALUE],
    ['APPEND', 'k', LONG_VALUE],
    ['MSET', 'a', '1', 'b', LONG_VALUE, 'c', '3'],
  ])('%s with a longer value is refused and writes nothing', async (...words) => {
    const client = await connect();
    expect(await client.command(...words)).toEqual(VALUE);
    expect(await client.command('DBSIZE')).toBe(0);
  });

  test('words of commands that do not write are no values', async () => {
    const client = await connect();
    expect(await client.command('ECHO', LONG_VALUE)).toBe(LONG_VALUE);
    expect(await client.command('CLIENT', 'SETNAME', LONG_VALUE)).toBe('OK');
    expect(await client.command('KEYS', `${LONG_VALUE}*`)).toEqual([]);
  });

  test('a limit counts for connections of before, at once', async () => {
    const client = await connect();
    const replies = await client.pipeline([
      ['CONFIG', 'SET', 'max-key-size', '0', 'max-value-size', '0'],
      ['SET', LONG_KEY, LONG_VALUE],
      ['CONFIG', 'SET', 'max-key-size', '8'],
      ['GET', LONG_KEY],
      ['SET', 'k', LONG_VALUE],
      ['CONFIG', 'SET', 'max-value-size', '16', 'max-key-size', '0'],
      ['GET', LONG_KEY],
      ['SET', 'k', LONG_VALUE],
    ]);
    expect(replies).toEqual(['OK', 'OK', 'OK', KEY, 'OK', 'OK', LONG_VALUE, VALUE]);
  });
});
