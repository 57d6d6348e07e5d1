/** Every encoding of values, made by hand: also those that no present Redis writes any more. */
import { describe, expect, test } from 'vitest';
import { RdbReader } from '../../../src/rdb/rdb-reader.ts';
import { BufferSource } from '../../../src/rdb/rdb-source.ts';
import {
  bigEndian,
  bytes,
  decodeOne,
  len,
  listpack,
  littleEndian,
  lp,
  type Piece,
  rdbFile,
  readRdb,
  str,
  u32,
  ziplist,
  zipped,
} from '../../support/rdb-bytes.ts';

function double(value: number): Buffer {
  const part = Buffer.alloc(8);
  part.writeDoubleLE(value);
  return part;
}

function streamId(ms: number, sequence: number): Buffer {
  return bytes(bigEndian(ms, 8), bigEndian(sequence, 8));
}

/** A stream's listpack: two entries with the fields of the first, a deleted one, and one with a field of its own. */
const STREAM_NODE = [
  ...[3, 1, 2, lp('name'), lp('age'), 0],
  ...[2, 0, 0, lp('ann'), 30, 5],
  ...[3, 1, 0, lp('bob'), 31, 5],
  ...[2, 1, 7, lp('cid'), bytes(0xf1, 0x2c, 0x01), 5],
  // One sequence number before the first: a negative difference.
  ...[0, bytes(0xc0, 9), bytes(0xdf, 0xff), 1, lp('x'), lp('y'), 6],
].map((element) => (typeof element === 'number' ? bytes(element) : element));

function stream(type: 15 | 19 | 21): Piece {
  const isOld = type === 15;
  return [
    len(1),
    str(streamId(1000, 5)),
    str(listpack(...STREAM_NODE)),
    [len(3), len(1009), len(4)],
    isOld ? [] : [len(1000), len(5), len(1001), len(5), len(4)],
    // A group with two pending entries of one consumer, and another consumer without any.
    [len(1), str('group'), len(1009), bytes(0x81, bigEndian(4, 8)), isOld ? [] : len(3), len(2)],
    [streamId(1000, 5), littleEndian(1700000000000, 8), len(1)],
    [streamId(1009, 4), littleEndian(1700000000001, 8), len(300)],
    [len(2), str('alice'), littleEndian(1700000000002, 8), type === 21 ? littleEndian(-1, 8) : []],
    [len(2), streamId(1000, 5), streamId(1009, 4)],
    [str('bob'), littleEndian(1700000000003, 8), type === 21 ? littleEndian(1700000000004, 8) : [], len(0)],
  ];
}

const ALL_INTEGERS = ['0', '12', '-1', '100', '-128', '30000', '-30000', '8000000', '-8000000', '2000000000'];

function intset(size: number, ...members: readonly (number | bigint)[]): Buffer {
  return str([u32(size), u32(members.length), members.map((member) => littleEndian(member, size))]);
}

