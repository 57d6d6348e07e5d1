/** Lists, on one shard and over several. */
import { expect, test } from 'vitest';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './served.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
const NOT_POSITIVE = error('ERR value is out of range, must be positive');
/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 12 }, (_, i) => `list:${i}`);

function range(count: number, name = 'element'): string[] {
  return Array.from({ length: count }, (_, i) => `${name}:${i}`);
}

describeServed('LPUSH, RPUSH, LPUSHX, RPUSHX, LPOP and RPOP', ({ run, connect }) => {
  test('add and take at both ends', async () => {
    expect(await run('RPUSH', 'l', 'a', 'b')).toBe(2);
    expect(await run('LPUSH', 'l', 'x', 'y')).toBe(4);
    expect(await run('LRANGE', 'l', 0, -1)).toEqual(['y', 'x', 'a', 'b']);
    expect(await run('LPUSHX', 'l', 'z')).toBe(5);
    expect(await run('RPUSHX', 'l', 'c', 'd')).toBe(7);
    expect(await run('LPUSHX', 'none', 'z')).toBe(0);
    expect(await run('RPUSHX', 'none', 'z')).toBe(0);
    expect(await run('LPOP', 'l')).toBe('z');
    expect(await run('RPOP', 'l', 2)).toEqual(['d', 'c']);
    expect(await run('LPOP', 'l', 10)).toEqual(['y', 'x', 'a', 'b']);
    expect(await run('EXISTS', 'l')).toBe(0);
    expect(await run('LPOP', 'l')).toBe(null);
    expect(await run('RPOP', 'l', 1)).toBe(null);
  });

  test('refuse what is wrong, and lose nothing', async () => {
    await run('RPUSH', 'l', 'a');
    await run('SET', 's', 'v');
    expect(await run('LPOP', 'l', -1)).toEqual(NOT_POSITIVE);
    expect(await run('RPOP', 'l', 'x')).toEqual(NOT_POSITIVE);
    expect(await run('LPOP', 'l', 1, 2)).toEqual(wrongArity('lpop'));
    expect(await run('LPUSH', 'l')).toEqual(wrongArity('lpush'));
    expect(await run('LPUSH', 's', 'a')).toEqual(WRONG_TYPE);
    expect(await run('RPOP', 's')).toEqual(WRONG_TYPE);
    expect(await run('APPEND', 'l', 'x')).toEqual(WRONG_TYPE);
    expect(await run('LRANGE', 'l', 0, -1)).toEqual(['a']);
  });

  test('keep their order while many clients push and pop', async () => {
    const clients = await Promise.all(KEYS.map(() => connect()));
    await Promise.all(
      clients.map(async (client, own) => {
        const key = KEYS[own]!;
        const pushes = range(500, key).map((element) => ['RPUSH', key, element]);
        const replies = await client.pipeline(pushes);
        expect(replies.at(-1)).toBe(500);
        const popped = await client.pipeline(pushes.map(() => ['LPOP', key]));
        expect(popped).toEqual(range(500, key));
        client.destroy();
      }),
    );
    expect(await run('DBSIZE')).toBe(0);
  });

  test('an element of any length and bytes comes back', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
    const elements = ['', bytes, '9223372036854775808', '-9223372036854775808', '00', 'x'.repeat(3_000_000)];
    const words = elements.map((each) => Buffer.from(each, 'latin1'));
    expect(await run('RPUSH', 'l', ...words)).toBe(elements.length);
    const found = (await run('LRANGE', 'l', 0, -1)) as string[];
    expect(found.map((each) => each.length)).toEqual(elements.map((each) => each.length));
    expect(found).toEqual(elements);
  });
});

