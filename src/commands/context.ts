/**
 * What handlers may know of the thread that runs them. The shard and the server implement these interfaces;
 * handlers never import either.
 */
import type { Config } from '../config/config.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { Keyspace } from '../store/keyspace.ts';
import type { AclService, AclUser } from './acl-service.ts';
import type { Measurements } from './measurements.ts';
import type { PersistenceReport, PersistenceService, ShutdownOptions } from './persistence-service.ts';
import type { MonitorService, PubSubReport, PubSubService, Subscriptions } from './pub-sub-service.ts';
import type { Command, CommandTable } from './table.ts';
import type { TrackingReport, TrackingService, TrackingState } from './tracking-service.ts';

/** A whole value with what belongs to it. */
export interface ValueImage {
  /** One of the TYPE_ numbers of store/layout.ts. */
  readonly type: number;
  /** The string's bytes; of a collection the type and the value as they stand in an RDB file. */
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970, or NO_EXPIRY. */
  readonly expiresAt: number;
  /** A string that was changed in place. */
  readonly isRaw: boolean;
}

/**
 * The keys of a command that is placed `together`, on whichever shards they are. `word` is the key's word in the
 * request; the database is the client's unless one is given.
 */
export interface KeysTogether {
  /** A copy of the value, undefined when there is none. */
  read(word: number, db?: number): ValueImage | undefined;
  /** The type of the value, undefined when there is none. */
  typeOf(word: number, db?: number): number | undefined;
  /** Puts a value in the place of whatever is there. Throws OutOfMemory with nothing changed. */
  write(word: number, image: ValueImage, db?: number): void;
  remove(word: number, db?: number): boolean;
  /**
   * Gives the value at one word's key to another's, in the place of what is there, without copying it. False, and nothing done,
   * where only copying will do: for strings, and from shard to shard. Throws OutOfMemory with nothing changed.
   */
  rename(word: number, newWord: number): boolean;
  /**
   * Has the command `name` (its full name), placed at a key, run on the shard of the key `words[0]`, which must be one of
   * this command's keys, in the client's database, and returns its encoded reply in RESP2. It counts as a part of this command, not as one of its own. Throws
   * OutOfMemory.
   */
  run(name: string, ...words: readonly Uint8Array[]): Uint8Array;
  /**
   * The same on the shard of the key in word `word`, whichever of `words` that is, and with its reply in that version of the protocol. The
   * command may be one placed `together` or `blocking` that has no other key; it does not wait there.
   */
  runAt(word: number, name: string, words: readonly Uint8Array[], resp: 2 | 3): Uint8Array;
}

/**
 * How a command placed `blocking` waits for data. Its handler runs when the command comes, and, if it waits, again when there is
 * something new of a key that it waits for, until it claims: so it looks first, claims, and only then changes anything or
 * writes any reply, be it an error.
 */
export interface Waiting {
  /** Whether the key in word `word` can be looked at. When the command is tried again, only those of one shard can. */
  reaches(word: number): boolean;
  /** Whether the client gets what is there. False: nothing must be changed, and nothing be answered. */
  claim(): boolean;
  /**
   * There is nothing: the client waits, and nothing must be answered. False: it must not wait, as in a transaction; then
   * the answer is the one for when the time is over.
   */
  wait(): boolean;
}

/** Transactions, on a shard. Clients are named by their numbers. */
export interface ShardTransactions {
  /** Runs the commands of the request (see ring/transaction-frame.ts) and writes what they answer. */
  run(): void;
  /** The client watches the keys in the words from `firstKey` on. */
  watch(client: number, firstKey: number): void;
  /** The client watches nothing any more; whether a key that it watched has changed. */
  unwatch(client: number): boolean;
}

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
  /** The command's keys on all shards; only for commands placed `together`. */
  readonly together: KeysTogether;
  /** Only for commands placed `blocking`. */
  readonly waiting: Waiting;
  readonly transactions: ShardTransactions;
  /** Whether expired keys are looked for in the background (DEBUG SET-ACTIVE-EXPIRE). */
  activeExpire: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  /** The seeded hash of word `index`. */
  hashOf(index: number): number;
  /** Blocks the shard's thread. */
  sleep(ms: number): void;
  /** Whether `key` belongs to this shard. */
  owns(key: Uint8Array): boolean;
  /**
   * Tells of an event at the key in word `word`, of the client's database or another (see keyspace-events.ts). To be called after the
   * change, for a removal before it; it costs next to nothing while nobody wants events of that class.
   */
  notify(eventClass: number, event: string, word: number, db?: number): void;
  /** The same for an entry. */
  notifyRef(eventClass: number, event: string, db: number, ref: number): void;
  /** Whether somebody wants events of a class: for those that take more than a call to find out. */
  wantsEvents(eventClass: number): boolean;
  /** Tells clients with caches that databases were emptied, as Redis does even when there was nothing in them. */
  flushed(): void;
}

