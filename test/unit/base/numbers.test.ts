import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatDouble,
  narrow,
  parseDouble,
  parseInteger,
  parseMemory,
  seventeenDigits,
  shortestDouble,
} from '../../../src/base/numbers.ts';

function integer(text: string): number | bigint | undefined {
  const bytes = Buffer.from(`1${text}1`, 'latin1');
  return parseInteger(bytes, 1, bytes.length - 1);
}

describe('integers', () => {
  test.each([
    ['0', 0],
    ['-1', -1],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['-9223372036854775808', -(2n ** 63n)],
  ])('%s is read exactly', (text, value) => {
    expect(integer(text)).toBe(value);
  });

  test.each([
    '',
    '-',
    '+1',
    ' 1',
    '1 ',
    '01',
    '00',
    '-0',
    '-01',
    '1.0',
    '1e3',
    '0x1',
    '1a',
    'a',
    '9223372036854775808',
    '-9223372036854775809',
    '99999999999999999999',
    '123456789012345678901234567890',
    '1/',
    '1:',
    '-99999999999999a9999',
  ])('%j is refused', (text) => {
    expect(integer(text)).toBe(undefined);
  });

  test('what is written is read back', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
        expect(integer(String(value))).toBe(narrow(value));
      }),
    );
  });

  test('text is a number only in its one strict form', () => {
    const text = fc
      .array(fc.constantFrom(...'0123456789-+ .e'), { maxLength: 21 })
      .map((chars) => chars.join(''));
    fc.assert(
      fc.property(text, (t) => {
        const strict = /^(0|-?[1-9]\d*)$/.test(t) && BigInt.asIntN(64, BigInt(t)) === BigInt(t);
        expect(integer(t)).toBe(strict ? narrow(BigInt(t)) : undefined);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('doubles', () => {
  test.each([
    ['1', 1],
    ['-1.5', -1.5],
    ['+2', 2],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['1E-3', 0.001],
    ['0x10', 16],
    ['0x1p4', 16],
    ['0x.8', 0.5],
    ['-0x1.8p1', -3],
    ['inf', Infinity],
    ['-Infinity', -Infinity],
    ['+INF', Infinity],
  ])('%s is read as strtod does', (text, value) => {
    expect(parseDouble(text)).toBe(value);
  });

  test.each(['', ' 1', '1 ', 'nan', '-nan', '1e', 'e1', '.', '1.2.3', '0x', '1_0', 'infin', '--1', '1e400'])(
    '%j is refused',
    (text) => {
      expect(parseDouble(text)).toBe(undefined);
    },
  );

  test.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-1.5, '-1.5'],
    [0.1, '0.1'],
    [100, '100'],
    [1e16, '10000000000000000'],
    [1e17, '100000000000000000'],
    [4.7e18, '4.7e+18'],
    [1.2345678901234567e20, '123456789012345670000'],
    [1e20, '1e+20'],
    [1.5e300, '1.5e+300'],
    [0.0001, '0.0001'],
    [0.00001, '0.00001'],
    [1.23456789e-5, '1.23456789e-5'],
    [0.00012345, '1.2345e-4'],
    [-0.0012345, '-0.0012345'],
    [0.1 + 0.2, '0.30000000000000004'],
    [1234567.125, '1234567.125'],
    [1e-7, '1e-7'],
    [2.5e-100, '2.5e-100'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [Number.NaN, 'nan'],
  ])('%d is written as %s', (value, text) => {
    expect(formatDouble(value)).toBe(text);
  });

  test('what is written is read back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        const text = formatDouble(value);
        expect(parseDouble(text)).toBe(value);
        expect(text).toMatch(/^-?(inf|\d+(\.\d+)?(e[+-]\d+)?)$/);
      }),
    );
  });
});

test.each([
  [1, '1'],
  [1e7, '10000000'],
  [1e8, '1e+8'],
  [123456789, '123456789'],
  [-Infinity, '-inf'],
  [-0, '-0'],
])('%d is shortest as %s', (value, text) => {
  expect(shortestDouble(value)).toBe(text);
});

test.each([
  [1, '1'],
  [-1.5, '-1.5'],
  [0.1, '0.10000000000000001'],
  [100, '100'],
  [1e16, '10000000000000000'],
  [1e17, '1e+17'],
  [0.00001, '1.0000000000000001e-05'],
  [2.5e22, '2.5e+22'],
  [-Infinity, '-inf'],
])('%d has seventeen digits as %s', (value, text) => {
  expect(seventeenDigits(value)).toBe(text);
});

describe('memory sizes', () => {
  test.each([
    ['0', 0],
    ['1000', 1000],
    ['1k', 1000],
    ['1KB', 1024],
    ['64mb', 64 * 1024 ** 2],
    ['2G', 2_000_000_000],
    ['2gb', 2 * 1024 ** 3],
    ['5b', 5],
  ])('%s', (text, bytes) => {
    expect(parseMemory(text)).toBe(bytes);
  });

  test.each(['', 'mb', '1x', '1.5gb', '1 mb', '99999999999gb'])('%j is refused', (text) => {
    expect(parseMemory(text)).toBe(undefined);
  });
});