describeServed('LLEN, LINDEX, LRANGE and LPOS', ({ run }) => {
  test('read from both ends', async () => {
    const elements = range(3000);
    await run('RPUSH', 'l', ...elements);
    expect(await run('LLEN', 'l')).toBe(3000);
    for (const index of [0, 1, 1499, 2999]) {
      expect(await run('LINDEX', 'l', index)).toBe(elements[index]);
      expect(await run('LINDEX', 'l', index - 3000)).toBe(elements[index]);
      expect(await run('LPOS', 'l', elements[index]!)).toBe(index);
    }
    expect(await run('LINDEX', 'l', 3000)).toBe(null);
    expect(await run('LRANGE', 'l', 1000, 1999)).toEqual(elements.slice(1000, 2000));
    expect(await run('LRANGE', 'l', -10, 5000)).toEqual(elements.slice(-10));
    expect(await run('LLEN', 'none')).toBe(0);
    expect(await run('LRANGE', 'none', 0, -1)).toEqual([]);
    expect(await run('LINDEX', 'l', 'x')).toEqual(NOT_AN_INTEGER);
  });

  test('LPOS counts matches in either direction', async () => {
    await run('RPUSH', 'l', 'a', 'b', 'a', 'c', 'a');
    expect(await run('LPOS', 'l', 'a', 'RANK', 2)).toBe(2);
    expect(await run('LPOS', 'l', 'a', 'RANK', -1)).toBe(4);
    expect(await run('LPOS', 'l', 'a', 'COUNT', 0)).toEqual([0, 2, 4]);
    expect(await run('LPOS', 'l', 'a', 'COUNT', 2, 'RANK', -2)).toEqual([2, 0]);
    expect(await run('LPOS', 'l', 'a', 'COUNT', 0, 'MAXLEN', 3)).toEqual([0, 2]);
    expect(await run('LPOS', 'l', 'none')).toBe(null);
    expect(await run('LPOS', 'l', 'a', 'RANK', '-9223372036854775808')).toEqual(
      error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807'),
    );
  });
});

describeServed('LSET, LINSERT, LREM and LTRIM', ({ run }) => {
  test('change the middle of a long list', async () => {
    const model = range(3000);
    await run('RPUSH', 'l', ...model);
    expect(await run('LSET', 'l', 1500, 'new')).toBe('OK');
    model[1500] = 'new';
    expect(await run('LINSERT', 'l', 'BEFORE', 'new', 'before')).toBe(3001);
    model.splice(1500, 0, 'before');
    expect(await run('LINSERT', 'l', 'AFTER', 'new', 'behind')).toBe(3002);
    model.splice(1502, 0, 'behind');
    expect(await run('LREM', 'l', -1, 'element:2500')).toBe(1);
    model.splice(model.indexOf('element:2500'), 1);
    expect(await run('LTRIM', 'l', 10, -11)).toBe('OK');
    expect(await run('LRANGE', 'l', 0, -1)).toEqual(model.slice(10, -10));
    expect(await run('LTRIM', 'l', 1, 0)).toBe('OK');
    expect(await run('EXISTS', 'l')).toBe(0);
  });

  test('refuse indexes and pivots that are not there', async () => {
    await run('RPUSH', 'l', 'a', 'b');
    expect(await run('LSET', 'l', 2, 'x')).toEqual(error('ERR index out of range'));
    expect(await run('LSET', 'none', 0, 'x')).toEqual(error('ERR no such key'));
    expect(await run('LINSERT', 'l', 'BEFORE', 'c', 'x')).toBe(-1);
    expect(await run('LINSERT', 'l', 'BESIDE', 'a', 'x')).toEqual(SYNTAX_ERROR);
    expect(await run('LREM', 'l', 0, 'c')).toBe(0);
    expect(await run('LREM', 'l', 0, 'a')).toBe(1);
    expect(await run('LREM', 'l', 0, 'b')).toBe(1);
    expect(await run('EXISTS', 'l')).toBe(0);
  });
});

