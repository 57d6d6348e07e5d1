/** What people connect with, with default options: client libraries and Redis's own tools. */
import { Redis as IoRedis } from 'ioredis';
import { Redis as Iovalkey } from 'iovalkey';
import { createClient, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { Client, encodeCommand } from '../support/client.ts';
import { runProgram } from '../support/programs.ts';
import { describeWithPeer, type RunningServer, startServer } from '../support/server.ts';

const BINARY = Buffer.from([0, 255, 13, 10, 36, 128, 0]);
const PIPELINE = 10_000;
const KEYS = 5000;

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer | undefined;
  beforeAll(async () => {
    server = await startServer({ shards });
  });
  afterAll(async () => {
    if (server !== undefined) expect((await server.close()).code).toBe(0);
  });
  beforeEach(async () => {
    const client = await server!.client();
    await client.command('FLUSHALL');
    client.destroy();
  });
  const port = () => server!.port;

  describe('ioredis', () => likeIoredis(() => new IoRedis(port(), '127.0.0.1') as unknown as IoredisLike));
  describe('iovalkey', () => likeIoredis(() => new Iovalkey(port(), '127.0.0.1') as unknown as IoredisLike));
  describe('node-redis', () => nodeRedis(port));
  describeWithPeer('redis-cli', 'redis-cli', () => redisCli(port));
  describeWithPeer('redis-benchmark', 'redis-benchmark', () => redisBenchmark(port));
});

/** What ioredis and its fork have in common, as far as it is used here. */
type IoredisLike = Pick<
  IoRedis,
  | 'set'
  | 'get'
  | 'getBuffer'
  | 'mset'
  | 'mget'
  | 'incr'
  | 'ttl'
  | 'pttl'
  | 'expire'
  | 'exists'
  | 'scanStream'
  | 'quit'
  | 'call'
  | 'client'
  | 'on'
  | 'once'
  | 'pipeline'
  | 'ping'
  | 'disconnect'
  | 'status'
  | 'select'
>;

function likeIoredis(connect: () => IoredisLike): void {
  let redis: IoredisLike;
  beforeEach(() => {
    redis = connect();
    return () => redis.disconnect();
  });

  test('connects, sets and gets text and bytes, and quits', async () => {
    expect(await redis.ping()).toBe('PONG');
    expect(await redis.set('k', 'grüße')).toBe('OK');
    expect(await redis.get('k')).toBe('grüße');
    await redis.set('b', BINARY);
    expect(await redis.getBuffer('b')).toEqual(BINARY);
    expect(await redis.get('none')).toBe(null);
    expect(await redis.quit()).toBe('OK');
  });

  test('sends ten thousand commands in one pipeline', async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < PIPELINE; i++) pipeline.set(`p:${i}`, i).get(`p:${i}`);
    const results = await pipeline.exec();
    expect(results!.length).toBe(PIPELINE * 2);
    for (let i = 0; i < PIPELINE; i++) {
      expect(results![i * 2]).toEqual([null, 'OK']);
      expect(results![i * 2 + 1]).toEqual([null, String(i)]);
    }
  });

  test('sends thousands of commands at once without a pipeline', async () => {
    const replies = await Promise.all(Array.from({ length: 5000 }, () => redis.incr('n')));
    expect(replies).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
  });

  test('reads and writes many keys in one command', async () => {
    await redis.mset(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`m:${i}`, `v${i}`])));
    const values = await redis.mget(Array.from({ length: 1001 }, (_, i) => `m:${i}`));
    expect(values).toEqual([...Array.from({ length: 1000 }, (_, i) => `v${i}`), null]);
  });

  test('sets expiries, and keys go when their time has come', async () => {
    await redis.set('k', 'v', 'EX', 100);
    expect(await redis.ttl('k')).toBeGreaterThan(90);
    await redis.set('s', 'v', 'PX', 20);
    await expect.poll(() => redis.exists('s'), { timeout: 10_000 }).toBe(0);
  });

  test('iterates over all keys', async () => {
    await redis.mset(Array.from({ length: KEYS * 2 }, (_, i) => (i % 2 ? 'v' : `s:${i / 2}`)));
    const found = new Set<string>();
    for await (const keys of redis.scanStream({ match: 's:*', count: 100 })) {
      for (const key of keys as string[]) found.add(key);
    }
    expect(found.size).toBe(KEYS);
  });

  test('rejects with the text of an error', async () => {
    await redis.set('k', 'text');
    await expect(redis.incr('k')).rejects.toThrow('ERR value is not an integer or out of range');
    await expect(redis.call('NONSENSE', 'a')).rejects.toThrow("ERR unknown command 'NONSENSE'");
    const results = await redis.pipeline().set('a', '1').incr('k').get('a').exec();
    expect(results![1]![0]!.message).toContain('ERR value is not an integer');
    expect(results![2]).toEqual([null, '1']);
  });

  test('connects again after its connection was killed', async () => {
    const id = await redis.client('ID');
    const other = connect();
    const closed = new Promise<void>((resolve) => void redis.once('close', resolve));
    expect(await other.client('KILL', 'ID', id)).toBe(1);
    await closed;
    expect(await redis.set('k', 'again')).toBe('OK');
    expect(await redis.client('ID')).not.toBe(id);
    other.disconnect();
  });
}

