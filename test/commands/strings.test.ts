/** GET, SET and the other commands on strings, and the counters. */
import { expect, test } from 'vitest';
import {
  describeServed,
  error,
  invalidExpireTime,
  NOT_AN_INTEGER,
  type Served,
  SYNTAX_ERROR,
  wrongArity,
} from './served.ts';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describeServed('SET and GET', (served) => {
  const { run } = served;

  test('keep any bytes in keys and values', async () => {
    expect(await run('SET', ALL_BYTES, ALL_BYTES)).toBe('OK');
    expect(await run('GET', ALL_BYTES)).toBe(ALL_BYTES.toString('latin1'));
    expect(await run('SET', '', '')).toBe('OK');
    expect(await run('GET', '')).toBe('');
    expect(await run('GET', 'missing')).toBe(null);
  });

  test('keep values of any length', async () => {
    for (const length of [1, 47, 49, 1000, 70_000, 3_000_000]) {
      const value = Buffer.alloc(length, ALL_BYTES);
      expect(await run('SET', 'key', value)).toBe('OK');
      expect((await run('GET', 'key')) === value.toString('latin1')).toBe(true);
      expect(await run('STRLEN', 'key')).toBe(length);
    }
    expect(await run('STRLEN', 'missing')).toBe(0);
  });

  test('SET overwrites value and expiry', async () => {
    await run('SET', 'key', 'a', 'EX', 100);
    expect(await run('SET', 'key', 'b')).toBe('OK');
    expect(await run('TTL', 'key')).toBe(-1);
    expect(await run('GET', 'key')).toBe('b');
  });

  test('SET with NX stores only what does not exist, with XX only what does', async () => {
    expect(await run('SET', 'key', 'a', 'XX')).toBe(null);
    expect(await run('EXISTS', 'key')).toBe(0);
    expect(await run('SET', 'key', 'a', 'nx')).toBe('OK');
    expect(await run('SET', 'key', 'b', 'NX')).toBe(null);
    expect(await run('GET', 'key')).toBe('a');
    expect(await run('SET', 'key', 'c', 'xx')).toBe('OK');
    expect(await run('GET', 'key')).toBe('c');
  });

  test('SET with GET returns the value before', async () => {
    expect(await run('SET', 'key', 'a', 'GET')).toBe(null);
    expect(await run('SET', 'key', 'b', 'GET')).toBe('a');
    expect(await run('SET', 'key', 'c', 'NX', 'GET')).toBe('b');
    expect(await run('GET', 'key')).toBe('b');
    expect(await run('SET', 'new', 'a', 'GET', 'NX')).toBe(null);
    expect(await run('GET', 'new')).toBe('a');
    expect(await run('SET', 'none', 'a', 'XX', 'GET')).toBe(null);
    expect(await run('EXISTS', 'none')).toBe(0);
    expect(await run('SET', 'key', 'c', 'XX', 'GET', 'EX', 50)).toBe('b');
    expect(await run('TTL', 'key')).toBe(50);
  });

  test('SET sets an expiry in every unit', async () => {
    const inAnHour = Date.now() + 3_600_000;
    await run('SET', 'key', 'v', 'EX', 100);
    expect(await run('TTL', 'key')).toBe(100);
    await run('SET', 'key', 'v', 'px', 100_000);
    expect(await run('TTL', 'key')).toBe(100);
    await run('SET', 'key', 'v', 'EXAT', Math.floor(inAnHour / 1000));
    expect(await run('EXPIRETIME', 'key')).toBe(Math.floor(inAnHour / 1000));
    await run('SET', 'key', 'v', 'PXAT', inAnHour);
    expect(await run('PEXPIRETIME', 'key')).toBe(inAnHour);
    await run('SET', 'key', 'w', 'KEEPTTL');
    expect(await run('PEXPIRETIME', 'key')).toBe(inAnHour);
    await run('SET', 'key', 'v', 'EX', 10, 'EX', 20);
    expect(await run('TTL', 'key')).toBe(20);
    expect(await run('SET', 'fresh', 'v', 'KEEPTTL')).toBe('OK');
    expect(await run('TTL', 'fresh')).toBe(-1);
  });

  test('SET with a moment in the past leaves no key', async () => {
    await run('SET', 'key', 'v');
    expect(await run('SET', 'key', 'w', 'EXAT', 1)).toBe('OK');
    expect(await run('GET', 'key')).toBe(null);
    expect(await run('SET', 'key', 'w', 'PXAT', 1)).toBe('OK');
    expect(await run('EXISTS', 'key')).toBe(0);
  });

  test('SET refuses options that are wrong or contradict each other', async () => {
    for (const options of [
      ['NX', 'XX'],
      ['XX', 'NX'],
      ['EX', '1', 'PX', '1'],
      ['EX', '1', 'KEEPTTL'],
      ['KEEPTTL', 'EXAT', '1'],
      ['PXAT', '1', 'EXAT', '1'],
      ['EX'],
      ['PERSIST'],
      ['10'],
      ['EX', '10', 'foo'],
      [''],
    ]) {
      expect(await run('SET', 'key', 'v', ...options), options.join(' ')).toEqual(SYNTAX_ERROR);
    }
    expect(await run('SET', 'key')).toEqual(wrongArity('set'));
    expect(await run('GET')).toEqual(wrongArity('get'));
    expect(await run('EXISTS', 'key')).toBe(0);
  });

  test('SET refuses expiry times that are no positive integers within 64 bits', async () => {
    for (const time of ['0', '-1', '9223372036854775807', '9223372036854775']) {
      expect(await run('SET', 'key', 'v', 'EX', time)).toEqual(invalidExpireTime('set'));
    }
    expect(await run('SET', 'key', 'v', 'PX', '9223372036854775807')).toEqual(invalidExpireTime('set'));
    expect(await run('SET', 'key', 'v', 'PXAT', '-5')).toEqual(invalidExpireTime('set'));
    expect(await run('SET', 'key', 'v', 'EXAT', '9223372036854776')).toEqual(invalidExpireTime('set'));
    for (const time of ['abc', '1.5', ' 1', '+1', '01', '', '9223372036854775808']) {
      expect(await run('SET', 'key', 'v', 'EX', time)).toEqual(NOT_AN_INTEGER);
    }
    expect(await run('SET', 'key', 'v', 'PXAT', '9223372036854775807')).toBe('OK');
    expect(await run('GET', 'key')).toBe('v');
  });
});

