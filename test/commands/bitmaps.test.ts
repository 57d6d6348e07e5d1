/** Parts of strings, bitmaps and bit fields. */
import { expect, test } from 'vitest';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './served.ts';

const BAD_OFFSET = error('ERR bit offset is not an integer or out of range');
const BAD_BIT = error('ERR bit is not an integer or out of range');
const BAD_TYPE = error(
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
);
const TOO_LONG = error('ERR string exceeds maximum allowed size (proto-max-bulk-len)');

describeServed('GETRANGE, SUBSTR and SETRANGE', (served) => {
  const { run, connect } = served;

  test('cut a string at both ends, counted from either', async () => {
    await run('SET', 'key', 'This is a string');
    for (const name of ['GETRANGE', 'SUBSTR']) {
      expect(await run(name, 'key', 0, 3)).toBe('This');
      expect(await run(name, 'key', -3, -1)).toBe('ing');
      expect(await run(name, 'key', 10, 100)).toBe('string');
      expect(await run(name, 'key', 5, 3)).toBe('');
      expect(await run(name, 'missing', 0, -1)).toBe('');
      expect(await run(name, 'key', 'x', 3)).toEqual(NOT_AN_INTEGER);
      expect(await run(name, 'key', 1)).toEqual(wrongArity(name.toLowerCase()));
    }
  });

  test('are answered in order, directly or not, from values of any length', async () => {
    const client = await connect();
    const value = Buffer.alloc(5_000_000, 'abcdefghij');
    await client.command('SET', 'long', value);
    expect(await client.command('GETRANGE', 'long', 10, 13)).toBe('abcd');
    const whole = (await client.command('GETRANGE', 'long', 0, -1)) as string;
    expect(whole === value.toString()).toBe(true);
    const words = Array.from({ length: 500 }, (_, i) => ['GETRANGE', 'long', i * 1000, i * 1000 + 2]);
    const replies = await client.pipeline([
      ...words,
      ['SETRANGE', 'long', 0, 'XYZ'],
      ['GETRANGE', 'long', 0, 3],
    ]);
    expect(new Set(replies.slice(0, 500))).toEqual(new Set(['abc']));
    expect(replies.slice(500)).toEqual([5_000_000, 'XYZd']);
    client.destroy();
  });

  test('SETRANGE overwrites, lengthens with zeros, and makes a string', async () => {
    await run('SET', 'key', 'Hello World', 'EX', 100);
    expect(await run('SETRANGE', 'key', 6, 'Redis')).toBe(11);
    expect(await run('GET', 'key')).toBe('Hello Redis');
    expect(await run('SETRANGE', 'key', 13, '!')).toBe(14);
    expect(await run('GET', 'key')).toBe('Hello Redis\0\0!');
    expect(await run('TTL', 'key')).toBe(100);
    expect(await run('SETRANGE', 'fresh', 3, 'x')).toBe(4);
    expect(await run('GET', 'fresh')).toBe('\0\0\0x');
    expect(await run('SETRANGE', 'none', 3, '')).toBe(0);
    expect(await run('EXISTS', 'none')).toBe(0);
  });

  test('SETRANGE refuses what is no offset and what would be too long', async () => {
    expect(await run('SETRANGE', 'key', -1, 'x')).toEqual(error('ERR offset is out of range'));
    expect(await run('SETRANGE', 'key', 'x', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await run('SETRANGE', 'key', 512 * 1024 * 1024, 'x')).toEqual(TOO_LONG);
    expect(await run('SETRANGE', 'key', '9223372036854775807', 'x')).toEqual(TOO_LONG);
    expect(await run('EXISTS', 'key')).toBe(0);
    expect(await run('CONFIG', 'SET', 'proto-max-bulk-len', '1mb')).toBe('OK');
    expect(await run('SETRANGE', 'key', 1024 * 1024, 'x')).toEqual(TOO_LONG);
    expect(await run('SETRANGE', 'key', 1024 * 1024 - 1, 'x')).toBe(1024 * 1024);
    expect(await run('SETBIT', 'key', 8 * 1024 * 1024, 1)).toEqual(BAD_OFFSET);
    expect(await run('GETBIT', 'key', 8 * 1024 * 1024)).toEqual(BAD_OFFSET);
    expect(await run('GETBIT', 'none', 8 * 1024 * 1024)).toEqual(BAD_OFFSET);
    expect(await run('GETBIT', 'key', 8 * 1024 * 1024 - 1)).toBe(0);
    expect(await run('CONFIG', 'SET', 'proto-max-bulk-len', '512mb')).toBe('OK');
    expect(await run('GETBIT', 'key', 8 * 1024 * 1024)).toBe(0);
  });
});

describeServed('SETBIT, GETBIT, BITCOUNT and BITPOS', (served) => {
  const { run } = served;

  test('change, tell, count and find bits', async () => {
    expect(await run('SETBIT', 'key', 7, 1)).toBe(0);
    expect(await run('SETBIT', 'key', 7, 0)).toBe(1);
    expect(await run('GET', 'key')).toBe('\0');
    expect(await run('SETBIT', 'key', 100_000, 1)).toBe(0);
    expect(await run('STRLEN', 'key')).toBe(12_501);
    expect(await run('GETBIT', 'key', 100_000)).toBe(1);
    expect(await run('GETBIT', 'key', 99_999)).toBe(0);
    expect(await run('GETBIT', 'key', 4_000_000_000)).toBe(0);
    expect(await run('BITCOUNT', 'key')).toBe(1);
    expect(await run('BITPOS', 'key', 1)).toBe(100_000);
    expect(await run('BITPOS', 'key', 0, -1)).toBe(100_001);
    expect(await run('BITCOUNT', 'missing')).toBe(0);
    expect(await run('BITPOS', 'missing', 0)).toBe(0);
    expect(await run('BITPOS', 'missing', 1)).toBe(-1);
  });

  test('the last bit that a string may have is within reach', async () => {
    expect(await run('SETBIT', 'huge', 2 ** 32 - 1, 1)).toBe(0);
    expect(await run('STRLEN', 'huge')).toBe(512 * 1024 * 1024);
    expect(await run('GETBIT', 'huge', 2 ** 32 - 1)).toBe(1);
    expect(await run('BITPOS', 'huge', 1)).toBe(2 ** 32 - 1);
    expect(await run('BITCOUNT', 'huge')).toBe(1);
    expect(await run('BITCOUNT', 'huge', -2, -1, 'BIT')).toBe(1);
    expect(await run('BITCOUNT', 'huge', -2, -2, 'BIT')).toBe(0);
    expect(await run('DEL', 'huge')).toBe(1);
  });

  test('ranges are counted in bytes, or in bits', async () => {
    await run('SET', 'key', 'foobar');
    expect(await run('BITCOUNT', 'key', 1, 1)).toBe(6);
    expect(await run('BITCOUNT', 'key', 1, 1, 'BYTE')).toBe(6);
    expect(await run('BITCOUNT', 'key', 5, 30, 'bit')).toBe(17);
    expect(await run('BITPOS', 'key', 1, 2, -1, 'BIT')).toBe(2);
    expect(await run('BITPOS', 'key', 0, 9, 10, 'BIT')).toBe(-1);
    expect(await run('BITCOUNT', 'key', 0)).toEqual(SYNTAX_ERROR);
    expect(await run('BITCOUNT', 'key', 0, 1, 'NIBBLE')).toEqual(SYNTAX_ERROR);
    expect(await run('BITPOS', 'key', 2)).toEqual(error('ERR The bit argument must be 1 or 0.'));
    expect(await run('BITPOS', 'key', 0, 1, 2, 'BIT', 3)).toEqual(SYNTAX_ERROR);
  });

  test('refuse what is no bit', async () => {
    for (const offset of ['-1', 'x', '', '4294967296', '99999999999999999999']) {
      expect(await run('SETBIT', 'key', offset, 1)).toEqual(BAD_OFFSET);
      expect(await run('GETBIT', 'key', offset)).toEqual(BAD_OFFSET);
    }
    for (const bit of ['2', '-1', 'x']) expect(await run('SETBIT', 'key', 0, bit)).toEqual(BAD_BIT);
    expect(await run('EXISTS', 'key')).toBe(0);
  });
});

describeServed('BITFIELD, BITFIELD_RO and BITOP', (served) => {
  const { run, connect } = served;

  test('fields are read, set and incremented', async () => {
    expect(await run('BITFIELD', 'key', 'INCRBY', 'i5', 100, 1, 'GET', 'u4', 0)).toEqual([1, 0]);
    expect(await run('BITFIELD', 'key', 'SET', 'u8', '#2', 300, 'GET', 'u8', '#2')).toEqual([0, 44]);
    expect(await run('BITFIELD', 'key', 'OVERFLOW', 'SAT', 'INCRBY', 'u8', 16, 1000)).toEqual([255]);
    expect(await run('BITFIELD', 'key', 'OVERFLOW', 'FAIL', 'INCRBY', 'u8', 16, 1)).toEqual([null]);
    expect(await run('BITFIELD_RO', 'key', 'GET', 'i8', 16, 'GET', 'i64', 9999)).toEqual([-1, 0]);
    expect(await run('BITFIELD', 'none', 'GET', 'u8', 0)).toEqual([0]);
    expect(await run('BITFIELD', 'none')).toEqual([]);
    expect(await run('EXISTS', 'none')).toBe(0);
  });

  test('fields refuse what they cannot be', async () => {
    expect(await run('BITFIELD', 'key', 'GET', 'u64', 0)).toEqual(BAD_TYPE);
    expect(await run('BITFIELD', 'key', 'GET', 'u8', '#-1')).toEqual(BAD_OFFSET);
    expect(await run('BITFIELD', 'key', 'SET', 'u8', 0, 1, 'FETCH')).toEqual(SYNTAX_ERROR);
    expect(await run('BITFIELD', 'key', 'OVERFLOW', 'EVER')).toEqual(
      error('ERR Invalid OVERFLOW type specified'),
    );
    expect(await run('BITFIELD_RO', 'key', 'SET', 'u8', 0, 1)).toEqual(
      error('ERR BITFIELD_RO only supports the GET subcommand'),
    );
    expect(await run('EXISTS', 'key')).toBe(0);
  });

  test('nobody sees a BITFIELD between two of its operations', async () => {
    const [writer, reader] = [await connect(), await connect()];
    await writer.command('SET', 'key', '\0'.repeat(2000));
    // Both ends always change together, in place and while the string grows.
    const writes = Array.from({ length: 300 }, (_, i) => [
      ...['BITFIELD', 'key', 'SET', 'u8', 0, i % 256, 'SET', 'u8', '#1999', i % 256],
      ...['SET', 'u8', `#${2000 + i * 50}`, 1],
    ]);
    let isDone = false;
    const written = writer.pipeline(writes).then(() => {
      isDone = true;
    });
    while (!isDone) {
      const value = Buffer.from((await reader.command('GET', 'key')) as string, 'latin1');
      expect(value[1999]).toBe(value[0]);
    }
    await written;
    writer.destroy();
    reader.destroy();
  });

  test('BITOP combines strings of several shards and stores the result', async () => {
    await run('MSET', 'a', 'foobar', 'b', 'abcdef', 'c', '\xff');
    expect(await run('BITOP', 'AND', 'dest', 'a', 'b')).toBe(6);
    expect(await run('GET', 'dest')).toBe('`bc`ab');
    expect(await run('BITOP', 'or', 'dest', 'a', 'b', 'c', 'missing')).toBe(6);
    expect(await run('GETRANGE', 'dest', 1, -1)).toBe('oofev');
    expect(await run('BITOP', 'XOR', 'a', 'a', 'a')).toBe(6);
    expect(await run('GET', 'a')).toBe('\0'.repeat(6));
    expect(await run('BITOP', 'NOT', 'a', 'a')).toBe(6);
    expect(await run('BITCOUNT', 'a')).toBe(48);
    expect(await run('BITOP', 'AND', 'dest', 'missing')).toBe(0);
    expect(await run('EXISTS', 'dest')).toBe(0);
    expect(await run('BITOP', 'NOT', 'dest', 'a', 'b')).toEqual(
      error('ERR BITOP NOT must be called with a single source key.'),
    );
    expect(await run('BITOP', 'NAND', 'dest', 'a')).toEqual(SYNTAX_ERROR);
  });
});
