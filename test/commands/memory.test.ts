/** MEMORY and LOLWUT. */
import { describe, expect, test } from 'vitest';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR } from './served.ts';

describeServed('MEMORY', ({ run }) => {
  describe('USAGE', () => {
    const usage = async (key: string) => (await run('MEMORY', 'USAGE', key)) as number;

    test('counts the entry and its place in the index, and more for more', async () => {
      await run('SET', 'small', 'v');
      await run('SET', 'large', 'v'.repeat(100_000));
      expect(await usage('small')).toBeGreaterThanOrEqual(12 + 'smallv'.length);
      expect(await usage('small')).toBeLessThan(100);
      expect(await usage('large')).toBeGreaterThanOrEqual(100_000);
      expect(await usage('large')).toBeLessThan(101_000);
      const before = await usage('small');
      await run('EXPIRE', 'small', 1000);
      expect(await usage('small')).toBeGreaterThanOrEqual(before + 16);
    });

    test('knows databases, and nothing of absent keys', async () => {
      await run('SET', 'k', 'v');
      expect(await run('MEMORY', 'USAGE', 'absent')).toBeNull();
      await run('SELECT', 2);
      expect(await run('MEMORY', 'USAGE', 'k')).toBeNull();
      await run('SELECT', 0);
      expect(await usage('k')).toBeGreaterThan(0);
    });

    test('takes SAMPLES and refuses what is wrong', async () => {
      await run('SET', 'k', 'v');
      const exact = await usage('k');
      expect(await run('MEMORY', 'USAGE', 'k', 'SAMPLES', 0)).toBe(exact);
      expect(await run('MEMORY', 'USAGE', 'k', 'samples', 7)).toBe(exact);
      expect(await run('MEMORY', 'USAGE', 'k', 'SAMPLES', 'x')).toEqual(NOT_AN_INTEGER);
      for (const words of [['SAMPLES', -1], ['SAMPLES'], ['nonsense'], ['nonsense', 5]]) {
        expect(await run('MEMORY', 'USAGE', 'k', ...words)).toEqual(SYNTAX_ERROR);
      }
    });
  });

  test('STATS counts keys and what they take', async () => {
    const stats = async () => {
      const flat = (await run('MEMORY', 'STATS')) as (string | number)[];
      return new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!]] : [])));
    };
    const before = await stats();
    await run('SET', 'a', 'x'.repeat(1_000_000));
    await run('SET', 'b', 1, 'EX', 1000);
    await run('SELECT', 3);
    await run('SET', 'c', 1);
    await run('SELECT', 0);
    const after = await stats();
    expect(after.get('keys.count')).toBe(3);
    expect(Number(after.get('dataset.bytes')) - Number(before.get('dataset.bytes'))).toBeGreaterThan(900_000);
    expect(after.get('db.0')).toEqual([
      ...['overhead.hashtable.main', 16, 'overhead.hashtable.expires', 8],
      ...['overhead.hashtable.slot-to-keys', 0],
    ]);
    expect(after.has('db.3')).toBe(true);
    expect(Number(after.get('peak.allocated'))).toBeGreaterThanOrEqual(Number(after.get('total.allocated')));
  });

  test('PURGE keeps every key', async () => {
    const value = (i: number) => String(i).repeat(200);
    for (let i = 0; i < 300; i++) await run('SET', `key:${i}`, value(i));
    for (let i = 0; i < 300; i += 2) await run('DEL', `key:${i}`);
    expect(await run('MEMORY', 'PURGE')).toBe('OK');
    expect(await run('DBSIZE')).toBe(150);
    for (let i = 1; i < 300; i += 2) expect(await run('GET', `key:${i}`)).toBe(value(i));
  });

  test('DOCTOR, MALLOC-STATS and HELP answer with texts', async () => {
    expect(await run('MEMORY', 'DOCTOR')).toMatch(/^There is hardly any data yet/);
    await run('SET', 'a', 'x'.repeat(6_000_000));
    expect(await run('MEMORY', 'DOCTOR')).toMatch(/onspicuous about the memory of this server/);
    expect(await run('MEMORY', 'MALLOC-STATS')).toMatch(/^shardis-arena\nentries +\d+ \(/);
    expect(await run('MEMORY', 'HELP')).toEqual(
      expect.arrayContaining(['USAGE <key> [SAMPLES <count>]', 'PURGE']),
    );
    expect(await run('MEMORY', 'nonsense')).toEqual(
      error("ERR unknown subcommand 'nonsense'. Try MEMORY HELP."),
    );
  });
});

describeServed('LOLWUT', ({ run }) => {
  test('draws another picture each time, and ends with the version', async () => {
    const pictures = [
      await run('LOLWUT'),
      await run('LOLWUT', 'VERSION', 5),
      await run('lolwut', 'version', 99),
    ];
    for (const picture of pictures) expect(picture).toMatch(/\^[\s\S]*\nRedis ver\. 7\.2\.\d+\n$/);
    expect(new Set(pictures).size).toBe(3);
    expect(await run('LOLWUT', 'VERSION', 'abc')).toEqual(NOT_AN_INTEGER);
  });
});
