/**
 * Glob matching on bytes with Redis's rules: `*`, `?`, `[abc]`, `[^a-z]`, `\x`. Iterative with one
 * backtracking point, so that a pattern such as `a*a*a*b` cannot take exponential time (the wildcard
 * algorithm of Kirk Krauss, 2014, applied to bytes).
 */
import { lowerByte } from './bytes.ts';

const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const CLOSE = 93;
const CARET = 94;
const DASH = 45;
const BACKSLASH = 92;
/** Redis follows no more stars in a pattern: beyond that many nothing matches. */
const STARS_MAX = 1000;

/** True when all of `text[start, end)` matches `pattern`. */
export function globMatches(
  pattern: Uint8Array,
  text: Uint8Array,
  start = 0,
  end: number = text.length,
  ignoreCase = false,
): boolean {
  const patternEnd = pattern.length;
  let p = 0;
  let t = start;
  let starPattern = -1;
  let starText = 0;
  let stars = 0;
  while (t < end) {
    if (p < patternEnd && pattern[p] === STAR) {
      while (pattern[p] === STAR) p++;
      if (p === patternEnd) return true;
      if (++stars > STARS_MAX) return false;
      starPattern = p;
      starText = t;
      continue;
    }
    const next = p < patternEnd ? matchOne(pattern, p, text[t]!, ignoreCase) : -1;
    if (next >= 0) {
      p = next;
      t++;
    } else if (starPattern >= 0) {
      p = starPattern;
      t = ++starText;
    } else {
      return false;
    }
  }
  while (p < patternEnd && pattern[p] === STAR) p++;
  return p === patternEnd;
}

/** The offset in the pattern after the element at `p` when it matches `byte`, otherwise -1. */
function matchOne(pattern: Uint8Array, p: number, byte: number, ignoreCase: boolean): number {
  switch (pattern[p]) {
    case QUESTION:
      return p + 1;
    case OPEN:
      return matchClass(pattern, p + 1, byte, ignoreCase);
    case BACKSLASH:
      // A backslash at the very end of a pattern stands for itself.
      if (p + 1 < pattern.length) p++;
  }
  return sameByte(pattern[p]!, byte, ignoreCase) ? p + 1 : -1;
}

/** Matches one byte with the class whose content starts at `p`; a class may lack its closing bracket. */
function matchClass(pattern: Uint8Array, p: number, byte: number, ignoreCase: boolean): number {
  const negated = pattern[p] === CARET;
  if (negated) p++;
  let found = false;
  while (p < pattern.length && pattern[p] !== CLOSE) {
    if (pattern[p] === BACKSLASH && p + 1 < pattern.length) {
      p++;
      if (sameByte(pattern[p]!, byte, ignoreCase)) found = true;
      p++;
    } else if (pattern[p + 1] === DASH && p + 2 < pattern.length) {
      if (inRange(pattern[p]!, pattern[p + 2]!, byte, ignoreCase)) found = true;
      p += 3;
    } else {
      if (sameByte(pattern[p]!, byte, ignoreCase)) found = true;
      p++;
    }
  }
  return found !== negated ? Math.min(p + 1, pattern.length) : -1;
}

function inRange(a: number, b: number, byte: number, ignoreCase: boolean): boolean {
  let low = Math.min(a, b);
  let high = Math.max(a, b);
  if (ignoreCase) {
    low = lowerByte(low);
    high = lowerByte(high);
    byte = lowerByte(byte);
  }
  return byte >= low && byte <= high;
}

function sameByte(a: number, b: number, ignoreCase: boolean): boolean {
  return ignoreCase ? lowerByte(a) === lowerByte(b) : a === b;
}
