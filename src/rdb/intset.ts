/** Intsets: `size(u32) count(u32) { integer of size bytes }`, rising. */
import { decimal, PackedReader } from './packed-reader.ts';
import type { PackedBytes } from './rdb-input.ts';

/** The members, as decimal strings. */
export function readIntset(packed: PackedBytes): Uint8Array[] {
  const reader = new PackedReader(packed, 'an intset');
  const size = reader.uint32();
  if (size !== 2 && size !== 4 && size !== 8) reader.fail(`integers have no ${size} bytes`, 0);
  const count = reader.uint32();
  if (count * size !== reader.bytes.length - reader.position) reader.fail(`it has no ${count} integers`, 4);
  const members: Uint8Array[] = [];
  let before: number | bigint = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = reader.signed(size);
    if (value <= before) reader.fail('its integers do not rise', reader.position - size);
    members.push(decimal(value));
    before = value;
  }
  return members;
}
