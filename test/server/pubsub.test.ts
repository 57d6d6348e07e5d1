/** Subscribers among other clients: what is pushed beside replies, limits, and how connections end. */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';
import { rssBytes } from './processes.ts';
import { useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const KB = 1024;
const MB = 1024 * KB;

async function listener(server: RunningServer, resp: 2 | 3, ...channels: string[]): Promise<Client> {
  const client = await server.client();
  if (resp === 3) await client.command('HELLO', 3);
  client.send(`SUBSCRIBE ${channels.join(' ')}\r\n`);
  if (resp === 2) for (const _ of channels) await client.reply();
  else await client.command('PING');
  client.pushes.length = 0;
  return client;
}

async function names(control: Client): Promise<string[]> {
  return [...String(await control.command('CLIENT', 'LIST')).matchAll(/ name=(\S*)/g)].map(
    (match) => match[1]!,
  );
}

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards, args: ['--enable-debug-command', 'yes', '--lane-size', '64kb'] });

  test('pushes never cut a reply, however long it is', async () => {
    const client = await listener(server(), 3, 'c');
    const publisher = await server().client();
    const value = 'v'.repeat(2 * MB);
    await publisher.command('SET', 'long', value);
    const rounds = 30;
    const gets = client.pipeline(Array.from({ length: rounds }, () => ['GET', 'long']));
    let sent = 0;
    let isDone = false;
    const done = gets.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      expect(await publisher.command('PUBLISH', 'c', `message ${sent++}`)).toBe(1);
    }
    expect(await done).toEqual(new Array(rounds).fill(value));
    await until('all messages are there', () => client.pushes.length === sent);
    expect(client.pushes).toEqual(Array.from({ length: sent }, (_, i) => ['message', 'c', `message ${i}`]));
    for (const each of [client, publisher]) each.destroy();
  });

  test('a client whose reply is still due gets its messages', async () => {
    const client = await listener(server(), 3, 'c');
    const [sleeper, publisher] = [await server().client(), await server().client()];
    const sleep = sleeper.command('DEBUG', 'SLEEP', '2');
    await pause(100);
    let isAnswered = false;
    const set = client.command('SET', 'k', 'v').finally(() => {
      isAnswered = true;
    });
    await pause(100);
    expect(await publisher.command('PUBLISH', 'c', 'meanwhile')).toBe(1);
    await until('the message is there', () => client.pushes.length === 1);
    expect(isAnswered).toBe(false);
    expect(await set).toBe('OK');
    expect(await sleep).toBe('OK');
    for (const each of [client, sleeper, publisher]) each.destroy();
  });

  test('messages come to many clients in the same order', async () => {
    const clients = await Promise.all(
      Array.from({ length: 100 }, (_, i) => listener(server(), i % 2 === 0 ? 2 : 3, 'c')),
    );
    const publishers = await Promise.all([1, 2, 3].map(() => server().client()));
    const rounds = 50;
    const sent = await Promise.all(
      publishers.map((publisher, p) =>
        publisher.pipeline(Array.from({ length: rounds }, (_, i) => ['PUBLISH', 'c', `${p}:${i}`])),
      ),
    );
    expect(sent.flat()).toEqual(new Array(3 * rounds).fill(100));
    const got = await Promise.all(
      clients.map(async (client, i) => {
        if (i % 2 === 0) return Promise.all(Array.from({ length: 3 * rounds }, () => client.reply()));
        await until('all messages are there', () => client.pushes.length === 3 * rounds);
        return client.pushes;
      }),
    );
    for (const messages of got) expect(messages).toEqual(got[0]);
    for (const each of [...clients, ...publishers]) each.destroy();
  });

  test('whoever disconnects is not counted any more', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => listener(server(), 2, 'gone')));
    const publisher = await server().client();
    expect(await publisher.command('PUBLISH', 'gone', 'x')).toBe(3);
    for (const client of clients) client.destroy();
    await expect.poll(() => publisher.command('PUBLISH', 'gone', 'x')).toBe(0);
    publisher.destroy();
  });
});

