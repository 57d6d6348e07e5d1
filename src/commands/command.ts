/**
 * What a command is: one object that declares everything about it. COMMAND and its subcommands, arity errors,
 * ACL categories, routing and the documentation derive from these fields; nothing else names a command.
 */
import type { Arguments } from '../protocol/arguments.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { KeyspaceView } from '../store/view.ts';
import type { Collection } from '../types/collection.ts';
import type { ServerContext, ShardContext } from './context.ts';

export type CommandGroup =
  | 'string'
  | 'list'
  | 'hash'
  | 'sorted-set'
  | 'stream'
  | 'set'
  | 'generic'
  | 'connection'
  | 'server'
  | 'bitmap'
  | 'hyperloglog'
  | 'geo'
  | 'cluster'
  | 'pubsub'
  | 'transactions';

/** Redis's command flags, in the form COMMAND INFO prints them. */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'asking'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'movablekeys'
  | 'allow_busy'
  | 'no_multi'
  | 'no_async_loading'
  | 'no_mandatory_keys'
  | 'touches_arbitrary_keys';

/** What a command does with its keys: Redis's key specification flags. */
export type KeyFlag =
  | 'RO'
  | 'RW'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key'
  | 'incomplete'
  | 'variable_flags';

/** One of several key specifications, as COMMAND INFO lists them; without positions or a number it is `unknown`. */
export interface KeySpecification {
  /** The keys begin behind this word, looked for from word `startFrom` on; negative: from there towards the first. */
  readonly keyword?: { readonly word: string; readonly startFrom: number };
  readonly positions?: {
    readonly first: number;
    readonly last: number;
    readonly step: number;
    /** Where the last word is `last`, which part of the words up to there are keys: 2 for the first half. */
    readonly limit?: number;
  };
  /** In place of positions: the number of keys stands in word `word`, and the first key `first` words behind that. */
  readonly keyNumber?: { readonly word: number; readonly first: number; readonly step: number };
  readonly flags: readonly KeyFlag[];
  readonly notes?: string;
}

/** Where the keys stand among the words; word 0 is the command's name. */
export interface KeyPositions {
  readonly first: number;
  /** The last key's word; negative counts from the end, as Redis has it (-1 is the last word). */
  readonly last: number;
  /** From one key to the next: 2 for MSET. */
  readonly step: number;
  readonly flags: readonly KeyFlag[];
  /** The flags for one request, where they depend on its words (`variable_flags`): SET with and without GET. */
  readonly flagsFor?: (words: readonly string[]) => readonly KeyFlag[];
  /** Where the keys are found otherwise than by these positions (`movablekeys`): the words that are keys. */
  readonly find?: (args: Arguments) => readonly number[];
  /** What is told of the keys where one specification does not describe them all; a key without its own has the last. */
  readonly specifications?: readonly KeySpecification[];
  readonly notes?: string;
}

/** Where the channels of pub/sub stand among the words, for the rules of users. */
export interface ChannelPositions {
  readonly first: number;
  /** As in KeyPositions; all words from the first on are channels up to it. */
  readonly last: number;
  /** The words are patterns of channels: a user must have been given the very same pattern. */
  readonly arePatterns?: boolean;
}

/** An argument as COMMAND DOCS describes it. */
export interface ArgumentSpec {
  readonly name: string;
  readonly type:
    | 'key'
    | 'string'
    | 'integer'
    | 'double'
    | 'pattern'
    | 'unix-time'
    | 'pure-token'
    | 'oneof'
    | 'block';
  readonly token?: string;
  readonly since?: string;
  readonly optional?: boolean;
  readonly multiple?: boolean;
  readonly multipleToken?: boolean;
  /** The number of the key specification, 0 unless given. Only keys, and patterns of keys, have one. */
  readonly keySpecification?: number;
  /** What people read instead of the name. */
  readonly display?: string;
  readonly arguments?: readonly ArgumentSpec[];
}

/** A change in behaviour that COMMAND DOCS lists: version and what changed. */
export type HistoryEntry = readonly [version: string, change: string];

export type ShardHandler = (context: ShardContext) => void;
export type ServerHandler = (context: ServerContext) => void;

