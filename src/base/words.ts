/**
 * Splitting a line into words as Redis does for inline commands and configuration files (its `sdssplitargs`): words
 * are separated by white space; in double quotes `\n \r \t \b \a \xHH` and `\c` are escapes; in single quotes only `\'`
 * is.
 */
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;
const ESCAPES: Record<number, number> = { 110: 10, 114: 13, 116: 9, 98: 8, 97: 7 };

/** What C's isspace accepts: it may stand before a word and after a quote. */
function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** What ends a word that is not quoted: not the form feed and the vertical tab, which Redis leaves out here. */
function endsWord(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/**
 * The words of `bytes[start, limit)`, or undefined when a quote is not closed or not followed by a space. A zero byte
 * ends the line, as it does in C.
 */
export function splitWords(bytes: Uint8Array, start: number, limit: number): Uint8Array[] | undefined {
  const words: Uint8Array[] = [];
  const zero = bytes.subarray(start, limit).indexOf(0);
  const end = zero < 0 ? limit : start + zero;
  let at = start;
  for (;;) {
    while (at < end && isSpace(bytes[at]!)) at++;
    if (at >= end) return words;
    const word: number[] = [];
    at = readWord(bytes, at, end, word);
    if (at < 0) return undefined;
    words.push(Uint8Array.from(word));
  }
}

/** Appends one word's bytes to `word`; returns the offset after it, or -1 for an unbalanced quote. */
function readWord(bytes: Uint8Array, from: number, end: number, word: number[]): number {
  let at = from;
  while (at < end && !endsWord(bytes[at]!)) {
    const byte = bytes[at]!;
    if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) {
      at = readQuoted(bytes, at + 1, end, byte, word);
      if (at < 0 || (at < end && !isSpace(bytes[at]!))) return -1;
      return at;
    }
    word.push(byte);
    at++;
  }
  return at;
}

function readQuoted(bytes: Uint8Array, from: number, end: number, quote: number, word: number[]): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === quote) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= end) {
      word.push(byte);
      at++;
    } else if (quote === SINGLE_QUOTE) {
      const escaped = bytes[at + 1] === SINGLE_QUOTE;
      word.push(escaped ? SINGLE_QUOTE : byte);
      at += escaped ? 2 : 1;
    } else {
      at = readEscape(bytes, at + 1, end, word);
    }
  }
  return -1;
}

function readEscape(bytes: Uint8Array, at: number, end: number, word: number[]): number {
  const byte = bytes[at]!;
  const high = at + 2 < end ? hexDigit(bytes[at + 1]) : -1;
  const low = at + 2 < end ? hexDigit(bytes[at + 2]) : -1;
  if (byte === 120 && high >= 0 && low >= 0) {
    word.push(high * 16 + low);
    return at + 3;
  }
  word.push(ESCAPES[byte] ?? byte);
  return at + 1;
}
