/** Several shards at one limit, in one thread: they take turns here as they please elsewhere. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EvictionPolicyName } from '../../../src/base/eviction-policies.ts';
import { MemoryLedger } from '../../../src/ring/memory-ledger.ts';
import { MemoryRoom } from '../../../src/shard/memory-room.ts';
import { Keyspace, NO_EXPIRY } from '../../../src/store/keyspace.ts';

const LIMIT = 1024 * 1024;
const VALUE = Buffer.alloc(500, 'v');
const OPTIONS = { samples: 5, lfuLogFactor: 10, lfuDecayMinutes: 1 };

let nowMs = 0;
beforeEach(() => {
  nowMs = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

class Shard {
  readonly keyspace: Keyspace;
  readonly room: MemoryRoom;
  canWrite = true;
  refused = 0;

  constructor(ledger: SharedArrayBuffer, shard: number, policy: EvictionPolicyName) {
    this.keyspace = new Keyspace({ databases: 2, seed: { k0: 1, k1: 2 }, now: () => nowMs });
    this.keyspace.setEviction(policy, OPTIONS);
    this.room = new MemoryRoom({
      ledger,
      shard,
      keyspace: this.keyspace,
      canWrite: () => this.canWrite,
      evicted: () => {},
    });
  }

  set(name: string, expiresAt = NO_EXPIRY): void {
    if (this.room.isShort && !this.room.make()) {
      this.refused++;
      return;
    }
    const key = Buffer.from(name);
    const hash = this.keyspace.hash(key, 0, key.length);
    this.keyspace.setString(0, key, 0, key.length, hash, VALUE, 0, VALUE.length, expiresAt);
  }

  get keys(): number {
    return this.keyspace.size(0);
  }

  /** What a shard does between two batches, when its time has come. */
  rest(): void {
    if (this.room.msUntilDue() <= 0) this.room.slice();
    this.room.publish();
  }
}

function shardsOf(count: number, policy: EvictionPolicyName): { ledger: MemoryLedger; shards: Shard[] } {
  const memory = MemoryLedger.memory(count);
  const ledger = new MemoryLedger(memory);
  ledger.limit = LIMIT;
  const shards = Array.from({ length: count }, (_, shard) => new Shard(memory, shard, policy));
  for (const { room } of shards) room.publish();
  return { ledger, shards };
}

/** Batches of 32 writes, then 2 ms in which all shards come to rest. */
function write(shards: Shard[], batches: number, prefix: string, writers = shards): void {
  for (let batch = 0; batch < batches; batch++) {
    for (const [at, shard] of writers.entries()) {
      shard.room.refresh();
      for (let i = 0; i < 32; i++) shard.set(`${prefix}:${at}:${batch}:${i}`);
      shard.room.publish();
    }
    nowMs += 2;
    for (const shard of shards) shard.rest();
  }
}

test('without a limit there is room, and nothing to be done', () => {
  const { ledger, shards } = shardsOf(1, 'allkeys-random');
  ledger.limit = 0;
  write(shards, 100, 'key');
  expect(shards[0]!.keys).toBe(3200);
  expect(shards[0]!.room.ceiling).toBe(Infinity);
  expect(shards[0]!.room.msUntilDue()).toBe(Infinity);
});

for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random'] as const) {
  test(`${policy}: shards that write the same have the same, and together no more than there may be`, () => {
    const { ledger, shards } = shardsOf(3, policy);
    write(shards, 200, 'key');
    // Each has been seen when the last batch had ended.
    for (let i = 0; i < 50; i++) {
      nowMs += 10;
      for (const shard of shards) shard.rest();
    }
    expect(ledger.usedBytes).toBeLessThanOrEqual(LIMIT);
    expect(ledger.usedBytes).toBeGreaterThan(LIMIT * 0.9);
    const sizes = shards.map(({ keys }) => keys);
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(2);
  });

  test(`${policy}: one that writes alone gets what the others had, and they come back`, () => {
    const { ledger, shards } = shardsOf(3, policy);
    write(shards, 30, 'key');
    nowMs += 5000;
    const [tenant, ...others] = shards as [Shard, Shard, Shard];
    write(shards, 500, 'tenant', [tenant]);
    expect(ledger.usedBytes).toBeLessThan(LIMIT * 1.03);
    const all = shards.reduce((sum, { keys }) => sum + keys, 0);
    expect(tenant.keys / all).toBeGreaterThan(0.9);
    nowMs += 5000;
    write(shards, 500, 'others', others);
    const allThen = shards.reduce((sum, { keys }) => sum + keys, 0);
    for (const { keys } of others) expect(keys / allThen).toBeGreaterThan(0.35);
  });
}

