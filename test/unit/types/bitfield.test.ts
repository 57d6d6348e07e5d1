/** Bit fields against the same arithmetic with bigints on a string of bits. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INT64_MAX, INT64_MIN, narrow } from '../../../src/base/numbers.ts';
import {
  addToBitfield,
  type BitfieldType,
  fitBitfield,
  type Overflow,
  readBitfield,
  writeBitfield,
} from '../../../src/types/bitfield.ts';

const ALL_TYPES: readonly BitfieldType[] = [
  ...Array.from({ length: 63 }, (_, i) => ({ isSigned: false, bits: i + 1 })),
  ...Array.from({ length: 64 }, (_, i) => ({ isSigned: true, bits: i + 1 })),
];

const type = fc.constantFrom(...ALL_TYPES);
/** Any 64-bit integer, with those at the limits of types often. */
const operand = fc.oneof(
  fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
  fc.integer({ min: -300, max: 300 }).map(BigInt),
  fc
    .record({ power: fc.nat(63), by: fc.integer({ min: -2, max: 2 }), sign: fc.constantFrom(1n, -1n) })
    .map(({ power, by, sign }) => BigInt.asIntN(64, sign * (2n ** BigInt(power) + BigInt(by)))),
);

function bitsOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

function naiveRead(bytes: Uint8Array, offset: number, { isSigned, bits }: BitfieldType): bigint {
  const value = BigInt(`0b${bitsOf(bytes).slice(offset, offset + bits)}`);
  return isSigned ? BigInt.asIntN(bits, value) : value;
}

function limits({ isSigned, bits }: BitfieldType): { min: bigint; max: bigint } {
  const b = BigInt(bits);
  return isSigned ? { min: -(2n ** (b - 1n)), max: 2n ** (b - 1n) - 1n } : { min: 0n, max: 2n ** b - 1n };
}

function naiveFit(value: bigint, field: BitfieldType, overflow: Overflow): bigint | undefined {
  const { min, max } = limits(field);
  if (value >= min && value <= max) return value;
  if (overflow === 'fail') return undefined;
  if (overflow === 'sat') return value > max ? max : min;
  return field.isSigned ? BigInt.asIntN(field.bits, value) : BigInt.asUintN(field.bits, value);
}

function big(value: number | bigint | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}

describe('bit fields', () => {
  test('of every type are read at every offset', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 17, maxLength: 17 }),
        type,
        fc.nat(64),
        (bytes, field, offset) => {
          const value = readBitfield(bytes, 0, offset, field);
          expect(BigInt(value)).toBe(naiveRead(bytes, offset, field));
          // A number wherever it is exact.
          expect(typeof value).toBe(typeof narrow(BigInt(value)));
          const moved = new Uint8Array([1, 2, 3, ...bytes]);
          expect(readBitfield(moved, 3, offset, field)).toBe(value);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('of every type are written at every offset, and nothing beside them', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 17, maxLength: 17 }),
        type,
        fc.nat(64),
        operand,
        (bytes, field, offset, any) => {
          const value = naiveFit(any, field, 'wrap')!;
          const before = bitsOf(bytes);
          writeBitfield(bytes, 0, offset, field.bits, narrow(value));
          const written = BigInt.asUintN(field.bits, value).toString(2).padStart(field.bits, '0');
          expect(bitsOf(bytes)).toBe(before.slice(0, offset) + written + before.slice(offset + field.bits));
          expect(BigInt(readBitfield(bytes, 0, offset, field))).toBe(value);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each(['wrap', 'sat', 'fail'] as const)('are incremented, with overflow %s', (overflow) => {
    fc.assert(
      fc.property(type, operand, operand, (field, start, increment) => {
        const old = naiveFit(start, field, 'wrap')!;
        expect(big(addToBitfield(narrow(old), narrow(increment), field, overflow))).toBe(
          naiveFit(old + increment, field, overflow),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['wrap', 'sat', 'fail'] as const)('are set, with overflow %s', (overflow) => {
    fc.assert(
      fc.property(type, operand, (field, value) => {
        // A negative value for an unsigned field is one above its range, not below.
        const meant = field.isSigned ? value : BigInt.asUintN(64, value);
        expect(big(fitBitfield(narrow(value), field, overflow))).toBe(naiveFit(meant, field, overflow));
      }),
      { numRuns: 2000 },
    );
  });

  test('at their limits', () => {
    const i64 = { isSigned: true, bits: 64 };
    const u63 = { isSigned: false, bits: 63 };
    expect(addToBitfield(INT64_MAX, 1, i64, 'wrap')).toBe(INT64_MIN);
    expect(addToBitfield(INT64_MAX, 1, i64, 'sat')).toBe(INT64_MAX);
    expect(addToBitfield(INT64_MIN, INT64_MIN, i64, 'sat')).toBe(INT64_MIN);
    expect(addToBitfield(INT64_MAX, INT64_MAX, u63, 'wrap')).toBe(INT64_MAX - 1n);
    expect(addToBitfield(0, -1, u63, 'sat')).toBe(0);
    expect(fitBitfield(-1, { isSigned: false, bits: 8 }, 'sat')).toBe(255);
    expect(fitBitfield(-1, { isSigned: false, bits: 8 }, 'fail')).toBeUndefined();
  });
});
