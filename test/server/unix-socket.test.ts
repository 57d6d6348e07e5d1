/** Listening on a Unix socket, alone or beside TCP. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { freePort, startServer } from '../support/server.ts';
import { runToEnd } from './processes.ts';
import { until } from './waiting.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'shardis-unix-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('clients of the socket and of TCP see the same data', async () => {
  const file = path.join(directory, 'both.sock');
  const server = await startServer({ shards: 3, args: ['--unixsocket', file, '--unixsocketperm', '700'] });
  expect(statSync(file).mode & 0o777).toBe(0o700);
  const local = await Client.connectUnix(file);
  const remote = await server.client();
  expect(await local.command('MSET', 'a', '1', 'b', '2', 'c', '3')).toBe('OK');
  expect(await remote.command('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
  expect(await local.command('CLIENT', 'INFO')).toContain(`addr=${file}:0`);
  local.destroy();
  remote.destroy();
  expect(await server.close()).toEqual({ code: 0 });
  expect(existsSync(file)).toBe(false);
});

test('a long pipeline over the socket is answered in order', async () => {
  const file = path.join(directory, 'pipeline.sock');
  const server = await startServer({ shards: 3, args: ['--unixsocket', file] });
  const client = await Client.connectUnix(file);
  const commands = Array.from({ length: 20_000 }, (_, i) =>
    i % 2 === 0 ? ['SET', `k${i}`, i] : ['GET', `k${i - 1}`],
  );
  const replies = await client.pipeline(commands);
  expect(replies.every((reply, i) => reply === (i % 2 === 0 ? 'OK' : String(i - 1)))).toBe(true);
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('the socket of a server that was killed is replaced', async () => {
  const file = path.join(directory, 'stale.sock');
  const killed = await startServer({ shards: 1, args: ['--unixsocket', file] });
  process.kill(killed.pid, 'SIGKILL');
  await killed.exited;
  await killed.close();
  expect(existsSync(file)).toBe(true);
  const server = await startServer({ shards: 1, args: ['--unixsocket', file] });
  const client = await Client.connectUnix(file);
  expect(await client.command('PING')).toBe('PONG');
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('the socket of a server that runs is left to it', async () => {
  const file = path.join(directory, 'taken.sock');
  const server = await startServer({ shards: 1, args: ['--unixsocket', file] });
  const second = await runToEnd(['--port', String(await freePort()), '--unixsocket', file, '--shards', '1']);
  expect(second.code).toBe(1);
  expect(second.stderr).toBe(`shardis: cannot listen on Unix socket ${file}: another server is using it\n`);
  const client = await Client.connectUnix(file);
  expect(await client.command('PING')).toBe('PONG');
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('a file that is no socket is not removed', async () => {
  const file = path.join(directory, 'precious.txt');
  writeFileSync(file, 'precious');
  const ended = await runToEnd(['--port', String(await freePort()), '--unixsocket', file, '--shards', '1']);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toBe(
    `shardis: cannot listen on Unix socket ${file}: a file that is no socket is in its place\n`,
  );
  expect(statSync(file).size).toBe(8);
});

test('port 0 listens on the socket only', async () => {
  const file = path.join(directory, 'alone.sock');
  const ended = runToEnd(['--port', '0', '--unixsocket', file, '--shards', '1']);
  // The file is there a moment before anybody listens.
  let client!: Client;
  await until('the socket answers', async () => {
    const connected = await Client.connectUnix(file).catch(() => undefined);
    if (connected !== undefined) client = connected;
    return connected !== undefined;
  });
  expect(await client.command('CONFIG', 'GET', 'port')).toEqual(['port', '0']);
  client.send('SHUTDOWN NOSAVE\r\n');
  expect(await client.receivedUntilClosed()).toBe('');
  expect((await ended).code).toBe(0);
});
