/**
 * How many of the requests of a trace find their key, for each eviction policy as the server runs it (a keyspace with that policy,
 * limited in the number of its keys), beside exact LRU, exact LFU, Belady's optimum, and a real Redis's allkeys-lru and
 * allkeys-lfu. A request is GET, and SET when it misses. The caches hold 0.1 %, 1 % and 10 % of the trace's distinct keys.
 *
 * The keyspace's clock goes on with the requests, 100,000 to a second, about as fast as Redis is asked: where a
 * policy looks at seconds it is to see as many of them as Redis does.
 */
import { beladyHits } from '../src/advise/caches/belady.ts';
import type { DenseTrace } from '../src/advise/caches/dense-ids.ts';
import { ExactLfu, ExactLru } from '../src/advise/caches/exact.ts';
import { EVICTION_POLICIES, type EvictionPolicyName } from '../src/base/eviction-policies.ts';
import { Random } from '../src/base/random.ts';
import { Keyspace } from '../src/store/keyspace.ts';
import { replayOnRedis } from './hitratio-redis.ts';
import { readTrace } from './hitratio-traces.ts';
import {
  environment,
  format,
  printHeader,
  printJson,
  printTable,
  progress,
  progressDone,
  requireRedis,
} from './report.ts';

const PARTS = [0.001, 0.01, 0.1];
const REQUESTS_PER_MS = 100;
const KEY_BYTES = 10;
const VALUE_BYTES = 64;
const POLICIES = EVICTION_POLICIES.filter((name) => name.startsWith('allkeys-'));
/** What is to be nowhere worse than Redis by more than so much. */
const DEFAULT_POLICY = 'allkeys-s3fifo';
const TOLERANCE = 0.002;

export interface HitRatioOptions {
  traces: string[];
  requests: number;
  redis: boolean;
  json?: boolean;
}

interface HitRatioRow {
  trace: string;
  capacity: number;
  ratios: Record<string, number>;
  /** How many keys Redis had on average, by policy. */
  redisKeys: Record<string, number>;
}

export async function runHitRatio(options: HitRatioOptions): Promise<void> {
  if (options.redis) requireRedis('redis-server');
  const rows: HitRatioRow[] = [];
  const missing: string[] = [];
  for (const name of options.traces) {
    const trace = readTrace(name, options.requests);
    if (typeof trace === 'string') missing.push(`trace ${name} is left out: ${trace}`);
    else for (const part of PARTS) rows.push(await measure(name, trace, part, options.redis));
  }
  progressDone();
  const env = environment();
  if (options.json) printJson('hitratio', env, { rows, missing });
  else {
    printHeader('hit ratios of the eviction policies', env, [
      `the first ${format(options.requests)} requests of each trace; caches hold 0.1 %, 1 % and 10 % of its distinct keys`,
      ...missing,
    ]);
    print(rows);
  }
}

async function measure(name: string, trace: DenseTrace, part: number, redis: boolean): Promise<HitRatioRow> {
  const { ids, count } = trace;
  const capacity = Math.max(2, Math.round(count * part));
  const ratios: Record<string, number> = {};
  const note = (what: string) => progress(`${name}, ${capacity} keys: ${what}`);
  const lru = new ExactLru(count, capacity);
  const lfu = new ExactLfu(count, capacity);
  let lruHits = 0;
  let lfuHits = 0;
  note('exact caches');
  for (let i = 0; i < ids.length; i++) {
    if (lru.access(ids[i]!)) lruHits++;
    if (lfu.access(ids[i]!)) lfuHits++;
  }
  ratios['exact LRU'] = lruHits / ids.length;
  ratios['exact LFU'] = lfuHits / ids.length;
  ratios.Belady = beladyHits(ids, count, capacity) / ids.length;
  for (const policy of POLICIES) {
    note(policy);
    ratios[policy] = replay(trace, policy, capacity);
  }
  const redisKeys: Record<string, number> = {};
  for (const policy of redis ? ['allkeys-lru', 'allkeys-lfu'] : []) {
    note(`Redis ${policy}`);
    const run = await replayOnRedis(trace, policy, capacity);
    ratios[`Redis ${policy}`] = run.hitRatio;
    redisKeys[policy] = run.keys;
  }
  return { trace: name, capacity, ratios, redisKeys };
}

