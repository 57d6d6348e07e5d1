/** The options `rate-limit-…`: commands beyond the rate are refused, or wait without disturbing others. */
import { afterEach, describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, type Reply, ReplyError } from '../support/client.ts';
import { useServer } from './served.ts';

const LIMITED = new ReplyError('ERR rate limit exceeded');

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards });
  const clients: Client[] = [];

  async function connect(): Promise<Client> {
    const client = await server().client();
    clients.push(client);
    return client;
  }

  /** A connection that has used one of its commands. */
  async function configure(...options: (string | number)[]): Promise<Client> {
    const client = await connect();
    expect(await client.command('CONFIG', 'SET', ...options)).toBe('OK');
    return client;
  }

  afterEach(async () => {
    // A connection of a new user has its tokens: the limit of users is not in its way for long.
    const control = await connect();
    const off = ['rate-limit-ops', 0, 'rate-limit-burst', 0, 'rate-limit-mode', 'error'];
    let reply: Reply;
    do {
      const user = ['rate-limit-user-ops', 0, 'rate-limit-user-burst', 0];
      reply = await control.command('CONFIG', 'SET', ...off, ...user);
    } while (reply !== 'OK');
    for (const client of clients.splice(0)) client.destroy();
  });

  function pings(count: number): string[][] {
    return new Array<string[]>(count).fill(['PING']);
  }

  function limitedOf(replies: readonly Reply[]): number {
    return replies.filter((reply) => reply instanceof ReplyError && reply.message === LIMITED.message).length;
  }

  describe('with errors', () => {
    test('a burst passes, and what comes beyond it is refused, on connections of before as well', async () => {
      const before = await connect();
      await before.command('PING');
      await configure('rate-limit-ops', 1, 'rate-limit-burst', 3);
      const replies = await before.pipeline(pings(50));
      expect(replies.slice(0, 3)).toEqual(['PONG', 'PONG', 'PONG']);
      expect(limitedOf(replies)).toBeGreaterThan(40);
      expect(await (await connect()).command('PING')).toBe('PONG');
    });

    test('a refused command does nothing', async () => {
      const client = await configure('rate-limit-ops', 1, 'rate-limit-burst', 2);
      await client.command('DEL', 'k');
      const other = await connect();
      const replies = await other.pipeline([
        ['INCR', 'k'],
        ['INCR', 'k'],
        ['INCR', 'k'],
        ['MSET', 'a', '1', 'b', '2'],
      ]);
      expect(replies).toEqual([1, 2, LIMITED, LIMITED]);
      expect(await (await connect()).command('MGET', 'k', 'a')).toEqual(['2', null]);
    });

    test('AUTH, HELLO, RESET and QUIT pass, and what is wrong counts', async () => {
      await configure('rate-limit-ops', 1, 'rate-limit-burst', 2);
      const client = await connect();
      const replies = await client.pipeline([
        ['NOPE'],
        ['GET'],
        ['NOPE'],
        ['CLIENT', 'x'],
        ['RESET'],
        ['QUIT'],
      ]);
      expect(String(replies[0])).toContain('unknown command');
      expect(String(replies[1])).toContain('wrong number of arguments');
      expect(replies.slice(2)).toEqual([LIMITED, LIMITED, 'RESET', 'OK']);
      const other = await connect();
      await other.pipeline(pings(2));
      expect(await other.command('HELLO', 3)).toBeInstanceOf(Map);
      expect(await other.command('AUTH', 'default', 'any')).toBe('OK');
    });

    test('the connections of a user share a limit', async () => {
      await configure('rate-limit-user-ops', 1, 'rate-limit-user-burst', 10);
      const one = await connect();
      const two = await connect();
      expect(limitedOf(await one.pipeline(pings(10)))).toBe(0);
      expect(limitedOf(await two.pipeline(pings(10)))).toBeGreaterThan(5);
    });

    test('who wants no replies gets none for refused commands either', async () => {
      await configure('rate-limit-ops', 1, 'rate-limit-burst', 1);
      const client = await connect();
      client.send(`CLIENT REPLY OFF\r\n${'PING\r\n'.repeat(20)}QUIT\r\n`);
      expect(await client.receivedUntilClosed()).toBe('');
    });
  });

  describe('with delay', () => {
    test('all commands are answered in their order, and none is lost', async () => {
      const control = await configure(
        'rate-limit-ops',
        200,
        'rate-limit-burst',
        2,
        'rate-limit-mode',
        'delay',
      );
      await control.command('DEL', 'n');
      const client = await connect();
      const commands = Array.from({ length: 60 }, (_, i) => (i % 3 === 2 ? ['GET', 'n'] : ['INCR', 'n']));
      const replies = await client.pipeline(commands);
      let n = 0;
      for (const [i, reply] of replies.entries()) expect(reply).toBe(i % 3 === 2 ? String(n) : ++n);
    });

    test('a connection that waits does not keep others waiting, and goes on when the limit ends', async () => {
      const control = await configure('rate-limit-ops', 1, 'rate-limit-burst', 1, 'rate-limit-mode', 'delay');
      const client = await connect();
      const waiting = client.pipeline(pings(100));
      expect(await (await connect()).command('PING')).toBe('PONG');
      expect(await (await connect()).command('SET', 'k', 'v')).toBe('OK');
      // The limit is gone long before the hundred seconds are over.
      expect(await control.command('CONFIG', 'SET', 'rate-limit-ops', 0)).toBe('OK');
      expect(await waiting).toEqual(pings(100).map(() => 'PONG'));
    });

    test('a client that leaves while it waits, or closes its side, leaves nothing behind', async () => {
      await configure('rate-limit-ops', 20, 'rate-limit-burst', 1, 'rate-limit-mode', 'delay');
      const gone = await connect();
      gone.send('PING\r\n'.repeat(50));
      await gone.reply();
      gone.destroy();
      const half = await connect();
      half.send('PING\r\nPING\r\nPING\r\n');
      half.end();
      expect(await half.receivedUntilClosed()).toBe('+PONG\r\n+PONG\r\n+PONG\r\n');
    });
  });
});

describe('before AUTH', () => {
  const server = useServer({
    shards: 1,
    args: ['--requirepass', 'secret', '--rate-limit-ops', '1', '--rate-limit-burst', '3'],
  });

  test('refused commands count, and AUTH itself always passes', async () => {
    const client = await server().client();
    const replies = await client.pipeline([...new Array<string[]>(30).fill(['PING']), ['AUTH', 'secret']]);
    expect(replies.slice(0, 3).map(String)).toEqual(
      new Array(3).fill('ReplyError: NOAUTH Authentication required.'),
    );
    expect(replies.filter((reply) => String(reply).includes('rate limit exceeded')).length).toBeGreaterThan(
      20,
    );
    expect(replies.at(-1)).toBe('OK');
    client.destroy();
  });
});
