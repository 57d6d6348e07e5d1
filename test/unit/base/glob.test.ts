import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { globMatches } from '../../../src/base/glob.ts';

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const bytes = Buffer.from(`*${text}*`, 'latin1');
  return globMatches(Buffer.from(pattern, 'latin1'), bytes, 1, bytes.length - 1, ignoreCase);
}

/** Redis's rules (stringmatchlen) as a plain recursion. */
function model(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*')
    return model(pattern.slice(1), text) || (text !== '' && model(pattern, text.slice(1)));
  if (text === '') return false;
  const rest = text.slice(1);
  if (pattern[0] === '?') return model(pattern.slice(1), rest);
  if (pattern[0] === '[') {
    const [found, after] = modelClass(pattern.slice(1), text[0]!);
    return found && model(after, rest);
  }
  const literal = pattern[0] === '\\' && pattern.length > 1 ? pattern.slice(1) : pattern;
  return literal[0] === text[0] && model(literal.slice(1), rest);
}

function modelClass(content: string, char: string): [found: boolean, after: string] {
  const negated = content[0] === '^';
  let left = negated ? content.slice(1) : content;
  let found = false;
  while (left !== '' && left[0] !== ']') {
    if (left[0] === '\\' && left.length > 1) {
      if (left[1] === char) found = true;
      left = left.slice(2);
    } else if (left[1] === '-' && left.length > 2) {
      const [low, high] = left[0]! < left[2]! ? [left[0]!, left[2]!] : [left[2]!, left[0]!];
      if (low <= char && char <= high) found = true;
      left = left.slice(3);
    } else {
      if (left[0] === char) found = true;
      left = left.slice(1);
    }
  }
  return [found !== negated, left.slice(1)];
}

describe('glob patterns', () => {
  test.each([
    ['*', 'anything', true],
    ['h?llo', 'hello', true],
    ['h*llo', 'hllo', true],
    ['h*llo', 'heeeello', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hello', false],
    ['h[a-b]llo', 'hbllo', true],
    ['h[b-a]llo', 'hallo', true],
    ['h\\?llo', 'h?llo', true],
    ['h\\?llo', 'hello', false],
    ['[\\]]', ']', true],
    ['[abc', 'b', true],
    ['a\\', 'a\\', true],
    ['', '', true],
    ['*', '', true],
    ['?', '', false],
    ['\xff*', '\xff\0', true],
  ])('%j and %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  test('stars beyond the thousandth match nothing, as in Redis, unless they end the pattern', () => {
    const text = 'a'.repeat(3000);
    expect(matches('*?'.repeat(1000), text)).toBe(true);
    expect(matches('*?'.repeat(1001), text)).toBe(false);
    expect(matches(`${'*?'.repeat(1000)}*`, text)).toBe(true);
    expect(matches('*'.repeat(3000), text)).toBe(true);
  });

  test('case can be ignored', () => {
    expect(matches('MAX*', 'maxmemory', true)).toBe(true);
    expect(matches('[A-C]x', 'bX', true)).toBe(true);
    expect(matches('MAX*', 'maxmemory')).toBe(false);
  });

  test('any pattern matches as the recursive rules say', () => {
    const pattern = fc
      .array(fc.constantFrom(...'ab*?[]^-\\c'), { maxLength: 9 })
      .map((chars) => chars.join(''));
    const text = fc.array(fc.constantFrom(...'abc]-^\\'), { maxLength: 7 }).map((chars) => chars.join(''));
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matches(p, t)).toBe(model(p, t));
      }),
      { numRuns: 20_000 },
    );
  });

  test('behind a thousand stars nothing matches any more, as in Redis', () => {
    expect(matches('*a'.repeat(1000), 'a'.repeat(1000))).toBe(true);
    expect(matches('*a'.repeat(1001), 'a'.repeat(1001))).toBe(false);
    expect(matches('**a'.repeat(1000), 'a'.repeat(1000))).toBe(true);
    expect(matches(`${'*a'.repeat(1000)}*`, 'a'.repeat(1001))).toBe(true);
  });

  test('many stars take no exponential time', () => {
    expect(matches(`${'a*'.repeat(40)}b`, 'a'.repeat(5000))).toBe(false);
  });
});
