/** The texts expected here were printed by a real Redis 7.0.15 on x86-64. */
import { describe, expect, test } from 'vitest';
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../../../src/types/long-double.ts';

/** What INCRBYFLOAT makes of two texts; undefined when one is no number, `infinite` when the sum is. */
function add(a: string, b: string): string | undefined {
  const left = parseLongDouble(a);
  const right = parseLongDouble(b);
  if (left === undefined || right === undefined) return undefined;
  const sum = addLongDoubles(left, right);
  return sum === undefined ? 'infinite' : formatLongDouble(sum);
}

describe('long doubles', () => {
  test.each([
    ['10.5', '0.1', '10.6'],
    ['5.0e3', '2.0e2', '5200'],
    ['3.0', '1.1', '4.1'],
    ['0', '10.50', '10.5'],
    ['1', '-1', '0'],
    ['10.6', '-5', '5.6'],
    ['.5', '5.', '5.5'],
    ['+5', '+1', '6'],
    ['1E2', '0', '100'],
  ])('add ordinary decimals exactly: %s + %s', (a, b, sum) => {
    expect(add(a, b)).toBe(sum);
  });

  test.each([
    ['1e18', '0.1', '1000000000000000000.125'],
    ['123456789012.345', '0.001', '123456789012.34600000083446503'],
    ['0.123456789012345678', '0', '0.12345678901234568'],
    ['99999999999999999999999', '1', '100000000000000000000000'],
  ])('round to 64 bits and print 17 digits: %s + %s', (a, b, sum) => {
    expect(add(a, b)).toBe(sum);
  });

  test('print large values with all their digits', () => {
    const text = add('1e400', '1');
    expect(text).toHaveLength(401);
    expect(text).toMatch(/^1000000000000000000028188068394758651458645343362905203862591/);
  });

  test('print what is too small for 17 digits as zero, without a sign', () => {
    expect(add('1e-20', '0')).toBe('0');
    expect(add('-1e-20', '0')).toBe('0');
    expect(add('-0', '-0')).toBe('0');
    expect(add('1e-4940', '1e-4945')).toBe('0');
  });

  test('read hexadecimal numbers', () => {
    expect(add('0x1p3', '0x.8')).toBe('8.5');
    expect(add('0x1p-16445', '0')).toBe('0');
    expect(add('0xFp+2', '-0x1')).toBe('59');
  });

  test.each([
    '',
    ' 1',
    '1 ',
    '1\n',
    '1\0',
    'abc',
    '1e',
    '1e+',
    '0x',
    '0x.p1',
    '.',
    '-',
    '+-1',
    'nan',
    'infinit',
    '1,5',
    '--1',
  ])('refuse %j', (text) => {
    expect(parseLongDouble(text)).toBeUndefined();
  });

  test.each([
    '1e4933',
    '-1e4933',
    '1e99999999999999999999',
    '1e-4960',
    '1e-99999',
    '0x1p16384',
    '0x1p-16446',
  ])('refuse %s, which does not fit the format', (text) => {
    expect(parseLongDouble(text)).toBeUndefined();
  });

  test('take the largest and the smallest value', () => {
    expect(add('1.18973149535723176502e4932', '0')).toHaveLength(4933);
    expect(add('1.18973149535723176502e4932', '1.18973149535723176502e4932')).toBe('infinite');
    expect(add('4e-4951', '0')).toBe('0');
    expect(add('0e99999999', '1')).toBe('1');
  });

  test('never end finite once infinite', () => {
    expect(add('inf', '1')).toBe('infinite');
    expect(add('1', '-Infinity')).toBe('infinite');
    expect(add('+INF', '-inf')).toBe('infinite');
  });

  test('refuse texts of 5 KB', () => {
    expect(add(`1.${'0'.repeat(5117)}`, '0')).toBe('1');
    expect(parseLongDouble(`1.${'0'.repeat(5118)}`)).toBeUndefined();
  });
});
