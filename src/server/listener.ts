/** Everything the server listens on: a TCP port, a port for TLS, both of the same addresses, and a Unix socket. */
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import {
  type Accepted,
  type AcceptOptions,
  acceptingServer,
  explain,
  ListenError,
  listening,
} from './listening-socket.ts';
import { PortListener } from './port-listener.ts';

export interface ListenOptions extends AcceptOptions {
  /** 0 picks a free port, the same for all addresses; undefined listens on no TCP port. */
  readonly port: number | undefined;
  /** 0 for none. */
  readonly tlsPort: number;
  readonly bind: readonly string[];
  readonly unixSocket: string;
  /** File mode of the Unix socket, or undefined for what the umask gives. */
  readonly unixSocketMode: number | undefined;
  readonly accepted: Accepted;
  /** Sockets of the TLS port, on which nothing has been read yet. */
  readonly acceptedTls: Accepted;
}

/** The length of `sun_path` without its end mark. */
const UNIX_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

export class Listener {
  readonly tcp: PortListener;
  readonly tls: PortListener;
  readonly #options: ListenOptions;
  #unixServer: Server | undefined;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.tcp = new PortListener(options, options.accepted);
    this.tls = new PortListener(options, options.acceptedTls);
  }

  /** Throws ListenError; then nothing listens. */
  async open(): Promise<void> {
    const { port, tlsPort, bind, unixSocket } = this.#options;
    if (port === undefined && tlsPort === 0 && unixSocket === '') {
      throw new ListenError('configured to not listen anywhere: give it a port, a tls-port or a unixsocket');
    }
    try {
      if (port !== undefined) await this.tcp.open(port, bind);
      if (tlsPort !== 0) await this.tls.open(tlsPort, bind);
      if (unixSocket !== '') await this.#listenUnix(unixSocket);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Accepts no more connections. */
  close(): void {
    this.tcp.close();
    this.tls.close();
    this.#unixServer?.close();
    this.#unixServer = undefined;
  }

  async #listenUnix(path: string): Promise<void> {
    // Libuv would cut the path, and listen somewhere else.
    if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
      throw new ListenError(
        `cannot listen on Unix socket ${path}: the path has more than ${UNIX_PATH_BYTES_MAX} bytes`,
      );
    }
    await removeStaleSocket(path);
    const address = `${path}:0`;
    const addresses = { host: '', address, localAddress: address, isLocal: true, isUnixSocket: true };
    const server = acceptingServer(this.#options, () => addresses, this.#options.accepted);
    try {
      await listening(server, { path, backlog: this.#options.backlog });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new ListenError(`cannot listen on Unix socket ${path}: ${explain(code, message)}`);
    }
    this.#unixServer = server;
    if (this.#options.unixSocketMode !== undefined) chmodSync(path, this.#options.unixSocketMode);
  }
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
