/** Options: TLS, in the names and with the defaults of Redis. */
import { boolean, INT_MAX, integer, oneOf, text } from '../kinds.ts';
import { type Row, row } from '../row.ts';

function line(placeholder: string, help: string, extra: Partial<Row<string>> = {}) {
  return row({
    kind: text(placeholder),
    default: '',
    mutable: true,
    affects: ['server'],
    group: 'TLS',
    help,
    ...extra,
  });
}

/** A file that may have other content when its name is set again. */
function file(help: string) {
  return line('path', help, { volatile: true });
}

export const tls = {
  'tls-port': row({
    kind: integer(0, 65535),
    default: 0,
    mutable: true,
    affects: ['server'],
    group: 'TLS',
    help: 'port to listen on for TLS, on the addresses of bind; 0 for none',
  }),
  'tls-cert-file': file("the server's certificate in PEM, followed by those between it and the root"),
  'tls-key-file': file('the private key of the certificate in PEM'),
  'tls-key-file-pass': line('password', 'password of the private key', { sensitive: true }),
  'tls-ca-cert-file': file("certificates in PEM that clients' certificates are checked against"),
  'tls-ca-cert-dir': file('directory of files with such certificates'),
  'tls-auth-clients': row({
    kind: oneOf('no', 'yes', 'optional'),
    default: 'yes',
    mutable: true,
    affects: ['server'],
    group: 'TLS',
    help: 'whether clients must show a certificate, may, or are not asked',
  }),
  'tls-protocols': line(
    'versions',
    'TLS versions of "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"; empty for the last two',
  ),
  'tls-ciphers': line('list', "ciphers up to TLS 1.2 in OpenSSL's form; empty for OpenSSL's default"),
  'tls-ciphersuites': line('list', "cipher suites of TLS 1.3 in OpenSSL's form; empty for OpenSSL's default"),
  'tls-prefer-server-ciphers': row({
    kind: boolean(),
    default: false,
    mutable: true,
    affects: ['server'],
    group: 'TLS',
    help: "choose the cipher by the server's order and not by the client's",
  }),
  'tls-dh-params-file': file('parameters for Diffie-Hellman in PEM; empty for those that fit the key'),
  'tls-session-caching': row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server'],
    group: 'TLS',
    help: 'let clients that come back resume without a full handshake',
  }),
  'tls-session-cache-size': row({
    kind: integer(0, INT_MAX),
    default: 20480,
    mutable: true,
    affects: ['server'],
    group: 'TLS',
    help: 'taken and without effect: what is needed to resume is in tickets that clients keep',
  }),
  'tls-session-cache-timeout': row({
    kind: integer(0, INT_MAX),
    default: 300,
    mutable: true,
    affects: ['server'],
    group: 'TLS',
    placeholder: 'seconds',
    help: 'seconds for which a client can resume',
  }),
};
