/**
 * Ids of stream entries: `ms-seq`, two unsigned numbers of 64 bits. Each is a number where that is exact, and a bigint only
 * beyond 2^53, where hardly any id is. Both kinds compare with one another, and equal values are of the same kind, so `<` and `===` do.
 */
import { narrow } from '../base/numbers.ts';

/** One of the two numbers of an id. */
export type Half = number | bigint;

export interface StreamId {
  readonly ms: Half;
  readonly seq: Half;
}

export const HALF_MAX: bigint = 2n ** 64n - 1n;
export const FIRST_ID: StreamId = { ms: 0, seq: 0 };
export const LAST_ID: StreamId = { ms: HALF_MAX, seq: HALF_MAX };
/** What an id takes in its binary form: both numbers, big-endian. */
export const ID_BYTES = 16;

const SAFE_HIGH = 2 ** 21;
const WORD = 2 ** 32;

/** Negative, 0 or positive. */
export function compareIds(a: StreamId, b: StreamId): number {
  if (a.ms !== b.ms) return a.ms < b.ms ? -1 : 1;
  return a.seq === b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

export function isZeroId({ ms, seq }: StreamId): boolean {
  return ms === 0 && seq === 0;
}

/** One more; undefined beyond the largest. */
export function nextHalf(half: Half): Half | undefined {
  if (typeof half === 'number' && half < Number.MAX_SAFE_INTEGER) return half + 1;
  return half === HALF_MAX ? undefined : BigInt(half) + 1n;
}

function previousHalf(half: Half): Half {
  return typeof half === 'number' ? half - 1 : narrow(half - 1n);
}

/** The id behind this one; undefined behind the last. */
export function idAfter({ ms, seq }: StreamId): StreamId | undefined {
  const next = nextHalf(seq);
  if (next !== undefined) return { ms, seq: next };
  const nextMs = nextHalf(ms);
  return nextMs === undefined ? undefined : { ms: nextMs, seq: 0 };
}

/** The id before this one; undefined before the first. */
export function idBefore({ ms, seq }: StreamId): StreamId | undefined {
  if (seq !== 0) return { ms, seq: previousHalf(seq) };
  return ms === 0 ? undefined : { ms: previousHalf(ms), seq: HALF_MAX };
}

/** `half - base` as a listpack keeps it, a signed number of 64 bits. */
export function differenceOf(half: Half, base: Half): Half {
  if (typeof half === 'number' && typeof base === 'number') return half - base;
  return narrow(BigInt.asIntN(64, BigInt(half) - BigInt(base)));
}

/** What has this difference to `base`. */
export function sumOf(base: Half, difference: Half): Half {
  if (typeof base === 'number' && typeof difference === 'number') {
    const sum = base + difference;
    if (sum >= 0 && sum <= Number.MAX_SAFE_INTEGER) return sum;
  }
  return narrow(BigInt.asUintN(64, BigInt(base) + BigInt(difference)));
}

/** Writes an id in its binary form and returns the offset behind it. */
export function writeId(target: Uint8Array, at: number, { ms, seq }: StreamId): number {
  writeHalf(target, at, ms);
  writeHalf(target, at + 8, seq);
  return at + ID_BYTES;
}

function writeHalf(target: Uint8Array, at: number, half: Half): void {
  const isNumber = typeof half === 'number';
  const high = isNumber ? Math.floor(half / WORD) : Number(half >> 32n);
  const low = isNumber ? half % WORD : Number(half & 0xffffffffn);
  for (let i = 0; i < 4; i++) {
    target[at + i] = high >>> (24 - 8 * i);
    target[at + 4 + i] = low >>> (24 - 8 * i);
  }
}

export function readId(bytes: Uint8Array, at: number): StreamId {
  return { ms: readHalf(bytes, at), seq: readHalf(bytes, at + 8) };
}

function readHalf(bytes: Uint8Array, at: number): Half {
  const high = readWord(bytes, at);
  const low = readWord(bytes, at + 4);
  return high < SAFE_HIGH ? high * WORD + low : (BigInt(high) << 32n) | BigInt(low);
}

function readWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

const DASH = 45;
const ZERO = 48;
/** So many digits are an exact number, whatever they are. */
const EXACT_DIGITS = 15;
/** Redis reads no longer texts as ids. */
const TEXT_BYTES_MAX = 127;

/** Reads `bytes[start, end)`, `ms-seq`, or `ms` alone, which `missingSeq` completes. Undefined: it is no id. */
export function parseId(
  bytes: Uint8Array,
  start: number,
  end: number,
  missingSeq: Half,
): StreamId | undefined {
  if (end - start > TEXT_BYTES_MAX) return undefined;
  // The bytes may go on for long behind the word.
  let dash = start;
  while (dash < end && bytes[dash] !== DASH) dash++;
  const hasSeq = dash < end;
  const ms = parseHalf(bytes, start, hasSeq ? dash : end);
  if (ms === undefined) return undefined;
  const seq = hasSeq ? parseHalf(bytes, dash + 1, end) : missingSeq;
  return seq === undefined ? undefined : { ms, seq };
}

/** A number as C's strtoull reads it, without a sign but that of a plus; undefined when it is none, or too large. */
export function parseHalf(bytes: Uint8Array, start: number, end: number): Half | undefined {
  const digits = end - start;
  if (digits > 0 && digits <= EXACT_DIGITS) {
    let value = 0;
    for (let i = start; i < end; i++) {
      const digit = bytes[i]! - ZERO;
      if (digit < 0 || digit > 9) return parseLoosely(bytes, start, end);
      value = value * 10 + digit;
    }
    return value;
  }
  return parseLoosely(bytes, start, end);
}

function parseLoosely(bytes: Uint8Array, start: number, end: number): Half | undefined {
  const text = /^[\t-\r ]*\+?(\d+)$/.exec(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  if (text === null) return undefined;
  const value = BigInt(text[1]!);
  return value > HALF_MAX ? undefined : narrow(value);
}

export function idText({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}
