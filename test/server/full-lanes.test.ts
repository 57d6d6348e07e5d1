/** A shard that does not keep up makes its clients wait: nothing is lost, and nothing else waits with them. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, encodeCommand, type Reply, type Word } from '../support/client.ts';
import { Random, seedFrom } from '../support/random.ts';
import type { RunningServer } from '../support/server.ts';
import { ModelledCommands } from './modelled-commands.ts';
import { openDescriptors } from './processes.ts';
import { infoField, sumOverShards, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const LANE_BYTES = 64 * 1024;

const random = new Random(seedFrom('FULL_LANES_SEED'));

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards, args: ['--lane-size', '64kb', '--enable-debug-command', 'yes'] });

  test('pipelines longer than the lane are answered in order when the shards go on', async () => {
    const sleeper = await fallAsleep(server());
    const clients = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const client = await server().client();
        const commands = new ModelledCommands(random, `lane ${i}`).take(2_000);
        return { client, commands, replies: client.pipeline(commands.map(({ command }) => command)) };
      }),
    );
    for (const { client, commands, replies } of clients) {
      const got = await replies;
      for (const [i, { command, reply }] of commands.entries()) {
        expect({ command, reply: got[i] }).toEqual({ command, reply });
      }
      client.destroy();
    }
    await sleeper.awake;
  });

  test('meanwhile others are answered, and the lanes hold no more than their size', async () => {
    const sleeper = await fallAsleep(server(), '2');
    const waiting = await server().client();
    const replies = waiting.pipeline(new Array(5_000).fill(['SET', 'k', 'v'.repeat(100)]));
    const other = await server().client();
    await until('the lane fills', async () => (await sumOverShards(other, 'queue_bytes')) > LANE_BYTES / 2);
    for (let i = 0; i < shards; i++) {
      expect(Number(await infoField(other, `shard${i}.queue_bytes`))).toBeLessThanOrEqual(LANE_BYTES);
    }
    expect(await other.command('PING', 'while they sleep')).toBe('while they sleep');
    expect(sleeper.isAwake()).toBe(false);
    expect(new Set(await replies)).toEqual(new Set(['OK']));
    await sleeper.awake;
    waiting.destroy();
    other.destroy();
  });

  test('values that are longer than the lane wait as well', async () => {
    const sleeper = await fallAsleep(server());
    const client = await server().client();
    const values = Array.from({ length: 12 }, (_, i) => String(i).padEnd(1_000_000 + i, 'x'));
    const commands: Word[][] = values.map((value, i) => ['SET', `long${i}`, value]);
    commands.push(['MSET', ...values.flatMap((value, i) => [`copy${i}`, value])]);
    commands.push(['MGET', ...values.map((_, i) => `copy${i}`)], ['GET', 'long3']);
    const replies = await client.pipeline(commands);
    const expected: Reply[] = [...new Array(13).fill('OK'), values, values[3]!];
    expect(replies.map(summary)).toEqual(expected.map(summary));
    await sleeper.awake;
    client.destroy();
  });

  test('commands for all keys and for all shards find their place in the order', async () => {
    const sleeper = await fallAsleep(server());
    const client = await server().client();
    const rounds = Array.from({ length: 1_500 }, (_, i) => [
      ['MSET', 'a', i, 'b', i, 'c', i],
      ['MGET', 'a', 'b', 'c'],
      ['DEL', 'a', 'b', 'c'],
    ]).flat();
    const replies = await client.pipeline([['FLUSHALL'], ...rounds, ['DBSIZE']]);
    const expected = Array.from({ length: 1_500 }, (_, i) => ['OK', [`${i}`, `${i}`, `${i}`], 3]).flat();
    expect(replies).toEqual(['OK', ...expected, 0]);
    await sleeper.awake;
    client.destroy();
  });

  test('a client that goes away while it waits leaves nothing behind', async () => {
    const other = await server().client();
    await until(
      'the other clients are gone',
      async () => (await infoField(other, 'connected_clients')) === '1',
    );
    const descriptors = openDescriptors(server().pid);
    const sleeper = await fallAsleep(server());
    const leaving = await Promise.all(Array.from({ length: 20 }, () => server().client()));
    for (const client of leaving) {
      client.send(Buffer.concat(new Array(2_000).fill(encodeCommand(['SET', 'k', 'v'.repeat(100)]))));
    }
    await until('the lane fills', async () => (await sumOverShards(other, 'queue_bytes')) > LANE_BYTES / 2);
    for (const client of leaving) client.destroy();
    await sleeper.awake;
    await until('they are gone', async () => (await infoField(other, 'connected_clients')) === '1');
    expect(openDescriptors(server().pid)).toBe(descriptors);
    expect(
      await other.pipeline([
        ['SET', 'k', 'after'],
        ['GET', 'k'],
      ]),
    ).toEqual(['OK', 'after']);
    other.destroy();
  });
});

interface Sleeper {
  /** Resolves when the shards go on, at the latest. */
  readonly awake: Promise<unknown>;
  isAwake(): boolean;
}

/** Makes all shards sleep, and returns when they do. */
async function fallAsleep(server: RunningServer, seconds = '1'): Promise<Sleeper> {
  const client: Client = await server.client();
  let isAwake = false;
  const awake = client.command('DEBUG', 'SLEEP', seconds).then((reply) => {
    isAwake = true;
    client.destroy();
    expect(reply).toBe('OK');
  });
  await pause(100);
  return { awake, isAwake: () => isAwake };
}

/** Long texts, shortened for the output of a failure. */
function summary(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(summary);
  return typeof reply === 'string' && reply.length > 100 ? `${reply.slice(0, 20)}… ${reply.length}` : reply;
}
