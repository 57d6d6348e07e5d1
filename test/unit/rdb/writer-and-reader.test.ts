/** What RdbWriter writes, RdbReader reads, from memory and from files. */
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbReader } from '../../../src/rdb/rdb-reader.ts';
import { BufferSource, FileSource, type RdbSource } from '../../../src/rdb/rdb-source.ts';
import { RdbWriter, type RdbWriterOptions } from '../../../src/rdb/rdb-writer.ts';
import { bytes, len, rdbFile, readRdb, str } from '../../support/rdb-bytes.ts';

const HEADER = { redisVersion: '7.2.4', createdAtSeconds: 1700000000, usedMemoryBytes: 12345 };

function write(body: (writer: RdbWriter) => void, options: RdbWriterOptions = { compress: false }): Buffer {
  const parts: Uint8Array[] = [];
  const writer = new RdbWriter((source, start, end) => parts.push(source.slice(start, end)), options);
  writer.begin(HEADER);
  body(writer);
  writer.end();
  const file = Buffer.concat(parts);
  expect(writer.bytesWritten).toBe(file.length);
  return file;
}

function add(writer: RdbWriter, key: string, value: Uint8Array, expiresAt = -1): void {
  const name = Buffer.from(key, 'latin1');
  writer.entry(name, 0, name.length, value, 0, value.length, expiresAt);
}

/** A source that never shows more than it is asked for, so that every read crosses the window's end. */
function stingy(file: Uint8Array): RdbSource {
  const whole = new BufferSource(file);
  return {
    length: file.length,
    read: (offset, length) => {
      const part = whole.read(offset).slice(0, length) as ReturnType<RdbSource['read']>;
      part.view = new DataView(part.buffer);
      return part;
    },
  };
}

describe('RdbWriter', () => {
  test('begins with the version and the fields that readers know', () => {
    const file = write(() => {});
    expect(file.toString('latin1', 0, 9)).toBe('REDIS0010');
    expect(readRdb(file)).toMatchObject({
      version: 10,
      aux: {
        'redis-ver': '7.2.4',
        'redis-bits': '64',
        ctime: '1700000000',
        'used-mem': '12345',
        'aof-base': '0',
      },
    });
  });

  test('entries come back with their databases, expiries and uses', () => {
    const file = write((writer) => {
      writer.aux('shardis-sequence', '17');
      writer.functionLibrary(Buffer.from('#!lua name=l\n'));
      writer.selectDatabase(0);
      writer.resizeHint(70_000, 1);
      add(writer, 'a', Buffer.from('1'));
      add(writer, 'b', Buffer.from('text'), 1893456000123);
      writer.selectDatabase(15);
      writer.idle(100_000);
      add(writer, 'c', Buffer.from(''), 0);
      writer.frequency(255);
      add(writer, '', Buffer.from('\0\xff', 'latin1'), Number.MAX_SAFE_INTEGER);
      add(writer, '12', Buffer.from('-2147483648'));
    });
    const contents = readRdb(file);
    expect(contents.aux['shardis-sequence']).toBe('17');
    expect(contents.functions).toEqual(['#!lua name=l\n']);
    expect(contents.entries).toEqual([
      { db: 0, key: 'a', value: '1' },
      { db: 0, key: 'b', value: 'text', expiresAt: 1893456000123 },
      { db: 15, key: 'c', value: '', expiresAt: 0, idle: 100_000 },
      { db: 15, key: '', value: '\0\xff', expiresAt: Number.MAX_SAFE_INTEGER, frequency: 255 },
      { db: 15, key: '12', value: '-2147483648' },
    ]);
  });

  test.each([
    ['0', 2],
    ['-128', 2],
    ['127', 2],
    ['128', 3],
    ['-32768', 3],
    ['32768', 5],
    ['2147483647', 5],
    ['-2147483648', 5],
    ['2147483648', 11],
    ['-2147483649', 12],
    ['-0', 3],
    ['01', 3],
    ['-01', 4],
    ['-', 2],
    ['', 1],
    ['1a', 3],
    ['+1', 3],
  ])('the string %j takes %i bytes', (text, size) => {
    const empty = write((writer) => add(writer, 'k', Buffer.from(''))).length - 1;
    const file = write((writer) => add(writer, 'k', Buffer.from(text)));
    expect(file.length - empty).toBe(size);
    expect(readRdb(file).entries).toEqual([{ db: 0, key: 'k', value: text }]);
  });

  test('long strings are compressed if that is wanted and saves something', () => {
    const sizes = [false, true].map((compress) =>
      [20, 21, 1000, 20_000, 300_000].map((length) => {
        const file = write((writer) => add(writer, 'k', Buffer.alloc(length, 'ab')), { compress });
        expect(readRdb(file).entries[0]!.value).toBe(Buffer.alloc(length, 'ab').toString());
        return file.length;
      }),
    );
    expect(sizes[1]![0]).toBe(sizes[0]![0]);
    for (let i = 1; i < 5; i++) expect(sizes[1]![i]).toBeLessThan(sizes[0]![i]!);
    const random = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 7919 + (i >> 3) * 31) % 251));
    const file = write((writer) => add(writer, 'k', random), { compress: true });
    expect(readRdb(file).entries[0]!.value).toBe(random.toString('latin1'));
  });

  test('a value comes in parts, from shared memory too', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(500_000));
    for (let i = 0; i < shared.length; i++) shared[i] = i % 251;
    const file = write(
      (writer) => {
        writer.beginEntry(Buffer.from('before-key-after'), 7, 10, shared.length, 5000);
        expect(() => add(writer, 'x', Buffer.from('y'))).toThrow(RangeError);
        for (let at = 0; at < shared.length; ) {
          const end = Math.min(shared.length, at + 1 + (at % 70_000));
          writer.writeValuePart(shared, at, end);
          at = end;
        }
        expect(() => writer.writeValuePart(shared, 0, 1)).toThrow(RangeError);
        add(writer, 'next', Buffer.from('v'));
      },
      { compress: true },
    );
    expect(readRdb(file).entries).toEqual([
      { db: 0, key: 'key', value: Buffer.from(shared).toString('latin1'), expiresAt: 5000 },
      { db: 0, key: 'next', value: 'v' },
    ]);
  });
});

