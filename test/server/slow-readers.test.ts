/** A client that does not take its replies must cost neither memory nor the time of others. */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { Client, encodeCommand } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';
import { rssBytes } from './processes.ts';
import { useServer } from './served.ts';
import { pause, until } from './waiting.ts';
import { Wire } from './wire.ts';

const KB = 1024;
const MB = 1024 * KB;
/** What a client may cost that has asked for gigabytes: kernel buffers aside, a few replies. */
const GROWTH_BYTES_MAX = 200 * MB;

forEachShardCount([1, 3], (shards) => {
  test.each([
    [20_000, 100 * KB],
    [2_000, 1 * MB],
    [500, 5 * MB],
  ])('%i GETs of %i bytes that nobody reads do not fill the memory', async (count, length) => {
    await expectBounded(shards, length, repeat(count, ['GET', 'large']));
  });

  test('nor do they behind a write, which keeps them from being read directly', async () => {
    await expectBounded(shards, 100 * KB, [['SET', 'other', 'x'], ...repeat(20_000, ['GET', 'large'])]);
  });

  test('nor do MGETs of many large values', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `large${i}`);
    await expectBounded(shards, 100 * KB, [['SET', 'other', 'x'], ...repeat(1_000, ['MGET', ...keys])], keys);
  });

  test.each([
    ['RPUSH', 'LRANGE large 0 -1'],
    ['SADD', 'SMEMBERS large'],
    ['HSET', 'HGETALL large'],
    ['ZADD', 'ZRANGE large 0 -1 WITHSCORES'],
  ])('nor do large collections, filled by %s, asked for by %s', async (adding, asking) => {
    const words = Array.from({ length: 40_000 }, (_, i) =>
      String(i).padStart(adding === 'ZADD' ? 1 : 25, '0'),
    );
    const make = async (server: RunningServer) => {
      const client = await server.client();
      await client.command('DEL', 'large');
      for (let i = 0; i < words.length; i += 1000)
        await client.command(adding, 'large', ...words.slice(i, i + 1000));
      client.destroy();
    };
    await expectBounded(shards, 0, repeat(1_500, asking.split(' ')), [], make);
  });

  test('nor do replies that wait for one before them', async () => {
    const server = await startServer({ shards, args: ['--enable-debug-command', 'yes'] });
    const sleeper = await server.client();
    const wire = await Wire.connect(server.port);
    await wire.command('SET', 'first', 'v');
    expect(await wire.line()).toBe('+OK');
    const before = rssBytes(server.pid);
    const sleep = sleeper.command('DEBUG', 'SLEEP', '2');
    await pause(100);
    const echo = encodeCommand(['ECHO', 'e'.repeat(100 * KB)]);
    wire.socket.write(encodeCommand(['GET', 'first']));
    let most = 0;
    for (let i = 0; i < 100; i++) {
      for (let j = 0; j < 200 && wire.socket.write(echo); j++);
      await pause(10);
      most = Math.max(most, rssBytes(server.pid));
    }
    wire.close();
    expect(await sleep).toBe('OK');
    sleeper.destroy();
    expect(await server.close()).toEqual({ code: 0 });
    expect(most - before).toBeLessThan(GROWTH_BYTES_MAX);
  });

  test('a client that reads late gets everything', async () => {
    const server = await startServer({ shards });
    const setter = await server.client();
    await setter.command('SET', 'late', 'v'.repeat(50 * KB));
    const wire = await Wire.connect(server.port);
    wire.socket.pause();
    wire.socket.write(Buffer.concat(repeat(4_000, ['GET', 'late']).map(encodeCommand)));
    await pause(300);
    const first = await wire.bulk();
    for (let i = 1; i < 4_000; i++) expect(await wire.bulk()).toBe(first);
    expect(first).toMatch(/^51200 bytes/);
    wire.close();
    setter.destroy();
    expect(await server.close()).toEqual({ code: 0 });
  });
});

