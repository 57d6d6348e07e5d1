/** A shard that dies goes on with its log, and nothing that was acknowledged is lost. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { slotOf } from '../../../src/base/crc16.ts';
import { slotTable } from '../../../src/ring/hash-ring.ts';
import { type Client, ReplyError } from '../../support/client.ts';
import { until } from '../waiting.ts';
import { Kept, untilIdle } from './kept.ts';

const SHARDS = 3;
const VIRTUAL_NODES = 160;

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: SHARDS });
});
afterEach(() => kept.remove());

function keyOf(shard: number, writer: number): string {
  const slots = slotTable(SHARDS, VIRTUAL_NODES);
  for (let i = 0; ; i++) {
    const key = Buffer.from(`writer:${writer}:${i}`);
    if (slots[slotOf(key, 0, key.length)] === shard) return key.toString();
  }
}

/** One writer's keys, one on each shard, and the highest round that each has been acknowledged to have. */
interface Writer {
  readonly keys: readonly string[];
  readonly acknowledged: number[];
  readonly attempted: number[];
  errors: number;
}

/** Writes rounds, by SET to each shard and by MSET to all, over as many connections as that takes. */
async function write(index: number, isOver: () => boolean): Promise<Writer> {
  const keys = Array.from({ length: SHARDS }, (_, shard) => keyOf(shard, index));
  const writer: Writer = { keys, acknowledged: keys.map(() => 0), attempted: keys.map(() => 0), errors: 0 };
  let client: Client | undefined;
  const { server } = kept;
  for (let round = 1; !isOver(); round++) {
    client = client?.isClosed === false ? client : await server.client().catch(() => undefined);
    if (client === undefined) break;
    const isTogether = round % 3 === 0;
    writer.attempted.fill(round);
    const commands = isTogether
      ? [['MSET', ...keys.flatMap((key) => [key, String(round)])]]
      : keys.map((key) => ['SET', key, String(round)]);
    const settled = await Promise.allSettled(
      commands.map((words) => client!.command(...(words as string[]))),
    );
    settled.forEach((result, at) => {
      const isDone = result.status === 'fulfilled' && result.value === 'OK';
      if (!isDone) writer.errors++;
      else if (isTogether) writer.acknowledged.fill(round);
      else writer.acknowledged[at] = round;
    });
  }
  client?.destroy();
  return writer;
}

async function expectAcknowledged(client: Client, writers: readonly Writer[]): Promise<void> {
  for (const { keys, acknowledged, attempted } of writers) {
    const values = ((await client.command('MGET', ...keys)) as string[]).map(Number);
    values.forEach((value, at) => {
      expect(value, `${keys[at]}: ${acknowledged[at]}`).toBeGreaterThanOrEqual(acknowledged[at]!);
      expect(value).toBeLessThanOrEqual(attempted[at]!);
    });
  }
}

async function crash(shard: number): Promise<void> {
  const client = await kept.server.client();
  client.send(`DEBUG SHARD-CRASH ${shard}\r\n`);
  await client.closed;
}

/** A write to each shard is taken again, also one to all of them. */
async function untilServing(): Promise<void> {
  const keys = Array.from({ length: SHARDS }, (_, shard) => keyOf(shard, 99));
  await until('all shards take writes again', async () => {
    const client = await kept.server.client();
    const replies = [
      ...(await client.pipeline(keys.map((key) => ['SET', key, 1])).catch(() => ['closed'])),
      await client.command('MSET', ...keys.flatMap((key) => [key, 2])).catch(() => 'closed'),
    ];
    client.destroy();
    return replies.every((reply) => reply === 'OK');
  });
}

test.each(['always', 'everysec'])(
  'with appendfsync %s, under load and while bases are written',
  async (policy) => {
    const args = ['--appendfsync', policy, '--wal-segment-size', '1mb'];
    await kept.start(SHARDS, args);
    const filler = Array.from({ length: 3000 }, (_, i) => [`filler:${i}`, 'x'.repeat(200)]).flat();
    expect(await kept.client.command('MSET', ...filler)).toBe('OK');
    let isOver = false;
    const writing = Promise.all(Array.from({ length: 4 }, (_, i) => write(i, () => isOver)));
    for (const victim of [1, 0, 2]) {
      const writes = Number(await kept.field('total_commands_processed'));
      await until(
        'clients write',
        async () => Number(await kept.field('total_commands_processed')) > writes + 200,
      );
      if (victim !== 1) await kept.client.command('BGREWRITEAOF').catch(() => {});
      await crash(victim);
      await untilServing();
      expect(await kept.field('shard_restarts')).toBe(String([1, 0, 2].indexOf(victim) + 1));
    }
    isOver = true;
    const writers = await writing;
    expect(Math.min(...writers.flatMap(({ acknowledged }) => acknowledged))).toBeGreaterThan(20);
    await expectAcknowledged(kept.client, writers);
    await untilIdle(kept.client);
    await kept.kill();
    await kept.start(SHARDS, args);
    await expectAcknowledged(kept.client, writers);
    expect(await kept.client.command('EXISTS', ...filler.filter((_, i) => i % 2 === 0))).toBe(3000);
    await kept.rewrite();
    await kept.kill();
    await kept.start(2, args);
    await expectAcknowledged(kept.client, writers);
    expect(await kept.client.command('EXISTS', ...filler.filter((_, i) => i % 2 === 0))).toBe(3000);
  },
);

test('a shard that dies before the first bases of a log are written is without its keys, and the log comes', async () => {
  const client = await kept.start(SHARDS, ['--appendonly', 'no']);
  const filler = Array.from({ length: 20_000 }, (_, i) => [`filler:${i}`, 'x'.repeat(100)]).flat();
  expect(await client.command('MSET', ...filler)).toBe('OK');
  // In one turn.
  client.send('CONFIG SET appendonly yes\r\n');
  await crash(1);
  expect(await client.reply()).toBe('OK');
  await untilServing();
  await until('there is a log', async () => {
    await untilIdle(client);
    return kept.files(/^manifest\.json$/).length === 1;
  });
  const size = await client.command('DBSIZE');
  expect(size).not.toBeInstanceOf(ReplyError);
  await kept.kill();
  await kept.start();
  expect(await kept.client.command('DBSIZE')).toBe(size);
});
