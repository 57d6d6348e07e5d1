import { expect, test } from 'vitest';
import type { ViewedBytes } from '../../../src/base/bytes.ts';
import { encoderOf } from '../../../src/rdb/collections.ts';
import { RdbReader } from '../../../src/rdb/rdb-reader.ts';
import { BufferSource, type RdbSource } from '../../../src/rdb/rdb-source.ts';
import { RdbWriter } from '../../../src/rdb/rdb-writer.ts';
import type { RdbValue } from '../../../src/rdb/values.ts';
import { List } from '../../../src/types/list.ts';
import { ListLimits } from '../../../src/types/list-limits.ts';

const WINDOW_BYTES = 64 * 1024;

/** Gives no more than a window of the file at once, or what is asked for if that is more, and counts what it gives. */
class CountingSource implements RdbSource {
  bytesRead = 0;
  readonly length: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  read(offset: number, length: number): ViewedBytes {
    const end = Math.min(this.length, offset + Math.max(length, WINDOW_BYTES));
    this.bytesRead += end - offset;
    return new BufferSource(this.#bytes.slice(offset, end)).read(0);
  }
}

test('a collection that is much larger than the window is read once', () => {
  const list = new List(new ListLimits());
  list.isSmall = false;
  const elements = Array.from({ length: 100_000 }, (_, i) => `element number ${i}`);
  for (const element of elements) list.pushTail(Buffer.from(element), 0, element.length);
  const parts: Buffer[] = [];
  const writer = new RdbWriter((bytes, start, end) => parts.push(Buffer.from(bytes.slice(start, end))), {
    compress: false,
  });
  writer.begin({ redisVersion: '7.2.4', createdAtSeconds: 0, usedMemoryBytes: 0 });
  writer.selectDatabase(0);
  const encoder = encoderOf(list);
  writer.beginCollection(Buffer.from('key'), 0, 3, encoder.valueType, -1);
  while (!encoder.step(writer));
  writer.end();
  const source = new CountingSource(Buffer.concat(parts));
  let found: RdbValue | undefined;
  new RdbReader(source).run({
    string: () => expect.fail('there is no string'),
    value: (key, start, end, value) => {
      expect(Buffer.from(key.subarray(start, end)).toString()).toBe('key');
      found = value;
    },
  });
  expect(found?.kind === 'list' && found.elements.map((each) => Buffer.from(each).toString())).toEqual(
    elements,
  );
  expect(source.bytesRead).toBeLessThan(source.length * 2);
});
