/** `shardis bench crash` as people call it: in single steps against a running server, and in rounds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { runToEnd } from '../server/processes.ts';
import { useServer } from '../server/served.ts';
import { describeWithRedis } from '../support/server.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'shardis-crash-command-'));
const record = path.join(folder, 'record');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function crash(...args: string[]) {
  return runToEnd(['bench', 'crash', ...args], { cwd: folder });
}

describe('populate and verify', () => {
  const server = useServer({ shards: 2 });
  const port = () => String(server().port);

  beforeEach(async () => {
    const client = await server().client();
    await client.command('FLUSHALL');
    client.destroy();
  });

  async function populate() {
    const words = ['--keys', '2000', '--commands', '6000', '--clients', '3', '--seed', '7'];
    const { code, stdout, stderr } = await crash('populate', '-p', port(), '--record', record, ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+ commands acknowledged\n$/);
  }

  test('agree about a server that lost nothing', async () => {
    await populate();
    const { code, stdout } = await crash('verify', '-p', port(), '--record', record);
    expect(stdout).toMatch(
      /^\d{4} commands acknowledged, \d{4} keys recovered: 0 lost, 0 phantoms, 0 torn, 0 reordered\n$/,
    );
    expect(code).toBe(0);
  });

  test('tell what is lost and what was never written, with exit code 1', async () => {
    await populate();
    const client = await server().client();
    await client.command('DEL', 'c0:k:1');
    await client.command('APPEND', 'c1:k:2', '!');
    await client.command('SET', 'stranger', 'x');
    client.destroy();
    const { code, stdout } = await crash('verify', '-p', port(), '--record', record);
    expect(code).toBe(1);
    expect(stdout).toContain('lost c0:k:1: expected "c0.1.');
    expect(stdout).toContain('phantom c1:k:2: ');
    expect(stdout).toContain('phantom stranger: nobody wrote this key, found "x" (1 bytes)');
    expect(stdout).toContain('1 lost, 2 phantoms, 0 torn, 0 reordered');
  });

  test('want an empty server', async () => {
    const client = await server().client();
    await client.command('SET', 'a', '1');
    client.destroy();
    const { code, stderr } = await crash('populate', '-p', port(), '--record', record);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'shardis bench: the server holds keys already: it must be empty\n',
    });
  });

  test('say in one line what is no record', async () => {
    for (const text of ['nonsense', '[1]', '[1,0,5]', '[0,0,5,"GET","a"]', '[7,0,5]']) {
      writeFileSync(record, `${text}\n`);
      const { code, stderr } = await crash('verify', '-p', port(), '--record', record);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `shardis bench: ${record}:1 is no line of a record\n`,
      });
    }
  });
});

describe('mistakes', () => {
  test('are told in one line', async () => {
    expect(await crash('--round', '5')).toEqual({
      code: 1,
      stdout: '',
      stderr: "shardis bench: unknown option '--round'; see shardis bench crash --help\n",
    });
    expect(await crash('--server', 'redis-server')).toMatchObject({
      code: 1,
      stderr: 'shardis bench: --server must say where the port goes: {port}\n',
    });
    expect(await crash('verify', '-p', '1', '--record', path.join(folder, 'none'))).toMatchObject({
      code: 1,
    });
  });

  test('do not hide the help', async () => {
    const { code, stdout } = await crash('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--shards-after');
    expect((await crash('populate', '--help')).stdout).toContain('--record');
  });
});

describeWithRedis('rounds', () => {
  test('print a line each and a summary, and can be repeated', async () => {
    const server = 'redis-server --port {port} --dir {dir} --appendonly yes --appendfsync always --save ""';
    const { code, stdout } = await crash(
      '--server',
      server,
      '--rounds',
      '3',
      '--seed',
      '9',
      '--write-ms',
      '100',
    );
    expect(stdout).toMatch(/^seed 9\nround 1: \d+ acknowledged, .*: ok\nround 2: .*: ok\nround 3: .*: ok\n/);
    expect(stdout).toMatch(/3 rounds, \d+ kills, .* 0 lost, 0 phantoms, 0 torn, 0 reordered\n$/);
    expect(code).toBe(0);
  });
});
