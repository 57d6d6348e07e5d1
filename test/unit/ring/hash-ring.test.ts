import { describe, expect, test } from 'vitest';
import { SLOTS } from '../../../src/base/crc16.ts';
import { SHARDS_MAX, slotTable } from '../../../src/ring/hash-ring.ts';

const VIRTUAL_NODES = 160;

function slotsPerShard(table: Uint16Array, shards: number): number[] {
  const counts = new Array<number>(shards).fill(0);
  for (const shard of table) counts[shard]!++;
  return counts;
}

describe('the hash ring', () => {
  test('gives every slot to a shard that exists', () => {
    for (const shards of [1, 2, 3, 7, 64, SHARDS_MAX]) {
      const table = slotTable(shards, VIRTUAL_NODES);
      expect(table.length).toBe(SLOTS);
      expect(Math.max(...table)).toBe(shards - 1);
    }
  });

  test('moves only slots to the new shard, and about its share of them, when one is added', () => {
    let before = slotTable(1, VIRTUAL_NODES);
    for (let shards = 1; shards <= 32; shards++) {
      const after = slotTable(shards + 1, VIRTUAL_NODES);
      let moved = 0;
      for (let slot = 0; slot < SLOTS; slot++) {
        if (after[slot] === before[slot]) continue;
        if (after[slot] !== shards)
          throw new Error(`slot ${slot} moved to shard ${after[slot]}, not ${shards}`);
        moved++;
      }
      const share = SLOTS / (shards + 1);
      expect(moved).toBeGreaterThan(share * 0.85);
      expect(moved).toBeLessThan(share * 1.15);
      before = after;
    }
  });

  test('keeps every shard within 15 % of its share, from 1 to 64 shards', () => {
    for (let shards = 1; shards <= 64; shards++) {
      const counts = slotsPerShard(slotTable(shards, VIRTUAL_NODES), shards);
      const share = SLOTS / shards;
      expect(Math.min(...counts), `${shards} shards`).toBeGreaterThanOrEqual(share * 0.85);
      expect(Math.max(...counts), `${shards} shards`).toBeLessThanOrEqual(share * 1.15);
    }
  });

  test('gives every shard slots, with any number of virtual nodes', () => {
    for (const virtualNodes of [1, 2, 10, 160, 1024]) {
      for (const shards of [2, 5, 16, 64]) {
        const counts = slotsPerShard(slotTable(shards, virtualNodes), shards);
        expect(Math.min(...counts), `${shards} shards of ${virtualNodes} nodes`).toBeGreaterThan(0);
      }
    }
    expect(Math.min(...slotsPerShard(slotTable(SHARDS_MAX, VIRTUAL_NODES), SHARDS_MAX))).toBeGreaterThan(0);
  });

  test('places slots the same way each time', () => {
    expect(slotTable(5, VIRTUAL_NODES)).toEqual(slotTable(5, VIRTUAL_NODES));
  });
});
