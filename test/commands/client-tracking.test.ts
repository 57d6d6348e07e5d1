/** CLIENT TRACKING, TRACKINGINFO, GETREDIR and CACHING: client-side caching helped by the server. */
import { expect, test } from 'vitest';
import { infoField } from '../server/served.ts';
import { pause, until } from '../server/waiting.ts';
import { type Client, encodeCommand, type Reply } from '../support/client.ts';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './served.ts';

const BROADCAST_AND_OPTION = error('ERR OPTIN and OPTOUT are not compatible with BCAST');

describeServed('client-side caching', ({ run, connect }) => {
  test('CLIENT TRACKING OFF works, and nothing is tracked', async () => {
    expect(await run('CLIENT', 'TRACKING', 'off')).toBe('OK');
    expect(await run('CLIENT', 'TRACKING', 'OFF', 'BCAST', 'NOLOOP')).toBe('OK');
    const flags = ['flags', ['off'], 'redirect', -1, 'prefixes', []];
    expect(await run('CLIENT', 'TRACKINGINFO')).toEqual(flags);
    expect(await run('CLIENT', 'GETREDIR')).toBe(-1);
  });

  test('CLIENT TRACKINGINFO is a map with a set in RESP3', async () => {
    await run('HELLO', 3);
    const info = (await run('CLIENT', 'TRACKINGINFO')) as unknown as Map<string, unknown>;
    expect(info.get('flags')).toEqual(new Set(['off']));
    expect(info.get('redirect')).toBe(-1);
    await run('HELLO', 2);
  });

  test.each([
    [['foo'], SYNTAX_ERROR],
    [['on', 'foo'], SYNTAX_ERROR],
    [['on', 'REDIRECT'], SYNTAX_ERROR],
    [['on', 'PREFIX'], SYNTAX_ERROR],
    [['on', 'REDIRECT', 'abc'], NOT_AN_INTEGER],
    [['on', 'REDIRECT', '0'], error('ERR The client ID you want redirect to does not exist')],
    [['off', 'REDIRECT', '123456'], error('ERR The client ID you want redirect to does not exist')],
    [['on', 'PREFIX', 'a'], error('ERR PREFIX option requires BCAST mode to be enabled')],
    [['on', 'BCAST', 'OPTIN'], BROADCAST_AND_OPTION],
    [['on', 'OPTOUT', 'BCAST', 'PREFIX', 'a'], BROADCAST_AND_OPTION],
    [['on', 'OPTOUT', 'OPTIN'], error("ERR You can't specify both OPTIN mode and OPTOUT mode")],
    [
      ['on', 'BCAST', 'PREFIX', 'x', 'PREFIX', 'foobar', 'PREFIX', 'foo'],
      error(
        "ERR Prefix 'foobar' overlaps with another provided prefix 'foo'. Prefixes for a single client must not overlap.",
      ),
    ],
  ])('CLIENT TRACKING %j is an error', async (words, expected) => {
    expect(await run('CLIENT', 'TRACKING', ...words)).toEqual(expected);
  });

  test('a client may be redirected to only once', async () => {
    const id = Number(await run('CLIENT', 'ID'));
    expect(await run('CLIENT', 'TRACKING', 'on', 'REDIRECT', id, 'REDIRECT', id)).toEqual(
      error('ERR A client can only redirect to a single other client'),
    );
  });

  test('CLIENT CACHING needs tracking', async () => {
    for (const word of ['YES', 'no', 'foo']) {
      expect(await run('CLIENT', 'CACHING', word)).toEqual(
        error(
          'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
        ),
      );
    }
    expect(await run('CLIENT', 'CACHING')).toEqual(wrongArity('client|caching'));
  });

  test('what cannot be combined with what the client has is an error', async () => {
    const client = await connect();
    const track = (...words: string[]) => client.command('CLIENT', 'TRACKING', 'ON', ...words);
    expect(await track('OPTIN')).toBe('OK');
    expect(await track('BCAST')).toEqual(
      error(
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
      ),
    );
    expect(await track('OPTOUT')).toEqual(
      error(
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
      ),
    );
    expect(await client.command('CLIENT', 'CACHING', 'NO')).toEqual(
      error('ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.'),
    );
    expect(await client.command('CLIENT', 'CACHING', 'maybe')).toEqual(SYNTAX_ERROR);
    expect(await client.command('CLIENT', 'TRACKING', 'OFF')).toBe('OK');
    expect(await track('OPTOUT')).toBe('OK');
    expect(await client.command('CLIENT', 'CACHING', 'YES')).toEqual(
      error('ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.'),
    );
    expect(await client.command('RESET')).toBe('RESET');
    expect(await track('BCAST', 'PREFIX', 'foo')).toBe('OK');
    for (const prefix of ['fo', 'foobar', 'foo']) {
      expect(await track('BCAST', 'PREFIX', prefix)).toEqual(
        error(
          `ERR Prefix '${prefix}' overlaps with an existing prefix 'foo'. Prefixes for a single client must not overlap.`,
        ),
      );
    }
    client.destroy();
  });

  test('TRACKINGINFO, GETREDIR, CLIENT LIST and INFO tell of it', async () => {
    const client = await connect();
    const other = await connect();
    const id = Number(await other.command('CLIENT', 'ID'));
    const flags = async () => ((await client.command('CLIENT', 'TRACKINGINFO')) as Reply[])[1];
    const listed = async () =>
      /flags=(\S+).* redir=(\S+)/.exec(String(await client.command('CLIENT', 'INFO')));
    expect((await listed())?.slice(1)).toEqual(['N', '-1']);
    await client.command('CLIENT', 'TRACKING', 'ON', 'OPTIN', 'NOLOOP', 'REDIRECT', id);
    expect(await flags()).toEqual(['on', 'optin', 'noloop']);
    expect(await client.command('CLIENT', 'CACHING', 'YES')).toBe('OK');
    expect(await flags()).toEqual(['on', 'optin', 'caching-yes', 'noloop']);
    expect(await client.command('GET', 'k')).toBe(null);
    expect(await flags()).toEqual(['on', 'optin', 'noloop']);
    expect(await client.command('CLIENT', 'GETREDIR')).toBe(id);
    expect((await listed())?.slice(1)).toEqual(['t', String(id)]);
    expect(await infoField(client, 'tracking_clients')).toBe('1');
    expect(await infoField(client, 'tracking_total_keys')).toBe('1');
    expect(await infoField(client, 'tracking_total_items')).toBe('1');
    await client.command('CLIENT', 'TRACKING', 'OFF');
    await client.command('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'b', 'PREFIX', 'a');
    expect(await client.command('CLIENT', 'TRACKINGINFO')).toEqual([
      ...['flags', ['on', 'bcast'], 'redirect', 0],
      ...['prefixes', ['a', 'b']],
    ]);
    expect((await listed())?.slice(1)).toEqual(['tB', '0']);
    expect(await infoField(client, 'tracking_total_prefixes')).toBe('2');
    await client.command('RESET');
    expect(await infoField(client, 'tracking_clients')).toBe('0');
    expect(await infoField(client, 'tracking_total_keys')).toBe('0');
    client.destroy();
    other.destroy();
  });
});

describeServed('messages to clients with caches', ({ run, connect }) => {
  /** A client of RESP3 that tracks. */
  async function tracking(...options: readonly (string | number)[]): Promise<Client> {
    const client = await connect();
    await client.command('HELLO', 3);
    expect(await client.command('CLIENT', 'TRACKING', 'ON', ...options)).toBe('OK');
    return client;
  }

  /** What has come so far, with the keys of one message behind each other. */
  async function told(client: Client): Promise<unknown[]> {
    await client.command('PING');
    return client.pushes.splice(0).map(([kind, keys]) => (kind === 'invalidate' ? keys : [kind, keys]));
  }

  test('a key that was read is told once, until it is read again', async () => {
    const client = await tracking();
    await client.command('GET', 'a');
    await client.command('MGET', 'b', 'c');
    await client.command('EXISTS', 'd');
    await run('SET', 'a', '1');
    await run('SET', 'a', '2');
    await run('MSET', 'c', '1', 'unread', '1');
    await run('SET', 'd', '1');
    expect(await told(client)).toEqual([['a'], ['c'], ['d']]);
    await run('DEL', 'a', 'b');
    expect(await told(client)).toEqual([]);
    await client.command('GET', 'c');
    for (const command of [
      ['EXPIRE', 'c', 100],
      ['PERSIST', 'c'],
      ['APPEND', 'c', 'x'],
      ['SETRANGE', 'c', 3, 'x'],
      ['SETBIT', 'c', 3, 1],
      ['RENAME', 'c', 'e'],
    ]) {
      await run(...command);
      expect([command, await told(client)]).toEqual([command, [['c']]]);
      await client.command('GET', 'c');
    }
    client.destroy();
  });

  test('a change in another database counts, because a cache knows keys by their names', async () => {
    const client = await tracking();
    await client.command('GET', 'a');
    const other = await connect();
    await other.command('SELECT', 5);
    await other.command('SET', 'a', '1');
    expect(await told(client)).toEqual([['a']]);
    client.destroy();
    other.destroy();
  });

  test('emptied and swapped databases make all keys void', async () => {
    const client = await tracking();
    const broadcast = await tracking('BCAST');
    for (const command of [['FLUSHALL'], ['FLUSHDB'], ['FLUSHALL', 'ASYNC']]) {
      await run(...command);
      expect([command, await told(client), await told(broadcast)]).toEqual([command, [null], [null]]);
    }
    await run('SET', 'a', '1');
    await told(broadcast);
    await run('SWAPDB', 0, 1);
    expect([await told(client), await told(broadcast)]).toEqual([[null], [null]]);
    client.destroy();
    broadcast.destroy();
  });

  test('keys whose time has come are told, when they are asked for and when they are found', async () => {
    const client = await tracking('NOLOOP');
    await run('SET', 'a', '1', 'PX', 20);
    await run('SET', 'b', '1', 'PX', 20);
    await client.command('MGET', 'a', 'b');
    const keys: unknown[] = [];
    await until('both are told', async () => {
      keys.push(...(await told(client)));
      return keys.length === 2;
    });
    expect(keys.sort()).toEqual([['a'], ['b']]);
    client.destroy();
  });

  test('BCAST: all changes of keys with a prefix, read or not, once a turn', async () => {
    const client = await tracking('BCAST', 'PREFIX', 'foo', 'PREFIX', 'bar');
    const all = await tracking('BCAST');
    await run('MSET', 'foo1', '1', 'foo2', '1', 'other', '1', 'bar', '1');
    const flat = async (each: Client) => ((await told(each)) as string[][]).flat().sort();
    expect(await flat(client)).toEqual(['bar', 'foo1', 'foo2']);
    expect(await flat(all)).toEqual(['bar', 'foo1', 'foo2', 'other']);
    await run('DEL', 'none');
    expect(await flat(all)).toEqual([]);
    expect(await client.command('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'other')).toBe('OK');
    await run('DEL', 'other', 'foo1');
    expect(await flat(client)).toEqual(['foo1', 'other']);
    client.destroy();
    all.destroy();
  });

  test('OPTIN and OPTOUT with CLIENT CACHING', async () => {
    const optIn = await tracking('OPTIN');
    await optIn.command('GET', 'a');
    await optIn.command('CLIENT', 'CACHING', 'YES');
    await optIn.command('CLIENT', 'ID');
    await optIn.command('GET', 'b');
    await optIn.command('GET', 'c');
    const optOut = await tracking('OPTOUT');
    await optOut.command('GET', 'a');
    await optOut.command('CLIENT', 'CACHING', 'NO');
    await optOut.command('GET', 'b');
    await optOut.command('GET', 'c');
    for (const key of ['a', 'b', 'c']) await run('SET', key, '1');
    expect(await told(optIn)).toEqual([['b']]);
    expect(await told(optOut)).toEqual([['a'], ['c']]);
    optIn.destroy();
    optOut.destroy();
  });

  test('a message about what the client changes itself comes behind the reply, or not at all with NOLOOP', async () => {
    const client = await tracking();
    const noLoop = await tracking('NOLOOP');
    const broadcast = await tracking('NOLOOP', 'BCAST');
    for (const each of [client, noLoop]) await each.command('MGET', 'a', 'b');
    expect(await noLoop.command('SET', 'a', '1')).toBe('OK');
    expect([await told(client), await told(noLoop), await told(broadcast)]).toEqual([[['a']], [], [['a']]]);
    await client.command('GET', 'b');
    client.send(encodeCommand(['SET', 'b', '1']));
    const whole = '+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nb\r\n';
    expect(await client.readRaw(whole.length)).toBe(whole);
    expect([await told(noLoop), await told(broadcast)]).toEqual([[['b']], [['b']]]);
    expect(await broadcast.command('MSET', 'a', '1', 'b', '2', 'c', '3')).toBe('OK');
    await run('SET', 'c', '4');
    expect(await told(broadcast)).toEqual([['c']]);
    for (const each of [client, noLoop, broadcast]) each.destroy();
  });

  test('REDIRECT: a client of RESP2 that listens to the channel gets the messages, and RESP3 by pushes', async () => {
    const client = await connect();
    const listener = await connect();
    const id = Number(await listener.command('CLIENT', 'ID'));
    expect(await client.command('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)).toBe('OK');
    await client.command('GET', 'a');
    // It does not listen yet: nobody is told.
    await run('SET', 'a', '1');
    expect(await listener.command('SUBSCRIBE', '__redis__:invalidate')).toEqual([
      'subscribe',
      '__redis__:invalidate',
      1,
    ]);
    await client.command('GET', 'b');
    await run('SET', 'b', '1');
    expect(await listener.reply()).toEqual(['message', '__redis__:invalidate', ['b']]);
    await run('FLUSHALL');
    expect(await listener.reply()).toEqual(['message', '__redis__:invalidate', null]);
    await listener.command('UNSUBSCRIBE');
    await listener.command('HELLO', 3);
    await client.command('GET', 'c');
    await run('SET', 'c', '1');
    expect(await told(listener)).toEqual([['c']]);
    client.destroy();
    listener.destroy();
  });

  test('a client whose messages go to one that is gone is told so', async () => {
    const listener = await connect();
    const id = Number(await listener.command('CLIENT', 'ID'));
    const client = await tracking('REDIRECT', id);
    await client.command('GET', 'a');
    listener.destroy();
    await until('it is gone', async () => !String(await run('CLIENT', 'LIST')).includes(`id=${id} `));
    await run('SET', 'a', '1');
    expect(await told(client)).toEqual([['tracking-redir-broken', id]]);
    const info = (await client.command('CLIENT', 'TRACKINGINFO')) as unknown as Map<string, unknown>;
    expect(info.get('flags')).toEqual(new Set(['on', 'broken_redirect']));
    expect(String(await client.command('CLIENT', 'INFO'))).toContain(' flags=tR ');
    client.destroy();
  });

  test('after tracking-table-max-keys keys those that are forgotten are told', async () => {
    const client = await tracking();
    await run('CONFIG', 'SET', 'tracking-table-max-keys', 10);
    for (let i = 0; i < 25; i++) await client.command('GET', `key:${i}`);
    await until(
      'the table has shrunk',
      async () => (await infoField(client, 'tracking_total_keys')) === '10',
    );
    expect(await told(client)).toHaveLength(15);
    await run('CONFIG', 'SET', 'tracking-table-max-keys', 3);
    await until('the table has shrunk', async () => (await infoField(client, 'tracking_total_keys')) === '3');
    expect(await told(client)).toHaveLength(7);
    await run('CONFIG', 'SET', 'tracking-table-max-keys', 1000000);
    client.destroy();
  });

  test('what a transaction reads is tracked, and its changes are told behind its reply', async () => {
    const client = await tracking();
    const optIn = await tracking('OPTIN');
    await optIn.command('CLIENT', 'CACHING', 'YES');
    for (const each of [client, optIn]) {
      await each.command('MULTI');
      await each.command('GET', 'a');
      await each.command('MGET', 'b', 'c');
      expect(await each.command('EXEC')).toEqual([null, [null, null]]);
    }
    await client.command('MULTI');
    await client.command('INCR', 'a');
    await client.command('SET', 'c', '1');
    expect(client.pushes).toEqual([]);
    expect(await client.command('EXEC')).toEqual([1, 'OK']);
    const sorted = (messages: unknown[]) => messages.map(String).sort();
    expect(sorted(await told(client))).toEqual(['a', 'c']);
    expect(sorted(await told(optIn))).toEqual(['a', 'c']);
    await optIn.command('GET', 'a');
    await run('SET', 'b', '1');
    expect([await told(client), await told(optIn)]).toEqual([[['b']], [['b']]]);
    await run('SET', 'a', '1');
    expect(await told(optIn)).toEqual([]);
    client.destroy();
    optIn.destroy();
  });

  test('what a transaction changes before it reads it for the first time is not told', async () => {
    const client = await tracking();
    const other = await tracking();
    for (const each of [client, other]) await each.command('MGET', 'c');
    await other.command('GET', 'a');
    await client.command('MULTI');
    await client.command('MSET', 'a', '1', 'b', '1', 'c', '1', 'd', '1');
    await client.command('MGET', 'a', 'b', 'c', 'd');
    await client.command('APPEND', 'd', 'x');
    expect(await client.command('EXEC')).toEqual(['OK', ['1', '1', '1', '1'], 2]);
    const sorted = async (each: Client) => (await told(each)).map(String).sort();
    expect([await sorted(client), await sorted(other)]).toEqual([
      ['c', 'd'],
      ['a', 'c'],
    ]);
    expect(await infoField(client, 'tracking_total_items')).toBe('2');
    await run('MSET', 'a', '2', 'b', '2', 'c', '2');
    expect([await sorted(client), await sorted(other)]).toEqual([['a', 'b'], []]);
    client.destroy();
    other.destroy();
  });

  test('messages come though replies are switched off', async () => {
    const client = await tracking();
    await client.command('GET', 'a');
    client.send(encodeCommand(['CLIENT', 'REPLY', 'OFF']));
    await pause(20);
    await run('SET', 'a', '1');
    await until('the message comes', () => client.pushes.length === 1);
    expect(client.pushes).toEqual([['invalidate', ['a']]]);
    client.destroy();
  });

  test('a client of RESP2 without another one to redirect to is told nothing', async () => {
    const client = await connect();
    await client.command('CLIENT', 'TRACKING', 'ON');
    await client.command('GET', 'a');
    await run('SET', 'a', '1');
    expect(await client.command('PING')).toBe('PONG');
    expect(await client.command('PING')).toBe('PONG');
    client.destroy();
  });
});
