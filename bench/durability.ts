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
import type { DurabilityOptions } from './durability/store.ts';
import { alwaysThroughput, everysecThroughput } from './durability/throughput.ts';
import { type Parts, printResults, runParts } from './figures.ts';
import { environment, printHeader, printJson, requireRedis } from './report.ts';

const PARTS: Parts<DurabilityOptions> = {
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

export async function runDurability(options: DurabilityOptions): Promise<void> {
  requireRedis('redis-server', 'redis-benchmark');
  const env = environment();
  const { results, failures } = await runParts(PARTS, options);
  if (options.json) {
    printJson('durability', env, { options, results, failures });
  } else {
    printHeader('durability', env, [
      `shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}, both with save "" and the same appendonly and appendfsync`,
      `medians of ${options.rounds} rounds; keys of 16 bytes, values of 64 bytes where nothing else is said`,
    ]);
    printResults(results, failures);
  }
}
