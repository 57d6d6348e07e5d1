/** MONITOR: every command that runs is shown, as Redis shows it. */
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Client, type Reply } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { describeServed, error } from './served.ts';

const END = 'this is the end';

/** What the monitor was shown until the end that another client asks for, without times and addresses. */
async function shownUntilEnd(monitor: Client): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = String(await monitor.reply());
    const match = /^\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\] (.*)$/.exec(line);
    expect(match, line).not.toBe(null);
    if (match![2]!.includes(END)) return lines;
    lines.push(`${match![1]} ${match![2]}`);
  }
}

describeServed('MONITOR', ({ connect, run }) => {
  const watch = async () => {
    const monitor = await connect();
    expect(await monitor.command('MONITOR')).toBe('OK');
    return monitor;
  };

  test('shows commands in the order in which they are sent, quoted', async () => {
    const monitor = await watch();
    await run('SET', 'key', 'a "b" \\ \n\r\t\x07\b\x00\x7f\xff');
    await run('get', 'key');
    await run('MGET', 'a', 'b', 'c');
    await run('SELECT', 3);
    await run('dEl', 'key');
    await run('SELECT', 0);
    await run('CLIENT', 'ID');
    await run('ECHO', END);
    expect(await shownUntilEnd(monitor)).toEqual([
      '0 "SET" "key" "a \\"b\\" \\\\ \\n\\r\\t\\a\\b\\x00\\x7f\\xff"',
      '0 "get" "key"',
      '0 "MGET" "a" "b" "c"',
      '3 "SELECT" "3"',
      '3 "dEl" "key"',
      '0 "SELECT" "0"',
      '0 "CLIENT" "ID"',
    ]);
    monitor.destroy();
  });

  test('shows what failed, but neither what was not let in nor what administers', async () => {
    const monitor = await watch();
    await run('SET', 'text', 'x');
    await run('INCR', 'text');
    await run('NONSENSE');
    await run('GET');
    await run('CONFIG', 'GET', 'port');
    await run('CLIENT', 'LIST');
    await run('ECHO', END);
    expect(await shownUntilEnd(monitor)).toEqual(['0 "SET" "text" "x"', '0 "INCR" "text"']);
    monitor.destroy();
  });

  test('hides passwords', async () => {
    const monitor = await watch();
    const client = await connect();
    await client.command('AUTH', 'secret');
    await client.command('AUTH', 'name', 'secret');
    await client.command('HELLO', 2, 'AUTH', 'name', 'secret', 'SETNAME', 'x');
    await client.command('MIGRATE', '127.0.0.1', '1', 'key', '0', '1', 'AUTH', 'secret');
    await client.command('ECHO', END);
    const shown = await shownUntilEnd(monitor);
    expect(shown.slice(0, 3)).toEqual([
      '0 "AUTH" "(redacted)"',
      '0 "AUTH" "(redacted)" "(redacted)"',
      '0 "HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "x"',
    ]);
    expect(shown.join('\n')).not.toContain('secret');
    for (const each of [monitor, client]) each.destroy();
  });

  test('shows transactions when they run', async () => {
    const monitor = await watch();
    await run('MULTI');
    await run('SET', 'a', '1');
    await run('ECHO', 'x');
    await run('SELECT', 2);
    await run('CONFIG', 'GET', 'port');
    await run('GET', 'a');
    await run('ECHO', 'not yet');
    await run('EXEC');
    await run('SELECT', 0);
    await run('MULTI');
    await run('NONSENSE');
    await run('EXEC');
    await run('MULTI');
    await run('DISCARD');
    await run('ECHO', END);
    expect(await shownUntilEnd(monitor)).toEqual([
      '0 "MULTI"',
      ...['0 "SET" "a" "1"', '0 "ECHO" "x"', '2 "SELECT" "2"', '2 "GET" "a"', '2 "ECHO" "not yet"'],
      ...['0 "EXEC"', '0 "SELECT" "0"'],
      ...['0 "MULTI"', '0 "EXEC"', '0 "MULTI"', '0 "DISCARD"'],
    ]);
    monitor.destroy();
  });

  test('shows every command of a pipeline to several clients', async () => {
    const monitors = [await watch(), await watch()];
    const commands = Array.from({ length: 3000 }, (_, i) => ['SET', `k${i}`, `v${i}`]);
    const client = await connect();
    await client.pipeline([...commands, ['ECHO', END]]);
    const expected = commands.map((words) => `0 ${words.map((word) => `"${word}"`).join(' ')}`);
    for (const monitor of monitors) expect(await shownUntilEnd(monitor)).toEqual(expected);
    for (const each of [client, ...monitors]) each.destroy();
  });

  test('a monitor may not reach keys, and goes on with other commands', async () => {
    const monitor = await watch();
    const refused = error("ERR Replica can't interact with the keyspace");
    for (const words of [
      ['GET', 'k'],
      ['SET', 'k', 'v'],
      ['PUBLISH', 'c', 'm'],
      ['KEYS', '*'],
    ]) {
      expect(await monitor.command(...words)).toEqual(refused);
    }
    // Its own commands are shown behind their replies.
    expect(await monitor.command('PING')).toBe('PONG');
    expect(String(await monitor.reply())).toMatch(/^\d+\.\d+ \[0 127.*\] "PING"$/);
    expect(await monitor.command('CLIENT', 'INFO')).toMatch(/ flags=O /);
    expect(String(await monitor.reply())).toMatch(/"CLIENT" "INFO"$/);
    // There is no answer to the second time.
    monitor.send('MONITOR\r\nECHO x\r\n');
    expect(await monitor.reply()).toBe('x');
    monitor.destroy();
  });

  test('RESET ends it', async () => {
    const monitor = await watch();
    expect(await monitor.command('RESET')).toBe('RESET');
    await run('ECHO', 'unseen');
    expect(await monitor.command('GET', 'k')).toBe(null);
    monitor.destroy();
  });

  test('QUIT ends it, with nothing more to be seen', async () => {
    const monitor = await watch();
    monitor.send('QUIT\r\n');
    expect(await monitor.reply()).toBe('OK');
    await monitor.closed;
    await expect.poll(() => run('CLIENT', 'LIST')).not.toContain('flags=O');
  });

  test('who wants no replies sees nothing', async () => {
    const monitor = await watch();
    monitor.send('CLIENT REPLY OFF\r\n');
    await expect.poll(() => run('CLIENT', 'LIST')).toContain('cmd=client|reply');
    await run('ECHO', 'unseen');
    monitor.send('CLIENT REPLY ON\r\n');
    expect(await monitor.reply()).toBe('OK');
    monitor.destroy();
  });

  test('the lines do not cut replies', async () => {
    const monitor = await connect();
    const writer = await connect();
    await writer.command('SET', 'long', 'x'.repeat(4_000_000));
    monitor.send('GET long\r\nGET long\r\nMONITOR\r\n');
    const pings: Promise<Reply>[] = [];
    for (let i = 0; i < 500; i++) pings.push(writer.command('PING', String(i)));
    expect(await monitor.reply()).toHaveLength(4_000_000);
    expect(await monitor.reply()).toHaveLength(4_000_000);
    expect(await monitor.reply()).toBe('OK');
    await Promise.all(pings);
    for (const each of [monitor, writer]) each.destroy();
  });
});

