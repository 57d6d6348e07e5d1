/**
 * `npm run bench -- <name> [options]`: the benchmarks' command line. Each benchmark stands in a file of its name,
 * whose head says what exactly it measures; this file only reads options and calls them.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { runAccounting } from './accounting.ts';
import { runAcl } from './acl.ts';
import { runAdviseBench } from './advise.ts';
import { ATOMIC_PARTS, runAtomic } from './atomic.ts';
import { runCompare } from './compare.ts';
import { runDefrag } from './defrag.ts';
import { PART_NAMES, runDurability } from './durability.ts';
import { EVICTION_PARTS, runEviction } from './eviction.ts';
import { EVICTING_POLICIES, runEvictions } from './evictions.ts';
import { runHitRatio } from './hitratio.ts';
import { TRACE_NAMES } from './hitratio-traces.ts';
import { runLatency } from './latency.ts';
import { TEST_NAMES, type TestName } from './load.ts';
import { runMemory } from './memory.ts';
import { BenchError, progressDone } from './report.ts';
import { runShards } from './shards.ts';
import { runStartup } from './startup.ts';
import { runTls } from './tls.ts';
import { runTypes, TYPES_PARTS } from './types.ts';

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('it must be a positive number');
  return value;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('it must be a whole number from 1');
  return Number(text);
}

function counts(text: string): number[] {
  return text.split(',').map(count);
}

function tests(text: string): TestName[] {
  const names = text.toLowerCase().split(',');
  const unknown = names.find((name) => !(TEST_NAMES as string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`it must be of ${TEST_NAMES.join(', ')}`);
  return names as TestName[];
}

/** A parser of lists of the parts that a benchmark has. */
function partsOf(known: string[]): (text: string) => string[] {
  return (text) => {
    const names = text.toLowerCase().split(',');
    const isKnown = names.every((name) => known.includes(name));
    if (!isKnown) throw new InvalidArgumentError(`it must be of ${known.join(', ')}`);
    return names;
  };
}

const program = new Command('bench')
  .description('Measure shardis, most of it beside a real Redis on this machine.')
  .showHelpAfterError();

/** A benchmark that starts both servers. */
function benchmark(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--peer-args <text>', 'more arguments for redis-server, as one text')
    .option('--shardis-args <text>', 'more arguments for shardis, as one text')
    .addOption(
      new Option(
        '--server-command <text>',
        'run this in the place of shardis; {port} and {shards} are put in',
      ),
    )
    .option('--json', 'print one line of JSON and no tables');
}

const shards = ['--shards <n>', 'shards of shardis', count, 1] as const;

benchmark('compare', 'throughput, latency and server CPU a command under redis-benchmark')
  .option('--rounds <n>', 'counted rounds', count, 5)
  .option('--processes <n>', 'start both servers anew so often, with all rounds each time', count, 1)
  .option(...shards)
  .option('--tests <list>', 'of set,get,incr,mset', tests, TEST_NAMES)
  .option('--pipelines <list>', 'commands in flight on each connection', counts, [1, 16, 64])
  .option('--seconds <n>', 'length of one run', positive, 2)
  .option('--client-threads <n>', 'threads of redis-benchmark', count, 1)
  .action(runCompare);

benchmark('memory', 'resident bytes a key')
  .option('--keys <n>', 'keys to write', count, 1_000_000)
  .option('--values <list>', 'sizes of the values in bytes', counts, [16, 64, 1000])
  .option(...shards)
  .action(runMemory);

benchmark('shards', 'throughput and server CPU a command against the number of shards')
  .option('--max <n>', 'largest number of shards (default: the cores)', count)
  .option('--rounds <n>', 'rounds', count, 3)
  .option('--seconds <n>', 'length of one run', positive, 2)
  .option(
    '--client-threads <n>',
    'threads of redis-benchmark (default: 1 on two cores, else half the cores)',
    count,
  )
  .option('--csv <file>', 'write the figures to this file too')
  .action(runShards);

benchmark('latency', 'round trip of one command on one connection')
  .option('--seconds <n>', 'length for each server and command', positive, 5)
  .option(...shards)
  .action(runLatency);

benchmark('startup', 'milliseconds from spawn to the first +PONG')
  .option('--rounds <n>', 'counted starts of each server', count, 7)
  .option(...shards)
  .action(runStartup);

benchmark('acl', "what a user's rules cost a command")
  .option('--rounds <n>', 'counted rounds', count, 5)
  .option('--users <n>', 'users with rules', count, 1000)
  .option('--patterns <n>', 'key patterns of each user', count, 20)
  .option('--pipeline <n>', 'commands in flight on each connection', count, 16)
  .option('--seconds <n>', 'length of one run', positive, 2)
  .option(...shards)
  .action(runAcl);
program
  .command('advise')
  .description("how near the estimates of 'shardis advise' come to exact LRU, on real traces")
  .option('--traces <dir>', 'where the traces are', '../shared/traces')
  .option('--json', 'print one line of JSON and no tables')
  .action(runAdviseBench);

benchmark('tls', 'throughput over TLS, and what a plain client feels while many connect with TLS')
  .option('--rounds <n>', 'counted rounds', count, 5)
  .option('--pipelines <list>', 'commands in flight on each connection', counts, [16])
  .option('--seconds <n>', 'length of one run', positive, 2)
  .option('--clients <n>', 'clients that connect at once', count, 100)
  .option(...shards)
  .action(runTls);

