/** `requirepass`: who may do what before and after AUTH. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { encodeCommand, type Reply, ReplyError } from '../support/client.ts';
import { useServer } from './served.ts';

const NOAUTH = new ReplyError('NOAUTH Authentication required.');
const WRONGPASS = new ReplyError('WRONGPASS invalid username-password pair or user is disabled.');
const PASSWORD = 'päss word';
/** As a client sends it: strings of the tests' client are latin1. */
const PASSWORD_BYTES = Buffer.from(PASSWORD, 'utf8');
const KB = 1024;

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards, args: ['--requirepass', PASSWORD] });

  test('nothing but AUTH, HELLO, QUIT and RESET runs before the client has authenticated', async () => {
    const client = await server().client();
    for (const command of [
      ['GET', 'k'],
      ['MGET', 'a', 'b'],
      ['PING'],
      ['DBSIZE'],
      ['CONFIG', 'GET', '*'],
      ['COMMAND'],
    ]) {
      expect(await client.command(...command)).toEqual(NOAUTH);
    }
    expect(await client.command('NOPE')).toBeInstanceOf(ReplyError);
    expect(await client.command('RESET')).toBe('RESET');
    expect(await client.command('QUIT')).toBe('OK');
    await client.closed;
  });

  test('AUTH with the right password opens the connection, in the middle of a pipeline too', async () => {
    const client = await server().client();
    const replies = await client.pipeline([
      ['SET', 'k', 'early'],
      ['AUTH', 'wrong'],
      ['SET', 'k', 'still early'],
      ['AUTH', PASSWORD_BYTES],
      ['SET', 'k', 'v'],
      ['GET', 'k'],
    ]);
    expect(replies).toEqual([NOAUTH, WRONGPASS, NOAUTH, 'OK', 'OK', 'v']);
    expect(await client.command('AUTH', 'wrong')).toEqual(WRONGPASS);
    expect(await client.command('GET', 'k')).toBe('v');
    client.destroy();
  });

  test('AUTH takes the name of the default user, and no other', async () => {
    const client = await server().client();
    expect(await client.command('AUTH', 'somebody', PASSWORD_BYTES)).toEqual(WRONGPASS);
    expect(await client.command('AUTH', 'default', PASSWORD_BYTES)).toBe('OK');
    expect(await client.command('PING')).toBe('PONG');
    client.destroy();
  });

  test('HELLO authenticates and switches the protocol at once, or does neither', async () => {
    const client = await server().client();
    const refused = (await client.command('HELLO', '3')) as ReplyError;
    expect(refused.message).toMatch(/^NOAUTH HELLO must be called with the client already authenticated/);
    expect(await client.command('HELLO', '3', 'AUTH', 'default', 'wrong')).toEqual(WRONGPASS);
    client.send(encodeCommand(['GET', 'absent']));
    expect(await client.readRaw(NOAUTH.message.length + 3)).toBe(`-${NOAUTH.message}\r\n`);
    expect(await client.command('HELLO', '3', 'AUTH', 'default', PASSWORD_BYTES)).toBeInstanceOf(Map);
    client.send(encodeCommand(['GET', 'absent']));
    expect(await client.readRaw(3)).toBe('_\r\n');
    client.destroy();
  });

  test('RESET takes the authentication back', async () => {
    const client = await server().client();
    const replies = await client.pipeline([
      ['AUTH', PASSWORD_BYTES],
      ['SET', 'k', 'v'],
      ['GET', 'k'],
      ['RESET'],
      ['GET', 'k'],
    ]);
    expect(replies).toEqual(['OK', 'OK', 'v', 'RESET', NOAUTH]);
    client.destroy();
  });

  test.each([
    ['10 words', `*10\r\n${'$1\r\nx\r\n'.repeat(10)}`, "-ERR unknown command 'x'"],
    ['11 words', '*11\r\n', '-ERR Protocol error: unauthenticated multibulk length\r\n'],
    [
      'a word of 16 KB',
      `*2\r\n$4\r\nECHO\r\n$${16 * KB}\r\n${'x'.repeat(16 * KB)}\r\n`,
      `-${NOAUTH.message}\r\n`,
    ],
    [
      'a word of 16 KB and a byte',
      `*2\r\n$4\r\nECHO\r\n$${16 * KB + 1}\r\n`,
      '-ERR Protocol error: unauthenticated bulk length\r\n',
    ],
  ])('a stranger that sends %s is answered within its limits', async (_, bytes, reply) => {
    const client = await server().client();
    client.send(bytes);
    expect(await client.readRaw(reply.length)).toBe(reply);
    if (reply.includes('Protocol error')) await client.closed;
    client.destroy();
  });

  test('the limits end with AUTH, within the same pipeline', async () => {
    const client = await server().client();
    const long = 'x'.repeat(20 * KB);
    const keys = Array.from({ length: 30 }, (_, i) => `many ${i}`);
    const replies = await client.pipeline([
      ['AUTH', PASSWORD_BYTES],
      ['SET', 'long', long],
      ['MSET', ...keys.flatMap((key) => [key, key])],
      ['MGET', ...keys, 'long'],
    ]);
    const expected: Reply[] = ['OK', 'OK', 'OK', [...keys, long]];
    expect(replies).toEqual(expected);
    client.destroy();
  });

  test('a new password is asked of new connections, and none when it is empty', async () => {
    const client = await server().client();
    expect(await client.command('AUTH', PASSWORD_BYTES)).toBe('OK');
    expect(await client.command('CONFIG', 'SET', 'requirepass', 'other')).toBe('OK');
    expect(await client.command('PING')).toBe('PONG');
    const stranger = await server().client();
    expect(await stranger.command('AUTH', PASSWORD_BYTES)).toEqual(WRONGPASS);
    expect(await stranger.command('AUTH', 'other')).toBe('OK');
    expect(await client.command('CONFIG', 'SET', 'requirepass', '')).toBe('OK');
    const welcome = await server().client();
    expect(await welcome.command('PING')).toBe('PONG');
    expect(await client.command('CONFIG', 'SET', 'requirepass', PASSWORD_BYTES)).toBe('OK');
    for (const each of [client, stranger, welcome]) each.destroy();
  });
});
