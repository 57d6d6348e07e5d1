/** The server as a part of another program. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { createServer } from '../../src/index.ts';
import { Client } from '../support/client.ts';
import { repositoryRoot } from '../support/paths.ts';
import { startServer } from '../support/server.ts';
import { isRunning } from './processes.ts';
import { until } from './waiting.ts';

test('it starts on a free port and serves clients until it is closed', async () => {
  const server = await createServer({ shards: 2 });
  expect(server.port).toBeGreaterThan(0);
  expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
  const client = await Client.connect(server.port);
  expect(await client.command('MSET', 'a', '1', 'b', '2', 'c', '3')).toBe('OK');
  expect(await client.command('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
  client.destroy();
  await server.close();
  await server.stopped;
  await expect(Client.connect(server.port)).rejects.toThrow('ECONNREFUSED');
});

test('it can be closed twice, at the same time and later', async () => {
  const server = await createServer({ shards: 1 });
  await Promise.all([server.close(), server.close()]);
  await server.close();
  await server.stopped;
});

test('it can be closed while clients are connected, and they see the end', async () => {
  const server = await createServer({ shards: 3 });
  const clients = await Promise.all(Array.from({ length: 10 }, () => Client.connect(server.port)));
  for (const client of clients) expect(await client.command('SET', 'k', 'v')).toBe('OK');
  await server.close();
  for (const client of clients) expect(await client.receivedUntilClosed()).toBe('');
});

test('a client can shut it down, and the embedder hears of it', async () => {
  const server = await createServer({ shards: 2 });
  const client = await Client.connect(server.port);
  client.send('SHUTDOWN NOSAVE\r\n');
  expect(await client.receivedUntilClosed()).toBe('');
  await server.stopped;
  await server.close();
});

test('several servers in one process have nothing in common', async () => {
  const servers = await Promise.all(
    [1, 2, 3].map((shards) => createServer({ shards, databases: shards + 1 })),
  );
  const clients = await Promise.all(servers.map(({ port }) => Client.connect(port)));
  for (const [i, client] of clients.entries()) {
    expect(await client.command('SET', 'which', i)).toBe('OK');
    expect(await client.command('CONFIG', 'SET', 'maxclients', 100 + i)).toBe('OK');
  }
  for (const [i, client] of clients.entries()) {
    expect(await client.command('GET', 'which')).toBe(String(i));
    expect(await client.command('CONFIG', 'GET', 'maxclients')).toEqual(['maxclients', String(100 + i)]);
    expect(await client.command('CONFIG', 'GET', 'shards')).toEqual(['shards', String(i + 1)]);
  }
  await servers[0]!.close();
  expect(await clients[1]!.command('GET', 'which')).toBe('1');
  await Promise.all(servers.map((server) => server.close()));
});

test('options are taken as JavaScript has them', async () => {
  const server = await createServer({
    shards: 1,
    'direct-reads': false,
    'proto-max-bulk-len': '2mb',
    'lane-size': 65536,
    'client-output-buffer-limit': { normal: { hardBytes: 1_000_000, softBytes: 0, softSeconds: 0 } },
  });
  const client = await Client.connect(server.port);
  expect(await client.command('CONFIG', 'GET', 'direct-reads')).toEqual(['direct-reads', 'no']);
  expect(await client.command('CONFIG', 'GET', 'proto-max-bulk-len')).toEqual([
    'proto-max-bulk-len',
    '2097152',
  ]);
  client.destroy();
  await server.close();
});

test.each([
  [{ shards: 0 }, /^shards: .*"0"$/],
  [{ port: 100_000 }, /^port: .*"100000"$/],
  [{ nope: 1 }, /^nope: no such option/],
  [{ maxclient: 1 }, /^maxclient: no such option.*maxclients/],
  [{ 'lane-size': '100kb' }, /^lane-size: .*power of two/],
  [{ bind: ['999.0.0.1'] }, /999\.0\.0\.1/],
])('%j rejects with a clear line', async (options, message) => {
  const failure = await createServer(options as object).then(
    async (server) => {
      await server.close();
      return undefined;
    },
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Error);
  expect((failure as Error).message).toMatch(message);
  expect((failure as Error).message).not.toContain('\n');
});

test('a port that is taken rejects, and leaves nothing running', async () => {
  const first = await createServer({ shards: 1 });
  await expect(createServer({ port: first.port, shards: 2 })).rejects.toThrow(/already in use/);
  await first.close();
  const second = await createServer({ port: first.port, shards: 2 });
  await second.close();
});

test.each([
  ['', []],
  // No thread may be given it by name.
  [', with an option of Node for whole processes', ['--use-largepages=silent']],
])('a closed server does not keep the process from ending%s', (_, nodeArgs) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'shardis-embedded-'));
  const program = path.join(directory, 'program.mjs');
  const library = pathToFileURL(path.join(repositoryRoot, 'dist/src/index.js')).href;
  writeFileSync(
    program,
    `import { createServer } from ${JSON.stringify(library)};
    const server = await createServer({ shards: 3 });
    await server.close();
    console.log('closed');`,
  );
  expect(execFileSync(process.execPath, [...nodeArgs, program], { timeout: 30_000 }).toString()).toBe(
    'closed\n',
  );
  rmSync(directory, { recursive: true });
});

test('a server command that is killed takes its threads with it', async () => {
  const server = await startServer({ shards: 3 });
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
  await until('the process is gone', () => !isRunning(server.pid));
  await server.close();
});
