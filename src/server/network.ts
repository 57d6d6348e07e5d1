/**
 * Who may connect, and where: the listening sockets, `allow-from`, `protected-mode` and TLS, as the options have
 * them at the start and as CONFIG SET changes them.
 */
import type { Socket } from 'node:net';
import { AddressRanges } from '../base/address-ranges.ts';
import type { Config, Preparation, Refused } from '../config/config.ts';
import { type OptionName, optionNames } from '../config/options.ts';
import * as errors from '../protocol/errors.ts';
import type { ConnectionAddresses } from './connection-host.ts';
import { Listener } from './listener.ts';
import type { Log } from './log.ts';
import { isTaken, type Move } from './port-listener.ts';
import { TlsError } from './tls-error.ts';
import { TlsHandshakes } from './tls-handshakes.ts';
import type { OptionReader, TlsSetup } from './tls-settings.ts';

/** A client with a slow line needs a second or so. */
const HANDSHAKE_MS_MAX = 10_000;
/** At two milliseconds each the last of them waits for two seconds. */
const HANDSHAKES_PENDING_MAX = 1000;
/** How often a refused address is noted: somebody who tries again and again must not fill the log. */
const REFUSALS_NOTED_EVERY_MS = 1000;

const TLS_OPTIONS = optionNames.filter((name) => name.startsWith('tls-') && name !== 'tls-port');
const LISTEN_OPTIONS: readonly OptionName[] = ['port', 'bind', 'tls-port'];

/** What the network needs of whoever serves the connections. */
export interface NetworkHost {
  readonly config: Config;
  readonly log: Log;
  /** Port 0 at the start means any free one. */
  readonly pickFreePort: boolean;
  /** True while anybody may run commands without a password. */
  isOpen(): boolean;
  /** False when no more connections can be served, with `pending` that are not there yet. */
  hasRoom(pending: number): boolean;
  /** Serves a connection. */
  accept(socket: Socket, addresses: ConnectionAddresses): void;
  /** Counts a connection that was closed before it was served. */
  rejected(): void;
}

export class Network {
  readonly #host: NetworkHost;
  readonly #listener: Listener;
  readonly #handshakes: TlsHandshakes;
  /** Undefined where all may connect. */
  #allowed: AddressRanges | undefined;
  #isClosed = false;
  #refusalsNotedAtMs = 0;
  #refusalsUnnoted = 0;

