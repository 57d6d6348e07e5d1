import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HashSeed, hashBytes, randomHashSeed } from '../../../src/base/hash.ts';

const seed: HashSeed = { k0: 0x03020100, k1: 0x07060504 };
const hash = (bytes: Uint8Array, key = seed) => hashBytes(bytes, 0, bytes.length, key);

describe('the index hash', () => {
  test('depends on the bytes and not on where they stand', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 9 }), (bytes, before) => {
        const elsewhere = Buffer.concat([before, bytes, before]);
        expect(hashBytes(elsewhere, before.length, before.length + bytes.length, seed)).toBe(hash(bytes));
      }),
    );
  });

  test('is a signed 32-bit integer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const value = hash(bytes);
        expect(value).toBe(value | 0);
      }),
    );
  });

  test('differs with each word of the seed', () => {
    const bytes = Buffer.from('some key');
    expect(hash(bytes, { k0: seed.k0 + 1, k1: seed.k1 })).not.toBe(hash(bytes));
    expect(hash(bytes, { k0: seed.k0, k1: seed.k1 + 1 })).not.toBe(hash(bytes));
    expect(randomHashSeed()).not.toEqual(randomHashSeed());
  });

  test('differs with length, also where the bytes are zeros', () => {
    const values = Array.from({ length: 256 }, (_, length) => hash(new Uint8Array(length)));
    expect(new Set(values).size).toBe(256);
  });

  test('changes about half of its bits with any bit of the key', () => {
    const bytes = Buffer.from('user:1000:profile');
    const before = hash(bytes);
    let flipped = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      for (let rest = (hash(bytes) ^ before) >>> 0; rest > 0; rest = Math.floor(rest / 2))
        flipped += rest % 2;
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    const average = flipped / (bytes.length * 8);
    expect(average).toBeGreaterThan(14);
    expect(average).toBeLessThan(18);
  });

  test('spreads counted keys evenly over buckets', () => {
    const buckets = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) buckets[(hash(Buffer.from(`key:${i}`)) >>> 0) % 64]!++;
    expect(Math.min(...buckets)).toBeGreaterThan(800);
    expect(Math.max(...buckets)).toBeLessThan(1200);
  });
});
