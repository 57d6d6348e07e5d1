/** PING, ECHO, SELECT, AUTH, HELLO, RESET and QUIT. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, ReplyError } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ shards });
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    client = await server.client();
  });
  afterEach(() => client.destroy());

  test('PING answers PONG or its argument', async () => {
    expect(await client.command('PING')).toBe('PONG');
    expect(await client.command('ping', 'a\0b')).toBe('a\0b');
    expect(await client.command('PING', 'a', 'b')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'ping' command"),
    );
  });

  test('ECHO answers its argument', async () => {
    expect(await client.command('ECHO', 'x\xff')).toBe('x\xff');
    expect(await client.command('ECHO', '')).toBe('');
    expect(await client.command('ECHO')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'echo' command"),
    );
  });

  test('SELECT chooses the database for the commands after it', async () => {
    const replies = await client.pipeline([
      ['SET', 'key', 'zero'],
      ['SELECT', 1],
      ['GET', 'key'],
      ['SET', 'key', 'one'],
      ['SELECT', 0],
      ['GET', 'key'],
    ]);
    expect(replies).toEqual(['OK', 'OK', null, 'OK', 'OK', 'zero']);
  });

  test.each([
    ['abc', 'ERR value is not an integer or out of range'],
    ['99999999999999999999', 'ERR value is not an integer or out of range'],
    ['99999999999', 'ERR value is out of range, value must between -2147483648 and 2147483647'],
    ['-99999999999', 'ERR value is out of range, value must between -2147483648 and 2147483647'],
    ['16', 'ERR DB index is out of range'],
    ['-1', 'ERR DB index is out of range'],
  ])('SELECT %s is an error', async (index, message) => {
    expect(await client.command('SELECT', index)).toEqual(new ReplyError(message));
  });

  test('QUIT answers after what came before it, closes, and ignores what comes after', async () => {
    client.send('SET quit 1\r\nQUIT\r\nPING\r\n');
    expect(await client.receivedUntilClosed()).toBe('+OK\r\n+OK\r\n');
  });

  test('RESET puts the connection back to how it began', async () => {
    await client.pipeline([
      ['HELLO', 3, 'SETNAME', 'me'],
      ['SELECT', 2],
      ['CLIENT', 'NO-TOUCH', 'ON'],
    ]);
    expect(await client.command('RESET')).toBe('RESET');
    expect(await client.command('CLIENT', 'GETNAME')).toBe(null);
    const info = await client.command('CLIENT', 'INFO');
    expect(info).toContain(' db=0 ');
    expect(info).toContain(' flags=N ');
    expect(info).toContain(' resp=2');
    expect(await client.command('RESET', 'x')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'reset' command"),
    );
  });

  test('RESET turns replies on again and is itself answered, and keeps what is known of the library', async () => {
    await client.command('CLIENT', 'SETINFO', 'LIB-NAME', 'lib');
    client.send('CLIENT NO-EVICT on\r\nCLIENT REPLY OFF\r\nPING\r\nRESET\r\nPING\r\n');
    expect([await client.reply(), await client.reply(), await client.reply()]).toEqual([
      'OK',
      'RESET',
      'PONG',
    ]);
    expect(await client.command('CLIENT', 'INFO')).toMatch(/ flags=N .* lib-name=lib /);
  });

  describe('HELLO', () => {
    test('without arguments keeps the protocol and describes the server', async () => {
      const id = await client.command('CLIENT', 'ID');
      expect(await client.command('HELLO')).toEqual([
        ...['server', 'redis', 'version', '7.2.4', 'proto', 2, 'id', id],
        ...['mode', 'standalone', 'role', 'master', 'modules', []],
      ]);
    });

    test('3 answers with a map, and later replies are in RESP3', async () => {
      const reply = await client.command('HELLO', 3, 'SETNAME', 'tester');
      expect(reply).toBeInstanceOf(Map);
      expect([...(reply as Map<string, unknown>).keys()]).toEqual([
        'server',
        'version',
        'proto',
        'id',
        'mode',
        'role',
        'modules',
      ]);
      expect((reply as Map<string, unknown>).get('proto')).toBe(3);
      client.send('GET nothing\r\nCLIENT GETNAME\r\n');
      expect(await client.readRaw(3)).toBe('_\r\n');
      expect(await client.reply()).toBe('tester');
      expect(await client.command('HELLO', 2)).toBeInstanceOf(Array);
    });

    test.each([
      [['4'], 'NOPROTO unsupported protocol version'],
      [['1'], 'NOPROTO unsupported protocol version'],
      [['abc'], 'ERR Protocol version is not an integer or out of range'],
      [['3', 'foo'], "ERR Syntax error in HELLO option 'foo'"],
      [['3', 'AUTH', 'x'], "ERR Syntax error in HELLO option 'AUTH'"],
      [['3', 'SETNAME'], "ERR Syntax error in HELLO option 'SETNAME'"],
      [['3', 'SETNAME', 'a b'], 'ERR Client names cannot contain spaces, newlines or special characters.'],
    ])('%j is an error and changes nothing', async (words, message) => {
      expect(await client.command('HELLO', ...words)).toEqual(new ReplyError(message));
      expect(await client.command('CLIENT', 'INFO')).toContain(' name= ');
      expect(await client.command('HELLO')).toBeInstanceOf(Array);
    });
  });

  test('AUTH without a password set says so, and takes any for the default user', async () => {
    expect(await client.command('AUTH', 'x')).toEqual(
      new ReplyError(
        'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      ),
    );
    expect(await client.command('AUTH', 'default', 'any')).toBe('OK');
    expect(await client.command('AUTH', 'nobody', 'x')).toEqual(
      new ReplyError('WRONGPASS invalid username-password pair or user is disabled.'),
    );
    expect(await client.command('AUTH', 'a', 'b', 'c')).toEqual(new ReplyError('ERR syntax error'));
  });
});

describe('with a password', () => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ shards: 1, args: ['--requirepass', 'secret'] });
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    client = await server.client();
  });
  afterEach(() => client.destroy());

  test('only HELLO, AUTH, RESET and QUIT are answered before AUTH', async () => {
    const refusal = new ReplyError('NOAUTH Authentication required.');
    for (const words of [['PING'], ['GET', 'a'], ['CONFIG', 'GET', '*'], ['INFO']]) {
      expect(await client.command(...words)).toEqual(refusal);
    }
    expect(String(await client.command('HELLO', 3))).toContain('NOAUTH HELLO must be called with');
    expect(await client.command('RESET')).toBe('RESET');
    expect(await client.command('QUIT')).toBe('OK');
  });

  test('AUTH takes the password alone or after the name default', async () => {
    expect(await client.command('AUTH', 'wrong')).toEqual(
      new ReplyError('WRONGPASS invalid username-password pair or user is disabled.'),
    );
    expect(await client.command('PING')).toBeInstanceOf(ReplyError);
    expect(await client.command('AUTH', 'secret')).toBe('OK');
    expect(await client.command('PING')).toBe('PONG');
    // A wrong one later does not log out.
    expect(await client.command('AUTH', 'default', 'wrong')).toBeInstanceOf(ReplyError);
    expect(await client.command('PING')).toBe('PONG');
    expect(await client.command('AUTH', 'default', 'secret')).toBe('OK');
  });

  test('HELLO authenticates and chooses the protocol in one step', async () => {
    expect(await client.command('HELLO', 3, 'AUTH', 'default', 'secret')).toBeInstanceOf(Map);
    expect(await client.command('PING')).toBe('PONG');
  });

  test('RESET logs out', async () => {
    await client.command('AUTH', 'secret');
    expect(await client.command('RESET')).toBe('RESET');
    expect(await client.command('PING')).toEqual(new ReplyError('NOAUTH Authentication required.'));
  });
});
