/**
 * Finds the boundaries of replies in bytes that this program encoded itself: what merging the parts of a
 * command that ran on several shards needs. It checks nothing, since no client can write such bytes.
 */
import { LF } from '../base/bytes.ts';

const BULK = 36;
const VERBATIM = 61;
const MAP = 37;
const ATTRIBUTE = 124;
const ARRAY = 42;
const SET = 126;
const PUSH = 62;
const ERROR = 45;

/** The offset after the line that begins at `at`. */
function lineEnd(bytes: Uint8Array, at: number): number {
  return bytes.indexOf(LF, at) + 1;
}

/** The number on the line whose type byte stands at `at`. */
export function readNumber(bytes: Uint8Array, at: number): number {
  let value = 0;
  let sign = 1;
  for (let i = at + 1; bytes[i] !== 13; i++) {
    if (bytes[i] === 45) sign = -1;
    else value = value * 10 + bytes[i]! - 48;
  }
  return sign * value;
}

/** Where the first element of the aggregate whose header stands at `at` begins. */
export function firstElement(bytes: Uint8Array, at: number): number {
  return lineEnd(bytes, at);
}

/** The offset after the reply that begins at `at`, nested ones included. */
export function replyEnd(bytes: Uint8Array, at: number): number {
  let next = lineEnd(bytes, at);
  switch (bytes[at]) {
    case BULK:
    case VERBATIM: {
      const length = readNumber(bytes, at);
      return length < 0 ? next : next + length + 2;
    }
    case ARRAY:
    case SET:
    case PUSH:
    case MAP:
    case ATTRIBUTE: {
      const perItem = bytes[at] === MAP || bytes[at] === ATTRIBUTE ? 2 : 1;
      for (let left = readNumber(bytes, at) * perItem; left > 0; left--) next = replyEnd(bytes, next);
      return next;
    }
    default:
      return next;
  }
}

export function isErrorReply(bytes: Uint8Array): boolean {
  return bytes[0] === ERROR;
}

/** The string in an encoded reply; undefined when that is something else. */
export function bulkOf(reply: Uint8Array): Uint8Array | undefined {
  const length = reply[0] === BULK ? readNumber(reply, 0) : -1;
  if (length < 0) return undefined;
  const start = lineEnd(reply, 0);
  return reply.subarray(start, start + length);
}
