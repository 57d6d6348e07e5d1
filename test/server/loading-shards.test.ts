/**
 * A server whose shards still load. There is nothing that takes long enough to load in a test, so a module that is
 * loaded into all threads keeps the last shard from saying that it serves until a file is there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, ReplyError } from '../support/client.ts';
import { freePort, startServer } from '../support/server.ts';
import { type Ended, runToEnd } from './processes.ts';
import { infoField } from './served.ts';
import { connectWhenUp, until } from './waiting.ts';

const LOADING = new ReplyError('LOADING Redis is loading the dataset in memory');

const PRELOAD = `
import { existsSync } from 'node:fs';
import { isMainThread, MessagePort, workerData } from 'node:worker_threads';
const post = MessagePort.prototype.postMessage;
const word = new Int32Array(new SharedArrayBuffer(4));
if (!isMainThread) MessagePort.prototype.postMessage = function (message, ...rest) {
  if (message?.kind === 'status' && message.state === 'serving' && workerData.index === workerData.shards - 1) {
    const progress = { kind: 'status', state: 'loading', totalBytes: 4000, keys: 7 };
    post.call(this, { ...progress, loadedBytes: 0 });
    post.call(this, { ...progress, loadedBytes: 1000 });
    while (!existsSync(process.env.LOADED_FILE)) Atomics.wait(word, 0, 0, 10);
    post.call(this, { ...progress, loadedBytes: 4000 });
  }
  return post.call(this, message, ...rest);
};
`;

/** Has shard 0 use up its heap when it is told to sleep for 74 seconds. */
const OUT_OF_HEAP = `
import { isMainThread, workerData } from 'node:worker_threads';
const wait = Atomics.wait;
// All shards are told to sleep, and one of them is enough.
if (!isMainThread) Atomics.wait = (cells, index, value, ms) => {
  if (ms === 74000 && workerData.index === 0) {
    const filler = [];
    for (;;) filler.push(new Array(100000).fill({}).map(() => ({ filler })));
  }
  return wait(cells, index, value, ms === 74000 ? 1 : ms);
};
`;

let directory = '';
let loadedFile = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'shardis-loading-'));
  loadedFile = path.join(directory, 'loaded');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function preloaded(source: string): Record<string, string> {
  const file = path.join(directory, 'preload.mjs');
  writeFileSync(file, source);
  return { NODE_OPTIONS: `--import ${pathToFileURL(file).href}`, LOADED_FILE: loadedFile };
}

async function startLoading(shards: number): Promise<{ client: Client; ended: Promise<Ended> }> {
  const port = await freePort();
  const args = ['--port', String(port), '--shards', String(shards), '--enable-debug-command', 'yes'];
  args.push('--appendonly', 'no');
  const ended = runToEnd(args, { env: preloaded(PRELOAD) });
  return { client: await connectWhenUp(port), ended };
}

test.each([1, 3])('a server of %i shards answers LOADING until the last has loaded', async (shards) => {
  const { client, ended } = await startLoading(shards);
  await until('a part is loaded', async () => (await infoField(client, 'loading_loaded_bytes')) === '1000');
  for (const command of [
    'PING',
    'GET key',
    'SET key v',
    'MSET a 1 b 2 c 3',
    'FLUSHALL',
    'DBSIZE',
    'RENAME a b',
    'SCAN 0',
  ]) {
    expect(await client.command(...command.split(' '))).toEqual(LOADING);
  }
  // May run while Redis loads, but not without all shards.
  expect(await client.command('DEBUG', 'DIGEST')).toEqual(LOADING);
  expect(await client.command('GET')).toEqual(
    new ReplyError("ERR wrong number of arguments for 'get' command"),
  );
  expect(await client.command('CONFIG', 'GET', 'hz')).toEqual(['hz', '10']);
  expect(await client.command('SELECT', 1)).toBe('OK');
  expect(await infoField(client, 'loading')).toBe('1');
  expect(await infoField(client, 'loading_total_bytes')).toBe('4000');
  expect(await infoField(client, 'loading_loaded_perc')).toBe('25.00');
  expect(await infoField(client, `shard${shards - 1}.state`)).toBe('loading');
  expect(await infoField(client, 'cmdstat_ping.rejected_calls')).toBe('1');
  writeFileSync(loadedFile, '');
  await until('it has loaded', async () => (await client.command('PING')) === 'PONG');
  expect(await client.command('MSET', 'a', 1, 'b', 2, 'c', 3)).toBe('OK');
  expect(await client.command('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
  expect(await infoField(client, 'loading')).toBe('0');
  expect(String(await client.command('INFO', 'persistence'))).not.toContain('loading_start_time');
  client.send('SHUTDOWN NOSAVE\r\n');
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(stdout).toContain('loading, and listens on');
  expect(stdout).toMatch(/loading the dataset[\s\S]*loaded 7 keys, 4000 bytes, in /);
});

test('a server that loads can be told to end', async () => {
  const { client, ended } = await startLoading(2);
  expect(await client.command('PING')).toEqual(LOADING);
  client.send('SHUTDOWN NOSAVE\r\n');
  expect((await ended).code).toBe(0);
});

test('a shard that needs more heap than there is is started again, and loads while the others serve', async () => {
  const env = preloaded(
    `${PRELOAD.replace('workerData.shards - 1', '0')}\n${OUT_OF_HEAP.replace(/^import.*$/m, '')}`,
  );
  writeFileSync(loadedFile, '');
  const server = await startServer({
    shards: 2,
    args: ['--enable-debug-command', 'yes'],
    env: { ...env, NODE_OPTIONS: `${env.NODE_OPTIONS} --max-old-space-size=64` },
  });
  const client = await server.client();
  const dying = await server.client();
  rmSync(loadedFile);
  dying.send('DEBUG SLEEP 74\r\n');
  await dying.closed;
  await until(
    'the log has it',
    () => server.output().includes('shard 0 died: Error [ERR_WORKER_OUT_OF_MEMORY]'),
    5000,
  );
  await until('it loads', async () => (await infoField(client, 'shard0.state')) === 'loading');
  expect(await infoField(client, 'loading')).toBe('0');
  const keys = Array.from({ length: 50 }, (_, i) => `key:${i}`);
  const replies = await client.pipeline(keys.map((key) => ['SET', key, 'v']));
  expect(new Set(replies.map(String))).toEqual(new Set(['OK', String(LOADING)]));
  expect(await client.command('MSET', ...keys.flatMap((key) => [key, 'v']))).toEqual(LOADING);
  writeFileSync(loadedFile, '');
  await until('it serves', async () => (await infoField(client, 'shard0.state')) === 'serving');
  expect(await client.command('MSET', ...keys.flatMap((key) => [key, 'v']))).toBe('OK');
  expect(await client.command('DBSIZE')).toBe(50);
  expect(await server.close()).toEqual({ code: 0 });
});
