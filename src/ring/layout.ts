/**
 * The byte layout of a lane, imported by both of its ends.
 *
 * A lane is a single-producer, single-consumer byte ring in one SharedArrayBuffer:
 *
 *   byte    0  head         u32  bytes published by the producer, modulo 2^32
 *   byte   64  tail         u32  bytes released by the consumer, modulo 2^32
 *   byte  128  asleep       i32  1 while the consumer sleeps until `head` moves
 *   byte  192  waiting      i32  1 while the producer sleeps until `tail` moves
 *   byte  256  data         the ring itself, a power of two long
 *
 * Each control word has a cache line of its own, so that the two threads do not invalidate each other's.
 *
 * A frame begins at a multiple of 8 with one word and never wraps:
 *
 *   byte  0  u32  length of the frame in bytes, this word included, | flags in the top byte
 *   byte  4  payload
 *
 * A frame that would wrap is preceded by a pad: the word PAD, after which the frame begins at offset 0.
 *
 * A request's payload (offsets from the start of the frame):
 *
 *   byte  4  u32  command id (low 16 bits) | database << 16 | REQUEST_ flags << 24
 *   byte  8  u32  seeded hash of the first key, 0 without one
 *   byte 12  u32  number of words, the command's name included
 *   byte 16  u32  length of word 1, of word 2, …
 *            the words' bytes, one after the other, the name left out
 *
 * With REQUEST_EXTERNAL, nothing follows byte 16: a SharedArrayBuffer with the frame's content from byte 16 on
 * arrives on the shard's message port, posted before the frame was published.
 *
 * With REQUEST_TOGETHER, byte 8 is the number of a transaction, and the shards of the command's other keys got a
 * frame with REQUEST_HOLD and the same number, which has no words (see mailbox.ts) and in place of a command's id
 * the number of the shard that executes the command.
 *
 * A reply's payload is encoded RESP: any number of whole or cut replies of one run (see below). The frame with
 * FRAME_LAST ends the run.
 *
 * A frame with FRAME_NOTE holds no reply but what the shard has to say of a command of the run (see notes.ts). It
 * stands after the command's reply and before the frame that ends the run, or is that frame.
 *
 * A frame with FRAME_NOTICE belongs to no run (see notices.ts): it may stand anywhere, also when nothing is under way.
 *
 * A run is a row of commands that one connection sent to one shard with nothing in between. Its first request
 * carries REQUEST_RUN_START; a run never goes on after the producer has published. So the shard can join the
 * replies of a run, and the acceptor needs one look-up for a whole run instead of one for each command.
 */

export const HEAD = 0;
export const TAIL = 16;
export const ASLEEP = 32;
export const WAITING = 48;
export const CONTROL_BYTES = 256;

export const FRAME_LENGTH_MASK = 0x00ffffff;
export const FRAME_LAST = 0x01000000;
export const FRAME_NOTE = 0x02000000;
export const FRAME_NOTICE = 0x04000000;
/** As a signed word. */
export const PAD = -1;
export const FRAME_HEADER_BYTES = 4;

export const REQUEST_WORDS_OFFSET = 16;
export const REQUEST_RUN_START = 1;
/** The client speaks RESP3. */
export const REQUEST_RESP3 = 2;
export const REQUEST_EXTERNAL = 4;
/** The client asked that its reads leave the access times alone (CLIENT NO-TOUCH). */
export const REQUEST_NO_TOUCH = 8;
/** The shard is the executor of a transaction over several shards. */
export const REQUEST_TOGETHER = 16;
/** The shard parks until the executor of the transaction releases it. */
export const REQUEST_HOLD = 32;
/** A part of a command that was cut over several shards: the acceptor counts it once, when all parts are done. */
export const REQUEST_PART = 64;
/** The client wrote the command's name in upper case: the name does not travel, and the slow log shows it so. */
export const REQUEST_UPPER_CASE = 128;

export const LANE_BYTES_MIN = 64 * 1024;
export const LANE_BYTES_MAX = 64 * 1024 * 1024;

/** Frames are this many bytes aligned. */
export const FRAME_ALIGN = 8;

/** The memory of a lane with a ring of `bytes`, which must be a power of two. */
export function createLane(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_BYTES + bytes);
}
