/** MIGRATE between our server and a real Redis, both ways, and RESTORE-ASKING. */
import net from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useServer } from '../server/served.ts';
import type { Client, Reply, Word } from '../support/client.ts';
import {
  describeWithRedis,
  freePort,
  type RunningServer,
  startRedis,
  startServer,
} from '../support/server.ts';
import { error, NOT_AN_INTEGER, SYNTAX_ERROR } from './served.ts';

const TIMEOUT_MS = 5000;
const LARGE = '0123456789abcdef'.repeat(200_000);

interface Side {
  server: RunningServer;
  client: Client;
}

async function sideOf(server: RunningServer): Promise<Side> {
  return { server, client: await server.client() };
}

const starters = {
  redis: () => startRedis(['--databases', '16']),
  shardis: () => startServer({ shards: 3 }),
};

describeWithRedis('MIGRATE', () => {
  describe.each([
    ['shardis', 'redis'],
    ['redis', 'shardis'],
    ['shardis', 'shardis'],
  ] as const)('from %s to %s', (from, to) => {
    let source: Side;
    let target: Side;
    const here = (...words: Word[]) => source.client.command(...words);
    const there = (...words: Word[]) => target.client.command(...words);
    const migrate = (key: string, ...words: Word[]) =>
      here('MIGRATE', '127.0.0.1', target.server.port, key, 0, TIMEOUT_MS, ...words);

    beforeAll(async () => {
      source = await sideOf(await starters[from]());
      target = await sideOf(await starters[to]());
    });

    afterAll(async () => {
      await source.server.close();
      await target.server.close();
    });

    beforeEach(async () => {
      await here('FLUSHALL');
      await there('FLUSHALL');
    });

    test('moves a key with its expiry', async () => {
      await here('SET', 'key', 'value\0\r\n\xff');
      await here('SET', 'later', '42', 'EX', 1000);
      expect(await migrate('key')).toBe('OK');
      expect(await migrate('later')).toBe('OK');
      expect(await there('GET', 'key')).toBe('value\0\r\n\xff');
      expect(await there('TTL', 'key')).toBe(-1);
      expect(await there('GET', 'later')).toBe('42');
      expect(await there('TTL', 'later')).toBeGreaterThan(990);
      expect(await here('EXISTS', 'key', 'later')).toBe(0);
    });

    test('moves lists', async () => {
      const elements = Array.from({ length: 3000 }, (_, i) => `element ${i}`);
      await here('RPUSH', 'long', ...elements);
      await here('RPUSH', 'short', 'a', 1);
      expect(await migrate('', 'KEYS', 'long', 'short')).toBe('OK');
      expect(await here('DBSIZE')).toBe(0);
      expect(await there('LRANGE', 'long', 0, -1)).toEqual(elements);
      expect(await there('LRANGE', 'short', 0, -1)).toEqual(['a', '1']);
    });

    test('moves sorted sets', async () => {
      const pairs = Array.from({ length: 3000 }, (_, i) => [String(i), `m:${i}`]).flat();
      await here('ZADD', 'many', ...pairs);
      await here('ZADD', 'few', 1.5, 'a', 2, 'b');
      expect(await migrate('', 'KEYS', 'many', 'few')).toBe('OK');
      expect(await here('DBSIZE')).toBe(0);
      expect(await there('ZCARD', 'many')).toBe(3000);
      expect(await there('ZRANGE', 'few', 0, -1, 'WITHSCORES')).toEqual(['a', '1.5', 'b', '2']);
    });

    test('moves streams with their groups, also empty ones', async () => {
      for (let i = 1; i <= 300; i++) await here('XADD', 'stream', `${i}-1`, 'n', i);
      await here('XGROUP', 'CREATE', 'stream', 'g', 0);
      await here('XREADGROUP', 'GROUP', 'g', 'alice', 'COUNT', 2, 'STREAMS', 'stream', '>');
      await here('XGROUP', 'CREATE', 'empty', 'g', '7-7', 'MKSTREAM');
      const entries = await here('XRANGE', 'stream', '-', '+');
      expect(await migrate('', 'KEYS', 'stream', 'empty')).toBe('OK');
      expect(await here('DBSIZE')).toBe(0);
      expect(await there('XRANGE', 'stream', '-', '+')).toEqual(entries);
      expect(await there('XPENDING', 'stream', 'g')).toEqual([2, '1-1', '2-1', [['alice', '2']]]);
      expect(await there('XLEN', 'empty')).toBe(0);
      expect(await there('XPENDING', 'empty', 'g')).toEqual([0, null, null, null]);
    });

    test('moves many keys, and large ones', async () => {
      const keys = Array.from({ length: 200 }, (_, i) => `key:${i}`);
      for (const key of keys) await here('SET', key, `value of ${key}`);
      await here('SET', 'large', LARGE);
      expect(await migrate('', 'KEYS', ...keys, 'none', 'large')).toBe('OK');
      expect(await here('DBSIZE')).toBe(0);
      expect(await there('MGET', ...keys)).toEqual(keys.map((key) => `value of ${key}`));
      expect(await there('GET', 'large')).toBe(LARGE);
    });

    test('to another database, or only copies', async () => {
      await here('SET', 'key', 'value');
      const to3 = ['MIGRATE', '127.0.0.1', target.server.port, 'key', 3, TIMEOUT_MS];
      expect(await here(...to3, 'COPY')).toBe('OK');
      expect(await here('GET', 'key')).toBe('value');
      expect(await there('DBSIZE')).toBe(0);
      await there('SELECT', 3);
      expect(await there('GET', 'key')).toBe('value');
      await there('SELECT', 0);
    });

    test('writes over a key only when told to', async () => {
      await here('SET', 'key', 'new');
      await here('SET', 'other', 'x');
      await there('SET', 'key', 'old');
      const busy = error('ERR Target instance replied with error: BUSYKEY Target key name already exists.');
      expect(await migrate('', 'KEYS', 'key', 'other')).toEqual(busy);
      // What the target took has moved.
      expect(await here('EXISTS', 'key', 'other')).toBe(1);
      expect(await there('MGET', 'key', 'other')).toEqual(['old', 'x']);
      expect(await migrate('key', 'REPLACE')).toBe('OK');
      expect(await there('GET', 'key')).toBe('new');
    });

    test('has nothing to do without keys', async () => {
      expect(await migrate('none')).toBe('NOKEY');
      expect(await migrate('', 'KEYS', 'a', 'b')).toBe('NOKEY');
      expect(await migrate('', 'KEYS')).toBe('NOKEY');
      expect(await here('MIGRATE', '127.0.0.1', 1, 'none', 0, 10)).toBe('NOKEY');
    });

    test('says what is wrong', async () => {
      await here('SET', 'key', 'value');
      expect(await migrate('key', 'WRONG')).toEqual(SYNTAX_ERROR);
      expect(await migrate('key', 'AUTH')).toEqual(SYNTAX_ERROR);
      expect(await migrate('key', 'AUTH2', 'x')).toEqual(SYNTAX_ERROR);
      expect(await migrate('key', 'KEYS', 'x')).toEqual(
        error('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string'),
      );
      expect(await here('MIGRATE', '127.0.0.1', 1, 'key', 'x', 10)).toEqual(NOT_AN_INTEGER);
      expect(await here('MIGRATE', '127.0.0.1', 1, 'key', 0, 'x')).toEqual(NOT_AN_INTEGER);
      const failed = error('IOERR error or timeout writing to target instance');
      expect(await here('MIGRATE', '127.0.0.1', await freePort(), 'key', 0, 1000)).toEqual(failed);
      const outOfRange = error('ERR Target instance replied with error: ERR DB index is out of range');
      expect(await here('MIGRATE', '127.0.0.1', target.server.port, 'key', 99, 1000)).toEqual(outOfRange);
      expect(await here('GET', 'key')).toBe('value');
    });

    test('logs in', async () => {
      await here('SET', 'key', 'value');
      await there('CONFIG', 'SET', 'requirepass', 'secret');
      const refused = (await migrate('key', 'AUTH', 'wrong')) as Error;
      expect(refused.message).toMatch(/^ERR Target instance replied with error: WRONGPASS/);
      // Redis keeps its connections to targets, and this one needed no password.
      if (from === 'shardis') {
        const missing = (await migrate('key')) as Error;
        expect(missing.message).toMatch(/^ERR Target instance replied with error: NOAUTH/);
      }
      expect(await here('GET', 'key')).toBe('value');
      expect(await migrate('key', 'COPY', 'REPLACE', 'AUTH', 'secret')).toBe('OK');
      expect(await migrate('key', 'REPLACE', 'AUTH2', 'default', 'secret')).toBe('OK');
      await there('CONFIG', 'SET', 'requirepass', '');
      expect(await there('GET', 'key')).toBe('value');
    });
  });

  test('is described as Redis describes it', async () => {
    const redis = await sideOf(await startRedis());
    const ours = await sideOf(await startServer({ shards: 2 }));
    for (const name of ['migrate', 'restore-asking']) {
      const [expected] = (await redis.client.command('COMMAND', 'INFO', name)) as Reply[][];
      const [found] = (await ours.client.command('COMMAND', 'INFO', name)) as Reply[][];
      // Redis 7.0 lists the categories in another order.
      const comparable = (info: Reply[]) =>
        info.map((part, i) => (i === 6 ? [...(part as string[])].sort() : part));
      expect(comparable(found!)).toEqual(comparable(expected!));
    }
    const words = ['MIGRATE', 'host', 1, '', 0, 1, 'AUTH', 'KEYS', 'KEYS', 'a', 'b'];
    const keys = ['COMMAND', 'GETKEYS', ...words];
    expect(await ours.client.command(...keys)).toEqual(['a', 'b']);
    expect(await ours.client.command('COMMAND', 'GETKEYS', 'MIGRATE', 'host', 1, 'k', 0, 1, 'COPY')).toEqual([
      'k',
    ]);
    await redis.server.close();
    await ours.server.close();
  });
});

