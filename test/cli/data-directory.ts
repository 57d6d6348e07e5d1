/** Data directories for the tests of what works on them without a server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

/** A folder that is gone when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'shardis-disk-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server that keeps a log in `directory`. */
export function startOn(directory: string, shards: number, ...args: string[]): Promise<RunningServer> {
  return startServer({
    shards,
    args: ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', directory, ...args],
  });
}

/** Starts a server on the directory, lets `use` talk to it, and stops it. */
export async function withServer<T>(
  directory: string,
  shards: number,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const server = await startOn(directory, shards);
  try {
    const client = await server.client();
    const result = await use(client);
    client.destroy();
    return result;
  } finally {
    await server.close();
  }
}

export function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 0x55;
  writeFileSync(file, bytes);
}

/** All strings of databases 0 and 3, with their expiry. */
export async function contents(client: Client): Promise<unknown> {
  const all: unknown[] = [];
  for (const db of [0, 3]) {
    await client.command('SELECT', db);
    const keys = ((await client.command('KEYS', '*')) as string[]).sort();
    for (const key of keys) {
      all.push([db, key, await client.command('GET', key), await client.command('PEXPIRETIME', key)]);
    }
  }
  await client.command('SELECT', 0);
  return all;
}
