/** `allow-from`: which addresses may connect. */
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Client, ReplyError } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { infoField } from './served.ts';

/** Connects from an address of this machine: PONG, or what the server sent before it closed. */
function pingFrom(localAddress: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress });
    let received = '';
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (received === '+PONG\r\n') socket.destroy();
    });
    socket.once('close', () => resolve(received.trim()));
  });
}

test('others are closed at once, counted and noted; changes concern new connections', async () => {
  const server = await startServer({
    shards: 1,
    args: ['--allow-from', '127.0.0.1', '10.0.0.0/8', '--loglevel', 'notice'],
  });
  const client = await server.client();
  expect(await client.command('CONFIG', 'GET', 'allow-from')).toEqual(['allow-from', '127.0.0.1 10.0.0.0/8']);
  expect(await pingFrom('127.0.0.1', server.port)).toBe('+PONG');
  expect(await pingFrom('127.0.0.2', server.port)).toBe('');
  expect(await infoField(client, 'rejected_connections')).toBe('1');
  expect(server.output()).toMatch(/Connection from 127\.0\.0\.2:\d+ refused: it is not in allow-from/);

  expect(await client.command('CONFIG', 'SET', 'allow-from', '127.0.0.2/31')).toBe('OK');
  expect(await pingFrom('127.0.0.2', server.port)).toBe('+PONG');
  expect(await pingFrom('127.0.0.1', server.port)).toBe('');
  expect(await client.command('PING')).toBe('PONG');

  expect(await client.command('CONFIG', 'SET', 'allow-from', '')).toBe('OK');
  expect(await pingFrom('127.0.0.1', server.port)).toBe('+PONG');
  expect(await pingFrom('127.0.0.9', server.port)).toBe('+PONG');
  expect(await infoField(client, 'rejected_connections')).toBe('2');
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('what is no range is refused, and the list stays', async () => {
  const server = await startServer({ shards: 1, args: ['--allow-from', '127.0.0.0/8'] });
  const client = await server.client();
  for (const wrong of ['127.0.0.0/33', 'localhost', '::1/129']) {
    expect(await client.command('CONFIG', 'SET', 'allow-from', `10.0.0.1 ${wrong}`)).toEqual(
      new ReplyError(
        `ERR CONFIG SET failed (possibly related to argument 'allow-from') - '${wrong}' is not an IP address or a range such as 10.0.0.0/8`,
      ),
    );
  }
  expect(await client.command('CONFIG', 'GET', 'allow-from')).toEqual(['allow-from', '127.0.0.0/8']);
  expect(await pingFrom('127.1.2.3', server.port)).toBe('+PONG');
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('a Unix socket is always allowed', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'shardis-allow-'));
  const file = path.join(directory, 's.sock');
  const server = await startServer({ shards: 1, args: ['--allow-from', '127.0.0.1', '--unixsocket', file] });
  const admin = await server.client();
  expect(await admin.command('CONFIG', 'SET', 'allow-from', '10.0.0.1')).toBe('OK');
  const client = await Client.connectUnix(file);
  expect(await client.command('PING')).toBe('PONG');
  expect(await pingFrom('127.0.0.1', server.port)).toBe('');
  admin.destroy();
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
  rmSync(directory, { recursive: true });
});
