/** How a server starts, and how it ends while clients keep it busy. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { freePort, type RunningServer, startServer } from '../support/server.ts';
import { LoadClient } from './load.ts';
import { isRunning, runToEnd } from './processes.ts';
import { connectWhenUp, pause, until } from './waiting.ts';

const CLIENTS = 6;

const WAYS_TO_STOP: readonly [what: string, stop: (server: RunningServer) => Promise<void>][] = [
  ['SIGTERM', async ({ pid }) => void process.kill(pid, 'SIGTERM')],
  ['SIGINT', async ({ pid }) => void process.kill(pid, 'SIGINT')],
  ['several signals', stopBySeveralSignals],
  ['SHUTDOWN', (server) => stopByCommand(server, 'SHUTDOWN')],
  ['SHUTDOWN NOSAVE NOW', (server) => stopByCommand(server, 'SHUTDOWN', 'NOSAVE', 'NOW')],
];

forEachShardCount([1, 3], (shards) => {
  test.each(WAYS_TO_STOP)('%s under load ends the server well, and cuts no reply', async (_, stop) => {
    const server = await startServer({ shards });
    const clients = Array.from({ length: CLIENTS }, (_, i) => new LoadClient(server.port, `client ${i}`));
    await until('the load runs', () => clients.every((client) => client.replies > 500));
    await stop(server);
    expect(await server.exited).toEqual({ code: 0 });
    for (const client of clients) {
      expect(await client.result).toEqual({ replies: expect.any(Number), cutBytes: 0, faults: [] });
    }
    expect(isRunning(server.pid)).toBe(false);
    expect(server.output()).toBe('');
    await expect(server.client()).rejects.toThrow('ECONNREFUSED');
    await server.close();
  });

  test('commands that were taken before the end are answered', async () => {
    const server = await startServer({ shards, args: ['--enable-debug-command', 'yes'] });
    const client = await server.client();
    const replies = client.pipeline([
      ['DEBUG', 'SLEEP', '0.5'],
      ['SET', 'k', 'v'],
      ['GET', 'k'],
    ]);
    await pause(100);
    process.kill(server.pid, 'SIGTERM');
    expect(await replies).toEqual(['OK', 'OK', 'v']);
    expect(await server.exited).toEqual({ code: 0 });
    await server.close();
  });

  test('idle clients see the end of the connection', async () => {
    const server = await startServer({ shards });
    const clients = await Promise.all(Array.from({ length: 50 }, () => server.client()));
    for (const client of clients) expect(await client.command('PING')).toBe('PONG');
    process.kill(server.pid, 'SIGTERM');
    for (const client of clients) expect(await client.receivedUntilClosed()).toBe('');
    expect(await server.close()).toEqual({ code: 0 });
  });
});

test('a client that takes no replies does not keep the server for longer than shutdown-timeout', async () => {
  const server = await startServer({ shards: 2, args: ['--shutdown-timeout', '1'] });
  const client = await server.client();
  await client.command('SET', 'large', 'v'.repeat(1_000_000));
  client.socket.pause();
  for (let i = 0; i < 50; i++) client.send('GET large\r\n');
  await pause(300);
  expect(await server.close()).toEqual({ code: 0 });
  client.destroy();
});

test('SHUTDOWN with words it does not know is refused', async () => {
  const server = await startServer({ shards: 1 });
  const client = await server.client();
  for (const words of [['WHAT'], ['SAVE', 'NOSAVE'], ['ABORT', 'NOW']]) {
    expect(await client.command('SHUTDOWN', ...words)).toMatchObject({ message: 'ERR syntax error' });
  }
  expect(await client.command('PING')).toBe('PONG');
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('servers start and stop again and again on one port', async () => {
  const port = await freePort();
  for (let i = 0; i < 4; i++) {
    const ended = runToEnd(['--port', String(port), '--shards', '2', '--loglevel', 'warning']);
    const client = await connectWhenUp(port);
    expect(await client.command('SET', 'k', 'v')).toBe('OK');
    client.send('SHUTDOWN NOSAVE\r\n');
    expect(await client.receivedUntilClosed()).toBe('');
    expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
  }
});

async function stopBySeveralSignals({ pid }: RunningServer): Promise<void> {
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGINT');
  process.kill(pid, 'SIGTERM');
}

async function stopByCommand(server: RunningServer, ...words: string[]): Promise<void> {
  const client = await server.client();
  client.command(...words).catch(() => {});
  expect(await client.receivedUntilClosed()).toBe('');
}
