/** The command line of `shardis bench crash`: does a server keep what it has acknowledged when it is killed? */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { Random } from '../../base/random.ts';
import { checkRecovery, type Difference, type Order } from './check.ts';
import { History } from './history.ts';
import { knowsTransactions, observe } from './observe.ts';
import { splitCommandLine } from './process.ts';
import { RecordFile, readRecord } from './record.ts';
import { runRounds, type Summary } from './rounds.ts';
import { Filling, Workload } from './workload.ts';
import { startWriter } from './writer.ts';

const HELP_END = `
A run in rounds starts the server itself, lets clients write, kills it with SIGKILL at a random moment, starts it
again, sometimes with another number of shards, and compares what is there with what was acknowledged. It ends with
exit code 1 at the first difference, and leaves the server's files where they are.

In single steps, with a server that is killed (or whose machine is) by other means:
  shardis bench crash populate -p 6379 --keys 100000 --record acknowledged.log
  kill -9 ...; start it again
  shardis bench crash verify -p 6379 --record acknowledged.log

Examples:
  shardis bench crash --rounds 1000 --shards 3 --shards-after random
  shardis bench crash --server 'redis-server --port {port} --dir {dir} --appendonly yes --appendfsync always'
`;

const DIFFERENCES_SHOWN_MAX = 20;

interface RoundsFlags {
  server?: string;
  sync: string;
  rounds: number;
  seed?: number;
  clients: number;
  shards: number;
  shardsAfter: 'same' | 'random' | number;
  writeMs: number;
  allowLossMs: number;
  order?: Order;
}

interface PopulateFlags {
  port: number;
  keys: number;
  commands: number;
  clients: number;
  pipeline: number;
  seed?: number;
  record: string;
}

interface VerifyFlags {
  port: number;
  record: string;
  allowLossMs: number;
  order: Order;
}

function count(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

function positive(text: string): number {
  const value = count(text);
  if (value === 0) throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
}

function shardsAfter(text: string): number | string {
  return text === 'random' || text === 'same' ? text : positive(text);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The command line of this very program with what it keeps on disk. */
function ownCommandLine(sync: string): string[] {
  const own = [process.execPath, process.argv[1]!, '--port', '{port}', '--bind', '127.0.0.1'];
  own.push('--dir', '{dir}', '--save', '', '--appendonly', 'yes', '--appendfsync', sync);
  return [...own, '--shards', '{shards}', '--loglevel', 'warning'];
}

function printDifferences(differences: readonly Difference[]): void {
  for (const { kind, key, detail } of differences.slice(0, DIFFERENCES_SHOWN_MAX)) {
    print(`${kind} ${key}: ${detail}`);
  }
  const more = differences.length - DIFFERENCES_SHOWN_MAX;
  if (more > 0) print(`and ${more} more`);
}

function tally(differences: readonly Difference[]): string {
  const of = (kind: Difference['kind']) => differences.filter((one) => one.kind === kind).length;
  return `${of('lost')} lost, ${of('phantom')} phantoms, ${of('torn')} torn, ${of('reordered')} reordered`;
}

function printSummary(summary: Summary): void {
  printDifferences(summary.differences);
  for (const failure of summary.failures) print(failure);
  print(
    `${summary.rounds} rounds, ${summary.kills} kills, ${summary.acknowledged} commands acknowledged, ` +
      `${summary.recovered} keys recovered: ${tally(summary.differences)}`,
  );
  if (summary.keptDirectory !== undefined) print(`the server's files are in ${summary.keptDirectory}`);
}

async function rounds(flags: RoundsFlags): Promise<number> {
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 32);
  print(`seed ${seed}`);
  const words = flags.server === undefined ? ownCommandLine(flags.sync) : splitCommandLine(flags.server);
  if (!words.some((word) => word.includes('{port}'))) {
    throw new Error('--server must say where the port goes: {port}');
  }
  const order = flags.order ?? (words.some((word) => word.includes('{shards}')) ? undefined : 'connection');
  const summary = await runRounds({
    words,
    rounds: flags.rounds,
    seed,
    clients: flags.clients,
    shards: flags.shards,
    shardsAfter: flags.shardsAfter,
    writeMsMax: flags.writeMs,
    lossMsMax: flags.allowLossMs,
    ...(order !== undefined && { order }),
    report: print,
  });
  printSummary(summary);
  return summary.keptDirectory === undefined ? 0 : 1;
}

/** What one client of `populate` writes: its share of the keys, then commands of all kinds. */
function nextOf(
  flags: PopulateFlags,
  client: number,
  seed: number,
  history: History,
  hasTransactions: boolean,
) {
  const share = (total: number) =>
    Math.floor(total / flags.clients) + (client < total % flags.clients ? 1 : 0);
  const random = new Random(seed + client);
  const filling = new Filling(random, `c${client}`, share(flags.keys));
  const workload = new Workload(random, `c${client}`, history, {
    keys: 1000,
    counters: 100,
    hasTransactions,
  });
  let left = share(flags.commands);
  return (nowMs: number) => filling.next() ?? (left-- > 0 ? workload.next(nowMs) : undefined);
}

async function populate(flags: PopulateFlags): Promise<number> {
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 32);
  const { keys } = await observe(flags.port, []);
  if (keys.size > 0) throw new Error('the server holds keys already: it must be empty');
  const hasTransactions = await knowsTransactions(flags.port);
  const record = new RecordFile(flags.record);
  const histories: History[] = [];
  const writers = [];
  for (let client = 0; client < flags.clients; client++) {
    const history = new History();
    histories.push(history);
    const next = nextOf(flags, client, seed, history, hasTransactions);
    const { port, pipeline } = flags;
    writers.push(
      await startWriter({ port, history, next, depth: () => pipeline, log: record.logOf(client) }),
    );
  }
  let code = 0;
  for (const { done } of writers) {
    const wrong = await done;
    if (wrong === undefined) continue;
    print(wrong);
    code = 1;
  }
  record.close();
  const of = (figure: (history: History) => number) =>
    histories.reduce((sum, history) => sum + figure(history), 0);
  const acknowledged = of((history) => history.acknowledged);
  const unanswered = of((history) => history.unanswered);
  print(`${acknowledged} commands acknowledged${unanswered > 0 ? `, ${unanswered} without a reply` : ''}`);
  return code;
}

