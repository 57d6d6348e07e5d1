/**
 * `types`: the commands of lists, hashes, sets, sorted sets and streams beside a real Redis.
 *
 * Parts, of which `--only` picks some: (a) the commands that redis-benchmark has tests for, and XADD, at P=16, (b) LRANGE,
 * (c) one sorted set of a million members, (d) resident memory of many small collections and of single large ones. Neither
 * server keeps anything on disk. Servers take turns and medians are reported, as in `compare`.
 */
import { type Parts, printResults, runParts } from './figures.ts';
import { environment, printHeader, printJson, requireRedis } from './report.ts';
import { footprint } from './types/footprint.ts';
import type { TypesOptions } from './types/servers.ts';
import { largeSortedSet, ranges, writes } from './types/throughput.ts';

const PARTS: Parts<TypesOptions> = { a: writes, b: ranges, c: largeSortedSet, d: footprint };

export const TYPES_PARTS: string[] = Object.keys(PARTS);

export async function runTypes(options: TypesOptions): Promise<void> {
  requireRedis('redis-server', 'redis-benchmark');
  const env = environment();
  const { results, failures } = await runParts(PARTS, options);
  if (options.json) {
    printJson('types', env, { options, results, failures });
    return;
  }
  printHeader('types', env, [
    'both with save "" and appendonly no; server CPU is that of the whole process',
    `medians of ${options.rounds} rounds of ${options.seconds} s; shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}`,
  ]);
  printResults(results, failures);
}
