/** What clients may do with their connections, and what the server does with clients that misbehave. */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { Client, encodeCommand, ReplyError } from '../support/client.ts';
import type { RunningServer } from '../support/server.ts';
import { openDescriptors } from './processes.ts';
import { infoField, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const MB = 1024 * 1024;

describe('with maxclients 5', () => {
  const server = useServer({ shards: 1, args: ['--maxclients', '5'] });

  test('one client more is refused in the words of Redis, and served when another has left', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => server().client()));
    for (const client of clients) expect(await client.command('PING')).toBe('PONG');
    const refused = await server().client();
    expect(await refused.receivedUntilClosed()).toBe('-ERR max number of clients reached\r\n');
    expect(await infoField(clients[0]!, 'rejected_connections')).toBe('1');
    clients[4]!.destroy();
    await until('it has left', async () => (await infoField(clients[0]!, 'connected_clients')) === '4');
    const next = await server().client();
    expect(await next.command('PING')).toBe('PONG');
    for (const client of [...clients, next]) client.destroy();
  });

  test('refused clients leave nothing open, whatever they send', async () => {
    const clients = await onlyClients(server(), 5);
    const descriptors = openDescriptors(server().pid);
    for (let round = 0; round < 20; round++) {
      const refused = await server().client();
      refused.send('PING\r\n');
      await refused.closed;
    }
    await until('the refused are gone', () => openDescriptors(server().pid) <= descriptors);
    for (const client of clients) client.destroy();
  });

  test('maxclients can be raised while the server runs', async () => {
    const clients = await onlyClients(server(), 5);
    expect(await clients[0]!.command('CONFIG', 'SET', 'maxclients', '6')).toBe('OK');
    const sixth = await server().client();
    expect(await sixth.command('PING')).toBe('PONG');
    for (const client of [...clients, sixth]) client.destroy();
  });
});

/** So many new clients, when those of earlier tests are gone. */
async function onlyClients(server: RunningServer, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  await until('the others are gone', async () => {
    const client = await server.client();
    if ((await client.command('PING')) === 'PONG' && (await infoField(client, 'connected_clients')) === '1') {
      clients.push(client);
      return true;
    }
    client.destroy();
    return false;
  });
  while (clients.length < count) {
    const client = await server.client();
    expect(await client.command('PING')).toBe('PONG');
    clients.push(client);
  }
  return clients;
}

describe('with a timeout of one second', () => {
  const server = useServer({ shards: 2, args: ['--timeout', '1', '--enable-debug-command', 'yes'] });

  test('idle clients are closed, others are not', async () => {
    const idle = await server().client();
    const active = await server().client();
    let isIdleClosed = false;
    idle.closed.then(() => {
      isIdleClosed = true;
    });
    await until('the idle client is closed', async () => {
      expect(await active.command('PING')).toBe('PONG');
      return isIdleClosed;
    });
    active.destroy();
  });

  test('a client that waits for its reply is not idle', async () => {
    const client = await server().client();
    expect(await client.command('DEBUG', 'SLEEP', '3')).toBe('OK');
    client.destroy();
  });
});

