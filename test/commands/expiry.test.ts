/** Commands that set, tell and remove a key's expiry. */
import { expect, test } from 'vitest';
import type { Word } from '../support/client.ts';
import {
  describeServed,
  error,
  invalidExpireTime,
  NOT_AN_INTEGER,
  type Served,
  wrongArity,
} from './served.ts';

const SETTERS = ['EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT'];
const NX_CONFLICT = error('ERR NX and XX, GT or LT options at the same time are not compatible');
const GT_LT_CONFLICT = error('ERR GT and LT options at the same time are not compatible');

/** Asks until the reply is `expected`: for what happens when time passes. */
async function eventually({ run }: Served, expected: unknown, ...words: Word[]): Promise<void> {
  await expect.poll(() => run(...words), { timeout: 10_000 }).toEqual(expected);
}

describeServed('Expiry', (served) => {
  const { run } = served;

  test('is set in seconds and milliseconds, from now and from 1970', async () => {
    const at = Math.floor(Date.now() / 1000) + 1000;
    await run('SET', 'key', 'v');
    expect(await run('EXPIRE', 'key', 100)).toBe(1);
    expect(await run('TTL', 'key')).toBe(100);
    expect(await run('PEXPIRE', 'key', 200_000)).toBe(1);
    expect(await run('TTL', 'key')).toBe(200);
    expect(await run('EXPIREAT', 'key', at)).toBe(1);
    expect(await run('EXPIRETIME', 'key')).toBe(at);
    expect(await run('PEXPIREAT', 'key', at * 1000 + 7)).toBe(1);
    expect(await run('PEXPIRETIME', 'key')).toBe(at * 1000 + 7);
    expect(await run('GET', 'key')).toBe('v');
  });

  test('is told in seconds rounded to the nearest', async () => {
    await run('SET', 'key', 'v', 'PXAT', 9_000_000_000_600);
    expect(await run('EXPIRETIME', 'key')).toBe(9_000_000_001);
    expect(await run('PEXPIRETIME', 'key')).toBe(9_000_000_000_600);
    const left = (await run('PTTL', 'key')) as number;
    expect(left).toBeGreaterThan(0);
    expect(Date.now() + left).toBeGreaterThanOrEqual(9_000_000_000_600);
  });

  test('is -2 without the key and -1 without an expiry', async () => {
    await run('SET', 'key', 'v');
    for (const name of ['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME']) {
      expect(await run(name, 'missing')).toBe(-2);
      expect(await run(name, 'key')).toBe(-1);
      expect(await run(name)).toEqual(wrongArity(name.toLowerCase()));
    }
  });

  test('removes the key when its time has come', async () => {
    await run('SET', 'key', 'v', 'PX', 30);
    await eventually(served, null, 'GET', 'key');
    expect(await run('EXISTS', 'key')).toBe(0);
    expect(await run('TTL', 'key')).toBe(-2);
    expect(await run('INCR', 'key')).toBe(1);
    expect(await run('TTL', 'key')).toBe(-1);
  });

  test('in the past deletes the key at once', async () => {
    for (const [name, time] of [
      ['EXPIRE', 0],
      ['EXPIRE', -1],
      ['PEXPIRE', -5],
      ['EXPIREAT', 1],
      ['PEXPIREAT', 1],
      ['PEXPIREAT', '-9223372036854775808'],
      ['PEXPIRE', '-9223372036854775808'],
    ] as const) {
      await run('SET', 'key', 'v');
      expect(await run(name, 'key', time), `${name} ${time}`).toBe(1);
      expect(await run('EXISTS', 'key')).toBe(0);
      expect(await run('DBSIZE')).toBe(0);
    }
  });

  test('of a missing key is not set', async () => {
    for (const name of SETTERS) expect(await run(name, 'missing', 1000)).toBe(0);
    expect(await run('EXISTS', 'missing')).toBe(0);
  });

  test('is set on conditions', async () => {
    await run('SET', 'key', 'v');
    expect(await run('EXPIRE', 'key', 100, 'XX')).toBe(0);
    expect(await run('EXPIRE', 'key', 100, 'GT')).toBe(0);
    expect(await run('TTL', 'key')).toBe(-1);
    expect(await run('EXPIRE', 'key', 100, 'nx')).toBe(1);
    expect(await run('EXPIRE', 'key', 200, 'NX')).toBe(0);
    expect(await run('EXPIRE', 'key', 50, 'GT')).toBe(0);
    expect(await run('EXPIRE', 'key', 200, 'gt')).toBe(1);
    expect(await run('EXPIRE', 'key', 300, 'LT')).toBe(0);
    expect(await run('EXPIRE', 'key', 50, 'XX', 'LT')).toBe(1);
    expect(await run('TTL', 'key')).toBe(50);
    expect(await run('EXPIRE', 'key', 70, 'XX', 'XX')).toBe(1);
    await run('PERSIST', 'key');
    expect(await run('EXPIRE', 'key', 60, 'LT')).toBe(1);
    expect(await run('TTL', 'key')).toBe(60);
    expect(await run('EXPIRE', 'key', -1, 'GT')).toBe(0);
    expect(await run('EXPIRE', 'key', -1, 'LT')).toBe(1);
    expect(await run('EXISTS', 'key')).toBe(0);
  });

  test('refuses wrong options before wrong times', async () => {
    await run('SET', 'key', 'v');
    for (const name of SETTERS) {
      expect(await run(name, 'key', 10, 'foo')).toEqual(error('ERR Unsupported option foo'));
      expect(await run(name, 'key', 10, 'NX', 'XX', 'foo')).toEqual(error('ERR Unsupported option foo'));
      for (const other of ['XX', 'GT', 'LT']) {
        expect(await run(name, 'key', 'abc', 'NX', other)).toEqual(NX_CONFLICT);
        expect(await run(name, 'key', 'abc', other, 'NX')).toEqual(NX_CONFLICT);
      }
      expect(await run(name, 'key', 10, 'GT', 'LT')).toEqual(GT_LT_CONFLICT);
      expect(await run(name, 'key', 'abc')).toEqual(NOT_AN_INTEGER);
      expect(await run(name, 'key', '1.5')).toEqual(NOT_AN_INTEGER);
      expect(await run(name, 'missing', 'abc')).toEqual(NOT_AN_INTEGER);
      expect(await run(name, 'key')).toEqual(wrongArity(name.toLowerCase()));
    }
    expect(await run('TTL', 'key')).toBe(-1);
  });

  test('refuses times that leave 64 bits', async () => {
    await run('SET', 'key', 'v');
    expect(await run('EXPIRE', 'key', '9223372036854775807')).toEqual(invalidExpireTime('expire'));
    expect(await run('EXPIRE', 'key', '-9223372036854775808')).toEqual(invalidExpireTime('expire'));
    expect(await run('EXPIRE', 'key', '9223372036854775')).toEqual(invalidExpireTime('expire'));
    expect(await run('EXPIREAT', 'key', '9223372036854776')).toEqual(invalidExpireTime('expireat'));
    expect(await run('PEXPIRE', 'key', '9223372036854770000')).toEqual(invalidExpireTime('pexpire'));
    expect(await run('TTL', 'key')).toBe(-1);
    expect(await run('PEXPIREAT', 'key', '9223372036854770000')).toBe(1);
    expect(await run('GET', 'key')).toBe('v');
  });

  test('is removed by PERSIST', async () => {
    await run('SET', 'key', 'v', 'EX', 100);
    expect(await run('PERSIST', 'key')).toBe(1);
    expect(await run('TTL', 'key')).toBe(-1);
    expect(await run('PERSIST', 'key')).toBe(0);
    expect(await run('PERSIST', 'missing')).toBe(0);
    expect(await run('GET', 'key')).toBe('v');
  });
});
