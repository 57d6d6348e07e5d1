/** Which changes shards tell of, as the two sides of the board see it. */
import { expect, test } from 'vitest';
import { MODE_PREFIXES, MODE_READS, TrackingBoard, TrackingMarks } from '../../../src/ring/tracking-board.ts';

function sides(): { marks: TrackingMarks; board: TrackingBoard } {
  const memory = TrackingBoard.memory();
  return { marks: new TrackingMarks(memory), board: new TrackingBoard(memory) };
}

test('nobody wants anything at first', () => {
  const { board } = sides();
  expect([board.isOn, board.wants(1)]).toEqual([false, false]);
});

test('a key is wanted until all keys with its bit are removed', () => {
  const { marks, board } = sides();
  marks.mode = MODE_READS;
  expect([board.isOn, board.wants(5)]).toEqual([true, false]);
  for (const hash of [5, 5 + (1 << 20), -1, 31, 32]) marks.add(hash);
  expect([5, 5 + (1 << 20), -1, 31, 32].map((hash) => board.wants(hash))).toEqual(Array(5).fill(true));
  expect([4, 6, 30, 33].map((hash) => board.wants(hash))).toEqual(Array(4).fill(false));
  marks.remove(5);
  expect(board.wants(5)).toBe(true);
  marks.remove(5 + (1 << 20));
  expect(board.wants(5)).toBe(false);
  marks.clear();
  expect([-1, 31, 32].map((hash) => board.wants(hash))).toEqual([false, false, false]);
});

test('a bit of very many keys stays, rather than going too early', () => {
  const { marks, board } = sides();
  for (let i = 0; i < 300; i++) marks.add(9);
  for (let i = 0; i < 299; i++) marks.remove(9);
  expect(board.wants(9)).toBe(true);
  marks.remove(9);
  marks.clear();
  expect(board.wants(9)).toBe(false);
});

test('with prefixes every key is wanted', () => {
  const { marks, board } = sides();
  marks.mode = MODE_READS | MODE_PREFIXES;
  expect(board.wants(77)).toBe(true);
  marks.mode = MODE_READS;
  expect(board.wants(77)).toBe(false);
});