/**
 * Answers from another thread's memory, without a hop. `found` says whether the key exists; the entry is in
 * the view. What it writes is thrown away when the entry changed meanwhile, so it does nothing but write the
 * reply. It must not call anything that fails on the garbage that such a moment can show.
 */
export type DirectHandler = (
  reply: ReplyWriter,
  view: KeyspaceView,
  found: boolean,
  nowMs: number,
  args: Arguments,
) => void;

/**
 * How many bytes of the value a direct handler would copy, told before it runs; Infinity when only the shard can
 * answer. The same caution with garbage as for the handler.
 */
export type DirectRoom = (view: KeyspaceView, found: boolean, args: Arguments) => number;

/**
 * How the replies of the parts that ran on several shards become one:
 * - `ok`: the first error, or OK
 * - `sum`: the sum of integers
 * - `by-key`: arrays, each element put to the place that its key had in the command
 * - `concatenate`: arrays joined
 * - a function over the parts' encoded replies
 */
export type Merge = 'ok' | 'sum' | 'by-key' | 'concatenate' | MergeFunction;
export type MergeFunction = (parts: readonly Uint8Array[], reply: ReplyWriter) => void;

/** Where a command runs. */
export type Placement =
  /** In the acceptor, which holds no data. */
  | {
      readonly at: 'server';
      readonly handler: ServerHandler;
      /**
       * True when the reply shows or changes something that the connection's earlier commands, still on their
       * way through the shards, may affect: then it waits for their replies.
       */
      readonly afterReplies?: boolean;
      /** What shards do for the handler, when it asks for that by `ServerContext.shardRequests`. */
      readonly onShard?: ShardHandler;
    }
  /** On the shard that owns its only key. */
  | {
      readonly at: 'key';
      readonly handler: ShardHandler;
      readonly direct?: DirectHandler;
      /** True when the direct handler copies the value, and so needs room for it. */
      readonly directCopiesValue?: boolean;
      /** For a direct handler that copies a part of the value. */
      readonly directRoom?: DirectRoom;
    }
  /** On the shards that own its keys; cut by shard when these are several. */
  | {
      readonly at: 'keys';
      readonly handler: ShardHandler;
      readonly merge: Merge;
      /** Answers for each key when no write is under way on the shards concerned; the header is written before. */
      readonly directEach?: DirectHandler;
      /** What is written before `directEach`: an array header, or nothing and the direct results are counted. */
      readonly directResult?: 'array' | 'count';
    }
  /**
   * On the shard of its first key, while the shards of its other keys are held for it: it reaches all keys at one
   * instant, through `ShardContext.together`.
   */
  | { readonly at: 'together'; readonly handler: ShardHandler }
  /**
   * As `together`, and when it finds nothing its client waits for keys of it, until there is something or its time is over
   * (see Waiting).
   */
  | {
      readonly at: 'blocking';
      readonly handler: ShardHandler;
      /** Milliseconds to wait at most, 0: for ever. The words have passed `check`. */
      readonly timeoutMs: (args: Arguments) => number;
      /** One of the TYPE_ numbers of store/layout.ts: keys of other types are none that it waits for. */
      readonly awaitedType: number;
      /** Whether the request may wait at all, where not all do: one that does not is as one placed `together`. */
      readonly waits?: (args: Arguments) => boolean;
      /** True when it also looks again when a key that it waits for goes, or gets a value of another type. */
      readonly needsKeys?: boolean;
      /**
       * The words to wait with, in place of those that mean something of the moment when the command comes. `valueAt` has the collections
       * at key words of this shard; each shard keeps its own words.
       */
      readonly settle?: (args: Arguments, valueAt: (word: number) => Collection | undefined) => Uint8Array[];
      /** The keys that it waits for, where these are not all. */
      readonly awaitedWords?: readonly number[];
    }
  /**
   * About the transaction of its connection: runs what was queued, watches keys, forgets them. `handler` is what shards do of
   * it; the words of such requests are not the client's.
   */
  | {
      readonly at: 'transaction';
      readonly step: 'execute' | 'watch' | 'unwatch';
      readonly handler: ShardHandler;
    }
  /** On every shard. */
  | { readonly at: 'every'; readonly handler: ShardHandler; readonly merge: Merge }
  /** On one shard that the words name otherwise than by a key. */
  | {
      readonly at: 'chosen';
      /** The shard's number, or the text of an error. */
      readonly choose: (args: Arguments, shards: number) => number | string;
      readonly handler: ShardHandler;
    };

