/**
 * From the TLS options to what Node wants to know. Whatever is wrong with them, a missing file, a key that belongs
 * to another certificate, is told in one line that names the option: OpenSSL's own texts help nobody.
 */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createServer, type SecureVersion, type Server, type TlsOptions } from 'node:tls';
import type { OptionName, OptionValues } from '../config/options.ts';
import { TlsError } from './tls-error.ts';

/** The values of the options, where they stand now or as they are about to be. */
export type OptionReader = <N extends OptionName>(name: N) => OptionValues[N];

type FileOption =
  | 'tls-cert-file'
  | 'tls-key-file'
  | 'tls-ca-cert-file'
  | 'tls-ca-cert-dir'
  | 'tls-dh-params-file';

/** What an established connection is checked for. */
export interface TlsSetup {
  /** Makes TLS of the sockets that are given to it by its `connection` event; never listens. */
  readonly server: Server;
  /** A client's certificate that cannot be verified closes the connection. */
  readonly checksCertificates: boolean;
}

const VERSIONS: readonly (readonly [name: string, version: SecureVersion, off: number])[] = [
  ['tlsv1', 'TLSv1', constants.SSL_OP_NO_TLSv1],
  ['tlsv1.1', 'TLSv1.1', constants.SSL_OP_NO_TLSv1_1],
  ['tlsv1.2', 'TLSv1.2', constants.SSL_OP_NO_TLSv1_2],
  ['tlsv1.3', 'TLSv1.3', constants.SSL_OP_NO_TLSv1_3],
];
const DEFAULT_VERSIONS = ['tlsv1.2', 'tlsv1.3'];

/** Cipher suites of TLS 1.3 that OpenSSL offers by default, in its order. */
const DEFAULT_SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
const DEFAULT_CIPHERS = 'DEFAULT';

/** Reads all files anew. Throws TlsError. */
export function tlsSetup(get: OptionReader): TlsSetup {
  const auth = get('tls-auth-clients');
  const options: TlsOptions = {
    ...identity(get),
    ...authorities(get),
    ...protocols(get),
    requestCert: auth !== 'no',
    rejectUnauthorized: auth === 'yes',
    honorCipherOrder: get('tls-prefer-server-ciphers'),
    dhparam: diffieHellman(get),
    sessionIdContext: 'shardis',
  };
  if (resumesSessions(get)) options.sessionTimeout = get('tls-session-cache-timeout');
  const suites = get('tls-ciphersuites') || DEFAULT_SUITES;
  const ciphers = get('tls-ciphers') || DEFAULT_CIPHERS;
  return {
    server: create({ ...options, ciphers: `${suites}:${ciphers}` }, get),
    checksCertificates: auth !== 'no',
  };
}

