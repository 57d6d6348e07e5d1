/** Options: of Redis's replication and cluster, neither of which this version has. Tools and test suites set them. */
import { boolean, count, fixed, INT_MAX, integer, MB, memory, oneOf, text } from '../kinds.ts';
import { inert, row } from '../row.ts';

const anyInt = integer(0, INT_MAX);
const anyPort = integer(0, 65535);
const FIXED = { mutable: false };

function isYesOrNo(words: readonly string[]): boolean {
  return words.length === 1 && /^(yes|no)$/i.test(words[0]!);
}

export const replication = {
  replicaof: row({
    kind: {
      ...fixed(
        text('host port'),
        '',
        (words) => words.length === 2 && /^\d{1,5}$/.test(words[1]!),
        'Invalid master port',
        'replication is not available in this version',
      ),
      arity: 'many',
    },
    default: '',
    mutable: false,
    affects: [],
    group: 'Compatibility',
    aliases: ['slaveof'],
    isInert: true,
    help: 'server to copy; only "" in this version',
  }),
  masterauth: inert(text('password'), '', 'password for the replicated server', { sensitive: true }),
  masteruser: inert(text('name'), '', 'user for the replicated server'),
  'replica-serve-stale-data': inert(boolean(), true, 'whether a replica answers without its master', {
    aliases: ['slave-serve-stale-data'],
  }),
  'replica-read-only': inert(boolean(), true, 'whether a replica refuses writes', {
    aliases: ['slave-read-only'],
  }),
  'replica-priority': inert(anyInt, 100, 'rank among replicas', { aliases: ['slave-priority'] }),
  'replica-lazy-flush': inert(boolean(), false, 'how a replica drops its keys', {
    aliases: ['slave-lazy-flush'],
  }),
  'replica-ignore-maxmemory': inert(boolean(), true, 'whether a replica leaves eviction to its master', {
    aliases: ['slave-ignore-maxmemory'],
  }),
  'replica-announced': inert(boolean(), true, 'whether a replica is shown by Sentinel'),
  'replica-announce-ip': inert(text('address'), '', 'address that a replica gives', {
    aliases: ['slave-announce-ip'],
  }),
  'replica-announce-port': inert(anyPort, 0, 'port that a replica gives', {
    aliases: ['slave-announce-port'],
  }),
  'replica-ignore-disk-write-errors': inert(boolean(), false, 'whether a replica goes on without its disk'),
  'repl-diskless-sync': inert(boolean(), true, 'whether replicas are sent a snapshot without a file'),
  'repl-diskless-sync-delay': inert(anyInt, 5, 'seconds to wait for more replicas'),
  'repl-diskless-sync-max-replicas': inert(anyInt, 0, 'replicas to wait for'),
  'repl-diskless-load': inert(
    oneOf('disabled', 'on-empty-db', 'swapdb'),
    'disabled',
    'how a replica loads a snapshot',
  ),
  'repl-ping-replica-period': inert(integer(1, INT_MAX), 10, 'seconds between pings to replicas', {
    aliases: ['repl-ping-slave-period'],
  }),
  'repl-timeout': inert(integer(1, INT_MAX), 60, 'seconds until a replica counts as gone'),
  'repl-disable-tcp-nodelay': inert(boolean(), false, 'whether packets to replicas are put together'),
  'repl-backlog-size': inert(memory({ min: 1 }), MB, 'bytes kept for replicas that come back'),
  'repl-backlog-ttl': inert(count(0), 3600, 'seconds that they are kept'),
  'min-replicas-to-write': row({
    kind: anyInt,
    default: 0,
    mutable: true,
    affects: ['server'],
    group: 'Compatibility',
    aliases: ['min-slaves-to-write'],
    help: 'replicas without which writes are refused: there are none, so any but 0 refuses them',
  }),
  'min-replicas-max-lag': row({
    kind: anyInt,
    default: 10,
    mutable: true,
    affects: ['server'],
    group: 'Compatibility',
    aliases: ['min-slaves-max-lag'],
    help: 'seconds after which a replica does not count; 0 switches min-replicas-to-write off',
  }),
  'propagation-error-behavior': inert(
    oneOf('ignore', 'panic', 'panic-on-replicas'),
    'ignore',
    'what to do when a replicated command fails',
  ),

  'cluster-enabled': row({
    kind: fixed(
      boolean(),
      false,
      isYesOrNo,
      "argument must be 'yes' or 'no'",
      'Redis Cluster is not available in this version',
    ),
    default: false,
    mutable: false,
    affects: [],
    group: 'Compatibility',
    isInert: true,
    help: 'Redis Cluster; only no: one server uses all cores by itself',
  }),
  'cluster-config-file': inert(text('path'), 'nodes.conf', "file of a cluster's nodes", FIXED),
  'cluster-node-timeout': inert(count(0), 15000, 'milliseconds until a node counts as gone'),
  'cluster-ping-interval': inert(count(0), 0, 'milliseconds between pings', { isHidden: true }),
  'cluster-port': inert(anyPort, 0, 'port for other nodes', FIXED),
  'cluster-replica-validity-factor': inert(anyInt, 10, 'how old the data of a new master may be', {
    aliases: ['cluster-slave-validity-factor'],
  }),
  'cluster-migration-barrier': inert(anyInt, 1, 'replicas that a master keeps'),
  'cluster-allow-replica-migration': inert(boolean(), true, 'whether replicas move between masters'),
  'cluster-require-full-coverage': inert(boolean(), true, 'whether all slots must be served'),
  'cluster-replica-no-failover': inert(boolean(), false, 'whether a replica never takes over', {
    aliases: ['cluster-slave-no-failover'],
  }),
  'cluster-allow-reads-when-down': inert(boolean(), false, 'whether a broken cluster answers reads'),
  'cluster-allow-pubsubshard-when-down': inert(boolean(), true, 'whether a broken cluster publishes'),
  'cluster-link-sendbuf-limit': inert(memory({ min: 0 }), 0, 'bytes that may wait for another node'),
  'cluster-announce-ip': inert(text('address'), '', 'address that a node gives'),
  'cluster-announce-hostname': inert(text('name'), '', 'host name that a node gives'),
  'cluster-announce-human-nodename': inert(text('name'), '', 'name that a node gives'),
  'cluster-announce-port': inert(anyPort, 0, 'port that a node gives'),
  'cluster-announce-tls-port': inert(anyPort, 0, 'TLS port that a node gives'),
  'cluster-announce-bus-port': inert(anyPort, 0, 'bus port that a node gives'),
  'cluster-preferred-endpoint-type': inert(
    oneOf('ip', 'hostname', 'unknown-endpoint'),
    'ip',
    'how nodes are named to clients',
  ),
};
