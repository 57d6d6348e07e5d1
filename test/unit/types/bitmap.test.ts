/** Bitmaps against the same things done bit by bit. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BitOperation,
  bitAt,
  combineBits,
  countBitRange,
  countBits,
  findBit,
} from '../../../src/types/bitmap.ts';

/** Bits as text, the highest of the first byte first. */
function bitsOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

function onesIn(bits: string): number {
  return bits.split('1').length - 1;
}

/** Bytes at any alignment in memory, often with long runs of equal ones. */
const placed = fc
  .record({
    before: fc.nat(9),
    runs: fc.array(
      fc.record({
        byte: fc.oneof(fc.constantFrom(0, 255), fc.integer({ min: 0, max: 255 })),
        length: fc.oneof(fc.nat(4), fc.nat(120)),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ before, runs }) => {
    const content = runs.flatMap(({ byte, length }) => new Array<number>(length).fill(byte));
    // What stands around the bitmap must not be looked at.
    const bytes = new Uint8Array(before + content.length + 9).fill(0xa5);
    bytes.set(content, before);
    return { bytes, start: before, length: content.length };
  });

describe('bitmaps', () => {
  test('are counted', () => {
    fc.assert(
      fc.property(placed, ({ bytes, start, length }) => {
        const bits = bitsOf(bytes.subarray(start, start + length));
        expect(countBits(bytes, start, start + length)).toBe(onesIn(bits));
      }),
    );
  });

  test('are counted in part, and searched, from any bit to any bit', () => {
    const chosen = placed
      .filter(({ length }) => length > 0)
      .chain((place) => {
        const position = fc.nat(place.length * 8 - 1);
        return fc.record({ place: fc.constant(place), a: position, b: position });
      });
    fc.assert(
      fc.property(chosen, ({ place: { bytes, start, length }, a, b }) => {
        const bits = bitsOf(bytes.subarray(start, start + length));
        const [first, last] = a < b ? [a, b] : [b, a];
        const part = bits.slice(first, last + 1);
        expect(countBitRange(bytes, start, first, last)).toBe(onesIn(part));
        for (const bit of [0, 1] as const) {
          const found = part.indexOf(String(bit));
          expect(findBit(bytes, start, first, last, bit)).toBe(found < 0 ? -1 : first + found);
        }
        expect(bitAt(bytes, start, first)).toBe(Number(bits[first]));
      }),
      { numRuns: 500 },
    );
  });

  test('have positions beyond 32 bits', () => {
    const bytes = new Uint8Array(2 ** 29 + 8);
    bytes[2 ** 29 + 1] = 0b0001_0000;
    const last = bytes.length * 8 - 1;
    expect(findBit(bytes, 0, 0, last, 1)).toBe(2 ** 32 + 8 + 3);
    expect(bitAt(bytes, 0, 2 ** 32 + 11)).toBe(1);
    expect(bitAt(bytes, 0, 2 ** 32 + 12)).toBe(0);
    expect(countBitRange(bytes, 0, 2 ** 32, last)).toBe(1);
    expect(countBitRange(bytes, 0, 2 ** 32 + 12, last)).toBe(0);
  });

  test('of only ones are counted without a carry lost', () => {
    const bytes = new Uint8Array(100_003).fill(255);
    expect(countBits(bytes, 0, bytes.length)).toBe(800_024);
    expect(countBits(bytes, 1, bytes.length)).toBe(800_016);
  });
});

describe('combining bitmaps', () => {
  const source = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 3 }));

  function naive(operation: BitOperation, sources: readonly Uint8Array[]): number[] {
    const length = Math.max(0, ...sources.map((each) => each.length));
    return Array.from({ length }, (_, i) => {
      const [first = 0, ...others] = sources.map((each) => each[i] ?? 0);
      if (operation === 'not') return ~first & 0xff;
      return others.reduce(
        (a, b) => (operation === 'and' ? a & b : operation === 'or' ? a | b : a ^ b),
        first,
      );
    });
  }

  test.each(['and', 'or', 'xor'] as const)(
    'by %s is done byte by byte, shorter ones filled up',
    (operation) => {
      fc.assert(
        fc.property(fc.array(source, { minLength: 1, maxLength: 5 }), fc.nat(3), (sources, shift) => {
          // Sources may begin anywhere in the memory that they came in.
          const moved = sources.map((each) => {
            const memory = new Uint8Array(each.length + shift);
            memory.set(each, shift);
            return memory.subarray(shift);
          });
          expect([...combineBits(operation, moved)]).toEqual(naive(operation, sources));
        }),
      );
    },
  );

  test('by not flips every bit', () => {
    fc.assert(
      fc.property(source, (bytes) => {
        expect([...combineBits('not', [bytes])]).toEqual(naive('not', [bytes]));
      }),
    );
  });

  test('leaves the sources as they are', () => {
    const a = Uint8Array.of(1, 2, 3, 4, 5);
    const b = Uint8Array.of(255);
    combineBits('and', [a, b]);
    combineBits('not', [a]);
    expect([...a, ...b]).toEqual([1, 2, 3, 4, 5, 255]);
  });
});
