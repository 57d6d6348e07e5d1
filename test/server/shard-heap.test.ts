/** The heap of a shard: when collections have filled it, what would add to the data is refused, and the shard lives. */
import { expect, test } from 'vitest';
import { ReplyError } from '../support/client.ts';
import { infoField, useServer } from './served.ts';

const FULL = new ReplyError("OOM command not allowed when used memory > 'maxmemory'.");
const HEAP_MB = 64;
/** Lists of one element each: hardly anything of them is outside of the heap. */
const COMMANDS = 500;
const KEYS_MAX = 2_000_000;

const server = useServer({ shards: 1, env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` } });

test('a shard whose heap is full of small collections refuses more of them, and takes them again when some have gone', async () => {
  const client = await server().client();
  const limit = Number(await infoField(client, 'shard0_memory.heap_limit'));
  expect(limit).toBeGreaterThanOrEqual(HEAP_MB << 20);
  expect(limit).toBeLessThan((HEAP_MB + 64) << 20);
  let keys = 0;
  for (let refused = false; !refused && keys < KEYS_MAX; ) {
    const replies = await Promise.all(
      Array.from({ length: COMMANDS }, (_, i) => client.command('RPUSH', `list:${keys + i}`, 'element')),
    );
    const refusal = replies.findIndex((reply) => reply instanceof ReplyError);
    if (refusal >= 0) expect(replies[refusal]).toEqual(FULL);
    refused = refusal >= 0;
    keys += refused ? refusal : COMMANDS;
  }
  expect(keys).toBeGreaterThan(50_000);
  expect(keys).toBeLessThan(KEYS_MAX);
  expect(await client.command('RPUSH', 'one:more', 'element')).toEqual(FULL);
  expect(await client.command('SET', 'string', 'value')).toEqual(FULL);
  expect(await client.command('LRANGE', 'list:0', '0', '-1')).toEqual(['element']);
  expect(await client.command('LPOP', 'list:1')).toBe('element');
  for (let i = 0; i < keys / 2; i += COMMANDS) {
    await client.command('DEL', ...Array.from({ length: COMMANDS }, (_, j) => `list:${i + j}`));
  }
  await expect.poll(() => client.command('RPUSH', 'one:more', 'element')).toBe(1);
  expect(await infoField(client, 'shard0.restarts')).toBe('0');
  client.destroy();
}, 60_000);
