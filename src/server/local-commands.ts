/**
 * What handlers that run in the acceptor see: the ServerContext, set anew for each command.
 */
import type { ServerHandler } from '../commands/command.ts';
import type { Client, DeferredReply, ServerContext, ServerReport } from '../commands/context.ts';
import type { Command, CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { DEBUG_NOT_ALLOWED } from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { Connection } from './connection.ts';

/** What the context needs of the server. */
export interface LocalHost {
  readonly config: Config;
  readonly commands: CommandTable;
  connections(): Iterable<Connection>;
  report(): ServerReport;
  authenticate(user: string, password: string): boolean;
  isOpen(): boolean;
  resetStatistics(): void;
  shutdown(): void;
  touched(connection: Connection): void;
  crossProtocol(connection: Connection): void;
  deferReply(connection: Connection): DeferredReply;
}

export class LocalCommands implements ServerContext {
  args!: Arguments;
  reply!: ReplyWriter;
  client!: Client;
  command!: Command;
  readonly config: Config;
  readonly commands: CommandTable;
  readonly #host: LocalHost;
  #connection!: Connection;

  constructor(host: LocalHost) {
    this.#host = host;
    this.config = host.config;
    this.commands = host.commands;
  }

  run(
    handler: ServerHandler,
    command: Command,
    connection: Connection,
    args: Arguments,
    reply: ReplyWriter,
  ): void {
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
    return DEBUG_NOT_ALLOWED;
  }

  /** Notes that a connection may have something to flush. */
  touched(connection: Connection): void {
    this.#host.touched(connection);
  }

  /** Ends a connection that speaks HTTP. */
  crossProtocol(connection: Connection): void {
    this.#host.crossProtocol(connection);
  }

  defer(): DeferredReply {
    return this.#host.deferReply(this.#connection);
  }

  clients(): Iterable<Client> {
    return this.#host.connections();
  }

  report(): ServerReport {
    return this.#host.report();
  }

  authenticate(user: string, password: string): boolean {
    return this.#host.authenticate(user, password);
  }

  resetStatistics(): void {
    this.#host.resetStatistics();
  }

  resetClient(): void {
    const connection = this.#connection;
    connection.db = 0;
    connection.name = '';
    connection.resp = 2;
    connection.user = 'default';
    connection.noEvict = false;
    connection.noTouch = false;
    connection.replyMode = 'on';
    connection.isAuthenticated = this.#host.isOpen();
  }

  shutdown(): void {
    this.#host.shutdown();
  }
}