describeServed('The older forms of SET', (served) => {
  const { run } = served;

  test('SETNX tells whether it stored', async () => {
    expect(await run('SETNX', 'key', 'a')).toBe(1);
    expect(await run('SETNX', 'key', 'b')).toBe(0);
    expect(await run('GET', 'key')).toBe('a');
  });

  test('SETEX and PSETEX set value and expiry', async () => {
    expect(await run('SETEX', 'key', 100, 'a')).toBe('OK');
    expect(await run('TTL', 'key')).toBe(100);
    expect(await run('PSETEX', 'key', 200_000, 'b')).toBe('OK');
    expect(await run('TTL', 'key')).toBe(200);
    expect(await run('GET', 'key')).toBe('b');
    expect(await run('SETEX', 'key', 0, 'c')).toEqual(invalidExpireTime('setex'));
    expect(await run('PSETEX', 'key', -1, 'c')).toEqual(invalidExpireTime('psetex'));
    expect(await run('SETEX', 'key', 'x', 'c')).toEqual(NOT_AN_INTEGER);
    expect(await run('GET', 'key')).toBe('b');
  });

  test('GETSET returns the value before and removes the expiry', async () => {
    expect(await run('GETSET', 'key', 'a')).toBe(null);
    await run('EXPIRE', 'key', 100);
    expect(await run('GETSET', 'key', 'b')).toBe('a');
    expect(await run('TTL', 'key')).toBe(-1);
    expect(await run('GET', 'key')).toBe('b');
  });
});

