/** Damaged RDB files and payloads against the reader. FUZZ_SEED replays a run. */
import { describe, expect, test } from 'vitest';
import { isDumpPayload, readDumpPayload } from '../../src/rdb/dump-payload.ts';
import { RdbError } from '../../src/rdb/rdb-error.ts';
import { RdbReader } from '../../src/rdb/rdb-reader.ts';
import { BufferSource } from '../../src/rdb/rdb-source.ts';
import { Random, seedFrom } from '../support/random.ts';
import {
  bigEndian,
  bytes,
  len,
  listpack,
  littleEndian,
  lp,
  rdbFile,
  str,
  u32,
  ziplist,
  zipped,
} from '../support/rdb-bytes.ts';

const RUNS = 15_000;
const seed = seedFrom('FUZZ_SEED');

const ID = bytes(bigEndian(1000, 8), bigEndian(1, 8));
const NODE = [1, 0, 1, lp('f'), 0, 2, 0, 0, lp('v'), 4];

/** One record of each encoding. */
const RECORDS = [
  bytes(252, littleEndian(1893456000000, 8), 248, len(100), 0, str('string'), str('value')),
  bytes(253, u32(1893456000), 249, 7, 0, 0xc0, 5, 0xc1, 1, 2),
  bytes(0, str('lzf'), 0xc3, 7, 15, 1, 'ab', 0xe0, 2, 1, 0, 'c'),
  bytes(1, str('list'), len(2), str('a'), 0xc0, 1),
  bytes(2, str('set'), len(2), str('a'), str('b')),
  bytes(3, str('zset'), len(2), str('a'), str('1.5'), str('b'), 254),
  bytes(5, str('zset2'), len(1), str('a'), '\0\0\0\0\0\0\xf0\x3f'),
  bytes(4, str('hash'), len(1), str('f'), str('v')),
  bytes(9, str('zipmap'), str([1, 1, 'f', 2, 1, 'v1?', 255])),
  bytes(10, str('ziplist'), str(ziplist(zipped('a'), 0xf3, [0xe0, littleEndian(1, 8)], zipped('end')))),
  bytes(11, str('intset'), str([u32(2), u32(2), 1, 0, 2, 0])),
  bytes(12, str('zl-zset'), str(ziplist(zipped('a'), 0xf3))),
  bytes(13, str('zl-hash'), str(ziplist(zipped('a'), zipped('b')))),
  bytes(14, str('quicklist'), len(1), str(ziplist(zipped('a')))),
  bytes(16, str('lp-hash'), str(listpack(lp('a'), [0xf4, littleEndian(-1, 8)]))),
  bytes(17, str('lp-zset'), str(listpack(lp('a'), 5))),
  bytes(18, str('quicklist2'), len(2), 2, str(listpack(lp('a'))), 1, str('plain')),
  bytes(20, str('lp-set'), str(listpack(lp('a'), 1))),
  bytes(24, str('hash-ex'), littleEndian(1000, 8), len(1), len(1), str('f'), str('v')),
  bytes(25, str('lp-hash-ex'), littleEndian(1000, 8), str(listpack(lp('f'), lp('v'), 9))),
  bytes(
    ...[21, str('stream'), len(1), str(ID), str(listpack(...NODE)), len(1), len(1000), len(1)],
    ...[len(1000), len(1), 0, 0, len(1), len(1), str('g'), len(1000), len(1), len(1)],
    ...[len(1), ID, littleEndian(5, 8), 1, len(1), str('c'), littleEndian(6, 8), littleEndian(6, 8)],
    ...[len(1), ID],
  ),
];

function damaged(random: Random, source: Uint8Array): Buffer {
  let file = Buffer.from(source);
  for (let i = random.between(1, 3); i > 0; i--) {
    const at = random.below(file.length);
    const kind = random.below(6);
    if (kind === 0) file = file.subarray(0, at);
    else if (kind === 1) file[at]! ^= 1 << random.below(8);
    else if (kind === 2) file[at] = random.below(256);
    else if (kind === 3) file[at] = random.pick([0, 0x7f, 0x80, 0x81, 0xc3, 0xf0, 0xf4, 0xfe, 0xff]);
    else if (kind === 4) file = Buffer.concat([file.subarray(0, at), random.bytes(4), file.subarray(at)]);
    else file = Buffer.concat([file.subarray(0, at), file.subarray(at + random.between(1, 4))]);
    if (file.length === 0) break;
  }
  return file;
}

/** Nothing that a range of bytes is said to be may lie outside of them. */
function checkRange(source: Uint8Array, start: number, end: number): void {
  if (start < 0 || end < start || end > source.length) throw new Error(`${start}-${end} of ${source.length}`);
}

describe('damaged RDB files', () => {
  test('are read or refused with an RdbError, and never read out of', () => {
    let refused = 0;
    for (let i = 0; i < RUNS; i++) {
      const random = new Random(seed + i);
      const count = random.between(1, 3);
      const file = damaged(random, rdbFile(11, ...Array.from({ length: count }, () => random.pick(RECORDS))));
      const reader = new RdbReader(new BufferSource(file), { verifyChecksum: false });
      const wantsSome = random.oneIn(3);
      try {
        reader.run({
          ...(wantsSome ? { wants: () => random.oneIn(2) } : {}),
          string: (key, keyStart, keyEnd, value, start, end, expiresAt) => {
            checkRange(key, keyStart, keyEnd);
            checkRange(value, start, end);
            if (!Number.isSafeInteger(expiresAt)) throw new Error(`an expiry of ${expiresAt}`);
          },
          value: (key, start, end) => checkRange(key, start, end),
        });
      } catch (error) {
        refused++;
        const place = `FUZZ_SEED=${seed}, case ${i}: ${file.toString('hex')}`;
        expect(error, place).toBeInstanceOf(RdbError);
        const { offset } = error as RdbError;
        expect(offset >= 0 && offset <= file.length, `${place}: offset ${offset}`).toBe(true);
      }
    }
    expect(refused).toBeGreaterThan(RUNS / 3);
  });

  test('never pass with a checksum', () => {
    for (let i = 0; i < RUNS / 4; i++) {
      const random = new Random(seed + i);
      const whole = rdbFile(11, random.pick(RECORDS), random.pick(RECORDS));
      const file = Buffer.from(whole);
      file[9 + random.below(file.length - 17)]! ^= 1 << random.below(8);
      const reader = new RdbReader(new BufferSource(file));
      expect(() => reader.run({ string: () => {}, value: () => {} }), `FUZZ_SEED=${seed}, case ${i}`).toThrow(
        RdbError,
      );
    }
  });

  test('are refused as payloads', () => {
    for (let i = 0; i < RUNS / 4; i++) {
      const random = new Random(seed + i);
      const payload = damaged(random, bytes(random.pick(RECORDS).subarray(0), 11, 0, random.bytes(8)));
      if (payload.length < 10) continue;
      // The checksum of random bytes is not right, so that only this looks at what is in front of it.
      expect(isDumpPayload(payload, 0, payload.length)).toBe(false);
      try {
        readDumpPayload(payload, 0, payload.length);
      } catch (error) {
        expect(error, `FUZZ_SEED=${seed}, case ${i}: ${payload.toString('hex')}`).toBeInstanceOf(RdbError);
      }
    }
  });
});