describe('RdbReader', () => {
  const entries = fc.array(
    fc.record({
      db: fc.nat(3),
      key: fc.string({ unit: 'binary-ascii', maxLength: 30 }),
      value: fc.oneof(
        fc.string({ unit: 'binary-ascii', maxLength: 100 }),
        fc.integer().map(String),
        fc.nat(50_000).map((length) => 'ab'.repeat(length)),
      ),
      expiresAt: fc.oneof(fc.constant(-1), fc.nat()),
    }),
    { maxLength: 30 },
  );

  test('reads what was written, whatever the source shows at a time', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'shardis-test-'));
    fc.assert(
      fc.property(entries, fc.boolean(), fc.boolean(), (list, compress, verifyChecksum) => {
        const file = write(
          (writer) => {
            for (const { db, key, value, expiresAt } of list) {
              writer.selectDatabase(db);
              add(writer, key, Buffer.from(value, 'latin1'), expiresAt);
            }
          },
          { compress },
        );
        const expected = list.map(({ db, key, value, expiresAt }) => ({
          db,
          key,
          value,
          ...(expiresAt < 0 ? {} : { expiresAt }),
        }));
        expect(readRdb(file, { verifyChecksum }).entries).toEqual(expected);
        expect(readRdb(stingy(file), { verifyChecksum }).entries).toEqual(expected);
        const name = path.join(directory, 'x.rdb');
        writeFileSync(name, file);
        const fd = openSync(name, 'r');
        expect(readRdb(new FileSource(fd, file.length), { verifyChecksum }).entries).toEqual(expected);
        closeSync(fd);
      }),
      { numRuns: 40 },
    );
    rmSync(directory, { recursive: true });
  });

  const some = write((writer) => {
    writer.selectDatabase(0);
    for (let i = 0; i < 10; i++) add(writer, `key:${i}`, Buffer.alloc(i * 100, 'v'), i % 2 ? -1 : i * 1000);
  });

  test('tells the bytes of each record, which make a file again', () => {
    const { ranges, entries: all } = readRdb(some);
    const odd = ranges.filter((_, i) => i % 2 === 1).map(([start, end]) => some.subarray(start, end));
    expect(readRdb(rdbFile(10, ...odd)).entries).toEqual(all.filter((_, i) => i % 2 === 1));
    expect(ranges.slice(1).every(([start], i) => start === ranges[i]![1])).toBe(true);
  });

  test.each([
    ['with a checksum', true],
    ['without', false],
  ])('passes over values that are not wanted, %s', (_, verifyChecksum) => {
    for (const source of [new BufferSource(some), stingy(some)]) {
      const reader = new RdbReader(source, { verifyChecksum });
      const told: string[] = [];
      let passed = 0;
      reader.run({
        wants: (key, start, end) =>
          Number(Buffer.from(key.subarray(start, end)).toString().slice(4)) % 3 === 0,
        passed: () => {
          passed++;
        },
        string: (key, start, end) => told.push(Buffer.from(key.subarray(start, end)).toString()),
        value: () => {},
      });
      expect(told).toEqual(['key:0', 'key:3', 'key:6', 'key:9']);
      expect([passed, reader.entries, reader.isComplete]).toEqual([6, 10, true]);
    }
  });

  test('reads in slices, and knows where the data ends', () => {
    const reader = new RdbReader(new BufferSource(bytes(some, 'and more')));
    let told = 0;
    const visitor = { string: () => told++, value: () => {} };
    expect(reader.runFor(visitor, 4)).toBe(true);
    expect(told).toBe(4);
    expect(reader.runFor(visitor, 100)).toBe(false);
    expect([told, reader.offset]).toEqual([10, some.length]);
    expect(reader.runFor(visitor, 100)).toBe(false);
  });

  test('reads old expiries, fields of modules, slots and functions of release candidates', () => {
    const module = [bytes(2, 5, 1, 9, 3, 'abcd', 4, '12345678', 5, str('data'), 0)];
    const file = rdbFile(
      12,
      [247, bytes(0x81, '12345678'), 2, 2, ...module],
      [244, len(1), len(2), len(70)],
      [246, str('mylib'), str('LUA'), 1, str('about'), str('code')],
      [246, str('other'), str('LUA'), 0, str('more')],
      [254, 0, 253, bytes(0, 0, 0, 1), 0, str('s'), str('v')],
      [252, bytes(255, 255, 255, 255, 255, 255, 255, 255), 0, str('never'), str('v')],
      [252, bytes(0, 0, 0, 0, 0, 0, 0, 0x80), 0, str('past'), str('v')],
    );
    const contents = readRdb(file);
    expect(contents.entries).toEqual([
      { db: 0, key: 's', value: 'v', expiresAt: 0x1000000 * 1000 },
      { db: 0, key: 'never', value: 'v' },
      { db: 0, key: 'past', value: 'v', expiresAt: 0 },
    ]);
    expect(contents.functions).toEqual(['#!lua name=mylib\ncode', '#!lua name=other\nmore']);
  });
});

test('short strings that do not get shorter are soon left as they are, and those behind them are not forgotten', () => {
  const noise = (i: number) => createHash('sha512').update(String(i)).digest();
  const plain = Buffer.from('the same again '.repeat(10));
  const keys = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  const noisy = keys('noise:', 200);
  const plains = keys('plain:', 100);
  const file = write(
    (writer) => {
      for (const [i, key] of noisy.entries()) add(writer, key, noise(i));
      for (const key of plains) add(writer, key, plain);
    },
    { compress: true },
  );
  const read = readRdb(file);
  expect(read.entries.map(({ key }) => key)).toEqual([...noisy, ...plains]);
  const uncompressed = file.toString('latin1').split(plain.toString('latin1')).length - 1;
  expect(uncompressed).toBeLessThanOrEqual(16);
});
