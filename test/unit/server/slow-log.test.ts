import { expect, test } from 'vitest';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { keptWords, RememberedWords, SlowLog, shownWords } from '../../../src/server/slow-log.ts';

function shown(words: readonly string[], secret?: readonly number[]): string[] {
  const args = new Arguments();
  args.setWords(words.map((word) => Buffer.from(word, 'latin1')));
  return shownWords(keptWords(args, secret), args.count).map((word) => Buffer.from(word).toString('latin1'));
}

test('words are shown as Redis cuts them', () => {
  expect(shown(['SET', 'k', 'a'.repeat(128)])).toEqual(['SET', 'k', 'a'.repeat(128)]);
  expect(shown(['SET', 'k', 'a'.repeat(131)])).toEqual(['SET', 'k', `${'a'.repeat(128)}... (3 more bytes)`]);
  const names = Array.from({ length: 40 }, (_, i) => `w${i}`);
  expect(shown(names.slice(0, 32))).toEqual(names.slice(0, 32));
  expect(shown(names.slice(0, 33))).toEqual([...names.slice(0, 31), '... (2 more arguments)']);
});

test('words that were remembered are the same, also when others stand in their place', () => {
  for (const last of ['c', 'x'.repeat(130), 'x'.repeat(9000)]) {
    const args = new Arguments();
    args.setWords(['...', 'MGET', 'a', '', last].map((word) => Buffer.from(word, 'latin1')));
    // As behind another command in a read buffer.
    args.starts.copyWithin(0, 1);
    args.ends.copyWithin(0, 1);
    args.count = 4;
    const expected = keptWords(args);
    const remembered = new RememberedWords();
    remembered.remember(args);
    args.bytes.fill(0);
    expect(remembered.words()).toEqual(expected);
  }
});

test('secret words are not shown, however long they are', () => {
  expect(shown(['AUTH', 'me', 'p'.repeat(500)], [1, 2])).toEqual(['AUTH', '(redacted)', '(redacted)']);
});

test('the newest entries are kept, under numbers that go on', () => {
  const log = new SlowLog(3);
  const add = (microseconds: number) => log.add({ microseconds, words: [], address: 'a:1', name: '' });
  for (let i = 0; i < 5; i++) add(i);
  expect(log.newest(10).map(({ id, microseconds }) => [id, microseconds])).toEqual([
    [4, 4],
    [3, 3],
    [2, 2],
  ]);
  expect(log.newest(1)).toHaveLength(1);
  expect(log.newest(0)).toEqual([]);
  // A shorter log loses the rest when something is added.
  log.lengthMax = 1;
  expect(log.length).toBe(3);
  add(5);
  expect(log.newest(10).map(({ id }) => id)).toEqual([5]);
  log.reset();
  expect(log.length).toBe(0);
  add(6);
  expect(log.newest(1)[0]!.id).toBe(6);
  log.lengthMax = 0;
  add(7);
  expect(log.length).toBe(0);
});
