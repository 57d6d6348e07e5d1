import { expect, test } from 'vitest';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { Change } from '../../../src/types/change.ts';

test('one object is filled again for each change, and keeps nothing of the last one', () => {
  const args = new Arguments();
  args.setWords(['SADD', 'key', 'a', 'b'].map((word) => Buffer.from(word)));
  const change = new Change();
  expect(change.by(3, 7, 2 ** 32 - 1).with(args, 2, 4)).toBe(change);
  const { operation, first, second, from, to } = change;
  expect([operation, first, second, from, to]).toEqual([3, 7, 2 ** 32 - 1, 2, 4]);
  expect(change.ranges).toBe(args);
  change.by(1);
  expect(change).toEqual(new Change().by(1, 0, 0));
  expect([change.first, change.second, change.from, change.to]).toEqual([0, 0, 0, 0]);
  expect(change.ranges).not.toBe(args);
});
