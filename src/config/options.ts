/**
 * The options of shardis, one row each. The command line, the config file, the environment, CONFIG GET and
 * SET, the embeddable API, `--help` and the README's table derive from this table, and so do their types.
 * Redis's names and defaults where Redis has the option.
 */
import { availableParallelism } from 'node:os';
import {
  boolean,
  fixed,
  GB,
  INT_MAX,
  integer,
  KB,
  type Kind,
  list,
  MB,
  memory,
  octal,
  oneOf,
  text,
  UINT_MAX,
} from './kinds.ts';
import { outputLimits } from './output-limits.ts';

/** Who uses an option, and so must hear of a change. */
export type Audience = 'server' | 'shards' | 'log';

/** The headings of `--help`, in its order. */
export type Group = 'Network' | 'Clients' | 'Shards' | 'Background work' | 'Persistence' | 'Log' | 'Security';

export interface Row<V, Input = V, A extends readonly Audience[] = readonly Audience[]> {
  readonly kind: Kind<V, Input>;
  readonly default: V | (() => V);
  /** How a default that the machine decides is described. */
  readonly defaultText?: string;
  /** CONFIG SET may change it. */
  readonly mutable: boolean;
  readonly affects: A;
  readonly group: Group;
  /** One line. */
  readonly help: string;
  readonly placeholder?: string;
  /** No message may quote the value. */
  readonly sensitive?: boolean;
}

/** Checks a row where it stands and keeps its exact types. */
function row<V, Input, const A extends readonly Audience[]>(
  // The default takes no part in the inference: it must fit the kind.
  fields: Omit<Row<V, Input, A>, 'default'> & { readonly default: NoInfer<V> | (() => NoInfer<V>) },
): Row<V, Input, A> {
  return fields as Row<V, Input, A>;
}

const UNAVAILABLE = 'persistence is not available in this version';

/** `save` as Redis takes it: pairs of seconds and changes. */
function isSaveSchedule(words: readonly string[]): boolean {
  return words.length > 0 && words.length % 2 === 0 && words.every((word) => /^\d{1,10}$/.test(word));
}

function isYesOrNo(words: readonly string[]): boolean {
  return words.length === 1 && /^(yes|no)$/i.test(words[0]!);
}

// `port` and `bind` are mutable in Redis, but not here: Node binds a socket asynchronously, and CONFIG SET
// answers in the turn in which it came.
const network = {
  // As in Redis, 0 is "no TCP" here. The embeddable API, where tests want any free port, gives 0 that meaning
  // itself: the server picks the port and knows it, and the option stays 0.
  port: row({
    kind: integer(0, 65535),
    default: 6379,
    mutable: false,
    affects: ['server'],
    group: 'Network',
    help: 'TCP port to listen on; 0 for none',
  }),
  bind: row({
    kind: list('address', 16, 'Too many bind addresses specified.'),
    default: ['127.0.0.1'],
    mutable: false,
    affects: ['server'],
    group: 'Network',
    help: 'addresses to listen on; * is every IPv4 address, a leading - allows one that is absent',
  }),
  unixsocket: row({
    kind: text('path'),
    default: '',
    mutable: false,
    affects: ['server'],
    group: 'Network',
    help: 'path of a Unix socket to listen on as well',
  }),
  unixsocketperm: row({
    kind: octal(0o777),
    default: 0,
    mutable: false,
    affects: ['server'],
    group: 'Network',
    help: 'permissions of the Unix socket in octal; 0 leaves them to the umask',
  }),
  'tcp-backlog': row({
    kind: integer(0, INT_MAX),
    default: 511,
    mutable: false,
    affects: ['server'],
    group: 'Network',
    help: 'connections that may wait to be accepted',
  }),
  'tcp-keepalive': row({
    kind: integer(0, INT_MAX),
    default: 300,
    mutable: true,
    affects: ['server'],
    group: 'Network',
    placeholder: 'seconds',
    help: 'seconds between probes for dead peers; 0 for none',
  }),
};