describe('with a limit for unfinished commands', () => {
  const server = useServer({ shards: 2, args: ['--client-query-buffer-limit', '1mb'] });

  test('a client whose command is longer is closed, without harm to others', async () => {
    const other = await server().client();
    const client = await server().client();
    client.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${3 * MB}\r\n`);
    for (let i = 0; i < 30 && !client.isClosed; i++) {
      client.send('v'.repeat(100_000));
      await pause(10);
    }
    await client.closed;
    expect(await other.command('EXISTS', 'k')).toBe(0);
    other.destroy();
  });

  test('many commands that are longer together are not', async () => {
    const client = await server().client();
    const commands = Array.from({ length: 50 }, (_, i) => ['SET', `k${i}`, 'v'.repeat(100_000)]);
    expect(new Set(await client.pipeline(commands))).toEqual(new Set(['OK']));
    client.destroy();
  });
});

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards, args: ['--enable-debug-command', 'yes'] });

  test('a client that disconnects within a command changes nothing', async () => {
    const other = await server().client();
    const whole = encodeCommand(['MSET', 'a', '1', 'b', '2', 'c', 'v'.repeat(200_000)]);
    for (const length of [1, 5, 20, whole.length - 100_000, whole.length - 1]) {
      const client = await server().client();
      client.send(whole.subarray(0, length));
      await pause(5);
      client.destroy();
    }
    await until('they are gone', async () => (await infoField(other, 'connected_clients')) === '1');
    expect(await other.command('MGET', 'a', 'b', 'c')).toEqual([null, null, null]);
    other.destroy();
  });

  test('a client that disconnects before its replies come leaves nothing behind', async () => {
    const [other] = (await onlyClients(server(), 1)) as [Client];
    const descriptors = openDescriptors(server().pid);
    const leaving = await Promise.all(Array.from({ length: 30 }, () => server().client()));
    const sleep = other.command('DEBUG', 'SLEEP', '0.5');
    for (const [i, client] of leaving.entries()) {
      const commands = Array.from({ length: 50 }, (_, j) => ['SET', `left:${i}:${j}`, 'v'.repeat(5_000)]);
      commands.push(['MGET', `left:${i}:1`, `left:${i}:2`], ['MSET', `left:${i}:last`, 'x', 'left', 'y']);
      client.send(Buffer.concat(commands.map(encodeCommand)));
    }
    await pause(100);
    for (const client of leaving) client.socket.resetAndDestroy();
    expect(await sleep).toBe('OK');
    await until('they are gone', async () => (await infoField(other, 'connected_clients')) === '1');
    expect(openDescriptors(server().pid)).toBe(descriptors);
    expect(
      await other.pipeline([
        ['MSET', 'a', 1, 'b', 2],
        ['MGET', 'a', 'b'],
      ]),
    ).toEqual(['OK', ['1', '2']]);
    other.destroy();
  });

  test('a client that closes its side after its requests still gets all replies', async () => {
    const client = await server().client();
    const commands = Array.from({ length: 3_000 }, (_, i) => [
      ['SET', `half:${i % 50}`, `${i}`.padEnd(500)],
      ['MGET', `half:${i % 50}`, `half:${(i + 1) % 50}`],
      ['PING'],
    ]).flat();
    const replies = commands.map(() => client.reply());
    client.send(Buffer.concat(commands.map(encodeCommand)));
    client.end();
    const got = await Promise.all(replies);
    expect(got.filter((_, i) => i % 3 === 0).every((reply) => reply === 'OK')).toBe(true);
    expect(got.filter((_, i) => i % 3 === 2).every((reply) => reply === 'PONG')).toBe(true);
    await client.closed;
    expect(await client.receivedUntilClosed()).toBe('');
  });

  test('a client that closes its side while the shards are busy still gets all replies', async () => {
    const sleeper = await server().client();
    const sleep = sleeper.command('DEBUG', 'SLEEP', '0.3');
    const client = await server().client();
    const replies = client.pipeline([
      ['MSET', 'x', '1', 'y', '2'],
      ['GET', 'x'],
      ['CLIENT', 'GETNAME'],
      ['GET', 'y'],
    ]);
    client.end();
    expect(await replies).toEqual(['OK', '1', null, '2']);
    await client.closed;
    expect(await sleep).toBe('OK');
    sleeper.destroy();
  });

  test('a client that closes its side within a command is closed without a reply to it', async () => {
    const client = await server().client();
    client.send(Buffer.concat([encodeCommand(['PING']), encodeCommand(['SET', 'k', 'v']).subarray(0, 20)]));
    client.end();
    expect(await client.receivedUntilClosed()).toBe('+PONG\r\n');
  });

  test('CLIENT KILL closes a connection with replies on their way', async () => {
    const admin = await server().client();
    const victim = await Client.connect(server().port);
    const id = await victim.command('CLIENT', 'ID');
    const sleep = admin.command('DEBUG', 'SLEEP', '0.2');
    victim.send(Buffer.concat(new Array(100).fill(encodeCommand(['SET', 'k', 'v']))));
    const other = await server().client();
    expect(await other.command('CLIENT', 'KILL', 'ID', Number(id))).toBe(1);
    await victim.closed;
    expect(await sleep).toBe('OK');
    expect(await admin.command('CLIENT', 'KILL', 'ID', Number(id))).toBe(0);
    expect(await admin.command('CLIENT', 'KILL', '127.0.0.1:1')).toEqual(
      new ReplyError('ERR No such client'),
    );
    admin.destroy();
    other.destroy();
  });
});
