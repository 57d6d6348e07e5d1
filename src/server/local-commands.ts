/**
 * What handlers that run in the acceptor see: the ServerContext, set anew for each command.
 */
import type { Acl } from '../acl/acl.ts';
import type { ServerHandler } from '../commands/command.ts';
import type { Client, ServerContext, ServerReport } from '../commands/context.ts';
import type { Measurements } from '../commands/measurements.ts';
import type { PersistenceService, ShutdownOptions } from '../commands/persistence-service.ts';
import type { MonitorService, PubSubService } from '../commands/pub-sub-service.ts';
import type { Command, CommandTable } from '../commands/table.ts';
import type { TrackingService } from '../commands/tracking-service.ts';
import type { Config } from '../config/config.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { notAllowed } from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { ClientTransactions } from './client-transactions.ts';
import type { CommandGate } from './command-gate.ts';
import type { Connection } from './connection.ts';
import type { DeferredReplies } from './deferred-replies.ts';
import type { Monitors } from './monitors.ts';
import type { PubSub } from './pub-sub.ts';
import type { ShardRequests } from './shard-requests.ts';

/** Takes a place for a reply that comes later; what it returns fills it, once. */
export type Defer = () => (write: (reply: ReplyWriter) => void) => void;

/** What the context needs of the server. */
export interface LocalHost {
  readonly config: Config;
  readonly commands: CommandTable;
  readonly acl: Acl;
  readonly measurements: Measurements;
  connections(): Iterable<Connection>;
  report(): ServerReport;
  resetStatistics(): void;
  readonly persistence: PersistenceService;
  readonly pubSub: PubSub;
  readonly monitors: Monitors;
  shutdown(options: ShutdownOptions): Promise<boolean>;
  abortShutdown(): boolean;
  touched(connection: Connection): void;
  crossProtocol(connection: Connection): void;
  readonly gate: CommandGate;
  readonly clientTransactions: ClientTransactions;
  endTurnSoon(): void;
  readonly deferred: DeferredReplies;
  readonly shardRequests: ShardRequests;
  readonly tracking: TrackingService;
  rewriteConfig(isForced: boolean): string | undefined;
  log(message: string): void;
}

export class LocalCommands implements ServerContext {
  args!: Arguments;
  reply!: ReplyWriter;
  client!: Client;
  command!: Command;
  readonly config: Config;
  readonly commands: CommandTable;
  readonly acl: Acl;
  readonly #host: LocalHost;
  #connection!: Connection;
  /** Where the reply of the command that runs is put off to, when it has no place of its own in the order. */
  #defer: Defer | undefined;

  constructor(host: LocalHost) {
    this.#host = host;
    this.config = host.config;
    this.commands = host.commands;
    this.acl = host.acl;
  }

  get measurements(): Measurements {
    return this.#host.measurements;
  }

  get persistence(): PersistenceService {
    return this.#host.persistence;
  }

  get tracking(): TrackingService {
    return this.#host.tracking;
  }

  get pubSub(): PubSubService {
    return this.#host.pubSub;
  }

  get monitors(): MonitorService {
    return this.#host.monitors;
  }

  run(
    handler: ServerHandler,
    command: Command,
    connection: Connection,
    args: Arguments,
    reply: ReplyWriter,
    defer?: Defer,
  ): void {
    this.#defer = defer;
    this.args = args;
    this.reply = reply;
    this.client = connection;
    this.command = command;
    this.#connection = connection;
    handler(this);
    connection.updatePlain();
  }

  /** The text of the error when an option keeps `connection` from running `command`. */
  refusal(command: Command, connection: Connection): string | undefined {
    if (command.guardedBy === undefined) return undefined;
    const allowed = this.config.get(command.guardedBy);
    if (allowed === 'yes' || (allowed === 'local' && connection.isLocal)) return undefined;
    return notAllowed((command.container ?? command).name, command.guardedBy);
  }

  /** Notes that a connection may have something to flush. */
  touched(connection: Connection): void {
    this.#host.touched(connection);
  }

  /** Ends a connection that speaks HTTP. */
  crossProtocol(connection: Connection): void {
    this.#host.crossProtocol(connection);
  }

  clients(): Iterable<Client> {
    return this.#host.connections();
  }

  report(): ServerReport {
    return this.#host.report();
  }

  resetStatistics(): void {
    this.#host.resetStatistics();
  }

  pauseClients(mode: 'all' | 'write', untilMs: number): void {
    this.#host.gate.pause.start(mode, untilMs);
  }

  unpauseClients(): void {
    this.#host.gate.pause.end();
  }

  get isInTransaction(): boolean {
    return this.#defer !== undefined;
  }

  beginTransaction(): boolean {
    return this.#host.clientTransactions.begin(this.#connection);
  }

  discardTransaction(): boolean {
    return this.#host.clientTransactions.discard(this.#connection);
  }

  /** Has something published though no connection is touched. */
  endTurnSoon(): void {
    this.#host.endTurnSoon();
  }

  resetClient(): void {
    const connection = this.#connection;
    this.tracking.disable(connection);
    this.#host.clientTransactions.forget(connection);
    this.#host.pubSub.forget(connection);
    this.#host.monitors.forget(connection);
    connection.db = 0;
    connection.name = '';
    connection.resp = 2;
    connection.user = this.acl.defaultUser;
    connection.noEvict = false;
    connection.noTouch = false;
    connection.replyMode = 'on';
    connection.isAuthenticated = this.acl.isOpen;
  }

  shutdown(options: ShutdownOptions): Promise<boolean> {
    return this.#host.shutdown(options);
  }

  abortShutdown(): boolean {
    return this.#host.abortShutdown();
  }

  defer(): (write: (reply: ReplyWriter) => void) => void {
    return this.#defer?.() ?? this.#host.deferred.take(this.#connection);
  }

  shardRequests(): (words: readonly Uint8Array[]) => Promise<Uint8Array | undefined> {
    const connection = this.#connection;
    const { command } = this;
    const { db } = connection;
    const sent = () => this.touched(connection);
    return (words) => this.#host.shardRequests.run(command, connection, db, words, sent);
  }

  rewriteConfig(isForced: boolean): string | undefined {
    return this.#host.rewriteConfig(isForced);
  }

  log(message: string): void {
    this.#host.log(message);
  }
}
