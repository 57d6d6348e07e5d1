/** Options: where the server listens. */
import { INT_MAX, integer, list, octal, text } from '../kinds.ts';
import { row } from '../row.ts';

export const network = {
  // As in Redis, 0 is "no TCP" here. The embeddable API, where tests want any free port, gives 0 that meaning
  // itself: the server picks the port and knows it, and the option stays 0.
  port: row({
    kind: integer(0, 65535),
    default: 6379,
    mutable: true,
    affects: ['server'],
    group: 'Network',
    help: 'TCP port to listen on; 0 for none',
  }),
  bind: row({
    kind: list('address', 16, 'Too many bind addresses specified.'),
    default: ['127.0.0.1'],
    mutable: true,
    affects: ['server'],
    group: 'Network',
    help: 'addresses to listen on; * is every IPv4 address, a leading - allows one that is absent',
  }),
  unixsocket: row({
    kind: text('path'),
    default: '',
    mutable: false,
    affects: ['server'],
    group: 'Network',
    help: 'path of a Unix socket to listen on as well',
  }),
  unixsocketperm: row({
    kind: octal(0o777),
    default: 0,
    mutable: false,
    affects: ['server'],
    group: 'Network',
    help: 'permissions of the Unix socket in octal; 0 leaves them to the umask',
  }),
  'tcp-backlog': row({
    kind: integer(0, INT_MAX),
    default: 511,
    mutable: false,
    affects: ['server'],
    group: 'Network',
    help: 'connections that may wait to be accepted',
  }),
  'tcp-keepalive': row({
    kind: integer(0, INT_MAX),
    default: 300,
    mutable: true,
    affects: ['server'],
    group: 'Network',
    placeholder: 'seconds',
    help: 'seconds between probes for dead peers; 0 for none',
  }),
};
