/** The command line of `shardis advise`: which eviction policy and how much memory would serve this traffic best? */
import { Command, InvalidArgumentError, Option } from 'commander';
import { ALLKEYS_POLICIES, VOLATILE_POLICIES } from '../../advise/caches/policies.ts';
import { ESTIMATOR_DEFAULTS } from '../../advise/estimator.ts';
import { type Report, reportText } from '../../advise/report.ts';
import { FORMATS, type TraceFormat } from '../../advise/trace/formats.ts';
import { OK, print, Refusal, runCommand, upTo } from '../disk/command.ts';
import { adviseLive } from './live.ts';
import { adviseOnTrace } from './trace.ts';

const HELP_END = `
It plays the requests on small copies of caches, one for each policy and size, that hold only a sample of the keys' names
(SHARDS, FAST 2015; miniature simulations, ATC 2017). The memory it takes does not grow with the traffic. Up to --keys
different keys nothing is estimated: all requests are played.

A request is a command that reads a key (GET, HGET, INCR, ...). What misses is taken to be loaded: a plain write to the
key that was read last is that load; other writes put their key in without counting; DEL and an expiry take it out. EXISTS,
TTL and the like do not count, and neither do commands that this version does not know.

Traces (.gz and .xz are decompressed, the latter by the xz program), each read twice:
  binary   big-endian 32-bit integers, one key a request (.trace)
  keys     text, one key a line
  csv      time,key[,size[,ttl]], times in seconds, sizes of values in bytes (.csv)
  monitor  what redis-cli MONITOR prints

--live watches a running server by MONITOR. That sends each of its commands here as well: it can cost a busy Redis half of
its throughput, and any server a good part of it. It ends by itself after --seconds; Ctrl-C ends it earlier and shows
what there is. The caches begin empty: watch long enough for most keys to come by more than once.

Exit code: 0 there is advice, 1 there was no traffic, or the trace or the connection is broken, 2 bad options.

Examples:
  shardis advise requests.trace.xz --sizes 1%,10%,20000
  redis-cli MONITOR > traffic.monitor; shardis advise traffic.monitor --entry-bytes 300
  shardis advise --live -h 10.0.0.7 -p 6379 --seconds 300 --json
`;

export interface AdviseFlags {
  live?: boolean;
  format: TraceFormat | 'auto';
  sizes?: readonly WantedSize[];
  entryBytes?: number;
  keys: number;
  rate: number;
  policies?: readonly string[];
  json?: boolean;
  seconds: number;
  h: string;
  p: number;
  user?: string;
  pass?: string;
  a?: string;
  tls?: boolean;
  cacert?: string;
  insecure?: boolean;
}

/** A size as it was given: keys, a part of all keys (or of what they take), or bytes. */
export interface WantedSize {
  readonly label: string;
  readonly keys?: number;
  readonly share?: number;
  readonly bytes?: number;
}

/** Runs `shardis advise` with the words behind it; resolves to the exit code. */
export function runAdvise(argv: readonly string[]): Promise<number> {
  return runCommand<AdviseFlags>(createCommand(), argv, async (flags, [trace]) => {
    if ((trace === undefined) === (flags.live !== true)) {
      throw new Refusal('advise wants a trace, or --live; see shardis advise --help', 2);
    }
    const report = await (flags.live ? adviseLive(flags, process.env) : adviseOnTrace(trace!, flags)).catch(
      (error: Error) => {
        throw error instanceof Refusal ? error : new Refusal(error.message.replace(/^Error: /, ''));
      },
    );
    output(report, flags.json === true);
    return OK;
  });
}

function output(report: Report, isJson: boolean): void {
  if (isJson) print(JSON.stringify(report));
  else process.stdout.write(reportText(report));
}

function createCommand(): Command {
  return new Command('shardis advise')
    .description(
      'Estimates the hit ratio of eviction policies and cache sizes for real traffic, and says what to set.',
    )
    .argument('[trace]', 'a file of requests')
    .addOption(new Option('--format <format>', 'of the trace').choices(['auto', ...FORMATS]).default('auto'))
    .option('--sizes <list>', 'of caches: keys (20000), parts of all keys (1%), or memory (512mb)', sizes)
    .option(
      '--entry-bytes <n>',
      'what an entry takes in memory, for a trace that does not tell',
      upTo(2 ** 29),
    )
    .option('--policies <list>', 'to compare, instead of all that make sense', policies)
    .option('--keys <n>', 'watch at most so many keys', upTo(2 ** 24), ESTIMATOR_DEFAULTS.keysMax)
    .option('--rate <part>', 'watch at most this part of the keys', part, ESTIMATOR_DEFAULTS.rateMax)
    .option('--json', 'one line of JSON')
    .option('--live', 'watch a server instead of reading a trace')
    .option('--seconds <n>', 'how long to watch', upTo(86_400 * 7), 60)
    .option('-h <host>', 'host of the server', '127.0.0.1')
    .option('-p <port>', 'port of the server', upTo(65_535), 6379)
    .option('--user <name>', 'user to authenticate as')
    .option('-a, --pass <password>', 'password; the environment variable REDISCLI_AUTH is safer')
    .option('--tls', 'speak TLS')
    .option('--cacert <file>', "certificate of the authority that the server's must come from")
    .option('--insecure', "accept any server's certificate")
    .helpOption('--help', 'show this help')
    .addHelpText('after', HELP_END);
}

const UNIT_BYTES: Readonly<Record<string, number>> = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

function sizes(text: string): WantedSize[] {
  return text.split(',').map((word) => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(%|kb|mb|gb)?$/i.exec(word.trim()) ?? [];
    const value = Number(digits);
    if (!(value > 0)) throw new InvalidArgumentError('Expected sizes such as 20000, 1% or 512mb.');
    const label = word.trim();
    if (unit === '') return { label, keys: Math.max(1, Math.round(value)) };
    return unit === '%'
      ? { label, share: value / 100 }
      : { label, bytes: value * UNIT_BYTES[unit.toLowerCase()]! };
  });
}

function policies(text: string): string[] {
  const known = [...ALLKEYS_POLICIES, ...VOLATILE_POLICIES];
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  if (!names.every((name) => known.includes(name))) {
    throw new InvalidArgumentError(`Expected some of ${known.join(', ')}.`);
  }
  return [...new Set(names)];
}

function part(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('Expected a part of the keys, from 0 to 1.');
  return value;
}
