/**
 * LZF, the compression of long strings in RDB files. The compressed form is a row of
 *
 *     000LLLLL <L + 1 bytes>                      bytes as they are
 *     LLLooooo oooooooo                           L + 2 bytes (L is 1 to 6) from offset + 1 bytes back
 *     111ooooo LLLLLLLL oooooooo                  L + 9 bytes from there
 */

const LITERALS_MAX = 32;
const DISTANCE_MAX = 8192;
const MATCH_MAX = 264;
const HASH_BITS = 14;
/** Three bytes of input make at most MATCH_MAX bytes: no string is longer in full than this many times its compressed form. */
export const EXPANSION_MAX = MATCH_MAX / 3;

/** The place, counted on over all calls, where three bytes of this hash were last seen. */
const seenAt = new Int32Array(1 << HASH_BITS);
/** What stands in `seenAt` from earlier calls is smaller than this, and so too far back. */
let origin = 1;

/**
 * Compresses `source[start, end)` into `target[at, limit)`. Returns the offset after what it wrote, or -1 when that does not fit.
 */
export function compressLzf(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  limit: number,
): number {
  if (origin + (end - start) > 0x7fff0000) {
    seenAt.fill(0);
    origin = 1;
  }
  const shift = origin - start;
  origin += end - start + DISTANCE_MAX;
  let out = at;
  let pending = start;
  let i = start;
  const last = end - 3;
  while (i <= last) {
    const three = source[i]! | (source[i + 1]! << 8) | (source[i + 2]! << 16);
    const slot = Math.imul(three, 0x9e3779b1) >>> (32 - HASH_BITS);
    const from = seenAt[slot]! - shift;
    seenAt[slot] = i + shift;
    if (
      from < start ||
      i - from > DISTANCE_MAX ||
      (source[from]! | (source[from + 1]! << 8) | (source[from + 2]! << 16)) !== three
    ) {
      // What has not repeated itself for long is searched in larger and larger steps.
      i += 1 + ((i - pending) >>> 6);
      continue;
    }
    const most = Math.min(MATCH_MAX, end - i);
    let length = 3;
    while (length < most && source[from + length] === source[i + length]) length++;
    out = writeLiterals(source, pending, i, target, out, limit);
    if (out < 0 || out + 3 > limit) return -1;
    const distance = i - from - 1;
    if (length < 9) {
      target[out++] = ((length - 2) << 5) | (distance >>> 8);
    } else {
      target[out++] = 0xe0 | (distance >>> 8);
      target[out++] = length - 9;
    }
    target[out++] = distance;
    i += length;
    pending = i;
    // The end of a match is seen too, which finds repetitions of what is longer than one match.
    const before = i - 2;
    if (before <= last) {
      const ending = source[before]! | (source[before + 1]! << 8) | (source[before + 2]! << 16);
      seenAt[Math.imul(ending, 0x9e3779b1) >>> (32 - HASH_BITS)] = before + shift;
    }
  }
  return writeLiterals(source, pending, end, target, out, limit);
}

function writeLiterals(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  out: number,
  limit: number,
): number {
  const length = end - start;
  if (out + length + Math.ceil(length / LITERALS_MAX) > limit) return -1;
  for (let i = start; i < end; ) {
    const run = Math.min(LITERALS_MAX, end - i);
    target[out++] = run - 1;
    for (const stop = i + run; i < stop; i++) target[out++] = source[i]!;
  }
  return out;
}

/**
 * Expands `source[start, end)` into `target[at, limit)`, which it must fill exactly. False when the input is not the
 * compressed form of that many bytes.
 */
export function expandLzf(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  limit: number,
): boolean {
  let i = start;
  let out = at;
  while (i < end) {
    const control = source[i++]!;
    if (control < 32) {
      const run = control + 1;
      if (i + run > end || out + run > limit) return false;
      for (const stop = i + run; i < stop; i++) target[out++] = source[i]!;
      continue;
    }
    let length = control >>> 5;
    if (length === 7) {
      if (i >= end) return false;
      length += source[i++]!;
    }
    if (i >= end) return false;
    let from = out - ((control & 31) << 8) - source[i++]! - 1;
    const stop = out + length + 2;
    if (from < at || stop > limit) return false;
    // Byte by byte, because a match may reach into what it writes.
    while (out < stop) target[out++] = target[from++]!;
  }
  return out === limit;
}