test('a user needs permission for it', async () => {
  const server = await startServer({ shards: 2 });
  const client = await server.client();
  await client.command('ACL', 'SETUSER', 'watcher', 'on', 'nopass', '-@all', '+auth', '+monitor');
  await client.command('ACL', 'SETUSER', 'other', 'on', 'nopass', '+@all', '-monitor');
  const watcher = await server.client();
  await watcher.command('AUTH', 'watcher', 'x');
  expect(await watcher.command('MONITOR')).toBe('OK');
  await client.command('AUTH', 'other', 'x');
  expect(await client.command('MONITOR')).toEqual(
    error("NOPERM User other has no permissions to run the 'monitor' command"),
  );
  for (const each of [client, watcher]) each.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('clients of a Unix socket are shown by its path', async () => {
  const directory = mkdtempSync('/tmp/shardis-monitor-');
  const socket = path.join(directory, 's');
  const server = await startServer({ shards: 1, args: ['--unixsocket', socket] });
  const monitor = await server.client();
  await monitor.command('MONITOR');
  const client = await Client.connectUnix(socket);
  await client.command('GET', 'k');
  expect(String(await monitor.reply())).toMatch(
    new RegExp(`^\\d+\\.\\d{6} \\[0 unix:${socket}\\] "GET" "k"$`),
  );
  for (const each of [client, monitor]) each.destroy();
  expect(await server.close()).toEqual({ code: 0 });
  rmSync(directory, { recursive: true });
});
