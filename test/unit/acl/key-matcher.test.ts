/** The tree of key patterns against matching each pattern by itself. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BOTH, KeyMatcher, type KeyRule, READ, WRITE } from '../../../src/acl/key-matcher.ts';
import { Pattern } from '../../../src/acl/pattern.ts';
import { globMatches } from '../../../src/base/glob.ts';

const NEEDS = [0, READ, WRITE, BOTH];

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function rule(pattern: string, rights = BOTH): KeyRule {
  return { pattern: new Pattern(pattern), rights };
}

/** The key stands among other bytes, as in a request. */
function allows(rules: readonly KeyRule[], key: string, need = BOTH): boolean {
  const bytes = bytesOf(`a${key}a`);
  return new KeyMatcher(rules).allows(bytes, 1, bytes.length - 1, need);
}

/** Few letters, so that beginnings are shared and keys match. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', '\xff'), maxLength: 6 });
const pattern = fc.string({
  unit: fc.constantFrom('a', 'b', ':', '\xff', '*', '?', '[ab]', '[^a]', '\\*', '\\', '['),
  maxLength: 6,
});

test('a key may be used when a pattern that matches gives all the rights', () => {
  const rules = fc.array(fc.tuple(pattern, fc.constantFrom(READ, WRITE, BOTH)), { maxLength: 12 });
  fc.assert(
    fc.property(rules, fc.array(text, { minLength: 1, maxLength: 10 }), (given, keys) => {
      const made = given.map(([each, rights]) => rule(each, rights));
      for (const key of keys) {
        for (const need of NEEDS) {
          const expected = given.some(
            ([each, rights]) => (rights & need) === need && globMatches(bytesOf(each), bytesOf(key)),
          );
          expect({ key, need, isAllowed: allows(made, key, need) }).toEqual({
            key,
            need,
            isAllowed: expected,
          });
        }
      }
    }),
    { numRuns: 500 },
  );
});

describe('by example', () => {
  test('names, beginnings and globs that begin alike are kept apart', () => {
    const rules = [rule('user:1'), rule('user:1?'), rule('user:2*'), rule('us'), rule('user:10')];
    const keys = ['us', 'use', 'user:1', 'user:10', 'user:11', 'user:111', 'user:2', 'user:25', 'user:', ''];
    expect(keys.filter((key) => allows(rules, key))).toEqual([
      ...['us', 'user:1', 'user:10', 'user:11', 'user:2', 'user:25'],
    ]);
  });

  test('two patterns do not add up their rights', () => {
    const rules = [rule('a*', READ), rule('a', WRITE)];
    expect([READ, WRITE, BOTH].map((need) => allows(rules, 'a', need))).toEqual([true, true, false]);
  });

  test('without patterns there is no key, not even the empty one', () => {
    expect(allows([], '', 0)).toBe(false);
    expect(allows([rule('')], '')).toBe(true);
    expect(allows([rule('')], 'a')).toBe(false);
  });

  test('what is only named needs any pattern', () => {
    expect(allows([rule('a', WRITE)], 'a', 0)).toBe(true);
  });
});
