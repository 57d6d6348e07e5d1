/** HyperLogLogs against registers in an array, and their hash against one in big integers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CORRUPT, HyperLogLog, RAISED, UNCHANGED } from '../../../src/types/hyperloglog.ts';
import { estimate, REGISTERS } from '../../../src/types/hyperloglog-estimate.ts';
import {
  DENSE_LENGTH,
  denseRegister,
  HEADER_BYTES,
  isHyperLogLog,
  readCount,
  setDenseRegister,
  writeCount,
} from '../../../src/types/hyperloglog-format.ts';
import { INDEX_BITS, placeOf } from '../../../src/types/hyperloglog-hash.ts';
import {
  countElements,
  countUnion,
  describeRuns,
  mergeRegisters,
} from '../../../src/types/hyperloglog-registers.ts';
import { testHyperLogLogs } from '../../../src/types/hyperloglog-self-test.ts';

const M = 0xc6a4a7935bd1e995n;
const wrap = (value: bigint) => BigInt.asUintN(64, value);

function littleEndian(bytes: readonly number[]): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** MurmurHash64A as its author describes it. */
function murmur(bytes: readonly number[], seed: bigint): bigint {
  let h = wrap(seed ^ (BigInt(bytes.length) * M));
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let k = wrap(littleEndian(bytes.slice(at, at + 8)) * M);
    k = wrap((k ^ (k >> 47n)) * M);
    h = wrap((h ^ k) * M);
  }
  if (at < bytes.length) h = wrap((h ^ littleEndian(bytes.slice(at))) * M);
  h = wrap((h ^ (h >> 47n)) * M);
  return h ^ (h >> 47n);
}

function expectedPlace(bytes: readonly number[]): { index: number; rank: number } {
  const hash = murmur(bytes, 0xadc83b19n);
  let rest = (hash >> 14n) | (1n << 50n);
  let rank = 1;
  for (; (rest & 1n) === 0n; rest >>= 1n) rank++;
  return { index: Number(hash & 16383n), rank };
}

function made(): HyperLogLog {
  const hll = new HyperLogLog();
  hll.clear();
  return hll;
}

function registersOf(hll: HyperLogLog): Uint8Array {
  const registers = new Uint8Array(REGISTERS);
  expect(mergeRegisters(registers, hll.bytes, 0, hll.length)).toBe(true);
  return registers;
}

function countOf(hll: HyperLogLog): number | bigint | undefined {
  return countElements(hll.bytes, 0, hll.length);
}

/** Often near each other, so that runs are split and joined. */
const index = fc.oneof(
  fc.nat(REGISTERS - 1),
  fc.nat(60),
  fc.integer({ min: REGISTERS - 40, max: REGISTERS - 1 }),
);
const raises = fc.array(
  fc.record({ index, value: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 32 })) }),
  { maxLength: 300 },
);

describe('the hash', () => {
  test('is that of big integers, for any bytes at any place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(5), (element, before) => {
        const bytes = new Uint8Array(before + element.length + 3).fill(0xa5);
        bytes.set(element, before);
        const place = placeOf(bytes, before, before + element.length);
        const { index: expectedIndex, rank } = expectedPlace([...element]);
        expect(place & (REGISTERS - 1)).toBe(expectedIndex);
        expect(place >>> INDEX_BITS).toBe(rank);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the estimate', () => {
  test('of registers that no element has raised is 0', () => {
    expect(countOf(made())).toBe(0);
    expect(countUnion(new Uint8Array(REGISTERS))).toBe(0);
  });

  test('is near the truth, dense or sparse', () => {
    expect(testHyperLogLogs(3000)).toBeUndefined();
    expect(testHyperLogLogs(0)).toBeUndefined();
  });

  test('of registers that no element can have led to is what C makes of it', () => {
    const histogram = new Int32Array(64);
    histogram[63] = REGISTERS;
    expect(estimate(histogram)).toBe(-(2n ** 63n));
    histogram[63] = 0;
    histogram[49] = REGISTERS;
    expect(estimate(histogram)).toBeGreaterThan(2 ** 53);
  });
});

describe('dense registers', () => {
  test('keep their values and leave those of others', () => {
    const bytes = new Uint8Array(DENSE_LENGTH + 2).fill(0xff, DENSE_LENGTH);
    const expected = new Uint8Array(REGISTERS);
    const change = fc.record({ index, value: fc.nat(63) });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        for (const { index: i, value } of changes) {
          expected[i] = value;
          setDenseRegister(bytes, HEADER_BYTES, i, value);
        }
        for (const i of [0, REGISTERS - 1, ...changes.flatMap((each) => [each.index, each.index + 1])]) {
          if (i < REGISTERS) expect(denseRegister(bytes, HEADER_BYTES, i)).toBe(expected[i]);
        }
      }),
    );
    for (let i = 0; i < REGISTERS; i++)
      expect(denseRegister(bytes, HEADER_BYTES, i) === expected[i]).toBe(true);
    // Nothing is written behind the last register.
    expect([...bytes.subarray(DENSE_LENGTH)]).toEqual([0xff, 0xff]);
  });
});

