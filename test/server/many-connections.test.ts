/** Ten thousand connections at the same time. */
import { expect, test } from 'vitest';
import type { Client } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { descriptorsMax } from './processes.ts';
import { infoField } from './served.ts';
import { until } from './waiting.ts';

const CONNECTIONS = 10_000;
/** Connections that are opened at the same time: fewer than the server's backlog. */
const BATCH = 200;
/** What a process needs beside its connections. */
const OTHER_DESCRIPTORS = 200;

test('ten thousand idle connections leave the last one its replies', async (context) => {
  // Node raises its soft limit by itself when it starts; nobody but root can raise the hard one.
  if (descriptorsMax('self') < CONNECTIONS + OTHER_DESCRIPTORS) {
    context.skip(`the limit of ${descriptorsMax('self')} open files is too low, see ulimit -Hn`);
  }
  const server = await startServer({ shards: 2, args: ['--maxclients', String(CONNECTIONS)] });
  expect(descriptorsMax(server.pid)).toBeGreaterThan(CONNECTIONS);
  const clients: Client[] = [];
  while (clients.length < CONNECTIONS) {
    const count = Math.min(BATCH, CONNECTIONS - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: count }, () => server.client()))));
  }
  const last = clients.at(-1)!;
  expect(await last.command('PING')).toBe('PONG');
  expect(await last.command('SET', 'k', 'v')).toBe('OK');
  expect(await clients[0]!.command('GET', 'k')).toBe('v');
  expect(await infoField(last, 'connected_clients')).toBe(String(CONNECTIONS));
  const tooMany = await server.client();
  expect(await tooMany.receivedUntilClosed()).toBe('-ERR max number of clients reached\r\n');
  // All of them at once.
  expect(new Set(await Promise.all(clients.map((client) => client.command('INCR', 'n'))))).toHaveLength(
    CONNECTIONS,
  );
  for (const client of clients.slice(0, -1)) client.destroy();
  await until('they are gone', async () => (await infoField(last, 'connected_clients')) === '1');
  last.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});
