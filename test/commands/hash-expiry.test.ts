/** Fields that expire, as Redis 7.4 documents them. The real Redis of the other tests does not know them. */
import { expect, test } from 'vitest';
import { until } from '../server/waiting.ts';
import { encodeCommand } from '../support/client.ts';
import { describeServed, error, invalidExpireTime, NOT_AN_INTEGER, wrongArity } from './served.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
const FIELDS_MISSING = error('ERR Mandatory argument FIELDS is missing or not at the right position');
const MISMATCH = error('ERR The `numfields` parameter must match the number of arguments');
const MANY = Array.from({ length: 600 }, (_, i) => [`f${i}`, `v${i}`]).flat();

describeServed('HEXPIRE and its kin, HTTL and its kin, HPERSIST', ({ run }) => {
  test.each([['listpackex', []] as const, ['hashtable', MANY] as const])(
    'set, tell and remove moments of fields (%s)',
    async (encoding, more) => {
      await run('HSET', 'h', 'a', 1, 'b', 2, 'c', 3, ...more);
      expect(await run('HEXPIRE', 'h', 100, 'FIELDS', 3, 'a', 'none', 'b')).toEqual([1, -2, 1]);
      expect(await run('OBJECT', 'ENCODING', 'h')).toBe(encoding);
      const [ttl, none, never] = (await run('HTTL', 'h', 'FIELDS', 3, 'a', 'none', 'c')) as number[];
      expect([none, never]).toEqual([-2, -1]);
      expect(ttl).toBeGreaterThan(90);
      expect(ttl).toBeLessThanOrEqual(100);
      const [pttl] = (await run('HPTTL', 'h', 'FIELDS', 1, 'a')) as number[];
      expect(pttl).toBeGreaterThan(90_000);
      expect(await run('HPEXPIREAT', 'h', 4102444800123, 'FIELDS', 1, 'a')).toEqual([1]);
      expect(await run('HPEXPIRETIME', 'h', 'FIELDS', 2, 'a', 'c')).toEqual([4102444800123, -1]);
      // Rounded up.
      expect(await run('HEXPIRETIME', 'h', 'FIELDS', 1, 'a')).toEqual([4102444801]);
      expect(await run('HEXPIREAT', 'h', 4102444800, 'FIELDS', 1, 'a')).toEqual([1]);
      expect(await run('HEXPIRETIME', 'h', 'FIELDS', 1, 'a')).toEqual([4102444800]);
      expect(await run('HPERSIST', 'h', 'FIELDS', 4, 'a', 'c', 'none', 'a')).toEqual([1, -1, -2, -1]);
      expect(await run('HTTL', 'h', 'FIELDS', 1, 'a')).toEqual([-1]);
      expect(await run('HGET', 'h', 'a')).toBe('1');
      expect(await run('TTL', 'h')).toBe(-1);
    },
  );

  test('the conditions', async () => {
    const at = (moment: number, ...words: (string | number)[]) => run('HPEXPIREAT', 'h', moment, ...words);
    const [early, middle, late] = [4e12, 5e12, 6e12];
    await run('HSET', 'h', 'set', 1, 'unset', 2);
    expect(await at(middle, 'XX', 'FIELDS', 1, 'set')).toEqual([0]);
    expect(await at(middle, 'NX', 'FIELDS', 1, 'set')).toEqual([1]);
    expect(await at(early, 'NX', 'FIELDS', 1, 'set')).toEqual([0]);
    expect(await at(early, 'gt', 'FIELDS', 2, 'set', 'unset')).toEqual([0, 0]);
    expect(await at(late, 'GT', 'FIELDS', 2, 'set', 'unset')).toEqual([1, 0]);
    expect(await at(late, 'LT', 'FIELDS', 1, 'set')).toEqual([0]);
    expect(await at(early, 'LT', 'FIELDS', 2, 'set', 'unset')).toEqual([1, 1]);
    expect(await run('HPEXPIRETIME', 'h', 'FIELDS', 2, 'set', 'unset')).toEqual([early, early]);
    expect(await at(late, 'XX', 'FIELDS', 3, 'set', 'set', 'none')).toEqual([1, 1, -2]);
  });

  test('a moment in the past removes the field, and the hash with the last one', async () => {
    await run('HSET', 'h', 'a', 1, 'b', 2, 'c', 3);
    expect(await run('HEXPIRE', 'h', 0, 'FIELDS', 2, 'a', 'a')).toEqual([2, -2]);
    expect(await run('HPEXPIREAT', 'h', 1, 'XX', 'FIELDS', 1, 'b')).toEqual([0]);
    expect(await run('HGETALL', 'h')).toEqual(['b', '2', 'c', '3']);
    expect(await run('HEXPIREAT', 'h', 1, 'FIELDS', 2, 'b', 'c')).toEqual([2, 2]);
    expect(await run('EXISTS', 'h')).toBe(0);
    expect(await run('HEXPIRE', 'h', 10, 'FIELDS', 2, 'b', 'c')).toEqual([-2, -2]);
    expect(await run('HTTL', 'h', 'FIELDS', 1, 'b')).toEqual([-2]);
    expect(await run('HPERSIST', 'h', 'FIELDS', 1, 'b')).toEqual([-2]);
  });

  test('what is wrong is refused', async () => {
    await run('HSET', 'h', 'a', 1);
    await run('SET', 's', 'v');
    for (const name of ['HEXPIRE', 'HPEXPIRE', 'HEXPIREAT', 'HPEXPIREAT']) {
      const lower = name.toLowerCase();
      expect(await run(name, 'h', 1, 'FIELDS', 1)).toEqual(wrongArity(lower));
      expect(await run(name, 's', 1, 'FIELDS', 1, 'a')).toEqual(WRONG_TYPE);
      expect(await run(name, 'h', 'x', 'FIELDS', 1, 'a')).toEqual(NOT_AN_INTEGER);
      expect(await run(name, 'h', -1, 'FIELDS', 1, 'a')).toEqual(
        error('ERR invalid expire time, must be >= 0'),
      );
      expect(await run(name, 'h', 2 ** 46, 'FIELDS', 1, 'a')).toEqual(invalidExpireTime(lower));
      expect(await run(name, 'h', '9223372036854775807', 'FIELDS', 1, 'a')).toEqual(invalidExpireTime(lower));
      expect(await run(name, 'h', 1, 'NX', 'XX', 'FIELDS', 1, 'a')).toEqual(FIELDS_MISSING);
      expect(await run(name, 'h', 1, 'a', 'b', 'c')).toEqual(FIELDS_MISSING);
      expect(await run(name, 'h', 1, 'FIELDS', 0, 'a')).toEqual(
        error('ERR Parameter `numFields` should be greater than 0'),
      );
      expect(await run(name, 'h', 1, 'FIELDS', 2, 'a')).toEqual(MISMATCH);
      expect(await run(name, 'h', 1, 'FIELDS', 1, 'a', 'b')).toEqual(MISMATCH);
    }
    for (const name of ['HTTL', 'HPTTL', 'HEXPIRETIME', 'HPEXPIRETIME', 'HPERSIST']) {
      expect(await run(name, 'h', 'FIELDS', 1)).toEqual(wrongArity(name.toLowerCase()));
      expect(await run(name, 's', 'FIELDS', 1, 'a')).toEqual(WRONG_TYPE);
      expect(await run(name, 'h', 'x', 1, 'a')).toEqual(FIELDS_MISSING);
      expect(await run(name, 'h', 'FIELDS', 'x', 'a')).toEqual(
        error('ERR Number of fields must be a positive integer'),
      );
      expect(await run(name, 'h', 'FIELDS', 2, 'a')).toEqual(MISMATCH);
    }
    expect(await run('HPTTL', 'h', 'FIELDS', 1, 'a')).toEqual([-1]);
  });

  test('a new value ends the expiry, a count does not', async () => {
    await run('HSET', 'h', 'a', 1, 'b', 2, 'c', 3, 'd', 4);
    await run('HPEXPIREAT', 'h', 4e12, 'FIELDS', 4, 'a', 'b', 'c', 'd');
    await run('HSET', 'h', 'a', 5);
    await run('HINCRBY', 'h', 'b', 1);
    await run('HINCRBYFLOAT', 'h', 'c', '0.5');
    await run('HDEL', 'h', 'd');
    await run('HSETNX', 'h', 'd', 1);
    expect(await run('HPEXPIRETIME', 'h', 'FIELDS', 4, 'a', 'b', 'c', 'd')).toEqual([-1, 4e12, 4e12, -1]);
  });

  test('RENAME, COPY, MOVE, SWAPDB, DUMP and RESTORE take the moments along', async () => {
    await run('HSET', 'h', 'a', 1, 'b', 2);
    await run('HPEXPIREAT', 'h', 4e12, 'FIELDS', 1, 'a');
    const told = (key: string) => run('HPEXPIRETIME', key, 'FIELDS', 2, 'a', 'b');
    for (let i = 0; i < 8; i++) {
      expect(await run('COPY', 'h', `copy:${i}`)).toBe(1);
      expect(await told(`copy:${i}`)).toEqual([4e12, -1]);
      expect(await run('RENAME', `copy:${i}`, `renamed:${i}`)).toBe('OK');
      expect(await told(`renamed:${i}`)).toEqual([4e12, -1]);
    }
    const payload = Buffer.from((await run('DUMP', 'h')) as string, 'latin1');
    await run('RESTORE', 'restored', 0, payload);
    expect(await told('restored')).toEqual([4e12, -1]);
    await run('MOVE', 'restored', 1);
    await run('SWAPDB', 0, 1);
    expect(await told('restored')).toEqual([4e12, -1]);
    expect(await run('MEMORY', 'USAGE', 'restored')).toBeGreaterThan(100);
  });
});