export interface CommandSpec {
  /** Lower case. A subcommand's own name, without its container's. */
  readonly name: string;
  readonly group: CommandGroup;
  /** The Redis version that brought it; `shardis` for commands of our own. */
  readonly since: string;
  readonly summary: string;
  /** Begins with `O(1)` when the time does not depend on the data, and with `O(1) without a count` when that is so without one. */
  readonly complexity: string;
  /** The number of words, the name included; negative: at least that many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** ACL categories beyond those that follow from the flags and the group. */
  readonly categories?: readonly string[];
  /** True where the group gives no category, as for WAIT, which has nothing to do with keys. */
  readonly lacksGroupCategory?: boolean;
  readonly keys?: KeyPositions;
  /** Channels that it publishes to or subscribes to. Leaving a channel needs no permission. */
  readonly channels?: ChannelPositions;
  readonly arguments?: readonly ArgumentSpec[];
  readonly history?: readonly HistoryEntry[];
  readonly tips?: readonly string[];
  readonly deprecated?: { readonly since: string; readonly replacedBy: string };
  /** The option that must allow the command: `yes`, `no`, or `local` for connections of this machine. */
  readonly guardedBy?: 'enable-debug-command' | 'enable-module-command';
  /**
   * The text of an error where the words make the command read keys that they do not name: users who may not read all keys
   * get it.
   */
  readonly readsUnnamedKeys?: (args: Arguments) => string | undefined;
  /**
   * For a command placed `together`: whether keys that it does not name, on whichever shards, are read at the same instant. All
   * shards are held for it then.
   */
  readonly holdsAllShards?: (args: Arguments) => boolean;
  /** Checks that need no data, made before the command is routed: the text of an error, or undefined. */
  readonly check?: (args: Arguments) => string | undefined;
  /** The numbers of words that nobody may see in the slow log: passwords. */
  readonly secretWords?: (args: Arguments) => readonly number[];
  readonly placement?: Placement;
  /** True when it looks at a key without using it, so that a direct read must not mark the key as used. */
  readonly leavesAccessTime?: boolean;
  /** True when it may change other databases than the client's. */
  readonly changesOtherDatabases?: boolean;
  /**
   * True when the reply holds values or any number of keys, and so may be long: such a command waits while the
   * connection has much to send.
   */
  readonly hasLongReply?: boolean;
  /** Of such a command at one key: whether the words ask for most of a collection; see asks-for-most.ts. */
  readonly asksForMost?: ((args: Arguments) => boolean) | undefined;
  /** True when clients of RESP2 may send it while they listen to channels. */
  readonly allowedToSubscribers?: boolean;
  /** True when its replies are pushes: clients get them that want no replies (CLIENT REPLY). */
  readonly repliesByPush?: boolean;
  /** True when it is dealt with at once although the connection queues commands for a transaction. */
  readonly isNeverQueued?: boolean;
  /**
   * Of a command that lets the connection use another database: the number of that one, undefined when the words are wrong.
   * So commands behind it in a transaction are sent to the right one.
   */
  readonly databaseAfter?: (args: Arguments, databases: number) => number | undefined;
  /** True when it is refused, as writes are, while the data cannot be written to disk: PING tells of that. */
  readonly reportsDiskErrors?: boolean;
  /** A container has subcommands in place of a placement (or both, like COMMAND). */
  readonly subcommands?: readonly CommandSpec[];
  /** True when what CLIENT CACHING said is still in force after it. */
  readonly keepsCachingMode?: boolean;
  /** True for what servers send to each other, not people. */
  readonly isInternal?: boolean;
  /** True when it is there only to say that this version cannot do it: no list of what it can do shows it. */
  readonly alwaysRefuses?: boolean;
  /**
   * True for a container that is one command in Redis and reads its words itself: COMMAND shows no subcommands, it
   * is counted as one, and users may be allowed it with any first word.
   */
  readonly readsOwnWords?: boolean;
}

/** Keeps the literal object and checks its type: how every family file declares its commands. */
export function defineCommands(specs: readonly CommandSpec[]): readonly CommandSpec[] {
  return specs;
}
