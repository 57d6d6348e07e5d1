/** CLIENT PAUSE: who waits, in which order they go on, and what a client that waits costs. */
import { afterEach, describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, ReplyError } from '../support/client.ts';
import { infoField, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const MB = 1024 * 1024;
const LONG_MS = 600_000;

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards });
  const clients: Client[] = [];

  async function connect(): Promise<Client> {
    const client = await server().client();
    clients.push(client);
    return client;
  }

  afterEach(async () => {
    expect(await (await connect()).command('CLIENT', 'UNPAUSE')).toBe('OK');
    for (const client of clients.splice(0)) client.destroy();
  });

  async function untilBlocked(control: Client, count: number): Promise<void> {
    await until(`${count} clients wait`, async () => {
      return (await infoField(control, 'blocked_clients')) === String(count);
    });
  }

  describe('CLIENT PAUSE WRITE', () => {
    test('lets reads and administration through, and writes wait until UNPAUSE', async () => {
      const control = await connect();
      const writer = await connect();
      await control.command('SET', 'k', 'before');
      expect(await control.command('CLIENT', 'PAUSE', LONG_MS, 'WRITE')).toBe('OK');
      writer.send('PING\r\nGET k\r\nSET k after\r\nGET k\r\nPING\r\n');
      expect(await writer.reply()).toBe('PONG');
      expect(await writer.reply()).toBe('before');
      await untilBlocked(control, 1);
      expect(await control.command('GET', 'k')).toBe('before');
      expect(await control.command('MGET', 'k', 'l', 'm')).toEqual(['before', null, null]);
      const line = String(await control.command('CLIENT', 'LIST')).split('\n')[1];
      expect(line).toMatch(/ flags=b .* events= /);
      expect(await control.command('CLIENT', 'UNPAUSE')).toBe('OK');
      expect(await writer.reply()).toBe('OK');
      expect(await writer.reply()).toBe('after');
      expect(await writer.reply()).toBe('PONG');
      expect(await infoField(control, 'blocked_clients')).toBe('0');
    });

    test('lets those that wait go on in the order in which they came', async () => {
      const control = await connect();
      await control.command('DEL', 'order');
      await control.command('CLIENT', 'PAUSE', LONG_MS, 'WRITE');
      const writers: Client[] = [];
      for (let i = 0; i < 20; i++) {
        const writer = await connect();
        writers.push(writer);
        writer.send(`APPEND order ${String.fromCharCode(97 + i)}\r\n`);
        await untilBlocked(control, i + 1);
      }
      await control.command('CLIENT', 'UNPAUSE');
      for (const [i, writer] of writers.entries()) expect(await writer.reply()).toBe(i + 1);
      expect(await control.command('GET', 'order')).toBe('abcdefghijklmnopqrst');
    });

    test('holds also what is spread over shards, and what was sent long after', async () => {
      const control = await connect();
      const writer = await connect();
      await control.command('CLIENT', 'PAUSE', LONG_MS, 'WRITE');
      writer.send('MSET a 1 b 2 c 3\r\n');
      await untilBlocked(control, 1);
      expect(await control.command('EXISTS', 'a', 'b', 'c')).toBe(0);
      writer.send('DEL a b c\r\n');
      await control.command('CLIENT', 'UNPAUSE');
      expect(await writer.reply()).toBe('OK');
      expect(await writer.reply()).toBe(3);
    });

    test('answers at once what is wrong, and nothing after what waits', async () => {
      const control = await connect();
      const writer = await connect();
      await control.command('CLIENT', 'PAUSE', LONG_MS, 'WRITE');
      expect(await writer.command('SET', 'x')).toEqual(
        new ReplyError("ERR wrong number of arguments for 'set' command"),
      );
      expect(String(await writer.command('NOPE'))).toContain('unknown command');
      writer.send('SET x 1\r\nSET x\r\n');
      await untilBlocked(control, 1);
      await control.command('CLIENT', 'UNPAUSE');
      expect(await writer.reply()).toBe('OK');
      expect(String(await writer.reply())).toContain('wrong number of arguments');
    });

    test('is never shortened by another one', async () => {
      const control = await connect();
      const writer = await connect();
      await control.command('CLIENT', 'PAUSE', LONG_MS, 'WRITE');
      await control.command('CLIENT', 'PAUSE', 1, 'WRITE');
      await control.command('CLIENT', 'PAUSE', 0, 'WRITE');
      await pause(50);
      writer.send('SET x 1\r\n');
      await untilBlocked(control, 1);
    });

    test('stops reading from a client that waits', async () => {
      const control = await connect();
      const writer = await connect();
      const id = await writer.command('CLIENT', 'ID');
      await control.command('CLIENT', 'PAUSE', LONG_MS, 'WRITE');
      writer.send('SET x 1\r\n');
      await untilBlocked(control, 1);
      const commands = 50_000;
      writer.send('INCR counted                                \r\n'.repeat(commands));
      await pause(300);
      const line = String(await control.command('CLIENT', 'LIST', 'ID', String(id)));
      expect(Number(/ tot-mem=(\d+)/.exec(line)![1])).toBeLessThan(MB);
      await control.command('CLIENT', 'UNPAUSE');
      expect(await writer.reply()).toBe('OK');
      for (let i = 1; i <= commands; i++) expect(await writer.reply()).toBe(i);
    });

    test('lets a client that waits be killed, and forgets it', async () => {
      const control = await connect();
      const writer = await connect();
      const id = await writer.command('CLIENT', 'ID');
      await control.command('SET', 'kept', 'old');
      await control.command('CLIENT', 'PAUSE', LONG_MS, 'WRITE');
      writer.send('SET kept new\r\n');
      await untilBlocked(control, 1);
      expect(await control.command('CLIENT', 'KILL', 'ID', String(id))).toBe(1);
      await writer.closed;
      expect(await infoField(control, 'blocked_clients')).toBe('0');
      await control.command('CLIENT', 'UNPAUSE');
      expect(await control.command('GET', 'kept')).toBe('old');
    });

    test('holds clients that connect while it lasts', async () => {
      const control = await connect();
      await control.command('CLIENT', 'PAUSE', LONG_MS, 'WRITE');
      const late = await connect();
      late.send('SET x 1\r\n');
      await untilBlocked(control, 1);
    });
  });

  describe('CLIENT PAUSE ALL', () => {
    test('ends by itself, and all that was sent is answered in order', async () => {
      const control = await connect();
      const other = await connect();
      await control.command('DEL', 'k');
      control.send('CLIENT PAUSE 300\r\nCLIENT PAUSE 1 WRITE\r\nCLIENT UNPAUSE\r\nGET none\r\n');
      expect(await control.reply()).toBe('OK');
      other.send('PING\r\nSET k v\r\nGET k\r\n');
      for (const expected of ['PONG', 'OK', 'v']) expect(await other.reply()).toBe(expected);
      for (const expected of ['OK', 'OK', null]) expect(await control.reply()).toBe(expected);
    });
  });
});

describe('while CLIENT PAUSE ALL lasts', () => {
  // A server of its own: it takes no command any more, and yet must end well.
  const server = useServer({ shards: 2 });

  test('nothing is answered, UNPAUSE neither, but what is wrong is', async () => {
    const [control, reader, late, wrong] = await Promise.all([1, 2, 3, 4].map(() => server().client()));
    expect(await control!.command('CLIENT', 'PAUSE', LONG_MS)).toBe('OK');
    let answers = 0;
    for (const [client, line] of [
      [control, 'CLIENT UNPAUSE'],
      [reader, 'GET k'],
      [late, 'PING'],
    ] as const) {
      client!.send(`${line}\r\n`);
      const count = () => answers++;
      client!.reply().then(count, () => {});
    }
    expect(String(await wrong!.command('GET'))).toContain('wrong number of arguments');
    await pause(300);
    expect(answers).toBe(0);
    for (const client of [control, reader, late, wrong]) client!.destroy();
  });
});
