/**
 * The command line, read by commander: `shardis [config-file] [--option value …]`.
 *
 * Redis takes any directive as a flag with as many values as the directive has, and ends the values only at
 * the next `--`: a value may begin with one dash (`--bind 127.0.0.1 -::1`) or be empty (`--save ""`). Commander
 * ends a list at any dash, so the words of such a flag are first joined into one argument, with NUL between
 * them, which no argument of a process can contain.
 */
import { Command, CommanderError, Option } from 'commander';
import { didYouMean, nearestNames } from './nearest.ts';
import { describeDefault, findOption, optionNames, rowOf } from './options.ts';
import { redisDirectives } from './redis-directives.ts';
import { ConfigError, quote, type Setting } from './settings.ts';

const JOINT = '\0';

export type CommandLine =
  | {
      readonly kind: 'settings';
      readonly settings: readonly Setting[];
      readonly configFile: string | undefined;
    }
  /** `--help` or `--version`. */
  | { readonly kind: 'text'; readonly output: string };

const USAGE_END = `
Sizes take the units b, k, kb, m, mb, g and gb. A config file has the syntax of redis.conf; - reads it from
standard input. Every option is also an environment variable: SHARDIS_TCP_BACKLOG is --tcp-backlog. A flag
beats the environment, which beats the config file. Options of Redis that have no effect in this version are
accepted and not listed here.

Commands:
  cli [command...]  talk to a server: an interactive client; see shardis cli --help
  bench crash       kill a server while it is written to, and verify what it recovers; see shardis bench crash --help
  check [DIR]       are the files of a data directory whole, and what can be saved of them; see shardis check --help
  import FILE       make a data directory from an RDB file, such as Redis's; see shardis import --help
  export FILE       write what a data directory holds to an RDB file, for Redis; see shardis export --help

Examples:
  shardis
  shardis --port 7777 --shards 4
  shardis /etc/redis/redis.conf --loglevel verbose
  echo 'maxclients 100' | shardis -
`;

/** `argv` without the program; `version` is what `--version` prints. Throws ConfigError. */
export function readCommandLine(argv: readonly string[], version: string): CommandLine {
  const settings: Setting[] = [];
  let output = '';
  const command = createCommand(version, (text) => {
    output += text;
  });
  for (const option of command.options) {
    if (option.long === '--version') continue;
    const name = option.name();
    command.on(`option:${name}`, (value: string | null) => {
      settings.push({ name, words: wordsOf(name, value), origin: `--${name}` });
    });
  }
  try {
    command.parse(joinValues(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', output };
    throw new ConfigError(explain(error));
  }
  if (command.args.length > 1) {
    throw new ConfigError(`expected at most one config file, got ${quote(command.args)}`);
  }
  return { kind: 'settings', settings, configFile: command.args[0] };
}

function createCommand(version: string, write: (text: string) => void): Command {
  const command = new Command('shardis')
    .description('A Redis-compatible in-memory key-value server that uses every core.')
    .version(version, '-v, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .argument('[config-file]', 'file in the syntax of redis.conf, or - for standard input')
    .allowExcessArguments()
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {} })
    .configureHelp({ helpWidth: 110 })
    .addHelpText('after', USAGE_END);
  for (const name of optionNames) {
    const row = rowOf(name);
    const placeholder = row.placeholder ?? row.kind.placeholder;
    const value = row.kind.arity === 'optional' ? `[${placeholder}]` : `<${placeholder}>`;
    const help = `${row.help} (default: ${describeDefault(row)})`;
    const option = new Option(`--${name} ${value}`, help).helpGroup(`${row.group}:`);
    command.addOption(row.isInert ? option.hideHelp() : option);
    for (const alias of row.aliases ?? []) command.addOption(new Option(`--${alias} ${value}`).hideHelp());
  }
  for (const name of redisDirectives) {
    if (findOption(name) === undefined) command.addOption(new Option(`--${name} [value]`).hideHelp());
  }
  return command;
}

function wordsOf(name: string, value: string | null): readonly string[] {
  const option = findOption(name);
  const isList = option === undefined || rowOf(option).kind.arity === 'many';
  if (value === null) return isList ? [] : ['yes'];
  return isList ? value.split(JOINT) : [value];
}

/** Lower-cases the flags, and joins the words after those that take several. */
function joinValues(argv: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--') return joined.concat(argv.slice(i));
    const flag = /^--([^=]+)/.exec(arg)?.[1]?.toLowerCase();
    if (flag === undefined) {
      joined.push(arg);
      continue;
    }
    const option = findOption(flag);
    const arity = option === undefined ? undefined : rowOf(option).kind.arity;
    const lowered = `--${flag}${arg.slice(flag.length + 2)}`;
    if (arg.includes('=') || (arity !== 'many' && !(option === undefined && redisDirectives.has(flag)))) {
      joined.push(lowered);
      // The word after a flag with one value is that value, even if it looks like a flag.
      if (arity === 'one' && !arg.includes('=') && i + 1 < argv.length) joined.push(argv[++i]!);
      continue;
    }
    const start = i + 1;
    while (i + 1 < argv.length && !argv[i + 1]!.startsWith('--')) i++;
    const words = argv.slice(start, i + 1);
    joined.push(words.length === 0 ? lowered : `${lowered}=${words.join(JOINT)}`);
  }
  return joined;
}

/** One line for what commander found wrong. */
function explain({ code, message }: CommanderError): string {
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? '';
  const flag = quoted.replace(/[= ].*$/s, '');
  if (code === 'commander.unknownOption') {
    const nearest = nearestNames(flag.replace(/^-+/, ''), optionNames).map((name) => `--${name}`);
    return `${flag}: no such option${didYouMean(nearest)}; see shardis --help`;
  }
  if (code === 'commander.optionMissingArgument') return `${flag}: expected a value`;
  return message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
}
