/** Sets, on one shard and over several. */
import { expect, test } from 'vitest';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './served.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
const NOT_POSITIVE = error('ERR value is out of range, must be positive');
/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 12 }, (_, i) => `set:${i}`);

function range(count: number, name = 'member:'): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

function sorted(reply: unknown): string[] {
  return [...(reply as string[])].sort();
}

describeServed('SADD, SREM, SISMEMBER, SMISMEMBER, SCARD and SMEMBERS', ({ run, connect }) => {
  test('add, remove and tell', async () => {
    expect(await run('SADD', 's', 'a', 'b', 'a')).toBe(2);
    expect(await run('SADD', 's', 'b', 'c')).toBe(1);
    expect(await run('SCARD', 's')).toBe(3);
    expect(sorted(await run('SMEMBERS', 's'))).toEqual(['a', 'b', 'c']);
    expect(await run('SISMEMBER', 's', 'a')).toBe(1);
    expect(await run('SISMEMBER', 's', 'x')).toBe(0);
    expect(await run('SMISMEMBER', 's', 'x', 'c', 'a')).toEqual([0, 1, 1]);
    expect(await run('SREM', 's', 'a', 'x', 'c')).toBe(2);
    expect(await run('SREM', 's', 'b')).toBe(1);
    expect(await run('EXISTS', 's')).toBe(0);
    expect(await run('SREM', 's', 'b')).toBe(0);
    expect(await run('SCARD', 's')).toBe(0);
    expect(await run('SMEMBERS', 's')).toEqual([]);
    expect(await run('SMISMEMBER', 's', 'x', 'c')).toEqual([0, 0]);
  });

  test('refuse what is wrong, and lose nothing', async () => {
    await run('SADD', 's', 'a');
    await run('SET', 'string', 'v');
    expect(await run('SADD', 's')).toEqual(wrongArity('sadd'));
    for (const command of ['SADD', 'SREM', 'SISMEMBER', 'SMISMEMBER']) {
      expect(await run(command, 'string', 'a')).toEqual(WRONG_TYPE);
    }
    expect(await run('SCARD', 'string')).toEqual(WRONG_TYPE);
    expect(await run('SMEMBERS', 'string')).toEqual(WRONG_TYPE);
    expect(await run('GET', 's')).toEqual(WRONG_TYPE);
    expect(await run('TYPE', 's')).toBe('set');
    expect(await run('SMEMBERS', 's')).toEqual(['a']);
  });

  test('members of any length and bytes come back, in every form', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
    const members = ['', bytes, '9223372036854775808', '-9223372036854775808', '00', 'x'.repeat(3_000_000)];
    for (const member of members) {
      const word = Buffer.from(member, 'latin1');
      expect(await run('SADD', 's', word)).toBe(1);
      expect(await run('SISMEMBER', 's', word)).toBe(1);
    }
    expect(sorted(await run('SMEMBERS', 's'))).toEqual([...members].sort());
    for (const member of members) expect(await run('SREM', 's', Buffer.from(member, 'latin1'))).toBe(1);
    expect(await run('DBSIZE')).toBe(0);
  });

  test('many clients fill and empty sets of every size', async () => {
    const clients = await Promise.all(KEYS.map(() => connect()));
    await Promise.all(
      clients.map(async (client, own) => {
        const key = KEYS[own]!;
        const members = range(40 + own * 100, own % 2 === 0 ? '' : 'm');
        const added = await client.pipeline(members.map((member) => ['SADD', key, member]));
        expect(added.every((reply) => reply === 1)).toBe(true);
        expect(sorted(await client.command('SMEMBERS', key))).toEqual([...members].sort());
        expect(await client.command('SCARD', key)).toBe(members.length);
        const removed = await client.pipeline(members.map((member) => ['SREM', key, member]));
        expect(removed.every((reply) => reply === 1)).toBe(true);
        client.destroy();
      }),
    );
    expect(await run('DBSIZE')).toBe(0);
  });

  test('the encoding is that of Redis 7.2, and the options move its bounds', async () => {
    await run('SADD', 's', ...range(512, ''));
    expect(await run('OBJECT', 'ENCODING', 's')).toBe('intset');
    await run('SADD', 's', '512');
    expect(await run('OBJECT', 'ENCODING', 's')).toBe('hashtable');
    await run('SADD', 'l', ...range(128));
    expect(await run('OBJECT', 'ENCODING', 'l')).toBe('listpack');
    await run('SADD', 'l', '1');
    expect(await run('OBJECT', 'ENCODING', 'l')).toBe('hashtable');
    await run('SADD', 'long', 'x'.repeat(65));
    expect(await run('OBJECT', 'ENCODING', 'long')).toBe('hashtable');
    for (const option of ['set-max-intset-entries', 'set-max-listpack-entries', 'set-max-listpack-value']) {
      expect(await run('CONFIG', 'SET', option, 2)).toBe('OK');
    }
    await run('SADD', 'few', 1, 2);
    expect(await run('OBJECT', 'ENCODING', 'few')).toBe('intset');
    await run('SADD', 'few', 3);
    expect(await run('OBJECT', 'ENCODING', 'few')).toBe('hashtable');
    await run('SADD', 'short', 'ab');
    expect(await run('OBJECT', 'ENCODING', 'short')).toBe('listpack');
    await run('SADD', 'short', 'abc');
    expect(await run('OBJECT', 'ENCODING', 'short')).toBe('hashtable');
    await run('CONFIG', 'SET', 'set-max-intset-entries', 512);
    await run('CONFIG', 'SET', 'set-max-listpack-entries', 128);
    await run('CONFIG', 'SET', 'set-max-listpack-value', 64);
  });

  test('MEMORY USAGE counts what a large set takes', async () => {
    await run('SADD', 's', ...range(10_000));
    const bytes = (await run('MEMORY', 'USAGE', 's')) as number;
    expect(bytes).toBeGreaterThan(10_000 * 12);
    expect(bytes).toBeLessThan(10_000 * 40);
  });
});

