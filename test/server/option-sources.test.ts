/** Where options come from: the config file, the environment and the command line, the later the stronger. */
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Client } from '../support/client.ts';
import { freePort, startServer } from '../support/server.ts';
import { runToEnd } from './processes.ts';
import { infoField } from './served.ts';
import { connectWhenUp } from './waiting.ts';

async function optionsOf(client: Client, ...names: string[]): Promise<Record<string, string>> {
  const pairs = (await client.command('CONFIG', 'GET', ...names)) as string[];
  return Object.fromEntries(names.map((name) => [name, pairs[pairs.indexOf(name) + 1]!]));
}

test('a flag beats the environment, which beats the config file, which beats the default', async () => {
  const server = await startServer({
    shards: 2,
    config: 'maxclients 111\ntimeout 222\ntcp-keepalive 333\n',
    env: { SHARDIS_MAXCLIENTS: '444', SHARDIS_TIMEOUT: '555', SHARDIS_SHUTDOWN_TIMEOUT: '7' },
    args: ['--maxclients', '666'],
  });
  const client = await server.client();
  const names = ['maxclients', 'timeout', 'tcp-keepalive', 'shutdown-timeout', 'databases', 'shards'];
  expect(await optionsOf(client, ...names)).toEqual({
    maxclients: '666',
    timeout: '555',
    'tcp-keepalive': '333',
    'shutdown-timeout': '7',
    databases: '16',
    shards: '2',
  });
  expect(await infoField(client, 'config_file')).toBe(path.join(server.directory, 'shardis.conf'));
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('a config file as Redis has it is understood: comments, quotes, units, upper case', async () => {
  const server = await startServer({
    shards: 1,
    config: [
      '# a comment',
      '',
      'proto-max-bulk-len   64mb',
      'requirepass "with space"',
      'client-output-buffer-limit normal 1mb 512kb 60',
      'CLIENT-QUERY-BUFFER-LIMIT 2mb',
      'save ""',
      'appendonly no',
    ].join('\n'),
  });
  const client = await server.client();
  expect(await client.command('AUTH', 'with space')).toBe('OK');
  expect(await optionsOf(client, 'proto-max-bulk-len', 'client-query-buffer-limit')).toEqual({
    'proto-max-bulk-len': String(64 * 1024 * 1024),
    'client-query-buffer-limit': String(2 * 1024 * 1024),
  });
  const limits = (await client.command('CONFIG', 'GET', 'client-output-buffer-limit')) as string[];
  expect(limits[1]).toMatch(/^normal 1048576 524288 60 /);
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('an option of Redis that has no effect here is named in the log, and the server runs', async () => {
  const server = await startServer({ shards: 1, config: 'daemonize yes\ntcp-backlog 100\n' });
  const client = await server.client();
  expect(await client.command('PING')).toBe('PONG');
  expect(server.output()).toMatch(/shardis\.conf:1.*daemonize/);
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test('the config file may come from standard input', async () => {
  const port = await freePort();
  const ended = runToEnd(['-', '--shards', '1'], {
    input: `port ${port}\nmaxclients 77\nloglevel warning\n`,
  });
  const client = await connectWhenUp(port);
  expect(await optionsOf(client, 'maxclients')).toEqual({ maxclients: '77' });
  client.send('SHUTDOWN NOSAVE\r\n');
  expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('the options in force can be read and changed while the server runs', async () => {
  const server = await startServer({ shards: 2 });
  const client = await server.client();
  expect(await client.command('CONFIG', 'SET', 'maxclients', '50', 'timeout', '9')).toBe('OK');
  expect(await optionsOf(client, 'maxclients', 'timeout')).toEqual({ maxclients: '50', timeout: '9' });
  expect(await client.command('CONFIG', 'SET', 'maxclients', '60', 'timeout', 'x')).toMatchObject({
    message: expect.stringMatching(/^ERR CONFIG SET failed/),
  });
  expect(await optionsOf(client, 'maxclients', 'timeout')).toEqual({ maxclients: '50', timeout: '9' });
  expect(await client.command('CONFIG', 'SET', 'proto-max-bulk-len', '1mb')).toBe('OK');
  const long = await server.client();
  long.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${1024 * 1024 + 1}\r\n`);
  expect(await long.receivedUntilClosed()).toBe('-ERR Protocol error: invalid bulk length\r\n');
  expect(await client.command('SET', 'k', 'v'.repeat(1024 * 1024))).toBe('OK');
  expect(await client.command('APPEND', 'k', 'v')).toMatchObject({
    message: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  });
  client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

test.each(['virtual-nodes', 'databases', 'lane-size'])(
  'the largest %s that a message names can be used',
  async (name) => {
    const { stderr } = await runToEnd([`--${name}`, '0']);
    const largest = / to (\d+\w*)/.exec(stderr)?.[1];
    expect(largest).toBeDefined();
    const server = await startServer({ shards: 3, args: [`--${name}`, largest!] });
    const client = await server.client();
    expect(await client.pipeline([['MSET', 'a', 1, 'b', 2, 'c', 3], ['DBSIZE']])).toEqual(['OK', 3]);
    client.destroy();
    expect(await server.close()).toEqual({ code: 0 });
  },
);
