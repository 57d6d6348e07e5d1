/** Values of every size that the protocol allows. */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { useServer } from './served.ts';
import { digestOf, Wire } from './wire.ts';

const KB = 1024;
const MB = 1024 * KB;

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards });

  test.each([100, 20 * KB, 200 * KB, 5 * MB, 100 * MB])(
    'a value of %i bytes is stored and returned as it is',
    async (length) => {
      const wire = await Wire.connect(server().port);
      await wire.command('SET', 'long', ['long', length]);
      expect(await wire.line()).toBe('+OK');
      await wire.command('GET', 'long');
      expect(await wire.bulk()).toBe(digestOf('long', length));
      await wire.command('STRLEN', 'long');
      expect(await wire.line()).toBe(`:${length}`);
      await wire.command('DEL', 'long');
      expect(await wire.line()).toBe(':1');
      wire.close();
    },
  );

  test('values around the size of a frame of the lane are returned as they are', async () => {
    const wire = await Wire.connect(server().port);
    // A lane is 512 KB by default, and its longest frame a quarter of it.
    for (let length = 128 * KB - 64; length <= 128 * KB + 8; length++) {
      await wire.command('SET', 'edge', ['edge', length]);
      await wire.command('GET', 'edge');
      expect(await wire.line()).toBe('+OK');
      expect(await wire.bulk()).toBe(digestOf('edge', length));
    }
    wire.close();
  });

  test('MSET and MGET carry large values over the shards', async () => {
    const wire = await Wire.connect(server().port);
    const lengths = [8 * MB, 10, 3 * MB, 100 * KB, 12 * MB, 0, 20 * KB, 8 * MB];
    const values = lengths.map((length, i) => [`value ${i}`, length] as const);
    await wire.command('MSET', ...values.flatMap((value, i) => [`key ${i}`, value]));
    expect(await wire.line()).toBe('+OK');
    await wire.command('MGET', ...values.map((_, i) => `key ${i}`), 'absent');
    expect(await wire.line()).toBe(`*${values.length + 1}`);
    for (const value of values) expect(await wire.bulk()).toBe(digestOf(...value));
    expect(await wire.line()).toBe('$-1');
    wire.close();
  });

  test('large and small values keep their order in one pipeline', async () => {
    const wire = await Wire.connect(server().port);
    const lengths = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 2 * MB : i * 100));
    for (const [i, length] of lengths.entries()) await wire.command('SET', `p${i}`, [`p${i}`, length]);
    for (const i of lengths.keys()) await wire.command('GET', `p${i}`);
    for (const _ of lengths) expect(await wire.line()).toBe('+OK');
    for (const [i, length] of lengths.entries()) expect(await wire.bulk()).toBe(digestOf(`p${i}`, length));
    wire.close();
  });
});

describe('at the limit of the protocol', () => {
  const server = useServer({ shards: 1 });

  test('a value of 512 MB is stored and returned as it is', async () => {
    const wire = await Wire.connect(server().port);
    await wire.command('SET', 'longest', ['longest', 512 * MB]);
    expect(await wire.line()).toBe('+OK');
    await wire.command('GET', 'longest');
    expect(await wire.bulk()).toBe(digestOf('longest', 512 * MB));
    wire.close();
  });

  test('a value of one byte more is refused before it is sent', async () => {
    const wire = await Wire.connect(server().port);
    await wire.send(`*3\r\n$3\r\nSET\r\n$4\r\nlong\r\n$${512 * MB + 1}\r\n`);
    expect(await wire.line()).toBe('-ERR Protocol error: invalid bulk length');
    await expect(wire.line()).rejects.toThrow('closed the connection');
  });
});
