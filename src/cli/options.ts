/** The command line of `shardis cli`, with the option names that people know from redis-cli. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { ProtocolChoice } from './client.ts';
import type { Delimiters, OutputFormat } from './format.ts';
import { parseUri, type Target } from './target.ts';

export interface CliOptions {
  readonly target: Target;
  /** Undefined: RESP2, or whatever suits the way it is used. */
  readonly protocol: ProtocolChoice | undefined;
  /** Undefined: what suits where the output goes. */
  readonly format: OutputFormat | undefined;
  readonly delimiters: Delimiters;
  readonly showPushes: boolean | undefined;
  readonly repeat: number;
  readonly intervalMs: number;
  readonly lastWordFromInput: boolean;
  readonly errorsFail: boolean;
  readonly askPassword: boolean;
  /** The words of the command are in quotes, with escapes. */
  readonly quotedInput: boolean;
  readonly mode: 'command' | 'pipe' | 'scan';
  readonly pipeTimeoutMs: number;
  readonly scan: { readonly pattern?: string; readonly count?: string; readonly type?: string };
  /** Empty: commands are typed or read from standard input. */
  readonly command: readonly string[];
  readonly warnings: readonly string[];
}

export type ParsedOptions =
  | { readonly kind: 'run'; readonly options: CliOptions }
  /** `text` is complete; it belongs on standard output when `code` is 0. */
  | { readonly kind: 'exit'; readonly code: 0 | 1; readonly text: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** What commander makes of the flags, by their names. */
interface Flags {
  h: string;
  p: number;
  s?: string;
  u?: string;
  a?: string;
  pass?: string;
  askpass?: true;
  user?: string;
  n?: number;
  '2'?: true;
  '3'?: true;
  tls?: true;
  cacert?: string;
  cert?: string;
  key?: string;
  insecure?: true;
  sni?: string;
  r: number;
  i: number;
  x?: true;
  e?: true;
  raw?: boolean;
  csv?: true;
  json?: true;
  quotedJson?: true;
  d: string;
  D: string;
  quotedInput?: true;
  showPushes?: string;
  pipe?: true;
  pipeTimeout: number;
  scan?: true;
  pattern?: string;
  count?: string;
  type?: string;
  authWarning: boolean;
}

const PASSWORD_WARNING =
  "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.";

const HELP_END = `
Without a command it reads commands from the terminal, with completion and hints, or from standard input, one a
line. The history is kept in ~/.shardis_history, or in the file that SHARDIS_HISTORY names, without lines that
hold passwords.

Examples:
  shardis cli set greeting hello
  shardis cli -h 10.0.0.7 -n 2 --scan --pattern 'user:*'
  shardis cli -x set image < picture.png
  shardis cli -r 5 -i 1 info stats
  shardis cli --pipe < commands.txt
`;

/** `argv` is what follows `shardis cli`. Never throws for a mistake of the user. */
export function parseOptions(argv: readonly string[], env: Environment): ParsedOptions {
  let text = '';
  const command = createCommand((part) => {
    text += part;
  });
  try {
    // As in redis-cli a single -h asks for help, although it takes a value.
    command.parse(argv.length === 1 && argv[0] === '-h' ? ['--help'] : argv, { from: 'user' });
    return { kind: 'run', options: toOptions(command.opts<Flags>(), command.args, env) };
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return { kind: 'exit', code: 0, text };
    const message = (error as Error).message.replace(/^error: /, '').split('\n')[0]!;
    return { kind: 'exit', code: 1, text: `shardis cli: ${message}; see shardis cli --help\n` };
  }
}

function createCommand(write: (text: string) => void): Command {
  const command = new Command('shardis cli')
    .description('An interactive client for any server that speaks the Redis protocol.')
    .usage('[options] [command [argument...]]')
    .argument('[command...]', 'a command to run')
    .passThroughOptions()
    .helpOption('--help', 'show this help')
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {} })
    .configureHelp({ helpWidth: 110 })
    .addHelpText('after', HELP_END);
  return addOutputOptions(addConnectionOptions(command));
}