describeServed('GETDEL and GETEX', (served) => {
  const { run } = served;

  test('GETDEL returns the value and deletes the key', async () => {
    await run('SET', 'key', 'a');
    expect(await run('GETDEL', 'key')).toBe('a');
    expect(await run('GETDEL', 'key')).toBe(null);
    expect(await run('EXISTS', 'key')).toBe(0);
  });

  test('GETEX returns the value and changes the expiry as it is told', async () => {
    const inAnHour = Date.now() + 3_600_000;
    await run('SET', 'key', 'value');
    expect(await run('GETEX', 'key')).toBe('value');
    expect(await run('TTL', 'key')).toBe(-1);
    expect(await run('GETEX', 'key', 'EX', 100)).toBe('value');
    expect(await run('TTL', 'key')).toBe(100);
    expect(await run('GETEX', 'key')).toBe('value');
    expect(await run('TTL', 'key')).toBe(100);
    expect(await run('GETEX', 'key', 'PERSIST')).toBe('value');
    expect(await run('TTL', 'key')).toBe(-1);
    expect(await run('GETEX', 'key', 'PX', 50_000)).toBe('value');
    expect(await run('TTL', 'key')).toBe(50);
    expect(await run('GETEX', 'key', 'PXAT', inAnHour)).toBe('value');
    expect(await run('PEXPIRETIME', 'key')).toBe(inAnHour);
    expect(await run('GETEX', 'key', 'EXAT', 1)).toBe('value');
    expect(await run('EXISTS', 'key')).toBe(0);
  });

  test('GETEX refuses wrong options, even without the key, but times only with it', async () => {
    expect(await run('GETEX', 'missing', 'foo')).toEqual(SYNTAX_ERROR);
    expect(await run('GETEX', 'missing', 'EX', 'abc')).toBe(null);
    await run('SET', 'key', 'value');
    for (const options of [['PERSIST', 'EX', '4'], ['EX'], ['KEEPTTL'], ['NX'], ['EX', '1', 'PX', '1']]) {
      expect(await run('GETEX', 'key', ...options)).toEqual(SYNTAX_ERROR);
    }
    expect(await run('GETEX', 'key', 'EX', 0)).toEqual(invalidExpireTime('getex'));
    expect(await run('GETEX', 'key', 'EX', 'abc')).toEqual(NOT_AN_INTEGER);
    expect(await run('TTL', 'key')).toBe(-1);
  });
});

describeServed('MSET and MGET', (served) => {
  const { run } = served;

  test('store and return values in the order of the keys, over all shards', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `key:${i}`);
    expect(await run('MSET', ...keys.flatMap((key) => [key, `value of ${key}`]))).toBe('OK');
    expect(await run('MGET', ...keys)).toEqual(keys.map((key) => `value of ${key}`));
    expect(await run('MGET', 'missing', keys[7]!, keys[7]!, '')).toEqual([
      null,
      'value of key:7',
      'value of key:7',
      null,
    ]);
    expect(await run('DBSIZE')).toBe(200);
  });

  test('MSET takes the last value of a key that comes twice, and removes expiries', async () => {
    await run('SET', 'a', '0', 'EX', 100);
    expect(await run('MSET', 'a', '1', 'b', '2', 'a', '3')).toBe('OK');
    expect(await run('MGET', 'a', 'b')).toEqual(['3', '2']);
    expect(await run('TTL', 'a')).toBe(-1);
  });

  test('MSET refuses a key without a value before it stores anything', async () => {
    expect(await run('MSET', 'a', '1', 'b')).toEqual(wrongArity('mset'));
    expect(await run('MSET', 'a')).toEqual(wrongArity('mset'));
    expect(await run('MGET')).toEqual(wrongArity('mget'));
    expect(await run('DBSIZE')).toBe(0);
  });

  test('keep binary keys and long values apart', async () => {
    const long = 'x'.repeat(100_000);
    await run('MSET', ALL_BYTES, long, '\0', ALL_BYTES, 'empty', '');
    expect(await run('MGET', '\0', 'empty', ALL_BYTES)).toEqual([ALL_BYTES.toString('latin1'), '', long]);
  });
});

describeServed('APPEND', (served) => {
  const { run } = served;

  test('creates the key, then adds to it and returns the length', async () => {
    expect(await run('APPEND', 'key', 'Hello ')).toBe(6);
    expect(await run('APPEND', 'key', 'World')).toBe(11);
    expect(await run('APPEND', 'key', '')).toBe(11);
    expect(await run('GET', 'key')).toBe('Hello World');
    expect(await run('APPEND', 'empty', '')).toBe(0);
    expect(await run('EXISTS', 'empty')).toBe(1);
  });

  test('keeps the expiry and works on numbers', async () => {
    await run('SET', 'key', '10', 'EX', 100);
    expect(await run('APPEND', 'key', '5')).toBe(3);
    expect(await run('INCR', 'key')).toBe(106);
    expect(await run('TTL', 'key')).toBe(100);
  });

  test('adds up many small pieces', async () => {
    let expected = '';
    for (let i = 0; i < 300; i++) {
      expected += `${i},`;
      expect(await run('APPEND', 'key', `${i},`)).toBe(expected.length);
    }
    expect(await run('GET', 'key')).toBe(expected);
  });
});