describe('limits', () => {
  test('a subscriber above the limit for what it does not read is closed, others go on', async () => {
    const server = await startServer({
      shards: 1,
      args: ['--client-output-buffer-limit', 'pubsub', '2mb', '0', '0'],
    });
    const publisher = await server.client();
    const slow = await server.client();
    await slow.command('CLIENT', 'SETNAME', 'slow');
    await slow.command('SUBSCRIBE', 'c');
    const fast = await listener(server, 2, 'c');
    slow.socket.pause();
    const message = 'x'.repeat(100 * KB);
    let sent = 0;
    while ((await names(publisher)).includes('slow')) {
      expect(await publisher.command('PUBLISH', 'c', message)).toBeGreaterThan(0);
      expect(await fast.reply()).toEqual(['message', 'c', message]);
      if (++sent > 500) throw new Error('it is not closed');
    }
    expect(await publisher.command('PUBLISH', 'c', 'after')).toBe(1);
    expect(await fast.reply()).toEqual(['message', 'c', 'after']);
    expect(server.output()).toContain('overcoming of output buffer limits');
    slow.socket.resume();
    await slow.closed;
    for (const each of [fast, publisher]) each.destroy();
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('small messages that nobody reads take little more than their bytes', async () => {
    const server = await startServer({
      shards: 1,
      args: ['--client-output-buffer-limit', 'pubsub', '64mb', '0', '0'],
    });
    const publisher = await server.client();
    const slow = await listener(server, 2, 'c');
    slow.socket.pause();
    const before = rssBytes(server.pid);
    // Two messages a turn: were each turn to keep a chunk, this would take a gigabyte.
    const message = 'm'.repeat(150);
    const two = [1, 2].map(() => ['PUBLISH', 'c', message]);
    for (let i = 0; i < 40_000; i++) expect(await publisher.pipeline(two)).toEqual([1, 1]);
    expect(rssBytes(server.pid) - before).toBeLessThan(200 * MB);
    slow.socket.resume();
    for (let i = 0; i < 80_000; i++) expect(await slow.reply()).toEqual(['message', 'c', message]);
    for (const each of [slow, publisher]) each.destroy();
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('a monitor that does not read is closed by the limit of subscribers where its own has none', async () => {
    const server = await startServer({
      shards: 1,
      args: ['--client-output-buffer-limit', 'pubsub', '2mb', '0', '0'],
    });
    const control = await server.client();
    const monitor = await server.client();
    await monitor.command('CLIENT', 'SETNAME', 'watcher');
    await monitor.command('MONITOR');
    monitor.socket.pause();
    const value = 'x'.repeat(100 * KB);
    for (let i = 0; (await names(control)).includes('watcher'); i++) {
      await control.command('SET', 'k', value);
      if (i > 500) throw new Error('it is not closed');
    }
    control.destroy();
    monitor.destroy();
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('subscriptions count as memory of the client', async () => {
    const server = await startServer({ shards: 1, args: ['--maxmemory-clients', '1mb'] });
    const client = await server.client();
    const closed = client.closed;
    for (let i = 0; i < 100 && !client.isClosed; i++) {
      client.send(`SUBSCRIBE ${Array.from({ length: 100 }, (_, j) => `channel:${i}:${j}`).join(' ')}\r\n`);
      client.send('PING\r\n');
    }
    await closed;
    expect(await server.close()).toEqual({ code: 0 });
  });
});

describe('with a timeout for idle clients', () => {
  const server = useServer({ shards: 1, args: ['--timeout', '1'] });

  test('subscribers and monitors stay', async () => {
    const subscriber = await listener(server(), 2, 'c');
    const monitor = await server().client();
    expect(await monitor.command('MONITOR')).toBe('OK');
    const idle = await server().client();
    await idle.closed;
    await pause(1500);
    expect(await subscriber.command('PING')).toEqual(['pong', '']);
    expect(monitor.isClosed).toBe(false);
    for (const each of [subscriber, monitor]) each.destroy();
  });
});
