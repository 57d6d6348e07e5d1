/** CLIENT and its subcommands. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { Client, ReplyError } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

const SYNTAX = new ReplyError('ERR syntax error');
const BAD_NAME = new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.');

/** The value of a field in a line of CLIENT LIST. */
function field(line: unknown, name: string): string | undefined {
  return new RegExp(`(?:^| )${name}=(\\S*)`).exec(String(line))?.[1];
}

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer;
  let client: Client;
  let other: Client;
  beforeAll(async () => {
    server = await startServer({ shards });
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    client = await server.client();
    other = await server.client();
  });
  afterEach(() => {
    client.destroy();
    other.destroy();
  });

  test('CLIENT alone, with an unknown subcommand or too many words is an error', async () => {
    expect(await client.command('CLIENT')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'client' command"),
    );
    expect(await client.command('CLIENT', 'foo')).toEqual(
      new ReplyError("ERR unknown subcommand 'foo'. Try CLIENT HELP."),
    );
    expect(await client.command('CLIENT', 'ID', 'x')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'client|id' command"),
    );
  });

  test('CLIENT HELP lists the subcommands', async () => {
    const lines = (await client.command('CLIENT', 'HELP')) as string[];
    expect(lines[0]).toBe('CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(lines).toContain('SETNAME <connection-name>');
    expect(lines.slice(-2)).toEqual(['HELP', '    Print this help.']);
  });

  test('CLIENT ID counts up', async () => {
    const first = (await client.command('CLIENT', 'ID')) as number;
    expect(await other.command('CLIENT', 'ID')).toBe(first + 1);
    expect(await client.command('CLIENT', 'ID')).toBe(first);
  });

  test('CLIENT SETNAME gives a name that GETNAME and LIST show, and the empty one takes it away', async () => {
    expect(await client.command('CLIENT', 'GETNAME')).toBe(null);
    expect(await client.command('CLIENT', 'SETNAME', 'worker-1')).toBe('OK');
    expect(await client.command('CLIENT', 'GETNAME')).toBe('worker-1');
    expect(await other.command('CLIENT', 'LIST')).toContain(' name=worker-1 ');
    expect(await client.command('CLIENT', 'SETNAME', '')).toBe('OK');
    expect(await client.command('CLIENT', 'GETNAME')).toBe(null);
  });

  test.each(['a b', 'a\nb', '\xe4', 'a\x7f'])('CLIENT SETNAME refuses %j', async (name) => {
    expect(await client.command('CLIENT', 'SETNAME', name)).toEqual(BAD_NAME);
  });

  test('CLIENT SETINFO sets what LIST shows of the library', async () => {
    expect(await client.command('CLIENT', 'SETINFO', 'LIB-NAME', 'lib')).toBe('OK');
    expect(await client.command('CLIENT', 'SETINFO', 'lib-ver', '1.2.3')).toBe('OK');
    const info = await client.command('CLIENT', 'INFO');
    expect(field(info, 'lib-name')).toBe('lib');
    expect(field(info, 'lib-ver')).toBe('1.2.3');
    expect(await client.command('CLIENT', 'SETINFO', 'lib-name', 'a b')).toEqual(
      new ReplyError('ERR lib-name cannot contain spaces, newlines or special characters.'),
    );
    expect(await client.command('CLIENT', 'SETINFO', 'foo', 'x')).toEqual(
      new ReplyError("ERR Unrecognized option 'foo'"),
    );
  });

  test('CLIENT INFO is the one line of CLIENT LIST with the own number', async () => {
    const id = String(await client.command('CLIENT', 'ID'));
    await client.command('SELECT', 3);
    const info = String(await client.command('CLIENT', 'INFO'));
    expect(info.endsWith('\n')).toBe(true);
    expect(field(info, 'id')).toBe(id);
    expect(field(info, 'db')).toBe('3');
    expect(field(info, 'laddr')).toBe(`127.0.0.1:${server.port}`);
    const line = String(await other.command('CLIENT', 'LIST', 'ID', id));
    expect(line.match(/[\w-]+(?==)/g)).toEqual(info.match(/[\w-]+(?==)/g));
  });

  test('CLIENT LIST shows the bytes of the command that runs, and of one that has begun', async () => {
    const id = Number(await other.command('CLIENT', 'ID'));
    const info = await client.command('CLIENT', 'INFO');
    expect(field(info, 'qbuf')).toBe('26');
    expect(field(info, 'argv-mem')).toBe('10');
    expect(Number(field(info, 'fd'))).toBeGreaterThan(2);
    other.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n12345');
    let line: unknown;
    do line = await client.command('CLIENT', 'LIST', 'ID', id);
    while (field(line, 'argv-mem') === '0');
    expect([field(line, 'qbuf'), field(line, 'argv-mem')]).toEqual(['5', '4']);
    other.send('67890\r\n');
    expect(await other.reply()).toBe('OK');
    line = await client.command('CLIENT', 'LIST', 'ID', id);
    expect([field(line, 'qbuf'), field(line, 'argv-mem'), field(line, 'events')]).toEqual(['0', '0', 'r']);
  });

  test('CLIENT LIST lists all, those of a type, or those with given numbers', async () => {
    const ids = [await client.command('CLIENT', 'ID'), await other.command('CLIENT', 'ID')] as number[];
    const idsOf = (text: unknown) =>
      [...String(text).matchAll(/^id=(\d+)/gm)].map((match) => Number(match[1]));
    expect(idsOf(await client.command('CLIENT', 'LIST'))).toEqual(expect.arrayContaining(ids));
    expect(idsOf(await client.command('CLIENT', 'LIST', 'TYPE', 'NORMAL'))).toEqual(
      expect.arrayContaining(ids),
    );
    expect(await client.command('CLIENT', 'LIST', 'TYPE', 'replica')).toBe('');
    expect(idsOf(await client.command('CLIENT', 'LIST', 'ID', ids[1]!, 0, 999999, ids[0]!))).toEqual([
      ids[1],
      ids[0],
    ]);
  });

  test('CLIENT LIST refuses what it does not know', async () => {
    for (const words of [['foo'], ['TYPE'], ['ID'], ['TYPE', 'normal', 'x'], ['TYPE', 'normal', 'ID', '1']]) {
      expect(await client.command('CLIENT', 'LIST', ...words)).toEqual(SYNTAX);
    }
    expect(await client.command('CLIENT', 'LIST', 'TYPE', 'foo')).toEqual(
      new ReplyError("ERR Unknown client type 'foo'"),
    );
    expect(await client.command('CLIENT', 'LIST', 'ID', 1, 'abc')).toEqual(
      new ReplyError('ERR Invalid client ID'),
    );
  });

  test('CLIENT LIST and INFO are verbatim strings in RESP3', async () => {
    const exact = await Client.connect(server.port, '127.0.0.1', { exact: true });
    await exact.command('HELLO', 3);
    expect(String(await exact.command('CLIENT', 'LIST'))).toMatch(/^=txt:id=/);
    expect(String(await exact.command('CLIENT', 'INFO'))).toMatch(/^=txt:id=/);
    exact.destroy();
  });

  describe('CLIENT KILL', () => {
    test('with an address closes that connection', async () => {
      const address = field(await other.command('CLIENT', 'INFO'), 'addr')!;
      expect(await client.command('CLIENT', 'KILL', address)).toBe('OK');
      await other.closed;
      expect(await client.command('CLIENT', 'KILL', address)).toEqual(new ReplyError('ERR No such client'));
    });

    test('with filters answers how many it closed', async () => {
      const id = (await other.command('CLIENT', 'ID')) as number;
      const address = field(await other.command('CLIENT', 'INFO'), 'addr')!;
      const laddr = `127.0.0.1:${server.port}`;
      expect(await client.command('CLIENT', 'KILL', 'ID', id, 'ADDR', '1.2.3.4:5')).toBe(0);
      expect(
        await client.command(
          ...[
            'CLIENT',
            'KILL',
            'id',
            id,
            'addr',
            address,
            'laddr',
            laddr,
            'type',
            'normal',
            'user',
            'default',
          ],
        ),
      ).toBe(1);
      await other.closed;
    });

    test('of oneself answers first, with the replies before it, and then closes', async () => {
      const id = await client.command('CLIENT', 'ID');
      expect(await client.command('CLIENT', 'KILL', 'ID', String(id))).toBe(0);
      client.send(`SET mine 1\r\nCLIENT KILL ID ${id} SKIPME no\r\nPING\r\n`);
      expect(await client.receivedUntilClosed()).toBe('+OK\r\n:1\r\n');
      const address = field(await other.command('CLIENT', 'INFO'), 'addr')!;
      other.send(`CLIENT KILL ${address}\r\n`);
      expect(await other.receivedUntilClosed()).toBe('+OK\r\n');
    });

    test.each([
      [['ID', 'abc'], 'ERR client-id should be greater than 0'],
      [['ID', '0'], 'ERR client-id should be greater than 0'],
      [['ID', '-1'], 'ERR client-id should be greater than 0'],
      [['TYPE', 'foo'], "ERR Unknown client type 'foo'"],
      [['USER', 'nobody'], "ERR No such user 'nobody'"],
      [['SKIPME', 'maybe'], 'ERR syntax error'],
      [['foo', 'bar'], 'ERR syntax error'],
      [['ID', '1', 'ADDR'], 'ERR syntax error'],
      [['ID'], 'ERR No such client'],
      [[], "ERR wrong number of arguments for 'client|kill' command"],
    ])('%j is an error', async (words, message) => {
      expect(await client.command('CLIENT', 'KILL', ...words)).toEqual(new ReplyError(message));
    });
  });

  test('CLIENT NO-EVICT and NO-TOUCH show in the flags', async () => {
    expect(await client.command('CLIENT', 'NO-EVICT', 'on')).toBe('OK');
    expect(await client.command('CLIENT', 'NO-TOUCH', 'ON')).toBe('OK');
    expect(field(await client.command('CLIENT', 'INFO'), 'flags')).toBe('eT');
    expect(await client.command('CLIENT', 'NO-EVICT', 'off')).toBe('OK');
    expect(await client.command('CLIENT', 'NO-TOUCH', 'off')).toBe('OK');
    expect(field(await client.command('CLIENT', 'INFO'), 'flags')).toBe('N');
    expect(await client.command('CLIENT', 'NO-EVICT', 'x')).toEqual(SYNTAX);
    expect(await client.command('CLIENT', 'NO-TOUCH', 'x')).toEqual(SYNTAX);
  });

  describe('CLIENT REPLY', () => {
    test('OFF silences commands that run here and on shards, their errors too, until ON', async () => {
      client.send(
        'CLIENT REPLY OFF\r\nPING\r\nSET r 1\r\nNOPE\r\nMGET r s t\r\nCLIENT REPLY ON\r\nGET r\r\n',
      );
      expect(await client.reply()).toBe('OK');
      expect(await client.reply()).toBe('1');
    });

    test.each(['PING', 'SET r 2', 'NOPE', 'GET', 'MSET a 1 b 2 c 3'])(
      'SKIP silences %s and nothing after it',
      async (line) => {
        client.send(`CLIENT REPLY SKIP\r\n${line}\r\nECHO next\r\n`);
        expect(await client.reply()).toBe('next');
        expect(await client.command('PING')).toBe('PONG');
      },
    );

    test('ON is answered even when SKIP came before it', async () => {
      client.send('CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nECHO next\r\n');
      expect(await client.reply()).toBe('OK');
      expect(await client.reply()).toBe('next');
    });

    test('SKIP while replies are off does not turn them on', async () => {
      client.send('CLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nPING\r\nPING\r\nCLIENT REPLY ON\r\n');
      expect(await client.reply()).toBe('OK');
      expect(await client.command('ECHO', 'next')).toBe('next');
    });

    test('with another word is an error', async () => {
      expect(await client.command('CLIENT', 'REPLY', 'foo')).toEqual(SYNTAX);
    });
  });
});
