/** CONFIG SET of what the server listens on, and the replies that come later for it. */
import net from 'node:net';
import { expect, test } from 'vitest';
import { createServer } from '../../src/index.ts';
import { Client, ReplyError } from '../support/client.ts';
import { freePort, startServer } from '../support/server.ts';
import { runToEnd } from './processes.ts';

function failed(option: string, reason: string): ReplyError {
  return new ReplyError(`ERR CONFIG SET failed (possibly related to argument '${option}') - ${reason}`);
}

const CANNOT_LISTEN = 'Unable to listen on this port. Check server logs.';
const CANNOT_BIND = 'Failed to bind to specified addresses.';

async function isServed(port: number, host = '127.0.0.1'): Promise<boolean> {
  const client = await Client.connect(port, host).catch(() => undefined);
  if (client === undefined) return false;
  const reply = await client.command('PING').catch(() => undefined);
  client.destroy();
  return reply === 'PONG';
}

/** Somebody else's server. */
async function occupy(port: number, host: string): Promise<net.Server> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

test('the server moves to another port, and connections stay', async () => {
  const server = await startServer({ shards: 2 });
  const client = await server.client();
  const port = await freePort();
  expect(await client.command('CONFIG', 'SET', 'port', String(port))).toBe('OK');
  expect(await client.command('CONFIG', 'GET', 'port')).toEqual(['port', String(port)]);
  expect(String(await client.command('INFO', 'server'))).toContain(`tcp_port:${port}\r\n`);
  expect([await isServed(server.port), await isServed(port)]).toEqual([false, true]);
  expect(await client.command('CONFIG', 'SET', 'port', '0')).toBe('OK');
  expect(await isServed(port)).toBe(false);
  expect(await client.command('SET', 'k', 'v')).toBe('OK');
  expect(await client.command('CONFIG', 'SET', 'port', String(server.port))).toBe('OK');
  expect(await isServed(server.port)).toBe(true);
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('a port that is taken is refused in the words of Redis, with all else that was to change', async () => {
  const server = await startServer({ shards: 1 });
  const client = await server.client();
  const port = await freePort();
  const other = await occupy(port, '127.0.0.1');
  const set = ['maxclients', '77', 'port', String(port), 'timeout', '5'];
  expect(await client.command('CONFIG', 'SET', ...set)).toEqual(failed('port', CANNOT_LISTEN));
  expect(await client.command('CONFIG', 'GET', 'port', 'maxclients', 'timeout')).toEqual([
    ...['port', String(server.port), 'maxclients', '10000', 'timeout', '0'],
  ]);
  expect(server.output()).toMatch(/CONFIG SET port: cannot listen on .* already in use/);
  expect(await isServed(server.port)).toBe(true);
  other.close();
  expect(await client.command('CONFIG', 'SET', ...set)).toBe('OK');
  expect(await isServed(port)).toBe(true);
  expect(await client.command('CONFIG', 'SET', 'port', '65536')).toEqual(
    failed('port', 'argument must be between 0 and 65535 inclusive'),
  );
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('the addresses change, also to one that the old ones are a part of', async () => {
  const server = await startServer({ shards: 1 });
  const client = await server.client();
  const set = (bind: string) => client.command('CONFIG', 'SET', 'bind', bind);
  expect(await set('127.0.0.1 127.0.0.3')).toBe('OK');
  expect([await isServed(server.port), await isServed(server.port, '127.0.0.3')]).toEqual([true, true]);
  expect(await set('127.0.0.3')).toBe('OK');
  expect([await isServed(server.port), await isServed(server.port, '127.0.0.3')]).toEqual([false, true]);
  expect(await set('*')).toBe('OK');
  expect([await isServed(server.port), await isServed(server.port, '127.0.0.4')]).toEqual([true, true]);
  expect(await set('127.0.0.1 -192.0.2.99')).toBe('OK');
  expect([await isServed(server.port), await isServed(server.port, '127.0.0.4')]).toEqual([true, false]);
  expect(await client.command('CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1 -192.0.2.99']);
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test.each([
  ['192.0.2.99', 'an address of another machine'],
  ['nonsense.invalid', 'a name that does not exist'],
  ['127.0.0.3 192.0.2.99', 'one good and one bad address'],
  ['* 192.0.2.99', 'one that the old one is in the way of, and a bad one'],
])('bind to %j, %s, is refused and the old addresses stay', async (bind) => {
  const server = await startServer({ shards: 1 });
  const client = await server.client();
  const port = await freePort();
  const set = ['bind', bind, 'maxclients', '5'];
  expect(await client.command('CONFIG', 'SET', ...set)).toEqual(failed('bind', CANNOT_BIND));
  expect(await client.command('CONFIG', 'SET', 'port', String(port), ...set)).toEqual(
    failed('port', CANNOT_LISTEN),
  );
  expect(await client.command('CONFIG', 'GET', 'bind', 'maxclients')).toEqual([
    ...['bind', '127.0.0.1', 'maxclients', '10000'],
  ]);
  expect([
    await isServed(server.port),
    await isServed(server.port, '127.0.0.3'),
    await isServed(port),
  ]).toEqual([true, false, false]);
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('the reply keeps its place in a pipeline, and the commands after it see the change', async () => {
  const server = await startServer({ shards: 3 });
  const client = await server.client();
  const [a, b] = [String(await freePort()), String(await freePort())];
  const replies = await client.pipeline([
    ['SET', 'k', '1'],
    ['CONFIG', 'SET', 'port', a],
    ['CONFIG', 'GET', 'port'],
    ['INCR', 'k'],
    ['CONFIG', 'SET', 'port', b],
    ['CONFIG', 'SET', 'maxclients', '99'],
    ['CONFIG', 'GET', 'port', 'maxclients'],
    ['GET', 'k'],
  ]);
  expect(replies).toEqual(['OK', 'OK', ['port', a], 2, 'OK', 'OK', ['port', b, 'maxclients', '99'], '2']);
  client.send('CLIENT REPLY SKIP\r\nCONFIG SET port 0\r\nPING\r\n');
  expect(await client.reply()).toBe('PONG');
  expect(await isServed(Number(b))).toBe(false);
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('changes of several clients at once come one after the other', async () => {
  const server = await startServer({ shards: 1 });
  const clients = await Promise.all(Array.from({ length: 8 }, () => server.client()));
  // Those that the server has not accepted yet would be lost with the old port.
  await Promise.all(clients.map((client) => client.command('PING')));
  const ports = await Promise.all(clients.map(() => freePort()));
  const replies = await Promise.all(
    clients.map((client, i) =>
      client.pipeline([
        ['CONFIG', 'SET', 'port', String(ports[i])],
        ['CONFIG', 'SET', 'timeout', String(i)],
        ['CONFIG', 'SET', 'bind', '127.0.0.1 127.0.0.2', 'timeout', String(i)],
      ]),
    ),
  );
  expect(replies).toEqual(clients.map(() => ['OK', 'OK', 'OK']));
  const [, port] = (await clients[0]!.command('CONFIG', 'GET', 'port')) as [string, string];
  const served = await Promise.all(ports.map((each) => isServed(each, '127.0.0.2')));
  expect(served).toEqual(ports.map((each) => String(each) === port));
  // One that goes away before its reply harms nobody.
  clients[0]!.send(`CONFIG SET port ${server.port}\r\n`);
  clients[0]!.destroy();
  expect(await clients[1]!.command('CONFIG', 'SET', 'timeout', '0')).toBe('OK');
  for (const client of clients) client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('an embedded server keeps the port it picked when only its addresses change', async () => {
  const server = await createServer({ shards: 1 });
  const client = await Client.connect(server.port);
  expect(await client.command('CONFIG', 'SET', 'bind', '127.0.0.1 127.0.0.2')).toBe('OK');
  expect([await isServed(server.port), await isServed(server.port, '127.0.0.2')]).toEqual([true, true]);
  client.destroy();
  await server.close();
});

test('a server that would listen nowhere does not start', async () => {
  const ended = await runToEnd(['--port', '0']);
  expect(ended.stderr).toMatch(/^shardis: configured to not listen anywhere[^\n]*\n$/);
  expect(ended.code).toBe(1);
});
