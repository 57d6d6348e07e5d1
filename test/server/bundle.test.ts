/**
 * What is installed as `shardis` is not the files that the compiler writes, one for each source file, but few larger ones
 * that start in half the time (`npm run bundle`).
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.ts';
import { freePort } from '../support/server.ts';
import { connectWhenUp, until } from './waiting.ts';

const about = JSON.parse(readFileSync(path.join(repositoryRoot, 'package.json'), 'utf8'));
const installed = path.join(repositoryRoot, about.bin.shardis);
const directory = mkdtempSync(path.join(tmpdir(), 'shardis-bundle-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [installed, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('the installed program serves, with its shards, and loads what it kept', async () => {
  for (let start = 0; start < 2; start++) {
    const port = await freePort();
    const words = ['--port', String(port), '--shards', '2', '--dir', directory, '--appendonly', 'yes'];
    const child = spawn(process.execPath, [installed, ...words], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      const client = await connectWhenUp(port);
      await until('it serves', async () => (await client.command('PING').catch(() => '')) === 'PONG');
      if (start === 0) expect(await client.command('MSET', 'a', '1', 'b', '2', 'c', '3')).toBe('OK');
      expect(await client.command('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
      client.end();
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toBe(0);
  }
});

test('its tools are there', () => {
  expect(run('--version')).toEqual({ status: 0, stdout: `shardis ${about.version}\n`, stderr: '' });
  for (const tool of ['cli', 'bench', 'check', 'import', 'export']) {
    expect(run(tool, '--help')).toEqual({
      status: 0,
      stdout: expect.stringContaining(`shardis ${tool}`),
      stderr: '',
    });
  }
});

test('what others have written is not part of it', () => {
  const folder = path.dirname(installed);
  const text = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
  const imported = text.flatMap((one) => [...one.matchAll(/\bfrom "([^"]+)"/g)].map(([, name]) => name!));
  const packages = new Set(imported.filter((name) => !/^(\.|node:)/.test(name)));
  expect([...packages].sort()).toEqual(['commander', 'pino']);
});
