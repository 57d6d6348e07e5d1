/**
 * Ziplists, in which Redis before 7.0 kept short lists, hashes and sorted sets.
 *
 *     bytes(u32) tail(u32) count(u16) { length of the entry before, encoding, content } 0xff
 *
 * The length before is a byte, or 0xfe and a u32. The count is 0xffff when it is not known.
 */
import { decimal, PackedReader } from './packed-reader.ts';
import type { PackedBytes } from './rdb-input.ts';

const HEADER_BYTES = 10;
const END = 0xff;
const LONG_LENGTH = 0xfe;
const COUNT_UNKNOWN = 0xffff;

/** The entries from front to back. */
export function readZiplist(packed: PackedBytes): Uint8Array[] {
  const reader = new PackedReader(packed, 'a ziplist');
  const total = reader.uint32();
  const tail = reader.uint32();
  const count = reader.uint16();
  if (total !== reader.bytes.length) reader.fail(`it says that it has ${total} bytes`, 0);
  const entries: Uint8Array[] = [];
  let before = HEADER_BYTES;
  for (;;) {
    const start = reader.position;
    const first = reader.byte();
    if (first === END) break;
    const length = first === LONG_LENGTH ? reader.uint32() : first;
    if (length !== start - before) reader.fail('the entry before is not as long as this one says', start);
    entries.push(readContent(reader));
    before = start;
  }
  if (reader.position !== total) reader.fail('bytes follow its end');
  if (tail !== before && !(entries.length === 0 && tail === HEADER_BYTES)) {
    reader.fail('its last entry is not where it says', 4);
  }
  if (count !== COUNT_UNKNOWN && count !== entries.length) {
    reader.fail(`it has ${entries.length} entries and says ${count}`, 8);
  }
  return entries;
}

function readContent(reader: PackedReader): Uint8Array {
  const encoding = reader.byte();
  switch (encoding >> 6) {
    case 0:
      return reader.range(encoding);
    case 1:
      return reader.range(((encoding & 0x3f) << 8) | reader.byte());
    case 2:
      // The only length that is big-endian and has bytes of its own.
      reader.need(4);
      reader.position += 4;
      return reader.range(reader.view.getUint32(reader.position - 4, false));
  }
  if (encoding === 0xc0) return decimal(reader.signed(2));
  if (encoding === 0xd0) return decimal(reader.signed(4));
  if (encoding === 0xe0) return decimal(reader.signed(8));
  if (encoding === 0xf0) return decimal(reader.signed(3));
  if (encoding === 0xfe) return decimal(reader.signed(1));
  if (encoding >= 0xf1 && encoding <= 0xfd) return decimal((encoding & 0x0f) - 1);
  return reader.fail(`0x${encoding.toString(16)} is no encoding of an entry`, reader.position - 1);
}
