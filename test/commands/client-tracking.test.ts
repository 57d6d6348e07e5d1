/** CLIENT TRACKING, TRACKINGINFO, GETREDIR and CACHING, as far as they go without client-side caching. */
import { expect, test } from 'vitest';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './served.ts';

const UNAVAILABLE = error(
  'ERR CLIENT TRACKING ON is not available in this version: client-side caching is not supported',
);
const BROADCAST_AND_OPTION = error('ERR OPTIN and OPTOUT are not compatible with BCAST');

describeServed('client-side caching', ({ run }) => {
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

  test('CLIENT TRACKING ON that would be right says that it is not available', async () => {
    const id = Number(await run('CLIENT', 'ID'));
    for (const words of [
      ['ON'],
      ['on', 'BCAST', 'PREFIX', 'a', 'PREFIX', 'b'],
      ['on', 'OPTIN', 'NOLOOP'],
      ['on', 'REDIRECT', String(id)],
    ]) {
      expect(await run('CLIENT', 'TRACKING', ...words)).toEqual(UNAVAILABLE);
    }
    expect(await run('PING')).toBe('PONG');
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
});
