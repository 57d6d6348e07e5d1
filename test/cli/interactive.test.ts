/** `shardis cli` in a terminal: what a person types and sees. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { useServer } from '../server/served.ts';
import { mainScript } from '../support/paths.ts';
import { type RunningServer, requirePeer, startRedis, startServer } from '../support/server.ts';
import { fakeServer } from './fake-server.ts';
import { Terminal } from './terminal.ts';

let folder: string;
let historyFile: string;
beforeEach((context: TestContext) => {
  requirePeer(context, 'script');
  folder = mkdtempSync(path.join(tmpdir(), 'shardis-cli-'));
  historyFile = path.join(folder, 'history');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(port: number, args = ''): Terminal {
  const terminal = new Terminal(`'${process.execPath}' '${mainScript}' cli -p ${port} ${args}`, {
    SHARDIS_HISTORY: historyFile,
    REDISCLI_AUTH: '',
  });
  onTestFinished(() => terminal.kill());
  return terminal;
}

describe('in a terminal', () => {
  const server = useServer({ shards: 2 });

  test('commands are answered after a prompt', async () => {
    const terminal = open(server().port);
    const prompt = `127.0.0.1:${server().port}> `;
    await terminal.shows(prompt);
    terminal.type('set "a b" 1\r');
    await terminal.shows('OK');
    await terminal.shows(prompt);
    terminal.type('3 incr "a b"\r');
    for (const value of [2, 3, 4]) await terminal.shows(`(integer) ${value}`);
    terminal.type('get "a\r');
    await terminal.shows('Invalid argument(s)');
    // RESP3, where the server speaks it.
    terminal.type('config get port\r');
    await terminal.shows(`1# "port" => "${server().port}"`);
    await terminal.shows(prompt);
    terminal.type('select 3\r');
    await terminal.shows(`127.0.0.1:${server().port}[3]> `);
    terminal.type('quit\r');
    expect(await terminal.ended).toBe(0);
  });

  test('hints and completions come from the server', async () => {
    const terminal = open(server().port);
    await terminal.shows('> ');
    // Until the documentation is here there are none: what follows is answered after it.
    terminal.type('ping\r');
    await terminal.shows('PONG');
    await terminal.shows('> ');
    terminal.type('set k ');
    await terminal.shows('value [NX|XX]');
    expect(terminal.raw).toContain('\x1b[90m');
    terminal.type('\x15config ge\t');
    await terminal.shows('parameter [parameter ...]');
    terminal.type('port\r');
    await terminal.shows(`"${server().port}"`);
    terminal.type('help get\r');
    await terminal.shows('GET key');
    await terminal.shows('summary: ');
  });

  test('lines are kept for the next time, but for passwords', async () => {
    const first = open(server().port);
    await first.shows('> ');
    first.type('echo one\r');
    await first.shows('"one"');
    first.type('auth secret\r');
    await first.shows('ERR AUTH');
    first.type('\x04');
    expect(await first.ended).toBe(0);
    expect(readFileSync(historyFile, 'utf8')).toBe('echo one\n');
    expect(statSync(historyFile).mode & 0o777).toBe(0o600);
    const second = open(server().port);
    await second.shows('> ');
    second.type('\x1b[A');
    await second.shows('echo one');
    second.type('\r');
    await second.shows('"one"');
    second.type('\x03');
    expect(await second.ended).toBe(0);
  });

  test('the prompt does not wipe out a text without a line end', async () => {
    const terminal = open(server().port, "--raw -D ''");
    await terminal.shows('> ');
    terminal.type('echo abc\r');
    await terminal.shows('\nabc\r\n127.0.0.1');
  });

  test('another server can be talked to', async () => {
    const other = await startServer({ shards: 1 });
    try {
      const terminal = open(server().port);
      await terminal.shows('> ');
      terminal.type(`connect 127.0.0.1 ${other.port}\r`);
      await terminal.shows(`127.0.0.1:${other.port}> `);
      terminal.type('config get port\r');
      await terminal.shows(`"${other.port}"`);
      await terminal.shows('> ');
      terminal.type('clear\r');
      await terminal.shows('> ');
      expect(terminal.raw).toContain('\x1b[1;1H');
    } finally {
      await other.close();
    }
  });

  test('a password typed later opens what was closed', async () => {
    const guarded = await startServer({ shards: 1, args: ['--requirepass', 'secret'] });
    try {
      const terminal = open(guarded.port, '-n 2');
      await terminal.shows('NOAUTH');
      await terminal.shows(`${guarded.port}> `);
      terminal.type('auth secret\r');
      await terminal.shows('OK');
      await terminal.shows(`${guarded.port}[2]> `);
      terminal.type('config get maxclients\r');
      await terminal.shows('1# "maxclients"');
      await terminal.shows('> ');
      terminal.type('set k ');
      await terminal.shows('value [NX|XX]');
    } finally {
      await guarded.close();
    }
  });
});

test('Ctrl-C gives up a server that does not answer', async () => {
  let isAsked: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const port = await fakeServer((socket) => socket.on('data', () => isAsked()));
  const terminal = open(port);
  await asked;
  terminal.type('\x03');
  expect(await terminal.ended).toBe(1);
});

test('a lost connection is told, and made again', async () => {
  // A socket's path is known before the server is there.
  const socket = path.join(folder, 'socket');
  const start = () => startServer({ shards: 1, args: ['--unixsocket', socket] });
  const terminal = open(1, `-s ${socket} -n 1`);
  await terminal.shows(`Could not connect to Redis at ${socket}: No such file or directory`);
  await terminal.shows('not connected> ');
  const first = await start();
  terminal.type('set a 1\r');
  await terminal.shows('OK');
  await terminal.shows(`redis ${socket}[1]> `);
  terminal.type('select 2\r');
  await terminal.shows(`redis ${socket}[2]> `);
  await first.close();
  await terminal.shows('Error: Server closed the connection');
  await terminal.shows('not connected> ');
  terminal.type('get a\r');
  await terminal.shows('Could not connect');
  const second = await start();
  try {
    terminal.type('get a\r');
    await terminal.shows('(nil)');
    await terminal.shows(`redis ${socket}[2]> `);
  } finally {
    await second.close();
  }
});

describe('in a terminal with a real Redis', () => {
  let redis: RunningServer;
  beforeEach(async (context: TestContext) => {
    requirePeer(context);
    redis = await startRedis();
  });
  afterEach(() => redis?.close());

  test('a transaction is shown in the prompt', async () => {
    const terminal = open(redis.port);
    await terminal.shows('> ');
    terminal.type('multi\r');
    await terminal.shows('(TX)> ');
    terminal.type('incr a\r');
    await terminal.shows('QUEUED');
    terminal.type('exec\r');
    await terminal.shows('1) (integer) 1');
    await terminal.shows(`${redis.port}> `);
  });

  test('messages are shown until Ctrl-C, and commands in between', async () => {
    const terminal = open(redis.port);
    const client = await redis.client();
    await terminal.shows('> ');
    terminal.type('subscribe news other\r');
    await terminal.shows('3) (integer) 2');
    await terminal.shows('Reading messages... (press Ctrl-C to quit or any key to type command)');
    await client.command('PUBLISH', 'news', 'first');
    await terminal.shows('1) "message"\r\n2) "news"\r\n3) "first"');
    terminal.type('e');
    await terminal.shows('(subscribed mode)> e');
    await client.command('PUBLISH', 'news', 'second');
    await terminal.shows('"second"');
    await terminal.shows('(subscribed mode)> e');
    terminal.type('cho hi\r');
    await terminal.shows('"hi"');
    await terminal.shows('Reading messages');
    terminal.type('\x03');
    await terminal.shows(`${redis.port}> `);
    terminal.type('get a\r');
    await terminal.shows('(nil)');
    client.destroy();
  });

  test('messages are shown in RESP2 as well', async () => {
    const terminal = open(redis.port, '-2');
    const client = await redis.client();
    await terminal.shows('> ');
    terminal.type('psubscribe n*\r');
    await terminal.shows('Reading messages');
    await client.command('PUBLISH', 'news', 'first');
    await terminal.shows('1) "pmessage"\r\n2) "n*"\r\n3) "news"\r\n4) "first"');
    terminal.type(' ');
    await terminal.shows('(subscribed mode)> ');
    terminal.type('punsubscribe\r');
    await terminal.shows('3) (integer) 0');
    await terminal.shows(`${redis.port}> `);
    client.destroy();
  });

  test('MONITOR shows commands until Ctrl-C', async () => {
    const terminal = open(redis.port);
    const client = await redis.client();
    await terminal.shows('> ');
    terminal.type('monitor\r');
    await terminal.shows('Reading messages... (press Ctrl-C to quit)');
    await client.command('SET', 'watched', '1');
    await terminal.shows('"SET" "watched" "1"');
    terminal.type('\x03');
    await terminal.shows(`${redis.port}> `);
    terminal.type('get watched\r');
    await terminal.shows('"1"');
    client.destroy();
  });

  test('Ctrl-C gives up a command that blocks', async () => {
    const terminal = open(redis.port);
    const client = await redis.client();
    await terminal.shows('> ');
    terminal.type('select 2\r');
    await terminal.shows('[2]> ');
    terminal.type('blpop missing 0\r');
    while (!/blocked_clients:1/.test(String(await client.command('INFO', 'clients')))) {}
    terminal.type('\x03');
    await terminal.shows('[2]> ');
    terminal.type('echo again\r');
    await terminal.shows('"again"');
    client.destroy();
  });

  test('invalidations are shown above what is being typed', async () => {
    const terminal = open(redis.port);
    const client = await redis.client();
    await terminal.shows('> ');
    terminal.type('client tracking on bcast\r');
    await terminal.shows('OK');
    await terminal.shows('> ');
    terminal.type('get k');
    await terminal.shows('get k');
    await client.command('SET', 'watched', '1');
    await terminal.shows("-> invalidate: 'watched'");
    await terminal.shows('> get k');
    client.destroy();
  });
});