benchmark('defrag', 'moving entries together and giving memory back: how fast, and what clients feel')
  .option('--keys <n>', 'keys of which nine in ten are deleted', count, 1_000_000)
  .option('--values <list>', 'sizes of the values in bytes, for the engine', counts, [64, 200, 1000])
  .option('--rounds <n>', 'rounds with each command', count, 3)
  .option(...shards)
  .action(runDefrag);
program
  .command('evictions')
  .description('evictions of the keyspace alone, for each policy')
  .option('--keys <n>', 'keys that are there', count, 1_000_000)
  .option('--seconds <n>', 'length for each policy', positive, 3)
  .option('--policies <list>', 'names of policies', partsOf(EVICTING_POLICIES), EVICTING_POLICIES)
  .option('--json', 'print one line of JSON and no tables')
  .action(runEvictions);

program
  .command('hitratio')
  .description('hit ratios of the eviction policies on traces, beside exact caches and a real Redis')
  .option('--traces <list>', `of ${TRACE_NAMES.join(', ')}`, partsOf(TRACE_NAMES), TRACE_NAMES)
  .option('--requests <n>', 'replay so many of each trace', count, 300_000)
  .option('--no-redis', 'without a real Redis, which takes most of the time')
  .option('--json', 'print one line of JSON and no tables')
  .action(runHitRatio);

benchmark('durability', 'what keeping data on disk costs: logs, snapshots, recovery')
  .option('--only <list>', `parts, of ${PART_NAMES.join(', ')}`, partsOf(PART_NAMES), PART_NAMES)
  .option('--rounds <n>', 'counted rounds', count, 5)
  .option('--seconds <n>', 'length of one run', positive, 2)
  .option('--keys <n>', 'keys where the targets speak of a million', count, 1_000_000)
  .option('--shards <n>', 'shards of shardis', count, 2)
  .action(runDurability);

benchmark('atomic', 'transactions, commands over several shards, blocking, publish/subscribe')
  .option('--only <list>', `parts, of ${ATOMIC_PARTS.join(', ')}`, partsOf(ATOMIC_PARTS), ATOMIC_PARTS)
  .option('--rounds <n>', 'counted rounds', count, 5)
  .option('--seconds <n>', 'length of one run', positive, 2)
  .action(runAtomic);

benchmark('types', 'lists, hashes, sets, sorted sets and streams: throughput, CPU, memory')
  .option('--only <list>', `parts, of ${TYPES_PARTS.join(', ')}`, partsOf(TYPES_PARTS), TYPES_PARTS)
  .option('--rounds <n>', 'counted rounds', count, 5)
  .option('--seconds <n>', 'length of one run', positive, 2)
  .option('--elements <n>', 'elements where the targets speak of a million', count, 1_000_000)
  .option(...shards)
  .action(runTypes);

benchmark('eviction', 'servers at their memory limit: throughput, latency, resident memory')
  .option('--only <list>', `parts, of ${EVICTION_PARTS.join(', ')}`, partsOf(EVICTION_PARTS), EVICTION_PARTS)
  .option('--rounds <n>', 'counted rounds', count, 5)
  .option('--seconds <n>', 'length of one run', positive, 2)
  .option('--megabytes <n>', 'the limit', count, 100)
  .option('--policy <name>', 'maxmemory-policy of both', 'allkeys-lru')
  .option(...shards)
  .action(runEviction);

async function engine(options: { keys?: number[]; json?: boolean }): Promise<void> {
  const { runEngine } = await import('./engine.ts');
  await runEngine(options);
}

program
  .command('engine')
  .description('the storage engine alone, in this process')
  .option('--keys <list>', 'numbers of keys', counts)
  .option('--json', 'print JSON and no tables')
  .action(engine);

program
  .command('accounting')
  .description('what collections really take of memory beside what is counted')
  .option('--only <text>', 'rows whose titles have this')
  .option('--json', 'print one line of JSON and no table')
  .action(runAccounting);

benchmark('all', 'all of them with short settings (about five minutes on two cores)')
  .option(...shards)
  .action(async (given) => {
    await runCompare({
      ...given,
      rounds: 2,
      processes: 1,
      tests: TEST_NAMES,
      pipelines: [1, 16, 64],
      seconds: 1,
      clientThreads: 1,
    });
    await runMemory({ ...given, keys: 200_000, values: [16, 64, 1000] });
    await runShards({ ...given, rounds: 1, seconds: 1 });
    await runLatency({ ...given, seconds: 2 });
    await runStartup({ ...given, rounds: 3 });
    await runTls({ ...given, rounds: 2, pipelines: [16], seconds: 1, clients: 100 });
    await runAtomic({ ...given, only: ATOMIC_PARTS, rounds: 2, seconds: 1 });
    await runTypes({ ...given, only: TYPES_PARTS, rounds: 2, seconds: 1, elements: 100_000 });
    await engine({ keys: [100_000], json: given.json });
  });

try {
  await program.parseAsync();
} catch (error) {
  progressDone();
  console.error(error instanceof BenchError ? `bench: ${error.message}` : error);
  // Servers still running are ended, by pid, in the exit handler.
  process.exit(1);
}
