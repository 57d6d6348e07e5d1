import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitWords } from '../../../src/base/words.ts';

function split(line: string): string[] | undefined {
  // Bytes around the line show whether the bounds are kept.
  const bytes = Buffer.from(`"'${line}"'`, 'latin1');
  return splitWords(bytes, 2, 2 + line.length)?.map((word) => Buffer.from(word).toString('latin1'));
}

const isSpace = (char: string) => ' \t\n\v\f\r'.includes(char);
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

const DOUBLE_QUOTED = /^"((?:\\.|[^"\\])*)"/s;
const SINGLE_QUOTED = /^'((?:\\'|[^'\\]|\\(?!'))*)'/;
const ESCAPE = /\\(x[\da-fA-F]{2}|.)/gs;

function unescaped(_: string, name: string): string {
  if (name.length === 3) return String.fromCharCode(Number.parseInt(name.slice(1), 16));
  return ESCAPES[name] ?? name;
}

/** Redis's rules (sdssplitargs) by means of regular expressions; for lines without NUL. */
function model(line: string): string[] | undefined {
  const words: string[] = [];
  let rest = line;
  for (;;) {
    rest = rest.replace(/^[ \t\n\v\f\r]+/, '');
    if (rest === '') return words;
    const bare = /^[^ \t\n\r"']*/.exec(rest)![0];
    rest = rest.slice(bare.length);
    let word = bare;
    if (rest[0] === '"' || rest[0] === "'") {
      const quoted = (rest[0] === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED).exec(rest);
      if (quoted === null) return undefined;
      const [whole, content = ''] = quoted;
      word += rest[0] === '"' ? content.replace(ESCAPE, unescaped) : content.replaceAll("\\'", "'");
      rest = rest.slice(whole.length);
      if (rest !== '' && !isSpace(rest[0]!)) return undefined;
    }
    words.push(word);
  }
}

describe('inline commands', () => {
  test.each([
    ['', []],
    ['  \t ', []],
    ['PING', ['PING']],
    ['  set a   b ', ['set', 'a', 'b']],
    ['a"b c"', ['ab c']],
    ['"\\x41\\n\\r\\t\\b\\a\\q\\""', ['A\n\r\t\b\x07q"']],
    ['"\\xZZ"', ['xZZ']],
    ["'a\\'b\\n'", ["a'b\\n"]],
    ['""', ['']],
    ['\'\' ""', ['', '']],
    ['\xff \x80', ['\xff', '\x80']],
    ['a\\ b', ['a\\', 'b']],
  ])('%j is split as Redis does', (line, words) => {
    expect(split(line)).toEqual(words);
  });

  test.each(['"', "'", '"a', "'a", '"a"b', "'a'b", '"a\\"', "'a\\'", 'a"b"c', '"a""b"'])(
    'unbalanced quotes are refused: %s',
    (line) => {
      expect(split(line)).toBe(undefined);
    },
  );

  test('any line is split by the rules of sdssplitargs', () => {
    const piece = fc.constantFrom(
      ...'ab"\'\\xn41Ff',
      ' ',
      '\t',
      '\v',
      '\f',
      '\r',
      '\xff',
      '\\x41',
      '\\"',
      "\\'",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), (pieces) => {
        const line = pieces.join('');
        expect(split(line)).toEqual(model(line));
      }),
      { numRuns: 5000 },
    );
  });
});
