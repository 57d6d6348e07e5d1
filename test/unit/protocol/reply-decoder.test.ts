import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Reply, ReplyDecoder, ReplyProtocolError } from '../../../src/protocol/reply-decoder.ts';

function decodeAll(chunks: readonly string[]): Reply[] {
  const decoder = new ReplyDecoder();
  const replies: Reply[] = [];
  for (const chunk of chunks) {
    decoder.append(Buffer.from(chunk, 'latin1'));
    for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) replies.push(reply);
  }
  return replies;
}

const bulk = (text: string): Reply => ({ type: 'bulk', text });

const EXAMPLES: readonly [bytes: string, reply: Reply][] = [
  ['+OK\r\n', { type: 'simple', text: 'OK' }],
  ['+\r\n', { type: 'simple', text: '' }],
  ['-ERR no\r\n', { type: 'error', text: 'ERR no' }],
  ['!6\r\nERR\nno\r\n', { type: 'error', text: 'ERR\nno' }],
  [':-9223372036854775808\r\n', { type: 'integer', text: '-9223372036854775808' }],
  [',1.5e300\r\n', { type: 'double', text: '1.5e300' }],
  ['(123456789012345678901234567890\r\n', { type: 'big-number', text: '123456789012345678901234567890' }],
  ['$5\r\na\r\n\0\xff\r\n', bulk('a\r\n\0\xff')],
  ['$0\r\n\r\n', bulk('')],
  ['=8\r\ntxt:text\r\n', { type: 'verbatim', format: 'txt', text: 'text' }],
  ['$-1\r\n', { type: 'null' }],
  ['*-1\r\n', { type: 'null' }],
  ['_\r\n', { type: 'null' }],
  ['#t\r\n', { type: 'boolean', value: true }],
  ['#f\r\n', { type: 'boolean', value: false }],
  ['*0\r\n', { type: 'array', items: [] }],
  ['%0\r\n', { type: 'map', items: [] }],
  [
    '*3\r\n*1\r\n$1\r\na\r\n*0\r\n~1\r\n_\r\n',
    {
      type: 'array',
      items: [
        { type: 'array', items: [bulk('a')] },
        { type: 'array', items: [] },
        { type: 'set', items: [{ type: 'null' }] },
      ],
    },
  ],
  ['%1\r\n$1\r\na\r\n:1\r\n', { type: 'map', items: [bulk('a'), { type: 'integer', text: '1' }] }],
  ['>2\r\n$1\r\na\r\n$1\r\nb\r\n', { type: 'push', items: [bulk('a'), bulk('b')] }],
];

describe('ReplyDecoder', () => {
  test.each(EXAMPLES)('decodes %j', (bytes, reply) => {
    expect(decodeAll([bytes])).toEqual([reply]);
  });

  test('passes over attributes, wherever they stand', () => {
    expect(decodeAll(['|1\r\n+ttl\r\n:3\r\n$1\r\na\r\n'])).toEqual([bulk('a')]);
    expect(decodeAll(['*2\r\n|1\r\n+ttl\r\n*1\r\n:3\r\n+a\r\n+b\r\n'])).toEqual([
      {
        type: 'array',
        items: [
          { type: 'simple', text: 'a' },
          { type: 'simple', text: 'b' },
        ],
      },
    ]);
  });

  test('decodes the same however the bytes are cut', () => {
    const bytes = EXAMPLES.map(([text]) => text).join('');
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
        const ends = [...cuts, bytes.length].sort((a, b) => a - b);
        const chunks = ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end));
        expect(decodeAll(chunks)).toEqual(EXAMPLES.map(([, reply]) => reply));
      }),
    );
    expect(decodeAll([...bytes])).toHaveLength(EXAMPLES.length);
  });

  test('waits for what is not complete', () => {
    for (const [bytes] of EXAMPLES) expect(decodeAll([bytes.slice(0, -1)])).toEqual([]);
  });

  test.each([
    ['HTTP/1.1 400 Bad Request\r\n', 'Protocol error, got "H" as reply type byte'],
    ['$x\r\n', 'Protocol error, got "$x" as a length'],
    ['*-2\r\n', 'Protocol error, got "*-2" as a length'],
    ['$1\r\nabc\r\n', 'Protocol error, a string does not end where its length says'],
  ])('refuses %j', (bytes, message) => {
    expect(() => decodeAll([bytes])).toThrow(new ReplyProtocolError(message));
  });
});
