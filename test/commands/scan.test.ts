/** SCAN and KEYS. */
import { expect, test } from 'vitest';
import type { Word } from '../support/client.ts';
import { describeServed, error, NOT_AN_INTEGER, type Served, SYNTAX_ERROR, wrongArity } from './served.ts';

const INVALID_CURSOR = error('ERR invalid cursor');

/** All keys of a whole walk, and the number of calls that it took. */
async function walk(
  { run }: Served,
  ...options: readonly Word[]
): Promise<{ keys: string[]; calls: number }> {
  const keys: string[] = [];
  let cursor = '0';
  let calls = 0;
  do {
    const reply = (await run('SCAN', cursor, ...options)) as [string, string[]];
    cursor = reply[0];
    keys.push(...reply[1]);
    calls++;
  } while (cursor !== '0');
  return { keys: keys.sort(), calls };
}

async function fill({ run }: Served, prefix: string, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, i) => `${prefix}${i}`).sort();
  await run('MSET', ...keys.flatMap((key) => [key, 'v']));
  return keys;
}

describeServed('SCAN', (served) => {
  const { run, connect, shards } = served;

  test('visits every key once, whatever the count', async () => {
    const keys = await fill(served, 'key:', 1000);
    for (const count of [1, 7, 100, 100_000]) {
      expect((await walk(served, 'COUNT', count)).keys).toEqual(keys);
    }
    expect((await walk(served)).calls).toBeGreaterThan(50);
    expect((await walk(served, 'COUNT', 100_000)).calls).toBe(shards);
  });

  test('ends at once in an empty database of each shard', async () => {
    expect(await walk(served)).toEqual({ keys: [], calls: shards });
  });

  test('filters by pattern and by type', async () => {
    await fill(served, 'key:', 300);
    const others = await fill(served, 'other:', 20);
    expect((await walk(served, 'MATCH', 'other:*')).keys).toEqual(others);
    expect((await walk(served, 'MATCH', 'other:*', 'COUNT', 5, 'TYPE', 'String')).keys).toEqual(others);
    expect((await walk(served, 'match', '*')).keys).toHaveLength(320);
    expect((await walk(served, 'TYPE', 'list')).keys).toEqual([]);
    expect((await walk(served, 'TYPE', 'nosuch')).keys).toEqual([]);
    expect((await walk(served, 'MATCH', 'key:[0-4]', 'MATCH', 'key:?')).keys).toHaveLength(10);
  });

  test('visits keys that stay while others come and go', async () => {
    const keys = await fill(served, 'stays:', 500);
    await fill(served, 'goes:', 500);
    const seen = new Set<string>();
    let cursor = '0';
    for (let call = 0; call === 0 || cursor !== '0'; call++) {
      const reply = (await run('SCAN', cursor, 'COUNT', 20)) as [string, string[]];
      cursor = reply[0];
      for (const key of reply[1]) seen.add(key);
      await run('DEL', ...Array.from({ length: 20 }, (_, i) => `goes:${call * 20 + i}`));
      await run('MSET', ...Array.from({ length: 40 }, (_, i) => `comes:${call * 40 + i}`));
    }
    expect(keys.filter((key) => !seen.has(key))).toEqual([]);
  });

  test('is finished with a cursor that lies behind every key', async () => {
    await fill(served, 'key:', 10);
    for (const cursor of ['18446744073709551615', '4294967296000', '-1', String(shards * 2 ** 32)]) {
      expect(await run('SCAN', cursor), cursor).toEqual(['0', []]);
    }
  });

  test('takes cursors in the forms that Redis takes', async () => {
    await run('SET', 'key', 'v');
    for (const cursor of ['', '0', '+0', '-0', '000']) {
      const [next, keys] = (await run('SCAN', cursor)) as [string, string[]];
      expect(next === '0' ? keys : ['key'], JSON.stringify(cursor)).toEqual(['key']);
    }
  });

  test('refuses other cursors, before it looks at the options', async () => {
    for (const cursor of ['a', '1a', ' 1', '-', '18446744073709551616', '1.0']) {
      expect(await run('SCAN', cursor, 'COUNT', 0), cursor).toEqual(INVALID_CURSOR);
    }
  });

  test('refuses wrong options', async () => {
    for (const options of [
      ['COUNT', '0'],
      ['COUNT', '-1'],
      ['COUNT'],
      ['MATCH'],
      ['TYPE'],
      ['foo', 'bar'],
      ['COUNT', '5', 'foo'],
      ['foo'],
    ]) {
      expect(await run('SCAN', 0, ...options), options.join(' ')).toEqual(SYNTAX_ERROR);
    }
    expect(await run('SCAN', 0, 'COUNT', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await run('SCAN')).toEqual(wrongArity('scan'));
  });

  test('sees only the selected database', async () => {
    await fill(served, 'key:', 10);
    const other = await connect();
    await other.command('SELECT', 2);
    expect(await other.command('SCAN', 0, 'COUNT', 1000)).toEqual([shards === 1 ? '0' : String(2 ** 32), []]);
    other.destroy();
  });
});

describeServed('KEYS', (served) => {
  const { run } = served;
  const sorted = async (pattern: Word) => ((await run('KEYS', pattern)) as string[]).sort();

  test('returns the keys of all shards that match', async () => {
    const keys = await fill(served, 'key:', 100);
    const others = await fill(served, 'other:', 20);
    expect(await sorted('*')).toEqual([...keys, ...others].sort());
    expect(await sorted('other:*')).toEqual(others);
    expect(await sorted('key:?')).toEqual(keys.filter((key) => key.length === 5));
    expect(await sorted('key:[12]')).toEqual(['key:1', 'key:2']);
    expect(await sorted('key:7')).toEqual(['key:7']);
    expect(await sorted('nothing*')).toEqual([]);
    expect(await sorted('')).toEqual([]);
    expect(await run('KEYS')).toEqual(wrongArity('keys'));
  });

  test('matches bytes, not characters', async () => {
    await run('SET', '\xff\0\r\n', 'v');
    expect(await sorted('????')).toEqual(['\xff\0\r\n']);
    expect(await sorted('\xff*')).toEqual(['\xff\0\r\n']);
  });
});
