/**
 * `acl`: what the rules of a user cost a command. One server, two users under the same redis-benchmark: `default`,
 * who may do everything, and one of many users with rules of their own, each with categories of commands and a list of key
 * patterns of which the last is the one that the keys match. Rounds take turns at who goes first. Reported are
 * medians of the server's CPU time a command over the rounds, and their ratio.
 */
import { ask } from './client.ts';
import {
  CLIENTS,
  fillKeyspace,
  KEYSPACE,
  type LoadResult,
  probeRequests,
  runLoad,
  type TestName,
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
import { CPU_NOTE, onLinux, type Server, shardisLaunch, splitWords, withServers } from './servers.ts';

export interface AclOptions {
  rounds: number;
  shards: number;
  seconds: number;
  users: number;
  patterns: number;
  pipeline: number;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

const TESTS: readonly TestName[] = ['get', 'set'];
const PASSWORD = 'bench';
/** What the rules of a user may cost at most. */
const RATIO_MAX = 1.1;

type Who = 'default' | 'restricted';
type Results = Record<Who, LoadResult[]>;

function userName(index: number): string {
  return `user-${index}`;
}

/** Rules as a service would have them: prefixes of its own, some only to be read, a few real globs. */
function rulesOf(index: number, patterns: number): string[] {
  const keys: string[] = [];
  for (let i = 0; i < patterns - 1; i++) {
    const prefix = `tenant:${index}:part:${i}`;
    keys.push(i % 5 === 4 ? `~${prefix}:[a-f]*:tmp` : i % 5 === 3 ? `%R~${prefix}:*` : `~${prefix}:*`);
  }
  return ['on', `>${PASSWORD}`, ...keys, '~key:*', '+@all', '-@dangerous', '-@admin', '-@scripting'];
}

async function createUsers(server: Server, options: AclOptions): Promise<void> {
  const commands = Array.from({ length: options.users }, (_, index) => [
    ...['ACL', 'SETUSER', userName(index)],
    ...rulesOf(index, options.patterns),
  ]);
  const replies = await ask(server.port, commands);
  const wrong = replies.find((reply) => reply !== 'OK');
  if (wrong !== undefined) throw new BenchError(`ACL SETUSER was answered ${String(wrong)}`);
}

async function measure(options: AclOptions, server: Server): Promise<Map<TestName, Results>> {
  progress('filling');
  await fillKeyspace(server);
  await createUsers(server, options);
  const logIn = { user: userName(options.users >> 1), password: PASSWORD };
  const { pipeline } = options;
  const results = new Map<TestName, Results>();
  for (const test of TESTS) {
    progress(`warming up ${test}`);
    const load = { test, pipeline };
    const { rps } = await runLoad(server, { ...load, requests: probeRequests(test, pipeline) });
    const batch = CLIENTS * pipeline;
    const requests = Math.max(1, Math.round((rps * options.seconds) / batch)) * batch;
    const runs: Results = { default: [], restricted: [] };
    results.set(test, runs);
    // The first round is not counted: a just-in-time compiler has then seen both.
    for (let round = -1; round < options.rounds; round++) {
      const order: Who[] = round % 2 === 0 ? ['default', 'restricted'] : ['restricted', 'default'];
      for (const who of order) {
        progress(`round ${round + 1}/${options.rounds}: ${test} ${who}`);
        const result = await runLoad(server, { ...load, requests, ...(who === 'restricted' && { logIn }) });
        if (round >= 0) runs[who].push(result);
      }
    }
  }
  return results;
}

function summarize(test: TestName, runs: Results) {
  const cpuUs = (who: Who) => median(runs[who].map((result) => result.cpuUs));
  const rps = (who: Who) => median(runs[who].map((result) => result.rps));
  const ratios = runs.restricted.map((result, round) => result.cpuUs / runs.default[round]!.cpuUs);
  return {
    test,
    default: { cpuUs: cpuUs('default'), rps: rps('default') },
    restricted: { cpuUs: cpuUs('restricted'), rps: rps('restricted') },
    cpuRatio: cpuUs('restricted') / cpuUs('default'),
    cpuRatioMin: Math.min(...ratios),
    cpuRatioMax: Math.max(...ratios),
  };
}

export async function runAcl(options: AclOptions): Promise<void> {
  requireRedis('redis-benchmark');
  const env = environment();
  const launch = shardisLaunch(options.shards, options.serverCommand, splitWords(options.shardisArgs ?? ''));
  const results = await withServers([launch], ([server]) => measure(options, server!));
  progressDone();
  const summaries = [...results].map(([test, runs]) => summarize(test, runs));
  if (options.json) {
    printJson('acl', env, { options, results: summaries });
    return;
  }
  printHeader('acl', env, [
    `redis-benchmark -c ${CLIENTS} -P ${options.pipeline} -r ${KEYSPACE}; one of ${options.users} users with ${options.patterns} key patterns, the last of which matches`,
    `${options.rounds} rounds of about ${options.seconds} s a run, medians; wanted: a CPU ratio of at most ${RATIO_MAX.toFixed(2)}`,
    ...(onLinux ? [] : [CPU_NOTE]),
  ]);
  printTable(
    [
      { title: 'test', align: 'left' },
      { title: 'default µs/cmd' },
      { title: 'restricted µs/cmd' },
      { title: 'CPU ratio' },
      { title: 'in rounds' },
    ],
    summaries.map((summary) => [
      `${summary.test.toUpperCase()} P=${options.pipeline}`,
      format(summary.default.cpuUs, 3),
      format(summary.restricted.cpuUs, 3),
      format(summary.cpuRatio, 3),
      `${format(summary.cpuRatioMin, 2)}–${format(summary.cpuRatioMax, 2)}`,
    ]),
  );
}