describeServed('SPOP and SRANDMEMBER', ({ run }) => {
  test.each([5, 100, 3000])('take each of %i members once', async (count) => {
    for (const members of [range(count), range(count, '')]) {
      await run('SADD', 's', ...members);
      const popped: string[] = [];
      popped.push((await run('SPOP', 's')) as string);
      popped.push(...((await run('SPOP', 's', 2)) as string[]));
      const left = (await run('SCARD', 's')) as number;
      expect(left).toBe(count - 3);
      popped.push(...((await run('SPOP', 's', Math.floor(left * 0.9))) as string[]));
      popped.push(...((await run('SPOP', 's', count)) as string[]));
      expect(popped.sort()).toEqual([...members].sort());
      expect(await run('EXISTS', 's')).toBe(0);
    }
    expect(await run('SPOP', 's')).toBe(null);
    expect(await run('SPOP', 's', 2)).toEqual([]);
  });

  test('SRANDMEMBER leaves the set as it is', async () => {
    const members = range(1000);
    await run('SADD', 's', ...members);
    for (const count of [1, 10, 600, 999, 1000, 5000]) {
      const found = (await run('SRANDMEMBER', 's', count)) as string[];
      expect(found.length).toBe(Math.min(count, 1000));
      expect(new Set(found).size).toBe(found.length);
      expect(found.every((member) => members.includes(member))).toBe(true);
    }
    const repeated = (await run('SRANDMEMBER', 's', -3000)) as string[];
    expect(repeated.length).toBe(3000);
    expect(new Set(repeated).size).toBeLessThan(1000);
    expect(members).toContain(await run('SRANDMEMBER', 's'));
    expect(await run('SCARD', 's')).toBe(1000);
    expect(await run('SRANDMEMBER', 'none')).toBe(null);
    expect(await run('SRANDMEMBER', 'none', -5)).toEqual([]);
  });

  test('refuse what is wrong', async () => {
    await run('SADD', 's', 'a');
    await run('SET', 'string', 'v');
    expect(await run('SPOP', 's', -1)).toEqual(NOT_POSITIVE);
    expect(await run('SPOP', 's', 1, 2)).toEqual(SYNTAX_ERROR);
    expect(await run('SPOP', 'string')).toEqual(WRONG_TYPE);
    expect(await run('SPOP', 'string', 1)).toEqual(WRONG_TYPE);
    expect(await run('SRANDMEMBER', 's', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await run('SRANDMEMBER', 's', 1, 2)).toEqual(SYNTAX_ERROR);
    expect(await run('SRANDMEMBER', 'string', 1)).toEqual(WRONG_TYPE);
    expect(await run('SPOP', 's', 0)).toEqual([]);
    expect(await run('SCARD', 's')).toBe(1);
  });
});

describeServed('SMOVE', ({ run }) => {
  test('moves members between sets of all shards', async () => {
    await run('SADD', KEYS[0]!, ...range(200));
    for (const [i, member] of range(200).entries()) {
      expect(await run('SMOVE', KEYS[0]!, KEYS[1 + (i % 11)]!, member)).toBe(1);
    }
    expect(await run('EXISTS', KEYS[0]!)).toBe(0);
    expect(sorted(await run('SUNION', ...KEYS))).toEqual(range(200).sort());
    expect(await run('SMOVE', KEYS[1]!, KEYS[2]!, 'none')).toBe(0);
    expect(await run('SMOVE', KEYS[0]!, KEYS[2]!, 'none')).toBe(0);
    expect(await run('SMOVE', KEYS[1]!, KEYS[1]!, 'member:0')).toBe(1);
    expect(await run('SISMEMBER', KEYS[1]!, 'member:0')).toBe(1);
    await run('SET', 'string', 'v');
    expect(await run('SMOVE', KEYS[1]!, 'string', 'member:0')).toEqual(WRONG_TYPE);
    expect(await run('SMOVE', 'string', KEYS[1]!, 'member:0')).toEqual(WRONG_TYPE);
    expect(await run('SMOVE', 'none', 'string', 'member:0')).toBe(0);
  });
});

describeServed('SINTER, SUNION, SDIFF, their STORE forms and SINTERCARD', ({ run }) => {
  /** Every number below 600 that each of `steps` divides, or any, or the first only. */
  async function fill(prefix: string): Promise<void> {
    for (const step of [1, 2, 3, 50, 7]) {
      const members = range(600, '').filter((_, i) => i % step === 0);
      await run('SADD', `by:${step}`, ...members.map((member) => `${prefix}${member}`));
    }
  }
  const where = (prefix: string, test: (i: number) => boolean) =>
    range(600, prefix)
      .filter((_, i) => test(i))
      .sort();

  test.each(['', 'm'])('combine sets of all sizes, with members %j', async (prefix) => {
    await fill(prefix);
    expect(sorted(await run('SINTER', 'by:1', 'by:2', 'by:3'))).toEqual(where(prefix, (i) => i % 6 === 0));
    expect(sorted(await run('SINTER', 'by:50', 'by:50'))).toEqual(where(prefix, (i) => i % 50 === 0));
    expect(await run('SINTER', 'by:1', 'none')).toEqual([]);
    expect(sorted(await run('SUNION', 'by:50', 'none', 'by:7'))).toEqual(
      where(prefix, (i) => i % 50 === 0 || i % 7 === 0),
    );
    expect(sorted(await run('SDIFF', 'by:1', 'by:2', 'none', 'by:3'))).toEqual(
      where(prefix, (i) => i % 2 !== 0 && i % 3 !== 0),
    );
    // So many others that they are taken from the first.
    expect(sorted(await run('SDIFF', 'by:1', 'by:50', 'by:7', 'by:7', 'by:7'))).toEqual(
      where(prefix, (i) => i % 50 !== 0 && i % 7 !== 0),
    );
    expect(await run('SDIFF', 'by:2', 'by:2')).toEqual([]);
    expect(await run('SDIFF', 'none', 'by:2')).toEqual([]);
    expect(await run('SINTERCARD', 3, 'by:1', 'by:2', 'by:3')).toBe(100);
    expect(await run('SINTERCARD', 2, 'by:1', 'by:2', 'LIMIT', 7)).toBe(7);
    expect(await run('SINTERCARD', 2, 'by:1', 'by:2', 'LIMIT', 0)).toBe(300);
    expect(await run('SINTERSTORE', 'i', 'by:2', 'by:3')).toBe(100);
    expect(sorted(await run('SMEMBERS', 'i'))).toEqual(where(prefix, (i) => i % 6 === 0));
    expect(await run('SUNIONSTORE', 'u', 'by:50', 'by:7')).toBe(96);
    expect(await run('SDIFFSTORE', 'd', 'by:1', 'by:2')).toBe(300);
    expect(sorted(await run('SMEMBERS', 'd'))).toEqual(where(prefix, (i) => i % 2 === 1));
    // In the place of one of the sets themselves.
    expect(await run('SDIFFSTORE', 'by:1', 'by:1', 'by:2')).toBe(300);
    expect(sorted(await run('SMEMBERS', 'by:1'))).toEqual(where(prefix, (i) => i % 2 === 1));
  });

  test('store over any value, and remove it when nothing is left', async () => {
    await fill('');
    for (const key of KEYS) await run('SET', key, 'v', 'EX', 100);
    for (const key of KEYS) {
      expect(await run('SINTERSTORE', key, 'by:50', 'by:1')).toBe(12);
      expect(await run('TTL', key)).toBe(-1);
      expect(await run('OBJECT', 'ENCODING', key)).toBe('intset');
      expect(await run('SDIFFSTORE', key, key, 'by:1')).toBe(0);
      expect(await run('EXISTS', key)).toBe(0);
      expect(await run('SUNIONSTORE', key, 'none')).toBe(0);
    }
  });

  test('refuse what is wrong, and store nothing', async () => {
    await run('SADD', 's', 'a');
    await run('SET', 'string', 'v');
    expect(await run('SINTER', 's', 'none', 'string')).toEqual(WRONG_TYPE);
    expect(await run('SUNION', 'string')).toEqual(WRONG_TYPE);
    expect(await run('SDIFFSTORE', 's', 's', 'string')).toEqual(WRONG_TYPE);
    expect(await run('SMEMBERS', 's')).toEqual(['a']);
    expect(await run('SINTERCARD', 0, 's')).toEqual(error('ERR numkeys should be greater than 0'));
    expect(await run('SINTERCARD', 'x', 's')).toEqual(error('ERR numkeys should be greater than 0'));
    const tooMany = error("ERR Number of keys can't be greater than number of args");
    expect(await run('SINTERCARD', 2, 's')).toEqual(tooMany);
    expect(await run('SINTERCARD', 1, 's', 'LIMIT')).toEqual(SYNTAX_ERROR);
    expect(await run('SINTERCARD', 1, 's', 's')).toEqual(SYNTAX_ERROR);
    expect(await run('SINTERCARD', 1, 's', 'LIMIT', -1)).toEqual(error("ERR LIMIT can't be negative"));
    expect(await run('SINTERCARD', 1, 'string')).toEqual(WRONG_TYPE);
  });

  test('see keys of all shards at one instant within a transaction', async () => {
    await fill('');
    await run('MULTI');
    await run('SUNIONSTORE', KEYS[0]!, 'by:2', 'by:3');
    await run('SMOVE', KEYS[0]!, KEYS[1]!, '0');
    await run('SINTER', KEYS[1]!, 'by:1');
    expect(await run('EXEC')).toEqual([400, 1, ['0']]);
  });
});

describeServed('SSCAN', ({ run }) => {
  async function scanAll(...options: (string | number)[]): Promise<string[]> {
    const found: string[] = [];
    let cursor = '0';
    do {
      const [next, members] = (await run('SSCAN', 's', cursor, ...options)) as [string, string[]];
      found.push(...members);
      cursor = next;
    } while (cursor !== '0');
    return found.sort();
  }

  test.each([3, 100, 5000])('gives each of %i members', async (count) => {
    await run('SADD', 's', ...range(count));
    expect(await scanAll()).toEqual(range(count).sort());
    expect(await scanAll('COUNT', 1000)).toEqual(range(count).sort());
    expect(await scanAll('MATCH', '*2')).toEqual(
      range(count)
        .filter((member) => member.endsWith('2'))
        .sort(),
    );
  });

  test('refuses what is wrong', async () => {
    await run('SADD', 's', 'a');
    await run('SET', 'string', 'v');
    expect(await run('SSCAN', 's', 'x')).toEqual(error('ERR invalid cursor'));
    expect(await run('SSCAN', 's', 0, 'COUNT', 0)).toEqual(SYNTAX_ERROR);
    expect(await run('SSCAN', 's', 0, 'COUNT', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await run('SSCAN', 's', 0, 'TYPE', 'x')).toEqual(SYNTAX_ERROR);
    expect(await run('SSCAN', 's', 0, 'MATCH')).toEqual(SYNTAX_ERROR);
    expect(await run('SSCAN', 'string', 0)).toEqual(WRONG_TYPE);
    expect(await run('SSCAN', 'none', 0)).toEqual(['0', []]);
    await run('SADD', 'large', ...range(1000));
    expect(await run('SSCAN', 'large', '-1')).toEqual([expect.any(String), expect.any(Array)]);
    expect(await run('SSCAN', 'large', '18446744073709551615')).toEqual([
      expect.any(String),
      expect.any(Array),
    ]);
  });
});

describeServed('Commands for any value, on sets', ({ run }) => {
  test.each(['intset', 'listpack', 'hashtable'])('keep a set that is a %s', async (encoding) => {
    const members = encoding === 'hashtable' ? range(2000) : range(50, encoding === 'intset' ? '' : 'm');
    for (const key of KEYS) {
      await run('DEL', 's');
      await run('SADD', 's', ...members);
      await run('EXPIRE', 's', 1000);
      expect(await run('COPY', 's', key, 'REPLACE')).toBe(1);
      expect(await run('RENAME', key, `${key}!`)).toBe('OK');
      expect(sorted(await run('SMEMBERS', `${key}!`))).toEqual([...members].sort());
      expect(await run('TTL', `${key}!`)).toBeGreaterThan(900);
      expect(await run('OBJECT', 'ENCODING', `${key}!`)).toBe(encoding);
      expect(sorted(await run('SMEMBERS', 's'))).toEqual([...members].sort());
    }
    const digest = await run('DEBUG', 'DIGEST-VALUE', 's');
    await run('SADD', 'reverse', ...members.toReversed());
    await run('EXPIRE', 'reverse', 1000);
    expect(await run('DEBUG', 'DIGEST-VALUE', 'reverse')).toEqual(digest);
  });

  test('SORT puts members in order', async () => {
    await run('SADD', 's', 10, 9, 100, -5, 7);
    expect(await run('SORT', 's')).toEqual(['-5', '7', '9', '10', '100']);
    expect(await run('SORT', 's', 'ALPHA', 'DESC', 'LIMIT', 0, 2)).toEqual(['9', '7']);
    await run('SADD', 'words', ...range(300));
    expect(await run('SORT', 'words', 'BY', 'nosort', 'STORE', 'l')).toBe(300);
    expect(await run('LRANGE', 'l', 0, -1)).toEqual(range(300).sort());
    expect(await run('SORT', 'words')).toEqual(
      error("ERR One or more scores can't be converted into double"),
    );
  });

  test('in RESP3 sets are sets', async () => {
    await run('HELLO', 3);
    await run('SADD', 's', 'a');
    expect(await run('SMEMBERS', 's')).toEqual(new Set(['a']));
    expect(await run('SINTER', 's', 's')).toEqual(new Set(['a']));
    expect(await run('SUNION', 's')).toEqual(new Set(['a']));
    expect(await run('SDIFF', 's')).toEqual(new Set(['a']));
    expect(await run('SRANDMEMBER', 's', 5)).toEqual(['a']);
    expect(await run('SPOP', 's', 5)).toEqual(new Set(['a']));
    expect(await run('SPOP', 's', 5)).toEqual(new Set());
    await run('HELLO', 2);
  });
});