function nodeRedis(port: () => number): void {
  const connect = async () => {
    const client = createClient({ url: `redis://127.0.0.1:${port()}` });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  let client: Awaited<ReturnType<typeof connect>>;
  beforeEach(async () => {
    client = await connect();
    return () => {
      if (client.isOpen) client.destroy();
    };
  });

  test('connects, sets and gets text and bytes, and closes', async () => {
    expect(await client.ping()).toBe('PONG');
    expect(await client.set('k', 'grüße')).toBe('OK');
    expect(await client.get('k')).toBe('grüße');
    await client.set('b', BINARY);
    const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    expect(await binary.get('b')).toEqual(BINARY);
    expect(await client.get('none')).toBe(null);
    await client.close();
  });

  test('speaks RESP3', async () => {
    const resp3 = createClient({ url: `redis://127.0.0.1:${port()}`, RESP: 3 });
    await resp3.connect();
    expect(await resp3.configGet('databases')).toMatchObject({ databases: '16' });
    expect(await resp3.mGet(['none'])).toEqual([null]);
    await resp3.close();
  });

  test('pipelines ten thousand commands', async () => {
    const replies = await Promise.all(
      Array.from({ length: PIPELINE }, (_, i) =>
        Promise.all([client.set(`p:${i}`, String(i)), client.get(`p:${i}`)]),
      ),
    );
    for (let i = 0; i < PIPELINE; i++) expect(replies[i]).toEqual(['OK', String(i)]);
  });

  test('reads and writes many keys in one command', async () => {
    await client.mSet(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`m:${i}`, `v${i}`])));
    const values = await client.mGet(Array.from({ length: 1001 }, (_, i) => `m:${i}`));
    expect(values).toEqual([...Array.from({ length: 1000 }, (_, i) => `v${i}`), null]);
  });

  test('sets expiries', async () => {
    await client.set('k', 'v', { EX: 100 });
    expect(await client.ttl('k')).toBeGreaterThan(90);
    await client.set('s', 'v', { PX: 20 });
    await expect.poll(() => client.exists('s'), { timeout: 10_000 }).toBe(0);
  });

  test('iterates over all keys', async () => {
    await client.mSet(Array.from({ length: KEYS }, (_, i) => [`s:${i}`, 'v'] as [string, string]));
    const found = new Set<string>();
    for await (const keys of client.scanIterator({ MATCH: 's:*', COUNT: 100 })) {
      for (const key of keys) found.add(key);
    }
    expect(found.size).toBe(KEYS);
  });

  test('rejects with the text of an error', async () => {
    await client.set('k', 'text');
    await expect(client.incr('k')).rejects.toThrow('ERR value is not an integer or out of range');
    await expect(client.sendCommand(['NONSENSE'])).rejects.toThrow("ERR unknown command 'NONSENSE'");
  });

  test('connects again after its connection was killed', async () => {
    const id = await client.clientId();
    const other = await connect();
    const again = new Promise<void>((resolve) => void client.once('ready', () => resolve()));
    await other.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]);
    await again;
    expect(await client.set('k', 'again')).toBe('OK');
    expect(await client.clientId()).not.toBe(id);
    other.destroy();
  });
}