/** Values by type: what is written, and what is read. Each is also passed over and cut off at every byte. */
const VALUES: readonly [title: string, type: number, written: Piece, read: unknown][] = [
  ['a string', 0, str('abc'), 'abc'],
  ['a string as an 8-bit integer', 0, bytes(0xc0, -5), '-5'],
  ['a string as a 16-bit integer', 0, bytes(0xc1, littleEndian(-3000, 2)), '-3000'],
  ['a string as a 32-bit integer', 0, bytes(0xc2, littleEndian(-2147483648, 4)), '-2147483648'],
  ['a compressed string', 0, bytes(0xc3, 4, 9, 0, 'a', 0xc0, 0), 'a'.repeat(9)],
  ['a string with a length of 14 bits', 0, str('x'.repeat(300)), 'x'.repeat(300)],
  ['a string with a length of 32 bits', 0, str('x'.repeat(20_000)), 'x'.repeat(20_000)],
  ['a string with a length of 64 bits', 0, bytes(0x81, bigEndian(3, 8), 'abc'), 'abc'],
  ['a list', 1, [len(2), str('a'), bytes(0xc0, 7)], { kind: 'list', elements: ['a', '7'] }],
  ['a set', 2, [len(2), str('a'), str('b')], { kind: 'set', members: ['a', 'b'] }],
  [
    'a sorted set with scores as text',
    3,
    [len(4), str('a'), str('1.5'), str('b'), 254, str('c'), 255, str('d'), str('-2e3')],
    { kind: 'sorted-set', members: ['a', 'b', 'c', 'd'], scores: [1.5, Infinity, -Infinity, -2000] },
  ],
  [
    'a hash',
    4,
    [len(1), str('f'), str('v')],
    { kind: 'hash', fields: ['f'], values: ['v'], expiries: undefined },
  ],
  [
    'a sorted set with binary scores',
    5,
    [len(2), str('a'), double(0.1), str('b'), double(Infinity)],
    { kind: 'sorted-set', members: ['a', 'b'], scores: [0.1, Infinity] },
  ],
  [
    'a zipmap, with unused bytes and a long value',
    9,
    str([2, 1, 'f', 2, 3, 'v1???', 2, 'f2', 254, u32(3), 0, 'abc', 255]),
    { kind: 'hash', fields: ['f', 'f2'], values: ['v1', 'abc'], expiries: undefined },
  ],
  [
    'a ziplist of all integers',
    10,
    str(
      ziplist(
        0xf1,
        0xfd,
        [0xfe, -1],
        [0xfe, 100],
        [0xfe, -128],
        [0xc0, littleEndian(30000, 2)],
        [0xc0, littleEndian(-30000, 2)],
        [0xf0, littleEndian(8000000, 3)],
        [0xf0, littleEndian(-8000000, 3)],
        [0xd0, littleEndian(2000000000, 4)],
        [0xe0, littleEndian(-9223372036854775808n, 8)],
      ),
    ),
    { kind: 'list', elements: [...ALL_INTEGERS, '-9223372036854775808'] },
  ],
  [
    'a ziplist of short and long strings',
    10,
    str(
      ziplist(
        zipped('ab'),
        [0x41, 0x2c, 'm'.repeat(300)],
        [0x80, bigEndian(20_000, 4), 'l'.repeat(20_000)],
        zipped(''),
      ),
    ),
    { kind: 'list', elements: ['ab', 'm'.repeat(300), 'l'.repeat(20_000), ''] },
  ],
  ['an intset of 16 bits', 11, intset(2, -5, 0, 300), { kind: 'set', members: ['-5', '0', '300'] }],
  ['an intset of 32 bits', 11, intset(4, -70000, 70000), { kind: 'set', members: ['-70000', '70000'] }],
  [
    'an intset of 64 bits',
    11,
    intset(8, -9223372036854775808n, 1, 9223372036854775807n),
    { kind: 'set', members: ['-9223372036854775808', '1', '9223372036854775807'] },
  ],
  [
    'a sorted set in a ziplist',
    12,
    str(ziplist(zipped('a'), 0xf2, zipped('b'), zipped('2.25'), zipped('c'), zipped('-inf'))),
    { kind: 'sorted-set', members: ['a', 'b', 'c'], scores: [1, 2.25, -Infinity] },
  ],
  [
    'a hash in a ziplist',
    13,
    str(ziplist(zipped('f'), zipped('v'), zipped('g'), 0xf3)),
    { kind: 'hash', fields: ['f', 'g'], values: ['v', '2'], expiries: undefined },
  ],
  [
    'a quicklist of ziplists',
    14,
    [len(2), str(ziplist(zipped('a'), 0xf6)), str(ziplist(zipped('b')))],
    { kind: 'list', elements: ['a', '5', 'b'] },
  ],
  [
    'a hash in a listpack of all integers',
    16,
    str(
      listpack(
        ...[0, 127, [0xc0 | 1, 0x00], [0xdf, 0xff], [0xf1, littleEndian(-30000, 2)]],
        ...[
          [0xf2, littleEndian(8000000, 3)],
          [0xf3, littleEndian(-2000000000, 4)],
        ],
        ...[[0xf4, littleEndian(9223372036854775807n, 8)]],
      ),
    ),
    {
      kind: 'hash',
      fields: ['0', '256', '-30000', '-2000000000'],
      values: ['127', '-1', '8000000', '9223372036854775807'],
      expiries: undefined,
    },
  ],
  [
    'a sorted set in a listpack',
    17,
    str(listpack(lp('a'), 5, lp('b'), lp('1e300'))),
    { kind: 'sorted-set', members: ['a', 'b'], scores: [5, 1e300] },
  ],
  [
    'a quicklist of listpacks and of an element by itself',
    18,
    [len(2), len(2), str(listpack(lp('a'), lp('b'))), len(1), str('z'.repeat(9000))],
    { kind: 'list', elements: ['a', 'b', 'z'.repeat(9000)] },
  ],
  [
    'a set in a listpack, with middling and long members',
    20,
    str(
      listpack(
        lp('a'),
        [0xe1, 0x2c, 'm'.repeat(300)],
        [0xf0, u32(20_000), 'l'.repeat(20_000)],
        [0xef, 0xff, 'n'.repeat(4095)],
      ),
    ),
    { kind: 'set', members: ['a', 'm'.repeat(300), 'l'.repeat(20_000), 'n'.repeat(4095)] },
  ],
  [
    'a hash with expiries of before 7.4.0',
    22,
    [len(2), len(0), str('f'), str('v'), bytes(0x81, bigEndian(1700000000000, 8)), str('g'), str('w')],
    { kind: 'hash', fields: ['f', 'g'], values: ['v', 'w'], expiries: [-1, 1700000000000] },
  ],
  [
    'a hash with expiries in a listpack of before 7.4.0',
    23,
    str(listpack(lp('f'), lp('v'), 9, lp('g'), lp('w'), 0)),
    { kind: 'hash', fields: ['f', 'g'], values: ['v', 'w'], expiries: [9, -1] },
  ],
  [
    'a hash with expiries',
    24,
    [littleEndian(1700000000000, 8), len(3)].concat(
      [len(1), str('f'), str('v')],
      [len(51), str('g'), str('w')],
      [len(0), str('h'), str('x')],
    ),
    {
      kind: 'hash',
      fields: ['f', 'g', 'h'],
      values: ['v', 'w', 'x'],
      expiries: [1700000000000, 1700000000050, -1],
    },
  ],
  [
    'a hash with expiries in a listpack',
    25,
    [
      littleEndian(1700000000000, 8),
      str(listpack(lp('f'), lp('v'), [0xf4, littleEndian(1700000000000, 8)], lp('g'), lp('w'), 0)),
    ],
    { kind: 'hash', fields: ['f', 'g'], values: ['v', 'w'], expiries: [1700000000000, -1] },
  ],
  ...([15, 19, 21] as const).map((type): [string, number, Piece, unknown] => [
    `a stream of type ${type}`,
    type,
    stream(type),
    {
      kind: 'stream',
      entries: [
        { id: '1000-5', fields: ['name', 'ann', 'age', '30'] },
        { id: '1001-12', fields: ['name', 'cid', 'age', '300'] },
        { id: '1009-4', fields: ['x', 'y'] },
      ],
      lastId: '1009-4',
      maxDeletedId: type === 15 ? '0-0' : '1001-5',
      entriesAdded: type === 15 ? 3 : 4,
      groups: [
        {
          name: 'group',
          lastDelivered: '1009-4',
          entriesRead: type === 15 ? undefined : 3,
          pending: [
            { id: '1000-5', deliveredAt: 1700000000000, deliveries: 1 },
            { id: '1009-4', deliveredAt: 1700000000001, deliveries: 300 },
          ],
          consumers: [
            {
              name: 'alice',
              seenAt: 1700000000002,
              activeAt: type === 21 ? -1 : 1700000000002,
              pending: ['1000-5', '1009-4'],
            },
            {
              name: 'bob',
              seenAt: 1700000000003,
              activeAt: type === 21 ? 1700000000004 : 1700000000003,
              pending: [],
            },
          ],
        },
      ],
    },
  ]),
];

