/** Commands that reach several keys or databases at one instant, and OBJECT. */
import { expect, test } from 'vitest';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './served.ts';

const NO_SUCH_KEY = error('ERR no such key');
const SAME_OBJECT = error('ERR source and destination objects are the same');
const BAD_DATABASE = error('ERR DB index is out of range');
/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 20 }, (_, i) => `key:${i}`);

describeServed('RENAME, RENAMENX and COPY', (served) => {
  const { run, connect } = served;

  test('move and copy values with their expiry, to keys of any shard', async () => {
    for (const to of KEYS) {
      await run('SET', 'from', `value of ${to}`, 'EX', 100);
      await run('SET', to, 'old');
      expect(await run('RENAMENX', 'from', to)).toBe(0);
      expect(await run('COPY', 'from', to)).toBe(0);
      expect(await run('COPY', 'from', to, 'REPLACE')).toBe(1);
      expect(await run('MGET', 'from', to)).toEqual([`value of ${to}`, `value of ${to}`]);
      expect(await run('RENAME', 'from', to)).toBe('OK');
      expect(await run('MGET', 'from', to)).toEqual([null, `value of ${to}`]);
      expect(await run('TTL', to)).toBeGreaterThan(90);
      await run('PERSIST', to);
      expect(await run('RENAMENX', to, 'from')).toBe(1);
      expect(await run('MGET', 'from', to)).toEqual([`value of ${to}`, null]);
      expect(await run('TTL', 'from')).toBe(-1);
    }
    expect(await run('DBSIZE')).toBe(1);
  });

  test('do not mind a key that is renamed to itself, but one that is not there', async () => {
    await run('SET', 'key', 'v');
    expect(await run('RENAME', 'key', 'key')).toBe('OK');
    expect(await run('RENAMENX', 'key', 'key')).toBe(0);
    expect(await run('COPY', 'key', 'key')).toEqual(SAME_OBJECT);
    expect(await run('GET', 'key')).toBe('v');
    expect(await run('RENAME', 'missing', 'key')).toEqual(NO_SUCH_KEY);
    expect(await run('RENAMENX', 'missing', 'missing')).toEqual(NO_SUCH_KEY);
    expect(await run('COPY', 'missing', 'key')).toBe(0);
    expect(await run('GET', 'key')).toBe('v');
  });

  test('COPY reaches other databases', async () => {
    await run('SET', 'key', 'v');
    for (const to of KEYS) expect(await run('COPY', 'key', to, 'DB', 2)).toBe(1);
    expect(await run('COPY', 'key', 'key', 'DB', 2)).toBe(1);
    expect(await run('DBSIZE')).toBe(1);
    expect(await run('INFO', 'keyspace')).toContain('db2:keys=21,expires=0');
    expect(await run('COPY', 'key', 'a', 'DB', 16)).toEqual(BAD_DATABASE);
    expect(await run('COPY', 'key', 'a', 'DB', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await run('COPY', 'key', 'a', 'EVER')).toEqual(SYNTAX_ERROR);
  });

  test('at every instant a renamed key has one name', async () => {
    const [writer, reader] = [await connect(), await connect()];
    await writer.command('SET', KEYS[0]!, 'v');
    const renames = Array.from({ length: 400 }, (_, i) => [
      ...['RENAME', KEYS[i % KEYS.length]!, KEYS[(i + 1) % KEYS.length]!],
    ]);
    let isDone = false;
    const written = writer.pipeline(renames).then((replies) => {
      isDone = true;
      return replies;
    });
    while (!isDone) {
      expect(((await reader.command('MGET', ...KEYS)) as unknown[]).filter((each) => each !== null)).toEqual([
        'v',
      ]);
    }
    expect(new Set(await written)).toEqual(new Set(['OK']));
    writer.destroy();
    reader.destroy();
  });
});

describeServed('MSETNX, LCS and SORT', (served) => {
  const { run } = served;

  test('MSETNX stores all or nothing', async () => {
    const pairs = KEYS.flatMap((key) => [key, 'v']);
    expect(await run('MSETNX', ...pairs)).toBe(1);
    expect(await run('EXISTS', ...KEYS)).toBe(20);
    expect(await run('MSETNX', 'new', '1', KEYS[7]!, '2', 'other', '3')).toBe(0);
    expect(await run('EXISTS', 'new', 'other')).toBe(0);
    expect(await run('MSETNX', 'twice', '1', 'twice', '2')).toBe(1);
    expect(await run('GET', 'twice')).toBe('2');
    expect(await run('MSETNX', 'a', '1', 'b')).toEqual(wrongArity('msetnx'));
  });

  test('LCS finds what two strings have in common', async () => {
    await run('MSET', 'a', 'ohmytext', 'b', 'mynewtext');
    expect(await run('LCS', 'a', 'b')).toBe('mytext');
    expect(await run('LCS', 'a', 'b', 'LEN')).toBe(6);
    const long = [[4, 7], [5, 8], 4];
    const short = [[2, 3], [0, 1], 2];
    expect(await run('LCS', 'a', 'b', 'IDX', 'WITHMATCHLEN')).toEqual(['matches', [long, short], 'len', 6]);
    expect(await run('LCS', 'a', 'b', 'IDX', 'WITHMATCHLEN', 'MINMATCHLEN', 3)).toEqual([
      ...['matches', [long], 'len', 6],
    ]);
    expect(await run('LCS', 'a', 'missing')).toBe('');
    expect(await run('LCS', 'a', 'b', 'LEN', 'IDX')).toEqual(
      error('ERR If you want both the length and indexes, please just use IDX.'),
    );
    expect(await run('LCS', 'a', 'b', 'MINMATCHLEN')).toEqual(SYNTAX_ERROR);
    await run('MSET', 'a', 'x'.repeat(12_000), 'b', 'y'.repeat(12_000));
    expect(await run('LCS', 'a', 'b', 'LEN')).toEqual(
      error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len'),
    );
  });

  test('SORT and SORT_RO of nothing is nothing, and of a string is refused', async () => {
    const wrongType = error('WRONGTYPE Operation against a key holding the wrong kind of value');
    expect(await run('SORT', 'missing', 'BY', 'w_*', 'LIMIT', 0, 5, 'GET', '#', 'DESC', 'ALPHA')).toEqual([]);
    expect(await run('SORT_RO', 'missing', 'ASC')).toEqual([]);
    for (const key of KEYS) {
      await run('SET', key, 'v');
      expect(await run('SORT', 'missing', 'STORE', key)).toBe(0);
      expect(await run('EXISTS', key)).toBe(0);
    }
    await run('SET', 'key', 'v');
    expect(await run('SORT', 'key')).toEqual(wrongType);
    expect(await run('SORT_RO', 'key')).toEqual(wrongType);
    expect(await run('SORT', 'key', 'LIMIT', 'a', 1)).toEqual(NOT_AN_INTEGER);
    expect(await run('SORT', 'key', 'LIMIT', 1)).toEqual(SYNTAX_ERROR);
    expect(await run('SORT_RO', 'key', 'STORE', 'a')).toEqual(SYNTAX_ERROR);
  });
});

describeServed('MOVE and SWAPDB', (served) => {
  const { run, connect } = served;

  test('MOVE takes a key to a database where it does not exist', async () => {
    await run('SET', 'key', 'v', 'EX', 100);
    expect(await run('MOVE', 'key', 3)).toBe(1);
    expect(await run('EXISTS', 'key')).toBe(0);
    expect(await run('INFO', 'keyspace')).toMatch(/# Keyspace\r\ndb3:keys=1,expires=1,/);
    await run('SET', 'key', 'w');
    expect(await run('MOVE', 'key', 3)).toBe(0);
    expect(await run('MOVE', 'missing', 3)).toBe(0);
    expect(await run('MOVE', 'key', 0)).toEqual(SAME_OBJECT);
    expect(await run('MOVE', 'key', 16)).toEqual(BAD_DATABASE);
    expect(await run('MOVE', 'key', 'x')).toEqual(NOT_AN_INTEGER);
    const other = await connect();
    await other.command('SELECT', 3);
    expect(await other.command('GET', 'key')).toBe('v');
    expect(await other.command('TTL', 'key')).toBeGreaterThan(90);
    other.destroy();
  });

  test('SWAPDB swaps what all clients see, on all shards', async () => {
    const other = await connect();
    await other.command('SELECT', 1);
    await run('MSET', ...KEYS.flatMap((key) => [key, 'zero']));
    await other.command('SET', KEYS[0]!, 'one', 'EX', 100);
    // Read directly before and after.
    expect(await run('GET', KEYS[0]!)).toBe('zero');
    expect(await other.command('GET', KEYS[0]!)).toBe('one');
    expect(await run('SWAPDB', 0, 1)).toBe('OK');
    expect(await run('GET', KEYS[0]!)).toBe('one');
    expect(await other.command('GET', KEYS[0]!)).toBe('zero');
    expect(await run('DBSIZE')).toBe(1);
    expect(await other.command('DBSIZE')).toBe(20);
    expect(await run('INFO', 'keyspace')).toMatch(/db0:keys=1,expires=1,.*\r\ndb1:keys=20,expires=0,/);
    expect(await run('SWAPDB', 1, 1)).toBe('OK');
    expect(await run('SWAPDB', 7, 0)).toBe('OK');
    expect(await run('DBSIZE')).toBe(0);
    expect(await run('SWAPDB', 'a', 0)).toEqual(error('ERR invalid first DB index'));
    expect(await run('SWAPDB', 0, 'b')).toEqual(error('ERR invalid second DB index'));
    expect(await run('SWAPDB', 0, 16)).toEqual(BAD_DATABASE);
    other.destroy();
  });

  test('readers see either database whole while they are swapped', async () => {
    const [writer, reader] = [await connect(), await connect()];
    await run('MSET', ...KEYS.flatMap((key) => [key, 'a']));
    await run('SWAPDB', 0, 1);
    await run('MSET', ...KEYS.flatMap((key) => [key, 'b']));
    let isDone = false;
    const swaps = Array.from({ length: 300 }, () => ['SWAPDB', 0, 1]);
    const written = writer.pipeline(swaps).then(() => {
      isDone = true;
    });
    const seen = new Set<string>();
    while (!isDone) {
      const values = new Set((await reader.command('MGET', ...KEYS)) as string[]);
      expect(values.size).toBe(1);
      for (const value of values) seen.add(value);
    }
    for (const value of seen) expect(['a', 'b']).toContain(value);
    await written;
    expect(await reader.command('GET', KEYS[0]!)).toBe('b');
    writer.destroy();
    reader.destroy();
  });
});

describeServed('OBJECT', (served) => {
  const { run } = served;

  test('ENCODING says how Redis would store a string', async () => {
    const encoding = async (...words: (string | number)[]) => {
      await run(...words);
      return run('OBJECT', 'ENCODING', 'key');
    };
    expect(await encoding('SET', 'key', '123')).toBe('int');
    expect(await encoding('SET', 'key', 'text')).toBe('embstr');
    expect(await encoding('SET', 'key', 'x'.repeat(45))).toBe('raw');
    expect(await encoding('SET', 'key', '1')).toBe('int');
    expect(await encoding('SETRANGE', 'key', 0, '2')).toBe('raw');
    expect(await encoding('SET', 'key', '1')).toBe('int');
    expect(await encoding('SETBIT', 'key', 0, 0)).toBe('raw');
    expect(await encoding('BITOP', 'OR', 'key', 'key')).toBe('raw');
    expect(await run('OBJECT', 'ENCODING', 'missing')).toBe(null);
  });

  test('REFCOUNT, IDLETIME, FREQ and HELP', async () => {
    await run('SET', 'key', '9999');
    expect(await run('OBJECT', 'REFCOUNT', 'key')).toBe(2147483647);
    await run('SET', 'key', '10000');
    expect(await run('OBJECT', 'REFCOUNT', 'key')).toBe(1);
    // A second may have ended in between.
    expect([0, 1]).toContain(await run('OBJECT', 'IDLETIME', 'key'));
    expect(await run('OBJECT', 'IDLETIME', 'missing')).toBe(null);
    expect(await run('OBJECT', 'FREQ', 'key')).toEqual(
      error(
        'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
      ),
    );
    expect(await run('OBJECT', 'HELP')).toContain('REFCOUNT <key>');
    expect(await run('OBJECT', 'EVER', 'key')).toEqual(
      error("ERR unknown subcommand 'EVER'. Try OBJECT HELP."),
    );
  });
});
