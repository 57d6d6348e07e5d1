/** The tests' own client, against the real Redis. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client, ReplyError } from './client.ts';
import { describeWithRedis, type RunningServer, startRedis } from './server.ts';

describeWithRedis('the test client', () => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await startRedis(['--enable-debug-command', 'yes']);
    client = await server.client();
  });
  afterAll(async () => {
    client?.destroy();
    expect((await server?.close())?.code).toBe(0);
  });

  test('decodes every type of RESP3', async () => {
    expect(await client.command('HELLO', '3')).toBeInstanceOf(Map);
    expect(await client.command('DEBUG', 'PROTOCOL', 'string')).toBe('Hello World');
    expect(await client.command('DEBUG', 'PROTOCOL', 'integer')).toBe(12345);
    expect(await client.command('DEBUG', 'PROTOCOL', 'double')).toBeCloseTo(3.14);
    expect(await client.command('DEBUG', 'PROTOCOL', 'null')).toBe(null);
    expect(await client.command('DEBUG', 'PROTOCOL', 'array')).toEqual([0, 1, 2]);
    expect(await client.command('DEBUG', 'PROTOCOL', 'set')).toEqual(new Set([0, 1, 2]));
    expect(await client.command('DEBUG', 'PROTOCOL', 'map')).toEqual(
      new Map([
        [0, false],
        [1, true],
        [2, false],
      ]),
    );
    expect(await client.command('DEBUG', 'PROTOCOL', 'attrib')).toBe(
      'Some real reply following the attribute',
    );
    expect(await client.command('DEBUG', 'PROTOCOL', 'bignum')).toBe(1234567999999999999999999999999999999n);
    expect(await client.command('DEBUG', 'PROTOCOL', 'true')).toBe(true);
    expect(await client.command('DEBUG', 'PROTOCOL', 'verbatim')).toBe('This is a verbatim\nstring');
    expect(await client.command('DEBUG', 'PROTOCOL', 'push')).toBe(
      'Some real reply following the push reply',
    );
    expect(client.pushes).toEqual([['server-cpu-usage', 42]]);
  });

  test('returns errors as values and keeps the order of a pipeline', async () => {
    const replies = await client.pipeline([['SET', 'a', '\xff\0'], ['GET', 'a'], ['NOPE'], ['GET', 'b']]);
    expect(replies).toEqual([
      'OK',
      '\xff\0',
      new ReplyError("ERR unknown command 'NOPE', with args beginning with: "),
      null,
    ]);
  });

  test('gives raw bytes and tells the end of the connection', async () => {
    const other = await Client.connect(server.port);
    other.send('PING\r\nPING\r\n');
    expect(await other.readRaw(3)).toBe('+PO');
    expect(await other.readRaw(4)).toBe('NG\r\n');
    expect(await other.reply()).toBe('PONG');
    other.send('QUIT\r\n');
    expect(await other.receivedUntilClosed()).toBe('+OK\r\n');
    await expect(other.command('PING')).rejects.toThrow('closed the connection');
  });
});