describe('Values', () => {
  test.each(VALUES)('%s is read', (_, type, written, read) => {
    expect(decodeOne(type, written)).toEqual(read);
  });

  test.each(VALUES)('%s is passed over', (_, type, written) => {
    const file = rdbFile(12, type, str('unwanted'), written, 0, str('next'), str('v'));
    const reader = new RdbReader(new BufferSource(file));
    const told: string[] = [];
    reader.run({
      wants: (key, start) => key[start] === 110,
      string: (key, start, end) => told.push(Buffer.from(key.subarray(start, end)).toString()),
      value: () => told.push('?'),
    });
    expect(told).toEqual(['next']);
  });

  test.each(VALUES)('%s that is cut off is an error', (_, type, written) => {
    const record = bytes('REDIS0012', type, str('key'), written);
    const step = Math.ceil(record.length / 300);
    for (let length = 10; length < record.length; length += step) {
      expect(() => readRdb(record.subarray(0, length)), `after ${length} bytes`).toThrow(/^RDB damaged/);
    }
  });

  test('empty collections are left out, as Redis leaves them out', () => {
    const file = rdbFile(10, [1, str('l'), 0], [13, str('h'), str(ziplist())], [0, str('k'), str('')]);
    expect(readRdb(file)).toMatchObject({ emptyEntries: 2, entries: [{ key: 'k', value: '' }] });
  });

  test('keys have all forms of strings', () => {
    const file = rdbFile(10, [0, 0xc0, 5, str('v')], [0, 0xc3, 4, 9, 0, 'a', 0xc0, 0, str('w')]);
    expect(readRdb(file).entries.map(({ key }) => key)).toEqual(['5', 'aaaaaaaaa']);
  });
});

