/**
 * Settings as they come from the config file, the environment or the command line, and how they become
 * values: in the order in which they are applied, later ones over earlier ones.
 */
import { spread } from './kinds.ts';
import { didYouMean, nearestNames } from './nearest.ts';
import {
  type AnyRow,
  defaultOf,
  findOption,
  type OptionName,
  optionNames,
  options,
  rowOf,
} from './options.ts';
import { redisDirectives } from './redis-directives.ts';

/** One option set in one place. */
export interface Setting {
  /** The option as it was written there. */
  readonly name: string;
  readonly words: readonly string[];
  /** Where messages say that it stands: `redis.conf:12: port`, `--port`, `SHARDIS_PORT`. */
  readonly origin: string;
  readonly file?: string;
  readonly line?: number;
}

/** A setting that is right in Redis and has no effect in this version of shardis. */
export interface IgnoredSetting {
  readonly name: string;
  /** The config file and the line in it; absent for the environment and the command line. */
  readonly file?: string;
  readonly line?: number;
  /** The warning, in one line. */
  readonly message: string;
}

/** The one directive that is no option: there may be any number of it, and CONFIG GET does not know it. */
export const USER_DIRECTIVE = 'user';

/** A line that defines a user, not yet understood. */
export interface ConfiguredUser {
  /** Where messages say that it stands. */
  readonly origin: string;
  /** The name and the rules. */
  readonly words: readonly string[];
}

/** A mistake of the user, told in one line. */
export class ConfigError extends Error {}

/** Values under construction: the defaults, and over them what `apply` was given. */
export class Settings {
  readonly #values: Record<OptionName, unknown>;
  /** Where the options that several settings make up together were last set. */
  readonly #places = new Map<OptionName, string>();
  readonly #ignored = new Map<string, IgnoredSetting>();
  readonly #users: ConfiguredUser[] = [];

  constructor() {
    const values: Partial<Record<OptionName, unknown>> = {};
    for (const name of optionNames) values[name] = defaultOf(rowOf(name));
    this.#values = values as Record<OptionName, unknown>;
  }

  get values(): Readonly<Record<OptionName, unknown>> {
    return this.#values;
  }

  /** In the order in which they came. */
  get users(): readonly ConfiguredUser[] {
    return this.#users;
  }

  /** One for each name, in the order in which they came. */
  get ignored(): readonly IgnoredSetting[] {
    return [...this.#ignored.values()];
  }

  /** Throws ConfigError when the option does not exist or the words are not a value of it. */
  apply(setting: Setting): void {
    const lower = setting.name.toLowerCase();
    const name = findOption(lower);
    if (name === undefined) {
      if (lower === USER_DIRECTIVE) {
        this.#users.push({ origin: setting.origin, words: spread(setting.words) });
        return;
      }
      if (!redisDirectives.has(lower)) throw unknownSetting(setting);
      this.#ignore(lower, setting, 'not available in this version, ignored');
      return;
    }
    const row = rowOf(name);
    const parsed = row.kind.parse(setting.words, this.#values[name]);
    if ('value' in parsed) {
      const value = this.#combined(name, row, setting, parsed.value);
      this.put(name, value);
      const isDefault = row.kind.format(value) === row.kind.format(defaultOf(row));
      if (row.isInert && !isDefault) this.#ignore(name, setting, 'has no effect in this version');
    } else if (parsed.isUnavailable) {
      this.#ignore(name, setting, `${parsed.reason}, ignored ${quote(setting.words)}`);
    } else {
      throw new ConfigError(`${setting.origin}: ${complaint(row, setting.words, parsed.expected)}`);
    }
  }

  /** The value together with what the same place set before. */
  #combined(name: OptionName, { kind }: AnyRow, { file, origin }: Setting, value: unknown): unknown {
    if (kind.combine === undefined) return value;
    // All config files are one place.
    const place = file === undefined ? origin : 'file';
    const isAddition = this.#places.get(name) === place;
    this.#places.set(name, place);
    return isAddition ? kind.combine(this.#values[name], value) : value;
  }

  put(name: OptionName, value: unknown): void {
    this.#values[name] = value;
    // What could not be had from an earlier setting no longer counts: this one replaces it.
    this.#ignored.delete(name);
  }

  #ignore(name: string, { origin, file, line }: Setting, why: string): void {
    if (this.#ignored.has(name)) return;
    this.#ignored.set(name, {
      name,
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
      message: `${origin}: ${why}`,
    });
  }
}

/** Says what was expected and, unless it is secret, what came instead. */
export function complaint(row: AnyRow, words: readonly string[], expected: string): string {
  if (row.sensitive) return `expected ${expected}`;
  return `expected ${expected}, got ${words.length === 0 ? 'nothing' : quote(words)}`;
}

function unknownSetting({ name, origin }: Setting): ConfigError {
  const known = [...new Set([...Object.keys(options), ...redisDirectives])];
  return new ConfigError(`${origin}: no such option${didYouMean(nearestNames(name.toLowerCase(), known))}`);
}

/** Words in quotes on one line, whatever is in them. */
export function quote(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(' ');
}
