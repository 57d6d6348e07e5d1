/**
 * Which register of a HyperLogLog an element belongs to, and its rank there: Austin Appleby's MurmurHash64A, with the seed that
 * Redis uses, in halves of 32 bits.
 */

/** Registers are numbered by 14 bits of the hash. */
export const INDEX_BITS = 14;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
/** Bits of the hash's low half behind those of the number. */
const LOW_BITS = 32 - INDEX_BITS;

const SEED = 0xadc83b19 | 0;
const M_HIGH = 0xc6a4a793 | 0;
const M_LOW = 0x5bd1e995 | 0;
const M_LOW_LOW = M_LOW & 0xffff;
const M_LOW_HIGH = M_LOW >>> 16;

/** The high half of `low` times M_LOW, both unsigned. */
function multipliedHigh(low: number): number {
  const first = low & 0xffff;
  const second = low >>> 16;
  const middle = second * M_LOW_LOW + ((first * M_LOW_LOW) >>> 16);
  const other = first * M_LOW_HIGH + (middle & 0xffff);
  return (second * M_LOW_HIGH + (middle >>> 16) + (other >>> 16)) | 0;
}

/** The high half of a number of 64 bits times m; the low half is that of the low halves. */
function timesHigh(high: number, low: number): number {
  return (multipliedHigh(low) + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The 0 to 4 bytes from `at` up to `end` as a number, the first one lowest. */
function restAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  const count = Math.min(end - at, 4);
  for (let i = 0; i < count; i++) word |= bytes[at + i]! << (8 * i);
  return word;
}

/** The place of the element `bytes[start, end)`: its register's number, and above INDEX_BITS bits its rank, 1 to 51. */
export function placeOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let high = timesHigh(0, length);
  let low = SEED ^ Math.imul(length, M_LOW);
  const wholeEnd = end - (length & 7);
  for (let at = start; at < wholeEnd; at += 8) {
    const wordLow = wordAt(bytes, at);
    let mixedHigh = timesHigh(wordAt(bytes, at + 4), wordLow);
    // Of 64 bits shifted right by 47, 17 are left, all from the high half.
    let mixedLow = Math.imul(wordLow, M_LOW) ^ (mixedHigh >>> 15);
    mixedHigh = timesHigh(mixedHigh, mixedLow);
    mixedLow = Math.imul(mixedLow, M_LOW);
    low ^= mixedLow;
    high = timesHigh(high ^ mixedHigh, low);
    low = Math.imul(low, M_LOW);
  }
  if (wholeEnd < end) {
    low ^= restAt(bytes, wholeEnd, end);
    if (end - wholeEnd > 4) high ^= restAt(bytes, wholeEnd + 4, end);
    high = timesHigh(high, low);
    low = Math.imul(low, M_LOW);
  }
  low ^= high >>> 15;
  high = timesHigh(high, low);
  low = Math.imul(low, M_LOW);
  low ^= high >>> 15;
  return (rankOf(high, low) << INDEX_BITS) | (low & INDEX_MASK);
}

/** The place of the first set bit behind those of the register's number, counted from 1. */
function rankOf(high: number, low: number): number {
  const rest = low >>> INDEX_BITS;
  if (rest !== 0) return trailingZeros(rest) + 1;
  return LOW_BITS + (high === 0 ? 32 : trailingZeros(high)) + 1;
}

/** Of a number that is not 0. */
function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
