/** Publish and subscribe, and MONITOR, with client libraries and the command lines. */
import { Redis as IoRedis } from 'ioredis';
import { Redis as Iovalkey } from 'iovalkey';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client } from '../support/client.ts';
import { mainScript } from '../support/paths.ts';
import { runProgram, runUntil } from '../support/programs.ts';
import { describeWithPeer, type RunningServer, startServer } from '../support/server.ts';

const MESSAGES = Array.from({ length: 1000 }, (_, i) => `message ${i} grüße`);

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer;
  let publisher: Client;
  beforeAll(async () => {
    server = await startServer({ shards });
    publisher = await server.client();
  });
  afterAll(async () => {
    publisher?.destroy();
    expect((await server?.close())?.code).toBe(0);
  });
  const publish = (channel: string, message: string) =>
    publisher.command('PUBLISH', channel, Buffer.from(message));

  test.each([
    ['ioredis', () => new IoRedis(server.port, '127.0.0.1')],
    ['iovalkey', () => new Iovalkey(server.port, '127.0.0.1') as unknown as IoRedis],
  ])('%s', async (_, connect) => {
    const [client, other] = [connect(), connect()];
    const got: unknown[] = [];
    client.on('message', (channel, message) => got.push([channel, message]));
    client.on('pmessage', (pattern, channel, message) => got.push([pattern, channel, message]));
    client.on('smessage', (channel, message) => got.push(['shard', channel, message]));
    expect(await client.subscribe('a', 'b')).toBe(2);
    expect(await client.psubscribe('p*')).toBe(3);
    expect(await client.ssubscribe('s')).toBe(1);
    expect(await other.publish('p1', 'to the pattern')).toBe(1);
    expect(await other.spublish('s', 'to the shard')).toBe(1);
    for (const message of MESSAGES) void other.publish('a', message);
    await expect.poll(() => got.length).toBe(MESSAGES.length + 2);
    expect(got).toEqual([
      ['p*', 'p1', 'to the pattern'],
      ['shard', 's', 'to the shard'],
      ...MESSAGES.map((message) => ['a', message]),
    ]);
    expect(await client.unsubscribe('a', 'b')).toBe(1);
    expect(await client.punsubscribe()).toBe(0);
    expect(await client.sunsubscribe('s')).toBe(0);
    expect(await client.get('none')).toBe(null);
    for (const each of [client, other]) each.disconnect();
  });

  test('ioredis subscribes again when it was closed', async () => {
    const client = new IoRedis(server.port, '127.0.0.1');
    const got: string[] = [];
    client.on('message', (_, message) => got.push(message));
    await client.subscribe('again');
    await publisher.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await expect.poll(() => publish('again', 'm'), { timeout: 10_000 }).toBe(1);
    await expect.poll(() => got).toEqual(['m']);
    client.disconnect();
  });

  test('ioredis monitors', async () => {
    const client = new IoRedis(server.port, '127.0.0.1');
    const monitor = await client.monitor();
    const seen = new Promise((resolve) => {
      monitor.on('monitor', (_time: string, args: string[]) => {
        if (args[0] === 'echo') resolve(args);
      });
    });
    await client.echo('shown');
    expect(await seen).toEqual(['echo', 'shown']);
    monitor.disconnect();
    client.disconnect();
  });

  test.each([2, 3] as const)('node-redis with RESP%i', async (RESP) => {
    const client = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP });
    await client.connect();
    const got: string[] = [];
    const listen = (message: string, channel: string) => void got.push(`${channel}: ${message}`);
    await client.subscribe(['a', 'b'], listen);
    await client.pSubscribe('p*', listen);
    await client.sSubscribe('s', listen);
    for (const message of MESSAGES) void publish('a', message);
    expect(await publish('p1', 'pattern')).toBe(1);
    expect(await publisher.command('SPUBLISH', 's', 'shard')).toBe(1);
    const expected = [...MESSAGES.map((message) => `a: ${message}`), 'p1: pattern', 's: shard'];
    await expect.poll(() => got.length).toBe(expected.length);
    expect(got).toEqual(expected);
    if (RESP === 3) expect(await client.set('beside', 'v')).toBe('OK');
    await client.unsubscribe('a');
    await client.pUnsubscribe();
    expect(await publish('a', 'unheard')).toBe(0);
    client.destroy();
  });

  describeWithPeer('redis-cli', 'redis-cli', () => {
    test('shows messages as they come', async () => {
      const shown = runUntil('redis-cli', ['-p', String(server.port), 'SUBSCRIBE', 'cli'], /"?hello"?/);
      await expect.poll(() => publish('cli', 'hello'), { timeout: 10_000 }).toBe(1);
      expect((await shown).output).toContain('subscribe\ncli\n1\nmessage\ncli\nhello\n');
    });

    test('monitors', async () => {
      const shown = runUntil('redis-cli', ['-p', String(server.port), 'MONITOR'], /"PING"/);
      await expect.poll(() => publisher.command('CLIENT', 'LIST'), { timeout: 10_000 }).toMatch(/ flags=O /);
      await publisher.command('PING');
      expect((await shown).output).toMatch(/^OK\n(.*\n)*\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "PING"\n$/);
    });
  });

  test('our own command line shows messages and commands', async () => {
    const words = [mainScript, 'cli', '-p', String(server.port)];
    const messages = runUntil(process.execPath, [...words, 'PSUBSCRIBE', 'c*'], /hello/);
    await expect.poll(() => publish('cli', 'hello'), { timeout: 10_000 }).toBe(1);
    expect((await messages).output).toContain('psubscribe\nc*\n1\npmessage\nc*\ncli\nhello\n');
    const commands = runUntil(process.execPath, [...words, 'MONITOR'], /"PING"/);
    await expect.poll(() => publisher.command('CLIENT', 'LIST'), { timeout: 10_000 }).toMatch(/ flags=O /);
    await publisher.command('PING');
    expect((await commands).output).toMatch(/^OK\n(.*\n)*\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "PING"\n$/);
  });

  test('python3-redis', async (context) => {
    const python = '/usr/bin/python3';
    const has = await runProgram(python, ['-c', 'import redis']).catch(() => ({ code: 1 }));
    if (has.code !== 0) context.skip('python3-redis is not installed');
    const { code, output } = await runProgram(python, ['-c', PYTHON_SESSION, String(server.port)]);
    expect(output).toBe('all well\n');
    expect(code).toBe(0);
  });
});

const PYTHON_SESSION = `
import sys, redis
r = redis.Redis(port=int(sys.argv[1]))
p = r.pubsub()
p.subscribe('a')
p.psubscribe('p*')
assert [p.get_message(timeout=5)['type'] for _ in range(2)] == ['subscribe', 'psubscribe']
assert r.publish('a', 'x') == 1 and r.publish('p1', b'\\xff') == 1
m = p.get_message(timeout=5)
assert (m['type'], m['channel'], m['data']) == ('message', b'a', b'x'), m
m = p.get_message(timeout=5)
assert (m['type'], m['pattern'], m['channel'], m['data']) == ('pmessage', b'p*', b'p1', b'\\xff'), m
assert r.pubsub_numsub('a') == [(b'a', 1)] and r.pubsub_numpat() == 1 and r.pubsub_channels() == [b'a']
p.unsubscribe(); p.punsubscribe()
assert [p.get_message(timeout=5)['type'] for _ in range(2)] == ['unsubscribe', 'punsubscribe']
p.close()
with r.monitor() as m:
    r.get('seen')
    assert m.next_command()['command'] == 'GET seen'
print('all well')
`;
