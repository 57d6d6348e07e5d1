/**
 * The options of shardis, one row each. The command line, the config file, the environment, CONFIG GET and
 * SET, the embeddable API, `--help` and the README's table derive from this table, and so do their types.
 * Redis's names and defaults where Redis has the option.
 */
import type { Row } from './row.ts';
import { background } from './table/background.ts';
import { clients } from './table/clients.ts';
import { collectionForms } from './table/collections.ts';
import { compatibility } from './table/compatibility.ts';
import { log } from './table/log.ts';
import { memoryLimits } from './table/memory.ts';
import { monitoring } from './table/monitoring.ts';
import { network } from './table/network.ts';
import { persistence } from './table/persistence.ts';
import { processOptions } from './table/process.ts';
import { replication } from './table/replication.ts';
import { security } from './table/security.ts';
import { shards } from './table/shards.ts';
import { tls } from './table/tls.ts';

/** The table. Its order is the order of CONFIG GET, of `--help` and of the README. */
export const options = {
  ...network,
  ...tls,
  ...clients,
  ...shards,
  ...memoryLimits,
  ...collectionForms,
  ...background,
  ...persistence,
  ...log,
  ...monitoring,
  ...security,
  ...processOptions,
  ...replication,
  ...compatibility,
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

/** The options behind Redis's other names for them. */
export const optionAliases: ReadonlyMap<string, OptionName> = new Map(
  optionNames.flatMap((name) => (rowOf(name).aliases ?? []).map((alias) => [alias, name] as const)),
);

/** The name of the option that `given` means in any case, undefined when there is none. */
export function findOption(given: string): OptionName | undefined {
  const lower = given.toLowerCase();
  return Object.hasOwn(options, lower) ? (lower as OptionName) : optionAliases.get(lower);
}

export function rowOf(name: OptionName): AnyRow {
  return options[name] as AnyRow;
}

/** Passwords that Redis has and this version has not: users try them all the same. */
const OTHER_SECRETS = ['masterauth', 'masteruser', 'tls-key-file-pass', 'tls-client-key-file-pass'];

/** Whether the value of the option `given`, in any case, must not be shown to anybody. */
export function isSecret(given: string): boolean {
  const name = findOption(given);
  return name === undefined ? OTHER_SECRETS.includes(given.toLowerCase()) : rowOf(name).sensitive === true;
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
