/** A directory is taken over by a server with another number of shards, or another ring: nothing is lost on the way. */
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Reply } from '../../support/client.ts';
import { mainScript } from '../../support/paths.ts';
import { Random, seedFrom } from '../../support/random.ts';
import { freePort } from '../../support/server.ts';
import { pause } from '../waiting.ts';
import { expectSame, Kept, runAll, valuesOf } from './kept.ts';

const seed = seedFrom('DURABILITY_SEED');
let kept: Kept;
beforeEach(() => {
  kept = new Kept();
});
afterEach(() => kept.remove());

/** Fills databases so that a base and logs have each a part, and what the logs say overrules the bases. */
async function fill(): Promise<Map<string, Reply[]>> {
  const { client } = kept;
  const keys = Array.from({ length: 1200 }, (_, i) => `key:${i}`);
  await runAll(client, [['MSET', ...keys.flatMap((key) => [key, `${key} in the base`])]]);
  await runAll(client, [
    ['SELECT', 9],
    ['SET', 'nine', 'v', 'PXAT', 4e12],
    ['SET', 'flushed', 'v'],
    ['SELECT', 0],
  ]);
  const lists = Array.from({ length: 60 }, (_, i) => `list:${i}`);
  await runAll(
    client,
    lists.map((key, i) => ['RPUSH', key, ...Array.from({ length: 1 + i * 20 }, (_, n) => `${key}:${n}`)]),
  );
  await kept.rewrite();
  await runAll(client, [
    ...lists.map((key) => ['LPUSH', key, 'in the log', 'too']),
    ...lists.slice(0, 20).map((key, i) => ['LMOVE', key, lists[i + 20]!, 'RIGHT', 'LEFT']),
    ...lists.slice(20, 40).map((key) => ['LTRIM', key, 1, 500]),
    ...keys.slice(0, 400).map((key) => ['APPEND', key, ' and in the log']),
    ['DEL', ...keys.slice(400, 600)],
    ['SELECT', 8],
    ['SET', 'eight', 'v'],
    ['FLUSHDB'],
    ['SET', 'eight', 'again'],
    ['SWAPDB', 8, 9],
    ['SELECT', 0],
    ['MSET', ...keys.slice(600, 800).flatMap((key) => [key, 'by MSET'])],
    ['PEXPIREAT', keys[1000]!, 4e12],
    ['SET', 'big', Buffer.alloc(3_000_000, 'x')],
  ]);
  return valuesOf(client);
}

/** Starts a server and kills it after `ms`, wherever it is. */
async function startAndKill(shards: number, args: readonly string[], ms: number): Promise<void> {
  const port = await freePort();
  const words = [mainScript, '--port', String(port), '--dir', kept.directory, '--save', ''];
  const all = [...words, '--appendonly', 'yes', '--shards', String(shards), ...args];
  const child = spawn(process.execPath, all, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await Promise.race([pause(ms), ended]);
  child.kill('SIGKILL');
  await ended;
}

async function layouts(steps: readonly (readonly [shards: number, ...args: string[]])[]): Promise<void> {
  const random = new Random(seed);
  const [[shards, ...args], ...others] = steps as [[number, ...string[]]];
  await kept.start(shards, args);
  const expected = await fill();
  for (const [shards, ...args] of others as [number, ...string[]][]) {
    await kept.kill();
    // From the first file that is opened to the first command that is served.
    for (const from of [170, 250, 330]) await startAndKill(shards, args, from + random.below(80));
    await kept.start(shards, args);
    expectSame(await valuesOf(kept.client), expected);
    expect(kept.files(/^base-/)).toHaveLength(shards);
    // It can be written on, and what was written goes along.
    await runAll(kept.client, [
      ['INCR', 'steps'],
      ['MSET', 'key:1', 'new', 'key:2', 'new', 'key:3', `${shards}`],
    ]);
    for (const [key, reply] of await valuesOf(kept.client)) expected.set(key, reply);
  }
}

test('1, 3, 2 and 1 shards, killed on the way', () => layouts([[1], [3], [2], [1]]));

test('another number of virtual nodes, killed on the way', () => layouts([[3], [3, '--virtual-nodes', '7']]));
