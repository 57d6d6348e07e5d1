/** Transactions of several connections: watched keys that others change, what goes wrong in between, and who may do what. */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, type Reply, ReplyError } from '../support/client.ts';
import { infoField, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const ABORTED = new ReplyError('EXECABORT Transaction discarded because of previous errors.');
/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 12 }, (_, i) => `key:${i}`);

/** Queues the commands and returns what EXEC answers. */
async function transact(client: Client, ...commands: string[][]): Promise<Reply> {
  const replies = await client.pipeline([['MULTI'], ...commands, ['EXEC']]);
  expect(replies.slice(0, -1)).toEqual(['OK', ...commands.map(() => 'QUEUED')]);
  return replies.at(-1)!;
}

forEachShardCount([1, 3], (shards) => {
  describe('transactions', () => {
    const server = useServer({ shards, args: ['--enable-debug-command', 'yes'] });

    async function clients(count: number): Promise<Client[]> {
      const all = await Promise.all(Array.from({ length: count }, () => server().client()));
      await all[0]!.command('FLUSHALL');
      return all;
    }

    test('a key that another client changes in between makes EXEC answer nil, whichever shards are concerned', async () => {
      const [a, b] = (await clients(2)) as [Client, Client];
      for (const watched of KEYS) {
        for (const written of KEYS) {
          await a.command('WATCH', ...KEYS.slice(0, 3), watched);
          await b.command('SET', watched, 'changed');
          expect(await transact(a, ['SET', written, 'never'], ['GET', watched])).toBeNull();
          expect(await b.command('GET', written)).not.toBe('never');
        }
      }
      await a.command('WATCH', ...KEYS);
      await b.command('GET', KEYS[0]!);
      await b.command('EXISTS', ...KEYS);
      expect(await transact(a, ['SET', KEYS[1]!, 'v'], ['GET', KEYS[1]!])).toEqual(['OK', 'v']);
      a.destroy();
      b.destroy();
    });

    test('changes by transactions and by commands on several shards count too', async () => {
      const [a, b] = (await clients(2)) as [Client, Client];
      const changes: string[][][] = [
        [['MULTI'], ['SET', KEYS[3]!, '1'], ['SET', KEYS[5]!, '1'], ['EXEC']],
        [['MSET', ...KEYS.flatMap((key) => [key, '2'])]],
        [['RENAME', KEYS[3]!, KEYS[5]!]],
        [['COPY', KEYS[5]!, KEYS[3]!]],
        [['DEL', ...KEYS]],
        [['MSETNX', ...KEYS.flatMap((key) => [key, '3'])]],
        [['BITOP', 'OR', KEYS[3]!, KEYS[4]!, KEYS[5]!]],
        [['FLUSHALL']],
      ];
      for (const change of changes) {
        await a.command('WATCH', KEYS[3]!, KEYS[0]!);
        await b.pipeline(change);
        expect(await transact(a, ['PING'])).toBeNull();
      }
      a.destroy();
      b.destroy();
    });

    test('a watched key that expires counts, one that was gone already does not', async () => {
      const [a] = (await clients(1)) as [Client];
      await a.command('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
      for (const key of KEYS.slice(0, 4)) {
        await a.pipeline([
          ['SET', key, 'v', 'PX', '200'],
          ['WATCH', key],
        ]);
        await pause(220);
        expect(await transact(a, ['PING'])).toBeNull();
        await a.command('SET', key, 'v', 'PX', '1');
        await pause(10);
        await a.command('WATCH', key);
        await a.command('DEL', key);
        expect(await transact(a, ['PING'])).toEqual(['PONG']);
      }
      await a.command('DEBUG', 'SET-ACTIVE-EXPIRE', '1');
      a.destroy();
    });

    test('a client that goes away leaves nothing behind', async () => {
      const [admin] = (await clients(1)) as [Client];
      for (let i = 0; i < 20; i++) {
        const client = await server().client();
        await client.command('WATCH', ...KEYS);
        client.send('*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n');
        client.destroy();
      }
      const mover = await server().client();
      await mover.command('SET', KEYS[0]!, 'v');
      const renames = KEYS.map((key, i) => ['RENAME', key, KEYS[(i + 1) % KEYS.length]!]);
      mover.send(renames.map((words) => `${words.join(' ')}\r\n`).join(''));
      mover.destroy();
      await until('nobody is parked', async () => {
        const parked = await Promise.all(
          Array.from({ length: shards }, (_, shard) => infoField(admin, `shard${shard}.parked`)),
        );
        return parked.every((value) => value === '0');
      });
      for (const key of KEYS) expect(await admin.command('SET', key, 'w')).toBe('OK');
      admin.destroy();
    });

    test('what is let in is decided when a command is queued, and once more when it runs', async () => {
      const [admin, user] = (await clients(2)) as [Client, Client];
      await admin.command('ACL', 'SETUSER', 'u', 'reset', 'on', 'nopass', '+@all', '~key:*');
      await user.command('AUTH', 'u', 'x');
      expect(await user.pipeline([['MULTI'], ['SET', 'other', '1'], ['EXEC']])).toEqual([
        'OK',
        new ReplyError('NOPERM No permissions to access a key'),
        ABORTED,
      ]);
      await user.pipeline([['MULTI'], ['SET', 'key:1', '1'], ['INCR', 'key:2']]);
      await admin.command('ACL', 'SETUSER', 'u', '-incr');
      const [first, second] = (await user.command('EXEC')) as [Reply, ReplyError];
      expect(first).toBe('OK');
      expect(second.message).toMatch(/^NOPERM ACLs rules changed between the moment/);
      await user.pipeline([['MULTI'], ['SET', 'key:1', '2'], ['GET', 'key:1']]);
      await admin.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
      expect(await user.command('EXEC')).toEqual(
        new ReplyError(
          'EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas to write.',
        ),
      );
      await admin.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
      expect(await admin.command('GET', 'key:1')).toBe('1');
      admin.destroy();
      user.destroy();
    });

    test('CLIENT PAUSE WRITE holds a transaction that writes, and no other', async () => {
      const [a, b] = (await clients(2)) as [Client, Client];
      await a.pipeline([['MULTI'], ['GET', 'k']]);
      await b.command('CLIENT', 'PAUSE', '60000', 'WRITE');
      expect(await a.command('EXEC')).toEqual([null]);
      await b.command('CLIENT', 'UNPAUSE');
      await a.pipeline([['MULTI'], ['SET', 'k', 'v']]);
      await b.command('CLIENT', 'PAUSE', '60000', 'WRITE');
      const executed = a.command('EXEC');
      await until('EXEC waits', async () => (await infoField(b, 'blocked_clients')) === '1');
      await b.command('CLIENT', 'UNPAUSE');
      expect(await executed).toEqual(['OK']);
      a.destroy();
      b.destroy();
    });

    test('commands that answer later take their place in the reply of EXEC', async () => {
      const [a] = (await clients(1)) as [Client];
      const replies = await a.pipeline([
        ['MULTI'],
        ['SET', KEYS[0]!, '1'],
        ['WAIT', '0', '0'],
        ['MIGRATE', '127.0.0.1', '1', 'nosuch', '0', '100'],
        ['SET', KEYS[1]!, '2'],
        ['CLIENT', 'SETNAME', 'me'],
        ['CLIENT', 'GETNAME'],
        ['MGET', KEYS[0]!, KEYS[1]!],
        ['EXEC'],
        ['CLIENT', 'GETNAME'],
      ]);
      expect(replies.slice(-2)).toEqual([['OK', 0, 'NOKEY', 'OK', 'OK', 'me', ['1', '2']], 'me']);
      a.destroy();
    });

    test('long transactions and large values pass, pipelined ones in their order', async () => {
      const [a] = (await clients(1)) as [Client];
      const large = 'x'.repeat(3_000_000);
      const many = Array.from({ length: 5_000 }, (_, i) => ['SET', `k${i}`, `${i}`]);
      const all = await transact(a, ...many, ['SET', KEYS[0]!, large], ['STRLEN', KEYS[0]!], ['DBSIZE']);
      expect((all as Reply[]).slice(-3)).toEqual(['OK', large.length, many.length + 1]);
      expect(await transact(a, ['GET', KEYS[0]!], ['GET', 'k1'])).toEqual([large, '1']);
      const rows = Array.from({ length: 300 }, (_, i) => [
        ['MULTI'],
        ['INCR', KEYS[i % 3]!.replace('key', 'n')],
        ['INCR', 'sum'],
        ['EXEC'],
        ['GET', 'sum'],
      ]).flat();
      const replies = await a.pipeline(rows);
      for (let i = 0; i < 300; i++) {
        expect(replies.slice(i * 5 + 3, i * 5 + 5)).toEqual([[Math.floor(i / 3) + 1, i + 1], `${i + 1}`]);
      }
      a.destroy();
    });

    test('what runs in transactions is counted as it is outside, and slow commands are shown', async () => {
      const [a] = (await clients(1)) as [Client];
      await a.command('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
      await a.command('SLOWLOG', 'RESET');
      await a.command('CONFIG', 'RESETSTAT');
      await transact(
        a,
        ['SET', KEYS[0]!, '1'],
        ['SET', KEYS[1]!, '2'],
        ['INCR', KEYS[0]!],
        ['MGET', ...KEYS],
      );
      await transact(a, ['SET', KEYS[0]!, 'text'], ['INCR', KEYS[0]!]);
      const statistics = String(await a.command('INFO', 'commandstats'));
      expect(statistics).toMatch(/cmdstat_set:calls=3,/);
      expect(statistics).toMatch(/cmdstat_incr:calls=2,.*failed_calls=1/);
      expect(statistics).toMatch(/cmdstat_mget:calls=1,/);
      expect(statistics).toMatch(/cmdstat_exec:calls=2,/);
      const slow = (await a.command('SLOWLOG', 'GET', '100')) as Reply[][];
      const words = slow.map((entry) => (entry[3] as string[]).join(' '));
      expect(words.some((text) => text.toLowerCase() === `incr ${KEYS[0]}`)).toBe(true);
      expect(words.some((text) => text.toLowerCase().startsWith('exec'))).toBe(false);
      await a.command('CONFIG', 'SET', 'slowlog-log-slower-than', '10000');
      a.destroy();
    });

    test('CLIENT LIST shows how much is queued, and a queue counts as memory of its client', async () => {
      const [a, b] = (await clients(2)) as [Client, Client];
      const id = await a.command('CLIENT', 'ID');
      await a.pipeline([['MULTI'], ['SET', 'a', 'x'.repeat(100_000)], ['GET', 'a']]);
      const line = String(await b.command('CLIENT', 'LIST', 'ID', String(id)));
      expect(line).toMatch(/flags=x .*multi=2 /);
      expect(Number(/multi-mem=(\d+)/.exec(line)![1])).toBeGreaterThan(100_000);
      expect(Number(/tot-mem=(\d+)/.exec(line)![1])).toBeGreaterThan(100_000);
      expect(await a.command('DISCARD')).toBe('OK');
      expect(String(await b.command('CLIENT', 'LIST', 'ID', String(id)))).toMatch(/multi=-1 /);
      a.destroy();
      b.destroy();
    });
  });
});

describe('a shard that dies', () => {
  const server = useServer({ shards: 3, args: ['--enable-debug-command', 'yes'] });

  test('takes what was watched on it along: EXEC answers nil', async () => {
    const admin = await server().client();
    const client = await server().client();
    await client.command('WATCH', ...KEYS);
    const killer = await server().client();
    killer.send('DEBUG SHARD-CRASH 1\r\n');
    await killer.closed;
    await until('the shard serves again', async () => (await infoField(admin, 'shard1.state')) === 'serving');
    expect(await transact(client, ['PING'])).toBeNull();
    await client.command('WATCH', ...KEYS);
    expect(await transact(client, ['SET', KEYS[0]!, 'v'])).toEqual(['OK']);
    client.destroy();
    admin.destroy();
  });
});
