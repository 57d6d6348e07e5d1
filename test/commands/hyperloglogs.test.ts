/** PFADD, PFCOUNT, PFMERGE, PFDEBUG and PFSELFTEST. */
import { expect, test } from 'vitest';
import { describeServed, error, wrongArity } from './served.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
const NOT_ONE = error('WRONGTYPE Key is not a valid HyperLogLog string value.');
const CORRUPT = error('INVALIDOBJ Corrupted HLL object detected');

const elements = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `element:${from + i}`);

describeServed('PFADD, PFCOUNT and PFMERGE', ({ run, connect }) => {
  test('count different elements, of one key or of several on any shards', async () => {
    expect(await run('PFADD', 'a', ...elements(100))).toBe(1);
    expect(await run('PFADD', 'a', ...elements(100))).toBe(0);
    expect(await run('PFADD', 'b', ...elements(100, 50))).toBe(1);
    expect(await run('PFADD', 'c')).toBe(1);
    expect(await run('PFADD', 'c')).toBe(0);
    expect(await run('PFCOUNT', 'a')).toBe(99);
    expect(await run('PFCOUNT', 'c')).toBe(0);
    expect(await run('PFCOUNT', 'a', 'b', 'c', 'none')).toBe(150);
    expect(await run('PFCOUNT', 'none')).toBe(0);
    expect(await run('PFMERGE', 'all', 'a', 'b', 'none', 'c')).toBe('OK');
    expect(await run('PFCOUNT', 'all')).toBe(150);
    expect(await run('PFMERGE', 'a', 'b')).toBe('OK');
    expect(await run('PFCOUNT', 'a')).toBe(150);
    expect(await run('PFMERGE', 'fresh')).toBe('OK');
    expect(await run('PFCOUNT', 'fresh')).toBe(0);
  });

  test('keep the time to live', async () => {
    await run('PFADD', 'a', 'x');
    await run('EXPIRE', 'a', 100);
    await run('PFADD', 'a', ...elements(2000));
    await run('PFADD', 'a', 'y');
    await run('PFCOUNT', 'a');
    await run('PFADD', 'b', 'z');
    await run('PFMERGE', 'a', 'b');
    expect(await run('TTL', 'a')).toBe(100);
  });

  test('keep the count in the header until registers change', async () => {
    await run('PFADD', 'a', 'x', 'y');
    const header = async () => Buffer.from((await run('GETRANGE', 'a', 8, 15)) as string, 'latin1')[0];
    const stale = async () => run('BITCOUNT', 'a', 120, 120, 'BIT');
    expect([await header(), await stale()]).toEqual([0, 1]);
    expect(await run('PFCOUNT', 'a')).toBe(2);
    expect([await header(), await stale()]).toEqual([2, 0]);
    await run('PFADD', 'a', 'x');
    expect([await header(), await stale()]).toEqual([2, 0]);
    // What the header says is believed.
    await run('SETRANGE', 'a', 8, '\x07');
    expect(await run('PFCOUNT', 'a')).toBe(7);
    await run('PFADD', 'a', 'z');
    expect([await header(), await stale()]).toEqual([7, 1]);
    expect(await run('PFCOUNT', 'a')).toBe(3);
  });

  test('count in transactions whose keys are on several shards', async () => {
    const client = await connect();
    await client.command('PFADD', 'a', ...elements(10));
    await client.command('PFADD', 'b', ...elements(20));
    await client.command('PFADD', 'c', ...elements(30));
    await client.command('SET', 'd', 'no');
    await client.command('MULTI');
    for (const key of ['a', 'b', 'c', 'd', 'e']) await client.command('PFCOUNT', key);
    await client.command('PFADD', 'c', 'one more');
    await client.command('PFMERGE', 'a', 'b', 'c');
    await client.command('PFCOUNT', 'a');
    await client.command('PFCOUNT', 'c');
    expect(await client.command('EXEC')).toEqual([10, 20, 30, NOT_ONE, 0, 1, 'OK', 31, 31]);
    client.destroy();
  });

  test('are refused where a key holds something else', async () => {
    await run('SET', 'string', 'HYLL is what it begins with');
    await run('RPUSH', 'list', 'x');
    await run('PFADD', 'a', 'x');
    for (const [key, problem] of [
      ['string', NOT_ONE],
      ['list', WRONG_TYPE],
    ] as const) {
      expect(await run('PFADD', key, 'x')).toEqual(problem);
      expect(await run('PFADD', key)).toEqual(problem);
      expect(await run('PFCOUNT', key)).toEqual(problem);
      expect(await run('PFCOUNT', 'a', key)).toEqual(problem);
      expect(await run('PFMERGE', key, 'a')).toEqual(problem);
      expect(await run('PFMERGE', 'a', 'none', key)).toEqual(problem);
      expect(await run('PFDEBUG', 'ENCODING', key)).toEqual(problem);
    }
    expect(await run('PFADD')).toEqual(wrongArity('pfadd'));
    expect(await run('PFCOUNT')).toEqual(wrongArity('pfcount'));
    expect(await run('PFMERGE')).toEqual(wrongArity('pfmerge'));
  });

  test('notice runs that are not right', async () => {
    await run('PFADD', 'a', 'x', 'y');
    await run('PFADD', 'good', 'x', 'y');
    await run('APPEND', 'a', 'hello');
    expect(await run('PFCOUNT', 'a')).toEqual(CORRUPT);
    expect(await run('PFCOUNT', 'good', 'a')).toEqual(CORRUPT);
    expect(await run('PFMERGE', 'good', 'a')).toEqual(CORRUPT);
    expect(await run('PFDEBUG', 'TODENSE', 'a')).toEqual(CORRUPT);
    expect(await run('PFDEBUG', 'GETREG', 'a')).toEqual(CORRUPT);
    await run('SETRANGE', 'short', 0, (await run('GETRANGE', 'good', 0, 15)) as string);
    expect(await run('PFADD', 'short', 'x')).toEqual(CORRUPT);
    expect(await run('PFCOUNT', 'good')).toBe(2);
  });

  test('become dense at hll-sparse-max-bytes', async () => {
    await run('PFADD', 'a', ...elements(100));
    expect(await run('PFDEBUG', 'ENCODING', 'a')).toBe('sparse');
    expect(await run('CONFIG', 'SET', 'hll-sparse-max-bytes', 100)).toBe('OK');
    await run('PFADD', 'a', ...elements(1, 1000));
    expect(await run('PFDEBUG', 'ENCODING', 'a')).toBe('dense');
    expect(await run('STRLEN', 'a')).toBe(12_304);
    expect(await run('PFCOUNT', 'a')).toBe(100);
    expect(await run('CONFIG', 'SET', 'hll-sparse-max-bytes', 3000)).toBe('OK');
    await run('PFADD', 'b', ...elements(100));
    expect(await run('PFDEBUG', 'ENCODING', 'b')).toBe('sparse');
    await run('PFMERGE', 'b', 'a');
    expect(await run('PFDEBUG', 'ENCODING', 'b')).toBe('dense');
  });
});

