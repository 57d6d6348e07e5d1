/** Filling servers beyond what they may hold. */
import { expect } from 'vitest';
import type { Client, Word } from '../../support/client.ts';
import { infoField } from '../served.ts';
import { until } from '../waiting.ts';

export const MB = 1024 * 1024;
export const FULL = "OOM command not allowed when used memory > 'maxmemory'.";
const PIPELINE = 500;

/** What batches, requests in lanes and replies may be beyond the limit for a moment. */
const SLACK_BYTES = MB;

export function usedBytes(client: Client): Promise<number> {
  return infoField(client, 'used_memory').then(Number);
}

/** Sends `count` commands in pipelines and fails when one is answered with an error. Returns the most bytes that were used between. */
export async function send(client: Client, count: number, command: (i: number) => Word[]): Promise<number> {
  let most = 0;
  for (let from = 0; from < count; from += PIPELINE) {
    const commands = Array.from({ length: Math.min(PIPELINE, count - from) }, (_, i) => command(from + i));
    const replies = await client.pipeline(commands);
    for (const reply of replies) if (reply instanceof Error) throw reply;
    most = Math.max(most, await usedBytes(client));
  }
  return most;
}

/** The same, with the limit held all the time; and in the end it is held to the byte. */
export async function sendWithin(
  client: Client,
  limit: number,
  count: number,
  command: (i: number) => Word[],
): Promise<void> {
  expect(await send(client, count, command)).toBeLessThan(limit + SLACK_BYTES);
  await untilWithin(client, limit);
}

export async function untilWithin(client: Client, limit: number): Promise<void> {
  await until('no more is used than there may be', async () => (await usedBytes(client)) <= limit);
}

/** Begins with no keys, no counts, and a limit. */
export async function limit(client: Client, bytes: number, policy: string): Promise<void> {
  expect(await client.command('CONFIG', 'SET', 'maxmemory', 0)).toBe('OK');
  expect(await client.command('FLUSHALL')).toBe('OK');
  expect(await client.command('CONFIG', 'RESETSTAT')).toBe('OK');
  expect(await client.command('CONFIG', 'SET', 'maxmemory-policy', policy, 'maxmemory', bytes)).toBe('OK');
}
