/** `shardis cli` with a command, and with commands on standard input. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runToEnd } from '../server/processes.ts';
import { useServer } from '../server/served.ts';
import { until } from '../server/waiting.ts';
import { mainScript } from '../support/paths.ts';
import { describeWithRedis, freePort, startRedis } from '../support/server.ts';
import { fakeServer } from './fake-server.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'shardis-cli-'));
const socketPath = path.join(folder, 'socket');
const server = useServer({ shards: 2, args: ['--unixsocket', socketPath] });
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

interface CliOptions {
  input?: string;
  env?: Record<string, string>;
  port?: number;
}

function cli(args: readonly string[], { input, env, port = server().port }: CliOptions = {}) {
  return runToEnd(['cli', '-p', String(port), ...args], {
    ...(input !== undefined && { input }),
    env: { REDISCLI_AUTH: '', ...env },
  });
}

const done = (stdout: string) => ({ code: 0, stdout, stderr: '' });

describe('a command', () => {
  test('is answered on standard output', async () => {
    expect(await cli(['set', 'greeting', 'hello é'])).toEqual(done('OK\n'));
    expect(await cli(['get', 'greeting'])).toEqual(done('hello é\n'));
    expect(await cli(['--no-raw', 'get', 'greeting'])).toEqual(done('"hello \\xc3\\xa9"\n'));
    expect(await cli(['get', 'missing'])).toEqual(done('\n'));
    expect(await cli(['--no-raw', 'get', 'missing'])).toEqual(done('(nil)\n'));
  });

  test('has words that look like options', async () => {
    expect(await cli(['set', '-a', '--raw'])).toEqual(done('OK\n'));
    expect(await cli(['get', '-a'])).toEqual(done('--raw\n'));
  });

  test('takes its last word from standard input with -x', async () => {
    expect(await cli(['-x', 'set', 'image'], { input: 'a\r\nb\0\n' })).toEqual(done('OK\n'));
    expect(await cli(['--no-raw', 'get', 'image'])).toEqual(done('"a\\r\\nb\\x00\\n"\n'));
  });

  test('can be quoted', async () => {
    expect(await cli(['--quoted-input', 'set', '"q\\x01"', '"a b"'])).toEqual(done('OK\n'));
    expect(await cli(['--no-raw', '--quoted-input', 'get', '"q\\x01"'])).toEqual(done('"a b"\n'));
    expect(await cli(['--quoted-input', 'get', '"q'])).toMatchObject({ code: 1 });
  });

  test('is repeated with -r', async () => {
    expect(await cli(['-r', '3', '-i', '0.01', 'incr', 'counter'])).toEqual(done('1\n2\n3\n'));
  });

  test('that is wrong ends well, but not with -e', async () => {
    const message = "ERR wrong number of arguments for 'get' command";
    expect(await cli(['get'])).toEqual(done(`${message}\n\n`));
    expect(await cli(['-e', 'get'])).toEqual({ code: 1, stdout: '', stderr: `${message}\n` });
  });

  test('runs in the database that is asked for', async () => {
    expect(await cli(['-n', '3', 'set', 'here', '1'])).toEqual(done('OK\n'));
    expect(await cli(['exists', 'here'])).toEqual(done('0\n'));
    const uri = `redis://127.0.0.1:${server().port}/3`;
    expect(await cli(['-u', uri, 'exists', 'here'])).toEqual(done('1\n'));
    expect(await cli(['-n', '99', 'set', 'here', '1'])).toEqual({
      ...{ code: 1, stdout: '', stderr: 'SELECT 99 failed: ERR DB index is out of range\n' },
    });
  });

  test('goes through a socket', async () => {
    expect(await cli(['-s', socketPath, 'ping'])).toEqual(done('PONG\n'));
  });

  test('is answered in RESP3 with -3 and --json', async () => {
    expect((await cli(['-3', '--no-raw', 'hello'])).stdout).toMatch(/3# "proto" => \(integer\) 3\n/);
    expect((await cli(['--no-raw', 'hello'])).stdout).toMatch(/5\) "proto"\n\s*6\) \(integer\) 2\n/);
    expect(await cli(['--json', 'config', 'get', 'port'])).toEqual(done(`{"port":"${server().port}"}\n`));
    expect(await cli(['--csv', 'mget', 'greeting', 'missing'])).toMatchObject({ code: 0 });
  });

  test('whose reply is long is printed whole', async () => {
    const { code, stdout } = await cli(['command', 'docs']);
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(20_000);
  });

  test('may make the server close the connection', async () => {
    expect(await cli(['quit'])).toEqual(done('OK\n'));
  });
});

describe('commands on standard input', () => {
  test('are answered in order', async () => {
    const input = 'set a 1\n\n  incr a\r\nset b "x \\x00 y"\n3 incr a\necho last';
    expect(await cli(['--no-raw'], { input })).toEqual(
      done('OK\n(integer) 2\nOK\n(integer) 3\n(integer) 4\n(integer) 5\n"last"\n'),
    );
    expect(await cli(['--no-raw', 'get', 'b'])).toEqual(done('"x \\x00 y"\n'));
  });

  test('may be wrong', async () => {
    const input = 'nosuch\nget "a\nping\n';
    const unknown = "ERR unknown command 'nosuch', with args beginning with: ";
    expect(await cli([], { input })).toEqual(done(`${unknown}\n\nInvalid argument(s)\nPONG\n`));
    expect(await cli(['-e'], { input })).toEqual({ code: 1, stdout: '', stderr: `${unknown}\n` });
    expect(await cli(['-e'], { input: 'ping\nping\n' })).toEqual(done('PONG\nPONG\n'));
  });

  test('end at quit', async () => {
    expect(await cli([], { input: 'ping\nquit\nping\n' })).toEqual(done('PONG\n'));
  });

  test('may turn replies off', async () => {
    const input = 'client reply off\nset silent 1\nclient reply on\nget silent\n';
    expect(await cli([], { input })).toEqual(done('OK\n1\n'));
    expect(await cli([], { input: `client reply off\nset silent ${'x'.repeat(1e6)}\n` })).toEqual(done(''));
    expect(await cli(['strlen', 'silent'])).toEqual(done('1000000\n'));
  });
});

describe('--scan', () => {
  test('prints the names of all keys that are like a pattern', async () => {
    const names = Array.from({ length: 500 }, (_, i) => `scanned:${i}`);
    await cli([], { input: names.map((name) => `set ${name} 1\n`).join('') });
    const { code, stdout } = await cli(['--scan', '--pattern', 'scanned:*', '--count', '7']);
    expect(code).toBe(0);
    expect([...new Set(stdout.trimEnd().split('\n'))].sort()).toEqual(names.sort());
    expect(await cli(['--scan', '--type', 'list'])).toEqual(done(''));
    expect(await cli(['--scan', '--pattern', 'scanned:1', '--no-raw'])).toEqual(done('"scanned:1"\n'));
    expect(await cli(['--scan', '--count', 'x'])).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('a connection that fails is told in one line', () => {
  test('when nobody listens', async () => {
    const port = await freePort();
    const stderr = `Could not connect to Redis at 127.0.0.1:${port}: Connection refused\n`;
    for (const args of [['ping'], [], ['--pipe'], ['--scan']]) {
      expect(await cli(args, { port, input: 'ping\n' })).toEqual({ code: 1, stdout: '', stderr });
    }
  });

  test('when there is no such socket', async () => {
    const stderr = 'Could not connect to Redis at /nonexistent/socket: No such file or directory\n';
    expect(await cli(['-s', '/nonexistent/socket', 'ping'])).toEqual({ code: 1, stdout: '', stderr });
  });

  test('when the server closes it', async () => {
    const port = await fakeServer((socket) => socket.once('data', () => socket.end()));
    const stderr = 'Error: Server closed the connection\n';
    expect(await cli(['ping'], { port })).toEqual({ code: 1, stdout: '', stderr });
    expect(await cli([], { port, input: 'ping\nping\n' })).toEqual({ code: 1, stdout: '', stderr });
  });

  test('when the server speaks another protocol', async () => {
    const port = await fakeServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n'));
    const stderr = 'Error: Protocol error, got "H" as reply type byte\n';
    expect(await cli(['ping'], { port })).toEqual({ code: 1, stdout: '', stderr });
  });

  test('when the option is none', async () => {
    expect(await cli(['--nosuch'])).toEqual({
      code: 1,
      stdout: '',
      stderr: "shardis cli: unknown option '--nosuch'; see shardis cli --help\n",
    });
  });
});

test('help tells of the client', async () => {
  expect((await cli(['--help'])).stdout).toMatch(/^Usage: shardis cli \[options\] \[command/);
  expect((await runToEnd(['--help'])).stdout).toMatch(/^ {2}cli /m);
});

describe('a password', () => {
  const guarded = useServer({ shards: 1, args: ['--requirepass', 'secret'] });

  test('comes from an option, a URI or the environment', async () => {
    const { port } = guarded();
    expect(await cli(['-a', 'secret', '--no-auth-warning', 'ping'], { port })).toEqual(done('PONG\n'));
    expect(await cli(['-u', `redis://default:secret@127.0.0.1:${port}`, 'ping'])).toMatchObject({
      code: 0,
      stdout: 'PONG\n',
      stderr: expect.stringMatching(/^Warning: Using a password/),
    });
    const env = { REDISCLI_AUTH: 'secret' };
    expect(await cli(['--user', 'default', 'ping'], { port, env })).toEqual(done('PONG\n'));
  });

  test('can be asked for', async () => {
    expect(await cli(['--askpass', 'ping'], { port: guarded().port, input: 'secret\n' })).toEqual({
      ...{ code: 0, stdout: 'PONG\n', stderr: 'Please input password: \n' },
    });
  });

  test('that is wrong is an error', async () => {
    expect(await cli(['ping'], { port: guarded().port, env: { REDISCLI_AUTH: 'wrong' } })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'AUTH failed: WRONGPASS invalid username-password pair or user is disabled.\n',
    });
  });

  test('that is missing is told by the server', async () => {
    expect(await cli(['ping'], { port: guarded().port })).toEqual(
      done('NOAUTH Authentication required.\n\n'),
    );
  });

  test('that the server does not want is no reason to stop', async () => {
    expect(await cli(['ping'], { env: { REDISCLI_AUTH: 'x' } })).toMatchObject({
      code: 0,
      stdout: 'PONG\n',
      stderr: expect.stringMatching(/^AUTH failed: ERR AUTH <password> called without any password/),
    });
  });
});

describeWithRedis('a command that listens', () => {
  test.each([
    [
      'subscribe',
      ['subscribe', 'news'],
      'subscribe\nnews\n1\n',
      ['PUBLISH', 'news', 'x'],
      'message\nnews\nx\n',
    ],
    ['monitor', ['monitor'], 'OK\n', ['ECHO', 'x'], /^\d+\.\d+ \[0 127.0.0.1:\d+\] "ECHO" "x"\n$/],
  ])('%s prints what comes until the connection ends', async (_name, words, first, sent, then) => {
    const redis = await startRedis();
    let stdout = '';
    const child = spawn(process.execPath, [mainScript, 'cli', '-p', String(redis.port), ...words]);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await until('the command is answered', () => stdout === first);
    const client = await redis.client();
    await client.command(...sent);
    await until('the message is printed', () => stdout.length > first.length && stdout.endsWith('\n'));
    expect(stdout.slice(first.length)).toMatch(then);
    client.destroy();
    await redis.close();
    expect(await ended).toBe(1);
    expect(stderr).toBe('Error: Server closed the connection\n');
  });
});
