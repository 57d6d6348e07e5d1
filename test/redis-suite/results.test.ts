import { expect, test } from 'vitest';
import { readReasons, readResults, unexplained } from './results.ts';

test('each of Redis’s own tests that does not pass here has a reason', () => {
  expect(unexplained(readResults(), readReasons())).toEqual([]);
});

test('no reason is kept for what passes', () => {
  const missing = new Set(readResults().files.flatMap((file) => file.missing));
  expect(
    Object.values(readReasons())
      .flat()
      .filter((name) => !missing.has(name)),
  ).toEqual([]);
});

test('at least 97 % of what Redis passes passes here, where all of its commands are there', () => {
  const DATA = /^unit\/(type\/|sort$|scan$|expire$|keyspace$|geo$|hyperloglog$|bitops$|bitfield$|dump$)/;
  const files = readResults().files.filter(({ file }) => DATA.test(file));
  const sum = (key: 'passes' | 'of') => files.reduce((total, file) => total + file[key], 0);
  expect(files.length).toBeGreaterThan(10);
  expect(sum('passes') / sum('of')).toBeGreaterThanOrEqual(0.97);
});
