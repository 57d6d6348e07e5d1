/** The last things that a connection does: what came before is answered, what comes after is not. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { encodeCommand, type Word } from '../support/client.ts';
import type { RunningServer } from '../support/server.ts';
import { infoField, useServer } from './served.ts';
import { until } from './waiting.ts';

/** What follows the last command and must have no effect, more than one read of the server takes. */
const AFTERWARDS = encodeCommand(['SET', 'afterwards', 'x'.repeat(200_000)]);

const ENDINGS: readonly [what: string, bytes: Uint8Array, reply: string][] = [
  ['QUIT', encodeCommand(['QUIT']), '+OK\r\n'],
  ['an invalid length', Buffer.from('*3\r\n$x\r\n'), '-ERR Protocol error: invalid bulk length\r\n'],
  ['an invalid count', Buffer.from('*x\r\n'), '-ERR Protocol error: invalid multibulk length\r\n'],
  ['no length', Buffer.from('*1\r\nPING\r\n'), "-ERR Protocol error: expected '$', got 'P'\r\n"],
  ['an open quote', Buffer.from('SET k "v\r\n'), '-ERR Protocol error: unbalanced quotes in request\r\n'],
];

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards, args: ['--enable-debug-command', 'yes'] });

  test.each(ENDINGS)('%s ends a pipeline after the replies before it', async (_, bytes, reply) => {
    const { commands, replies } = pipelineOf(400);
    const received = await exchange(
      server(),
      Buffer.concat([...commands.map(encodeCommand), bytes, AFTERWARDS]),
    );
    expect(received).toBe(replies + reply);
    await expectGone(server());
  });

  test.each(ENDINGS)('%s ends a pipeline whose replies are still to come', async (_, bytes, reply) => {
    const commands = [
      ['MSET', 'a', '1', 'b', '2', 'c', '3'],
      ['DEBUG', 'SLEEP', '0.1'],
      ['MGET', 'a', 'b', 'c'],
    ];
    const received = await exchange(
      server(),
      Buffer.concat([...commands.map(encodeCommand), bytes, AFTERWARDS]),
    );
    expect(received).toBe(`+OK\r\n+OK\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n${reply}`);
    await expectGone(server());
  });

  test.each(ENDINGS)('%s ends a pipeline with megabytes of replies', async (_, bytes, reply) => {
    const value = 'v'.repeat(100_000);
    const gets = new Array(100).fill(encodeCommand(['GET', 'large']));
    const received = await exchange(
      server(),
      Buffer.concat([
        encodeCommand(['SET', 'large', value]),
        ...gets,
        bytes,
        ...new Array(20).fill(AFTERWARDS),
      ]),
    );
    expect(received.length).toBe(5 + 100 * (100_000 + 11) + reply.length);
    expect(received.endsWith(`${value}\r\n${reply}`)).toBe(true);
    await expectGone(server());
  });
});

/** A mixed pipeline and all that comes back for it. */
function pipelineOf(rounds: number): { commands: Word[][]; replies: string } {
  const commands: Word[][] = [];
  let replies = '';
  for (let i = 0; i < rounds; i++) {
    const value = String(i).padStart(6, '0');
    commands.push(
      ['SET', `q ${i % 20}`, value],
      ['GET', `q ${i % 20}`],
      ['PING'],
      ['MGET', `q ${i % 20}`, 'none'],
    );
    replies += `+OK\r\n$6\r\n${value}\r\n+PONG\r\n*2\r\n$6\r\n${value}\r\n$-1\r\n`;
  }
  return { commands, replies };
}

/** Sends bytes and returns everything that comes back until the server closes the connection. */
async function exchange(server: RunningServer, bytes: Uint8Array): Promise<string> {
  const client = await server.client();
  client.send(bytes);
  const received = await client.receivedUntilClosed();
  return received;
}

/** The connection leaves nothing behind, and what came after its last command has had no effect. */
async function expectGone(server: RunningServer): Promise<void> {
  const client = await server.client();
  await until('the connection is gone', async () => (await infoField(client, 'connected_clients')) === '1');
  expect(await client.command('EXISTS', 'afterwards')).toBe(0);
  client.destroy();
}