describe('a target that is no good', () => {
  const server = useServer({ shards: 2 });

  /** A target that gets what was sent, and says what `answer` returns. */
  async function withTarget<T>(
    answer: (count: number) => string | undefined | Promise<string | undefined>,
    use: (port: number) => Promise<T>,
  ): Promise<T> {
    let restores = 0;
    const target = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', async (bytes) => {
        for (const _ of bytes.toString('latin1').matchAll(/RESTORE/g)) {
          const text = await answer(++restores);
          if (text === undefined) socket.destroy();
          else socket.write(text);
        }
      });
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    try {
      return await use((target.address() as net.AddressInfo).port);
    } finally {
      target.close();
    }
  }

  test('that hangs up or says nothing leaves the key where it is', async () => {
    const client = await server().client();
    await client.command('SET', 'key', 'value');
    const failed = error('IOERR error or timeout reading to target instance');
    const migrate = (port: number) => client.command('MIGRATE', '127.0.0.1', port, 'key', 0, 200);
    expect(await withTarget(() => undefined, migrate)).toEqual(failed);
    expect(await withTarget(() => '', migrate)).toEqual(failed);
    expect(await withTarget(() => '+O', migrate)).toEqual(failed);
    expect(await client.command('GET', 'key')).toBe('value');
  });

  test('that cannot be found', async () => {
    const client = await server().client();
    await client.command('SET', 'key', 'value');
    const failed = error('IOERR error or timeout connecting to the client');
    expect(await client.command('MIGRATE', 'no-such-host.invalid', 6379, 'key', 0, 3000)).toEqual(failed);
    expect(await client.command('MIGRATE', '127.0.0.1', 'port', 'key', 0, 3000)).toEqual(failed);
    expect(await client.command('MIGRATE', 'a\0b', 6379, 'key', 0, 3000)).toEqual(failed);
    expect(await client.command('MIGRATE', '', 70000, 'key', 0, 3000)).toEqual(failed);
    expect(await client.command('GET', 'key')).toBe('value');
  });

  test('a key that changes meanwhile is sent again, and never lost', async () => {
    const client = await server().client();
    const other = await server().client();
    await client.command('SET', 'key', 'first');
    const sent: number[] = [];
    const answer = async (count: number) => {
      sent.push(count);
      if (count <= 2) await other.command('SET', 'key', `changed ${count}`);
      // The first also answers SELECT.
      return count === 1 ? '+OK\r\n+OK\r\n' : '+OK\r\n';
    };
    const reply = await withTarget(answer, (port) =>
      client.command('MIGRATE', '127.0.0.1', port, 'key', 0, TIMEOUT_MS),
    );
    expect(reply).toBe('OK');
    expect(sent).toEqual([1, 2, 3]);
    expect(await client.command('GET', 'key')).toBeNull();
    await client.command('SET', 'key', 'first');
    const always = async (count: number) => {
      await other.command('SET', 'key', `changed ${count}`);
      return count === 1 ? '+OK\r\n+OK\r\n' : '+OK\r\n';
    };
    const refused = await withTarget(always, (port) =>
      client.command('MIGRATE', '127.0.0.1', port, 'key', 0, TIMEOUT_MS),
    );
    expect(refused).toEqual(
      error('ERR the key was changed again and again while it was migrated, and stays here'),
    );
    expect(await client.command('GET', 'key')).toBe('changed 8');
  });

  test('the server itself is none', async () => {
    const client = await server().client();
    await client.command('SET', 'key', 'value');
    const reply = await client.command('MIGRATE', '127.0.0.1', server().port, 'key', 0, 500, 'REPLACE');
    expect(reply).toEqual(error('IOERR error or timeout reading to target instance'));
    expect(await client.command('GET', 'key')).toBe('value');
    expect(await client.command('MIGRATE', '127.0.0.1', server().port, 'key', 5, 500)).toBe('OK');
    await client.command('SELECT', 5);
    expect(await client.command('GET', 'key')).toBe('value');
  });

  test('others are served, and the client waits for its reply', async () => {
    const client = await server().client();
    const other = await server().client();
    await client.command('MSET', 'key', 'value', 'more', 'x');
    let isAnswered = false;
    const reply = withTarget(
      async () => {
        expect(await other.command('PING')).toBe('PONG');
        expect(isAnswered).toBe(false);
        return '+OK\r\n+OK\r\n';
      },
      async (port) => {
        const migrated = client.command('MIGRATE', '127.0.0.1', port, 'key', 0, TIMEOUT_MS);
        const next = client.command('EXISTS', 'key', 'more').then((count) => {
          isAnswered = true;
          return count;
        });
        return [await migrated, await next];
      },
    );
    expect(await reply).toEqual(['OK', 1]);
  });

  test('a password is shown to nobody', async () => {
    const client = await server().client();
    await client.command('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    await client.command('SLOWLOG', 'RESET');
    for (const more of [[], ['WRONG']]) {
      await client.command('MIGRATE', '127.0.0.1', 1, 'none', 0, 10, 'AUTH2', 'me', 'secret', ...more);
    }
    await client.command('CONFIG', 'SET', 'slowlog-log-slower-than', 10_000);
    const log = JSON.stringify(await client.command('SLOWLOG', 'GET', -1));
    expect(log.match(/MIGRATE/g)).toHaveLength(2);
    expect(log).not.toContain('secret');
  });

  test('a user needs a right to each key', async () => {
    const client = await server().client();
    await client.command('MSET', 'mine:1', 'x', 'other', 'y');
    await client.command('ACL', 'SETUSER', 'mover', 'on', 'nopass', '+@all', '~mine:*');
    const mover = await server().client();
    await mover.command('AUTH', 'mover', 'any');
    const denied = error('NOPERM No permissions to access a key');
    expect(await mover.command('MIGRATE', '127.0.0.1', 1, 'other', 0, 10)).toEqual(denied);
    expect(await mover.command('MIGRATE', '127.0.0.1', 1, '', 0, 10, 'KEYS', 'mine:2', 'other')).toEqual(
      denied,
    );
    expect(await mover.command('MIGRATE', '127.0.0.1', 1, '', 0, 10, 'KEYS', 'mine:2')).toBe('NOKEY');
  });

  test('RESTORE-ASKING is RESTORE', async () => {
    const client = await server().client();
    await client.command('SET', 'source', 'value');
    const dumped = Buffer.from((await client.command('DUMP', 'source')) as string, 'latin1');
    expect(await client.command('RESTORE-ASKING', 'copy', 0, dumped)).toBe('OK');
    expect(await client.command('GET', 'copy')).toBe('value');
    expect(await client.command('RESTORE-ASKING', 'copy', 0, dumped)).toEqual(
      error('BUSYKEY Target key name already exists.'),
    );
  });
});
