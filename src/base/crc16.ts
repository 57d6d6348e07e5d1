/** CRC16 as Redis Cluster uses it for key slots: CCITT / XMODEM, polynomial 0x1021, initial value 0. */

export const SLOTS = 16384;

const table = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  table[byte] = crc;
}

/** The checksum of `bytes[start, end)`. */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = ((crc << 8) ^ table[((crc >>> 8) ^ bytes[i]!) & 0xff]!) & 0xffff;
  return crc;
}

const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * The slot of a key: the CRC16 of the key, or of what stands between the first `{` and the next `}` if that
 * is not empty (the rule of Redis Cluster for hash tags), modulo 16384.
 */
export function slotOf(bytes: Uint8Array, start: number, end: number): number {
  for (let open = start; open < end; open++) {
    if (bytes[open] !== OPEN_BRACE) continue;
    for (let close = open + 1; close < end; close++) {
      if (bytes[close] !== CLOSE_BRACE) continue;
      if (close === open + 1) break;
      return crc16(bytes, open + 1, close) & (SLOTS - 1);
    }
    break;
  }
  return crc16(bytes, start, end) & (SLOTS - 1);
}
