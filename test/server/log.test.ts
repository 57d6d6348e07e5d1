/** What the server says, and where: JSON for programs, plain text on a terminal. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mainScript } from '../support/paths.ts';
import { freePort, requirePeer, startServer } from '../support/server.ts';
import { runToEnd } from './processes.ts';
import { connectWhenUp } from './waiting.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'shardis-log-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Gives a command a terminal of its own, and copies what it prints. */
const TERMINAL = 'script';

interface Entry {
  readonly level: string;
  readonly time: string;
  readonly pid: number;
  readonly msg: string;
}

function entriesOf(text: string): Entry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}

async function shutDown(port: number): Promise<void> {
  const client = await connectWhenUp(port);
  client.send('SHUTDOWN NOSAVE\r\n');
  await client.closed;
}

test('elsewhere than on a terminal each line is a JSON object', async () => {
  const port = await freePort();
  const ended = runToEnd(['--port', String(port), '--shards', '2', '--loglevel', 'debug']);
  await shutDown(port);
  const { code, stdout, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const entries = entriesOf(stdout);
  for (const entry of entries) {
    expect(['debug', 'verbose', 'notice', 'warning']).toContain(entry.level);
    expect(Math.abs(Date.now() - Date.parse(entry.time))).toBeLessThan(600_000);
    expect(entry.pid).toBeGreaterThan(0);
  }
  expect(entries[0]!.msg).toMatch(new RegExp(`^shardis .* ready on 127\\.0\\.0\\.1:${port} with 2 shards`));
  expect(entries[0]).toMatchObject({ addresses: [`127.0.0.1:${port}`], shards: 2 });
  expect(entries.map(({ msg }) => msg).join('\n')).toContain('User requested shutdown');
});

test('a log file gets the same lines, after those of earlier runs', async () => {
  const file = path.join(directory, 'shardis.log');
  for (let run = 1; run <= 2; run++) {
    const port = await freePort();
    const ended = runToEnd(['--port', String(port), '--shards', '1', '--logfile', file]);
    await shutDown(port);
    expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
    const ready = entriesOf(readFileSync(file, 'utf8')).filter(({ msg }) => / ready on /.test(msg));
    expect(ready).toHaveLength(run);
  }
});

test('signals are named', async () => {
  const file = path.join(directory, 'signals.log');
  const server = await startServer({ shards: 1, args: ['--logfile', file, '--loglevel', 'notice'] });
  expect(await server.close()).toEqual({ code: 0 });
  expect(readFileSync(file, 'utf8')).toContain('Received SIGTERM');
});

test('the level decides what is said, and can be changed', async () => {
  const server = await startServer({
    shards: 1,
    args: ['--loglevel', 'nothing', '--client-query-buffer-limit', '1mb'],
  });
  const client = await server.client();
  const tooLong = async () => {
    const other = await server.client();
    other.send(`*2\r\n$3\r\nGET\r\n$3000000\r\n${'x'.repeat(2_000_000)}`);
    await other.closed;
  };
  await tooLong();
  expect(server.output()).toBe('');
  expect(await client.command('CONFIG', 'SET', 'loglevel', 'verbose')).toBe('OK');
  await tooLong();
  expect(await client.command('CONFIG', 'SET', 'loglevel', 'nothing')).toBe('OK');
  expect(await server.close()).toEqual({ code: 0 });
  const entries = entriesOf(server.output());
  expect(entries.map(({ msg }) => msg)).toEqual([expect.stringContaining('max query buffer length')]);
  client.destroy();
});

test('on a terminal each line is for people', async (context) => {
  requirePeer(context, TERMINAL);
  const port = await freePort();
  const command = `${process.execPath} ${mainScript} --port ${port} --shards 2 --appendonly no`;
  const child = spawn(TERMINAL, ['-qec', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await shutDown(port);
  expect(await ended).toBe(0);
  const lines = printed.split('\r\n').filter((line) => line !== '');
  expect(lines[0]).toMatch(/\d\d:\d\d:\d\d\.\d{3}/);
  expect(printed).toContain(`ready on 127.0.0.1:${port} with 2 shards`);
  for (const line of lines) expect(line).not.toMatch(/^\{/);
});

test('the log never shows the password', async () => {
  const file = path.join(directory, 'secret.log');
  const args = ['--logfile', file, '--loglevel', 'debug', '--requirepass', 'verysecret'];
  const server = await startServer({ shards: 1, args });
  const client = await server.client();
  await client.command('AUTH', 'verysecret');
  await client.command('CONFIG', 'SET', 'requirepass', 'moresecret');
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
  expect(readFileSync(file, 'utf8') + server.output()).not.toMatch(/verysecret|moresecret/);
});
