/**
 * What a command is: one object that declares everything about it. COMMAND and its subcommands, arity errors,
 * ACL categories, routing and the documentation derive from these fields; nothing else names a command.
 */
import type { Arguments } from '../protocol/arguments.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { KeyspaceView } from '../store/view.ts';
import type { ServerContext, ShardContext } from './context.ts';

export type CommandGroup = 'string' | 'generic' | 'connection' | 'server' | 'bitmap';

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
  readonly notes?: string;
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
export type DirectHandler = (reply: ReplyWriter, view: KeyspaceView, found: boolean, nowMs: number) => void;

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
    }
  /** On the shard that owns its only key. */
  | {
      readonly at: 'key';
      readonly handler: ShardHandler;
      readonly direct?: DirectHandler;
      /** True when the direct handler copies the value, and so needs room for it. */
      readonly directCopiesValue?: boolean;
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
  readonly complexity: string;
  /** The number of words, the name included; negative: at least that many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** ACL categories beyond those that follow from the flags and the group. */
  readonly categories?: readonly string[];
  readonly keys?: KeyPositions;
  readonly arguments?: readonly ArgumentSpec[];
  readonly history?: readonly HistoryEntry[];
  readonly tips?: readonly string[];
  readonly deprecated?: { readonly since: string; readonly replacedBy: string };
  /** The option that must allow the command: `yes`, `no`, or `local` for connections of this machine. */
  readonly guardedBy?: 'enable-debug-command';
  /** Checks that need no data, made before the command is routed: the text of an error, or undefined. */
  readonly check?: (args: Arguments) => string | undefined;
  /** The numbers of words that nobody may see in the slow log: passwords. */
  readonly secretWords?: (args: Arguments) => readonly number[];
  readonly placement?: Placement;
  /** True when it looks at a key without using it, so that a direct read must not mark the key as used. */
  readonly leavesAccessTime?: boolean;
  /**
   * True when the reply holds values or any number of keys, and so may be long: such a command waits while the
   * connection has much to send.
   */
  readonly hasLongReply?: boolean;
  /** Set for a container that is one command in Redis, and so is counted as one in INFO and LATENCY. */
  readonly isCountedWhole?: boolean;
  /** A container has subcommands in place of a placement (or both, like COMMAND). */
  readonly subcommands?: readonly CommandSpec[];
}

/** Keeps the literal object and checks its type: how every family file declares its commands. */
export function defineCommands(specs: readonly CommandSpec[]): readonly CommandSpec[] {
  return specs;
}
