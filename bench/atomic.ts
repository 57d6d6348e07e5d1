/**
 * `atomic`: transactions, commands over several shards, blocking and publish/subscribe beside a real Redis.
 *
 * Parts, of which `--only` picks some: (a) MULTI with five SETs, (b) MSET over two shards, (c) the hand-over of an
 * element to a waiting BLPOP, (d) PUBLISH to 100 subscribers, (e) GET beside coordinated commands. Neither server keeps
 * anything on disk. The parts start servers of their own; servers take turns and medians are reported, as in `compare`.
 * A wrong reply ends the part with a line that shows it; a part that a server lacks the commands for is not measured.
 */
import { besideCoordinated } from './atomic/beside.ts';
import { handOver } from './atomic/hand-over.ts';
import { multiSet } from './atomic/multi-set.ts';
import { publish } from './atomic/publish.ts';
import type { AtomicOptions } from './atomic/servers.ts';
import { transactions } from './atomic/transactions.ts';
import { type Parts, printResults, runParts } from './figures.ts';
import { environment, printHeader, printJson, requireRedis } from './report.ts';

const PARTS: Parts<AtomicOptions> = {
  a: transactions,
  b: multiSet,
  c: handOver,
  d: publish,
  e: besideCoordinated,
};

export const ATOMIC_PARTS: string[] = Object.keys(PARTS);

export async function runAtomic(options: AtomicOptions): Promise<void> {
  requireRedis('redis-server', 'redis-benchmark');
  const env = environment();
  const { results, failures } = await runParts(PARTS, options);
  if (options.json) {
    printJson('atomic', env, { options, results, failures });
    return;
  }
  printHeader('atomic', env, [
    'both with save "" and appendonly no; server CPU is that of the whole process',
    `medians of ${options.rounds} rounds of ${options.seconds} s; keys of 16 bytes out of 100,000, values of 64 bytes`,
  ]);
  printResults(results, failures);
}
