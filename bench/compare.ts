/**
 * `compare`: shardis beside a real Redis on this machine under the same redis-benchmark.
 *
 * Both servers are started and stay up for all the rounds. All keys and counters exist before anything is counted.
 * Each (test, pipeline) first runs uncounted against both, once short to find how many requests fill the wanted seconds
 * (the same number for both servers) and once full, so that a just-in-time compiler has seen it. Then every round runs
 * everything once, the two servers right after one another, and rounds take turns at who goes first. Reported are the
 * medians over the rounds and the ratio of the medians; for CPU also the range of the ratio within single rounds.
 * A command of MSET is one MSET of 10 keys.
 *
 * One process can be about 10 %, at times more, cheaper or dearer a command than the next of the same program, for as
 * long as it lives (it depends on where its memory came to lie). Rounds cannot average that out; `--processes N` starts both
 * servers anew N times and takes the medians over all of their rounds. To see how much of a difference is noise, let a
 * second Redis stand in for shardis: `--server-command "redis-server --port {port} --save ''"`.
 */
import {
  CLIENTS,
  checkKeys,
  fillKeyspace,
  KEYSPACE,
  type LoadOptions,
  type LoadResult,
  probeRequests,
  runLoad,
  supports,
  type TestName,
  VALUE_BYTES,
} from './load.ts';
import {
  BenchError,
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
  onLinux,
  redisLaunch,
  type Server,
  shardisLaunch,
  splitWords,
  withServers,
} from './servers.ts';