function create(options: TlsOptions, get: OptionReader): Server {
  try {
    return createServer(options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (/CIPHER/i.test(code ?? '')) {
      const name = get('tls-ciphersuites') === '' ? 'tls-ciphers' : 'tls-ciphersuites or tls-ciphers';
      throw new TlsError(`${name}: OpenSSL knows no such cipher`);
    }
    if (/DH/.test(`${code}${message}`) && get('tls-dh-params-file') !== '') {
      throw new TlsError(`${named('tls-dh-params-file', get)}: not usable parameters for Diffie-Hellman`);
    }
    throw new TlsError(message.split('\n')[0]!);
  }
}

/** The certificate and its key, which must fit each other. */
function identity(get: OptionReader): TlsOptions {
  if (get('tls-cert-file') === '') throw new TlsError('no tls-cert-file is configured, which tls-port needs');
  if (get('tls-key-file') === '') throw new TlsError('no tls-key-file is configured, which tls-port needs');
  const cert = read('tls-cert-file', get);
  const key = read('tls-key-file', get);
  const certificate = attempt(
    () => new X509Certificate(cert),
    () => `${named('tls-cert-file', get)}: not a certificate in PEM`,
  );
  const passphrase = get('tls-key-file-pass');
  const privateKey = attempt(
    () => createPrivateKey({ key, format: 'pem', passphrase }),
    (code) => `${named('tls-key-file', get)}: ${keyProblem(code, passphrase)}`,
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsError(
      `${named('tls-key-file', get)}: the key does not match the certificate of ${named('tls-cert-file', get)}`,
    );
  }
  return passphrase === '' ? { cert, key } : { cert, key, passphrase };
}

function keyProblem(code: string | undefined, passphrase: string): string {
  const isEncrypted = /PASSPHRASE|BAD_DECRYPT|PASSWORD|CRYPTO_CANCELLED/.test(code ?? '');
  if (!isEncrypted) return 'not a private key in PEM';
  return passphrase === ''
    ? 'the key has a password, and tls-key-file-pass is empty'
    : 'tls-key-file-pass is not the password of the key';
}

/** The certificates that clients' certificates must come from. */
function authorities(get: OptionReader): TlsOptions {
  const file = get('tls-ca-cert-file');
  const directory = get('tls-ca-cert-dir');
  if (file === '' && directory === '') {
    if (get('tls-auth-clients') === 'no') return {};
    throw new TlsError(
      'either tls-ca-cert-file or tls-ca-cert-dir must be specified while tls-auth-clients is not no',
    );
  }
  const found: Buffer[] = [];
  if (file !== '') {
    const pem = read('tls-ca-cert-file', get);
    attempt(
      () => new X509Certificate(pem),
      () => `${named('tls-ca-cert-file', get)}: not a certificate in PEM`,
    );
    found.push(pem);
  }
  if (directory !== '') found.push(...certificatesIn(get));
  return { ca: found };
}

/** OpenSSL finds a file of such a directory by its name, a hash; here all certificates in it are read. */
function certificatesIn(get: OptionReader): Buffer[] {
  const directory = get('tls-ca-cert-dir');
  const names = attempt(
    () => readdirSync(directory),
    (code, message) => `${named('tls-ca-cert-dir', get)}: ${reason(code, message)}`,
  );
  const byContent = new Map<string, Buffer>();
  for (const name of names) {
    try {
      const pem = readFileSync(path.join(directory, name));
      const text = pem.toString('latin1');
      if (text.includes('-----BEGIN CERTIFICATE-----')) byContent.set(text, pem);
    } catch {
      // What is no file, or cannot be read, is none of the certificates.
    }
  }
  if (byContent.size === 0) {
    throw new TlsError(`${named('tls-ca-cert-dir', get)}: no file with a certificate in PEM in it`);
  }
  return [...byContent.values()];
}

/** Node passes over what it cannot read as parameters, and goes on without. */
function diffieHellman(get: OptionReader): Buffer | 'auto' {
  if (get('tls-dh-params-file') === '') return 'auto';
  const pem = read('tls-dh-params-file', get);
  if (/-----BEGIN (X9\.42 )?DH PARAMETERS-----\s+[\w+/=\s]+-----END/.test(pem.toString('latin1'))) return pem;
  throw new TlsError(`${named('tls-dh-params-file', get)}: no parameters for Diffie-Hellman in PEM`);
}

/** The versions of TLS, which OpenSSL takes as a range with holes, and whether clients can resume. */
function protocols(get: OptionReader): TlsOptions {
  const given = get('tls-protocols')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const wanted = given.length === 0 ? DEFAULT_VERSIONS : given;
  if (!wanted.every((word) => VERSIONS.some(([name]) => name === word))) {
    throw new TlsError(
      "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.",
    );
  }
  const chosen = VERSIONS.filter(([name]) => wanted.includes(name));
  // A client that asks for new keys again and again would keep the server busy for nothing.
  let secureOptions = constants.SSL_OP_NO_RENEGOTIATION;
  if (!resumesSessions(get)) secureOptions |= constants.SSL_OP_NO_TICKET;
  for (const [name, , off] of VERSIONS) if (!wanted.includes(name)) secureOptions |= off;
  return { minVersion: chosen[0]![1], maxVersion: chosen.at(-1)![1], secureOptions };
}

/** What is needed for that is in tickets that clients keep; none are given out where they would be of no use. */
function resumesSessions(get: OptionReader): boolean {
  return get('tls-session-caching') && get('tls-session-cache-timeout') > 0;
}

function read(option: FileOption, get: OptionReader): Buffer {
  return attempt(
    () => readFileSync(get(option)),
    (code, message) => `${named(option, get)}: ${reason(code, message)}`,
  );
}

function named(option: FileOption, get: OptionReader): string {
  return `${option} ${get(option)}`;
}

function reason(code: string | undefined, message: string): string {
  switch (code) {
    case 'ENOENT':
      return 'no such file or directory';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    default:
      return message;
  }
}

/** Runs `step`; an error of it becomes a TlsError. */
function attempt<T>(step: () => T, explain: (code: string | undefined, message: string) => string): T {
  try {
    return step();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TlsError(explain(code, message));
  }
}
