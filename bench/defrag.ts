/**
 * `defrag`: what it costs to move entries together and give memory back.
 *
 * - *Engine*: the storage engine alone, in this process. A million keys with values of one size, nine of ten deleted at random,
 *   then slices of 1 ms until there is nothing to gain: entries and bytes moved, and bytes given back, for each second of that; and
 *   the longest slice.
 * - *Server*: round trips of GET (read by the acceptor) and SET (on the shard, which also moves entries) on one connection, with
 *   nothing to move and while entries are moved at the default pace. For each round a server is filled and nine of ten
 *   keys are deleted. What the shard does meanwhile is told by INFO; samples of which it was through before the end are left out.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { randomHashSeed } from '../src/base/hash.ts';
import { Keyspace, NO_EXPIRY } from '../src/store/keyspace.ts';
import { ask } from './client.ts';
import { closedLoop } from './latency.ts';
import { fillKeyspace } from './load.ts';
import { environment, format, printHeader, printJson, printTable, progress, progressDone } from './report.ts';
import { residentBytes, type Server, shardisLaunch, splitWords, withServers } from './servers.ts';

export interface DefragOptions {
  keys: number;
  values: number[];
  rounds: number;
  shards: number;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

interface EngineRow {
  valueBytes: number;
  movedPerSecond: number;
  movedMbPerSecond: number;
  givenBackMbPerSecond: number;
  ms: number;
  longestMs: number;
}

interface ServerRow {
  test: 'get' | 'set';
  idle: RecordableHistogram;
  moving: RecordableHistogram;
}

const MB = 1e6;
const STAY = 0.1;
const SLICE_MS = 1;
const PREFIX = 'waste';
const SERVER_VALUE_BYTES = 200;
const DELETED_AT_ONCE = 1000;
/** Short, so that few samples are of the time after the last move. */
const sampleMs = 200;
const idleSamples = 10;

function measureEngine(keys: number, valueBytes: number): EngineRow {
  const nowMs = Date.now();
  const keyspace = new Keyspace({ databases: 1, seed: randomHashSeed(), now: () => nowMs });
  const value = new Uint8Array(valueBytes);
  const gone: Buffer[] = [];
  for (let i = 0; i < keys; i++) {
    const key = Buffer.from(`key:${String(i).padStart(12, '0')}`, 'latin1');
    const hash = keyspace.hash(key, 0, key.length);
    keyspace.setString(0, key, 0, key.length, hash, value, 0, valueBytes, NO_EXPIRY);
    if (Math.random() > STAY) gone.push(key);
  }
  for (const key of gone) keyspace.delete(0, key, 0, key.length, keyspace.hash(key, 0, key.length));
  const before = keyspace.arenaBytes;
  const entryBytes = keyspace.usedBytes / keyspace.size(0);
  const { compaction } = keyspace;
  let longestMs = 0;
  let ms = 0;
  do {
    const start = performance.now();
    compaction.run(SLICE_MS, false);
    const tookMs = performance.now() - start;
    ms += tookMs;
    longestMs = Math.max(longestMs, tookMs);
  } while (compaction.hasMore);
  const movedPerSecond = compaction.moved / (ms / 1000);
  return {
    valueBytes,
    movedPerSecond,
    movedMbPerSecond: (movedPerSecond * entryBytes) / MB,
    givenBackMbPerSecond: (before - keyspace.arenaBytes) / MB / (ms / 1000),
    ms,
    longestMs,
  };
}

async function infoOf(server: Server, field: string): Promise<number> {
  const [text] = await ask(server.port, [['INFO', 'everything']]);
  return Number(new RegExp(`^${field}:(.*)\\r`, 'm').exec(String(text))?.[1]);
}

/** Fills the server with what is then nine parts in ten waste. */
async function waste(server: Server, keys: number): Promise<void> {
  await ask(server.port, [['CONFIG', 'SET', 'activedefrag', 'no']]);
  await ask(server.port, [['DEBUG', 'POPULATE', String(keys), PREFIX, String(SERVER_VALUE_BYTES)]]);
  for (let i = 0; i < keys; i += DELETED_AT_ONCE) {
    const gone: string[] = [];
    const end = Math.min(keys, i + DELETED_AT_ONCE);
    for (let k = i; k < end; k++) if (Math.random() > STAY) gone.push(`${PREFIX}:${k}`);
    await ask(server.port, [['DEL', ...gone]]);
  }
}

function histogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 });
}

async function measureServer(server: Server, options: DefragOptions) {
  const rows: ServerRow[] = (['get', 'set'] as const).map((test) => ({
    test,
    idle: histogram(),
    moving: histogram(),
  }));
  const resident: { before: number; after: number }[] = [];
  await fillKeyspace(server);
  for (let round = 0; round < options.rounds; round++) {
    for (const { test, idle, moving } of rows) {
      progress(`${test} round ${round + 1}/${options.rounds}`);
      await waste(server, options.keys);
      await closedLoop(server, test, sampleMs, null);
      for (let i = 0; i < idleSamples; i++) await closedLoop(server, test, sampleMs, idle);
      const before = residentBytes(server.pid);
      await ask(server.port, [['CONFIG', 'SET', 'activedefrag', 'yes']]);
      for (;;) {
        const sample = histogram();
        await closedLoop(server, test, sampleMs, sample);
        if (moving.count > 0 && (await infoOf(server, 'active_defrag_running')) === 0) break;
        moving.add(sample);
      }
      await ask(server.port, [['MEMORY', 'PURGE']]);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      resident.push({ before, after: residentBytes(server.pid) });
    }
  }
  return { rows, resident };
}

function figures(test: string, state: string, of: RecordableHistogram) {
  const [p50Us, p99Us, p999Us] = [50, 99, 99.9].map((percent) => of.percentile(percent) / 1000);
  return {
    test,
    state,
    commands: of.count,
    p50Us: p50Us!,
    p99Us: p99Us!,
    p999Us: p999Us!,
    maxUs: of.max / 1000,
  };
}

export async function runDefrag(options: DefragOptions): Promise<void> {
  const env = environment();
  const engine = options.values.map((bytes) => {
    progress(`engine, values of ${bytes} bytes`);
    return measureEngine(options.keys, bytes);
  });
  const args = ['--enable-debug-command', 'yes', '--active-defrag-ignore-bytes', '1mb'];
  const launch = shardisLaunch(options.shards, options.serverCommand, [
    ...args,
    ...splitWords(options.shardisArgs ?? ''),
  ]);
  const { rows, resident } = await withServers([launch], ([server]) => measureServer(server!, options));
  progressDone();
  const latency = rows.flatMap(({ test, idle, moving }) => [
    figures(test, 'idle', idle),
    figures(test, 'moving', moving),
  ]);
  if (options.json) {
    printJson('defrag', env, { options, engine, latency, resident });
    return;
  }
  printHeader('defrag', env, [
    `${options.keys} keys, nine of ten deleted at random; slices of ${SLICE_MS} ms`,
    `server: values of ${SERVER_VALUE_BYTES} bytes, ${options.shards} shard${options.shards === 1 ? '' : 's'}, the default pace`,
  ]);
  printEngine(engine);
  printLatency(latency);
  const ends = resident.map(({ before, after }) => `${format(before / MB)} → ${format(after / MB)}`);
  console.log(`\nresident MB before, and after MEMORY PURGE: ${ends.join(', ')}`);
}

function printEngine(rows: EngineRow[]): void {
  printTable(
    [
      { title: 'value bytes' },
      { title: 'entries moved/s' },
      { title: 'MB moved/s' },
      { title: 'MB given back/s' },
      { title: 'ms in all' },
      { title: 'longest slice ms' },
    ],
    rows.map((row) => [
      format(row.valueBytes),
      format(row.movedPerSecond),
      format(row.movedMbPerSecond),
      format(row.givenBackMbPerSecond),
      format(row.ms),
      format(row.longestMs, 2),
    ]),
  );
}

function printLatency(rows: ReturnType<typeof figures>[]): void {
  printTable(
    [
      { title: 'test', align: 'left' },
      { title: 'state', align: 'left' },
      { title: 'commands' },
      { title: 'p50 µs' },
      { title: 'p99 µs' },
      { title: 'p99.9 µs' },
      { title: 'max µs' },
    ],
    rows.map((row) => [
      row.test.toUpperCase(),
      row.state,
      format(row.commands),
      ...[row.p50Us, row.p99Us, row.p999Us, row.maxUs].map((us) => format(us, 1)),
    ]),
  );
}
