/** CRC16 as Redis Cluster uses it for key slots: CCITT / XMODEM, polynomial 0x1021, initial value 0. */

export const SLOTS = 16384;

/**
 * Four tables of 256: `table[k * 256 + byte]` is the checksum of a byte and `k` zeros behind it. With them four bytes are taken
 * at a time, whose look-ups do not wait for each other.
 */
const table = new Uint16Array(1024);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 32; bit++) {
    crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    if (bit % 8 === 7) table[(bit >> 3) * 256 + byte] = crc;
  }
}

/** The checksum of what has the checksum `crc` and one byte more. */
function withByte(crc: number, byte: number): number {
  return ((crc << 8) ^ table[((crc >>> 8) ^ byte) & 0xff]!) & 0xffff;
}

/** The checksum of what has the checksum `crc` and four bytes more. */
function withFour(crc: number, a: number, b: number, c: number, d: number): number {
  return (
    table[768 + (((crc >>> 8) ^ a) & 0xff)]! ^ table[512 + ((crc ^ b) & 0xff)]! ^ table[256 + c]! ^ table[d]!
  );
}

/** The checksum of `bytes[start, end)`. */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  let i = start;
  for (; i + 4 <= end; i += 4) crc = withFour(crc, bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!);
  for (; i < end; i++) crc = withByte(crc, bytes[i]!);
  return crc;
}

const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * The slot of a key: the CRC16 of the key, or of what stands between the first `{` and the next `}` if that
 * is not empty (the rule of Redis Cluster for hash tags), modulo 16384.
 */
export function slotOf(bytes: Uint8Array, start: number, end: number): number {
  // As `crc16`, until a brace is met: few keys have one.
  let crc = 0;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const a = bytes[i]!;
    const b = bytes[i + 1]!;
    const c = bytes[i + 2]!;
    const d = bytes[i + 3]!;
    if (a === OPEN_BRACE || b === OPEN_BRACE || c === OPEN_BRACE || d === OPEN_BRACE) break;
    crc = withFour(crc, a, b, c, d);
  }
  for (; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === OPEN_BRACE) return slotOfTagged(bytes, start, end, i);
    crc = withByte(crc, byte);
  }
  return crc & (SLOTS - 1);
}

/** The slot of a key whose first `{` is at `open`. */
function slotOfTagged(bytes: Uint8Array, start: number, end: number, open: number): number {
  for (let close = open + 1; close < end; close++) {
    if (bytes[close] !== CLOSE_BRACE) continue;
    if (close > open + 1) return crc16(bytes, open + 1, close) & (SLOTS - 1);
    break;
  }
  return crc16(bytes, start, end) & (SLOTS - 1);
}
