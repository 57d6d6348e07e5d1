/** What is read of a whole HyperLogLog, dense or sparse: counts, unions, texts. False or undefined where its runs are not right. */
import { estimate, REGISTER_VALUES, REGISTERS } from './hyperloglog-estimate.ts';
import {
  denseRegister,
  forEachRun,
  HEADER_BYTES,
  isDense,
  runBytes,
  runLength,
  runValue,
} from './hyperloglog-format.ts';

/** How many different elements the HyperLogLog `bytes[start, start + length)` has seen, by its registers. */
export function countElements(bytes: Uint8Array, start: number, length: number): number | bigint | undefined {
  const histogram = new Int32Array(REGISTER_VALUES);
  const at = start + HEADER_BYTES;
  if (isDense(bytes, start)) {
    countDense(bytes, at, histogram);
  } else {
    const isRight = forEachRun(bytes, at, start + length, (value, _first, run) => {
      histogram[value]! += run;
    });
    if (!isRight) return undefined;
  }
  return estimate(histogram);
}

/** Four registers, in three bytes, at a time. */
function countDense(bytes: Uint8Array, start: number, histogram: Int32Array): void {
  const end = start + (REGISTERS / 4) * 3;
  for (let at = start; at < end; at += 3) {
    const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    histogram[four & 63]!++;
    histogram[(four >>> 6) & 63]!++;
    histogram[(four >>> 12) & 63]!++;
    histogram[four >>> 18]!++;
  }
}

/** The same for registers of a byte each, as `mergeRegisters` makes them. */
export function countUnion(registers: Uint8Array): number | bigint {
  const histogram = new Int32Array(REGISTER_VALUES);
  for (let i = 0; i < REGISTERS; i++) histogram[registers[i]!]!++;
  return estimate(histogram);
}

/**
 * Raises `registers`, a byte each, to those of a HyperLogLog. False when its runs are not right; some registers may have been raised
 * then.
 */
export function mergeRegisters(
  registers: Uint8Array,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  const at = start + HEADER_BYTES;
  if (isDense(bytes, start)) {
    for (let i = 0; i < REGISTERS; i++) {
      const value = denseRegister(bytes, at, i);
      if (value > registers[i]!) registers[i] = value;
    }
    return true;
  }
  return forEachRun(bytes, at, start + length, (value, first, run) => {
    if (value === 0) return;
    for (let i = first; i < first + run; i++) if (value > registers[i]!) registers[i] = value;
  });
}

/** The runs, right or not, as PFDEBUG DECODE shows them: `Z:1000 v:2,1 z:19`. */
export function describeRuns(bytes: Uint8Array, start: number, length: number): string {
  const runs: string[] = [];
  const end = start + length;
  for (let at = start + HEADER_BYTES; at < end; at += runBytes(bytes, at)) {
    const value = runValue(bytes, at);
    const run = runLength(bytes, at, end);
    if (value > 0) runs.push(`v:${value},${run}`);
    else runs.push(`${runBytes(bytes, at) === 2 ? 'Z' : 'z'}:${run}`);
  }
  return runs.join(' ');
}
