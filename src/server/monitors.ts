/**
 * MONITOR: clients that are shown every command that runs, as a line that tells when it ran, in which database, who
 * asked for it, and its words, quoted. While there is nobody to show them to, commands do not come here at all.
 */
import type { Client } from '../commands/context.ts';
import type { MonitorService } from '../commands/pub-sub-service.ts';
import type { Command } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';
import type { Connection } from './connection.ts';
import type { TransactionQueue } from './transaction-queue.ts';

const REDACTED = Buffer.from('(redacted)', 'latin1');
/** The system's clock may be set; the fine one does not follow by itself. */
const CLOCK_DRIFT_MS_MAX = 2;
const BACKSLASH = 92;
/** Letters that stand for bytes behind a backslash. */
const ESCAPES: ReadonlyMap<number, string> = new Map([
  [34, '"'],
  [BACKSLASH, '\\'],
  [10, 'n'],
  [13, 'r'],
  [9, 't'],
  [7, 'a'],
  [8, 'b'],
]);
/** What each byte is shown as. */
const SHOWN: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const letter = ESCAPES.get(byte);
  if (letter !== undefined) return `\\${letter}`;
  const isPrintable = byte >= 32 && byte < 127;
  return isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
});

export class Monitors implements MonitorService {
  readonly #clients = new Set<Client>();
  readonly #changed: (isWatched: boolean) => void;
  readonly #unixSocket: () => string;
  /** What the fine clock counts from. */
  #clockOriginMs = performance.timeOrigin;

  /** `changed` is told whether commands are to be shown from now on. */
  constructor(changed: (isWatched: boolean) => void, unixSocket: () => string) {
    this.#changed = changed;
    this.#unixSocket = unixSocket;
  }

  get hasClients(): boolean {
    return this.#clients.size > 0;
  }

  add(client: Client): void {
    client.isMonitor = true;
    this.#clients.add(client);
    this.#changed(true);
  }

  /** To be called when a connection is gone or begins anew. */
  forget(client: Client): void {
    if (!this.#clients.delete(client)) return;
    client.isMonitor = false;
    if (this.#clients.size === 0) this.#changed(false);
  }

  /**
   * Shows a command that has just been run, or sent to where it runs, to all who watch. `before` are lines of what it brought
   * with it.
   */
  show(connection: Connection, command: Command, args: Arguments, before: readonly Uint8Array[] = []): void {
    for (const line of before) this.#send(connection, line);
    if (isSecret(command)) return;
    this.#send(connection, this.#encode(connection.db, this.#sourceOf(connection), command, args));
  }

  /** The same for a command that a script runs. */
  showInScript(connection: Connection, command: Command, args: Arguments): void {
    if (!isSecret(command)) this.#send(connection, this.#encode(connection.db, 'lua', command, args));
  }

  /** The lines of what a transaction will run. */
  linesOf(connection: Connection, queue: TransactionQueue): readonly Uint8Array[] {
    if (queue.isSpoiled) return [];
    const args = new Arguments();
    const source = this.#sourceOf(connection);
    let { db } = connection;
    return queue.commands.flatMap((command, i) => {
      queue.load(i, args);
      db = command.databaseAfter?.(args, Number.MAX_SAFE_INTEGER) ?? db;
      return isSecret(command) ? [] : [this.#encode(db, source, command, args)];
    });
  }

  #encode(db: number, source: string, command: Command, args: Arguments): Uint8Array {
    return encodeLine(`+${this.#now()} [${db} ${source}]`, args, command.secretWords?.(args) ?? []);
  }

  #send(connection: Connection, line: Uint8Array): void {
    for (const client of this.#clients) {
      // These are no pushes: who wants no replies does not get them.
      if (client.replyMode === 'off') continue;
      // Its own commands are answered first.
      if (client === connection) connection.appendReply(line);
      else client.push(line);
    }
  }

  /** Seconds since 1970, with the microseconds. */
  #now(): string {
    const ms = this.#clockOriginMs + performance.now();
    if (Math.abs(ms - Date.now()) <= CLOCK_DRIFT_MS_MAX) return (ms / 1000).toFixed(6);
    this.#clockOriginMs = Date.now() - performance.now();
    return (Date.now() / 1000).toFixed(6);
  }

  #sourceOf(connection: Connection): string {
    return connection.isUnixSocket ? `unix:${this.#unixSocket()}` : connection.address;
  }
}

/** As in Redis: what administers the server may hold passwords, and is not shown. */
function isSecret({ flags }: Command): boolean {
  return flags.includes('skip_monitor') || flags.includes('admin');
}

function encodeLine(head: string, args: Arguments, secret: readonly number[]): Uint8Array {
  const { bytes, starts, ends, count } = args;
  const rangeOf = (word: number): [Uint8Array, number, number] =>
    secret.includes(word) ? [REDACTED, 0, REDACTED.length] : [bytes, starts[word]!, ends[word]!];
  let size = head.length + 2;
  for (let word = 0; word < count; word++) size += shownBytes(...rangeOf(word)) + 3;
  const line = Buffer.allocUnsafe(size);
  let at = line.write(head, 0, 'latin1');
  for (let word = 0; word < count; word++) {
    at += line.write(' "', at, 'latin1');
    at = writeShown(line, at, ...rangeOf(word));
    at += line.write('"', at, 'latin1');
  }
  line.write('\r\n', at, 'latin1');
  return line;
}

function shownBytes(bytes: Uint8Array, start: number, end: number): number {
  let size = 0;
  for (let i = start; i < end; i++) size += SHOWN[bytes[i]!]!.length;
  return size;
}

function writeShown(line: Uint8Array, from: number, bytes: Uint8Array, start: number, end: number): number {
  let at = from;
  for (let i = start; i < end; i++) {
    const shown = SHOWN[bytes[i]!]!;
    for (let j = 0; j < shown.length; j++) line[at++] = shown.charCodeAt(j);
  }
  return at;
}