describe('Damage', () => {
  /** The error is of this place and says this. */
  function fails(file: Uint8Array, offset: number, problem: RegExp, code = 'damaged'): void {
    let error: unknown;
    try {
      readRdb(file);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'RdbError', offset, code, message: expect.stringMatching(problem) });
  }
  const one = (type: number, value: Piece) => rdbFile(10, type, str('k'), value);

  test('is told with its place', () => {
    fails(bytes('RADIS0010'), 0, /this is not an RDB file/);
    fails(bytes('REDIS00x0'), 0, /this is not an RDB file/);
    fails(rdbFile(13), 5, /version 13 is not one of 1 to 12/, 'unsupported');
    fails(rdbFile(0), 5, /version 0 /, 'unsupported');
    fails(bytes('REDIS0010', 0), 10, /reading a key: 1 bytes were expected and 0 are left/);
    fails(rdbFile(10, 200), 9, /200 is neither a type nor an opcode/);
    fails(one(8, 0), 12, /values of type 8 are not known/, 'unsupported');
    fails(one(0, [0x80, 0xff, 0xff, 0xff, 0xff]), 17, /4294967295 bytes were expected/);
    fails(one(0, [0x81, '\xff\xff\xff\xff\xff\xff\xff\xff']), 12, /18446744073709551615 is too large/);
    fails(one(0, [0x82]), 12, /0x82 begins no length/);
    fails(one(0, [0xc4]), 12, /0xc4 begins no string/);
    fails(one(0, [0xc3, 4, 10, 0, 'a', 0xc0, 0]), 12, /compressed bytes are not/);
    fails(
      one(0, [0xc3, 4, 0x80, 0x7f, 0xff, 0xff, 0xff, 0, 'a', 0xc0, 0]),
      12,
      /4 compressed bytes cannot hold/,
    );
    fails(one(18, [1, 3, str('a')]), 13, /no node of kind 3/);
    fails(one(3, [1, str('a'), 253]), 15, /a score is not a number/);
    fails(one(3, [1, str('a'), str('x')]), 15, /a score is not a number/);
    fails(one(11, str([u32(3), u32(0)])), 13, /integers have no 3 bytes/);
    fails(one(11, intset(2, 5, 5)), 23, /do not rise/);
    fails(one(13, str(ziplist(zipped('a')))), 27, /the last field has no value/);
  });

  test('in a module is told as what cannot be read', () => {
    // Six bits for each character, then ten of the version of what it writes.
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    let number = 0n;
    for (const letter of 'ReJSON-RL') number = number * 64n + BigInt(characters.indexOf(letter));
    const id = bytes(0x81, bigEndian(number * 1024n + 3n, 8));
    fails(one(7, [id, 0]), 21, /the values of the module type ReJSON-RL cannot be read/, 'unsupported');
    fails(one(6, [id, 0]), 12, /modules of before Redis 4.0/, 'unsupported');
  });

  test('in a checksum is found, unless there is none or it is not looked at', () => {
    const file = rdbFile(10, 0, str('k'), str('v'));
    file[11] = 120;
    fails(file, 15, /reading the checksum/);
    expect(readRdb(file, { verifyChecksum: false }).entries).toHaveLength(1);
    file.fill(0, file.length - 8);
    expect(readRdb(file).entries).toHaveLength(1);
    expect(readRdb(rdbFile(4, 0, str('k'), str('v'))).entries).toHaveLength(1);
  });
});
