/**
 * Scores as the packed form of sorted sets has them: short ones short.
 *
 *     0xxxxxxx                  an integer, 0 … 127
 *     1000 0nnn and n bytes     an integer of n bytes, little-endian, in two's complement; n is 1 … 6
 *     1000 1000 and 8 bytes     any other: a double, little-endian
 */
const LONG = 0x80;
const DOUBLE = 8;
const INTEGER_BYTES_MAX = 6;
/** Integers below this, either way, have up to 6 bytes. */
const INTEGER_END = 2 ** 47;

const converter = new DataView(new ArrayBuffer(8));

/** What a score takes. */
export function scoreSize(score: number): number {
  if (score >= 0 && score < 128 && Number.isInteger(score)) return 1;
  const bytes = integerBytes(score);
  return 1 + (bytes === 0 ? DOUBLE : bytes);
}

/** Bytes of an integer that is written as one; 0: the score is written as a double. */
function integerBytes(score: number): number {
  if (!Number.isInteger(score) || score >= INTEGER_END || score < -INTEGER_END) return 0;
  for (let bytes = 1, end = 128; bytes < INTEGER_BYTES_MAX; bytes++, end *= 256) {
    if (score < end && score >= -end) return bytes;
  }
  return INTEGER_BYTES_MAX;
}

/** Writes a score at `target[at]` and returns the offset behind it. A negative zero becomes zero. */
export function writeScore(target: Uint8Array, at: number, score: number): number {
  if (score >= 0 && score < 128 && Number.isInteger(score)) {
    target[at] = score;
    return at + 1;
  }
  const bytes = integerBytes(score);
  if (bytes === 0) {
    target[at] = LONG | DOUBLE;
    converter.setFloat64(0, score, true);
    for (let i = 0; i < DOUBLE; i++) target[at + 1 + i] = converter.getUint8(i);
    return at + 1 + DOUBLE;
  }
  target[at] = LONG | bytes;
  let rest = score;
  for (let i = 1; i <= bytes; i++) {
    target[at + i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  return at + 1 + bytes;
}

/** The score at `bytes[at]`. */
export function readScore(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < LONG) return first;
  const size = first & ~LONG;
  if (size === DOUBLE) {
    for (let i = 0; i < DOUBLE; i++) converter.setUint8(i, bytes[at + 1 + i]!);
    return converter.getFloat64(0, true);
  }
  let value = (bytes[at + size]! << 24) >> 24;
  for (let i = size - 1; i > 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

/** Where the score at `at` ends. */
export function scoreEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  return first < LONG ? at + 1 : at + 1 + (first & ~LONG);
}