function redisCli(port: () => number): void {
  const cli = (args: readonly string[], input?: string | Buffer) =>
    runProgram('redis-cli', ['-p', String(port()), ...args], input);

  test('runs one command and ends', async () => {
    expect(await cli(['SET', 'k', 'a b'])).toEqual({ code: 0, output: 'OK\n' });
    expect(await cli(['GET', 'k'])).toEqual({ code: 0, output: 'a b\n' });
    expect(await cli(['--no-raw', 'MGET', 'k', 'none'])).toEqual({ code: 0, output: '1) "a b"\n2) (nil)\n' });
    expect((await cli(['-e', 'INCR', 'k'])).code).not.toBe(0);
  });

  test('reads commands from standard input', async () => {
    const input = Array.from({ length: 200 }, (_, i) => `SET k${i} ${i}\nGET k${i}\n`).join('');
    const { code, output } = await cli([], input);
    expect(code).toBe(0);
    expect(output).toBe(Array.from({ length: 200 }, (_, i) => `OK\n${i}\n`).join(''));
  });

  test('takes a value from standard input', async () => {
    expect((await cli(['-x', 'SET', 'b'], BINARY)).output).toBe('OK\n');
    expect((await cli(['STRLEN', 'b'])).output).toBe(`${BINARY.length}\n`);
  });

  test('inserts in mass', async () => {
    const commands = Buffer.concat(
      Array.from({ length: 50_000 }, (_, i) => encodeCommand(['SET', `mass:${i}`, `value ${i}`])),
    );
    const { code, output } = await cli(['--pipe'], commands);
    expect(output).toContain('errors: 0, replies: 50000');
    expect(code).toBe(0);
    expect((await cli(['DBSIZE'])).output).toBe('50000\n');
  });

  test('speaks RESP3', async () => {
    const { code, output } = await cli(['-3', '--no-raw', 'CONFIG', 'GET', 'databases']);
    expect(output).toBe('1# "databases" => "16"\n');
    expect(code).toBe(0);
  });

  test('scans', async () => {
    const client = await Client.connect(port());
    await client.command('MSET', ...Array.from({ length: 2000 }, (_, i) => (i % 2 ? 'v' : `s:${i}`)));
    client.destroy();
    const { code, output } = await cli(['--scan', '--pattern', 's:*']);
    expect(code).toBe(0);
    expect(new Set(output.trim().split('\n')).size).toBe(1000);
  });
}

function redisBenchmark(port: () => number): void {
  test.each([
    ['one at a time', ['-n', '2000', '-c', '10']],
    ['pipelined', ['-n', '20000', '-P', '16']],
    [
      'over random keys with several threads',
      ['-n', '20000', '-P', '16', '-r', '10000', '--threads', '2', '-d', '300'],
    ],
  ])('runs to its end: %s', async (_, args) => {
    const all = ['-p', String(port()), '-t', 'set,get,incr,mset', '-q', ...args];
    const { code, output } = await runProgram('redis-benchmark', all);
    expect(output).not.toMatch(/error/i);
    for (const name of ['SET', 'GET', 'INCR', 'MSET']) expect(output).toContain(`${name}`);
    expect(code).toBe(0);
  });
}
