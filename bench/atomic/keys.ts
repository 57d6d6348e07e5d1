/** Keys by the shard that they are on, so that a benchmark can say what is on both. */
import { slotOf } from '../../src/base/crc16.ts';
import { slotTable } from '../../src/ring/hash-ring.ts';
import { KEYSPACE, keyName } from '../load.ts';

/** Shards of shardis wherever several are meant. */
export const SHARDS = 2;
/** shardis's own default; another one in --shardis-args leaves the keys spread, but not surely over both shards. */
const VIRTUAL_NODES = 160;

const table = slotTable(SHARDS, VIRTUAL_NODES);

export function shardOf(key: string): number {
  const bytes = Buffer.from(key);
  return table[slotOf(bytes, 0, bytes.length)]!;
}

export function randomKey(): string {
  return keyName('key:', Math.floor(Math.random() * KEYSPACE));
}

/** That many random keys of the keyspace, at least one of them on each shard. */
export function keysOnBoth(count: number): string[] {
  const keys = Array.from({ length: count }, randomKey);
  while (keys.every((key) => shardOf(key) === shardOf(keys[0]!))) keys[count - 1] = randomKey();
  return keys;
}
