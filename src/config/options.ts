/**
 * The options of shardis, one row each. The command line, the config file, the environment, CONFIG GET and
 * SET, the embeddable API, `--help` and the README's table derive from this table, and so do their types.
 * Redis's names and defaults where Redis has the option.
 */
import type { Row } from './row.ts';
import { background } from './table/background.ts';
import { clients } from './table/clients.ts';
import { log } from './table/log.ts';
import { network } from './table/network.ts';
import { persistence } from './table/persistence.ts';
import { security } from './table/security.ts';
import { shards } from './table/shards.ts';
import { tls } from './table/tls.ts';

/** The table. Its order is the order of CONFIG GET, of `--help` and of the README. */
export const options = {
  ...network,
  ...tls,
  ...clients,
  ...shards,
  ...background,
  ...persistence,
  ...log,
  ...security,
};

type Table = typeof options;

export type OptionName = keyof Table;

type ValueOf<R> = R extends Row<infer V, infer _Input, infer _A> ? V : never;
type InputOf<R> = R extends Row<infer _V, infer Input, infer _A> ? Input : never;
type AudienceOf<R> = R extends Row<infer _V, infer _Input, infer A> ? A[number] : never;

/** The value of every option. */
export type OptionValues = { readonly [N in OptionName]: ValueOf<Table[N]> };

/** What the embeddable API takes: sizes also as text (`'64mb'`), single classes of output limits. */
export type Options = { readonly [N in OptionName]?: InputOf<Table[N]> | undefined };

/** The options that shards use. */
export type ShardOptionName = {
  [N in OptionName]: 'shards' extends AudienceOf<Table[N]> ? N : never;
}[OptionName];

export type ShardOptions = Pick<OptionValues, ShardOptionName>;

/** Any row, where the code does not know which. */
export type AnyRow = Row<unknown, unknown>;

export const optionNames = Object.keys(options) as readonly OptionName[];

/** The name of the option that `given` means in any case, undefined when there is none. */
export function findOption(given: string): OptionName | undefined {
  const lower = given.toLowerCase();
  return Object.hasOwn(options, lower) ? (lower as OptionName) : undefined;
}

export function rowOf(name: OptionName): AnyRow {
  return options[name] as AnyRow;
}

export function defaultOf(row: AnyRow): unknown {
  return typeof row.default === 'function' ? row.default() : row.default;
}

/** The default as a person would write it. */
export function describeDefault(row: AnyRow): string {
  if (row.defaultText !== undefined) return row.defaultText;
  const value = defaultOf(row);
  return (row.kind.describe ?? row.kind.format)(value) || '""';
}