describe('sparse ones', () => {
  test('hold the same registers and give the same count as dense ones', () => {
    fc.assert(
      fc.property(raises, fc.constantFrom(20, 60, 300, 3000), (changes, sparseBytesMax) => {
        const sparse = made();
        const dense = made();
        dense.toDense();
        const expected = new Uint8Array(REGISTERS);
        for (const { index: i, value } of changes) {
          const outcome = value > expected[i]! ? RAISED : UNCHANGED;
          expect(sparse.raise(i, value, sparseBytesMax)).toBe(outcome);
          expect(dense.raise(i, value, sparseBytesMax)).toBe(outcome);
          expected[i] = Math.max(expected[i]!, value);
          expect(sparse.isDense || sparse.length <= sparseBytesMax).toBe(true);
        }
        for (const hll of [sparse, dense]) expect(Buffer.compare(registersOf(hll), expected)).toBe(0);
        expect(isHyperLogLog(sparse.bytes, 0, sparse.length)).toBe(true);
        const count = countUnion(expected);
        expect(countOf(sparse)).toBe(count);
        expect(countOf(dense)).toBe(count);
      }),
      { numRuns: 300 },
    );
  });

  test('are the same bytes whether they are loaded again before each change or not', () => {
    fc.assert(
      fc.property(raises, (changes) => {
        const kept = made();
        let stored = made().bytes.slice(0, 18);
        const loaded = new HyperLogLog();
        for (const { index: i, value } of [...changes].sort((a, b) => a.index - b.index)) {
          kept.raise(i, value, 3000);
          loaded.load(stored, 0, stored.length);
          const outcome = loaded.raise(i, value, 3000);
          const after = loaded.bytes.slice(0, loaded.length);
          // What the last change says has changed is all that has, but for the mark at the count.
          const patched = stored.slice(0, Math.min(stored.length, after.length));
          const end = Math.min(loaded.changedEnd, after.length);
          if (outcome === RAISED && after.length === stored.length) {
            patched.set(after.subarray(loaded.changedStart, end), loaded.changedStart);
            patched[15]! |= 0x80;
            expect(patched).toEqual(after);
          } else if (outcome === RAISED) {
            const same = Math.min(loaded.changedStart, stored.length);
            expect(after.subarray(16, same)).toEqual(stored.subarray(16, same));
            expect(end).toBe(after.length);
          }
          stored = after;
        }
        expect(kept.bytes.slice(0, kept.length)).toEqual(stored);
      }),
      { numRuns: 200 },
    );
  });

  test('have runs that are split and joined', () => {
    const hll = made();
    const runs = () => describeRuns(hll.bytes, 0, hll.length);
    expect(runs()).toBe('Z:16384');
    hll.raise(1000, 2, 3000);
    hll.raise(1020, 3, 3000);
    hll.raise(1021, 3, 3000);
    // The example of Redis's description of the format.
    expect(runs()).toBe('Z:1000 v:2,1 z:19 v:3,2 Z:15362');
    expect(hll.length).toBe(HEADER_BYTES + 7);
    hll.raise(1019, 3, 3000);
    hll.raise(1022, 3, 3000);
    hll.raise(1023, 3, 3000);
    expect(runs()).toBe('Z:1000 v:2,1 z:18 v:3,4 v:3,1 Z:15360');
    hll.raise(1021, 5, 3000);
    expect(runs()).toBe('Z:1000 v:2,1 z:18 v:3,2 v:5,1 v:3,2 Z:15360');
    hll.raise(1021, 4, 3000);
    expect(hll.raise(1021, 5, 3000)).toBe(UNCHANGED);
  });

  test('become dense for a value that runs cannot have', () => {
    const hll = made();
    hll.raise(7, 32, 3000);
    expect(hll.isDense).toBe(false);
    hll.raise(8, 33, 3000);
    expect(hll.isDense).toBe(true);
    expect(registersOf(hll).subarray(6, 10)).toEqual(Uint8Array.of(0, 32, 33, 0));
  });

  test('of runs that are not right are noticed, and never read beyond', () => {
    const bytes = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(bytes, raises, (runs, changes) => {
        const source = new Uint8Array(HEADER_BYTES + runs.length + 2).fill(0x7f);
        source.set(made().bytes.subarray(0, HEADER_BYTES));
        source.set(runs, HEADER_BYTES);
        const length = HEADER_BYTES + runs.length;
        const isRight = countElements(source, 0, length) !== undefined;
        const hll = new HyperLogLog();
        hll.load(source, 0, length);
        for (const { index: i, value } of changes) {
          const outcome = hll.raise(i, value, 300);
          if (isRight) expect(outcome).not.toBe(CORRUPT);
        }
        if (!isRight) expect(hll.isDense).toBe(false);
        hll.toDense();
      }),
    );
  });
});

describe('the header', () => {
  test('keeps a count of 64 bits, or says that it is out of date', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (count) => {
        const hll = made();
        writeCount(hll.bytes, 8, count);
        expect(BigInt(readCount(hll.bytes, 0)!)).toBe(count);
        hll.spoilCount();
        expect(readCount(hll.bytes, 0)).toBeUndefined();
      }),
    );
  });

  test('tells HyperLogLogs from other strings', () => {
    const { bytes, length } = made();
    expect(isHyperLogLog(bytes, 0, length)).toBe(true);
    expect(isHyperLogLog(bytes, 0, 15)).toBe(false);
    expect(isHyperLogLog(bytes, 1, length)).toBe(false);
    const other = bytes.slice();
    other[4] = 2;
    expect(isHyperLogLog(other, 0, length)).toBe(false);
    other[4] = 0;
    expect(isHyperLogLog(other, 0, length)).toBe(false);
    expect(isHyperLogLog(other, 0, DENSE_LENGTH)).toBe(true);
  });
});
