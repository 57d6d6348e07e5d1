/**
 * Notices: what a shard tells the acceptor of its own accord, beside replies: that a key changed, that a client that waits
 * for data has got it. A notice belongs to no run; it is one or more frames with FRAME_NOTICE in the reply lane, the last of which
 * has FRAME_LAST as well. Together they carry (little-endian):
 *
 *   byte  0  u16  kind, one of NOTICE
 *   byte  2  u8   database
 *   byte  3  u8   number k of parts
 *   byte  8  f64  a number
 *   byte 16  k × u32 length of the part
 *            the parts' bytes, one after the other
 */

/** What notices tell. */
export const NOTICE = {
  /** A client that waited has been served: the number is its ticket (claims.ts), the part its reply. */
  served: 1,
  /**
   * What a client waits for is there, but the shard cannot serve it alone: the number is its ticket.
   */
  ready: 2,
  /** The parts are keys that have changed; the number is 1 when the command whose run the notice stands in changed them. */
  changed: 3,
  /** Any keys may have changed: databases were emptied, or swapped. */
  flushed: 4,
  /** Something happened to a key (see commands/keyspace-events.ts): the parts are the event's name and the key. */
  event: 5,
} as const;

/** The most parts that a notice can have. */
export const NOTICE_PARTS_MAX = 255;

export interface Notice {
  readonly kind: number;
  readonly db: number;
  readonly number: number;
  readonly parts: readonly Uint8Array[];
}

const PARTS_OFFSET = 16;

export function encodeNotice({ kind, db, number, parts }: Notice): Uint8Array {
  let size = PARTS_OFFSET + parts.length * 4;
  for (const part of parts) size += part.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, kind, true);
  bytes[2] = db;
  bytes[3] = parts.length;
  view.setFloat64(8, number, true);
  let at = PARTS_OFFSET + parts.length * 4;
  parts.forEach((part, i) => {
    view.setUint32(PARTS_OFFSET + i * 4, part.length, true);
    bytes.set(part, at);
    at += part.length;
  });
  return bytes;
}

/** The parts are views of `bytes`. */
export function decodeNotice(bytes: Uint8Array): Notice {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes[3]!;
  const parts: Uint8Array[] = [];
  let at = PARTS_OFFSET + count * 4;
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(PARTS_OFFSET + i * 4, true);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return { kind: view.getUint16(0, true), db: bytes[2]!, number: view.getFloat64(8, true), parts };
}
