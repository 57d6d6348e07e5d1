/** Listening sockets: TCP on any number of addresses, and a Unix socket. */
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { ConnectionAddresses } from './connection.ts';

export interface ListenOptions {
  /** 0 picks a free port, the same for all addresses; undefined listens on no TCP port. */
  readonly port: number | undefined;
  readonly bind: readonly string[];
  readonly backlog: number;
  readonly unixSocket: string;
  /** File mode of the Unix socket, or undefined for what the umask gives. */
  readonly unixSocketMode: number | undefined;
  /** Seconds; 0 switches keep-alive off. */
  keepAliveSeconds(): number;
  accepted(socket: Socket, addresses: ConnectionAddresses): void;
}

/** The length of `sun_path` without its end mark. */
const UNIX_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

/** A failure to listen, in one line for people. */
export class ListenError extends Error {}

export class Listener {
  readonly #options: ListenOptions;
  readonly #servers: Server[] = [];
  /** The TCP port, 0 without one. */
  port = 0;

  constructor(options: ListenOptions) {
    this.#options = options;
  }

  /** Throws ListenError; then nothing listens. */
  async open(): Promise<void> {
    const { port, bind, unixSocket } = this.#options;
    try {
      if (port !== undefined) {
        this.port = port;
        for (const address of bind) await this.#listenTcp(address);
      }
      if (unixSocket !== '') await this.#listenUnix(unixSocket);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Accepts no more connections. The server's own count of them does not matter here. */
  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    this.#servers.length = 0;
  }

  async #listenTcp(text: string): Promise<void> {
    // Redis: an address after a dash may be missing on this machine; `*` stands for all of IPv4, `::*` of IPv6.
    const isOptional = text.startsWith('-');
    const plain = isOptional ? text.slice(1) : text;
    const host = plain === '*' ? '0.0.0.0' : plain === '::*' ? '::' : plain;
    const server = this.#createServer((socket) => ({
      address: hostPort(socket.remoteAddress, socket.remotePort),
      localAddress: hostPort(socket.localAddress, socket.localPort),
      isLocal: isLoopback(socket.remoteAddress),
      isUnixSocket: false,
    }));
    try {
      await listening(server, {
        host,
        port: this.port,
        backlog: this.#options.backlog,
        ipv6Only: isIPv6(host),
      });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (isOptional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return;
      throw new ListenError(`cannot listen on ${host}:${this.port}: ${explain(code, message)}`);
    }
    this.#servers.push(server);
    const bound = server.address();
    if (bound !== null && typeof bound === 'object') this.port = bound.port;
  }

  async #listenUnix(path: string): Promise<void> {
    // Libuv would cut the path, and listen somewhere else.
    if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
      throw new ListenError(
        `cannot listen on Unix socket ${path}: the path has more than ${UNIX_PATH_BYTES_MAX} bytes`,
      );
    }
    await removeStaleSocket(path);
    const server = this.#createServer(() => ({
      address: `${path}:0`,
      localAddress: `${path}:0`,
      isLocal: true,
      isUnixSocket: true,
    }));
    try {
      await listening(server, { path, backlog: this.#options.backlog });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new ListenError(`cannot listen on Unix socket ${path}: ${explain(code, message)}`);
    }
    this.#servers.push(server);
    if (this.#options.unixSocketMode !== undefined) chmodSync(path, this.#options.unixSocketMode);
  }

  #createServer(addressesOf: (socket: Socket) => ConnectionAddresses): Server {
    const options = { noDelay: true, pauseOnConnect: true, allowHalfOpen: true };
    return createServer(options, (socket) => {
      const seconds = this.#options.keepAliveSeconds();
      const addresses = addressesOf(socket);
      if (seconds > 0 && !addresses.isUnixSocket) socket.setKeepAlive(true, seconds * 1000);
      this.#options.accepted(socket, addresses);
    });
  }
}

function listening(server: Server, options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      // A failing accept (say, no free file descriptors) concerns one client only.
      server.on('error', () => {});
      resolve();
    });
  });
}

/** A socket file that nobody listens on is left from a crash and removed, as Redis does. */
async function removeStaleSocket(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const isLive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (isLive) throw new ListenError(`cannot listen on Unix socket ${path}: another server is using it`);
  if (!lstatSync(path).isSocket()) {
    throw new ListenError(`cannot listen on Unix socket ${path}: a file that is no socket is in its place`);
  }
  unlinkSync(path);
}

function explain(code: string | undefined, message: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the address is already in use';
    case 'EACCES':
      return 'permission denied';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    default:
      return message;
  }
}

function hostPort(host: string | undefined, port: number | undefined): string {
  if (host === undefined) return '?:0';
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function isLoopback(host: string | undefined): boolean {
  return host !== undefined && (host === '::1' || host.startsWith('127.') || host.startsWith('::ffff:127.'));
}
