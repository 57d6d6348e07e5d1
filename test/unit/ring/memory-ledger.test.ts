import { expect, test } from 'vitest';
import { MemoryLedger } from '../../../src/ring/memory-ledger.ts';

test('what all use is the sum of shards and buffers, seen by everybody', () => {
  const memory = MemoryLedger.memory(3);
  const acceptor = new MemoryLedger(memory);
  const shard = new MemoryLedger(memory);
  expect(shard.shards).toBe(3);
  acceptor.bufferBytes = 1000;
  for (const [index, bytes] of [10, 20, 30].entries()) shard.setUsed(index, bytes);
  expect(acceptor.usedBytes).toBe(1060);
  expect(shard.usedByOthers(1)).toBe(1040);
  expect(shard.usedByOthers(2)).toBe(1030);
});

test('it is full beyond the limit, when no shard has a key that may go', () => {
  const ledger = new MemoryLedger(MemoryLedger.memory(2));
  ledger.setUsed(0, 101);
  expect(ledger.isFull).toBe(false);
  ledger.limit = 100;
  expect(ledger.isFull).toBe(true);
  ledger.setEvictable(1, 1);
  expect(ledger.isFull).toBe(false);
  ledger.setEvictable(1, 0);
  ledger.limit = 101;
  expect(ledger.isFull).toBe(false);
});

test('shares are parts of the sum of all weights; without any, nobody has one', () => {
  const ledger = new MemoryLedger(MemoryLedger.memory(2));
  expect(ledger.shareOf(0)).toBe(0);
  ledger.setWeight(0, 1);
  ledger.setWeight(1, 3);
  expect([ledger.shareOf(0), ledger.shareOf(1)]).toEqual([0.25, 0.75]);
});

test('a shard that has died uses nothing and has nothing to give; what it has freed stays counted', () => {
  const ledger = new MemoryLedger(MemoryLedger.memory(2));
  ledger.setUsed(1, 50);
  ledger.setEvictable(1, 5);
  ledger.setWeight(1, 5);
  ledger.setFreed(1, 7);
  ledger.forgetKeys(1);
  expect([ledger.usedBytes, ledger.hasEvictable, ledger.shareOf(1)]).toEqual([0, false, 0]);
  expect([ledger.freedBytes, ledger.freedBy(1)]).toEqual([7, 7]);
});
