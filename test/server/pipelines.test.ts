/** Replies come in the order of the requests, whatever the shards do and however the requests arrive. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, encodeCommand, type Reply } from '../support/client.ts';
import { Random, seedFrom } from '../support/random.ts';
import type { RunningServer } from '../support/server.ts';
import { type Modelled, ModelledCommands } from './modelled-commands.ts';
import { useServer } from './served.ts';
import { pause } from './waiting.ts';

const random = new Random(seedFrom('PIPELINES_SEED'));

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards });

  test('a long mixed pipeline is answered in order', async () => {
    await expectModelled(server(), 'long', 10_000, sendAtOnce);
  });

  test('a pipeline that arrives in pieces of a few bytes is answered in order', async () => {
    await expectModelled(server(), 'bytes', 300, sendInPieces(1, 30));
  });

  test('a pipeline that is cut at odd places is answered in order', async () => {
    await expectModelled(server(), 'cut', 5_000, sendInPieces(1_000, 100_000));
  });

  test('pipelines of many clients at the same time are answered in order', async () => {
    const clients = Array.from({ length: 20 }, (_, i) =>
      expectModelled(server(), `client ${i}`, 1_500, i % 2 === 0 ? sendAtOnce : sendInPieces(200, 20_000)),
    );
    await Promise.all(clients);
  });

  test('a pipeline of 100,000 commands is answered in order', async () => {
    const client = await server().client();
    const commands = Array.from({ length: 50_000 }, (_, i) => [
      ['SET', `k${i % 1000}`, i],
      ['GET', `k${i % 1000}`],
    ]).flat();
    const replies = await client.pipeline(commands);
    expect(replies.length).toBe(100_000);
    expect(firstDifference(replies, (i) => (i % 2 === 0 ? 'OK' : String((i - 1) / 2)))).toBe(undefined);
    client.destroy();
  });

  test('a pipeline of 100,000 inline commands is answered in order', async () => {
    const client = await server().client();
    client.send(
      Array.from({ length: 100_000 }, (_, i) => (i % 2 === 0 ? 'PING\r\n' : `PING ${i}\n`)).join(''),
    );
    const replies = await Promise.all(Array.from({ length: 100_000 }, () => client.reply()));
    expect(firstDifference(replies, (i) => (i % 2 === 0 ? 'PONG' : String(i)))).toBe(undefined);
    client.destroy();
  });

  test('commands that ask about the connection see what the pipeline before them did', async () => {
    const client = await server().client();
    const replies = await client.pipeline([
      ['SET', 'asked:1', 1],
      ['SET', 'asked:2', 2],
      ['CLIENT', 'GETNAME'],
      ['CLIENT', 'SETNAME', 'me'],
      ['GET', 'asked:1'],
      ['CLIENT', 'GETNAME'],
      ['SELECT', 3],
      ['GET', 'asked:2'],
      ['SET', 'asked:2', 'three'],
      ['SELECT', 0],
      ['MGET', 'asked:1', 'asked:2'],
      ['CONFIG', 'GET', 'databases'],
    ]);
    const asked: Reply[] = [
      'OK',
      'OK',
      null,
      'OK',
      '1',
      'me',
      'OK',
      null,
      'OK',
      'OK',
      ['1', '2'],
      ['databases', '16'],
    ];
    expect(replies).toEqual(asked);
    client.destroy();
  });

  test('the protocol can be changed within a pipeline', async () => {
    const client = await server().client();
    client.send(
      Buffer.concat(
        [
          ['GET', 'none'],
          ['HELLO', '3'],
          ['GET', 'none'],
          ['HELLO', '2'],
          ['GET', 'none'],
        ].map(encodeCommand),
      ),
    );
    expect(await client.readRaw(5)).toBe('$-1\r\n');
    expect(await client.reply()).toBeInstanceOf(Map);
    expect(await client.readRaw(3)).toBe('_\r\n');
    expect(await client.reply()).toBeInstanceOf(Array);
    expect(await client.readRaw(5)).toBe('$-1\r\n');
    client.destroy();
  });
});

type Send = (client: Client, bytes: Buffer) => Promise<void>;

async function expectModelled(server: RunningServer, name: string, count: number, send: Send): Promise<void> {
  const client = await server.client();
  const commands = new ModelledCommands(random, name).take(count);
  const replies = Promise.all(commands.map(() => client.reply()));
  const sent = send(client, Buffer.concat(commands.map(({ command }) => encodeCommand(command))));
  expectReplies(await replies, commands);
  await sent;
  client.destroy();
}

/** Compares one by one: a failure shows the command, not thousands of replies. */
function expectReplies(replies: readonly Reply[], commands: readonly Modelled[]): void {
  for (const [i, { command, reply }] of commands.entries()) {
    expect({ command, reply: replies[i] }).toEqual({ command, reply });
  }
}

async function sendAtOnce(client: Client, bytes: Buffer): Promise<void> {
  client.send(bytes);
}

/** In pieces of a random length, each in a packet of its own as far as the kernel allows. */
function sendInPieces(bytesMin: number, bytesMax: number): Send {
  return async (client, bytes) => {
    for (let at = 0; at < bytes.length; ) {
      const length = random.between(bytesMin, bytesMax);
      client.send(bytes.subarray(at, at + length));
      at += length;
      await (random.oneIn(20) ? pause(1) : new Promise((resolve) => setImmediate(resolve)));
    }
  };
}

function firstDifference(replies: readonly Reply[], expected: (i: number) => Reply): object | undefined {
  const i = replies.findIndex((reply, index) => reply !== expected(index));
  return i < 0 ? undefined : { i, reply: replies[i], expected: expected(i) };
}
