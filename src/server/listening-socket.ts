/** One listening TCP socket, and what of an address is shown to people. */
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { ConnectionAddresses } from './connection-host.ts';

/** A failure to listen, in one line for people. */
export class ListenError extends Error {
  /** The system's code, `EADDRINUSE` and the like. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

export interface AcceptOptions {
  readonly backlog: number;
  /** Seconds; 0 switches keep-alive off. */
  keepAliveSeconds(): number;
}

/** Gets each accepted socket, paused and half-open. */
export type Accepted = (socket: Socket, addresses: ConnectionAddresses) => void;

/** A server that does not listen yet and gives every socket to `accepted`. */
export function acceptingServer(
  options: AcceptOptions,
  addressesOf: (socket: Socket) => ConnectionAddresses,
  accepted: Accepted,
): Server {
  return createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    const seconds = options.keepAliveSeconds();
    const addresses = addressesOf(socket);
    if (seconds > 0 && !addresses.isUnixSocket) socket.setKeepAlive(true, seconds * 1000);
    accepted(socket, addresses);
  });
}

export function listening(server: Server, options: object): Promise<void> {
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

/**
 * Listens on an address as `bind` has it and on `port`, 0 for any free one. Undefined when the address may be
 * missing on this machine and is. Throws ListenError.
 */
export async function listenTcp(
  text: string,
  port: number,
  options: AcceptOptions,
  accepted: Accepted,
): Promise<Server | undefined> {
  // Redis: an address after a dash may be missing on this machine; `*` stands for all of IPv4, `::*` of IPv6.
  const isOptional = text.startsWith('-');
  const plain = isOptional ? text.slice(1) : text;
  const host = plain === '*' ? '0.0.0.0' : plain === '::*' ? '::' : plain;
  const server = acceptingServer(options, tcpAddresses, accepted);
  try {
    await listening(server, { host, port, backlog: options.backlog, ipv6Only: isIPv6(host) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (isOptional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return undefined;
    throw new ListenError(`cannot listen on ${host}:${port}: ${explain(code, message)}`, code);
  }
  return server;
}

function tcpAddresses(socket: Socket): ConnectionAddresses {
  const { remoteAddress } = socket;
  return {
    host: remoteAddress ?? '',
    address: hostPort(remoteAddress, socket.remotePort),
    localAddress: hostPort(socket.localAddress, socket.localPort),
    isLocal: isLoopback(remoteAddress),
    isUnixSocket: false,
  };
}

export function explain(code: string | undefined, message: string): string {
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
