/** Hashes, on one shard and over several. */
import { expect, test } from 'vitest';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './served.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 12 }, (_, i) => `hash:${i}`);

function pairs(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => [`field:${from + i}`, `value:${from + i}`]).flat();
}

describeServed('HSET, HMSET, HSETNX, HDEL and what reads them', ({ run, connect }) => {
  test('fields come, change and go', async () => {
    expect(await run('HSET', 'h', 'a', 1, 'b', 2)).toBe(2);
    expect(await run('HSET', 'h', 'a', 3, 'c', 4)).toBe(1);
    expect(await run('HMSET', 'h', 'd', 5)).toBe('OK');
    expect(await run('HSETNX', 'h', 'd', 6)).toBe(0);
    expect(await run('HSETNX', 'h', 'e', 6)).toBe(1);
    expect(await run('HGETALL', 'h')).toEqual(['a', '3', 'b', '2', 'c', '4', 'd', '5', 'e', '6']);
    expect(await run('HGET', 'h', 'a')).toBe('3');
    expect(await run('HGET', 'h', 'x')).toBeNull();
    expect(await run('HMGET', 'h', 'a', 'x', 'c')).toEqual(['3', null, '4']);
    expect(await run('HKEYS', 'h')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await run('HVALS', 'h')).toEqual(['3', '2', '4', '5', '6']);
    expect(await run('HLEN', 'h')).toBe(5);
    expect(await run('HSTRLEN', 'h', 'a')).toBe(1);
    expect(await run('HEXISTS', 'h', 'x')).toBe(0);
    expect(await run('HEXISTS', 'h', 'a')).toBe(1);
    expect(await run('HDEL', 'h', 'a', 'x', 'b', 'a')).toBe(2);
    expect(await run('HDEL', 'h', 'c', 'd', 'e')).toBe(3);
    expect(await run('EXISTS', 'h')).toBe(0);
    expect(await run('HGETALL', 'h')).toEqual([]);
  });

  test('what is wrong is refused, and nothing is lost', async () => {
    await run('HSET', 'h', 'a', 1);
    await run('SET', 's', 'v');
    expect(await run('HSET', 'h', 'a', 2, 'b')).toEqual(wrongArity('hset'));
    expect(await run('HMSET', 'h', 'a', 2, 'b')).toEqual(wrongArity('hmset'));
    expect(await run('HSET', 's', 'a', 1)).toEqual(WRONG_TYPE);
    expect(await run('HGETALL', 's')).toEqual(WRONG_TYPE);
    expect(await run('LPUSH', 'h', 'a')).toEqual(WRONG_TYPE);
    expect(await run('HGETALL', 'h')).toEqual(['a', '1']);
  });

  test('a hash that grows keeps all fields, and stays what it is when it shrinks', async () => {
    const model = new Map<string, string>();
    for (let from = 0; from < 3000; from += 50) {
      const words = pairs(50, from);
      for (let i = 0; i < words.length; i += 2) model.set(words[i]!, words[i + 1]!);
      expect(await run('HSET', 'h', ...words)).toBe(50);
      const limit = model.size <= 512 ? 'listpack' : 'hashtable';
      expect(await run('OBJECT', 'ENCODING', 'h')).toBe(limit);
    }
    const all = (await run('HGETALL', 'h')) as string[];
    const found = new Map(Array.from({ length: 3000 }, (_, i) => [all[2 * i]!, all[2 * i + 1]!]));
    expect(found).toEqual(model);
    expect(await run('HDEL', 'h', ...[...model.keys()].slice(1))).toBe(2999);
    expect(await run('OBJECT', 'ENCODING', 'h')).toBe('hashtable');
    expect(await run('HGETALL', 'h')).toEqual(['field:0', 'value:0']);
    expect(await run('MEMORY', 'USAGE', 'h')).toBeGreaterThan(100);
  });

  test('fields and values of any bytes and length come back', async () => {
    const words = [
      '',
      '\0',
      '\xff\r\n',
      '12',
      '-12',
      '012',
      'x'.repeat(63),
      'y'.repeat(64),
      'z'.repeat(200_000),
    ];
    for (const word of words) {
      for (const other of words) {
        const [field, value] = [Buffer.from(word, 'latin1'), Buffer.from(other, 'latin1')];
        await run('HSET', 'h', field, value);
        expect(await run('HGET', 'h', field)).toBe(other);
        await run('DEL', 'single');
        await run('HSET', 'single', field, value);
        expect(await run('HGETALL', 'single')).toEqual([word, other]);
      }
    }
    expect(await run('HLEN', 'h')).toBe(words.length);
  });

  test('many clients at once lose nothing', async () => {
    const clients = await Promise.all(KEYS.map(() => connect()));
    await Promise.all(
      clients.map(async (client, own) => {
        const key = KEYS[own % 4]!;
        const sets = Array.from({ length: 300 }, (_, i) => ['HSET', key, `${own}:${i}`, String(i)]);
        expect(await client.pipeline(sets)).toEqual(sets.map(() => 1));
        const counts = Array.from({ length: 100 }, () => ['HINCRBY', key, 'count', '1']);
        await client.pipeline(counts);
        client.destroy();
      }),
    );
    for (const key of KEYS.slice(0, 4)) {
      expect(await run('HLEN', key)).toBe(901);
      expect(await run('HGET', key, 'count')).toBe('300');
    }
  });

  test('RENAME, COPY, MOVE, DUMP and RESTORE take it along', async () => {
    for (const count of [5, 2000]) {
      await run('FLUSHALL');
      await run('HSET', KEYS[0]!, ...pairs(count));
      const sorted = async (key: string) => ((await run('HGETALL', key)) as string[]).sort();
      const content = pairs(count).sort();
      for (const key of KEYS.slice(1)) {
        expect(await run('COPY', KEYS[0]!, key)).toBe(1);
        expect(await sorted(key)).toEqual(content);
        expect(await run('RENAME', key, 'renamed')).toBe('OK');
        expect(await sorted('renamed')).toEqual(content);
        const payload = Buffer.from((await run('DUMP', 'renamed')) as string, 'latin1');
        expect(await run('RESTORE', 'restored', 0, payload, 'REPLACE')).toBe('OK');
        expect(await sorted('restored')).toEqual(content);
      }
      expect(await run('HDEL', 'restored', 'field:0')).toBe(1);
      expect(await run('HLEN', KEYS[0]!)).toBe(count);
      expect(await run('MOVE', 'restored', 1)).toBe(1);
      expect(await run('EXISTS', 'restored')).toBe(0);
    }
  });

  test('OBJECT ENCODING follows the options', async () => {
    await run('CONFIG', 'SET', 'hash-max-ziplist-entries', 2, 'hash-max-listpack-value', 5);
    await run('HSET', 'h', 'a', 1, 'b', 2);
    await run('HSET', 'long', 'a', '12345');
    expect(await run('OBJECT', 'ENCODING', 'h')).toBe('listpack');
    expect(await run('OBJECT', 'ENCODING', 'long')).toBe('listpack');
    await run('HSET', 'h', 'c', 3);
    await run('HSET', 'long', 'a', '123456');
    expect(await run('OBJECT', 'ENCODING', 'h')).toBe('hashtable');
    expect(await run('OBJECT', 'ENCODING', 'long')).toBe('hashtable');
    await run('CONFIG', 'SET', 'hash-max-listpack-entries', 512, 'hash-max-listpack-value', 64);
  });
});

