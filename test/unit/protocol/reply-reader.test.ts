import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstElement, isErrorReply, readNumber, replyEnd } from '../../../src/protocol/reply-reader.ts';
import { ReplyBuffer, type ReplyWriter } from '../../../src/protocol/reply-writer.ts';

type Write = (reply: ReplyWriter) => void;

const { anyReply } = fc.letrec<{ anyReply: Write; leaf: Write; aggregate: Write }>((tie) => ({
  anyReply: fc.oneof({ maxDepth: 4, withCrossShrink: true }, tie('leaf'), tie('aggregate')),
  leaf: fc.oneof(
    fc.constant<Write>((r) => r.ok()),
    fc.constant<Write>((r) => r.null()),
    fc.constant<Write>((r) => r.nullArray()),
    fc.constant<Write>((r) => r.error('ERR $3')),
    fc.integer().map<Write>((n) => (r) => r.integer(n)),
    fc.boolean().map<Write>((flag) => (r) => r.boolean(flag)),
    fc.double({ noNaN: true }).map<Write>((n) => (r) => r.double(n)),
    fc.uint8Array({ maxLength: 20 }).map<Write>((bytes) => (r) => r.bulk(bytes)),
    fc.constant<Write>((r) => r.bulkText('\r\n*3\r\n')),
    fc.string().map<Write>((text) => (r) => r.verbatim('txt', text)),
  ),
  aggregate: fc
    .tuple(fc.constantFrom('array', 'set', 'push', 'map'), fc.array(tie('anyReply'), { maxLength: 6 }))
    .map<Write>(([type, items]) => (r) => {
      const paired = type === 'map' ? items.slice(0, items.length & ~1) : items;
      if (type === 'map') r.map(paired.length / 2);
      else r[type as 'array' | 'set' | 'push'](paired.length);
      for (const write of paired) write(r);
    }),
}));

describe('the reply reader', () => {
  test('finds where each of a row of replies ends', () => {
    fc.assert(
      fc.property(
        fc.array(anyReply, { maxLength: 8 }),
        fc.constantFrom(2 as const, 3 as const),
        (writes, resp) => {
          const buffer = new ReplyBuffer();
          buffer.writer.resp = resp;
          const ends: number[] = [];
          for (const write of writes) {
            write(buffer.writer);
            ends.push(buffer.writer.position);
          }
          const bytes = buffer.take();
          const found: number[] = [];
          for (let at = 0; at < bytes.length; ) {
            at = replyEnd(bytes, at);
            found.push(at);
          }
          expect(found).toEqual(ends);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('reads numbers, first elements and errors', () => {
    const bytes = Buffer.from('x*12\r\n:-42\r\n');
    expect(readNumber(bytes, 1)).toBe(12);
    expect(firstElement(bytes, 1)).toBe(6);
    expect(readNumber(bytes, 6)).toBe(-42);
    expect(isErrorReply(Buffer.from('-ERR\r\n'))).toBe(true);
    expect(isErrorReply(Buffer.from('+OK\r\n'))).toBe(false);
  });
});
