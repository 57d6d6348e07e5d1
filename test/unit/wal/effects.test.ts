import fc from 'fast-check';
import { unpackMultiple } from 'msgpackr';
import { expect, test } from 'vitest';
import { viewedBytes } from '../../../src/base/bytes.ts';
import { BadEffect, EffectBuffer, EffectDecoder } from '../../../src/wal/effects.ts';
import { RECORD_HEADER_BYTES } from '../../../src/wal/layout.ts';
import { append, Collector, type Effect, set } from './wal.ts';

const bytes = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  fc.integer({ min: 250, max: 260 }).map((length) => '\xff'.repeat(length)),
  fc.integer({ min: 65_530, max: 65_540 }).map((length) => 'x'.repeat(length)),
);
const db = fc.nat(1000);
const expiresAt = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 53 - 1 }));
const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    db,
    key: bytes,
    value: bytes,
    expiresAt,
    flags: fc.nat(255),
  }),
  fc
    .record({ key: bytes, offset: fc.nat(70_000), written: bytes, more: fc.nat(300), db })
    .map(({ key, offset, written, more, db }): Effect => {
      return { kind: 'patch', db, key, offset, length: offset + written.length + more, bytes: written };
    }),
  fc.record({ kind: fc.constant('store' as const), db, key: bytes, image: bytes, expiresAt }),
  fc.record({
    kind: fc.constant('change' as const),
    db,
    key: bytes,
    operation: fc.nat(300),
    first: fc.nat(70_000),
    second: fc.nat(2 ** 32 - 1),
    elements: fc.array(bytes, { maxLength: 20 }),
  }),
  fc.record({ kind: fc.constant('expire' as const), db, key: bytes, expiresAt }),
  fc.record({ kind: fc.constant('remove' as const), db, key: bytes }),
  fc.record({ kind: fc.constant('flush' as const), db }),
  fc.record({ kind: fc.constant('swap' as const), a: db, b: db }),
);

function encoded(effects: readonly Effect[]): EffectBuffer {
  const buffer = new EffectBuffer();
  for (const each of effects) append(buffer, each);
  return buffer;
}

function decoded(buffer: EffectBuffer): Effect[] {
  const collector = new Collector();
  const end = buffer.pad();
  const count = new EffectDecoder(collector).decode(buffer.bytes, RECORD_HEADER_BYTES, end);
  expect(count).toBe(collector.effects.length);
  return collector.effects;
}

test('every effect is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(effect, { maxLength: 20 }), (effects) => {
      expect(decoded(encoded(effects))).toEqual(effects);
    }),
  );
});

test('transactions keep their id and shards', () => {
  const effects: Effect[] = [
    { kind: 'transaction', id: 7, shards: [0, 200, 70_000] },
    set('a', 'b'),
    { kind: 'transaction', id: 2 ** 40, shards: Array.from({ length: 300 }, (_, i) => i) },
  ];
  const buffer = encoded(effects);
  expect(decoded(buffer)).toEqual(effects);
  expect(buffer.lastTransaction).toBe(2 ** 40);
  expect(() => buffer.transaction(5, [0, 1])).toThrow('higher id');
});

test('another reader of MessagePack reads the payload', () => {
  const buffer = encoded([
    { kind: 'set', db: 300, key: 'key', value: 'v'.repeat(300), expiresAt: 1_700_000_000_123, flags: 32 },
    { ...(set('k', 'w') as Effect) },
    { kind: 'patch', db: 0, key: 'key', offset: 70_000, length: 70_010, bytes: 'bytes' },
    { kind: 'expire', db: 1, key: 'key', expiresAt: 0 },
    { kind: 'remove', db: 200, key: 'key' },
    { kind: 'flush', db: 3 },
    { kind: 'swap', a: 1, b: 2 },
    { kind: 'transaction', id: 9, shards: [0, 2] },
  ]);
  const payload = Buffer.from(buffer.bytes.subarray(RECORD_HEADER_BYTES, buffer.end));
  const b = (text: string) => Buffer.from(text);
  expect(unpackMultiple(payload)).toEqual([
    [1, 300, b('key'), b('v'.repeat(300)), 1_700_000_000_123, 32],
    [1, 0, b('k'), b('w')],
    [2, 0, b('key'), 70_000, 70_010, b('bytes')],
    [3, 1, b('key'), null],
    [4, 200, b('key')],
    [5, 3],
    [6, 1, 2],
    [7, 9, [0, 2]],
  ]);
});

test('a large value makes the buffer grow, and the memory is given back after the record', () => {
  const buffer = new EffectBuffer();
  const small = buffer.bytes.length;
  const source = viewedBytes(new ArrayBuffer(100_000_000)).fill(7);
  buffer.set(0, 0, 0, source, 0, 3, 99_999_997);
  expect(buffer.bytes.length).toBeGreaterThan(100_000_000);
  let found = 0;
  const collector = new Collector();
  collector.set = (_db, _flags, _expiry, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
    found = valueEnd - valueStart + keyEnd - keyStart + bytes[valueEnd - 1]!;
  };
  new EffectDecoder(collector).decode(buffer.bytes, RECORD_HEADER_BYTES, buffer.pad());
  expect(found).toBe(100_000_007);
  buffer.clear();
  expect(buffer.isEmpty).toBe(true);
  expect(buffer.bytes.length).toBe(small);
});

test.each([
  ['an unknown kind', [0x92, 99, 0]],
  ['a wrong number of fields', [0x93, 5, 0, 0]],
  ['something else than an array', [0xc0, 1]],
  ['a key that goes beyond the end', [0x93, 4, 0, 0xc4, 200, 1, 2, 3]],
  ['a number of another type', [0x92, 5, 0xd0, 1]],
])('%s is refused', (_name, payload) => {
  const decoder = new EffectDecoder(new Collector());
  const bytes = viewedBytes(Uint8Array.from(payload).buffer);
  expect(() => decoder.decode(bytes, 0, bytes.length)).toThrow(BadEffect);
});
