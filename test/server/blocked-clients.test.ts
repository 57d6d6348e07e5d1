/** Clients that wait for data: what ends their wait, what others see of them, and what comes behind them. */
import { afterEach, describe, expect, test } from 'vitest';
import { slotOf } from '../../src/base/crc16.ts';
import { slotTable } from '../../src/ring/hash-ring.ts';
import { forEachShardCount } from '../support/both.ts';
import { type Client, ReplyError } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { blocks, untilBlocked, untilForgotten } from './blocked.ts';
import { infoField, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 9 }, (_, i) => `list:${i}`);
const VIRTUAL_NODES = 160;

function keyOf(shard: number, shards: number): string {
  const slots = slotTable(shards, VIRTUAL_NODES);
  return KEYS.find((key) => slots[slotOf(Buffer.from(key), 0, key.length)] === shard)!;
}

forEachShardCount([1, 3], (shards) => {
  describe('clients that wait', () => {
    const server = useServer({ shards, args: ['--enable-debug-command', 'yes'] });
    const opened: Client[] = [];

    async function client(): Promise<Client> {
      const opening = await server().client();
      opened.push(opening);
      return opening;
    }

    afterEach(async () => {
      for (const each of opened.splice(0)) each.destroy();
      const looking = await server().client();
      await untilForgotten(looking);
      await looking.command('FLUSHALL');
      looking.destroy();
    });

    test('CLIENT UNBLOCK ends a wait as if its time were over, or with an error', async () => {
      const looking = await client();
      const waiting = await client();
      const id = Number(await waiting.command('CLIENT', 'ID'));
      expect(await looking.command('CLIENT', 'UNBLOCK', id)).toBe(0);
      for (const [how, expected] of [
        [[], null],
        [['TIMEOUT'], null],
        [['ERROR'], new ReplyError('UNBLOCKED client unblocked via CLIENT UNBLOCK')],
      ] as const) {
        for (const words of [
          ['BLPOP', ...KEYS, 0],
          ['BLMOVE', KEYS[0]!, KEYS[1]!, 'LEFT', 'LEFT', 100],
        ]) {
          const { reply } = await blocks(looking, waiting, ...words);
          expect(await looking.command('CLIENT', 'UNBLOCK', id, ...how)).toBe(1);
          expect(await reply).toEqual(expected);
          expect(await looking.command('CLIENT', 'UNBLOCK', id, ...how)).toBe(0);
        }
      }
      expect(String(await looking.command('INFO', 'errorstats'))).toContain('errorstat_UNBLOCKED:count=2');
      // What is pushed afterwards is not for it.
      expect(await looking.command('RPUSH', KEYS[0]!, 'a')).toBe(1);
      expect(await looking.command('LLEN', KEYS[0]!)).toBe(1);
      expect(await waiting.command('PING')).toBe('PONG');
    });

    test('CLIENT LIST tells that a client waits, and for what command', async () => {
      const looking = await client();
      const { reply } = await blocks(looking, await client(), 'BLMPOP', 0, 2, KEYS[0]!, KEYS[4]!, 'LEFT');
      expect(String(await looking.command('CLIENT', 'LIST'))).toMatch(/ flags=b .* cmd=blmpop /);
      await looking.command('RPUSH', KEYS[4]!, 'a');
      await reply;
      expect(String(await looking.command('CLIENT', 'LIST'))).not.toMatch(/ flags=b/);
    });

    test('the shards tell how many wait on each, and INFO for how many keys', async () => {
      const looking = await client();
      await blocks(looking, await client(), 'BLPOP', ...KEYS, 0);
      await blocks(looking, await client(), 'BLPOP', KEYS[0]!, KEYS[0]!, 0);
      await blocks(looking, await client(), 'BLMOVE', KEYS[1]!, 'elsewhere', 'LEFT', 'LEFT', 0);
      const text = String(await looking.command('INFO', 'shards'));
      const counts = [...text.matchAll(/waiting_clients=(\d)/g)].map(([, count]) => Number(count));
      expect(counts.reduce((sum, count) => sum + count)).toBe(shards + 2);
      expect(await infoField(looking, 'total_blocking_keys')).toBe('9');
    });

    test('what a client sends behind a command that waits is answered after it, in order', async () => {
      const looking = await client();
      const waiting = await client();
      const replies = waiting.pipeline([
        ['SET', KEYS[3]!, 'before'],
        ['BLPOP', ...KEYS.slice(0, 3), 0],
        ['GET', KEYS[3]!],
        ['BLPOP', KEYS[0]!, 0.01],
        ['BRPOP', ...KEYS.slice(0, 3), 0],
        ['PING'],
      ]);
      await untilBlocked(looking, 1);
      await looking.command('SET', KEYS[3]!, 'after');
      await looking.command('RPUSH', KEYS[2]!, 'a');
      await until('it waits again', async () => {
        const list = String(await looking.command('CLIENT', 'LIST'));
        return / flags=b .* cmd=brpop /.test(list);
      });
      await looking.command('RPUSH', KEYS[1]!, 'b', 'c');
      expect(await replies).toEqual(['OK', [KEYS[2], 'a'], 'after', null, [KEYS[1], 'c'], 'PONG']);
    });

    test('much that is sent behind a command that waits is kept, and answered', async () => {
      const looking = await client();
      const waiting = await client();
      const value = 'v'.repeat(10_000);
      const replies = waiting.pipeline([
        ['BLPOP', KEYS[0]!, 0],
        ...Array.from({ length: 500 }, (_, i) => ['SET', `k${i}`, value]),
        ['STRLEN', 'k499'],
      ]);
      await untilBlocked(looking, 1);
      await pause(50);
      await looking.command('RPUSH', KEYS[0]!, 'a');
      expect(await replies).toEqual([[KEYS[0], 'a'], ...Array(500).fill('OK'), 10_000]);
    });

    test('a client that goes while it waits gets nothing, and leaves nothing behind', async () => {
      const looking = await client();
      for (const leave of ['destroy', 'end'] as const) {
        for (const words of [
          ['BLPOP', ...KEYS, 0],
          ['BLMOVE', KEYS[5]!, KEYS[1]!, 'LEFT', 'LEFT', 0],
        ]) {
          const leaving = await client();
          await blocks(looking, leaving, ...words);
          const staying = await blocks(looking, await client(), 'BLPOP', KEYS[5]!, 0);
          leaving[leave]();
          await untilBlocked(looking, 1);
          await looking.command('RPUSH', KEYS[5]!, 'a', 'b');
          expect(await staying.reply).toEqual([KEYS[5], 'a']);
          expect(await looking.command('LRANGE', KEYS[5]!, 0, -1)).toEqual(['b']);
          await looking.command('DEL', ...KEYS);
        }
      }
    });

    test('those behind a move to another shard are served when its client goes at the last moment', async () => {
      const looking = await client();
      for (let i = 0; i < 20; i++) {
        const leaving = await client();
        const target = KEYS[1 + (i % 8)]!;
        await blocks(looking, leaving, 'BLMOVE', KEYS[0]!, target, 'LEFT', 'LEFT', 0);
        const behind = await blocks(looking, await client(), 'BLPOP', KEYS[0]!, 0);
        leaving.destroy();
        await looking.command('RPUSH', KEYS[0]!, 'a', 'b');
        expect(((await behind.reply) as string[])[0]).toBe(KEYS[0]);
        await looking.command('DEL', ...KEYS);
      }
    });

    test('a user who may not use the keys any more gets the error instead', async () => {
      const looking = await client();
      await looking.command('ACL', 'SETUSER', 'ann', 'reset', 'on', 'nopass', '+@all', 'allkeys');
      const waiting = await client();
      await waiting.command('AUTH', 'ann', 'x');
      const { reply } = await blocks(looking, waiting, 'BLMPOP', 0, 9, ...KEYS, 'LEFT');
      await looking.command('ACL', 'SETUSER', 'ann', 'allchannels');
      await untilBlocked(looking, 1);
      await looking.command('ACL', 'SETUSER', 'ann', 'resetkeys');
      expect(await looking.command('RPUSH', KEYS[3]!, 'a')).toBe(1);
      expect(await reply).toEqual(new ReplyError('NOPERM No permissions to access a key'));
      expect(await looking.command('LLEN', KEYS[3]!)).toBe(1);
      await looking.command('ACL', 'DELUSER', 'ann');
    });

    test('one that is killed while it waits gets nothing', async () => {
      const looking = await client();
      const waiting = await client();
      const id = Number(await waiting.command('CLIENT', 'ID'));
      await blocks(looking, waiting, 'BLPOP', ...KEYS, 0);
      expect(await looking.command('CLIENT', 'KILL', 'ID', id)).toBe(1);
      expect(await waiting.receivedUntilClosed()).toBe('');
      expect(await looking.command('RPUSH', KEYS[2]!, 'a')).toBe(1);
      expect(await looking.command('LLEN', KEYS[2]!)).toBe(1);
    });

    test('a client that sends its last byte with its command is answered, and not kept waiting', async () => {
      const looking = await client();
      await looking.command('RPUSH', KEYS[0]!, 'a');
      const last = await client();
      last.send(`PING\r\nBLPOP ${KEYS.join(' ')} 0\r\nBLPOP ${KEYS[1]} 0\r\nPING\r\n`);
      last.end();
      expect(await last.receivedUntilClosed()).toBe('+PONG\r\n*2\r\n$6\r\nlist:0\r\n$1\r\na\r\n');
    });

    test('without replies (CLIENT REPLY OFF) it waits and takes all the same', async () => {
      const looking = await client();
      const silent = await client();
      silent.send(`CLIENT REPLY OFF\r\nBLPOP ${KEYS.join(' ')} 0\r\nCLIENT REPLY ON\r\n`);
      await untilBlocked(looking, 1);
      await looking.command('RPUSH', KEYS[7]!, 'a', 'b');
      expect(await silent.reply()).toBe('OK');
      expect(await looking.command('LRANGE', KEYS[7]!, 0, -1)).toEqual(['b']);
    });

    test('a client that waits is not idle', async () => {
      const looking = await client();
      const { reply } = await blocks(looking, await client(), 'BLPOP', KEYS[0]!, 0);
      await looking.command('CONFIG', 'SET', 'timeout', '1');
      const idle = await client();
      await until('the idle one is closed', () => idle.isClosed || looking.command('PING').then(() => false));
      await looking.command('CONFIG', 'SET', 'timeout', '0');
      await looking.command('RPUSH', KEYS[0]!, 'a');
      expect(await reply).toEqual([KEYS[0], 'a']);
    });

    test('very many wait for one key, and each gets its own', async () => {
      const looking = await client();
      const all = await Promise.all(Array.from({ length: 300 }, () => client()));
      const replies = all.map((each, i) => each.command('BLPOP', KEYS[i % 2]!, KEYS[8]!, 0));
      await untilBlocked(looking, all.length);
      const elements = all.map((_, i) => String(i));
      await looking.command('RPUSH', KEYS[8]!, ...elements);
      const got = (await Promise.all(replies)).map((reply) => Number((reply as string[])[1]));
      expect(got.sort((a, b) => a - b)).toEqual(elements.map(Number));
    });
  });

  test('lanes without room put off what is said of those who wait, and lose nothing of it', async () => {
    const args = ['--enable-debug-command', 'yes', '--lane-size', '64kb'];
    const server = await startServer({ shards, args });
    const looking = await server.client();
    const waiting = await Promise.all(Array.from({ length: 5 }, () => server.client()));
    const replies = waiting.map((each) => each.command('BLPOP', ...KEYS, 0.3));
    await untilBlocked(looking, waiting.length);
    const sleeping = looking.command('DEBUG', 'SLEEP', 1);
    const value = 'v'.repeat(1000);
    const writing = await server.client();
    const sets = Array.from({ length: 400 }, (_, i) => ['SET', `key:${i}`, value]);
    const written = writing.pipeline(sets);
    await pause(50);
    const late = await server.client();
    const lateReply = late.command('BLPOP', ...KEYS, 0.01);
    const moving = (await server.client()).command('BLMOVE', KEYS[0]!, KEYS[1]!, 'LEFT', 'LEFT', 0);
    // Their time is over while the shards sleep.
    expect(await Promise.all(replies)).toEqual(waiting.map(() => null));
    await sleeping;
    expect(new Set(await written)).toEqual(new Set(['OK']));
    expect(await lateReply).toBeNull();
    await looking.command('RPUSH', KEYS[0]!, 'a');
    expect(await moving).toBe('a');
    await untilForgotten(looking);
    expect(await looking.command('LRANGE', KEYS[1]!, 0, -1)).toEqual(['a']);
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('a shard that dies takes along those who wait on it, and nobody else', async () => {
    const server = await startServer({ shards, args: ['--enable-debug-command', 'yes'] });
    const looking = await server.client();
    const victim = shards - 1;
    const doomed = await server.client();
    await blocks(looking, doomed, 'BLPOP', ...KEYS, 0);
    const spared = await server.client();
    const survivor = shards > 1 ? await blocks(looking, spared, 'BLPOP', keyOf(0, shards), 0) : undefined;
    const crashing = await server.client();
    crashing.send(`DEBUG SHARD-CRASH ${victim}\r\n`);
    expect(await crashing.receivedUntilClosed()).toBe('');
    expect(await doomed.receivedUntilClosed()).toBe('');
    await until('the shard serves again', async () => {
      return (await infoField(looking, `shard${victim}.state`)) === 'serving';
    });
    await looking.command('RPUSH', keyOf(0, shards), 'a', 'b');
    await looking.command('RPUSH', keyOf(victim, shards), 'c');
    if (survivor !== undefined) expect(await survivor.reply).toEqual([keyOf(0, shards), 'a']);
    const again = await blocks(looking, spared, 'BLPOP', 'nothing', 0);
    await looking.command('RPUSH', 'nothing', 'd');
    expect(await again.reply).toEqual(['nothing', 'd']);
    await untilForgotten(looking);
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('a server that ends does not wait for those who wait', async () => {
    const server = await startServer({ shards });
    const looking = await server.client();
    const waiting = await server.client();
    await blocks(looking, waiting, 'BLPOP', ...KEYS, 0);
    looking.send('SHUTDOWN NOSAVE\r\n');
    expect(await waiting.receivedUntilClosed()).toBe('');
    expect((await server.exited).code).toBe(0);
    await server.close();
  });

  test('a pause of writes keeps those who come from waiting, and those who wait from being served', async () => {
    const server = await startServer({ shards });
    const looking = await server.client();
    const waiting = await blocks(looking, await server.client(), 'BLPOP', KEYS[0]!, 0);
    expect(await looking.command('CLIENT', 'PAUSE', 100_000, 'WRITE')).toBe('OK');
    const pushing = await server.client();
    const pushed = pushing.command('RPUSH', KEYS[0]!, 'a', 'b');
    const late = (await server.client()).command('BLPOP', KEYS[0]!, 0);
    await untilBlocked(looking, 3);
    expect(await looking.command('CLIENT', 'UNPAUSE')).toBe('OK');
    expect(await pushed).toBe(2);
    expect(await waiting.reply).toEqual([KEYS[0], 'a']);
    expect(await late).toEqual([KEYS[0], 'b']);
    expect(await server.close()).toEqual({ code: 0 });
  });
});
