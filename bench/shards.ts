/**
 * `shards`: how throughput and server CPU a command change with the number of shards, SET and GET at P = 16.
 *
 * In every round each shard count gets a fresh server, all keys, a short and a full uncounted run of each test, and
 * one counted run; rounds go up and down in turns. A real Redis is measured among them for reference. Medians over
 * the rounds. On more than two cores redis-benchmark runs with as many threads as half the cores, at most 8: a single
 * thread of it cannot feed several shards. Client and server share the machine's cores.
 */
import fs from 'node:fs';
import {
  CLIENTS,
  fillKeyspace,
  KEYSPACE,
  type LoadResult,
  probeRequests,
  runLoad,
  VALUE_BYTES,
} from './load.ts';
import {
  bar,
  environment,
  format,
  median,
  printHeader,
  printJson,
  printTable,
  progress,
  progressDone,
  requireRedis,
} from './report.ts';
import {
  CPU_NOTE,
  durability,
  durabilityNote,
  type Launch,
  onLinux,
  redisLaunch,
  type Server,
  shardisLaunch,
  splitWords,
  withServers,
} from './servers.ts';

export interface ShardsOptions {
  max?: number;
  rounds: number;
  seconds: number;
  clientThreads?: number;
  csv?: string;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

type ShardsTest = 'set' | 'get';

interface Candidate {
  label: string;
  /** 0 stands for the Redis beside. */
  shards: number;
  launch: Launch;
  runs: Record<ShardsTest, LoadResult[]>;
}

interface Row {
  label: string;
  shards: number;
  test: ShardsTest;
  rps: number;
  cpuUs: number;
  coresBusy: number;
}

const TESTS: ShardsTest[] = ['set', 'get'];
const PIPELINE = 16;

async function measureOne(
  candidate: Candidate,
  server: Server,
  seconds: number,
  threads: number,
): Promise<void> {
  await fillKeyspace(server);
  for (const test of TESTS) {
    const load = { test, pipeline: PIPELINE, threads };
    const probe = await runLoad(server, { ...load, requests: probeRequests(test, PIPELINE) });
    const requests = probe.rps * seconds;
    await runLoad(server, { ...load, requests });
    candidate.runs[test].push(await runLoad(server, { ...load, requests }));
  }
}

function rowsOf(candidates: Candidate[]): Row[] {
  return TESTS.flatMap((test) =>
    candidates.map(({ label, shards, runs }) => ({
      label,
      shards,
      test,
      rps: median(runs[test].map((run) => run.rps)),
      cpuUs: median(runs[test].map((run) => run.cpuUs)),
      coresBusy: median(runs[test].map((run) => run.coresBusy)),
    })),
  );
}

function writeCsv(file: string, rows: Row[]): void {
  const lines = rows.map((row) => {
    const [server, shards] = row.shards === 0 ? ['redis', ''] : ['shardis', String(row.shards)];
    const cpu = Number.isNaN(row.cpuUs) ? '' : row.cpuUs.toFixed(3);
    return `${server},${shards},${row.test},${PIPELINE},${row.rps.toFixed(0)},${cpu}`;
  });
  fs.writeFileSync(
    file,
    `server,shards,test,pipeline,commands_per_second,cpu_us_per_command\n${lines.join('\n')}\n`,
  );
}

function printPlot(rows: Row[]): void {
  const labelWidth = Math.max(...rows.map((row) => row.label.length));
  for (const [title, of, decimals] of [
    ['commands a second', (row: Row) => row.rps, 0],
    ['server CPU µs a command', (row: Row) => row.cpuUs, 2],
  ] as const) {
    for (const test of TESTS) {
      const shown = rows.filter((row) => row.test === test && !Number.isNaN(of(row)));
      if (shown.length === 0) continue;
      const max = Math.max(...shown.map(of));
      console.log(`${test.toUpperCase()} P=${PIPELINE}, ${title}`);
      for (const row of shown) {
        console.log(
          `  ${row.label.padEnd(labelWidth)} │${bar(of(row), max, 50)} ${format(of(row), decimals)}`,
        );
      }
      console.log('');
    }
  }
}

export async function runShards(options: ShardsOptions): Promise<void> {
  requireRedis('redis-server', 'redis-benchmark');
  const env = environment();
  const max = options.max ?? env.cores;
  const threads = options.clientThreads ?? (env.cores > 2 ? Math.min(8, env.cores >> 1) : 1);
  const newRuns = (): Candidate['runs'] => ({ set: [], get: [] });
  const candidates: Candidate[] = [
    { label: 'Redis', shards: 0, launch: redisLaunch(splitWords(options.peerArgs ?? '')), runs: newRuns() },
  ];
  for (let shards = 1; shards <= max; shards++) {
    const launch = shardisLaunch(shards, options.serverCommand, splitWords(options.shardisArgs ?? ''));
    candidates.push({ label: `${shards} shard${shards === 1 ? '' : 's'}`, shards, launch, runs: newRuns() });
  }
  const said = new Set<string>();
  for (let round = 0; round < options.rounds; round++) {
    for (const candidate of round % 2 === 0 ? candidates : candidates.toReversed()) {
      progress(`round ${round + 1}/${options.rounds}: ${candidate.label}`);
      await withServers([candidate.launch], async ([server]) => {
        said.add(durabilityNote(server!, await durability(server!)));
        await measureOne(candidate, server!, options.seconds, threads);
      });
    }
  }
  progressDone();
  const rows = rowsOf(candidates);
  if (options.csv !== undefined) writeCsv(options.csv, rows);
  if (options.json) {
    printJson('shards', env, {
      options: { ...options, max, clientThreads: threads },
      servers: [...said],
      results: rows,
    });
    return;
  }
  printHeader('shards', env, [
    `redis-benchmark -c ${CLIENTS} -P ${PIPELINE} -d ${VALUE_BYTES} -r ${KEYSPACE}${threads > 1 ? ` --threads ${threads}` : ''}, all keys filled before`,
    `${options.rounds} rounds of about ${options.seconds} s a run, medians; client and server share this machine's cores`,
    ...said,
    ...(onLinux ? [] : [CPU_NOTE]),
  ]);
  printTable(
    [
      { title: 'test', align: 'left' },
      { title: 'server', align: 'left' },
      { title: 'commands/s' },
      { title: 'CPU µs/cmd' },
      { title: 'cores busy' },
    ],
    rows.map((row) => [
      row.test.toUpperCase(),
      row.label,
      format(row.rps),
      format(row.cpuUs, 2),
      format(row.coresBusy, 2),
    ]),
  );
  printPlot(rows);
  if (options.csv !== undefined) console.log(`written: ${options.csv}\n`);
}
