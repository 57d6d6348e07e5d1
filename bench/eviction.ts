/**
 * `eviction`: servers at their `maxmemory`, beside a real Redis with the same limit and policy.
 *
 * Parts, of which `--only` picks some: (a) SET of new keys, so that each evicts one, (b) what a limit costs that is set and
 * not reached, (c) the latency of GET while keys are written and evicted all the time, (d) resident memory when the sizes of
 * values have changed. Neither server keeps anything on disk. Servers take turns and medians are reported, as in `compare`.
 */
import { residentAfterChurn } from './eviction/footprint.ts';
import { latencyWhileEvicting } from './eviction/latency.ts';
import type { EvictionOptions } from './eviction/servers.ts';
import { limitNotReached, writesWhileEvicting } from './eviction/throughput.ts';
import { type Parts, printResults, runParts } from './figures.ts';
import { environment, printHeader, printJson, requireRedis } from './report.ts';

const PARTS: Parts<EvictionOptions> = {
  a: writesWhileEvicting,
  b: limitNotReached,
  c: latencyWhileEvicting,
  d: residentAfterChurn,
};

export const EVICTION_PARTS: string[] = Object.keys(PARTS);

export async function runEviction(options: EvictionOptions): Promise<void> {
  requireRedis('redis-server', 'redis-benchmark');
  const env = environment();
  const { results, failures } = await runParts(PARTS, options);
  if (options.json) {
    printJson('eviction', env, { options, results, failures });
    return;
  }
  printHeader('eviction', env, [
    `both with maxmemory ${options.megabytes}mb, ${options.policy}, save "" and appendonly no`,
    `medians of ${options.rounds} rounds of ${options.seconds} s; shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}; keys of 16 bytes, values of 64 where nothing else is said`,
  ]);
  printResults(results, failures);
}
