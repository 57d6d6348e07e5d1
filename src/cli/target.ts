/** Which server to talk to and as whom, and how that is written. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';

export interface TlsFiles {
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The certificate is not checked. */
  readonly insecure?: boolean;
  /** The name that the server is asked for and that its certificate must have. */
  readonly sni?: string;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** The path of a socket, which then takes the place of host and port. */
  readonly socket?: string;
  readonly user?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls?: TlsFiles;
}

/** What a `redis://` or `rediss://` URI says. Throws an Error in one line. */
export function parseUri(uri: string): Partial<Target> {
  const match =
    /^(rediss?):\/\/(?:(?:([^:@/]*):)?([^@/]*)@)?(?:\[([^\]]*)\]|([^:/?#]*))(?::(\d+))?(?:\/(\d*))?$/i.exec(
      uri,
    );
  if (match === null) throw new Error('Invalid URI, expected redis://[[user:]password@]host[:port][/db]');
  const [, scheme, user, password, ipv6, name, port, db] = match;
  const host = ipv6 ?? name;
  return {
    ...(host !== undefined && host !== '' && { host }),
    ...(port !== undefined && { port: Number(port) }),
    ...(user !== undefined && user !== '' && { user: decode(user) }),
    ...(password !== undefined && { password: decode(password) }),
    ...(db !== undefined && db !== '' && { db: Number(db) }),
    ...(scheme!.toLowerCase() === 'rediss' && { tls: {} }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('Illegal character in URI encoding');
  }
}

/** `127.0.0.1:6379`, `[::1]:6379` or the path of a socket. */
export function addressOf({ host, port, socket }: Target): string {
  if (socket !== undefined) return socket;
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The prompt of the interactive mode shows a socket as redis-cli does. */
export function promptAddress(target: Target): string {
  return target.socket === undefined ? addressOf(target) : `redis ${target.socket}`;
}

/**
 * What `tls.connect` needs. A certificate that the user named an authority for must come from there; its name is
 * checked as well when it is known: because `sni` was given, or because any public authority would do. Throws an
 * Error in one line for a file that cannot be read.
 */
export function tlsOptions(host: string, files: TlsFiles): TlsConnectionOptions {
  const { cacert, cert, key, insecure, sni } = files;
  const name = sni ?? (isIP(host) === 0 ? host : undefined);
  return {
    ...(cacert !== undefined && { ca: read(cacert) }),
    ...(cert !== undefined && { cert: read(cert) }),
    ...(key !== undefined && { key: read(key) }),
    ...(name !== undefined && { servername: name }),
    ...(sni === undefined && cacert !== undefined && { checkServerIdentity: () => undefined }),
    rejectUnauthorized: insecure !== true,
  };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(`cannot read ${file}: ${describeError(error)}`);
  }
}

/** The words of the C library, which people look for. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  EISDIR: 'Is a directory',
  ENETUNREACH: 'Network is unreachable',
  ENOENT: 'No such file or directory',
  ENOTFOUND: 'Name or service not known',
  ENOTSOCK: 'Socket operation on non-socket',
  EAI_AGAIN: 'Temporary failure in name resolution',
  EPIPE: 'Broken pipe',
  ETIMEDOUT: 'Connection timed out',
};

/** One line on an error of the system, or of whatever kind. */
export function describeError(error: unknown): string {
  // A name with several addresses fails with an error for each; the last speaks for all.
  if (error instanceof AggregateError && error.errors.length > 0) return describeError(error.errors.at(-1));
  const { code, message } = error as NodeJS.ErrnoException;
  return SYSTEM_ERRORS[code ?? ''] ?? String(message ?? error).split('\n')[0]!;
}
