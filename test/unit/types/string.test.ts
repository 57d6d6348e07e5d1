import { describe, expect, test } from 'vitest';
import { INT64_MAX, INT64_MIN } from '../../../src/base/numbers.ts';
import { addIntegers, INTEGER_BYTES_MAX, negateInteger, writeInteger } from '../../../src/types/string.ts';

describe('the integers of strings', () => {
  test('are numbers as long as these are exact', () => {
    expect(addIntegers(2, 3)).toBe(5);
    expect(addIntegers(Number.MAX_SAFE_INTEGER, 1)).toBe(9007199254740992n);
    expect(addIntegers(9007199254740992n, -1)).toBe(Number.MAX_SAFE_INTEGER);
    expect(addIntegers(Number.MIN_SAFE_INTEGER, -1)).toBe(-9007199254740992n);
  });

  test('do not leave 64 bits', () => {
    expect(addIntegers(INT64_MAX, 0)).toBe(INT64_MAX);
    expect(addIntegers(INT64_MAX, 1)).toBeUndefined();
    expect(addIntegers(INT64_MIN, -1)).toBeUndefined();
    expect(addIntegers(INT64_MIN, INT64_MIN)).toBeUndefined();
    expect(addIntegers(INT64_MAX, INT64_MIN)).toBe(-1);
  });

  test('have a negative, except the smallest', () => {
    expect(negateInteger(5)).toBe(-5);
    expect(negateInteger(0)).toBe(0);
    expect(negateInteger(INT64_MAX)).toBe(-INT64_MAX);
    expect(negateInteger(INT64_MIN)).toBeUndefined();
  });

  test('are written in decimal', () => {
    const target = new Uint8Array(INTEGER_BYTES_MAX + 1);
    const written = (value: number | bigint) =>
      Buffer.from(target.slice(1, writeInteger(target, 1, value))).toString();
    for (const value of [0, 7, -7, 42, -100, 9007199254740991, INT64_MAX, INT64_MIN]) {
      expect(written(value)).toBe(String(value));
    }
  });
});
