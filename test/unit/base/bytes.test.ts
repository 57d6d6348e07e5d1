import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  copyBytes,
  countDigits,
  equalBytes,
  fromLatin1,
  latin1,
  lowerByte,
  writeLatin1,
  writeUnsigned,
} from '../../../src/base/bytes.ts';

describe('bytes', () => {
  test('copies any range to any place and nothing beyond it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(), fc.nat(20), (source, a, b, at) => {
        const start = a % (source.length + 1);
        const end = start + (b % (source.length - start + 1));
        const target = new Uint8Array(260).fill(0xee);
        expect(copyBytes(source, start, end, target, at)).toBe(at + end - start);
        expect(target.slice(at, at + end - start)).toEqual(source.slice(start, end));
        expect(target.slice(0, at).every((byte) => byte === 0xee)).toBe(true);
        expect(target.slice(at + end - start).every((byte) => byte === 0xee)).toBe(true);
      }),
    );
  });

  test('compares ranges', () => {
    const a = fromLatin1('xxabcx');
    const b = fromLatin1('abd');
    expect(equalBytes(a, 2, b, 0, 2)).toBe(true);
    expect(equalBytes(a, 2, b, 0, 3)).toBe(false);
    expect(equalBytes(a, 0, b, 0, 0)).toBe(true);
  });

  test('writes unsigned integers of every length in decimal', () => {
    const check = (value: number) => {
      const text = String(value);
      const target = new Uint8Array(24).fill(120);
      expect(writeUnsigned(target, 2, value)).toBe(2 + text.length);
      expect(latin1(target, 0, 24)).toBe(`xx${text}`.padEnd(24, 'x'));
      expect(countDigits(value)).toBe(text.length);
    };
    for (let power = 1; power < Number.MAX_SAFE_INTEGER; power *= 10) {
      for (const value of [power - 1, power, power + 1]) check(value);
    }
    check(Number.MAX_SAFE_INTEGER);
    fc.assert(fc.property(fc.maxSafeNat(), check));
  });

  test('latin1 text and bytes are each other', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = latin1(bytes, 0, bytes.length);
        expect(Uint8Array.from(fromLatin1(text))).toEqual(bytes);
        const target = new Uint8Array(bytes.length + 1);
        expect(writeLatin1(target, 1, text)).toBe(bytes.length + 1);
        expect(target.slice(1)).toEqual(bytes);
      }),
    );
  });

  test('only ASCII letters have a lower case', () => {
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte);
      expect(lowerByte(byte)).toBe(/[A-Z]/.test(char) ? char.toLowerCase().charCodeAt(0) : byte);
    }
  });
});