describe('with a hard limit for what is not read', () => {
  const args = ['--client-output-buffer-limit', 'normal 1mb 0 0', '--loglevel', 'verbose'];
  const server = useServer({ shards: 3, args });

  test('a client above it is closed, and the log says so', async () => {
    const slow = await askWithoutReading(server(), 100 * KB, repeat(5_000, ['GET', 'large']));
    await until('the log names the client', () =>
      server().output().includes('overcoming of output buffer limits'),
    );
    await expectClosed(server(), slow);
  });

  test('a client below it stays', async () => {
    const slow = await askWithoutReading(server(), 100 * KB, repeat(5, ['GET', 'large']));
    await pause(2_000);
    expect((await clientNames(server())).includes('slow')).toBe(true);
    slow.destroy();
  });

  test('one reply that is longer than it closes the client', async () => {
    const slow = await askWithoutReading(server(), 20 * MB, [['GET', 'large']]);
    await expectClosed(server(), slow);
  });
});

describe('with a soft limit for what is not read', () => {
  const server = useServer({
    shards: 3,
    args: ['--client-output-buffer-limit', 'normal', '0', '200kb', '2'],
  });

  test('a client above it is closed, but not before its seconds are over', async () => {
    const slow = await askWithoutReading(server(), 100 * KB, repeat(5_000, ['GET', 'large']));
    await pause(1_000);
    expect((await clientNames(server())).includes('slow')).toBe(true);
    await expectClosed(server(), slow);
  });

  test('a client that falls below it again in time stays', async () => {
    const slow = await askWithoutReading(server(), 100 * KB, repeat(200, ['GET', 'large']));
    await pause(1_000);
    slow.socket.resume();
    for (let i = 0; i < 200; i++) expect(await slow.reply()).toHaveLength(100 * KB);
    await pause(2_000);
    expect(await slow.command('PING')).toBe('PONG');
    slow.destroy();
  });
});

function repeat(count: number, command: string[]): string[][] {
  return new Array(count).fill(command);
}

async function fill(server: RunningServer, length: number, keys: readonly string[]): Promise<void> {
  const wire = await Wire.connect(server.port);
  for (const key of keys) {
    await wire.command('SET', key, [key, length]);
    expect(await wire.line()).toBe('+OK');
  }
  wire.close();
}

/** Sends `commands` on a connection named `slow`, whose replies stay unread. */
async function askWithoutReading(
  server: RunningServer,
  length: number,
  commands: readonly string[][],
  keys: readonly string[] = ['large'],
  make: (server: RunningServer) => Promise<void> = (to) => fill(to, length, keys),
): Promise<Client> {
  await make(server);
  const slow = await Client.connect(server.port);
  expect(await slow.command('CLIENT', 'SETNAME', 'slow')).toBe('OK');
  slow.socket.pause();
  slow.send(Buffer.concat(commands.map(encodeCommand)));
  return slow;
}

/** The memory of a fresh server stays within bounds while nobody reads, and others are served. */
async function expectBounded(
  shards: number,
  length: number,
  commands: readonly string[][],
  keys: readonly string[] = ['large'],
  make?: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await startServer({ shards });
  await (make === undefined ? fill(server, length, keys) : make(server));
  const before = rssBytes(server.pid);
  const slow = await askWithoutReading(server, length, commands, keys, make);
  const other = await server.client();
  let most = 0;
  for (let i = 0; i < 100; i++) {
    const [pong, , value] = await other.pipeline([['PING'], ['SET', `other${i}`, i], ['GET', `other${i}`]]);
    expect([pong, value]).toEqual(['PONG', String(i)]);
    most = Math.max(most, rssBytes(server.pid));
    await pause(15);
  }
  slow.destroy();
  other.destroy();
  expect(await server.close()).toEqual({ code: 0 });
  expect(most - before).toBeLessThan(GROWTH_BYTES_MAX);
}

async function clientNames(server: RunningServer): Promise<string> {
  const client = await server.client();
  const list = String(await client.command('CLIENT', 'LIST'));
  client.destroy();
  return [...list.matchAll(/ name=(\S*)/g)].map((match) => match[1]).join(' ');
}

async function expectClosed(server: RunningServer, slow: Client): Promise<void> {
  await until('the slow client is closed', async () => !(await clientNames(server)).includes('slow'));
  slow.socket.resume();
  await slow.closed;
}
