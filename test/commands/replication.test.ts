/** What a server without replicas, modules and cluster answers, and how it waits for replicas that never come. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startServer } from '../support/server.ts';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR } from './served.ts';

const NO_REPLICATION = error('ERR replication is not available in this version');
const NO_CLUSTER = error('ERR This instance has cluster support disabled');

describeServed('replication', ({ run, connect }) => {
  test('ROLE is a master without replicas', async () => {
    expect(await run('ROLE')).toEqual(['master', 0, []]);
  });

  test.each(['REPLICAOF', 'SLAVEOF'])('%s takes NO ONE, and no server', async (name) => {
    expect(await run(name, 'no', 'One')).toBe('OK');
    expect(await run(name, '127.0.0.1', 6379)).toEqual(NO_REPLICATION);
    expect(await run(name, '127.0.0.1', 'x')).toEqual(error('ERR Invalid master port'));
  });

  test('FAILOVER, SYNC and PSYNC are refused', async () => {
    expect(await run('FAILOVER')).toEqual(error('ERR FAILOVER requires connected replicas.'));
    expect(await run('FAILOVER', 'ABORT')).toEqual(error('ERR No failover in progress.'));
    expect(await run('FAILOVER', 'TIMEOUT')).toEqual(SYNTAX_ERROR);
    expect(await run('SYNC')).toEqual(NO_REPLICATION);
    expect(await run('PSYNC', '?', -1)).toEqual(NO_REPLICATION);
  });

  test('REPLCONF takes what a replica says of itself', async () => {
    expect(await run('REPLCONF', 'listening-port', 6380, 'capa', 'psync2')).toBe('OK');
    expect(await run('REPLCONF', 'mood', 'good')).toEqual(error('ERR Unrecognized REPLCONF option: mood'));
    expect(await run('REPLCONF', 'capa')).toEqual(SYNTAX_ERROR);
  });

  test('REPLCONF ACK is not answered', async () => {
    const client = await connect();
    client.send('REPLCONF ACK 1\r\nPING\r\n');
    expect(await client.reply()).toBe('PONG');
    client.destroy();
  });

  test('WAIT answers at once when no replica is wanted', async () => {
    expect(await run('WAIT', 0, 0)).toBe(0);
    expect(await run('WAITAOF', 0, 0, 0)).toEqual([0, 0]);
  });

  test('WAIT answers when its time is over, in its place among the replies', async () => {
    const client = await connect();
    const replies = await client.pipeline([
      ['SET', 'a', 1],
      ['WAIT', 1, 20],
      ['GET', 'a'],
      ['WAITAOF', 0, 2, 20],
      ['INCR', 'a'],
    ]);
    expect(replies).toEqual(['OK', 0, '1', [0, 0], 2]);
    client.destroy();
  });

  test('WAIT keeps the later commands of its connection back, and of no other', async () => {
    const client = await connect();
    client.send('PING\r\nWAIT 1 0\r\nSET later 1\r\n');
    expect(await client.reply()).toBe('PONG');
    expect(await run('PING')).toBe('PONG');
    expect(await run('GET', 'later')).toBe(null);
    client.destroy();
  });

  test('WAIT is not answered where replies are off', async () => {
    const client = await connect();
    client.send(
      'CLIENT REPLY SKIP\r\nWAIT 1 10\r\nPING\r\nCLIENT REPLY OFF\r\nWAIT 1 10\r\nCLIENT REPLY ON\r\n',
    );
    expect(await client.reply()).toBe('PONG');
    expect(await client.reply()).toBe('OK');
    client.destroy();
  });

  test('a client that goes while it waits leaves nothing behind', async () => {
    const client = await connect();
    client.send('WAIT 1 20\r\nWAIT 1 0\r\n');
    await sleep(5);
    client.destroy();
    await sleep(50);
    expect(await run('WAIT', 1, 1)).toBe(0);
  });

  test.each([
    [['a', 0], NOT_AN_INTEGER],
    [[1, 'a'], error('ERR timeout is not an integer or out of range')],
    [[1, -1], error('ERR timeout is negative')],
    [[1, '9223372036854775807'], error('ERR timeout is out of range')],
  ])('WAIT %j is an error', async (words, expected) => {
    expect(await run('WAIT', ...words)).toEqual(expected);
  });

  test.each([
    [['a', 0, 0], NOT_AN_INTEGER],
    [[2, 0, 0], error('ERR value is out of range, value must between 0 and 1')],
    [[0, -1, 0], error('ERR value is out of range, must be positive')],
    [[0, 0, -1], error('ERR timeout is negative')],
    [[1, 0, 0], error('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.')],
  ])('WAITAOF %j is an error', async (words, expected) => {
    expect(await run('WAITAOF', ...words)).toEqual(expected);
  });

  test('there is no cluster', async () => {
    for (const words of [['CLUSTER', 'INFO'], ['CLUSTER', 'MYSHARDID'], ['ASKING'], ['READWRITE']]) {
      expect(await run(...(words as [string]))).toEqual(NO_CLUSTER);
    }
  });

  test('there are no modules, and only an option allows trying', async () => {
    expect(await run('MODULE', 'LIST')).toEqual([]);
    for (const words of [
      ['LOAD', 'x.so'],
      ['LOADEX', 'x.so'],
      ['UNLOAD', 'x'],
    ]) {
      expect(String(await run('MODULE', ...words))).toContain('enable-module-command');
    }
    expect(await run('MODULE', 'HELP')).toContain('UNLOAD <name>');
  });
});

describe('a server that allows modules', () => {
  test('still has none to load', async () => {
    const server = await startServer({ shards: 1, args: ['--enable-module-command', 'local'] });
    const client = await server.client();
    const failed = error('ERR Error loading the extension. Please check the server logs.');
    expect(await client.command('MODULE', 'LOAD', 'x.so')).toEqual(failed);
    expect(await client.command('MODULE', 'LOADEX', 'x.so', 'ARGS', 1)).toEqual(failed);
    client.destroy();
    await server.close();
  });
});

describe('a server that stops', () => {
  test('does not wait for clients that wait for ever', async () => {
    const server = await startServer({ shards: 1, args: ['--shutdown-timeout', '600'] });
    const client = await server.client();
    const other = await server.client();
    client.send('WAIT 1 0\r\n');
    expect(await other.command('PING')).toBe('PONG');
    expect((await server.close()).code).toBe(0);
    await client.closed;
  });
});
