import { expect, test } from 'vitest';
import type { Merge } from '../../../src/commands/command.ts';
import { SplitReply } from '../../../src/server/split-reply.ts';

/** Gives each part its pieces, in turns, and returns what comes of it. */
function merged(
  merge: Merge,
  parts: readonly (readonly string[])[],
  partOfKey: readonly number[] = [],
): string {
  let reply: string | undefined;
  const split = new SplitReply(parts.length, merge, 2, partOfKey, (bytes) => {
    reply = Buffer.from(bytes).toString('latin1');
  });
  const longest = Math.max(...parts.map((pieces) => pieces.length));
  for (let i = 0; i < longest; i++) {
    parts.forEach((pieces, part) => {
      // As in a lane, where something else stands in front and behind.
      const source = Buffer.from(`+..${pieces[i] ?? ''}+OK\r\n`, 'latin1');
      if (pieces[i] !== undefined) split.receive(part, source, 3, 3 + pieces[i]!.length);
    });
  }
  for (const _ of parts) {
    expect(reply).toBeUndefined();
    split.partDone();
  }
  return reply!;
}

test('parts that all say OK make one OK, however their replies are cut', () => {
  expect(merged('ok', [['+OK\r\n'], ['+OK\r\n']])).toBe('+OK\r\n');
  expect(
    merged('ok', [
      ['+OK\r\n', ''],
      ['', '+OK\r\n'],
    ]),
  ).toBe('+OK\r\n');
  expect(
    merged('ok', [
      ['+', 'OK\r\n'],
      ['+OK\r\n', ''],
    ]),
  ).toBe('+OK\r\n');
  expect(
    merged('ok', [
      ['+O', 'K\r\n'],
      ['+', 'OK', '\r\n'],
      ['+OK\r', '\n'],
    ]),
  ).toBe('+OK\r\n');
});

test('what has no reply makes none', () => {
  expect(merged('ok', [['']])).toBe('');
});

test('an error of any part is the error of all', () => {
  expect(merged('ok', [['+OK\r\n'], ['-ERR no\r\n'], ['+OK\r\n']])).toBe('-ERR no\r\n');
  expect(
    merged('ok', [
      ['+', 'OK\r\n'],
      ['-ERR', ' no\r\n'],
    ]),
  ).toBe('-ERR no\r\n');
  expect(merged('sum', [[':1\r\n'], ['-ERR no\r\n']])).toBe('-ERR no\r\n');
});

test('numbers are added, and elements put to the places of their keys', () => {
  expect(
    merged('sum', [
      [':1', '2\r\n'],
      [':30\r\n', ''],
    ]),
  ).toBe(':42\r\n');
  const parts = [
    ['*2\r\n$1\r\na\r\n', '$1\r\nc\r\n'],
    ['*1\r\n$', '1\r\nb\r\n'],
  ];
  expect(merged('by-key', parts, [0, 1, 0])).toBe('*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n');
});