describeServed('PFDEBUG and PFSELFTEST', ({ run }) => {
  test('show what a HyperLogLog is made of', async () => {
    await run('PFADD', 'a', ...elements(3));
    const decoded = (await run('PFDEBUG', 'decode', 'a')) as string;
    expect(decoded).toMatch(/^([zZ]:\d+|v:\d+,\d+)( ([zZ]:\d+|v:\d+,\d+))*$/);
    const registers = (await run('PFDEBUG', 'GETREG', 'a')) as number[];
    expect(registers.length).toBe(16_384);
    expect(registers.filter((value) => value > 0).length).toBe(3);
    expect(await run('PFDEBUG', 'ENCODING', 'a')).toBe('dense');
    expect(await run('PFDEBUG', 'DECODE', 'a')).toEqual(error('ERR HLL encoding is not sparse'));
    await run('PFADD', 'b', 'x');
    expect(await run('PFDEBUG', 'TODENSE', 'b')).toBe(1);
    expect(await run('PFDEBUG', 'TODENSE', 'b')).toBe(0);
    expect(await run('PFDEBUG', 'TODENSE', 'none')).toEqual(error('ERR The specified key does not exist'));
    expect(await run('PFDEBUG', 'nonsense', 'b')).toEqual(error("ERR Unknown PFDEBUG subcommand 'nonsense'"));
    expect(await run('PFDEBUG', 'GETREG')).toEqual(wrongArity('pfdebug'));
  });

  test('find nothing wrong', async () => {
    expect(await run('PFSELFTEST')).toBe('OK');
  });
});
