/** What a server tells of its memory before it is watched: its limit, its policy, and what an entry takes. */
import { ESTIMATOR_DEFAULTS } from '../../advise/estimator.ts';
import type { Client } from '../client.ts';

export interface ServerState {
  readonly policy: string | undefined;
  /** 0: there is no limit. */
  readonly maxmemoryBytes: number;
  /** What sizes are told in parts of: the limit, or what is in use when there is none. */
  readonly baseBytes: number;
  /** What the server takes without a key. */
  readonly emptyBytes: number;
  /** What a key takes with its value, on average. */
  readonly entryBytes: number;
  /** From 0 to 1. */
  readonly expiringShare: number;
  readonly tuning: {
    readonly samples: number;
    readonly lfuLogFactor: number;
    readonly lfuDecayMinutes: number;
  };
  readonly notes: readonly string[];
}

/** So many random keys are asked for what they take. */
const KEYS_ASKED = 200;
const ENTRY_BYTES_UNKNOWN = 200;

interface Keyspace {
  readonly db: number;
  readonly keys: number;
  readonly expires: number;
}

/** Throws ConnectionError when the connection ends. What the server refuses to tell is made up for, and noted. */
export async function readServerState(client: Client): Promise<ServerState> {
  const notes: string[] = [];
  const memory = await info(client, 'memory');
  const keyspaces = keyspacesOf(await info(client, 'keyspace'));
  const keys = keyspaces.reduce((sum, one) => sum + one.keys, 0);
  const maxmemoryBytes = Number(memory.get('maxmemory') ?? (await config(client, 'maxmemory')) ?? 0);
  const policy = memory.get('maxmemory_policy') ?? (await config(client, 'maxmemory-policy'));
  const usedBytes = Number(memory.get('used_memory') ?? 0);
  const asked = await meanEntryBytes(client, keyspaces);
  const entryBytes = asked ?? datasetBytes(memory, keys) ?? ENTRY_BYTES_UNKNOWN;
  if (keys === 0)
    notes.push(`the server held no keys at the start: an entry is taken to be ${ENTRY_BYTES_UNKNOWN} bytes`);
  else notes.push(`an entry takes ${Math.round(entryBytes)} bytes on average`);
  if (maxmemoryBytes === 0) {
    notes.push(
      'the server has no limit (maxmemory 0): the present size is what it uses now, and nothing is evicted',
    );
  }
  const emptyBytes = Number(memory.get('used_memory_startup') ?? 0);
  return {
    policy,
    maxmemoryBytes,
    baseBytes: Math.max(maxmemoryBytes || usedBytes, emptyBytes + entryBytes),
    emptyBytes,
    entryBytes,
    expiringShare: keys === 0 ? 0 : keyspaces.reduce((sum, { expires }) => sum + expires, 0) / keys,
    tuning: {
      samples: (await setting(client, 'maxmemory-samples')) ?? ESTIMATOR_DEFAULTS.samples,
      lfuLogFactor: (await setting(client, 'lfu-log-factor')) ?? ESTIMATOR_DEFAULTS.lfuLogFactor,
      lfuDecayMinutes: (await setting(client, 'lfu-decay-time')) ?? ESTIMATOR_DEFAULTS.lfuDecayMinutes,
    },
    notes,
  };
}

/** What the server counts of requests; undefined when it does not tell. */
export async function countHits(client: Client): Promise<{ hits: number; misses: number } | undefined> {
  const stats = await info(client, 'stats');
  const hits = Number(stats.get('keyspace_hits'));
  const misses = Number(stats.get('keyspace_misses'));
  return Number.isNaN(hits + misses) ? undefined : { hits, misses };
}

async function info(client: Client, section: string): Promise<Map<string, string>> {
  const reply = await client.request('INFO', section);
  const fields = new Map<string, string>();
  if (!('text' in reply) || reply.type === 'error') return fields;
  for (const line of reply.text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line[0] !== '#') fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

async function config(client: Client, name: string): Promise<string | undefined> {
  const reply = await client.request('CONFIG', 'GET', name);
  if (!('items' in reply)) return undefined;
  const value = reply.items[1];
  return value !== undefined && 'text' in value ? value.text : undefined;
}

async function setting(client: Client, name: string): Promise<number | undefined> {
  const value = Number((await config(client, name)) ?? Number.NaN);
  return Number.isNaN(value) ? undefined : value;
}

function keyspacesOf(fields: ReadonlyMap<string, string>): Keyspace[] {
  return [...fields].flatMap(([name, text]) => {
    const [, keys, expires] = /^keys=(\d+),expires=(\d+)/.exec(text) ?? [];
    const db = /^db(\d+)$/.exec(name)?.[1];
    if (db === undefined || keys === undefined) return [];
    return [{ db: Number(db), keys: Number(keys), expires: Number(expires) }];
  });
}

function datasetBytes(memory: ReadonlyMap<string, string>, keys: number): number | undefined {
  const bytes = Number(memory.get('used_memory_dataset'));
  return keys > 0 && bytes > 0 ? bytes / keys : undefined;
}

/** Asks random keys of each database, as many as its share of all keys; undefined when the server tells of none. */
async function meanEntryBytes(client: Client, keyspaces: readonly Keyspace[]): Promise<number | undefined> {
  const all = keyspaces.reduce((sum, { keys }) => sum + keys, 0);
  let bytes = 0;
  let asked = 0;
  for (const { db, keys } of keyspaces) {
    if (keyspaces.length > 1 || db !== 0) await client.request('SELECT', String(db));
    for (let i = Math.ceil((KEYS_ASKED * keys) / all); i > 0; i--) {
      const key = await client.request('RANDOMKEY');
      if (key.type !== 'bulk') break;
      const words = ['MEMORY', 'USAGE'].map((word) => Buffer.from(word));
      const usage = await client.run([...words, Buffer.from(key.text, 'latin1')], () => {});
      if (usage?.type !== 'integer') continue;
      bytes += Number(usage.text);
      asked++;
    }
  }
  return asked === 0 ? undefined : bytes / asked;
}
