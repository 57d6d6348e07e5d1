/**
 * What handlers may know of the thread that runs them. The shard and the server implement these interfaces;
 * handlers never import either.
 */
import type { Config } from '../config/config.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { Keyspace } from '../store/keyspace.ts';
import type { Command, CommandTable } from './table.ts';

/** For handlers that run on a shard. One object for each shard, set anew for each command. */
export interface ShardContext {
  readonly keyspace: Keyspace;
  readonly args: Arguments;
  readonly reply: ReplyWriter;
  /** The client's logical database. */
  readonly db: number;
  /** The seeded hash of the command's first key. */
  readonly hash: number;
  readonly shardIndex: number;
  readonly shardCount: number;
  /** `proto-max-bulk-len`: no string may grow beyond it. */
  readonly stringBytesMax: number;
  /** The full name of the command, in lower case, as error texts have it. */
  readonly commandName: string;
  /** Whether expired keys are looked for in the background (DEBUG SET-ACTIVE-EXPIRE). */
  activeExpire: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  /** The seeded hash of word `index`. */
  hashOf(index: number): number;
  /** Blocks the shard's thread. */
  sleep(ms: number): void;
}

/** A connected client, as server commands see and change it. */
export interface Client {
  readonly id: number;
  name: string;
  libraryName: string;
  libraryVersion: string;
  db: number;
  resp: 2 | 3;
  readonly user: string;
  isAuthenticated: boolean;
  noEvict: boolean;
  noTouch: boolean;
  /** Whether replies are sent: `skip-next` becomes `skip` for one command. */
  replyMode: 'on' | 'off' | 'skip-next' | 'skip';
  /** Addresses as Redis prints them: host:port, or path:0 for a Unix socket. */
  readonly address: string;
  readonly localAddress: string;
  readonly isLocal: boolean;
  /** `normal`, `pubsub`, `master` or `replica`. */
  readonly type: string;
  /** The line of CLIENT LIST without its line end. */
  describe(): string;
  /** Sends what has been answered so far, then closes. */
  closeAfterReplies(): void;
  /** Closes at once. */
  kill(): void;
}

/** One shard's figures, as the shard publishes them after each batch. */
export interface ShardReport {
  readonly index: number;
  readonly keys: number;
  readonly bytes: number;
  readonly commands: number;
  readonly queueBytes: number;
  readonly directReads: number;
}

export interface DatabaseReport {
  readonly db: number;
  readonly keys: number;
  readonly expires: number;
  readonly averageTtlMs: number;
}

/** What INFO and STATS print, gathered by the server. */
export interface ServerReport {
  readonly version: string;
  readonly runId: string;
  readonly startedAtMs: number;
  readonly port: number;
  readonly configFile: string;
  readonly clients: number;
  readonly connectionsReceived: number;
  readonly rejectedConnections: number;
  readonly commandsProcessed: number;
  readonly opsPerSecond: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly errorReplies: number;
  readonly keyspaceHits: number;
  readonly keyspaceMisses: number;
  readonly expiredKeys: number;
  readonly expiredStalePercent: number;
  readonly usedBytes: number;
  readonly datasetBytes: number;
  readonly peakBytes: number;
  readonly shards: readonly ShardReport[];
  readonly databases: readonly DatabaseReport[];
}

/** A reply that comes later: see `ServerContext.defer`. */
export interface DeferredReply {
  /** Where the reply is written, at any time before `send`. */
  readonly reply: ReplyWriter;
  /** To be called exactly once, when the whole reply has been written. The client may be gone by then. */
  send(): void;
}

/** For handlers that run in the acceptor. One object, set anew for each command. */
export interface ServerContext {
  readonly args: Arguments;
  readonly reply: ReplyWriter;
  readonly client: Client;
  readonly config: Config;
  readonly commands: CommandTable;
  /** The command that runs. */
  readonly command: Command;
  /**
   * For a command that cannot answer in the turn in which it came. Its reply keeps its place in the order of the
   * connection's replies, and the connection's next command runs when it has been sent; other connections do not
   * wait. The handler writes nothing to `reply`; after it has returned this context belongs to other commands, so
   * what is needed later (words, the client) must have been taken out of it.
   */
  defer(): DeferredReply;
  clients(): Iterable<Client>;
  report(): ServerReport;
  /** Tries a user name and password; a client without a user name authenticates as `default`. */
  authenticate(user: string, password: string): boolean;
  resetStatistics(): void;
  /** Puts the connection back to how it began. */
  resetClient(): void;
  shutdown(): void;
}
