/** `client-output-buffer-limit` by class, and for clients that are connected already. See also slow-readers.test.ts. */
import { expect, test } from 'vitest';
import type { Client } from '../support/client.ts';
import { useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const MB = 1024 * 1024;
const server = useServer({ shards: 2 });

/** A client that asks for 20 MB and does not read them. */
async function slowReader(): Promise<Client> {
  const client = await server().client();
  await client.command('SET', 'large', 'x'.repeat(20 * MB));
  await client.command('CLIENT', 'SETNAME', 'slow');
  client.socket.pause();
  client.send('GET large\r\n');
  return client;
}

async function lineOf(control: Client, name: string): Promise<string | undefined> {
  const lines = String(await control.command('CLIENT', 'LIST')).split('\n');
  return lines.find((line) => line.includes(` name=${name} `));
}

function figure(line: string | undefined, name: string): number {
  return Number(new RegExp(` ${name}=(\\d+)`).exec(line ?? '')?.[1] ?? 0);
}

test('the limits of other classes leave a client alone, its own closes it', async () => {
  const control = await server().client();
  await control.command('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1mb 1mb 1 replica 1mb 1mb 1');
  const slow = await slowReader();
  await until('its replies wait', async () => figure(await lineOf(control, 'slow'), 'omem') > 10 * MB);
  const line = await lineOf(control, 'slow');
  expect(line).toMatch(/ events=r?w /);
  expect(figure(line, 'oll')).toBeGreaterThan(0);
  expect(figure(line, 'tot-mem')).toBeGreaterThan(figure(line, 'omem'));
  await pause(1_500);
  expect(await lineOf(control, 'slow')).toBeDefined();
  await control.command('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 10mb 0 0');
  await until('it is closed', async () => (await lineOf(control, 'slow')) === undefined);
  expect(server().output()).toContain('overcoming of output buffer limits');
  slow.destroy();
  control.destroy();
});