export interface CompareOptions {
  rounds: number;
  /** How often both servers are started anew, with all the rounds each time. */
  processes: number;
  shards: number;
  tests: TestName[];
  pipelines: number[];
  /** Wanted length of one run. */
  seconds: number;
  clientThreads: number;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

interface Point {
  test: TestName;
  pipeline: number;
  requests: number;
  redis: LoadResult[];
  shardis: LoadResult[];
}

interface Medians {
  rps: number;
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  cpuUs: number;
  coresBusy: number;
}

interface Summary {
  test: TestName;
  pipeline: number;
  redis: Medians;
  shardis: Medians;
  rpsRatio: number;
  cpuRatio: number;
  cpuRatioMin: number;
  cpuRatioMax: number;
}

interface Target {
  figure: 'cpu' | 'throughput';
  test: TestName;
  pipeline: number;
  /** shardis / Redis: at most this for CPU, at least this for throughput. */
  bound: number;
}

/** What the product wants to reach with one shard. */
const TARGETS: Target[] = [
  { figure: 'cpu', test: 'get', pipeline: 1, bound: 1.1 },
  { figure: 'cpu', test: 'get', pipeline: 16, bound: 0.85 },
  { figure: 'cpu', test: 'get', pipeline: 64, bound: 0.85 },
  { figure: 'cpu', test: 'set', pipeline: 1, bound: 1.4 },
  { figure: 'cpu', test: 'set', pipeline: 16, bound: 0.85 },
  { figure: 'cpu', test: 'set', pipeline: 64, bound: 0.85 },
  { figure: 'throughput', test: 'get', pipeline: 1, bound: 0.95 },
  { figure: 'throughput', test: 'get', pipeline: 16, bound: 1.2 },
  { figure: 'throughput', test: 'get', pipeline: 64, bound: 1.2 },
  { figure: 'throughput', test: 'set', pipeline: 1, bound: 0.75 },
  { figure: 'throughput', test: 'set', pipeline: 16, bound: 1.2 },
  { figure: 'throughput', test: 'set', pipeline: 64, bound: 1.2 },
];

/** Fills and warms up; into an empty `points` it also puts what is to be measured, with the number of requests. */
async function prepare(options: CompareOptions, servers: Server[], points: Point[]): Promise<void> {
  for (const server of servers) {
    for (const test of options.tests) {
      if (!(await supports(server, test))) {
        throw new BenchError(`${server.name} does not do ${test.toUpperCase()}: leave it out with --tests`);
      }
    }
    progress(`filling ${server.name}`);
    await fillKeyspace(server);
  }
  for (const test of options.tests) {
    for (const pipeline of options.pipelines) {
      progress(`warming up ${test} P=${pipeline}`);
      const load = { test, pipeline, threads: options.clientThreads };
      let point = points.find((one) => one.test === test && one.pipeline === pipeline);
      if (point === undefined) {
        const batch = CLIENTS * pipeline;
        const wanted = (await probe(servers, load)) * options.seconds;
        const requests = Math.max(1, Math.round(wanted / batch)) * batch;
        point = { test, pipeline, requests, redis: [], shardis: [] };
        points.push(point);
      }
      for (const server of servers) await runLoad(server, { ...load, requests: point.requests });
    }
  }
}

/** Commands a second, the mean of the servers, in a short run against each. */
async function probe(
  servers: Server[],
  load: Omit<LoadOptions, 'requests' | 'test'> & { test: TestName },
): Promise<number> {
  let rate = 0;
  for (const server of servers) {
    const result = await runLoad(server, { ...load, requests: probeRequests(load.test, load.pipeline) });
    rate += result.rps / servers.length;
  }
  return rate;
}

async function measure(options: CompareOptions, servers: Server[], points: Point[]): Promise<void> {
  for (let round = 0; round < options.rounds; round++) {
    const order = round % 2 === 0 ? servers : servers.toReversed();
    for (const point of points) {
      for (const server of order) {
        progress(`round ${round + 1}/${options.rounds}: ${point.test} P=${point.pipeline} ${server.name}`);
        const { test, pipeline, requests } = point;
        point[server.name].push(
          await runLoad(server, { test, pipeline, requests, threads: options.clientThreads }),
        );
      }
    }
  }
  for (const server of servers) await checkKeys(server, 'key:', KEYSPACE, VALUE_BYTES);
}

function mediansOf(results: LoadResult[]): Medians {
  const of = (key: keyof Medians) => median(results.map((result) => result[key]));
  return {
    rps: of('rps'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    p999Ms: of('p999Ms'),
    cpuUs: of('cpuUs'),
    coresBusy: of('coresBusy'),
  };
}

function summarize(point: Point): Summary {
  const redis = mediansOf(point.redis);
  const shardis = mediansOf(point.shardis);
  const cpuRatios = point.shardis.map((result, round) => result.cpuUs / point.redis[round]!.cpuUs);
  return {
    test: point.test,
    pipeline: point.pipeline,
    redis,
    shardis,
    rpsRatio: shardis.rps / redis.rps,
    cpuRatio: shardis.cpuUs / redis.cpuUs,
    cpuRatioMin: Math.min(...cpuRatios),
    cpuRatioMax: Math.max(...cpuRatios),
  };
}

function judge(target: Target, summaries: Summary[]) {
  const summary = summaries.find((one) => one.test === target.test && one.pipeline === target.pipeline);
  const measured = (target.figure === 'cpu' ? summary?.cpuRatio : summary?.rpsRatio) ?? Number.NaN;
  const reached = target.figure === 'cpu' ? measured <= target.bound : measured >= target.bound;
  return { ...target, measured, verdict: Number.isNaN(measured) ? 'not measured' : reached ? 'ok' : 'miss' };
}

function printResults(summaries: Summary[]): void {
  const rows = summaries.flatMap((summary) =>
    (['redis', 'shardis'] as const).map((name) => {
      const { rps, p50Ms, p99Ms, p999Ms, cpuUs, coresBusy } = summary[name];
      const ratios = [format(summary.rpsRatio, 2), format(summary.cpuRatio, 2)];
      ratios.push(onLinux ? `${format(summary.cpuRatioMin, 2)}–${format(summary.cpuRatioMax, 2)}` : '-');
      return [
        name === 'redis' ? `${summary.test.toUpperCase()} P=${summary.pipeline}` : '',
        name,
        format(rps),
        ...[p50Ms, p99Ms, p999Ms].map((ms) => format(ms, 3)),
        format(cpuUs, 2),
        format(coresBusy, 2),
        ...(name === 'shardis' ? ratios : []),
      ];
    }),
  );
  printTable(
    [
      { title: 'test', align: 'left' },
      { title: 'server', align: 'left' },
      { title: 'commands/s' },
      { title: 'p50 ms' },
      { title: 'p99 ms' },
      { title: 'p99.9 ms' },
      { title: 'CPU µs/cmd' },
      { title: 'cores busy' },
      { title: 'rps ratio' },
      { title: 'CPU ratio' },
      { title: 'in rounds' },
    ],
    rows,
  );
}

function printTargets(verdicts: ReturnType<typeof judge>[]): void {
  const rows = verdicts.map(({ figure, test, pipeline, bound, measured, verdict }) => [
    `${figure === 'cpu' ? 'CPU a command' : 'throughput'}, ${test.toUpperCase()} P=${pipeline}`,
    `${figure === 'cpu' ? '≤' : '≥'} ${bound.toFixed(2)}`,
    format(measured, 3),
    verdict,
  ]);
  printTable(
    [
      { title: 'target, shardis/Redis', align: 'left' },
      { title: 'wanted' },
      { title: 'measured' },
      { title: 'verdict', align: 'left' },
    ],
    rows,
  );
}

function notes(options: CompareOptions, said: string[]): string[] {
  return [
    `redis-benchmark -c ${CLIENTS} -d ${VALUE_BYTES} -r ${KEYSPACE}${options.clientThreads > 1 ? ` --threads ${options.clientThreads}` : ''}, all keys filled before; MSET sets 10 keys a command`,
    `${options.processes > 1 ? `${options.processes} times fresh servers with ` : ''}${options.rounds} rounds of about ${options.seconds} s a run, medians; shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}; client and servers share this machine's cores`,
    'latency at P > 1 is that of a whole pipeline, as redis-benchmark takes it',
    ...said,
    ...(onLinux ? [] : [CPU_NOTE]),
  ];
}

export async function runCompare(options: CompareOptions): Promise<void> {
  requireRedis('redis-server', 'redis-benchmark');
  const env = environment();
  const launches = [
    redisLaunch(splitWords(options.peerArgs ?? '')),
    shardisLaunch(options.shards, options.serverCommand, splitWords(options.shardisArgs ?? '')),
  ];
  const said = new Set<string>();
  const points: Point[] = [];
  for (let start = 0; start < options.processes; start++) {
    await withServers(launches, async (servers) => {
      for (const server of servers) said.add(durabilityNote(server, await durability(server)));
      await prepare(options, servers, points);
      await measure(options, servers, points);
    });
  }
  progressDone();
  const summaries = points.map(summarize);
  const verdicts = TARGETS.map((target) => judge(target, summaries));
  if (options.json) {
    printJson('compare', env, {
      options,
      servers: [...said],
      results: summaries,
      rounds: points,
      targets: verdicts,
    });
    return;
  }
  printHeader('compare', env, notes(options, [...said]));
  printResults(summaries);
  printTargets(verdicts);
}
