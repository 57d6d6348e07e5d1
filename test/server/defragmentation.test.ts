/** Memory that is wasted goes back to the system: by itself with activedefrag, and with MEMORY PURGE. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Client } from '../support/client.ts';
import { useServer } from './served.ts';

const KEYS = 60_000;
const VALUE_BYTES = 6_000;
const WAIT_MS_MAX = 60_000;
const MIB = 1 << 20;

async function fields(client: Client): Promise<Map<string, number>> {
  const text = String(await client.command('INFO', 'everything'));
  return new Map([...text.matchAll(/^(\w+):([\d.]+)\r$/gm)].map(([, name, value]) => [name!, Number(value)]));
}

/** Fills the server, and deletes nine of ten keys at random. Returns the numbers of those that stay. */
async function thinOut(client: Client): Promise<number[]> {
  expect(await client.command('DEBUG', 'POPULATE', KEYS, 'key', VALUE_BYTES)).toBe('OK');
  const stay: number[] = [];
  let gone: string[] = [];
  for (let i = 0; i < KEYS; i++) {
    if (Math.random() < 0.1) stay.push(i);
    else gone.push(`key:${i}`);
    if (gone.length < 1000 && i < KEYS - 1) continue;
    await client.command('DEL', ...gone);
    gone = [];
  }
  expect(await client.command('DBSIZE')).toBe(stay.length);
  return stay;
}

function expectValue(reply: unknown, number: number): void {
  expect(String(reply).length).toBe(VALUE_BYTES);
  expect(String(reply).startsWith(`value:${number}\0`)).toBe(true);
}

/** Reads random keys of those until `isDone` says so; how often is it asked, and for how long at most? */
async function readUntil(client: Client, numbers: number[], isDone: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX;
  while (!(await isDone())) {
    expect(Date.now()).toBeLessThan(end);
    for (let round = 0; round < 20; round++) {
      const asked = Array.from({ length: 20 }, () => numbers[Math.floor(Math.random() * numbers.length)]!);
      const replies = await client.pipeline(asked.map((number) => ['GET', `key:${number}`]));
      for (const [i, reply] of replies.entries()) expectValue(reply, asked[i]!);
    }
    await sleep(20);
  }
}

/** What the process has of the machine's memory, on Linux. */
function residentBytes(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kib) * 1024;
}

const args = ['--enable-debug-command', 'yes', '--active-defrag-ignore-bytes', '1mb'];
const active = useServer({ shards: 1, args });

test('with activedefrag the extents follow what is used, while clients read', async () => {
  const client = await active().client();
  expect(await client.command('CONFIG', 'GET', 'activedefrag')).toEqual(['activedefrag', 'yes']);
  const stay = await thinOut(client);
  const reader = await active().client();
  await readUntil(reader, stay, async () => {
    const info = await fields(client);
    return info.get('allocator_active')! < 1.5 * info.get('allocator_allocated')!;
  });
  // It stops by itself, and says what it did.
  await readUntil(reader, stay, async () => (await fields(client)).get('active_defrag_running') === 0);
  const info = await fields(client);
  expect(info.get('active_defrag_hits')).toBeGreaterThan(1000);
  expect(info.get('active_defrag_key_hits')).toBe(info.get('active_defrag_hits'));
  expect(info.get('total_active_defrag_time')).toBeGreaterThan(0);
  expect(info.get('current_active_defrag_time')).toBe(0);
  for (const number of stay) expectValue(await client.command('GET', `key:${number}`), number);
  client.destroy();
  reader.destroy();
}, 180_000);

const passive = useServer({ shards: 1, args: [...args, '--activedefrag', 'no'] });

test('without it nothing moves until MEMORY PURGE, and then memory leaves the process', async () => {
  const server = passive();
  const client = await server.client();
  const reader = await server.client();
  // Once more, because freeing memory once changes what malloc does with the next.
  for (let round = 0; round < 2; round++) {
    const hits = (await fields(client)).get('active_defrag_hits');
    const stay = await thinOut(client);
    await sleep(1_500);
    const before = await fields(client);
    expect(before.get('active_defrag_hits')).toBe(hits);
    expect(before.get('allocator_frag_ratio')).toBeGreaterThan(3);
    const resident = process.platform === 'linux' ? residentBytes(server.pid) : 0;
    expect(await client.command('MEMORY', 'PURGE')).toBe('OK');
    await readUntil(reader, stay, async () => {
      const info = await fields(client);
      return info.get('allocator_active')! < 1.5 * info.get('allocator_allocated')!;
    });
    if (process.platform === 'linux') {
      await readUntil(reader, stay, async () => residentBytes(server.pid) < resident - 200 * MIB);
    }
    for (const number of stay) expectValue(await client.command('GET', `key:${number}`), number);
  }
  client.destroy();
  reader.destroy();
}, 180_000);
