import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReplyBuffer, type ReplySink, ReplyWriter, ROOM_MAX } from '../../../src/protocol/reply-writer.ts';
import { Push, type Reply, ReplyDecoder } from '../../support/decoder.ts';

type Write = (reply: ReplyWriter) => void;

function written(resp: 2 | 3, write: Write): Buffer {
  const buffer = new ReplyBuffer(16);
  buffer.writer.resp = resp;
  write(buffer.writer);
  return Buffer.from(buffer.take());
}

function decoded(resp: 2 | 3, write: Write): Reply | Push | symbol {
  const decoder = new ReplyDecoder(true);
  decoder.append(written(resp, write));
  const reply = decoder.next();
  expect(decoder.buffered).toBe(0);
  return reply;
}

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('the reply writer', () => {
  const cases: [title: string, write: Write, resp2: Reply, resp3: Reply][] = [
    ['OK', (r) => r.ok(), '+OK', '+OK'],
    ['a simple string', (r) => r.simple('PONG'), '+PONG', '+PONG'],
    ['an error', (r) => r.error('ERR no'), '-ERR no', '-ERR no'],
    ['an error with line ends', (r) => r.error('ERR a\r\nb\n'), '-ERR a  b', '-ERR a  b'],
    ['zero', (r) => r.integer(0), ':0', ':0'],
    ['a negative integer', (r) => r.integer(-12345), ':-12345', ':-12345'],
    ['the largest exact integer', (r) => r.integer(2 ** 53 - 1), ':9007199254740991', ':9007199254740991'],
    ['a 64-bit integer', (r) => r.integer(-(2n ** 63n)), ':-9223372036854775808', ':-9223372036854775808'],
    ['an empty bulk string', (r) => r.bulk(bytes('')), '$', '$'],
    ['a part of a buffer', (r) => r.bulk(bytes('abcdef'), 2, 4), '$cd', '$cd'],
    ['binary bytes', (r) => r.bulk(bytes('\0\r\n\xff')), '$\0\r\n\xff', '$\0\r\n\xff'],
    ['a short text', (r) => r.bulkText('caf\xe9'), '$caf\xe9', '$caf\xe9'],
    ['a long text', (r) => r.bulkText('x'.repeat(100)), `$${'x'.repeat(100)}`, `$${'x'.repeat(100)}`],
    ['Unicode text', (r) => r.bulkUtf8('é'), '$\xc3\xa9', '$\xc3\xa9'],
    ['an integer as text', (r) => r.bulkInteger(1234567890123), '$1234567890123', '$1234567890123'],
    ['null', (r) => r.null(), '$-1', '_'],
    ['a null array', (r) => r.nullArray(), '*-1', '_'],
    ['an empty array', (r) => r.array(0), [], []],
    ['true', (r) => r.boolean(true), ':1', '#t'],
    ['false', (r) => r.boolean(false), ':0', '#f'],
    ['a double', (r) => r.double(1.5), '$1.5', ',1.5'],
    ['infinity', (r) => r.double(-Infinity), '$-inf', ',-inf'],
    ['a big number', (r) => r.bigNumber(10n ** 30n), `$1${'0'.repeat(30)}`, `(1${'0'.repeat(30)}`],
    ['verbatim text', (r) => r.verbatim('txt', 'a\r\né'), '$a\r\n\xc3\xa9', '=txt:a\r\n\xc3\xa9'],
  ];
  for (const [title, write, resp2, resp3] of cases) {
    test(`writes ${title} in RESP2 and RESP3`, () => {
      expect(decoded(2, write)).toEqual(resp2);
      expect(decoded(3, write)).toEqual(resp3);
    });
  }

  test('writes aggregates, flat where RESP2 has no such type', () => {
    const pair: Write = (r) => {
      r.bulkText('a');
      r.integer(1);
    };
    const map: Write = (r) => {
      r.map(1);
      pair(r);
    };
    const set: Write = (r) => {
      r.set(2);
      pair(r);
    };
    expect(decoded(2, map)).toEqual(['$a', ':1']);
    expect(decoded(3, map)).toEqual({ type: 'map', items: ['$a', ':1'] });
    expect(decoded(2, set)).toEqual(['$a', ':1']);
    expect(decoded(3, set)).toEqual({ type: 'set', items: ['$a', ':1'] });
    const push: Write = (r) => {
      r.push(2);
      pair(r);
    };
    expect(decoded(2, push)).toEqual(['$a', ':1']);
    expect(decoded(3, push)).toEqual(new Push(['$a', ':1']));
    const attributes: Write = (r) => {
      if (r.attribute(1)) pair(r);
      r.ok();
    };
    expect(decoded(2, attributes)).toBe('+OK');
    expect(decoded(3, attributes)).toBe('+OK');
  });

  test('counts the errors it wrote', () => {
    const buffer = new ReplyBuffer();
    buffer.writer.error('ERR one');
    buffer.writer.ok();
    buffer.writer.error('ERR two');
    expect(buffer.writer.errors).toBe(2);
  });

  test('any integer reads back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)), (value) => {
        expect(decoded(2, (r) => r.integer(value))).toBe(`:${value}`);
      }),
    );
  });

  test('any double reads back the same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = decoded(3, (r) => r.double(value)) as string;
        expect(Number(text.slice(1))).toBe(value);
        expect(decoded(2, (r) => r.double(value))).toBe(`$${text.slice(1)}`);
      }),
    );
  });

  test('writes the same bytes however little room its sink makes', () => {
    const step: fc.Arbitrary<Write> = fc.oneof(
      fc.constant<Write>((r) => r.ok()),
      fc.constant<Write>((r) => r.null()),
      fc.constant<Write>((r) => r.array(3)),
      fc.integer().map<Write>((n) => (r) => r.integer(n)),
      fc.nat().map<Write>((n) => (r) => r.bulkInteger(n)),
      fc.nat(300).map<Write>((n) => (r) => r.bulkText('t'.repeat(n))),
      fc.nat(30_000).map<Write>((n) => (r) => r.bulk(Buffer.alloc(n, 'b'))),
      fc.nat(20_000).map<Write>((n) => (r) => r.simple('s'.repeat(n))),
      fc.nat(20_000).map<Write>((n) => (r) => r.verbatim('txt', 'v'.repeat(n))),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 20 }),
        fc.constantFrom(2 as const, 3 as const),
        fc.integer({ min: 1, max: ROOM_MAX * 2 }),
        (steps, resp, windowBytes) => {
          const sink = new WindowSink(windowBytes);
          const writer = new ReplyWriter(sink);
          writer.resp = resp;
          for (const write of steps) write(writer);
          sink.collect(writer);
          const expected = written(resp, (r) => {
            for (const write of steps) write(r);
          });
          expect(Buffer.concat(sink.taken).equals(expected)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Hands out windows that are no larger than they must be, as a lane's last bytes are. */
class WindowSink implements ReplySink {
  readonly taken: Uint8Array[] = [];
  readonly #windowBytes: number;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  makeRoom(writer: ReplyWriter, size: number): void {
    this.collect(writer);
    const windowBytes = Math.max(this.#windowBytes, Math.min(size, ROOM_MAX));
    // More is there than may be used: a write beyond the limit must not go unnoticed.
    writer.bytes = new Uint8Array(windowBytes + 64);
    writer.position = 0;
    writer.limit = windowBytes;
  }

  collect(writer: ReplyWriter): void {
    if (writer.position > writer.limit) throw new Error('the writer wrote beyond its limit');
    this.taken.push(writer.bytes.slice(0, writer.position));
  }
}