/** The hit ratio of a keyspace that evicts before it takes in a key for which there is no place. */
function replay({ ids, count }: DenseTrace, policy: EvictionPolicyName, capacity: number): number {
  let nowMs = 1_700_000_000_000;
  const random = new Random(1);
  const keyspace = new Keyspace({
    databases: 1,
    seed: { k0: 1, k1: 2 },
    now: () => nowMs,
    random: () => random.next(),
  });
  keyspace.setEviction(policy, { samples: 5, lfuLogFactor: 10, lfuDecayMinutes: 1 });
  const keys = Buffer.alloc(count * KEY_BYTES);
  const hashes = new Int32Array(count);
  for (let id = 0; id < count; id++) {
    const start = id * KEY_BYTES;
    keys.write(String(id).padStart(KEY_BYTES, '0'), start, 'latin1');
    hashes[id] = keyspace.hash(keys, start, start + KEY_BYTES);
  }
  const value = new Uint8Array(VALUE_BYTES);
  let hits = 0;
  for (let i = 0; i < ids.length; i++) {
    if (i % REQUESTS_PER_MS === 0) nowMs++;
    const id = ids[i]!;
    const start = id * KEY_BYTES;
    const end = start + KEY_BYTES;
    if (keyspace.find(0, keys, start, end, hashes[id]!) !== 0) {
      hits++;
      continue;
    }
    if (keyspace.size(0) >= capacity) keyspace.evict();
    keyspace.setString(0, keys, start, end, hashes[id]!, value, 0, VALUE_BYTES, -1);
  }
  return hits / ids.length;
}

function print(rows: HitRatioRow[]): void {
  const names = Object.keys(rows[0]?.ratios ?? {});
  const hasRedis = names.some((name) => name.startsWith('Redis'));
  const percent = (ratio: number) => format(ratio * 100, 2);
  printTable(
    [
      { title: 'trace', align: 'left' },
      { title: 'keys', align: 'right' },
      ...names.map((title) => ({ title: title.replace('allkeys-', ''), align: 'right' as const })),
      ...(hasRedis ? [{ title: 'against Redis', align: 'right' as const }] : []),
    ],
    rows.map((row) => {
      const cells = [row.trace, format(row.capacity), ...names.map((name) => percent(row.ratios[name]!))];
      return hasRedis ? [...cells, advantage(row).text] : cells;
    }),
  );
  if (!hasRedis) return;
  const behind = rows.filter((row) => advantage(row).points < -TOLERANCE * 100);
  console.log(
    behind.length === 0
      ? `${DEFAULT_POLICY} reaches Redis's better policy in every row, to ${TOLERANCE * 100} points.`
      : `${DEFAULT_POLICY} is behind Redis's better policy by more than ${TOLERANCE * 100} points in ${behind.length} rows.`,
  );
  const strays = rows.flatMap((row) =>
    Object.values(row.redisKeys).map((keys) => Math.abs(keys / row.capacity - 1)),
  );
  console.log(
    `Redis held the wanted number of keys to ${format(Math.max(...strays) * 100, 1)} % on average.`,
  );
}

/** Points by which the default policy is before the better one of Redis's. */
function advantage({ ratios }: HitRatioRow): { points: number; text: string } {
  const best = Math.max(ratios['Redis allkeys-lru']!, ratios['Redis allkeys-lfu']!);
  const points = (ratios[DEFAULT_POLICY]! - best) * 100;
  return { points, text: `${points < 0 ? '' : '+'}${points.toFixed(2)}` };
}
