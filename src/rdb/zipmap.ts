/**
 * Zipmaps, the short hashes of Redis before 2.6.
 *
 *     count(u8) { length, field, length, unused bytes(u8), value, unused bytes } 0xff
 *
 * A length is a byte, or 0xfe and a u32. The count is 254 when it is not known.
 */
import { PackedReader } from './packed-reader.ts';
import type { PackedBytes } from './rdb-input.ts';

const END = 0xff;
const LONG_LENGTH = 0xfe;
const COUNT_UNKNOWN = 254;

/** Fields and values in turn. */
export function readZipmap(packed: PackedBytes): Uint8Array[] {
  const reader = new PackedReader(packed, 'a zipmap');
  const count = reader.byte();
  const pairs: Uint8Array[] = [];
  for (let first = reader.byte(); first !== END; first = reader.byte()) {
    pairs.push(reader.range(first === LONG_LENGTH ? reader.uint32() : first));
    const length = reader.byte();
    if (length === END) reader.fail('a field has no value', reader.position - 1);
    const bytes = length === LONG_LENGTH ? reader.uint32() : length;
    const unused = reader.byte();
    pairs.push(reader.range(bytes));
    reader.range(unused);
  }
  if (reader.position !== reader.bytes.length) reader.fail('bytes follow its end');
  if (count < COUNT_UNKNOWN && count * 2 !== pairs.length) {
    reader.fail(`it has ${pairs.length / 2} fields and says ${count}`, 0);
  }
  return pairs;
}
