/** Commands on keys of any type and on whole databases. */
import { expect, test } from 'vitest';
import { describeServed, SYNTAX_ERROR, wrongArity } from './served.ts';

const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);
const PAIRS = KEYS.flatMap((key) => [key, 'v']);

describeServed('Keys', (served) => {
  const { run, connect } = served;

  test('DEL and UNLINK count the keys that were there, over all shards', async () => {
    await run('MSET', ...PAIRS);
    expect(await run('DEL', ...KEYS.slice(0, 30), 'missing', KEYS[0]!)).toBe(30);
    expect(await run('DBSIZE')).toBe(30);
    expect(await run('UNLINK', ...KEYS)).toBe(30);
    expect(await run('DBSIZE')).toBe(0);
    expect(await run('DEL', 'missing')).toBe(0);
    expect(await run('DEL')).toEqual(wrongArity('del'));
  });

  test('EXISTS counts a key as often as it is given', async () => {
    await run('MSET', ...PAIRS);
    expect(await run('EXISTS', ...KEYS)).toBe(60);
    expect(await run('EXISTS', 'missing')).toBe(0);
    expect(await run('EXISTS', KEYS[1]!, KEYS[1]!, 'missing', KEYS[2]!)).toBe(3);
  });

  test('TOUCH counts the keys that exist', async () => {
    await run('MSET', ...PAIRS);
    expect(await run('TOUCH', ...KEYS, 'missing')).toBe(60);
    expect(await run('TOUCH', 'missing')).toBe(0);
  });

  test('TYPE names the type', async () => {
    await run('SET', 'key', 'v');
    expect(await run('TYPE', 'key')).toBe('string');
    expect(await run('TYPE', 'missing')).toBe('none');
  });

  test('RANDOMKEY returns every key sooner or later, and nil when there is none', async () => {
    expect(await run('RANDOMKEY')).toBe(null);
    await run('MSET', 'a', '1', 'b', '2', 'c', '3', 'd', '4');
    const seen = new Set<unknown>();
    for (let i = 0; i < 2000 && seen.size < 4; i++) seen.add(await run('RANDOMKEY'));
    expect(seen).toEqual(new Set(['a', 'b', 'c', 'd']));
    expect(await run('RANDOMKEY', 'x')).toEqual(wrongArity('randomkey'));
  });

  test('RANDOMKEY is null in RESP3 too when there is no key', async () => {
    const client = await connect();
    await client.command('HELLO', 3);
    expect(await client.command('RANDOMKEY')).toBe(null);
    await client.command('SET', 'only', 'v');
    expect(await client.command('RANDOMKEY')).toBe('only');
    client.destroy();
  });

  test('DBSIZE counts the keys of the selected database', async () => {
    expect(await run('DBSIZE')).toBe(0);
    await run('MSET', ...PAIRS);
    expect(await run('DBSIZE')).toBe(60);
    const other = await connect();
    await other.command('SELECT', 1);
    expect(await other.command('DBSIZE')).toBe(0);
    other.destroy();
  });

  test('FLUSHDB empties one database, FLUSHALL all', async () => {
    const other = await connect();
    await other.command('SELECT', 3);
    await other.command('MSET', ...PAIRS);
    await run('MSET', ...PAIRS);
    expect(await run('FLUSHDB')).toBe('OK');
    expect(await run('DBSIZE')).toBe(0);
    expect(await run('EXISTS', ...KEYS)).toBe(0);
    expect(await other.command('DBSIZE')).toBe(60);
    await run('MSET', ...PAIRS);
    expect(await run('FLUSHALL')).toBe('OK');
    expect(await run('DBSIZE')).toBe(0);
    expect(await other.command('DBSIZE')).toBe(0);
    other.destroy();
  });

  test('FLUSHDB and FLUSHALL take ASYNC or SYNC and nothing else', async () => {
    for (const name of ['FLUSHDB', 'FLUSHALL']) {
      await run('SET', 'key', 'v');
      expect(await run(name, 'foo')).toEqual(SYNTAX_ERROR);
      expect(await run(name, 'ASYNC', 'SYNC')).toEqual(SYNTAX_ERROR);
      expect(await run('EXISTS', 'key')).toBe(1);
      expect(await run(name, 'async')).toBe('OK');
      expect(await run('EXISTS', 'key')).toBe(0);
      expect(await run(name, 'SYNC')).toBe('OK');
    }
  });

  test('databases do not see each other', async () => {
    const other = await connect();
    await other.command('SELECT', 1);
    await run('SET', 'key', 'zero');
    await other.command('SET', 'key', 'one');
    expect(await run('GET', 'key')).toBe('zero');
    expect(await other.command('DEL', 'key')).toBe(1);
    expect(await run('GET', 'key')).toBe('zero');
    other.destroy();
  });
});
