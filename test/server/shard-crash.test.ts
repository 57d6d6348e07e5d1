/**
 * A shard whose thread ends is started again while the others serve. Whoever waited for it is disconnected, because
 * nobody knows what became of the command; everybody else notices nothing but LOADING for its keys.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { slotOf } from '../../src/base/crc16.ts';
import { createServer } from '../../src/index.ts';
import { slotTable } from '../../src/ring/hash-ring.ts';
import { forEachShardCount } from '../support/both.ts';
import { Client, type Reply, ReplyError, type Word } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';
import { infoField } from './served.ts';
import { until } from './waiting.ts';

const LOADING = new ReplyError('LOADING Redis is loading the dataset in memory');
const VIRTUAL_NODES = 160;

function start(shards: number, args: readonly string[] = []): Promise<RunningServer> {
  return startServer({ shards, args: ['--enable-debug-command', 'yes', '--loglevel', 'notice', ...args] });
}

/** `count` keys of the shard. */
function keysOf(shard: number, shards: number, count: number): string[] {
  const slots = slotTable(shards, VIRTUAL_NODES);
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) {
    const key = Buffer.from(`key:${i}`);
    if (slots[slotOf(key, 0, key.length)] === shard) keys.push(key.toString());
  }
  return keys;
}

/** Has the shard die, and waits for the end of the connection that asked for it. */
async function crash(server: RunningServer, shard: number): Promise<void> {
  const client = await server.client();
  client.send(`DEBUG SHARD-CRASH ${shard}\r\n`);
  expect(await client.receivedUntilClosed()).toBe('');
}

async function untilServing(client: Client, shard: number): Promise<void> {
  await until('the shard serves again', async () => {
    return (await infoField(client, `shard${shard}.state`)) === 'serving';
  });
}

