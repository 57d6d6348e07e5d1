/** What PFSELFTEST does: registers keep what they are given, and counts are as near to the truth as they promise. */
import { HyperLogLog } from './hyperloglog.ts';
import { REGISTER_VALUES, REGISTERS } from './hyperloglog-estimate.ts';
import { denseRegister, HEADER_BYTES, setDenseRegister } from './hyperloglog-format.ts';
import { countElements } from './hyperloglog-registers.ts';

const REGISTER_ROUNDS = 50;
const ELEMENTS = 1_000_000;
/** The standard error of the estimate. */
const RELATIVE_ERROR = 1.04 / Math.sqrt(REGISTERS);
/** Errors beyond this many standard errors do not happen by chance. */
const STANDARD_ERRORS_MAX = 6;

/** What is wrong, or undefined. Takes a fraction of a second. */
export function testHyperLogLogs(sparseBytesMax: number): string | undefined {
  return testRegisters() ?? testCounts(sparseBytesMax);
}

function testRegisters(): string | undefined {
  const tested = new HyperLogLog();
  tested.clear();
  tested.toDense();
  const expected = new Uint8Array(REGISTERS);
  for (let round = 0; round < REGISTER_ROUNDS; round++) {
    for (let i = 0; i < REGISTERS; i++) {
      expected[i] = Math.random() * REGISTER_VALUES;
      setDenseRegister(tested.bytes, HEADER_BYTES, i, expected[i]!);
    }
    for (let i = 0; i < REGISTERS; i++) {
      const value = denseRegister(tested.bytes, HEADER_BYTES, i);
      if (value !== expected[i]) return `Register ${i} should be ${expected[i]} but is ${value}`;
    }
  }
  return undefined;
}

/** Adds to a dense one and to one that is sparse for as long as it may be. */
function testCounts(sparseBytesMax: number): string | undefined {
  const dense = new HyperLogLog();
  const other = new HyperLogLog();
  dense.clear();
  other.clear();
  dense.toDense();
  const element = new Uint8Array(8);
  const view = new DataView(element.buffer);
  view.setUint32(4, Math.random() * 2 ** 32);
  const seed = Math.random() * 2 ** 32;
  let checkpoint = 1;
  for (let added = 1; added <= ELEMENTS; added++) {
    view.setUint32(0, added ^ seed);
    dense.add(element, 0, 8, sparseBytesMax);
    other.add(element, 0, 8, sparseBytesMax);
    if (added !== checkpoint) continue;
    if (added < sparseBytesMax / 2 && other.isDense) return 'sparse encoding not used';
    const counted = Number(countElements(dense.bytes, 0, dense.length));
    if (countElements(other.bytes, 0, other.length) !== counted) return 'dense/sparse disagree';
    const error = Math.abs(added - counted);
    // Among ten elements a collision or two are not that rare.
    const errorMax = added === 10 ? 1 : Math.ceil(RELATIVE_ERROR * STANDARD_ERRORS_MAX * added);
    if (error > errorMax) return `Too big error. card:${added} abserr:${error}`;
    checkpoint *= 10;
  }
  return undefined;
}