async function verify(flags: VerifyFlags): Promise<number> {
  const histories = await readRecord(flags.record, flags.allowLossMs);
  const observation = await observe(
    flags.port,
    histories.flatMap((history) => [...history.keys]),
  );
  const differences = checkRecovery(histories, observation, flags.order);
  printDifferences(differences);
  const acknowledged = histories.reduce((sum, history) => sum + history.acknowledged, 0);
  print(
    `${acknowledged} commands acknowledged, ${observation.keys.size} keys recovered: ${tally(differences)}`,
  );
  return differences.length === 0 ? 0 : 1;
}

const orderOption = () =>
  new Option('--order <order>', 'of commands in flight, what order must survive').choices([
    'key',
    'connection',
  ]);
const lossFlag = [
  '--allow-loss-ms <ms>',
  'what was acknowledged so shortly before may be lost',
  count,
  0,
] as const;

function createCommand(finish: (code: number) => void): Command {
  const bench = new Command('shardis bench')
    .description('Puts a server to the test.')
    .enablePositionalOptions();
  const crash = bench
    .command('crash')
    .enablePositionalOptions()
    .description(
      'Kills a server while it is written to, and compares what it recovers with what it acknowledged.',
    )
    .option('--server <command>', 'command line of the server; {port}, {dir} and {shards} are put in')
    .addOption(
      new Option('--sync <policy>', 'appendfsync, without --server')
        .choices(['always', 'everysec', 'no'])
        .default('always'),
    )
    .option('--rounds <n>', 'how many rounds', positive, 100)
    .option('--seed <n>', 'repeat the choices of an earlier run', count)
    .option('--clients <n>', 'connections that write', positive, 4)
    .option('--shards <n>', 'shards of the first start', positive, 3)
    .option('--shards-after <n>', "shards of later starts, or 'random', or 'same'", shardsAfter, 'same')
    .option('--write-ms <ms>', 'longest time of writing in a round', positive, 400)
    .option(...lossFlag)
    .addOption(orderOption())
    .addHelpText('after', HELP_END)
    .action(async (flags: RoundsFlags) => finish(await rounds(flags)));
  crash
    .command('populate')
    .description('Writes to a running server, and to a file what it acknowledged.')
    .requiredOption('-p, --port <port>', 'port of the server', positive)
    .requiredOption('--record <file>', 'where the record goes')
    .option('--keys <n>', 'keys to write', count, 100_000)
    .option('--commands <n>', 'commands of all kinds to run after that', count, 0)
    .option('--clients <n>', 'connections that write', positive, 4)
    .option('--pipeline <n>', 'commands in flight on each connection', positive, 16)
    .option('--seed <n>', 'repeat the choices of an earlier run', count)
    .action(async (flags: PopulateFlags) => finish(await populate(flags)));
  crash
    .command('verify')
    .description('Compares what a server has with the record of what was acknowledged.')
    .requiredOption('-p, --port <port>', 'port of the server', positive)
    .requiredOption('--record <file>', 'the record')
    .option(...lossFlag)
    .addOption(orderOption().default('key'))
    .action(async (flags: VerifyFlags) => finish(await verify(flags)));
  return bench;
}

/** Runs what follows `shardis bench`, and resolves to the exit code. */
export async function runBench(argv: readonly string[]): Promise<number> {
  let code = 0;
  const command = createCommand((result) => {
    code = result;
  });
  const all = [command, ...command.commands, ...command.commands.flatMap((one) => one.commands)];
  for (const one of all)
    one
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .showSuggestionAfterError(false);
  try {
    await command.parseAsync(argv as string[], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && error.code === 'commander.help') {
      process.stderr.write(command.helpInformation());
      return 1;
    }
    const message = (error as Error).message.replace(/^error: /, '').split('\n')[0]!;
    const hint = error instanceof CommanderError ? '; see shardis bench crash --help' : '';
    process.stderr.write(`shardis bench: ${message}${hint}\n`);
    return 1;
  }
}
