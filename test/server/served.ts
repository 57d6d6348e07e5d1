/** A server for all tests of a describe block, which must also end well when they are done. */
import { afterAll, beforeAll, expect } from 'vitest';
import type { Client } from '../support/client.ts';
import { type RunningServer, type ServerOptions, startServer } from '../support/server.ts';

/** Starts a server before the tests and ends it after them; the function returned gives it. */
export function useServer(options: ServerOptions): () => RunningServer {
  let server: RunningServer | undefined;
  beforeAll(async () => {
    server = await startServer(options);
  });
  afterAll(async () => {
    if (server !== undefined) expect(await server.close()).toEqual({ code: 0 });
  });
  return () => server!;
}

/** A field of INFO, or of one of the lists within a field: `shard0.keys`. */
export async function infoField(client: Client, name: string): Promise<string> {
  const text = String(await client.command('INFO', 'everything'));
  const [field, part] = name.split('.');
  const value = new RegExp(`^${field}:(.*)\\r$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`INFO has no ${field}`);
  if (part === undefined) return value;
  const found = new RegExp(`(?:^|,)${part}=([^,]*)`).exec(value)?.[1];
  if (found === undefined) throw new Error(`${field} has no ${part}: ${value}`);
  return found;
}

/** The sum of a figure over all shards, from INFO's section on shards. */
export async function sumOverShards(client: Client, figure: string): Promise<number> {
  const text = String(await client.command('INFO', 'shards'));
  const values = [...text.matchAll(new RegExp(`\\b${figure}=(\\d+)`, 'g'))];
  return values.reduce((sum, value) => sum + Number(value[1]), 0);
}