function addConnectionOptions(command: Command): Command {
  return command
    .option('-h <host>', 'host of the server', '127.0.0.1')
    .option('-p <port>', 'port of the server', integer, 6379)
    .option('-s <socket>', "path of the server's socket, instead of host and port")
    .option('-u <uri>', 'redis://[[user:]password@]host:port/db, or rediss:// for TLS')
    .option('-a <password>', 'password; the environment variable REDISCLI_AUTH is safer')
    .option('--pass <password>', 'the same as -a')
    .option('--askpass', 'ask for the password')
    .option('--user <name>', 'user to authenticate as')
    .option('--no-auth-warning', 'no warning about a password in the command line')
    .option('-n <db>', 'number of the database', integer)
    .option('-2', 'speak RESP2')
    .option('-3', 'speak RESP3')
    .option('--tls', 'speak TLS')
    .option('--sni <name>', "name of the server, which the server's certificate must have")
    .option('--cacert <file>', "certificate of the authority that the server's must come from")
    .option('--cert <file>', 'certificate to show to the server')
    .option('--key <file>', 'private key of that certificate')
    .option('--insecure', "accept any server's certificate");
}

function addOutputOptions(command: Command): Command {
  return command
    .option('-r <times>', 'run the command so many times; -1 for ever', integer, 1)
    .option('-i <seconds>', 'wait between runs with -r, and between calls with --scan', seconds, 0)
    .option('-x', 'read the last argument from standard input')
    .option('-e', 'end with exit code 1 when a reply is an error')
    .option('--raw', 'print replies as they are, which is the default when the output is no terminal')
    .option('--no-raw', 'print replies for people')
    .option('--csv', 'print replies as CSV')
    .option('--json', 'print replies as JSON')
    .option('--quoted-json', 'print replies as JSON in ASCII')
    .option('-d <delimiter>', 'what stands between the items of a raw reply', '\n')
    .option('-D <delimiter>', 'what stands between raw replies', '\n')
    .option('--quoted-input', 'the words of the command are in quotes, with escapes')
    .option('--show-pushes <yes|no>', 'print messages that nobody asked for')
    .option('--pipe', 'send the commands on standard input as they are, and count the replies')
    .option('--pipe-timeout <seconds>', 'give up after so long without a reply; 0 for never', seconds, 30)
    .option('--scan', 'print the names of all keys')
    .option('--pattern <pattern>', 'only names like this, with --scan')
    .option('--count <count>', 'how many names to ask for at a time, with --scan')
    .option('--type <type>', 'only keys of this type, with --scan');
}

function toOptions(flags: Flags, command: readonly string[], env: Environment): CliOptions {
  const fromUri = flags.u === undefined ? {} : parseUri(flags.u);
  const given = flags.a ?? flags.pass ?? fromUri.password;
  const password = given ?? (env.REDISCLI_AUTH || undefined);
  const isTls = flags.tls === true || fromUri.tls !== undefined;
  const { cacert, cert, key, insecure, sni } = flags;
  const target: Target = {
    host: flags.h,
    port: flags.p,
    ...fromUri,
    db: flags.n ?? fromUri.db ?? 0,
    ...(flags.s !== undefined && { socket: flags.s }),
    ...((flags.user ?? fromUri.user) !== undefined && { user: flags.user ?? fromUri.user }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: defined({ cacert, cert, key, insecure, sni }) }),
  };
  return {
    target,
    protocol: flags['3'] ? 3 : flags['2'] ? 2 : flags.json || flags.quotedJson ? 'best' : undefined,
    format: formatOf(flags),
    delimiters: { items: flags.d, replies: flags.D },
    showPushes: flags.showPushes === undefined ? undefined : /^y/i.test(flags.showPushes),
    repeat: flags.r,
    intervalMs: flags.i * 1000,
    lastWordFromInput: flags.x === true,
    errorsFail: flags.e === true,
    askPassword: flags.askpass === true,
    quotedInput: flags.quotedInput === true,
    mode: flags.pipe ? 'pipe' : flags.scan ? 'scan' : 'command',
    pipeTimeoutMs: flags.pipeTimeout * 1000,
    scan: defined({ pattern: flags.pattern, count: flags.count, type: flags.type }),
    command,
    warnings: given !== undefined && flags.authWarning ? [PASSWORD_WARNING] : [],
  };
}

function formatOf(flags: Flags): OutputFormat | undefined {
  if (flags.quotedJson) return 'quoted-json';
  if (flags.json) return 'json';
  if (flags.csv) return 'csv';
  if (flags.raw === undefined) return undefined;
  return flags.raw ? 'raw' : 'standard';
}

/** The object without what is undefined. */
function defined<T extends object>(object: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

function integer(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('Expected an integer.');
  return Number(text);
}

function seconds(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('Expected a number of seconds.');
  }
  return value;
}
