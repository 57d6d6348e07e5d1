/**
 * `durability`: what keeping data on disk costs and gives, beside a real Redis that keeps them in the same way.
 *
 * Parts, of which `--only` picks some: (a) SET with a log synced each second, (b) with one synced before each reply,
 * (c) recovery from a log alone, (d) from a snapshot, (e) how long snapshots take to write and to load, (f) the latency
 * of GET during a snapshot, (g) bytes of the log for a SET, (h) memory that a snapshot takes under writes. Each part
 * starts servers of its own in fresh directories below the system's temporary one, so that is the disk that is measured:
 * set TMPDIR to measure another. Servers take turns and medians are reported, as in `compare`.
 */
import { logSize, snapshotMemory } from './durability/footprint.ts';
import { logRecovery, snapshotRecovery } from './durability/recovery.ts';
import { latencyDuringSnapshot, snapshotTimes } from './durability/snapshots.ts';
import type { DurabilityOptions, Figure } from './durability/store.ts';
import { alwaysThroughput, everysecThroughput } from './durability/throughput.ts';
import {
  BenchError,
  environment,
  format,
  printHeader,
  printJson,
  printTable,
  progressDone,
  requireRedis,
} from './report.ts';

const PARTS: Record<string, (options: DurabilityOptions) => Promise<Figure[]>> = {
  a: everysecThroughput,
  b: alwaysThroughput,
  c: logRecovery,
  d: snapshotRecovery,
  e: snapshotTimes,
  f: latencyDuringSnapshot,
  g: logSize,
  h: snapshotMemory,
};

export const PART_NAMES: string[] = Object.keys(PARTS);

interface Result extends Figure {
  part: string;
  verdict: string;
}

function judge(part: string, figure: Figure): Result {
  if (figure.target === undefined) return { ...figure, part, verdict: '' };
  const { measured, bound, atMost } = figure.target;
  const isReached = atMost ? measured <= bound : measured >= bound;
  return { ...figure, part, verdict: Number.isNaN(measured) ? 'not measured' : isReached ? 'ok' : 'miss' };
}

/** Enough decimals to tell small figures apart. */
function shown(value: number): string {
  return format(value, value < 10 ? 2 : value < 1000 ? 1 : 0);
}

function printResults(results: Result[]): void {
  printTable(
    [
      { title: 'part', align: 'left' },
      { title: 'figure', align: 'left' },
      { title: 'unit', align: 'left' },
      { title: 'redis' },
      { title: 'shardis' },
      { title: 'judged' },
      { title: 'wanted' },
      { title: 'verdict', align: 'left' },
    ],
    results.map(({ part, title, unit, redis, shardis, target, verdict }) => [
      part,
      title,
      unit,
      shown(redis),
      shown(shardis),
      target === undefined ? '' : shown(target.measured),
      target === undefined ? '' : `${target.atMost ? '≤' : '≥'} ${shown(target.bound)}`,
      verdict,
    ]),
  );
}

export async function runDurability(options: DurabilityOptions): Promise<void> {
  requireRedis('redis-server', 'redis-benchmark');
  const env = environment();
  const results: Result[] = [];
  const failures: string[] = [];
  for (const part of options.only) {
    try {
      results.push(...(await PARTS[part]!(options)).map((figure) => judge(part, figure)));
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      failures.push(`part ${part} was not measured: ${error.message}`);
    }
  }
  progressDone();
  if (options.json) {
    printJson('durability', env, { options, results, failures });
  } else {
    printHeader('durability', env, [
      `shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}, both with save "" and the same appendonly and appendfsync`,
      `medians of ${options.rounds} rounds; keys of 16 bytes, values of 64 bytes where nothing else is said`,
    ]);
    if (results.length > 0) printResults(results);
    for (const failure of failures) console.log(failure);
  }
  if (failures.length > 0) process.exitCode = 1;
}
