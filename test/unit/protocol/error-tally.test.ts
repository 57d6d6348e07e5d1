import { expect, test } from 'vitest';
import { CODES_MAX, ErrorTally } from '../../../src/protocol/error-tally.ts';
import { ReplyBuffer } from '../../../src/protocol/reply-writer.ts';

test('counts errors by their first word', () => {
  const tally = new ErrorTally();
  for (const text of ['ERR one', 'WRONGTYPE two', 'ERR three', 'nospace', `${'X'.repeat(32)} y`, ' z']) {
    tally.count(text);
  }
  expect([...tally.counts]).toEqual([
    ['ERR', 5],
    ['WRONGTYPE', 1],
  ]);
  expect(tally.total).toBe(6);
});

test('has no more codes than it may, and loses no error', () => {
  const tally = new ErrorTally();
  for (let i = 0; i < 1000; i++) tally.count(`E${i} x`);
  tally.count('E5 x');
  expect(tally.counts.size).toBe(CODES_MAX);
  expect(tally.counts.get('E5')).toBe(2);
  expect(tally.counts.get('ERRORSTATS_OVERFLOW')).toBe(1000 - (CODES_MAX - 1));
  expect(tally.total).toBe(1001);
});

test('a writer counts what it writes, and takes back what is not sent', () => {
  const { writer } = new ReplyBuffer();
  writer.tally = new ErrorTally();
  writer.error('OOM no');
  writer.error('ERR x');
  writer.takeBackError();
  expect(writer.errors).toBe(1);
  expect(writer.tally.total).toBe(1);
  expect(writer.tally.counts.get('OOM')).toBe(1);
});
