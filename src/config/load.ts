/**
 * From what a user starts the program with to a config, where a flag beats the environment, which beats the
 * config file, which beats the default; and from what an embedder passes.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readCommandLine } from './command-line.ts';
import { Config } from './config.ts';
import { type ReadFile, readConfigFile } from './config-file.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { didYouMean, nearestNames } from './nearest.ts';
import { type Options, optionNames, rowOf } from './options.ts';
import { ConfigError, type ConfiguredUser, complaint, type IgnoredSetting, Settings } from './settings.ts';

export type { Options } from './options.ts';

export interface LoadInput {
  /** The arguments after the program: `process.argv.slice(2)`. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** The number that `--version` prints after the program's name. */
  readonly version: string;
  /** Absent: the file system, and standard input for `-`. */
  readonly readFile?: ReadFile;
}

export type Loaded =
  | {
      readonly kind: 'run';
      readonly config: Config;
      /** Users that are defined in the configuration. */
      readonly users: readonly ConfiguredUser[];
      /** Settings without effect, each of which deserves a warning. */
      readonly ignored: readonly IgnoredSetting[];
      /** The absolute path of the config file; undefined without one and for standard input. */
      readonly configFile: string | undefined;
    }
  | {
      readonly kind: 'exit';
      /** 0 when the user asked for `output`, which then belongs on standard output; 1 for a mistake. */
      readonly code: 0 | 1;
      /** Complete lines. A mistake is one line, `shardis: …`. */
      readonly output: string;
    };

/** Never throws for a mistake of the user. */
export function loadConfig({ argv, env, version, readFile = readText }: LoadInput): Loaded {
  try {
    const commandLine = readCommandLine(argv, `shardis ${version}`);
    if (commandLine.kind === 'text') return { kind: 'exit', code: 0, output: commandLine.output };
    const { configFile } = commandLine;
    const settings = new Settings();
    if (configFile !== undefined) {
      for (const setting of readConfigFile(configFile, readFile)) settings.apply(setting);
    }
    for (const setting of readEnvironment(env)) settings.apply(setting);
    for (const setting of commandLine.settings) settings.apply(setting);
    return {
      kind: 'run',
      config: new Config(settings.values),
      users: settings.users,
      ignored: settings.ignored,
      configFile: configFile === undefined || configFile === '-' ? undefined : resolve(configFile),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { kind: 'exit', code: 1, output: `shardis: ${error.message}\n` };
  }
}

/**
 * The config of an embedded server: the defaults and `options` over them. Throws an Error in one line for a
 * name that is no option and for a value that is none of it. The environment plays no part.
 */
export function createConfig(options: Options = {}): Config {
  const settings = new Settings();
  for (const [given, input] of Object.entries(options)) {
    if (input === undefined) continue;
    const name = optionNames.find((candidate) => candidate === given);
    if (name === undefined)
      throw new Error(`${given}: no such option${didYouMean(nearestNames(given, optionNames))}`);
    const row = rowOf(name);
    const words = row.kind.words(input);
    if (words === undefined) throw new Error(`${name}: a value of the wrong type`);
    const parsed = row.kind.parse(words, settings.values[name]);
    if (!('value' in parsed)) {
      const why = parsed.isUnavailable ? parsed.reason : complaint(row, words, parsed.expected);
      throw new Error(`${name}: ${why}`);
    }
    settings.put(name, parsed.value);
  }
  return new Config(settings.values);
}

const STANDARD_INPUT = 0;

function readText(path: string): string {
  return readFileSync(path === '-' ? STANDARD_INPUT : path, 'utf8');
}
