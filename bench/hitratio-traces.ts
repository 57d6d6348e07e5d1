/** The traces that `hitratio` replays: recorded ones, where they and the program `xz` are there, and ones made by a seeded generator. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DenseTrace, denseTrace } from '../src/advise/caches/dense-ids.ts';
import { Random } from '../src/base/random.ts';

/** Of the repository's parent: the traces are not part of it. */
const FOLDER = fileURLToPath(new URL('../../../shared/traces/', import.meta.url));
const RECORDED = ['web07', 'web12', 'orm-busy', 'orm-night'];
const MADE_KEYS = 100_000;
const LOOP_KEYS = 20_000;
/** In the mix with scans: keys asked for by popularity, then keys asked for once. */
const POPULAR_RUN = 10_000;
const SCAN_RUN = 5_000;
const XZ_BYTES_MAX = 1 << 30;

type Make = (requests: number) => DenseTrace;

const MAKERS: Readonly<Record<string, Make>> = {
  'zipf-0.7': (requests) => denseTrace(zipf(0.7, requests, 1)),
  'zipf-0.99': (requests) => denseTrace(zipf(0.99, requests, 2)),
  'zipf-1.1': (requests) => denseTrace(zipf(1.1, requests, 3)),
  loop: (requests) => denseTrace(Int32Array.from({ length: requests }, (_, i) => i % LOOP_KEYS)),
  scans: (requests) => denseTrace(scans(requests)),
};

export const TRACE_NAMES: string[] = [...RECORDED, ...Object.keys(MAKERS)];

/** The first `requests` of a trace; a text says why there is none. */
export function readTrace(name: string, requests: number): DenseTrace | string {
  const make = MAKERS[name];
  if (make !== undefined) return make(requests);
  const file = `${FOLDER}${name}.trace.xz`;
  if (!fs.existsSync(file)) return `${file} is not there`;
  try {
    const bytes = execFileSync('xz', ['-dc', file], { maxBuffer: XZ_BYTES_MAX });
    const keys = new Int32Array(Math.min(requests, bytes.length >> 2));
    for (let i = 0; i < keys.length; i++) keys[i] = bytes.readInt32BE(i << 2);
    return denseTrace(keys);
  } catch (error) {
    return `xz cannot read ${file}: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Keys of a popularity that falls with their rank to the power of `exponent`. */
function zipf(exponent: number, requests: number, seed: number): Int32Array {
  const random = new Random(seed);
  const sums = new Float64Array(MADE_KEYS);
  let sum = 0;
  for (let rank = 0; rank < MADE_KEYS; rank++) {
    sum += (rank + 1) ** -exponent;
    sums[rank] = sum;
  }
  const keys = new Int32Array(requests);
  for (let i = 0; i < requests; i++) {
    const wanted = random.next() * sum;
    let low = 0;
    for (let high = MADE_KEYS - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    keys[i] = low;
  }
  return keys;
}

function scans(requests: number): Int32Array {
  const keys = zipf(0.99, requests, 4);
  let next = MADE_KEYS;
  for (let i = 0; i < requests; i++) {
    if (i % (POPULAR_RUN + SCAN_RUN) >= POPULAR_RUN) keys[i] = next++;
  }
  return keys;
}