describeServed('Counters', (served) => {
  const { run } = served;

  test('start at zero and go both ways', async () => {
    expect(await run('INCR', 'key')).toBe(1);
    expect(await run('INCRBY', 'key', 41)).toBe(42);
    expect(await run('DECR', 'key')).toBe(41);
    expect(await run('DECRBY', 'key', 100)).toBe(-59);
    expect(await run('INCRBY', 'key', -1)).toBe(-60);
    expect(await run('DECRBY', 'key', -60)).toBe(0);
    expect(await run('GET', 'key')).toBe('0');
    expect(await run('DECR', 'other')).toBe(-1);
  });

  test('keep the expiry', async () => {
    await run('SET', 'key', '1', 'EX', 100);
    await run('INCR', 'key');
    await run('INCRBYFLOAT', 'key', '0.5');
    expect(await run('TTL', 'key')).toBe(100);
  });

  test('reach the ends of 64 bits and refuse to leave them', async () => {
    const overflow = error('ERR increment or decrement would overflow');
    await run('SET', 'key', '9223372036854775806');
    expect(await run('INCR', 'key')).toBe(9223372036854775807n);
    expect(await run('INCR', 'key')).toEqual(overflow);
    expect(await run('GET', 'key')).toBe('9223372036854775807');
    expect(await run('DECRBY', 'key', '9223372036854775807')).toBe(0);
    expect(await run('DECRBY', 'key', '9223372036854775807')).toBe(-9223372036854775807n);
    expect(await run('DECR', 'key')).toBe(-9223372036854775808n);
    expect(await run('DECR', 'key')).toEqual(overflow);
    expect(await run('INCRBY', 'key', '-1')).toEqual(overflow);
    expect(await run('DECRBY', 'key', '-9223372036854775808')).toEqual(error('ERR decrement would overflow'));
    await run('SET', 'key', '9007199254740991');
    expect(await run('INCR', 'key')).toBe(9007199254740992n);
    expect(await run('INCR', 'key')).toBe(9007199254740993n);
    expect(await run('DECRBY', 'key', 2)).toBe(9007199254740991);
  });

  test('refuse values and steps that are no integers in plain form', async () => {
    for (const text of ['abc', '', ' 1', '1 ', '+1', '01', '-0', '1.5', '9223372036854775808', '1\0']) {
      await run('SET', 'key', text);
      expect(await run('INCR', 'key'), JSON.stringify(text)).toEqual(NOT_AN_INTEGER);
      expect(await run('INCRBY', 'other', text)).toEqual(NOT_AN_INTEGER);
      expect(await run('DECRBY', 'other', text)).toEqual(NOT_AN_INTEGER);
    }
    expect(await run('EXISTS', 'other')).toBe(0);
  });

  incrbyfloat(served);
});

function incrbyfloat({ run }: Served): void {
  test('INCRBYFLOAT prints what Redis prints', async () => {
    expect(await run('INCRBYFLOAT', 'key', '10.5')).toBe('10.5');
    expect(await run('INCRBYFLOAT', 'key', '0.1')).toBe('10.6');
    expect(await run('INCRBYFLOAT', 'key', '-5')).toBe('5.6');
    await run('SET', 'key', '5.0e3');
    expect(await run('INCRBYFLOAT', 'key', '2.0e2')).toBe('5200');
    await run('SET', 'key', '3.0');
    expect(await run('INCRBYFLOAT', 'key', '1.1')).toBe('4.1');
    await run('SET', 'key', '1e18');
    expect(await run('INCRBYFLOAT', 'key', '0.1')).toBe('1000000000000000000.125');
    expect(await run('GET', 'key')).toBe('1000000000000000000.125');
    await run('SET', 'key', '3');
    expect(await run('INCRBYFLOAT', 'key', '-3')).toBe('0');
  });

  test('INCRBYFLOAT refuses what is no number and what would not be finite', async () => {
    const notAFloat = error('ERR value is not a valid float');
    const notFinite = error('ERR increment would produce NaN or Infinity');
    await run('SET', 'key', 'abc');
    expect(await run('INCRBYFLOAT', 'key', '1')).toEqual(notAFloat);
    await run('SET', 'key', '1');
    for (const text of ['abc', '', ' 1', '1 ', 'nan', '1e99999']) {
      expect(await run('INCRBYFLOAT', 'key', text)).toEqual(notAFloat);
    }
    expect(await run('INCRBYFLOAT', 'key', '+inf')).toEqual(notFinite);
    expect(await run('INCRBYFLOAT', 'key', '-inf')).toEqual(notFinite);
    expect(await run('GET', 'key')).toBe('1');
  });
}