/** Replies until the server closes the connection, at most `count`. */
async function repliesOf(client: Client, commands: readonly (readonly Word[])[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  const settled = await Promise.allSettled(commands.map((command) => client.command(...command)));
  for (const each of settled) if (each.status === 'fulfilled') replies.push(each.value);
  return replies;
}

function isLoading(reply: Reply): boolean {
  return reply instanceof ReplyError && reply.message === LOADING.message;
}

forEachShardCount([1, 3], (shards) => {
  const victim = shards - 1;
  const [key, other, third] = keysOf(victim, shards, 3) as [string, string, string];

  test('a shard that dies while nothing is asked of it serves again, without its keys', async () => {
    const server = await start(shards);
    const client = await server.client();
    const keys = Array.from({ length: shards }, (_, shard) => keysOf(shard, shards, 1)[0]!);
    for (const each of keys) expect(await client.command('SET', each, 'v')).toBe('OK');
    await crash(server, victim);
    expect(await client.command('PING')).toBe('PONG');
    expect(await infoField(client, 'shard_restarts')).toBe('1');
    expect(await infoField(client, 'loading')).toBe('0');
    await untilServing(client, victim);
    for (const [shard, each] of keys.entries()) {
      expect(await client.command('GET', each)).toBe(shard === victim ? null : 'v');
    }
    expect(await client.command('DBSIZE')).toBe(shards - 1);
    expect(await client.command('SET', key, 'again')).toBe('OK');
    expect(await client.command('GET', key)).toBe('again');
    expect(await infoField(client, `shard${victim}.restarts`)).toBe('1');
    if (shards > 1) expect(await infoField(client, 'shard0.restarts')).toBe('0');
    await until('the log has it', () => server.output().includes(`shard ${victim} serves again`));
    expect(server.output()).toContain(`shard ${victim} died: Error: DEBUG SHARD-CRASH`);
    expect(server.output()).toContain('its 1 keys are lost');
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('under load, only those are disconnected that wait for the shard', async () => {
    const server = await start(shards);
    const watcher = await server.client();
    const loads = Array.from({ length: 6 }, async (_, i) => {
      const shard = i % shards;
      const names = keysOf(shard, shards, 20);
      const client = await server.client();
      for (let round = 0; round < 30; round++) {
        const commands = names.flatMap((name) => [
          ['SET', name, `${i}.${round}`],
          ['STRLEN', name],
          ['PING'],
        ]);
        const replies = await client.pipeline(commands).catch(() => undefined);
        if (shard !== victim) {
          expect(replies).toEqual(commands.map((_, at) => ['OK', `${i}.${round}`.length, 'PONG'][at % 3]));
        } else if (replies === undefined) {
          return 'closed';
        } else {
          for (const [at, reply] of replies.entries()) {
            if (isLoading(reply)) expect(at % 3).not.toBe(2);
            else expect(reply).not.toBeInstanceOf(ReplyError);
          }
        }
      }
      return 'served';
    });
    await crash(server, victim);
    const ends = await Promise.all(loads);
    ends.forEach((end, i) => {
      if (i % shards !== victim) expect(end).toBe('served');
    });
    await untilServing(watcher, victim);
    expect(await watcher.command('SET', key, 'v')).toBe('OK');
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('whatever is behind the crash in the lane is lost, and its room with it', async () => {
    const server = await start(shards, ['--lane-size', '64kb', '--direct-reads', 'no']);
    const client = await server.client();
    const sleeper = await server.client();
    sleeper.send(`DEBUG SLEEP 0.5\r\nDEBUG SHARD-CRASH ${victim}\r\nGET ${key}\r\n`);
    await until(
      'the crash is on its way',
      async () => Number(await infoField(client, `shard${victim}.queue_bytes`)) > 0,
    );
    const flood = await server.client();
    // One value beside the lane, then more than the lane holds.
    flood.command('SET', key, Buffer.alloc(3_000_000)).catch(() => {});
    for (let i = 0; i < 400; i++) flood.command('SET', key, 'x'.repeat(1000)).catch(() => {});
    await until('the lane is full', async () => {
      return Number(await infoField(client, `shard${victim}.queue_bytes`)) > 60_000;
    });
    const parked = await server.client();
    const reply = parked.command('SET', other, 'x'.repeat(10_000));
    await Promise.all([sleeper.closed, flood.closed]);
    expect(await reply).toEqual(LOADING);
    await untilServing(client, victim);
    expect(await infoField(client, `shard${victim}.queue_bytes`)).toBe('0');
    expect(await parked.command('SET', other, Buffer.alloc(3_000_000, 'a'))).toBe('OK');
    expect(await parked.command('STRLEN', other)).toBe(3_000_000);
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('commands on several keys and on all shards fail while the shard is away, and work afterwards', async () => {
    const server = await start(shards);
    const client = await server.client();
    const all = Array.from({ length: shards }, (_, shard) => keysOf(shard, shards, 1)[0]!);
    const pairs = all.flatMap((each) => [each, 'v']);
    for (let round = 0; round < 3; round++) {
      const clients = await Promise.all(Array.from({ length: 4 }, () => server.client()));
      const busy = clients.map((each) =>
        repliesOf(
          each,
          Array.from({ length: 400 }, (_, i) => {
            const from = all[i % shards]!;
            const to = all[(i + 1) % shards]!;
            if (i % 100 === 99) return ['FLUSHALL'];
            const kinds = [
              ['MSET', ...pairs],
              ['RENAME', from, to],
              ['COPY', to, from],
              ['DEL', ...all],
            ];
            return kinds[i % kinds.length]!;
          }),
        ),
      );
      await crash(server, round % shards);
      await Promise.all(busy);
      for (const each of clients) each.destroy();
      await untilServing(client, round % shards);
    }
    expect(await client.command('MSET', ...pairs)).toBe('OK');
    expect(await client.command('MGET', ...all)).toEqual(all.map(() => 'v'));
    for (const each of all) {
      expect(await client.command('RENAME', each, key)).toBe('OK');
      if (each !== key) expect(await client.command('COPY', key, each)).toBe(1);
    }
    expect(await client.command('FLUSHALL')).toBe('OK');
    expect(await client.command('DBSIZE')).toBe(0);
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('what INFO counts does not go back', async () => {
    const server = await start(shards, ['--direct-reads', 'no']);
    const client = await server.client();
    await client.command('SET', key, 'text');
    for (const word of [key, other, third]) await client.command('GET', word);
    await client.command('INCR', key);
    const figures = ['keyspace_hits', 'keyspace_misses', 'cmdstat_get.calls', 'errorstat_ERR.count'];
    const before = await Promise.all(figures.map((figure) => infoField(client, figure)));
    expect(before).toEqual(['1', '2', '3', '1']);
    await crash(server, victim);
    expect(await Promise.all(figures.map((figure) => infoField(client, figure)))).toEqual(before);
    await untilServing(client, victim);
    await client.command('GET', key);
    await client.command('SET', key, 'text');
    await client.command('INCR', key);
    const after = await Promise.all(figures.map((figure) => infoField(client, figure)));
    expect(after).toEqual(['1', '3', '4', '2']);
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('a server whose shards die again and again ends', async () => {
    const server = await start(shards);
    const client = await server.client();
    for (let i = 0; i < 4; i++) {
      await crash(server, victim);
      await untilServing(client, victim);
    }
    await crash(server, victim);
    expect((await server.exited).code).toBe(1);
    const plain = server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('shardis:'));
    expect(plain).toEqual([
      `shardis: shard ${victim} died: Error: DEBUG SHARD-CRASH (shards died 5 times within 60 seconds)`,
    ]);
    await server.close();
  });

  test('with on-shard-crash exit the server ends at once', async () => {
    const server = await start(shards);
    const client = await server.client();
    expect(await client.command('CONFIG', 'SET', 'on-shard-crash', 'exit')).toBe('OK');
    await crash(server, victim);
    expect((await server.exited).code).toBe(1);
    const plain = server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('shardis:'));
    expect(plain).toEqual([`shardis: shard ${victim} died: Error: DEBUG SHARD-CRASH`]);
    await server.close();
  });

  test('an embedded server goes on as well', async () => {
    const server = await createServer({ shards, 'enable-debug-command': 'yes' });
    const client = await Client.connect(server.port);
    const dying = await Client.connect(server.port);
    dying.send(`DEBUG SHARD-CRASH ${victim}\r\n`);
    await dying.closed;
    await untilServing(client, victim);
    expect(await client.command('SET', key, 'v')).toBe('OK');
    client.destroy();
    await server.close();
    await expect(server.stopped).resolves.toBeUndefined();
  });
});

describe('a command on keys of two shards', () => {
  const shards = 3;
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await start(shards);
    client = await server.client();
    return async () => {
      expect(await server.close()).toEqual({ code: 0 });
    };
  });

  test.each([
    ['that it holds', 1, 0],
    ['that executes it', 0, 1],
  ])('whose shard %s has died keeps nobody waiting', async (_, victim, spared) => {
    const [gone] = keysOf(victim, shards, 1) as [string];
    const [kept, next] = keysOf(spared, shards, 2) as [string, string];
    await client.command('MSET', gone, 'gone', kept, 'kept');
    const [from, to] = victim === 1 ? [kept, gone] : [gone, kept];
    const pipeline = await server.client();
    const ahead = `SET ${next} ahead\r\n`;
    // In one turn: the crash is in its lane before the command that needs both shards.
    pipeline.send(
      `${ahead}DEBUG SHARD-CRASH ${victim}\r\nCOPY ${from} ${to} REPLACE\r\nSET ${next} behind\r\n`,
    );
    await pipeline.closed;
    expect(await client.command('GET', kept)).toBe('kept');
    // Nobody has been told of it, so it may be seen late.
    await until('the command behind it runs', async () => (await client.command('GET', next)) === 'behind');
    await untilServing(client, victim);
    expect(await client.command('COPY', kept, gone)).toBe(1);
    expect(await client.command('GET', gone)).toBe('kept');
  });
});