describeServed('LMOVE, RPOPLPUSH and LMPOP', ({ run, connect }) => {
  test('move elements between keys of any shard', async () => {
    for (const to of KEYS) {
      await run('RPUSH', 'from', 'a', 'b', 'c', 'd');
      expect(await run('LMOVE', 'from', to, 'LEFT', 'RIGHT')).toBe('a');
      expect(await run('LMOVE', 'from', to, 'RIGHT', 'LEFT')).toBe('d');
      expect(await run('RPOPLPUSH', 'from', to)).toBe('c');
      expect(await run('LRANGE', to, 0, -1)).toEqual(['c', 'd', 'a']);
      expect(await run('RPOPLPUSH', 'from', to)).toBe('b');
      expect(await run('EXISTS', 'from')).toBe(0);
      expect(await run('LMOVE', 'from', to, 'LEFT', 'RIGHT')).toBe(null);
      expect(await run('LMPOP', 2, 'from', to, 'LEFT', 'COUNT', 3)).toEqual([to, ['b', 'c', 'd']]);
      expect(await run('LMPOP', 2, 'from', to, 'RIGHT')).toEqual([to, ['a']]);
      expect(await run('LMPOP', 2, 'from', to, 'RIGHT')).toBe(null);
      expect(await run('DBSIZE')).toBe(0);
    }
  });

  test('refuse other types on either side, and move nothing', async () => {
    for (const other of KEYS) {
      await run('SET', other, 'v');
      await run('RPUSH', 'from', 'a');
      expect(await run('LMOVE', 'from', other, 'LEFT', 'LEFT')).toEqual(WRONG_TYPE);
      expect(await run('RPOPLPUSH', other, 'from')).toEqual(WRONG_TYPE);
      expect(await run('LMPOP', 2, other, 'from', 'LEFT')).toEqual(WRONG_TYPE);
      expect(await run('LRANGE', 'from', 0, -1)).toEqual(['a']);
      await run('DEL', 'from', other);
    }
  });

  test('LMPOP refuses numbers and words that do not fit', async () => {
    const few = error('ERR numkeys should be greater than 0');
    expect(await run('LMPOP', 0, 'l', 'LEFT')).toEqual(few);
    expect(await run('LMPOP', 'x', 'l', 'LEFT')).toEqual(few);
    expect(await run('LMPOP', 2, 'l', 'LEFT')).toEqual(SYNTAX_ERROR);
    expect(await run('LMPOP', 1, 'l', 'UP')).toEqual(SYNTAX_ERROR);
    expect(await run('LMPOP', 1, 'l', 'LEFT', 'COUNT', 0)).toEqual(
      error('ERR count should be greater than 0'),
    );
  });

  test('an element is in exactly one of two lists at every instant', async () => {
    const [mover, reader] = [await connect(), await connect()];
    const [a, b] = [KEYS[0]!, KEYS[5]!];
    await mover.command('RPUSH', a, 'one');
    const moving = mover.pipeline(
      Array.from({ length: 600 }, (_, i) => ['LMOVE', i % 2 ? b : a, i % 2 ? a : b, 'LEFT', 'RIGHT']),
    );
    for (let i = 0; i < 100; i++) expect(await reader.command('EXISTS', a, b)).toBe(1);
    expect(new Set(await moving)).toEqual(new Set(['one']));
    mover.destroy();
    reader.destroy();
  });
});

describeServed('SORT and SORT_RO of lists', ({ run }) => {
  test('order by number, text, and keys of any shard', async () => {
    await run('RPUSH', 'l', 3, 1, 10, 2);
    expect(await run('SORT', 'l')).toEqual(['1', '2', '3', '10']);
    expect(await run('SORT_RO', 'l', 'ALPHA', 'DESC')).toEqual(['3', '2', '10', '1']);
    expect(await run('SORT', 'l', 'LIMIT', 1, 2)).toEqual(['2', '3']);
    expect(await run('SORT', 'l', 'BY', 'nosort')).toEqual(['3', '1', '10', '2']);
    await run('MSET', 'w:1', 4, 'w:2', 3, 'w:3', 2, 'w:10', 1, 'n:1', 'one', 'n:3', 'three');
    expect(await run('SORT', 'l', 'BY', 'w:*', 'GET', '#', 'GET', 'n:*')).toEqual([
      ...['10', null, '3', 'three', '2', null, '1', 'one'],
    ]);
    for (const to of KEYS) {
      expect(await run('SORT', 'l', 'BY', 'w:*', 'GET', 'n:*', 'STORE', to)).toBe(4);
      expect(await run('LRANGE', to, 0, -1)).toEqual(['', 'three', '', 'one']);
      expect(await run('SORT', 'none', 'STORE', to)).toBe(0);
      expect(await run('EXISTS', to)).toBe(0);
    }
  });

  test('refuse what is no number', async () => {
    await run('RPUSH', 'l', 'a', 1);
    expect(await run('SORT', 'l')).toEqual(error("ERR One or more scores can't be converted into double"));
    expect(await run('SORT', 'l', 'STORE', 'l')).toEqual(
      error("ERR One or more scores can't be converted into double"),
    );
    expect(await run('LLEN', 'l')).toBe(2);
  });
});

