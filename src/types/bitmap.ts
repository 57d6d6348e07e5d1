/**
 * Strings as bitmaps: bit 0 is the highest bit of the first byte. Positions are numbers up to 2^33, beyond what
 * JavaScript's shifts can do, so they are split with division.
 *
 * Long ranges are worked through a word of 32 bits at a time, on a view of the same memory.
 */

const SHORT_BYTES = 64;
const BIT_COUNTS = Uint8Array.from({ length: 256 }, (_, byte) => countWord(byte));

/** How many of the bytes from `start` on stand before the first word of the memory. */
function unalignedBytes(bytes: Uint8Array, start: number): number {
  return -(bytes.byteOffset + start) & 3;
}

/** The whole words of `bytes[start, end)`; `start` is aligned in memory. */
function wordsOf(bytes: Uint8Array, start: number, end: number): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset + start, (end - start) >>> 2);
}

function countWord(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The number of set bits in `bytes[start, end)`. */
export function countBits(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < SHORT_BYTES) return countBytes(bytes, start, end);
  const aligned = start + unalignedBytes(bytes, start);
  const words = wordsOf(bytes, aligned, end);
  return (
    countBytes(bytes, start, aligned) + countWords(words) + countBytes(bytes, aligned + words.length * 4, end)
  );
}

function countBytes(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) count += BIT_COUNTS[bytes[i]!]!;
  return count;
}

/**
 * Three words at a time share the later steps of the count: each nibble holds the sum of up to 12 bits (W. Dalton;
 * see H. S. Warren, "Hacker's Delight", 5-1).
 */
function countWords(words: Int32Array): number {
  let count = 0;
  let i = 0;
  for (; i + 3 <= words.length; i += 3) {
    const a = words[i]!;
    const b = words[i + 1]!;
    const c = words[i + 2]!;
    // A full adder: the bits that are set an odd number of times, and those set at least twice.
    const sum = a ^ b ^ c;
    const carry = (a & b) | (c & (a ^ b));
    const ones = sum - ((sum >>> 1) & 0x55555555);
    const twos = carry - ((carry >>> 1) & 0x55555555);
    const oneNibbles = (ones & 0x33333333) + ((ones >>> 2) & 0x33333333);
    const twoNibbles = (twos & 0x33333333) + ((twos >>> 2) & 0x33333333);
    const nibbles = oneNibbles + 2 * twoNibbles;
    const halves = (nibbles & 0x0f0f0f0f) + ((nibbles >>> 4) & 0x0f0f0f0f);
    count += Math.imul(halves, 0x01010101) >>> 24;
  }
  for (; i < words.length; i++) count += countWord(words[i]!);
  return count;
}

/** The set bits among the bits `first` to `last` (both included) of the bitmap that begins at `bytes[start]`. */
export function countBitRange(bytes: Uint8Array, start: number, first: number, last: number): number {
  const firstByte = start + Math.floor(first / 8);
  const lastByte = start + Math.floor(last / 8);
  const before = bytes[firstByte]! & ~(0xff >>> (first % 8));
  const behind = bytes[lastByte]! & (0x7f >>> (last % 8));
  return countBits(bytes, firstByte, lastByte + 1) - BIT_COUNTS[before & 0xff]! - BIT_COUNTS[behind]!;
}

/**
 * The position of the first bit that is `bit` among the bits `first` to `last` (both included) of the bitmap that
 * begins at `bytes[start]`, or -1.
 */
export function findBit(bytes: Uint8Array, start: number, first: number, last: number, bit: 0 | 1): number {
  // Looking for ones in what is flipped when zeros are wanted.
  const flip = bit === 1 ? 0 : 0xff;
  let at = start + Math.floor(first / 8);
  const lastByte = start + Math.floor(last / 8);
  let byte = (bytes[at]! ^ flip) & (0xff >>> (first % 8));
  if (byte === 0 && at < lastByte) {
    at = skipBytes(bytes, at + 1, lastByte, flip);
    byte = bytes[at]! ^ flip;
  }
  if (at === lastByte) byte &= ~(0x7f >>> (last % 8));
  // clz32 counts 24 bits that are not of the byte.
  return byte === 0 ? -1 : (at - start) * 8 + Math.clz32(byte) - 24;
}

/** The first byte in [at, end) that is not `skipped`, or `end`. */
function skipBytes(bytes: Uint8Array, at: number, end: number, skipped: number): number {
  let i = at;
  if (end - at >= SHORT_BYTES) {
    const aligned = at + unalignedBytes(bytes, at);
    while (i < aligned && bytes[i] === skipped) i++;
    if (i < aligned) return i;
    const words = wordsOf(bytes, aligned, end);
    const skippedWord = skipped === 0 ? 0 : -1;
    let word = 0;
    while (word < words.length && words[word] === skippedWord) word++;
    i = aligned + word * 4;
  }
  while (i < end && bytes[i] === skipped) i++;
  return i;
}

export function bitAt(bytes: Uint8Array, start: number, position: number): number {
  return (bytes[start + Math.floor(position / 8)]! >>> (7 - (position % 8))) & 1;
}

export type BitOperation = 'and' | 'or' | 'xor' | 'not';

/**
 * Combines bitmaps bit by bit into a new one, as long as the longest; the shorter ones count as if zeros followed.
 * `not` takes one.
 */
export function combineBits(operation: BitOperation, sources: readonly Uint8Array[]): Uint8Array {
  const length = sources.reduce((longest, source) => Math.max(longest, source.length), 0);
  const result = new Uint8Array(length);
  const [first, ...others] = sources;
  if (first === undefined) return result;
  result.set(first);
  if (operation === 'not') {
    const words = wordsOf(result, 0, length);
    for (let i = 0; i < words.length; i++) words[i] = ~words[i]!;
    for (let i = words.length * 4; i < length; i++) result[i] = ~result[i]!;
  }
  for (const other of others) combineInto(operation, result, other);
  return result;
}

function combineInto(operation: BitOperation, result: Uint8Array, other: Uint8Array): void {
  // A view of words must begin at a multiple of four.
  const source = other.byteOffset % 4 === 0 ? other : other.slice();
  const length = source.length;
  const target = wordsOf(result, 0, length);
  const words = wordsOf(source, 0, length);
  const rest = words.length * 4;
  switch (operation) {
    case 'and':
      for (let i = 0; i < words.length; i++) target[i]! &= words[i]!;
      for (let i = rest; i < length; i++) result[i]! &= source[i]!;
      result.fill(0, length);
      break;
    case 'or':
      for (let i = 0; i < words.length; i++) target[i]! |= words[i]!;
      for (let i = rest; i < length; i++) result[i]! |= source[i]!;
      break;
    case 'xor':
      for (let i = 0; i < words.length; i++) target[i]! ^= words[i]!;
      for (let i = rest; i < length; i++) result[i]! ^= source[i]!;
      break;
  }
}
