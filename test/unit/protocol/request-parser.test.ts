import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PROTOCOL } from '../../../src/protocol/errors.ts';
import { NEED_MORE, RequestParser, WORDS_MAX } from '../../../src/protocol/request-parser.ts';
import { encodeCommand } from '../../support/client.ts';
import { LIMITS, type Parsed, parsePieces } from '../../support/parsing.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const parse = (text: string): Parsed[] => parsePieces(latin1(text), []);

const word = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.constantFrom(latin1(''), latin1('\r\n'), latin1('$3\r\n'), latin1('*1\r\n'), Buffer.alloc(300, 'x')),
);
const request = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(word, { minLength: 1, maxLength: 20 }).map((words) => encodeCommand(words)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('PING', 'SET a b', 'get "a b"', '', '   ', "ECHO 'x\\'y'", 'ECHO "\\x00\\n"')
      .chain((line) => fc.constantFrom('\r\n', '\n').map((end) => latin1(line + end))),
  },
  { weight: 1, arbitrary: fc.constantFrom('*0\r\n', '*-1\r\n', '*-10\r\n').map(latin1) },
);

describe('the request parser', () => {
  test('reads a command however its bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.constantFrom('append' as const, 'move' as const, 'restart' as const),
        (requests, cutSeeds, delivery) => {
          const bytes = Buffer.concat(requests);
          const cuts = cutSeeds.map((seed) => seed % (bytes.length + 1));
          expect(parsePieces(bytes, cuts, delivery)).toEqual(parsePieces(bytes, []));
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('reads every split of one command into single bytes', () => {
    const bytes = encodeCommand(['SET', 'key', '\r\n$1\r\n', '', Buffer.alloc(200, 1)]);
    const whole = parsePieces(bytes, []);
    expect(whole).toEqual([['SET', 'key', '\r\n$1\r\n', '', '\x01'.repeat(200)]]);
    const everywhere = Array.from({ length: bytes.length }, (_, i) => i);
    for (const delivery of ['append', 'move', 'restart'] as const) {
      expect(parsePieces(bytes, everywhere, delivery)).toEqual(whole);
      for (const cut of everywhere) expect(parsePieces(bytes, [cut], delivery)).toEqual(whole);
    }
  });

  test('reads a command of a hundred thousand words that arrives in small pieces', () => {
    const words = Array.from({ length: 100_000 }, (_, i) => `w${i}`);
    const bytes = encodeCommand(words);
    const parser = new RequestParser(LIMITS);
    for (let end = 0; end < bytes.length; end += 1000) expect(parser.next(bytes, end)).toBe(NEED_MORE);
    expect(parser.isInsideCommand).toBe(true);
    parser.next(bytes, bytes.length);
    expect(parser.args.count).toBe(words.length);
    expect(parser.args.text(99_999)).toBe('w99999');
    expect(parser.isInsideCommand).toBe(false);
  });

  test('says how many bytes the current command needs at least', () => {
    const bytes = encodeCommand(['SET', 'key', Buffer.alloc(1000)]);
    const lastWord = bytes.length - 1002;
    for (let end = 1; end < bytes.length; end++) {
      const parser = new RequestParser(LIMITS);
      expect(parser.next(bytes, end)).toBe(NEED_MORE);
      expect(parser.bytesNeeded).toBeLessThanOrEqual(bytes.length);
      if (end >= lastWord) expect(parser.bytesNeeded).toBe(bytes.length);
    }
  });

  test('ignores empty commands', () => {
    expect(parse('\r\n\n*0\r\n*-1\r\n   \r\nPING\r\n')).toEqual([['PING']]);
  });

  test('returns what came before an error first', () => {
    expect(parse('PING\r\n*1\r\n:1\r\n')).toEqual([['PING'], PROTOCOL.expectedDollar(':')]);
  });

  test.each(
    (
      [
        ['*a\r\n', PROTOCOL.invalidMultibulkLength],
        ['*\r\n', PROTOCOL.invalidMultibulkLength],
        ['*+1\r\n', PROTOCOL.invalidMultibulkLength],
        ['*01\r\n', PROTOCOL.invalidMultibulkLength],
        ['*-\r\n', PROTOCOL.invalidMultibulkLength],
        ['*1 \r\n', PROTOCOL.invalidMultibulkLength],
        [`*${WORDS_MAX + 1}\r\n`, PROTOCOL.invalidMultibulkLength],
        ['*99999999999999999999\r\n', PROTOCOL.invalidMultibulkLength],
        ['*1\r\n$-1\r\n', PROTOCOL.invalidBulkLength],
        ['*1\r\n$a\r\n', PROTOCOL.invalidBulkLength],
        ['*1\r\n$\r\n', PROTOCOL.invalidBulkLength],
        ['*1\r\n$04\r\n', PROTOCOL.invalidBulkLength],
        ['*1\r\n$536870913\r\n', PROTOCOL.invalidBulkLength],
        ['*1\r\n$99999999999999999999\r\n', PROTOCOL.invalidBulkLength],
        ['*1\r\nPING\r\n', PROTOCOL.expectedDollar('P')],
        ['PING "a\r\n', PROTOCOL.unbalancedQuotes],
        ['PING "a"b\r\n', PROTOCOL.unbalancedQuotes],
        ["PING 'a\r\n", PROTOCOL.unbalancedQuotes],
        [`*${'1'.repeat(70_000)}`, PROTOCOL.tooBigMultibulkCount],
        [`*1\r\n$${'1'.repeat(70_000)}`, PROTOCOL.tooBigBulkCount],
        ['x'.repeat(70_000), PROTOCOL.tooBigInline],
      ] as [string, string][]
    ).map(([text, error]) => ({ start: JSON.stringify(text.slice(0, 24)), text, error })),
  )('refuses $start', ({ text, error }) => {
    expect(parse(text)).toEqual([error]);
  });

  test('accepts as many words and bytes as Redis does', () => {
    const parser = new RequestParser(LIMITS);
    const longest = latin1('*1\r\n$536870912\r\n');
    expect(parser.next(longest, longest.length)).toBe(NEED_MORE);
    parser.restart(0);
    const most = latin1(`*${WORDS_MAX}\r\n`);
    expect(parser.next(most, most.length)).toBe(NEED_MORE);
  });

  test('limits what a client may send before it has authenticated', () => {
    const refuse = (text: string) => {
      const parser = new RequestParser(LIMITS);
      parser.trusted = false;
      return parsePieces(latin1(text), [], 'append', parser);
    };
    expect(refuse('*11\r\n')).toEqual([PROTOCOL.unauthenticatedMultibulkLength]);
    expect(refuse('*1\r\n$16385\r\n')).toEqual([PROTOCOL.unauthenticatedBulkLength]);
    expect(refuse('*10\r\n$16384\r\n')).toEqual([]);
  });
});
