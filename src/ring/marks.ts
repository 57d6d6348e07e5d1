/**
 * Marks: frames of a request lane that are no requests but say something of what comes behind them. They have no run
 * and get no reply.
 *
 *   byte  4  u32  MARK_ID
 *   byte  8  u16  kind, then how many shards are named
 *   byte 16  f64  the number of the transaction, or of the snapshot
 *   byte 24  u16  the number of each shard named
 *
 * MARK_TRANSACTION: the next frame is this shard's part of a write that several shards take part in; all of them are
 * named, and each got the same mark. MARK_CUT: here, between the requests before and those behind, is the moment of a
 * snapshot; every shard got the mark in the same turn of the acceptor.
 *
 * Marks of clients that wait for data, whose number is a ticket (claims.ts). MARK_MAY_WAIT: the next frame is a command whose
 * client waits when it finds nothing. MARK_AGAIN: the next frame is such a command once more, for a client that
 * waits. MARK_FORGET: the client does not wait any more.
 */
import type { LaneProducer } from './lane.ts';

/** No command has this number. */
export const MARK_ID = 0xffff;
export const MARK_TRANSACTION = 1;
export const MARK_CUT = 2;
export const MARK_MAY_WAIT = 3;
export const MARK_AGAIN = 4;
export const MARK_FORGET = 5;

const NUMBER_OFFSET = 16;
const SHARDS_OFFSET = 24;

const NO_SHARDS: readonly number[] = [];

export interface Mark {
  readonly kind: number;
  readonly number: number;
  readonly shards: readonly number[];
}

/** How long the frame of a mark that names `shards` shards is. */
export function markBytes(shards: number): number {
  return SHARDS_OFFSET + shards * 2;
}

/** Puts a mark into a lane that has room for it (`markBytes`). */
export function writeMark(lane: LaneProducer, kind: number, number: number, shards = NO_SHARDS): void {
  const size = markBytes(shards.length);
  const offset = lane.reserve(size);
  const view = new DataView(lane.bytes.buffer, lane.bytes.byteOffset);
  view.setUint32(offset + 4, MARK_ID, true);
  view.setUint16(offset + 8, kind, true);
  view.setUint16(offset + 10, shards.length, true);
  view.setFloat64(offset + NUMBER_OFFSET, number, true);
  for (let i = 0; i < shards.length; i++) view.setUint16(offset + SHARDS_OFFSET + i * 2, shards[i]!, true);
  lane.commit(offset, size);
}

/** The mark in the frame at `offset`. */
export function readMark(bytes: Uint8Array, offset: number): Mark {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const count = view.getUint16(offset + 10, true);
  return {
    kind: view.getUint16(offset + 8, true),
    number: view.getFloat64(offset + NUMBER_OFFSET, true),
    shards: Array.from({ length: count }, (_, i) => view.getUint16(offset + SHARDS_OFFSET + i * 2, true)),
  };
}
