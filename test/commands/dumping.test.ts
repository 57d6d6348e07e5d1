/** DUMP and RESTORE. */
import { expect, test } from 'vitest';
import { bytes, checksum } from '../support/rdb-bytes.ts';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR } from './served.ts';

const BAD_PAYLOAD = error('ERR DUMP payload version or checksum are wrong');
const BAD_DATA = error('ERR Bad data format');
const BUSY = error('BUSYKEY Target key name already exists.');

/** A payload of these bytes with a right footer. */
function payload(content: Buffer, version = 10): Buffer {
  const body = bytes(content, version, version >> 8);
  return bytes(body, checksum(body));
}

const HELLO = payload(bytes(0, 5, 'hello'));

describeServed('DUMP and RESTORE', ({ run }) => {
  const dump = async (key: string) => Buffer.from((await run('DUMP', key)) as string, 'latin1');

  test('a string is written as in an RDB file, with version and checksum', async () => {
    expect(await run('DUMP', 'none')).toBeNull();
    await run('SET', 'key', 'hello');
    expect((await dump('key')).toString('hex')).toBe(HELLO.toString('hex'));
    await run('SET', 'key', '-7');
    expect((await dump('key')).subarray(0, 3).toString('hex')).toBe('00c0f9');
    await run('SET', 'key', 'x'.repeat(10_000));
    expect((await dump('key')).length).toBeLessThan(200);
  });

  test('what was dumped is restored, and the expiry is given', async () => {
    await run('SET', 'key', 'hello');
    const dumped = await dump('key');
    expect(await run('RESTORE', 'copy', 0, dumped)).toBe('OK');
    expect(await run('GET', 'copy')).toBe('hello');
    expect(await run('TTL', 'copy')).toBe(-1);
    expect(await run('RESTORE', 'later', 100_000, dumped)).toBe('OK');
    expect(await run('TTL', 'later')).toBe(100);
    expect(await run('RESTORE', 'then', 4102444800123, dumped, 'ABSTTL')).toBe('OK');
    expect(await run('PEXPIRETIME', 'then')).toBe(4102444800123);
    expect(await run('GET', 'then')).toBe('hello');
  });

  test('a key that is there is replaced only when that is asked for', async () => {
    await run('SET', 'key', 'old', 'EX', 100);
    expect(await run('RESTORE', 'key', 0, HELLO)).toEqual(BUSY);
    expect(await run('GET', 'key')).toBe('old');
    expect(await run('RESTORE', 'key', 0, HELLO, 'REPLACE')).toBe('OK');
    expect(await run('GET', 'key')).toBe('hello');
    expect(await run('TTL', 'key')).toBe(-1);
  });

  test('a moment that has passed makes no key, and removes the one it replaces', async () => {
    expect(await run('RESTORE', 'key', 1, HELLO, 'ABSTTL')).toBe('OK');
    expect(await run('EXISTS', 'key')).toBe(0);
    await run('SET', 'key', 'old');
    expect(await run('RESTORE', 'key', 1, HELLO, 'ABSTTL')).toEqual(BUSY);
    expect(await run('RESTORE', 'key', 1, HELLO, 'ABSTTL', 'REPLACE')).toBe('OK');
    expect(await run('EXISTS', 'key')).toBe(0);
  });

  test('IDLETIME sets when the key was last used', async () => {
    expect(await run('RESTORE', 'key', 0, HELLO, 'IDLETIME', 1000)).toBe('OK');
    const idle = (await run('OBJECT', 'IDLETIME', 'key')) as number;
    expect(idle).toBeGreaterThanOrEqual(1000);
    expect(idle).toBeLessThan(1060);
    expect(await run('RESTORE', 'ancient', 0, HELLO, 'IDLETIME', '9223372036854775807')).toBe('OK');
    expect(await run('OBJECT', 'IDLETIME', 'ancient')).toBeGreaterThan(8_000_000);
    expect(await run('RESTORE', 'frequent', 0, HELLO, 'FREQ', 255)).toBe('OK');
  });

  test('options are checked before anything else', async () => {
    await run('SET', 'key', 'v');
    const restore = (...words: (string | number)[]) => run('RESTORE', 'key', 'x', 'bad', ...words);
    expect(await restore('NONE')).toEqual(SYNTAX_ERROR);
    expect(await restore('IDLETIME')).toEqual(SYNTAX_ERROR);
    expect(await restore('IDLETIME', 1, 'FREQ', 1)).toEqual(SYNTAX_ERROR);
    expect(await restore('FREQ', 1, 'IDLETIME', 1)).toEqual(SYNTAX_ERROR);
    expect(await restore('IDLETIME', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await restore('IDLETIME', -1)).toEqual(error('ERR Invalid IDLETIME value, must be >= 0'));
    const badFrequency = error('ERR Invalid FREQ value, must be >= 0 and <= 255');
    expect(await restore('FREQ', -1)).toEqual(badFrequency);
    expect(await restore('FREQ', 256)).toEqual(badFrequency);
    expect(await restore()).toEqual(BUSY);
    expect(await restore('replace')).toEqual(NOT_AN_INTEGER);
    expect(await run('RESTORE', 'key', -1, 'bad', 'REPLACE')).toEqual(
      error('ERR Invalid TTL value, must be >= 0'),
    );
    expect(await run('RESTORE', 'key', 0, 'bad', 'REPLACE')).toEqual(BAD_PAYLOAD);
    expect(await run('GET', 'key')).toBe('v');
  });

  test('a damaged payload is refused and changes nothing', async () => {
    await run('SET', 'key', 'v');
    for (let at = 0; at < HELLO.length; at++) {
      const damaged = Buffer.from(HELLO);
      damaged[at]! ^= 4;
      expect(await run('RESTORE', 'key', 0, damaged, 'REPLACE')).toEqual(BAD_PAYLOAD);
    }
    for (const cut of [0, 1, 9, 10, 14]) {
      expect(await run('RESTORE', 'key', 0, HELLO.subarray(0, cut), 'REPLACE')).toEqual(BAD_PAYLOAD);
    }
    expect(await run('RESTORE', 'key', 0, payload(bytes(0, 9, 'hello')), 'REPLACE')).toEqual(BAD_DATA);
    expect(await run('RESTORE', 'key', 0, payload(bytes()), 'REPLACE')).toEqual(BAD_DATA);
    expect(await run('RESTORE', 'key', 0, payload(bytes(99, 1, 'x')), 'REPLACE')).toEqual(BAD_DATA);
    expect(await run('RESTORE', 'key', 0, payload(bytes(1, 0)), 'REPLACE')).toEqual(BAD_DATA);
    expect(await run('GET', 'key')).toBe('v');
  });

  test('payloads of versions up to 12 are taken', async () => {
    const string = bytes(0, 5, 'hello');
    expect(await run('RESTORE', 'old', 0, payload(string, 6))).toBe('OK');
    expect(await run('RESTORE', 'new', 0, payload(string, 12))).toBe('OK');
    expect(await run('RESTORE', 'newer', 0, payload(string, 13))).toEqual(BAD_PAYLOAD);
    expect(await run('RESTORE', 'newer', 0, payload(string, 0x0100))).toEqual(BAD_PAYLOAD);
  });
});
