/** `shardis cli --pipe`: mass insertion. */
import { describe, expect, test } from 'vitest';
import { runToEnd } from '../server/processes.ts';
import { useServer } from '../server/served.ts';
import { encodeCommand } from '../support/client.ts';
import { fakeServer } from './fake-server.ts';

const server = useServer({ shards: 2 });

function pipe(input: string, args: readonly string[] = [], port: number = server().port) {
  return runToEnd(['cli', '-p', String(port), '--pipe', ...args], { input });
}

function summary(errors: number, replies: number): string {
  return [
    'All data transferred. Waiting for the last reply...',
    'Last reply received from server.',
    `errors: ${errors}, replies: ${replies}`,
    '',
  ].join('\n');
}

describe('--pipe', () => {
  test('counts the replies to commands in RESP', async () => {
    const commands = Array.from({ length: 20_000 }, (_, i) =>
      encodeCommand(['SET', `piped:${i}`, i]).toString(),
    );
    expect(await pipe(commands.join(''))).toEqual({ code: 0, stdout: summary(0, 20_000), stderr: '' });
    const client = await server().client();
    expect(await client.command('GET', 'piped:19999')).toBe('19999');
    client.destroy();
  });

  test('takes inline commands, the last without its line end', async () => {
    const sets = Array.from({ length: 1000 }, (_, i) => `SET inline:${i} "a b"`);
    expect(await pipe(sets.join('\n'))).toEqual({ code: 0, stdout: summary(0, 1000), stderr: '' });
  });

  test('tells errors and ends with exit code 1', async () => {
    const error = "ERR wrong number of arguments for 'set' command";
    expect(await pipe('SET a 1\nSET a\nSET b 1\n')).toEqual({
      ...{ code: 1, stdout: summary(1, 3), stderr: `${error}\n` },
    });
  });

  test('takes long replies while it sends', async () => {
    const value = 'x'.repeat(1_000_000);
    const input = `SET long ${'y'.repeat(60_000)}\n${encodeCommand(['SET', 'long', value])}${'GET long\n'.repeat(100)}`;
    expect(await pipe(input)).toEqual({ code: 0, stdout: summary(0, 102), stderr: '' });
  });

  test('takes nothing', async () => {
    expect(await pipe('')).toEqual({ code: 0, stdout: summary(0, 0), stderr: '' });
  });

  test('says so when the connection is lost', async () => {
    const { code, stdout, stderr } = await pipe('SET a 1\n*1\r\n$x\r\n');
    expect(code).toBe(1);
    expect(stderr).toBe('ERR Protocol error: invalid bulk length\nError: Server closed the connection\n');
    expect(stdout).toMatch(/errors: 2, replies: 2\n$/);
  });

  test('gives up on a server that does not answer', async () => {
    const port = await fakeServer((socket) => socket.resume());
    expect(await pipe('SET a 1\n', ['--pipe-timeout', '0.3'], port)).toEqual({
      code: 1,
      stdout: 'All data transferred. Waiting for the last reply...\nerrors: 1, replies: 0\n',
      stderr: 'No replies for 0.3 seconds: exiting.\n',
    });
  });
});
