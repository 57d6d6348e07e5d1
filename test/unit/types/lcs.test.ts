/** The longest common subsequence against plain recursion. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lcsCells, lcsLength, longestCommonSubsequence } from '../../../src/types/lcs.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 14 });

function naiveLength(a: string, b: string, known = new Map<string, number>()): number {
  if (a === '' || b === '') return 0;
  const key = `${a.length},${b.length}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const length =
    a[0] === b[0]
      ? 1 + naiveLength(a.slice(1), b.slice(1), known)
      : Math.max(naiveLength(a.slice(1), b, known), naiveLength(a, b.slice(1), known));
  known.set(key, length);
  return length;
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const character of part) {
    at = whole.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function find(a: string, b: string) {
  const found = longestCommonSubsequence(Buffer.from(a), Buffer.from(b));
  return { sequence: Buffer.from(found.bytes).toString(), matches: found.matches };
}

describe('the longest common subsequence', () => {
  test('is in both strings and as long as any', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const { sequence } = find(a, b);
        expect(isSubsequence(sequence, a)).toBe(true);
        expect(isSubsequence(sequence, b)).toBe(true);
        expect(sequence.length).toBe(naiveLength(a, b));
        expect(lcsLength(Buffer.from(a), Buffer.from(b))).toBe(sequence.length);
      }),
      { numRuns: 500 },
    );
  });

  test('is what its matches make up, from the last to the first', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const { sequence, matches } = find(a, b);
        const inA = matches.map(({ aFirst, aLast }) => a.slice(aFirst, aLast + 1));
        const inB = matches.map(({ bFirst, bLast }) => b.slice(bFirst, bLast + 1));
        expect(inA.toReversed().join('')).toBe(sequence);
        expect(inB).toEqual(inA);
        for (let i = 1; i < matches.length; i++) {
          expect(matches[i]!.aLast).toBeLessThan(matches[i - 1]!.aFirst);
          expect(matches[i]!.bLast).toBeLessThan(matches[i - 1]!.bFirst);
          // Pieces that touch in both strings are one.
          const touches =
            matches[i]!.aLast + 1 === matches[i - 1]!.aFirst &&
            matches[i]!.bLast + 1 === matches[i - 1]!.bFirst;
          expect(touches).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('of the documentation', () => {
    const { sequence, matches } = find('ohmytext', 'mynewtext');
    expect(sequence).toBe('mytext');
    expect(matches).toEqual([
      { aFirst: 4, aLast: 7, bFirst: 5, bLast: 8 },
      { aFirst: 2, aLast: 3, bFirst: 0, bLast: 1 },
    ]);
  });

  test('of strings too long for 16 bits', () => {
    const a = new Uint8Array(70_000).fill(1);
    expect(lcsLength(a, a.subarray(0, 10))).toBe(10);
    expect(longestCommonSubsequence(a, a.subarray(0, 10)).matches).toHaveLength(1);
    expect(lcsCells(70_000, 10)).toBe(770_011);
  });
});
