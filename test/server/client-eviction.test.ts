/** `maxmemory-clients`: when the buffers of all clients take too much, the largest clients are closed. */
import { afterEach, expect, test } from 'vitest';
import { type Client, encodeCommand } from '../support/client.ts';
import { infoField, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const KB = 1024;
const MB = 1024 * KB;
const server = useServer({ shards: 2, args: ['--loglevel', 'notice'] });
const clients: Client[] = [];

async function connect(name: string): Promise<Client> {
  const client = await server().client();
  clients.push(client);
  await client.command('CLIENT', 'SETNAME', name);
  return client;
}

/** A client that has sent all but the end of a command with a word of `bytes` bytes. */
async function connectWithBuffer(name: string, bytes: number): Promise<Client> {
  const client = await connect(name);
  const command = encodeCommand(['SET', name, 'v'.repeat(bytes)]);
  client.send(command.subarray(0, command.length - 2));
  return client;
}

/** A field of each client's line, by name. */
async function figures(control: Client, field: string): Promise<Map<string, number>> {
  const text = String(await control.command('CLIENT', 'LIST'));
  const lines = text.matchAll(new RegExp(` name=(\\S+) .* ${field}=(\\d+)`, 'g'));
  return new Map([...lines].map(([, name, value]) => [name!, Number(value)]));
}

async function untilBuffered(control: Client, name: string, bytes: number): Promise<void> {
  await until('it is in the buffer', async () => ((await figures(control, 'qbuf')).get(name) ?? 0) >= bytes);
}

afterEach(async () => {
  const control = await connect('last');
  await control.command('CONFIG', 'SET', 'maxmemory-clients', 0);
  for (const client of clients.splice(0)) client.destroy();
  await until('all have gone', async () => {
    const control = await server().client();
    const count = await infoField(control, 'connected_clients');
    control.destroy();
    return count === '1';
  });
});

test('a client whose unfinished command is too large is closed, and counted, and the log says so', async () => {
  const control = await connect('control');
  const before = Number(await infoField(control, 'evicted_clients'));
  await control.command('CONFIG', 'SET', 'maxmemory-clients', 3 * MB);
  const large = await connectWithBuffer('large', 5 * MB);
  await large.closed;
  expect(Number(await infoField(control, 'evicted_clients'))).toBe(before + 1);
  expect(server().output()).toMatch(/Evicting client: id=\d+ .* name=large /);
  expect(await control.command('CONFIG', 'RESETSTAT')).toBe('OK');
  expect(await infoField(control, 'evicted_clients')).toBe('0');
});

test('the largest are closed, and only as many as it takes', async () => {
  const control = await connect('control');
  for (const [name, bytes] of Object.entries({ a: 1, b: 3, c: 2, d: 4 })) {
    await connectWithBuffer(name, bytes * MB);
    await untilBuffered(control, name, bytes * MB);
  }
  await control.command('CONFIG', 'SET', 'maxmemory-clients', 4 * MB);
  await until('two are left', async () => (await figures(control, 'qbuf')).size === 3);
  expect([...(await figures(control, 'qbuf')).keys()]).toEqual(['control', 'a', 'c']);
});

test('CLIENT NO-EVICT spares a client until it is taken back', async () => {
  const control = await connect('control');
  const spared = await connect('spared');
  await spared.command('CLIENT', 'NO-EVICT', 'on');
  await control.command('CLIENT', 'NO-EVICT', 'on');
  await control.command('CONFIG', 'SET', 'maxmemory-clients', 1);
  const command = encodeCommand(['SET', 'k', 'v'.repeat(2 * MB)]);
  spared.send(command.subarray(0, command.length - 2));
  await untilBuffered(control, 'spared', 2 * MB);
  expect(server().output()).toContain('Over client maxmemory after evicting all evictable clients');
  spared.send('\r\nCLIENT NO-EVICT off\r\n');
  expect(await spared.reply()).toBe('OK');
  expect(await spared.reply()).toBe('OK');
  spared.send(command.subarray(0, command.length - 2));
  await spared.closed;
});

test('replies that are not read count', async () => {
  const control = await connect('control');
  await control.command('SET', 'large', 'x'.repeat(20 * MB));
  await control.command('CONFIG', 'SET', 'maxmemory-clients', 8 * MB);
  const slow = await connect('slow');
  slow.socket.pause();
  slow.send('GET large\r\n');
  await until('it is closed', async () => !(await figures(control, 'qbuf')).has('slow'));
});

test('a percentage of a memory limit that is not set is no limit', async () => {
  const control = await connect('control');
  expect(await control.command('CONFIG', 'SET', 'maxmemory-clients', '1%')).toBe('OK');
  expect(await control.command('CONFIG', 'GET', 'maxmemory-clients')).toEqual(['maxmemory-clients', '1%']);
  await connectWithBuffer('large', 5 * MB);
  await untilBuffered(control, 'large', 5 * MB);
  await pause(1_500);
  expect((await figures(control, 'qbuf')).has('large')).toBe(true);
});

test('an idle client gives back room for bytes that do not come', async () => {
  const control = await connect('control');
  const idle = await connect('idle');
  idle.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${MB}\r\nabc`);
  await until(
    'it has the room',
    async () => ((await figures(control, 'qbuf-free')).get('idle') ?? 0) > MB / 2,
  );
  expect((await figures(control, 'argv-mem')).get('idle')).toBe(4);
  expect((await figures(control, 'qbuf')).get('idle')).toBe(3);
  await until('it is gone', async () => ((await figures(control, 'qbuf-free')).get('idle') ?? MB) === 0);
  idle.send(`${'d'.repeat(MB - 3)}\r\n`);
  expect(await idle.reply()).toBe('OK');
  expect(await idle.command('GET', 'k')).toBe(`abc${'d'.repeat(MB - 3)}`);
});