const clients = {
  maxclients: row({
    kind: integer(1, UINT_MAX),
    default: 10000,
    mutable: true,
    affects: ['server'],
    group: 'Clients',
    help: 'connections at the same time',
  }),
  timeout: row({
    kind: integer(0, INT_MAX),
    default: 0,
    mutable: true,
    affects: ['server'],
    group: 'Clients',
    placeholder: 'seconds',
    help: 'close a client that was idle for so many seconds; 0 for never',
  }),
  'proto-max-bulk-len': row({
    kind: memory({ min: MB }),
    default: 512 * MB,
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Clients',
    help: 'longest single argument, and longest string value',
  }),
  'client-query-buffer-limit': row({
    kind: memory({ min: MB }),
    default: GB,
    mutable: true,
    affects: ['server'],
    group: 'Clients',
    help: 'close a client whose unfinished command is larger',
  }),
  'client-output-buffer-limit': row({
    kind: outputLimits,
    default: {
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 256 * MB, softBytes: 64 * MB, softSeconds: 60 },
      pubsub: { hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60 },
    },
    mutable: true,
    affects: ['server'],
    group: 'Clients',
    help: 'close a client of a class whose unread replies are larger; 0 for no limit',
  }),
};

const shards = {
  shards: row({
    kind: integer(1, 256),
    default: () => Math.max(1, availableParallelism() - 1),
    defaultText: 'cores less one',
    mutable: false,
    affects: ['server'],
    group: 'Shards',
    help: 'worker threads, each of which owns a part of the keys',
  }),
  'virtual-nodes': row({
    kind: integer(1, 1024),
    default: 160,
    mutable: false,
    affects: ['server'],
    group: 'Shards',
    help: 'points of each shard on the hash ring',
  }),
  databases: row({
    kind: integer(1, 256),
    default: 16,
    mutable: false,
    affects: ['server', 'shards'],
    group: 'Shards',
    help: 'logical databases for SELECT',
  }),
  'lane-size': row({
    kind: memory({ min: 64 * KB, max: 64 * MB, isPowerOfTwo: true }),
    default: 512 * KB,
    mutable: false,
    affects: ['server', 'shards'],
    group: 'Shards',
    help: 'bytes of the lane of requests to each shard, and of the lane of replies from it',
  }),
  'direct-reads': row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server'],
    group: 'Shards',
    help: "read strings straight from a shard's memory, without a hop to its thread",
  }),
};

const background = {
  hz: row({
    kind: integer(0, INT_MAX, { clamp: [1, 500] }),
    default: 10,
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Background work',
    help: 'background cycles a second; from 1 to 500, values beyond are moved to the nearest',
  }),
  'active-expire-effort': row({
    kind: integer(1, 10),
    default: 1,
    mutable: true,
    affects: ['shards'],
    group: 'Background work',
    help: 'how much time goes into removing expired keys, from 1 to 10',
  }),
  'shutdown-timeout': row({
    kind: integer(0, INT_MAX),
    default: 10,
    mutable: true,
    affects: ['server'],
    group: 'Background work',
    placeholder: 'seconds',
    help: 'seconds that a shutdown waits for clients to take their replies',
  }),
};

// redis-benchmark and other tools ask for these two before they start.
const persistence = {
  save: row({
    kind: {
      ...fixed(text('schedule'), '', isSaveSchedule, 'Invalid save parameters', UNAVAILABLE),
      arity: 'many',
    },
    default: '',
    mutable: true,
    affects: ['server'],
    group: 'Persistence',
    help: 'snapshot schedule; only "" in this version, which keeps nothing on disk',
  }),
  appendonly: row({
    kind: fixed(boolean(), false, isYesOrNo, "argument must be 'yes' or 'no'", UNAVAILABLE),
    default: false,
    mutable: true,
    affects: ['server'],
    group: 'Persistence',
    help: 'append-only file; only no in this version, which keeps nothing on disk',
  }),
};

const log = {
  loglevel: row({
    kind: oneOf('debug', 'verbose', 'notice', 'warning', 'nothing'),
    default: 'notice',
    mutable: true,
    affects: ['log'],
    group: 'Log',
    help: 'how much is logged',
  }),
  logfile: row({
    kind: text('path'),
    default: '',
    mutable: false,
    affects: ['log'],
    group: 'Log',
    help: 'file to log to; standard output when empty',
  }),
};

const security = {
  requirepass: row({
    kind: text('password'),
    default: '',
    mutable: true,
    affects: ['server'],
    group: 'Security',
    sensitive: true,
    help: 'password that clients must give with AUTH; empty for none',
  }),
  'enable-debug-command': row({
    kind: oneOf('no', 'yes', 'local'),
    default: 'no',
    mutable: false,
    affects: ['server'],
    group: 'Security',
    help: 'allow DEBUG: never, always, or to clients of this machine',
  }),
};

/** The table. Its order is the order of CONFIG GET, of `--help` and of the README. */
export const options = {
  ...network,
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
