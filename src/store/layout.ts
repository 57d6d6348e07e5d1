/**
 * The entry and the arena's blocks: every offset that the owner and the readers of a keyspace share.
 *
 * A **ref** names an entry: its distance from the start of the shard's address space in units of 8 bytes, as
 * an int32 (so a small integer for the engine; 0 means none). The upper 11 bits are the number of an extent,
 * the lower 21 bits the unit inside it:
 *
 *     ref   31        21 20                    0
 *          +-----------+-----------------------+
 *          |  extent   |   unit inside extent  |      2048 extents of up to 16 MB: 32 GB a shard
 *          +-----------+-----------------------+
 *
 * An **entry** (little-endian words of 4 bytes, starting at a unit):
 *
 *     word 0   [ 0 | previous block is free | key length: 30 bits ]
 *     word 1   value length in bytes (strings and packed collections), or the number of the collection object
 *     word 2   byte 0..2 access word, byte 3 type (3 bits) and flags: packed, expiry, raw, slack, snapshot
 *     word 3,4 only with FLAG_EXPIRY: expiry in ms since 1970, low and high half
 *     key bytes, value bytes, padding to a unit
 *     slack    only with FLAG_SLACK: first word after that unit boundary: number of units of slack, then nothing
 *
 * The slack count stands directly behind the used part, not at the end of the block: from the lengths alone the
 * end of the block cannot be found. The hash is not here; it is in the index slot.
 *
 * A **free block** (bit 31 of word 0 tells it from an entry). Free neighbours are merged at once, so the block
 * before a free one is always used:
 *
 *     word 0   [ 1 | 0 | size in units: 30 bits ]
 *     word 1   next free block of the same class   \  only from 2 units on; a block of one unit is in no list
 *     word 2   previous one                        /  and waits for a neighbour to be freed
 *     last     size in units (the boundary tag that the block behind it finds through its bit 30)
 *
 * Bit 30 of an entry is changed when its *neighbour* is freed or allocated, without telling readers of this
 * entry: they mask it away.
 *
 * An **extent** is one SharedArrayBuffer: unit 0 is reserved (so that no ref is 0), then blocks, and the last
 * unit is a used block of no content, whose bit 30 stops the search for neighbours.
 */

export const UNIT_BYTES = 8;
export const EXTENT_SHIFT = 21;
export const UNIT_MASK = (1 << EXTENT_SHIFT) - 1;
export const EXTENTS_MAX = 2048;
export const EXTENT_BYTES_MAX = UNIT_BYTES << EXTENT_SHIFT;

/** Bit 31 of word 0 is the sign of the int32: a negative word 0 is a free block. */
export const FREE_BIT = 1 << 31;
export const PREVIOUS_FREE_BIT = 1 << 30;
export const LENGTH_MASK = PREVIOUS_FREE_BIT - 1;

export { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_STRING, TYPE_ZSET } from '../types/value-types.ts';
export const TYPE_MASK = 0x07;
/** A collection in its packed form (types/collection.ts): it lies in the entry, like a string. */
export const FLAG_PACKED = 0x08;
export const FLAG_EXPIRY = 0x10;
/** Of a string: the value was changed in place (APPEND, SETRANGE, SETBIT): OBJECT ENCODING says raw. SET clears it. */
export const FLAG_RAW = 0x20;
/** The same bit of a collection on the heap: it takes more than LARGE_BYTES, which tells other threads how long replies may be. */
export const FLAG_LARGE = 0x20;
export const LARGE_BYTES = 64 * 1024;
export const FLAG_SLACK = 0x40;
/**
 * A version bit for snapshots: equal to the keyspace's parity when the entry was written, or made, since the last cut
 * (see snapshot.ts). Readers ignore it.
 */
export const FLAG_SNAPSHOT = 0x80;

export const HEADER_BYTES = 12;
export const EXPIRY_BYTES = 8;
export const ACCESS_MASK = 0xffffff;

/** Seconds as the access word keeps them for LRU: 24 bits, wrapping after 194 days as in Redis. */
export function accessClock(nowMs: number): number {
  return Math.floor(nowMs / 1000) & ACCESS_MASK;
}

/** Units of an entry whose key and value take `contentBytes`, without slack. */
export function unitsFor(contentBytes: number, hasExpiry: boolean): number {
  return (contentBytes + (hasExpiry ? HEADER_BYTES + EXPIRY_BYTES + 7 : HEADER_BYTES + 7)) >>> 3;
}

/** No memory for what was asked. Thrown before anything was changed. */
export class OutOfMemory extends Error {
  readonly code = 'OUT_OF_MEMORY';
}
