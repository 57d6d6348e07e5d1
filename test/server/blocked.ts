/** Clients that wait for data: what tests of several families need. */
import { expect } from 'vitest';
import type { Client, Reply, Word } from '../support/client.ts';
import { infoField } from './served.ts';
import { until } from './waiting.ts';

/** Resolves when so many clients wait. */
export async function untilBlocked(client: Client, count: number): Promise<void> {
  await until(
    `${count} clients wait`,
    async () => Number(await infoField(client, 'blocked_clients')) === count,
  );
}

/** Sends a command that will have to wait, and returns its reply to be when it does. `other` is a connection for looking. */
export async function blocks(
  other: Client,
  client: Client,
  ...words: readonly Word[]
): Promise<{ reply: Promise<Reply> }> {
  const before = Number(await infoField(other, 'blocked_clients'));
  const reply = client.command(...words);
  reply.catch(() => {});
  await untilBlocked(other, before + 1);
  return { reply };
}

/** Resolves when no shard keeps anybody who waits. */
export async function untilForgotten(client: Client): Promise<void> {
  await until('no shard keeps a client that waits', async () => {
    const text = String(await client.command('INFO', 'shards'));
    return !/waiting_clients=[1-9]/.test(text);
  });
  expect(await infoField(client, 'total_blocking_keys')).toBe('0');
  expect(await infoField(client, 'blocked_clients')).toBe('0');
}
