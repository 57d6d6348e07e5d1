import { expect, test } from 'vitest';
import { Crc64, crc64 } from '../../../src/rdb/crc64.ts';
import { Random } from '../../support/random.ts';

/** Bit by bit, as the polynomial is defined. */
function slowly(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc;
}

test('the check value of CRC-64/Jones', () => {
  expect(crc64(Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can);
  expect(crc64(new Uint8Array(0))).toBe(0n);
});

test('it is the bitwise sum, for all lengths and places, in one piece and in several', () => {
  const random = new Random(1);
  for (let length = 0; length < 70; length++) {
    const bytes = random.bytes(length + 20);
    const start = random.below(9);
    const expected = slowly(bytes.subarray(start, start + length));
    expect(crc64(bytes, start, start + length)).toBe(expected);
    const crc = new Crc64();
    const cut = start + random.below(length + 1);
    crc.update(bytes, start, cut);
    crc.update(bytes, cut, start + length);
    expect(crc.value()).toBe(expected);
  }
});

test('it is written little-endian and recognised', () => {
  const crc = new Crc64();
  crc.update(Buffer.from('123456789'), 0, 9);
  const target = new Uint8Array(10);
  expect(crc.write(target, 1)).toBe(9);
  expect(Buffer.from(target).toString('hex')).toBe('00cad9b8c414d9c6e900');
  for (let i = 1; i < 9; i++) {
    expect(crc.equals(target, 1)).toBe(true);
    target[i]! ^= 0x10;
    expect(crc.equals(target, 1)).toBe(false);
    target[i]! ^= 0x10;
  }
  crc.reset();
  expect(crc.value()).toBe(0n);
});

test('it is the bitwise sum of long inputs too, which are summed in another way', () => {
  const random = new Random(2);
  const bytes = random.bytes(200_000);
  for (const length of [2047, 2048, 2049, 2055, 65_536, 65_545, 131_072, 199_990]) {
    const start = random.below(9);
    const crc = new Crc64();
    crc.update(bytes, 0, start);
    crc.update(bytes, start, start + length);
    expect(crc.value()).toBe(slowly(bytes.subarray(0, start + length)));
  }
});

test('a single bit that is wrong in a long input changes it', () => {
  const random = new Random(3);
  const bytes = random.bytes(150_001);
  const right = crc64(bytes);
  for (let i = 0; i < 300; i++) {
    const at = random.below(bytes.length);
    const bit = 1 << random.below(8);
    bytes[at]! ^= bit;
    expect(crc64(bytes)).not.toBe(right);
    bytes[at]! ^= bit;
  }
  expect(crc64(bytes)).toBe(right);
});