describeServed('How lists are kept', ({ run }) => {
  test('OBJECT ENCODING follows list-max-listpack-size', async () => {
    await run('RPUSH', 'l', ...range(100));
    expect(await run('OBJECT', 'ENCODING', 'l')).toBe('listpack');
    await run('RPUSH', 'l', ...range(1000));
    expect(await run('OBJECT', 'ENCODING', 'l')).toBe('quicklist');
    await run('CONFIG', 'SET', 'list-max-listpack-size', 10);
    await run('RPUSH', 'ten', ...range(10));
    expect(await run('OBJECT', 'ENCODING', 'ten')).toBe('listpack');
    await run('RPUSH', 'ten', 'x');
    expect(await run('OBJECT', 'ENCODING', 'ten')).toBe('quicklist');
    await run('LTRIM', 'ten', 0, 4);
    expect(await run('OBJECT', 'ENCODING', 'ten')).toBe('listpack');
    await run('CONFIG', 'SET', 'list-max-listpack-size', -2);
  });

  test('MEMORY USAGE grows with the elements and the memory comes back', async () => {
    const usedNow = async () =>
      Number(/used_memory_dataset:(\d+)/.exec((await run('INFO', 'memory')) as string)![1]);
    // The indexes of all shards have their memory then.
    await run('MSET', ...range(100).flatMap((key) => [key, 'v']));
    const before = await usedNow();
    await run('RPUSH', 'l', 'a');
    const small = Number(await run('MEMORY', 'USAGE', 'l', 'SAMPLES', 0));
    await run('RPUSH', 'l', ...Array.from({ length: 1000 }, () => 'x'.repeat(1000)));
    const large = Number(await run('MEMORY', 'USAGE', 'l'));
    expect(small).toBeLessThan(1000);
    expect(large).toBeGreaterThan(1_000_000);
    expect(large).toBeLessThan(1_200_000);
    expect((await usedNow()) - before).toBeGreaterThan(1_000_000);
    await run('DEL', 'l');
    expect((await usedNow()) - before).toBeLessThan(10_000);
  });

  test('commands of strings and of any type see what it is', async () => {
    await run('RPUSH', 'l', 'a', 'b');
    expect(await run('TYPE', 'l')).toBe('list');
    expect(await run('GET', 'l')).toEqual(WRONG_TYPE);
    expect(await run('STRLEN', 'l')).toEqual(WRONG_TYPE);
    expect(await run('EXPIRE', 'l', 100)).toBe(1);
    expect(await run('TTL', 'l')).toBe(100);
    expect(await run('SET', 'l', 'v', 'GET')).toEqual(WRONG_TYPE);
    expect(await run('SET', 'l', 'v')).toBe('OK');
    expect(await run('TTL', 'l')).toBe(-1);
  });

  test('an expired list is gone', async () => {
    await run('RPUSH', 'l', 'a');
    await run('PEXPIRE', 'l', 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await run('LLEN', 'l')).toBe(0);
    expect(await run('RPUSH', 'l', 'b')).toBe(1);
    expect(await run('TTL', 'l')).toBe(-1);
  });
});

describeServed('Lists in transactions', ({ run }) => {
  test('move, pop and sort whichever shard executes them', async () => {
    for (const [i, first] of KEYS.entries()) {
      const [from, to] = [KEYS[(i + 1) % KEYS.length]!, KEYS[(i + 5) % KEYS.length]!];
      await run('RPUSH', from, 3, 1, 2);
      await run('MSET', 'w:1', 3, 'w:2', 2, 'w:3', 1);
      expect(await run('MULTI')).toBe('OK');
      for (const words of [
        ['SET', first, 'v'],
        ['SORT', from, 'BY', 'w:*'],
        ['SORT', from, 'STORE', 'sorted'],
        ['LMOVE', from, to, 'LEFT', 'RIGHT'],
        ['LMOVE', from, from, 'LEFT', 'RIGHT'],
        ['LMOVE', first, to, 'LEFT', 'RIGHT'],
        ['LMPOP', '3', 'none', from, to, 'RIGHT', 'COUNT', '5'],
        ['RPOPLPUSH', 'none', to],
        ['RENAME', to, 'renamed'],
        ['LRANGE', 'renamed', '0', '-1'],
        ['LRANGE', 'sorted', '0', '-1'],
      ]) {
        expect(await run(...words)).toBe('QUEUED');
      }
      expect(await run('EXEC')).toEqual([
        'OK',
        ['3', '2', '1'],
        3,
        '3',
        '1',
        WRONG_TYPE,
        [from, ['1', '2']],
        null,
        'OK',
        ['3'],
        ['1', '2', '3'],
      ]);
      await run('FLUSHALL');
    }
  });

  test('a watched list that changes stops the transaction', async () => {
    await run('RPUSH', 'l', 'a');
    await run('WATCH', 'l');
    await run('RPUSH', 'l', 'b');
    await run('MULTI');
    await run('LPOP', 'l');
    expect(await run('EXEC')).toBe(null);
    expect(await run('LLEN', 'l')).toBe(2);
  });
});
