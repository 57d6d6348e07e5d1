/**
 * How large the heaps of shards may become. Collections are on them, in part, and all of the data may be collections of one shard. The
 * engine's default is 4 GB at most, whatever the machine has, beyond which the thread dies. So:
 *
 * - the old generation of each shard may have as much as the machine (or the container) has: `maxmemory`, which may change, is what
 *   limits data, and a shard whose heap nears its end refuses what would add to it (see shard/heap-room.ts)
 * - the young generation is a half of the default: commands leave hardly any garbage, and its size is paid for once for each shard
 *
 * What is said by Node's own options, --max-old-space-size and --max-semi-space-size, is left as it is.
 */
import os from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';

const MIB = 1 << 20;
const YOUNG_MB = 24;

/** For a shard's thread, when Node was given these options, and has so much memory. */
export function heapLimits(
  nodeOptions: string = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' '),
  memoryBytes: number = machineBytes(),
): ResourceLimits {
  const limits: ResourceLimits = {};
  if (!/--max[-_]old[-_]space[-_]size/.test(nodeOptions)) {
    limits.maxOldGenerationSizeMb = Math.max(64, Math.floor(memoryBytes / MIB));
  }
  if (!/--max[-_]semi[-_]space[-_]size/.test(nodeOptions)) limits.maxYoungGenerationSizeMb = YOUNG_MB;
  return limits;
}

/** Of the machine, or what the system lets this process have of it. */
function machineBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, os.totalmem()) : os.totalmem();
}
