/**
 * With `on-shard-crash exit`, a shard whose thread ends ends the server, which must say so. What `restart` does is in
 * shard-crash.test.ts.
 *
 * The product has no hooks for this. A module that is loaded into all of its threads before anything else changes
 * what `Atomics.wait` does there for times that only DEBUG SLEEP can ask for.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { Client } from '../support/client.ts';
import { repositoryRoot } from '../support/paths.ts';
import { freePort, type RunningServer, startServer } from '../support/server.ts';
import { isRunning, runToEnd } from './processes.ts';
import { connectWhenUp, pause } from './waiting.ts';

/** What a shard's thread does when it is told to sleep so many seconds. */
const DEATHS = {
  71: `throw new Error('the test made it fail');`,
  72: `throw new Error('a message\\nof two lines');`,
  73: `process.exit(3);`,
  74: `const filler = []; for (;;) filler.push(new Array(100000).fill({}).map(() => ({ filler })));`,
  75: `throw null;`,
};

let directory = '';
let preload = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'shardis-dying-'));
  const file = path.join(directory, 'preload.mjs');
  const cases = Object.entries(DEATHS).map(([seconds, code]) => `if (ms === ${seconds}000) { ${code} }`);
  writeFileSync(
    file,
    `import { isMainThread, threadId } from 'node:worker_threads';
    const wait = Atomics.wait;
    // All shards are told to sleep, and one of them is enough.
    if (!isMainThread && threadId === 1) Atomics.wait = (cells, index, value, ms) => {
      ${cases.join('\n')}
      return wait(cells, index, value, ms);
    };
    else if (!isMainThread) Atomics.wait = (cells, index, value, ms) => wait(cells, index, value, ms > 60000 ? 1 : ms);`,
  );
  preload = `--import ${pathToFileURL(file).href}`;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function startMortal(shards: number): Promise<RunningServer> {
  const args = ['--enable-debug-command', 'yes', '--on-shard-crash', 'exit'];
  return startServer({ shards, args, env: { NODE_OPTIONS: preload } });
}

/** The lines of the log, and those for people that are not in it. */
function linesOf(output: string): { log: { level: string; msg: string }[]; plain: string[] } {
  const lines = output.split('\n').filter((line) => line !== '');
  return {
    log: lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)),
    plain: lines.filter((line) => !line.startsWith('{')),
  };
}

forEachShardCount([1, 3], (shards) => {
  test.each([
    ['throws', 71, 'the test made it fail'],
    ['throws an error of two lines', 72, 'a message'],
    ['exits', 73, 'exit code 3'],
    ['throws nothing sensible', 75, 'null'],
  ])('the server ends with a clear line when a shard %s', async (_, seconds, reason) => {
    const server = await startMortal(shards);
    const client = await server.client();
    const waiting = await server.client();
    expect(await client.command('SET', 'k', 'v')).toBe('OK');
    client.command('DEBUG', 'SLEEP', seconds).catch(() => {});
    waiting.command('GET', 'k').catch(() => {});
    await Promise.all([client.closed, waiting.closed]);
    expect((await server.exited).code).toBe(1);
    expect(isRunning(server.pid)).toBe(false);
    const { log, plain } = linesOf(server.output());
    expect(plain).toEqual([expect.stringMatching(/^shardis: shard \d died: /)]);
    expect(plain[0]).toContain(reason);
    expect(log).toHaveLength(1);
    expect(log[0]!.level).toBe('warning');
    expect(log[0]!.msg).toMatch(/^shard \d died: /);
    await server.close();
  });

  test('no reply that was given before is lost', async () => {
    const server = await startMortal(shards);
    const client = await server.client();
    const sets = Array.from({ length: 500 }, (_, i) => ['SET', `k${i}`, i]);
    const replies = client.pipeline(sets);
    expect(new Set(await replies)).toEqual(new Set(['OK']));
    client.send('DEBUG SLEEP 71\r\n');
    expect(await client.receivedUntilClosed()).toBe('');
    expect((await server.exited).code).toBe(1);
    await server.close();
  });
});

test('a shard that needs more heap than there is ends the server too', async () => {
  const server = await startServer({
    shards: 2,
    args: ['--enable-debug-command', 'yes', '--on-shard-crash', 'exit'],
    env: { NODE_OPTIONS: `${preload} --max-old-space-size=64` },
  });
  const client = await server.client();
  client.command('DEBUG', 'SLEEP', 74).catch(() => {});
  await client.closed;
  expect((await server.exited).code).not.toBe(0);
  await server.close();
});

test.each([
  ['throws', `throw new Error('no thread today');`, /no thread today/],
  ['exits', 'process.exit(3);', /exit code 3/],
])('a shard that %s before it has started keeps the server from starting', async (what, code, reason) => {
  const file = path.join(directory, `${what}.mjs`);
  writeFileSync(file, `import { isMainThread } from 'node:worker_threads';\nif (!isMainThread) { ${code} }`);
  const port = String(await freePort());
  const ended = await runToEnd(['--port', port, '--shards', '2'], {
    env: { NODE_OPTIONS: `--import ${pathToFileURL(file).href}` },
  });
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(/^shardis: /);
  expect(ended.stderr).toMatch(reason);
});

test('an embedder hears of it by a rejection, and of nothing else', async () => {
  const program = path.join(directory, 'embedder.mjs');
  const library = pathToFileURL(path.join(repositoryRoot, 'dist/src/index.js')).href;
  writeFileSync(
    program,
    `import { connect } from 'node:net';
    import { createServer } from ${JSON.stringify(library)};
    const server = await createServer({ shards: 2, 'enable-debug-command': 'yes', 'on-shard-crash': 'exit' });
    connect(server.port, '127.0.0.1').on('error', () => {}).end('DEBUG SLEEP 71\\r\\n');
    await server.stopped.catch((error) => console.log(error.message.split('\\n')[0]));
    await server.close();`,
  );
  const output = execFileSync(process.execPath, [program], {
    env: { ...process.env, NODE_OPTIONS: preload },
    timeout: 30_000,
  });
  expect(output.toString()).toMatch(/^shard \d died: Error: the test made it fail\n$/);
});

test('a server whose shards sleep ends when it is told to, once they are awake', async () => {
  const port = await freePort();
  const ended = runToEnd(['--port', String(port), '--shards', '2', '--enable-debug-command', 'yes']);
  const client = await connectWhenUp(port);
  client.command('DEBUG', 'SLEEP', '1').catch(() => {});
  await pause(100);
  const other = await Client.connect(port);
  other.send('SHUTDOWN NOSAVE\r\n');
  expect((await ended).code).toBe(0);
  client.destroy();
});
