import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressLzf, expandLzf } from '../../../src/rdb/lzf.ts';
import { Random } from '../../support/random.ts';

function compress(source: Uint8Array, room = source.length * 2 + 10): Uint8Array | undefined {
  const target = new Uint8Array(room + 3).fill(0xee);
  const end = compressLzf(source, 0, source.length, target, 2, room + 2);
  expect(target[0]).toBe(0xee);
  expect(target[room + 2]).toBe(0xee);
  return end < 0 ? undefined : target.slice(2, end);
}

function expand(source: Uint8Array, length: number): string | undefined {
  const target = Buffer.alloc(length + 2, 0xee);
  const isRight = expandLzf(source, 0, source.length, target, 1, length + 1);
  expect(target[0]).toBe(0xee);
  expect(target[length + 1]).toBe(0xee);
  return isRight ? target.toString('latin1', 1, length + 1) : undefined;
}

describe('LZF', () => {
  test('what was compressed expands to the same', () => {
    const words = fc.array(fc.constantFrom('a', 'ab', 'hello ', 'world', '\0\0\0', 'xyz'.repeat(200)), {
      maxLength: 300,
    });
    const texts = fc.oneof(
      words.map((list) => Buffer.from(list.join(''), 'latin1')),
      fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
      fc.nat(40_000).map((length) => Buffer.alloc(length, 'ab')),
    );
    fc.assert(
      fc.property(texts, (source) => {
        const compressed = compress(source);
        expect(compressed).toBeDefined();
        expect(expand(compressed!, source.length)).toBe(source.toString('latin1'));
      }),
    );
  });

  test('repetitions get shorter, over distances up to 8 KB', () => {
    expect(compress(Buffer.alloc(10_000, 'x'))!.length).toBeLessThan(150);
    const random = new Random(3).bytes(4000);
    expect(compress(Buffer.concat([random, random]))!.length).toBeLessThan(5000);
    const far = new Random(4).bytes(9000);
    expect(compress(Buffer.concat([far, far]))!.length).toBeGreaterThan(18_000);
  });

  test('it gives up where there is too little room', () => {
    expect(compress(new Random(5).bytes(100), 96)).toBeUndefined();
    expect(compress(Buffer.alloc(100, 'a'), 96)).toBeDefined();
    for (let room = 0; room < 12; room++) compress(Buffer.from('abcabcabcabcabcd'.repeat(3)), room);
  });

  test('a literal run and matches of both forms are expanded', () => {
    expect(expand(Buffer.from([2, 97, 98, 99]), 3)).toBe('abc');
    expect(expand(Buffer.from([0, 97, 0x20, 0]), 4)).toBe('aaaa');
    expect(expand(Buffer.from([1, 97, 98, 0xe0, 1, 1]), 12)).toBe('abababababab');
  });

  test('what is no compressed string of that length is refused', () => {
    expect(expand(Buffer.from([2, 97, 98]), 3)).toBeUndefined();
    expect(expand(Buffer.from([2, 97, 98, 99]), 2)).toBeUndefined();
    expect(expand(Buffer.from([2, 97, 98, 99]), 4)).toBeUndefined();
    expect(expand(Buffer.from([0, 97, 0x20, 1]), 4)).toBeUndefined();
    expect(expand(Buffer.from([0, 97, 0x20]), 4)).toBeUndefined();
    expect(expand(Buffer.from([0, 97, 0xe0]), 4)).toBeUndefined();
    expect(expand(Buffer.from([0, 97, 0xe0, 0]), 4)).toBeUndefined();
    const random = new Random(6);
    for (let i = 0; i < 5000; i++) expand(random.bytes(random.below(40)), random.below(200));
  });
});