describeServed('HINCRBY and HINCRBYFLOAT', ({ run }) => {
  test('count, and refuse what is no number', async () => {
    expect(await run('HINCRBY', 'h', 'n', 5)).toBe(5);
    expect(await run('HINCRBY', 'h', 'n', -7)).toBe(-2);
    expect(await run('HINCRBYFLOAT', 'h', 'n', '0.5')).toBe('-1.5');
    expect(await run('HINCRBYFLOAT', 'h', 'new', '5.0e3')).toBe('5000');
    expect(await run('HINCRBY', 'h', 'n', 1)).toEqual(error('ERR hash value is not an integer'));
    expect(await run('HINCRBY', 'h', 'n', 'x')).toEqual(NOT_AN_INTEGER);
    await run('HSET', 'h', 't', 'text', 'max', '9223372036854775807');
    expect(await run('HINCRBYFLOAT', 'h', 't', 1)).toEqual(error('ERR hash value is not a float'));
    expect(await run('HINCRBYFLOAT', 'h', 't', 'inf')).toEqual(error('ERR value is NaN or Infinity'));
    expect(await run('HINCRBY', 'h', 'max', 1)).toEqual(error('ERR increment or decrement would overflow'));
    expect(await run('HGET', 'h', 'max')).toBe('9223372036854775807');
  });
});