test('one whose keys may not go waits for those of others, and is refused only when there are none', () => {
  const { ledger, shards } = shardsOf(2, 'volatile-random');
  const [fixed, volatile] = shards as [Shard, Shard];
  for (let i = 0; i < 1200; i++) volatile.set(`volatile:${i}`, nowMs + 1e9);
  volatile.rest();
  // While one shard waits, the other comes to its slices.
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    nowMs += 1;
    volatile.rest();
    return 'timed-out';
  });
  write(shards, 30, 'fixed', [fixed]);
  expect(fixed.refused).toBe(0);
  expect(fixed.keys).toBe(960);
  expect(ledger.usedBytes).toBeLessThan(LIMIT * 1.05);
  write(shards, 60, 'more', [fixed]);
  expect(fixed.refused).toBeGreaterThan(0);
  expect(volatile.keys).toBe(0);
  expect(ledger.isFull).toBe(true);
});

test('a slice ends when its time is over, and goes on at once', () => {
  const { ledger, shards } = shardsOf(1, 'allkeys-random');
  const [shard] = shards as [Shard];
  ledger.limit = 0;
  write(shards, 50, 'key');
  const before = shard.keys;
  const slices: number[] = [];
  ledger.limit = 64 * 1024;
  shard.room.set('maxmemory', ledger.limit);
  // Each look at the clock finds that half a millisecond has gone.
  vi.spyOn(performance, 'now').mockImplementation(() => {
    nowMs += 0.5;
    return nowMs;
  });
  while (shard.room.msUntilDue() <= 0) {
    const keys = shard.keys;
    shard.room.slice();
    slices.push(keys - shard.keys);
  }
  expect(Math.max(...slices)).toBe(32);
  expect(slices.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(before * 0.8);
  expect(ledger.usedBytes).toBeLessThanOrEqual(64 * 1024);
});

test('nothing is evicted while that could not be written down', () => {
  const { shards } = shardsOf(1, 'allkeys-random');
  const [shard] = shards as [Shard];
  shard.canWrite = false;
  write(shards, 100, 'key');
  expect(shard.keys).toBe(3200);
  expect(shard.refused).toBe(0);
  shard.canWrite = true;
  nowMs += 100;
  while (shard.room.msUntilDue() <= 0) shard.room.slice();
  expect(shard.keys).toBeLessThan(2200);
});

test('nothing is evicted or refused while shards load what they begin with', () => {
  const { ledger, shards } = shardsOf(2, 'allkeys-random');
  ledger.isStarting = true;
  write(shards, 100, 'key');
  expect(shards.map(({ keys }) => keys)).toEqual([3200, 3200]);
  // And it is no reason to look at once again.
  expect(shards[0]!.room.msUntilDue()).toBeGreaterThan(0);
  ledger.isStarting = false;
  write(shards, 10, 'key');
  expect(ledger.usedBytes).toBeLessThanOrEqual(LIMIT);
});

test('how long there was too much is counted', () => {
  const { ledger, shards } = shardsOf(1, 'noeviction');
  const [shard] = shards as [Shard];
  write(shards, 100, 'key');
  expect(shard.refused).toBeGreaterThan(0);
  const before = shard.room.exceedingMs;
  expect(before).toBeGreaterThan(0);
  nowMs += 500;
  expect(shard.room.exceedingMs).toBe(before + 500);
  ledger.limit = 0;
  shard.room.refresh();
  expect(shard.room.exceedingMs).toBe(0);
  expect(shard.room.spent.exceededMs).toBe(before + 500);
});
