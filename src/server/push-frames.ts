/**
 * Encodes what is sent to many clients: once, in memory that all their connections may hold on to. Small frames share
 * slabs, so that few messages have to allocate.
 */
import {
  copyBytes,
  countDigits,
  fromLatin1,
  type ViewedBytes,
  viewedBytes,
  writeUnsigned,
} from '../base/bytes.ts';

const SLAB_BYTES = 16 * 1024;
/** Longer frames get memory of their own. */
const SHARED_BYTES_MAX = 2 * 1024;
const DOLLAR = 36;
const CR = 13;
const LF = 10;
/** The first byte of a push in RESP3. In RESP2 it is an array, and otherwise the same bytes. */
const PUSH = 62;

export class PushFrames {
  #slab = new ArrayBuffer(SLAB_BYTES);
  #used = 0;

  /** An array in RESP2: the bytes of `head`, which tell its length and hold its first elements, and `words`. */
  encode(head: Uint8Array, words: readonly Uint8Array[]): Uint8Array {
    let size = head.length;
    for (const { length } of words) size += length + countDigits(length) + 5;
    const frame = this.#room(size);
    let at = copyBytes(head, 0, head.length, frame, 0);
    for (const word of words) {
      frame[at] = DOLLAR;
      at = writeUnsigned(frame, at + 1, word.length);
      frame[at] = CR;
      frame[at + 1] = LF;
      at = copyBytes(word, 0, word.length, frame, at + 2);
      frame[at] = CR;
      frame[at + 1] = LF;
      at += 2;
    }
    return frame;
  }

  /** The same as a push of RESP3. */
  asPush(frame: Uint8Array): Uint8Array {
    const copy = this.#room(frame.length);
    copyBytes(frame, 0, frame.length, copy, 0);
    copy[0] = PUSH;
    return copy;
  }

  #room(size: number): ViewedBytes {
    if (size > SHARED_BYTES_MAX) return viewedBytes(new ArrayBuffer(size));
    if (this.#used + size > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES);
      this.#used = 0;
    }
    const room = viewedBytes(this.#slab, this.#used, size);
    this.#used += size;
    return room;
  }
}

/** What frames of `count` elements begin with, when the first is `kind`. */
export function frameHead(count: number, kind: string): Uint8Array {
  return fromLatin1(`*${count}\r\n$${kind.length}\r\n${kind}\r\n`);
}
