/** CLIENT REPLY: what is not sent leaves no gap and no trace in what is. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { encodeCommand, type Word } from '../support/client.ts';
import { useServer } from './served.ts';

const OFF = ['CLIENT', 'REPLY', 'OFF'];
const ON = ['CLIENT', 'REPLY', 'ON'];
const SKIP = ['CLIENT', 'REPLY', 'SKIP'];

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards });

  /** Everything that comes back for a pipeline, which must end with QUIT. */
  async function repliesTo(commands: readonly (readonly Word[])[]): Promise<string> {
    const client = await server().client();
    client.send(Buffer.concat([...commands, ['QUIT']].map(encodeCommand)));
    return client.receivedUntilClosed();
  }

  test('OFF silences all commands until ON, which is answered', async () => {
    const silent = [
      ['SET', 'a', '1'],
      ['GET', 'a'],
      ['MGET', 'a', 'b', 'c'],
      ['PING'],
      ['NOPE'],
      ['GET'],
      ['DBSIZE'],
    ];
    expect(await repliesTo([['PING'], OFF, ...silent, ON, ['GET', 'a']])).toBe(
      '+PONG\r\n+OK\r\n$1\r\n1\r\n+OK\r\n',
    );
  });

  test('OFF lasts over many replies of the shards', async () => {
    const sets = Array.from({ length: 5_000 }, (_, i) => ['SET', `off ${i % 100}`, i]);
    const client = await server().client();
    client.send(Buffer.concat([['PING'], OFF, ...sets, ON, ['GET', 'off 99'], ['PING']].map(encodeCommand)));
    expect(await client.readRaw(29)).toBe('+PONG\r\n+OK\r\n$4\r\n4999\r\n+PONG\r\n');
    client.destroy();
  });

  test('SKIP silences one command, whichever it is', async () => {
    const skipped = [
      ['SET', 'a', '1'],
      ['MSET', 'a', '1', 'b', '2', 'c', '3'],
      ['MGET', 'a', 'b', 'c'],
      ['PING'],
      ['GET', 'a'],
    ];
    for (const command of [
      ...skipped,
      ['NOPE', 'x'],
      ['GET'],
      ['CLIENT', 'NOPE'],
      ['CLIENT', 'REPLY', 'WHAT'],
    ]) {
      expect([command, await repliesTo([['ECHO', '1'], SKIP, command, ['ECHO', '2']])]).toEqual([
        command,
        '$1\r\n1\r\n$1\r\n2\r\n+OK\r\n',
      ]);
    }
  });

  test('SKIP after SKIP silences the command after it', async () => {
    expect(await repliesTo([SKIP, SKIP, ['ECHO', 'silent'], ['ECHO', 'loud']])).toBe('$4\r\nloud\r\n+OK\r\n');
  });

  test('SKIP between replies of several shards leaves their order as it is', async () => {
    const client = await server().client();
    const commands: Word[][] = [];
    for (let i = 0; i < 500; i++)
      commands.push(['SET', `s ${i}`, i], SKIP, ['GET', `s ${i}`], ['GET', `s ${i}`]);
    const replies = Promise.all(Array.from({ length: 1_000 }, () => client.reply()));
    client.send(Buffer.concat(commands.map(encodeCommand)));
    expect(await replies).toEqual(Array.from({ length: 500 }, (_, i) => ['OK', String(i)]).flat());
    expect(await client.command('PING')).toBe('PONG');
    client.destroy();
  });

  test('OFF stays after SKIP, and ON ends both', async () => {
    expect(await repliesTo([OFF, SKIP, ['PING'], ['PING'], ON, ['PING']])).toBe('+OK\r\n+PONG\r\n+OK\r\n');
    expect(await repliesTo([SKIP, ON, ['PING']])).toBe('+OK\r\n+PONG\r\n+OK\r\n');
  });

  test('RESET turns replies on again', async () => {
    expect(await repliesTo([OFF, ['SET', 'a', '1'], ['RESET'], ['GET', 'a']])).toMatch(
      /\$1\r\n1\r\n\+OK\r\n$/,
    );
  });
});
