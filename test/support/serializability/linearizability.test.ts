/** The search for an order finds it where there is one, and only there. */
import { describe, expect, test } from 'vitest';
import { type Block, describeVerdict, linearize } from './linearizability.ts';
import { apply, type ModelReply } from './model.ts';

function block(client: number, sentAt: number, answeredAt: number, ...pairs: [string, ModelReply][]): Block {
  return {
    client,
    sentAt,
    answeredAt,
    commands: pairs.map(([command]) => command.split(' ')),
    replies: pairs.map(([, reply]) => reply),
  };
}

function isLinearizable(...blocks: readonly Block[]): boolean {
  return linearize(blocks).isLinearizable;
}

describe('the model', () => {
  test.each<[Record<string, string>, string, ModelReply, Record<string, string>]>([
    [{}, 'RENAME a b', 'ERR no such key', {}],
    [{ a: '1', b: '2' }, 'RENAME a b', 'OK', { b: '1' }],
    [{ a: '1', b: '2' }, 'RENAMENX a b', 0, { a: '1', b: '2' }],
    [{ a: '1' }, 'COPY a b', 1, { a: '1', b: '1' }],
    [{ a: '1', b: '2' }, 'COPY a b', 0, { a: '1', b: '2' }],
    [{ a: '1', b: '2' }, 'COPY a b REPLACE', 1, { a: '1', b: '1' }],
    [{ b: '2' }, 'MSETNX a 1 b 1', 0, { b: '2' }],
    [{}, 'MSETNX a 1 b 2', 1, { a: '1', b: '2' }],
    [{ a: 'A', b: '!!' }, 'BITOP OR c a b', 2, { a: 'A', b: '!!', c: 'a!' }],
    [{ c: '1' }, 'BITOP OR c a b', 0, {}],
    [{ a: 'ohmytext', b: 'mynewtext' }, 'LCS a b LEN', 6, { a: 'ohmytext', b: 'mynewtext' }],
    [{ a: 'x' }, 'INCR a', 'ERR value is not an integer or out of range', { a: 'x' }],
    [{ a: '9' }, 'INCR a', 10, { a: '10' }],
  ])('%j: %s is answered %j', (before, command, reply, after) => {
    const result = apply(new Map(Object.entries(before)), command.split(' '));
    expect(result.reply).toEqual(reply);
    expect(Object.fromEntries(result.state)).toEqual(after);
  });
});

describe('an order is found', () => {
  test('among concurrent blocks, whatever the order in which they are told', () => {
    const blocks = [
      block(1, 1, 9, ['GET a', '2']),
      block(2, 1, 9, ['SET a 1', 'OK']),
      block(3, 1, 9, ['GET a', '1'], ['SET a 2', 'OK']),
      block(4, 10, 11, ['MGET a b', ['2', null]]),
    ];
    expect(isLinearizable(...blocks)).toBe(true);
    expect(linearize(blocks).order.map(({ client }) => client)).toEqual([2, 3, 1, 4]);
  });

  test('not against real time', () => {
    expect(isLinearizable(block(1, 1, 2, ['SET a 1', 'OK']), block(2, 3, 4, ['GET a', null]))).toBe(false);
    expect(isLinearizable(block(1, 1, 3, ['SET a 1', 'OK']), block(2, 2, 4, ['GET a', null]))).toBe(true);
  });

  test('not against the order of a client', () => {
    const written = [block(1, 1, 8, ['SET a 1', 'OK']), block(1, 1, 9, ['SET b 1', 'OK'])];
    expect(isLinearizable(...written, block(2, 2, 3, ['MGET a b', [null, '1']]))).toBe(false);
    expect(isLinearizable(...written, block(2, 2, 3, ['MGET a b', ['1', null]]))).toBe(true);
  });

  test('not with another block in the middle of one', () => {
    const writer = block(1, 1, 9, ['SET a 1', 'OK'], ['SET b 1', 'OK']);
    expect(isLinearizable(writer, block(2, 1, 9, ['GET a', '1'], ['GET b', null]))).toBe(false);
    expect(isLinearizable(writer, block(2, 1, 9, ['RENAME a c', 'OK'], ['EXISTS b', 0]))).toBe(false);
    expect(isLinearizable(writer, block(2, 1, 9, ['RENAME a c', 'OK'], ['EXISTS b', 1]))).toBe(true);
  });

  test('not where two moved the same key', () => {
    const moves = [block(1, 2, 9, ['RENAME a b', 'OK']), block(2, 2, 9, ['RENAME a c', 'OK'])];
    expect(isLinearizable(block(3, 0, 1, ['SET a 1', 'OK']), ...moves)).toBe(false);
  });
});

test('without an order it tells how far one goes', () => {
  const blocks = [block(1, 1, 2, ['SET a 1', 'OK']), block(2, 3, 4, ['GET a', null])];
  expect(describeVerdict(blocks, linearize(blocks))).toBe(
    [
      'no order explains the replies; the longest:',
      '  client 1, 1–2: SET a 1 → "OK"',
      'and then none of:',
      '  client 2, 3–4: GET a → null',
    ].join('\n'),
  );
});
