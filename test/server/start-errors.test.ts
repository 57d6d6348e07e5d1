/** A server that cannot start says why in one line, and ends with an exit code that scripts can see. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startServer } from '../support/server.ts';
import { type RunOptions, runToEnd } from './processes.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'shardis-errors-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Starts the command, which must fail with exactly one line on standard error that matches `line`. */
async function expectFailure(line: RegExp, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const port = String(await freePort());
  const ended = await runToEnd([...args, ...(args.includes('--port') ? [] : ['--port', port])], {
    cwd: directory,
    ...options,
    // Without files there is nothing to say before the error.
    env: { SHARDIS_APPENDONLY: 'no', ...options.env },
  });
  expect(ended.stderr).toMatch(/^shardis: [^\n]+\n$/);
  expect(ended.stderr).toMatch(line);
  expect(ended.stdout).toBe('');
  expect(ended.code).toBe(1);
}

test.each<[what: string, args: string[], line: RegExp]>([
  ['an unknown option', ['--nope', '1'], /--nope/],
  ['an option that is nearly right', ['--maxclient', '5'], /--maxclient\b.*--maxclients/],
  ['a value of the wrong kind', ['--port', 'many'], /--port.*"many"/],
  ['a value out of range', ['--port', '70000'], /--port.*70000/],
  ['a missing value', ['--port'], /--port/],
  ['a word that is none of the choices', ['--loglevel', 'loud'], /--loglevel.*"loud"/],
  ['a size that is no power of two', ['--lane-size', '100kb'], /--lane-size.*power of two/],
  ['no shards', ['--shards', '0'], /--shards.*"0"/],
  ['too many shards', ['--shards', '100000'], /--shards.*"100000"/],
  ['too many virtual nodes', ['--virtual-nodes', '100000'], /--virtual-nodes.*"100000"/],
  ['a config file that does not exist', ['none.conf'], /none\.conf.*no such file/],
  ['two config files', ['one.conf', 'two.conf'], /two\.conf|argument/],
  ['an address of another machine', ['--bind', '192.0.2.1'], /192\.0\.2\.1/],
  ['an address that is none', ['--bind', '999.0.0.1'], /999\.0\.0\.1/],
  ['a log file that cannot be written', ['--logfile', 'none/file.log'], /none\/file\.log/],
  ['a log file that is a directory', ['--logfile', '.'], /log file/],
  ['a Unix socket in a directory that does not exist', ['--unixsocket', 'none/s.sock'], /none\/s\.sock/],
  ['a Unix socket whose path is too long', ['--unixsocket', 's'.repeat(200)], /Unix socket/],
  ['a user twice', ['--user', 'foo on', '--user', 'foo on'], /--user: Duplicate user found/],
  ['a user without a name', ['--user', ''], /--user: expected a user name and rules/],
  [
    'a rule for a command that is none',
    ['--user', 'a', '+nope'],
    /--user: user a: Unknown command .*'\+nope'/,
  ],
  [
    'a user with a wrong rule',
    ['--user', 'a', '>secret', '#secret'],
    /--user: user a: The password hash must be/,
  ],
  ['an open parenthesis', ['--user', 'a', '(+get'], /--user: unmatched parenthesis in a selector of user a/],
  ['an ACL file that does not exist', ['--aclfile', 'none.acl'], /aclfile: .*'none\.acl': No such file/],
  [
    'users in two places',
    ['--aclfile', 'none.acl', '--user', 'a'],
    /--user: users may be defined .* not in both/,
  ],
])('%s', async (_, args, line) => {
  await expectFailure(line, args);
});

test('a port that another server uses', async () => {
  const server = await startServer({ shards: 1 });
  await expectFailure(/127\.0\.0\.1.*already in use/, ['--port', String(server.port), '--shards', '2']);
  const client = await server.client();
  expect(await client.command('PING')).toBe('PONG');
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('a port that is taken on the second of two addresses', async () => {
  const taken = net.createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.2', resolve));
  const { port } = taken.address() as net.AddressInfo;
  await expectFailure(/127\.0\.0\.2/, ['--bind', '127.0.0.1', '127.0.0.2', '--port', String(port)]);
  taken.close();
});

test('a config file that cannot be read', async () => {
  mkdirSync(path.join(directory, 'directory.conf'));
  await expectFailure(/directory\.conf/, ['directory.conf']);
});

test('a config file with a mistake, whose line is named', async () => {
  writeFileSync(path.join(directory, 'bad.conf'), '# fine\nmaxclients 10\nport lots\n');
  await expectFailure(/bad\.conf:3.*"lots"/, ['bad.conf']);
  writeFileSync(path.join(directory, 'unknown.conf'), 'maxclients 10\nno-such-option yes\n');
  await expectFailure(/unknown\.conf:2.*no-such-option/, ['unknown.conf']);
});

test('an environment variable with a mistake', async () => {
  await expectFailure(/SHARDIS_MAXCLIENTS.*"lots"/, [], { env: { SHARDIS_MAXCLIENTS: 'lots' } });
});

test('a config file on standard input with a mistake', async () => {
  await expectFailure(/:2.*"lots"/, ['-'], { input: 'timeout 0\nmaxclients lots\n' });
});

test.each(['--help', '-h'])('%s shows all options on standard output', async (flag) => {
  const { code, stdout, stderr } = await runToEnd([flag]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: shardis /);
  for (const name of ['port', 'bind', 'shards', 'maxclients', 'lane-size', 'requirepass']) {
    expect(stdout).toContain(`--${name} `);
  }
});

test.each(['--version', '-v'])('%s shows the version on standard output', async (flag) => {
  const { code, stdout, stderr } = await runToEnd([flag]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^shardis \d+\.\d+\.\d+\n$/);
});

test('--help and --version need neither a port nor a right value elsewhere', async () => {
  expect((await runToEnd(['--port', '6379', '--help'])).code).toBe(0);
  expect((await runToEnd(['--shards', '2', '--version'])).stdout).toMatch(/^shardis \d/);
});
