/** The frame of a command family's tests: one server for all tests, empty before each, with 1 and with 3 shards. */
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, type Reply, ReplyError, type Word } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

/** What a test works with: `run` sends a command on the test's own connection. */
export interface Served {
  readonly shards: number;
  run(...words: readonly Word[]): Promise<Reply>;
  connect(): Promise<Client>;
}

export function describeServed(title: string, body: (served: Served) => void): void {
  describe(title, () => {
    forEachShardCount([1, 3], (shards) => {
      let server: RunningServer;
      let client: Client;
      beforeAll(async () => {
        server = await startServer({ shards });
        client = await server.client();
      });
      beforeEach(async () => {
        expect(await client.command('FLUSHALL')).toBe('OK');
      });
      afterAll(async () => {
        client?.destroy();
        expect((await server?.close())?.code).toBe(0);
      });
      body({ shards, run: (...words) => client.command(...words), connect: () => server.client() });
    });
  });
}

/** The reply that an error is decoded to. */
export function error(message: string): ReplyError {
  return new ReplyError(message);
}

export const SYNTAX_ERROR: ReplyError = error('ERR syntax error');
export const NOT_AN_INTEGER: ReplyError = error('ERR value is not an integer or out of range');

export function wrongArity(name: string): ReplyError {
  return error(`ERR wrong number of arguments for '${name}' command`);
}

export function invalidExpireTime(name: string): ReplyError {
  return error(`ERR invalid expire time in '${name}' command`);
}