  constructor(host: NetworkHost) {
    const { config } = host;
    const port = config.get('port');
    this.#host = host;
    this.#handshakes = new TlsHandshakes({
      pendingMax: HANDSHAKES_PENDING_MAX,
      timeoutMs: HANDSHAKE_MS_MAX,
      accepted: (socket, addresses) => host.accept(socket, addresses),
      rejected: () => host.rejected(),
      note: (message) => host.log.verbose(message),
    });
    this.#listener = new Listener({
      port: port === 0 && !host.pickFreePort ? undefined : port,
      tlsPort: config.get('tls-port'),
      bind: config.get('bind'),
      backlog: config.get('tcp-backlog'),
      unixSocket: config.get('unixsocket'),
      unixSocketMode: config.get('unixsocketperm') === 0 ? undefined : config.get('unixsocketperm'),
      keepAliveSeconds: () => config.get('tcp-keepalive'),
      accepted: (socket, addresses) => {
        if (this.#admits(socket, addresses)) host.accept(socket, addresses);
      },
      acceptedTls: (socket, addresses) => this.#acceptTls(socket, addresses),
    });
    this.#setAllowed();
    config.onChange('allow-from', () => this.#setAllowed());
    config.onPrepare([...LISTEN_OPTIONS, ...TLS_OPTIONS], (changed, proposed) =>
      this.#prepare(changed, proposed),
    );
  }

  /** The TCP port it listens on, 0 for none. */
  get port(): number {
    return this.#listener.tcp.port;
  }

  /** The port for TLS it listens on, 0 for none. */
  get tlsPort(): number {
    return this.#listener.tls.port;
  }

  /** Throws ListenError and TlsError; then nothing listens. Nor when it has been closed: a server may give up while it starts. */
  async open(): Promise<void> {
    if (this.#isClosed) return;
    const { config } = this.#host;
    if (config.get('tls-port') !== 0) {
      this.#handshakes.configure(await readTlsOptions((name) => config.get(name)));
    }
    await this.#listener.open();
  }

  /** Accepts no more connections. */
  close(): void {
    this.#isClosed = true;
    this.#listener.close();
    this.#handshakes.close();
  }

  /** `protected-mode`: the error for a client that may not be served, undefined for all others. */
  refusal(addresses: ConnectionAddresses): string | undefined {
    const isRefused =
      this.#host.config.get('protected-mode') &&
      !addresses.isLocal &&
      !addresses.isUnixSocket &&
      this.#host.isOpen();
    return isRefused ? errors.PROTECTED_MODE : undefined;
  }

  // Connections

  #setAllowed(): void {
    const texts = this.#host.config.get('allow-from');
    this.#allowed = texts.length === 0 ? undefined : new AddressRanges(texts);
  }

  /** `allow-from`. */
  #admits(socket: Socket, { host, address, isUnixSocket }: ConnectionAddresses): boolean {
    if (this.#allowed === undefined || isUnixSocket || this.#allowed.has(host)) return true;
    this.#host.rejected();
    socket.on('error', () => {});
    socket.destroy();
    this.#noteRefusal(address);
    return false;
  }

  #noteRefusal(address: string): void {
    const now = Date.now();
    if (now - this.#refusalsNotedAtMs < REFUSALS_NOTED_EVERY_MS) {
      this.#refusalsUnnoted++;
      return;
    }
    const others = this.#refusalsUnnoted === 0 ? '' : ` (and ${this.#refusalsUnnoted} before it)`;
    this.#refusalsNotedAtMs = now;
    this.#refusalsUnnoted = 0;
    this.#host.log.notice(`Connection from ${address} refused: it is not in allow-from${others}`);
  }

  #acceptTls(socket: Socket, addresses: ConnectionAddresses): void {
    if (!this.#admits(socket, addresses)) return;
    if (this.#host.hasRoom(this.#handshakes.pendingCount)) {
      this.#handshakes.accept(socket, addresses);
      return;
    }
    // As in Redis: before the handshake nothing can be said.
    this.#host.rejected();
    socket.on('error', () => {});
    socket.destroy();
  }

  // Changes while the server runs

  async #prepare(changed: readonly OptionName[], proposed: OptionReader): Promise<Preparation | Refused> {
    const moves: Move[] = [];
    const tlsOption = changed.find((name) => name.startsWith('tls-'));
    let option: OptionName = tlsOption ?? changed[0]!;
    try {
      const isNeeded = tlsOption !== undefined && proposed('tls-port') !== 0;
      const setup = isNeeded ? await readTlsOptions(proposed) : undefined;
      for (const [name, move] of this.#moves(changed, proposed)) {
        option = name;
        moves.push(await move().catch((error: unknown) => this.#moveAgain(error, moves, move)));
      }
      return {
        commit: () => {
          if (setup !== undefined) this.#handshakes.configure(setup);
          for (const { commit } of moves) commit();
          if (this.#isClosed) this.#listener.close();
        },
        abort: () => this.#abort(moves),
      };
    } catch (error) {
      await this.#abort(moves);
      return { option, reason: this.#explain(error, option) };
    }
  }

  /** TLS may take over the port of plain TCP, or the other way round: once that has left it. */
  async #moveAgain(error: unknown, moves: readonly Move[], move: () => Promise<Move>): Promise<Move> {
    if (!isTaken(error) || moves.length === 0) throw error;
    for (const { release } of moves) release();
    return move();
  }

  /** What is to be done for the options that changed, and the one to blame if it fails. */
  #moves(changed: readonly OptionName[], proposed: OptionReader): [OptionName, () => Promise<Move>][] {
    const { tcp, tls } = this.#listener;
    const bind = proposed('bind');
    // The port that was picked at the start stays when only the addresses change.
    const port = changed.includes('port') ? proposed('port') : tcp.port;
    const moves: [OptionName, () => Promise<Move>][] = [];
    const tcpOption = changed.find((name) => name === 'port' || name === 'bind');
    if (tcpOption !== undefined) moves.push([tcpOption, () => tcp.move(port, bind)]);
    const tlsOption = changed.find((name) => name === 'tls-port' || name === 'bind');
    if (tlsOption !== undefined) moves.push([tlsOption, () => tls.move(proposed('tls-port'), bind)]);
    // Who leaves a port goes before who takes it.
    return port !== 0 && port === tls.port ? moves.reverse() : moves;
  }

  async #abort(moves: readonly Move[]): Promise<void> {
    for (const { abort } of [...moves].reverse()) {
      await abort().catch((error: unknown) => this.#host.log.warning((error as Error).message));
    }
  }

  #explain(error: unknown, option: OptionName): string {
    const { message } = error as Error;
    this.#host.log.warning(`CONFIG SET ${option}: ${message}`);
    if (error instanceof TlsError) return errors.cannotUpdateTls(message);
    return option === 'bind' ? errors.CANNOT_BIND : errors.CANNOT_LISTEN;
  }
}

/** Throws TlsError. What it needs is loaded only where TLS is used: it would cost every start some milliseconds. */
async function readTlsOptions(get: OptionReader): Promise<TlsSetup> {
  const { tlsSetup } = await import('./tls-settings.ts');
  return tlsSetup(get);
}
