/**
 * Eviction in the keyspace alone, without network or threads: a keyspace full of keys, into which new keys go, each after one eviction.
 * For each policy: evictions a second of CPU time, alone and with the insertion that each makes room for; and the overhead of a key
 * in bytes, the policy's own memory included, beside that of the same keys without a policy.
 */
import { EVICTION_POLICIES, type EvictionPolicyName } from '../src/base/eviction-policies.ts';
import { Keyspace } from '../src/store/keyspace.ts';
import { environment, format, printHeader, printJson, printTable } from './report.ts';

const KEY_BYTES = 16;
const VALUE_BYTES = 64;
const OVERHEAD_BYTES_MAX = 40;
/** A key's expiry in the entry, which volatile policies need. */
const EXPIRY_BYTES = 8;
const LATER_MS = 1_000_000_000;
/** Evictions between two looks at the clock, as in a batch of requests. */
const BATCH = 256;

/** All that evict. */
export const EVICTING_POLICIES = EVICTION_POLICIES.filter((policy) => policy !== 'noeviction');

export interface EvictionsOptions {
  keys: number;
  policies: readonly EvictionPolicyName[];
  seconds: number;
  json?: boolean;
}

interface EvictionRow {
  policy: EvictionPolicyName;
  evictionsPerSecond: number;
  withInsertionPerSecond: number;
  overheadBytes: number;
  /** Of that, what is there without a policy as well. */
  engineBytes: number;
}

export async function runEvictions(options: EvictionsOptions): Promise<void> {
  const rows = options.policies.map((policy) => measure(policy, options));
  const env = environment();
  if (options.json) {
    printJson('evictions', env, { rows });
    return;
  }
  printHeader('evictions of the keyspace alone', env, [
    `${format(options.keys)} keys of ${KEY_BYTES} bytes with values of ${VALUE_BYTES}; each eviction makes room for a new key`,
    `overhead: all but key and value, and the expiry (${EXPIRY_BYTES} bytes, volatile policies); the target is ${OVERHEAD_BYTES_MAX} bytes`,
  ]);
  printTable(
    [
      { title: 'policy', align: 'left' },
      { title: 'evictions/s', align: 'right' },
      { title: 'with insertion', align: 'right' },
      { title: 'overhead a key', align: 'right' },
      { title: 'without policy', align: 'right' },
    ],
    rows.map((row) => [
      row.policy,
      format(row.evictionsPerSecond),
      format(row.withInsertionPerSecond),
      format(row.overheadBytes, 1),
      format(row.engineBytes, 1),
    ]),
  );
}

function measure(policy: EvictionPolicyName, { keys, seconds }: EvictionsOptions): EvictionRow {
  let nowMs = Date.now();
  const keyspace = new Keyspace({ databases: 16, seed: { k0: 1, k1: 2 }, now: () => nowMs });
  const key = Buffer.alloc(KEY_BYTES, 'key:000000000000', 'latin1');
  const value = new Uint8Array(VALUE_BYTES).fill(120);
  const isVolatile = policy.startsWith('volatile-');
  keyspace.setEviction(policy, { samples: 5, lfuLogFactor: 10, lfuDecayMinutes: 1 });
  let next = 0;
  const insert = (): void => {
    for (let at = KEY_BYTES - 1, rest = next++; at >= 4; at--, rest = (rest / 10) | 0)
      key[at] = 48 + (rest % 10);
    const hash = keyspace.hash(key, 0, KEY_BYTES);
    const expiresAt = isVolatile ? nowMs + LATER_MS + next : -1;
    keyspace.setString(0, key, 0, KEY_BYTES, hash, value, 0, VALUE_BYTES, expiresAt);
  };
  for (let i = 0; i < keys; i++) insert();
  let evictions = 0;
  let evictingUs = 0;
  let allUs = 0;
  const churn = (until: () => boolean): void => {
    while (!until()) {
      nowMs = Date.now();
      const begun = cpuUs();
      for (let i = 0; i < BATCH; i++) if (keyspace.evict()) evictions++;
      const evicted = cpuUs();
      for (let i = 0; i < BATCH; i++) insert();
      evictingUs += evicted - begun;
      allUs += cpuUs() - begun;
    }
  };
  // The first turnover fills what the policy keeps of its own.
  churn(() => evictions >= keys);
  evictions = 0;
  evictingUs = 0;
  allUs = 0;
  churn(() => allUs >= seconds * 1e6);
  const size = keyspace.size(0);
  const engine = keyspace.usedBytes + keyspace.indexBytes;
  const content = KEY_BYTES + VALUE_BYTES + (isVolatile ? EXPIRY_BYTES : 0);
  return {
    policy,
    evictionsPerSecond: Math.round((evictions / evictingUs) * 1e6),
    withInsertionPerSecond: Math.round((evictions / allUs) * 1e6),
    overheadBytes: (engine + keyspace.evictionBytes) / size - content,
    engineBytes: engine / size - content,
  };
}

/** CPU time of this process. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
