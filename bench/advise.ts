/**
 * `advise`: how near the estimates of `shardis advise` come to the truth. Each of the four traces beside the checkout is played
 * through exact LRU of full size, and through the estimator with samples of several sizes; shown is the estimate for allkeys-lru and
 * how many points it is off. What is off at sampling 1 is what five samples and a pool differ from exact LRU.
 */
import fs from 'node:fs';
import path from 'node:path';
import { denseTrace } from '../src/advise/caches/dense-ids.ts';
import { ExactLru } from '../src/advise/caches/exact.ts';
import { ESTIMATOR_DEFAULTS, Estimator } from '../src/advise/estimator.ts';
import { KIND, numberHash, RequestBatch } from '../src/advise/requests.ts';
import { allBinaryKeys } from '../src/advise/trace/binary.ts';
import {
  BenchError,
  environment,
  format,
  printHeader,
  printJson,
  printTable,
  progress,
  progressDone,
} from './report.ts';

export interface AdviseBenchOptions {
  traces: string;
  json?: boolean;
}

const TRACES = ['web07', 'web12', 'orm-busy', 'orm-night'];
const SHARES = [0.01, 0.1];
/** The default, a fixed number of keys, and a fixed part of them. */
const SAMPLINGS = [
  { name: 'default', keysMax: ESTIMATOR_DEFAULTS.keysMax, rateMax: 1 },
  { name: '8192 keys', keysMax: 8192, rateMax: 1 },
  { name: '1/10', keysMax: ESTIMATOR_DEFAULTS.keysMax, rateMax: 0.1 },
];

interface Result {
  trace: string;
  requests: number;
  keys: number;
  share: number;
  exact: number;
  estimates: { sampling: string; rate: number; hitRatio: number; standardError: number; seconds: number }[];
}

function exactHitRatio({ ids, count }: { ids: Int32Array; count: number }, capacity: number): number {
  const cache = new ExactLru(count, capacity);
  let hits = 0;
  for (let i = 0; i < ids.length; i++) if (cache.access(ids[i]!)) hits++;
  return hits / ids.length;
}

function estimate(keys: Int32Array, sizes: number[], sampling: (typeof SAMPLINGS)[number]) {
  const started = performance.now();
  const { keysMax, rateMax } = sampling;
  const run = (rate: number, policies: string[]) => {
    const options = { ...ESTIMATOR_DEFAULTS, policies, sizes, keysMax, rateMax: rate };
    const estimator = new Estimator(options);
    const batch = new RequestBatch((full) => estimator.take(full));
    for (let i = 0; i < keys.length; i++) batch.add(KIND.load, numberHash(keys[i]!), 0);
    batch.flush();
    return estimator;
  };
  // As the command does: first it counts the keys.
  const { rate } = run(rateMax, []);
  const estimates = run(rate, ['allkeys-lru']).estimates();
  return { rate, estimates, seconds: (performance.now() - started) / 1000 };
}

async function measure(trace: string, file: string): Promise<Result[]> {
  progress(trace);
  const keys = await allBinaryKeys(file);
  const dense = denseTrace(keys);
  const sizes = SHARES.map((share) => Math.round(dense.count * share));
  const sampled = SAMPLINGS.map((sampling) => ({ sampling, ...estimate(keys, sizes, sampling) }));
  return SHARES.map((share, i) => ({
    trace,
    requests: keys.length,
    keys: dense.count,
    share,
    exact: exactHitRatio(dense, sizes[i]!),
    estimates: sampled.map(({ sampling, rate, estimates, seconds }) => {
      const { hitRatio, standardError } = estimates[i]!;
      return { sampling: sampling.name, rate, hitRatio, standardError, seconds };
    }),
  }));
}

export async function runAdviseBench(options: AdviseBenchOptions): Promise<void> {
  const files = TRACES.map((trace) => ({ trace, file: path.join(options.traces, `${trace}.trace.xz`) }));
  const missing = files.filter(({ file }) => !fs.existsSync(file));
  if (missing.length === files.length) {
    throw new BenchError(
      `the traces are not there: ${path.resolve(options.traces)} has none of ${TRACES.map((trace) => `${trace}.trace.xz`).join(', ')}; name their folder by --traces`,
    );
  }
  const env = environment();
  const results: Result[] = [];
  for (const { trace, file } of files) if (fs.existsSync(file)) results.push(...(await measure(trace, file)));
  progressDone();
  if (options.json) {
    printJson('advise', env, { results });
    return;
  }
  printHeader('advise', env, [
    'hit ratio in %, exact LRU and estimates for allkeys-lru; in brackets how many points they are off',
    ...missing.map(({ file }) => `${file} is not there and left out`),
  ]);
  printTable(
    [
      { title: 'trace', align: 'left' },
      { title: 'requests' },
      { title: 'keys' },
      { title: 'cache' },
      { title: 'exact' },
      ...SAMPLINGS.map(({ name }) => ({ title: name })),
    ],
    results.map(({ trace, requests, keys, share, exact, estimates }) => [
      trace,
      format(requests),
      format(keys),
      `${share * 100} %`,
      format(exact * 100, 2),
      ...estimates.map(
        ({ hitRatio }) => `${format(hitRatio * 100, 2)} (${format((hitRatio - exact) * 100, 2)})`,
      ),
    ]),
  );
}