describeServed('fields whose moment has come', ({ run, connect }) => {
  test('nobody sees them', async () => {
    for (const more of [[], MANY]) {
      await run('FLUSHALL');
      for (const key of ['h', 'set', 'count', 'float', 'absent']) {
        await run('HSET', key, 'gone', 1, 'stays', 2, ...more);
        await run('HPEXPIRE', key, 20, 'FIELDS', 1, 'gone');
      }
      await until('it has expired', async () => (await run('HEXISTS', 'h', 'gone')) === 0);
      expect(await run('HLEN', 'h')).toBe(1 + more.length / 2);
      expect(await run('HGET', 'h', 'gone')).toBeNull();
      expect(await run('HMGET', 'h', 'gone', 'stays')).toEqual([null, '2']);
      expect(await run('HKEYS', 'h')).not.toContain('gone');
      expect(((await run('HSCAN', 'h', 0, 'COUNT', 10_000)) as string[][])[1]).not.toContain('gone');
      expect(await run('HTTL', 'h', 'FIELDS', 1, 'gone')).toEqual([-2]);
      await until('all have expired', async () => (await run('HSTRLEN', 'absent', 'gone')) === 0);
      expect(await run('HSET', 'set', 'gone', 1)).toBe(1);
      expect(await run('HINCRBY', 'count', 'gone', 5)).toBe(5);
      expect(await run('HINCRBYFLOAT', 'float', 'gone', 5)).toBe('5');
      expect(await run('HPTTL', 'count', 'FIELDS', 1, 'gone')).toEqual([-1]);
      expect(await run('HSETNX', 'absent', 'gone', 1)).toBe(1);
    }
  });

  test('they are removed in the background, and with the last one the hash, wherever it has gone', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `h:${i}`);
    for (const key of keys) {
      await run('HSET', key, 'a', 1, 'b', 2);
      await run('HPEXPIRE', key, 30, 'FIELDS', 2, 'a', 'b');
    }
    await run('RENAME', 'h:0', 'renamed');
    await run('COPY', 'h:1', 'copied');
    await run('MOVE', 'h:2', 1);
    await run('HSET', 'stays', 'a', 1, 'b', 2);
    await run('HPEXPIRE', 'stays', 30, 'FIELDS', 1, 'a');
    await until('all are gone', async () => (await run('DBSIZE')) === 1);
    await until('of databases too', async () => /db1/.test(String(await run('INFO', 'keyspace'))) === false);
    expect(await run('HGETALL', 'stays')).toEqual(['b', '2']);
  });

  test('thousands of fields of one hash go, and others stay', async () => {
    const fields = Array.from({ length: 5000 }, (_, i) => `f${i}`);
    await run('HSET', 'h', ...fields.flatMap((field) => [field, 'v']));
    await run('HPEXPIRE', 'h', 30, 'FIELDS', 4000, ...fields.slice(0, 4000));
    await run('HPEXPIREAT', 'h', 4e12, 'FIELDS', 500, ...fields.slice(4000, 4500));
    await until('they are gone', async () => (await run('HLEN', 'h')) === 1000);
    expect(((await run('HKEYS', 'h')) as string[]).sort()).toEqual(fields.slice(4000).sort());
  });

  test('events tell of them', async () => {
    const listener = await connect();
    await listener.command('HELLO', 3);
    listener.send(encodeCommand(['PSUBSCRIBE', '__keyspace*']));
    await listener.command('PING');
    await run('CONFIG', 'SET', 'notify-keyspace-events', 'Khg');
    await run('HSET', 'h', 'a', 1, 'b', 2, 'c', 3, 'd', 4);
    await run('HPEXPIREAT', 'h', 4e12, 'FIELDS', 1, 'a');
    await run('HPERSIST', 'h', 'FIELDS', 1, 'a');
    await run('HPERSIST', 'h', 'FIELDS', 1, 'a');
    await run('HEXPIRE', 'h', 0, 'FIELDS', 1, 'b');
    await run('HPEXPIRE', 'h', 1, 'FIELDS', 1, 'a');
    const events = () =>
      listener.pushes.filter(([kind]) => kind === 'pmessage').map(([, , , message]) => String(message));
    await until('the field expires', () => events().includes('hexpired'));
    await run('HPEXPIRE', 'h', 1, 'FIELDS', 2, 'c', 'd');
    await until('the hash goes', () => events().includes('del'));
    expect(events()).toEqual([
      ...['hset', 'hexpire', 'hpersist', 'hdel', 'hexpire', 'hexpired', 'hexpire', 'hexpired', 'del'],
    ]);
    await run('CONFIG', 'SET', 'notify-keyspace-events', '');
    listener.destroy();
  });

  test('a transaction that watched the hash is refused', async () => {
    const client = await connect();
    await run('HSET', 'h', 'a', 1, 'b', 2);
    await run('HPEXPIRE', 'h', 10, 'FIELDS', 1, 'a');
    await client.command('WATCH', 'h');
    await until('it has expired', async () => (await run('HLEN', 'h')) === 1);
    await client.command('MULTI');
    await client.command('HGETALL', 'h');
    expect(await client.command('EXEC')).toBeNull();
    client.destroy();
  });
});
