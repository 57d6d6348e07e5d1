import { expect, test } from 'vitest';
import { MemoryReturn } from '../../../src/base/memory-return.ts';

const MIB = 1 << 20;

test('with nothing to be freed nothing is due', () => {
  const memory = new MemoryReturn();
  memory.note(0, 0);
  expect(memory.msUntilDue(1e9)).toBe(Infinity);
});

test('a little waits for ten seconds, and is not put off by more', () => {
  const memory = new MemoryReturn();
  memory.note(16 * MIB, 1_000);
  expect(memory.msUntilDue(1_000)).toBe(10_000);
  memory.note(16 * MIB, 9_000);
  expect(memory.msUntilDue(9_000)).toBe(2_000);
  expect(memory.msUntilDue(12_000)).toBe(0);
});

test('much is due at once', () => {
  const memory = new MemoryReturn();
  memory.note(200 * MIB, 1_000);
  memory.note(100 * MIB, 1_500);
  expect(memory.msUntilDue(1_500)).toBe(0);
});

test('after a collection nothing is left, and the next one is not near', () => {
  const memory = new MemoryReturn();
  memory.note(300 * MIB, 1_000);
  memory.collect(1_000);
  expect(memory.msUntilDue(5_000)).toBe(Infinity);
  memory.note(16 * MIB, 5_000);
  expect(memory.msUntilDue(5_000)).toBe(10_000);
});

test('a clock that is set back does not put it off', () => {
  const memory = new MemoryReturn();
  memory.note(16 * MIB, 1e9);
  expect(memory.msUntilDue(0)).toBe(10_000);
});