/** A connected client, as server commands see and change it. */
export interface Client {
  readonly id: number;
  name: string;
  libraryName: string;
  libraryVersion: string;
  db: number;
  resp: 2 | 3;
  /** Who the client is; counts only once it is authenticated, where that is required. */
  user: AclUser;
  isAuthenticated: boolean;
  noEvict: boolean;
  noTouch: boolean;
  /** Undefined while the client does not track keys; the service of tracking sets it. */
  tracking: TrackingState | undefined;
  /** Whether replies are sent: `skip-next` becomes `skip` for one command. */
  replyMode: 'on' | 'off' | 'skip-next' | 'skip';
  /** Addresses as Redis prints them: host:port, or path:0 for a Unix socket. */
  readonly address: string;
  readonly localAddress: string;
  readonly isLocal: boolean;
  /** `normal`, `pubsub`, `master` or `replica`. */
  readonly type: string;
  /** What it listens to; undefined when that is nothing. The service of pub/sub changes it. */
  subscriptions: Subscriptions | undefined;
  /** It is shown every command. */
  isMonitor: boolean;
  readonly createdAtMs: number;
  /** The line of CLIENT LIST without its line end. */
  describe(): string;
  /** Sends what has been answered so far, then closes. */
  closeAfterReplies(): void;
  /**
   * Sends whole replies out of the order of its commands: at once, or when the reply that is being written is whole.
   * `bytes` must not change any more.
   */
  push(bytes: Uint8Array): void;
  /** Closes at once. */
  kill(): void;
  /**
   * Ends a wait for data (CLIENT UNBLOCK), with an error or as if its time were over. False when it does not wait
   * for any.
   */
  unblock(withError: boolean): boolean;
}

/** What a shard takes of memory, in bytes. */
export interface ShardMemoryReport {
  /** Blocks of entries in the arena, collections on the heap, the indexes. */
  readonly entries: number;
  readonly collections: number;
  readonly index: number;
  /** All extents of the arena, and the free blocks in them; free blocks in the pools of collections. */
  readonly arena: number;
  readonly arenaFree: number;
  readonly poolFree: number;
  /** The thread's heap: in use, taken, and what it may take. */
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly heapLimit: number;
}

/** One shard's figures, as the shard publishes them after each batch. */
export interface ShardReport {
  readonly index: number;
  readonly keys: number;
  readonly bytes: number;
  readonly commands: number;
  readonly queueBytes: number;
  readonly directReads: number;
  /** Look-ups of keys that commands that read have made, direct reads included. */
  readonly hits: number;
  readonly misses: number;
  readonly evictedKeys: number;
  readonly expiredKeys: number;
  /** How late expired keys are removed, on the average of the last ones. */
  readonly expiryLagMs: number;
  readonly memory: ShardMemoryReport;
  /** Clients that wait for its keys. */
  readonly waitingClients: number;
  /** How often it has held other shards for a command, and for how many milliseconds. */
  readonly holds: number;
  readonly holdMs: number;
  /** How often it was held itself, for how many milliseconds, and whether it is now. */
  readonly parks: number;
  readonly parkedMs: number;
  readonly isParked: boolean;
  /** How often its thread has died and got a successor. */
  readonly restarts: number;
  /** `serving`, `loading` or `down`. */
  readonly state: string;
}

/** How far the server is with loading what is on disk. */
export interface LoadingReport {
  readonly startedAtMs: number;
  readonly loadedBytes: number;
  readonly totalBytes: number;
  readonly etaSeconds: number;
}

export interface DatabaseReport {
  readonly db: number;
  readonly keys: number;
  readonly expires: number;
  readonly averageTtlMs: number;
}

/** Bytes, over all threads. */
export interface MemoryReport {
  /** `usedBytes` of the report when the server began to listen. */
  readonly startupBytes: number;
  /** What the process has of the machine's memory. */
  readonly rssBytes: number;
  /** The acceptor's heap in use. */
  readonly heapBytes: number;
  /** Blocks of entries: keys, values, headers. */
  readonly entryBytes: number;
  readonly indexBytes: number;
  /** The extents in which the entries are. */
  readonly arenaBytes: number;
  /** Buffers of clients. */
  readonly clientBytes: number;
  readonly defrag: DefragReport;
}

/** Of active defragmentation. */
export interface DefragReport {
  /** The share of the time that it takes now, in percent, of the shard that spends most; 0: it does not run. */
  readonly runningPercent: number;
  /** For how long that shard has been at it, and the longest in all. */
  readonly currentMs: number;
  readonly totalMs: number;
  /** Entries moved, and those looked at that stayed. */
  readonly moved: number;
  readonly left: number;
}