describeServed('HRANDFIELD and HSCAN', ({ run }) => {
  test.each([20, 2000])('choose and walk, of %i fields', async (count) => {
    await run('HSET', 'h', ...pairs(count));
    const all = new Set(pairs(count).filter((_, i) => i % 2 === 0));
    expect(all.has((await run('HRANDFIELD', 'h')) as string)).toBe(true);
    for (const wanted of [1, 10, count - 1, count, count + 5]) {
      const found = (await run('HRANDFIELD', 'h', wanted)) as string[];
      expect(new Set(found).size).toBe(Math.min(wanted, count));
      expect(found.length).toBe(Math.min(wanted, count));
      expect(found.every((field) => all.has(field))).toBe(true);
      const any = (await run('HRANDFIELD', 'h', -wanted, 'WITHVALUES')) as string[];
      expect(any.length).toBe(2 * wanted);
      for (let i = 0; i < any.length; i += 2) expect(any[i + 1]).toBe(any[i]!.replace('field', 'value'));
    }
    const seen = new Map<string, string>();
    let cursor = '0';
    do {
      const [next, found] = (await run('HSCAN', 'h', cursor, 'COUNT', 20)) as [string, string[]];
      for (let i = 0; i < found.length; i += 2) seen.set(found[i]!, found[i + 1]!);
      cursor = next;
    } while (cursor !== '0');
    expect([...seen].flat().sort()).toEqual(pairs(count).sort());
    const [, names] = (await run('HSCAN', 'h', 0, 'NOVALUES', 'MATCH', 'field:1', 'COUNT', 100_000)) as [
      string,
      string[],
    ];
    expect(names).toEqual(['field:1']);
  });

  test('refuse wrong options', async () => {
    await run('HSET', 'h', 'a', 1);
    expect(await run('HRANDFIELD', 'h', 1, 'VALUES')).toEqual(SYNTAX_ERROR);
    expect(await run('HSCAN', 'h', 0, 'COUNT', 0)).toEqual(SYNTAX_ERROR);
    expect(await run('HSCAN', 'h', 'x')).toEqual(error('ERR invalid cursor'));
  });
});

describeServed('SORT by fields of hashes', ({ run }) => {
  test('on whichever shards they are', async () => {
    await run('RPUSH', 'l', ...Array.from({ length: 12 }, (_, i) => String(i)));
    for (let i = 0; i < 12; i++) await run('HSET', KEYS[i]!, 'weight', 100 - i, 'name', `n${i}`);
    await run('SORT', 'l', 'BY', 'hash:*->weight', 'GET', 'hash:*->name', 'STORE', 'sorted');
    expect(await run('LRANGE', 'sorted', 0, 2)).toEqual(['n11', 'n10', 'n9']);
    expect(await run('SORT_RO', 'l', 'BY', 'hash:*->weight', 'LIMIT', 0, 2, 'GET', 'hash:*->none')).toEqual([
      null,
      null,
    ]);
  });
});
