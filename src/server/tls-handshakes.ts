/**
 * TLS handshakes, at a pace that other clients do not feel.
 *
 * The costly step of a handshake is the server's signature, one to two milliseconds with RSA, and it runs in the
 * event loop as soon as the client's hello is given to OpenSSL. A hundred clients that connect at once would stop
 * everybody else for all of that. So the hello is read from the raw socket first; complete ones wait in a queue,
 * and one is taken in each turn of the loop, between which all other sockets are served.
 *
 * How many may be on their way, and for how long, is limited: a client that connects and says nothing costs a socket for
 * a few seconds.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { viewedBytes } from '../base/bytes.ts';
import type { ConnectionAddresses } from './connection-host.ts';
import { readInto } from './socket-reader.ts';
import type { TlsSetup } from './tls-settings.ts';

export interface HandshakeOptions {
  /** Handshakes on their way beyond which a new connection is closed. */
  readonly pendingMax: number;
  /** From the connection to the end of its handshake. */
  readonly timeoutMs: number;
  /** Gets the socket of each client whose handshake is done. */
  accepted(socket: TLSSocket, addresses: ConnectionAddresses): void;
  /** Called when a connection is closed because there are too many. */
  rejected(): void;
  /** Says something of a connection in the log. */
  note(message: string): void;
}

/** Header of a TLS record: its type, a version, and the length of what follows. */
const RECORD_HEADER_BYTES = 5;
const RECORD_TYPE_HANDSHAKE = 22;
const READ_BUFFER_BYTES = 16 * 1024;
const RECORD_BYTES_MAX = 16 * 1024 + RECORD_HEADER_BYTES;

/** The first record that a client sends, as far as it has come. */
class Hello {
  bytes: Buffer = Buffer.alloc(0);
  /** There is as much of it as is wanted; or it is not TLS, which the first byte tells. */
  isRead = false;

  get isTls(): boolean {
    return this.bytes[0] === RECORD_TYPE_HANDSHAKE;
  }

  /** True when `isRead` now. */
  append(bytes: Uint8Array, length: number): boolean {
    this.bytes = Buffer.concat([this.bytes, bytes.subarray(0, length)]);
    const has = this.bytes.length;
    const wanted =
      has < RECORD_HEADER_BYTES
        ? RECORD_HEADER_BYTES
        : Math.min(RECORD_HEADER_BYTES + this.bytes.readUInt16BE(3), RECORD_BYTES_MAX);
    this.isRead = !this.isTls || has >= wanted;
    return this.isRead;
  }
}

interface Handshake {
  readonly socket: Socket;
  readonly addresses: ConnectionAddresses;
  readonly startedAtMs: number;
}

export class TlsHandshakes {
  readonly #options: HandshakeOptions;
  readonly #readBuffer = viewedBytes(new ArrayBuffer(READ_BUFFER_BYTES));
  #setup: TlsSetup | undefined;
  /** All that are not done, oldest first, by the two ends of the connection. */
  readonly #pending = new Map<string, Handshake>();
  /** Those whose client has said its hello. */
  readonly #ready: Handshake[] = [];
  #isScheduled = false;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** What new connections get; those on their way go on with what they have. */
  configure(setup: TlsSetup): void {
    const { server, checksCertificates } = setup;
    server.on('secureConnection', (socket) => this.#established(socket, checksCertificates));
    server.on('tlsClientError', (error, socket) => {
      this.#failed(this.#pending.get(keyOf(socket)), error.message);
      socket.destroy();
    });
    this.#setup = setup;
  }

  /** Takes a socket on which nothing has been read. */
  accept(accepted: Socket, addresses: ConnectionAddresses): void {
    if (this.#pending.size >= this.#options.pendingMax) {
      this.#options.rejected();
      accepted.on('error', () => {});
      accepted.destroy();
      return;
    }
    const hello = new Hello();
    const socket = readInto(accepted, this.#readBuffer, (bytes, length) => {
      if (hello.append(bytes, length)) this.#helloRead(handshake, hello);
    });
    const handshake = { socket, addresses, startedAtMs: Date.now() };
    const key = keyOf(socket);
    this.#pending.set(key, handshake);
    this.#sweeper ??= setInterval(() => this.#sweep(), Math.min(1000, this.#options.timeoutMs));
    socket.on('error', () => {});
    socket.once('close', () => {
      if (this.#pending.get(key) === handshake) this.#pending.delete(key);
    });
    socket.once('end', () => {
      if (!hello.isRead) socket.destroy();
    });
    socket.resume();
  }

  /** Closes what is not established. */
  close(): void {
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
    for (const { socket } of [...this.#pending.values()]) socket.destroy();
    this.#pending.clear();
  }

  #helloRead(handshake: Handshake, hello: Hello): void {
    const { socket } = handshake;
    socket.pause();
    if (hello.isTls) {
      // Node gives what a socket has read to the TLS that is put on it.
      socket.unshift(hello.bytes);
      this.#ready.push(handshake);
      this.#schedule();
    } else {
      this.#failed(handshake, 'the client does not speak TLS');
      socket.destroy();
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#ready.length === 0) return;
    this.#isScheduled = true;
    setImmediate(this.#startNext);
  }

  /** Begins one handshake, and asks for the next turn when more are waiting. */
  readonly #startNext = (): void => {
    this.#isScheduled = false;
    let next = this.#ready.shift();
    while (next?.socket.destroyed) next = this.#ready.shift();
    if (next !== undefined) {
      // A client that leaves now has no replies to wait for: its socket is closed.
      next.socket.allowHalfOpen = false;
      this.#setup!.server.emit('connection', next.socket);
    }
    this.#schedule();
  };

  #established(socket: TLSSocket, checksCertificates: boolean): void {
    const key = keyOf(socket);
    const handshake = this.#pending.get(key);
    if (handshake === undefined) {
      socket.destroy();
      return;
    }
    if (checksCertificates && !socket.authorized && hasCertificate(socket)) {
      this.#failed(handshake, `the client's certificate is refused: ${socket.authorizationError}`);
      socket.destroy();
      return;
    }
    this.#pending.delete(key);
    socket.allowHalfOpen = true;
    this.#options.accepted(socket, handshake.addresses);
  }

  #failed(handshake: Handshake | undefined, why: string): void {
    if (handshake === undefined) return;
    const { address, localAddress } = handshake.addresses;
    this.#options.note(`Error accepting a client connection: ${why} (addr=${address} laddr=${localAddress})`);
  }

  #sweep(): void {
    const now = Date.now();
    for (const handshake of [...this.#pending.values()]) {
      if (now - handshake.startedAtMs < this.#options.timeoutMs) break;
      this.#failed(handshake, 'the handshake takes too long');
      handshake.socket.destroy();
    }
    if (this.#pending.size > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}

function hasCertificate(socket: TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate()).length > 0;
}

/** Tells connections apart: no two have both ends in common. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}