/** What INFO, MEMORY and STATS print, gathered by the server. */
export interface ServerReport {
  readonly version: string;
  readonly runId: string;
  readonly startedAtMs: number;
  readonly port: number;
  readonly configFile: string;
  readonly clients: number;
  /** Clients that wait for data, for something that the server does, or because of CLIENT PAUSE. */
  readonly blockedClients: number;
  /** Keys that clients wait for. */
  readonly blockingKeys: number;
  /** Those of them of which also a client that waits learns when they go. */
  readonly neededBlockingKeys: number;
  /** Clients closed because of `maxmemory-clients`. */
  readonly evictedClients: number;
  readonly tracking: TrackingReport;
  readonly pubSub: PubSubReport;
  /** The largest buffers that any client has had in the last seconds. */
  readonly largestInputBytes: number;
  readonly largestOutputBytes: number;
  readonly connectionsReceived: number;
  readonly rejectedConnections: number;
  readonly commandsProcessed: number;
  readonly opsPerSecond: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly inputBytesPerSecond: number;
  readonly outputBytesPerSecond: number;
  /** Reads from sockets, and writes to them. */
  readonly reads: number;
  readonly writes: number;
  /** Turns of the acceptor's event loop, and the time that it was not asleep. */
  readonly eventLoopCycles: number;
  readonly eventLoopMs: number;
  readonly eventLoopCyclesPerSecond: number;
  readonly eventLoopCycleMs: number;
  /** What commands took, on all threads. */
  readonly commandMs: number;
  readonly errorReplies: number;
  readonly keyspaceHits: number;
  readonly keyspaceMisses: number;
  readonly expiredKeys: number;
  readonly evictedKeys: number;
  /** How long more memory has been used than there may be: in all, and since it last began. */
  readonly evictionExceededMs: number;
  readonly evictionExceedingMs: number;
  readonly expiredStalePercent: number;
  /** What was denied to clients: log-ins, commands, keys, channels. */
  readonly deniedLogins: number;
  readonly deniedCommands: number;
  readonly deniedKeys: number;
  readonly deniedChannels: number;
  /** What the cycle that looks for expired keys took, and how often it stopped because its time was up. */
  readonly expiryMs: number;
  readonly expiryCapsReached: number;
  /** Collections whose memory was given back after they had gone, and those that wait for that. */
  readonly freedLater: number;
  readonly freedLaterPending: number;
  /** What counts against `maxmemory`: entries, indexes, and buffers of clients and lanes. And the most that it has been. */
  readonly usedBytes: number;
  readonly peakBytes: number;
  /** Entries and indexes. */
  readonly datasetBytes: number;
  readonly memory: MemoryReport;
  /** Seconds of the acceptor's thread, where the system tells them. */
  readonly mainThreadCpu: { readonly user: number; readonly system: number } | undefined;
  readonly persistence: PersistenceReport;
  readonly shards: readonly ShardReport[];
  /** Of all shards. */
  readonly shardRestarts: number;
  /** While the server starts and shards load. */
  readonly loading: LoadingReport | undefined;
  readonly databases: readonly DatabaseReport[];
}

/** For handlers that run in the acceptor. One object, set anew for each command. */
export interface ServerContext {
  readonly args: Arguments;
  readonly reply: ReplyWriter;
  readonly client: Client;
  readonly config: Config;
  readonly commands: CommandTable;
  readonly acl: AclService;
  readonly measurements: Measurements;
  readonly persistence: PersistenceService;
  readonly tracking: TrackingService;
  readonly pubSub: PubSubService;
  readonly monitors: MonitorService;
  /** The command that runs. */
  readonly command: Command;
  clients(): Iterable<Client>;
  report(): ServerReport;
  resetStatistics(): void;
  /** Stops commands, or only those that write, until `untilMs` (Date.now()); never shortens a pause under way. */
  pauseClients(mode: 'all' | 'write', untilMs: number): void;
  unpauseClients(): void;
  /** Puts the connection back to how it began. */
  resetClient(): void;
  /** The command runs within a transaction: its reply is one of many, and must be one. */
  readonly isInTransaction: boolean;
  /** From now on the client's commands are queued; false: they are already. */
  beginTransaction(): boolean;
  /** Forgets what is queued, and what the client watches; false: nothing is being queued. */
  discardTransaction(): boolean;
  /**
   * Puts off the reply: the handler returns without one, and the client's later commands wait. Calling what this
   * returns makes the reply, once, at the command's place of the order. After the handler has returned this context
   * belongs to other commands: what is needed later must have been taken out of it.
   */
  defer(): (write: (reply: ReplyWriter) => void) => void;
  /**
   * Returns what has the command's `onShard` handler run on the shard of the key `words[1]`, in the client's database, also
   * after this handler has returned. It resolves to the encoded reply, in RESP2; undefined when the shard does not serve.
   */
  shardRequests(): (words: readonly Uint8Array[]) => Promise<Uint8Array | undefined>;
  /** Writes the config file anew; with `isForced` every option. Returns the text of an error, or undefined. */
  rewriteConfig(isForced: boolean): string | undefined;
  /** Writes a line to the server's log, as a warning. */
  log(message: string): void;
  /**
   * Writes the last dump, where one is wanted, and ends the server. Resolves with false when that failed or was called
   * off: the server goes on then.
   */
  shutdown(options: ShutdownOptions): Promise<boolean>;
  /** Calls a shutdown off; false when none is under way. */
  abortShutdown(): boolean;
}
