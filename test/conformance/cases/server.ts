/** INFO, CONFIG, COMMAND, TIME and DEBUG. */
import type { Reply } from '../../support/decoder.ts';
import {
  type Cases,
  differs,
  isAggregate,
  line,
  mapTexts,
  masked,
  shape,
  sortDeep,
  unordered,
} from '../case.ts';

/**
 * COMMAND DOCS without the texts that are each project's own, and without what Redis 7.2 added: the texts to
 * display, and what it calls deprecated.
 */
export function docs(text: string) {
  return line(text, { transform: (reply) => sortDeep(mapTexts(withoutProse(reply), newName)) });
}

/** Redis 7.2 calls an argument of HELLO by another name than 7.0. */
function newName(exact: string): string {
  return exact === '$username_password' ? '$auth' : exact;
}

const PROSE = new Set([
  '$summary',
  '$complexity',
  '$display_text',
  '$doc_flags',
  '$deprecated_since',
  '$replaced_by',
]);

function withoutProse(reply: Reply): Reply {
  const items = Array.isArray(reply) ? reply : isAggregate(reply) ? reply.items : undefined;
  if (items === undefined) return reply;
  const kept: Reply[] = [];
  for (let i = 0; i < items.length; i++) {
    if (PROSE.has(items[i] as string)) i++;
    else kept.push(withoutProse(items[i]!));
  }
  return isAggregate(reply) ? { type: reply.type, items: kept } : kept;
}

/** Of an INFO section only its title and whether it has the given fields. */
function info(section: string, ...fields: string[]) {
  return line(`INFO ${section}`, {
    transform: (reply) =>
      mapTexts(reply, (exact) => {
        const lines = exact.replace(/^(\$|=txt:)/, '').split('\r\n');
        return [
          exact[0],
          lines[0],
          ...fields.map((field) => `${field}:${lines.some((l) => l.startsWith(`${field}:`))}`),
        ].join(' ');
      }),
  });
}

const COMMANDS = [
  ...[
    'get',
    'set',
    'setnx',
    'setex',
    'psetex',
    'getset',
    'getdel',
    'getex',
    'mget',
    'mset',
    'append',
    'strlen',
  ],
  ...[
    'incr',
    'decr',
    'incrby',
    'decrby',
    'incrbyfloat',
    'del',
    'unlink',
    'exists',
    'type',
    'touch',
    'expire',
  ],
  ...[
    'pexpire',
    'expireat',
    'pexpireat',
    'ttl',
    'pttl',
    'expiretime',
    'pexpiretime',
    'persist',
    'scan',
    'keys',
  ],
  ...[
    'randomkey',
    'dbsize',
    'flushdb',
    'flushall',
    'select',
    'ping',
    'echo',
    'quit',
    'reset',
    'hello',
    'auth',
  ],
  ...['time', 'info', 'save', 'bgsave', 'lastsave', 'bgrewriteaof'],
  ...['getrange', 'substr', 'setrange', 'setbit', 'getbit', 'bitcount', 'bitpos', 'bitop', 'bitfield'],
  ...['bitfield_ro', 'move', 'swapdb', 'rename', 'renamenx', 'copy', 'lcs', 'sort', 'sort_ro'],
];
/** Redis 7.2 calls their arguments by other names than 7.0. */
const WITH_RENAMED_ARGUMENTS = new Set([
  ...['bitcount', 'bitpos', 'bitop', 'bitfield', 'bitfield_ro', 'lcs', 'sort', 'sort_ro'],
]);
/** Their subcommands are not all ours. */
const CONTAINERS = ['client', 'config', 'command', 'debug', 'object', 'slowlog', 'latency', 'memory'];

/** COMMAND INFO without a flag that is new in Redis 7.2. */
function commandInfo(name: string) {
  return line(`COMMAND INFO ${name}`, { transform: (reply) => sortDeep(withoutNewFlag(reply)) });
}

function withoutNewFlag(reply: Reply): Reply {
  const keep = (items: readonly Reply[]) =>
    items.filter((item) => item !== '+touches_arbitrary_keys').map(withoutNewFlag);
  if (Array.isArray(reply)) return keep(reply);
  return isAggregate(reply) ? { type: reply.type, items: keep(reply.items) } : reply;
}

/** COMMAND INFO without subcommands. */
function ownInfo(name: string) {
  return line(`COMMAND INFO ${name}`, {
    transform: (reply) => sortDeep((reply as Reply[]).map((entry) => (entry as Reply[]).slice(0, 9))),
  });
}

const PERSISTENCE_FIELDS = [
  ...['async_loading', 'current_cow_peak', 'current_cow_size', 'current_cow_size_age', 'current_fork_perc'],
  ...['current_save_keys_processed', 'current_save_keys_total', 'rdb_changes_since_last_save'],
  ...['rdb_bgsave_in_progress', 'rdb_last_bgsave_status', 'rdb_last_bgsave_time_sec'],
  ...['rdb_current_bgsave_time_sec', 'rdb_saves', 'rdb_last_cow_size', 'rdb_last_load_keys_expired'],
  ...['rdb_last_load_keys_loaded', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled'],
  ...['aof_last_rewrite_time_sec', 'aof_current_rewrite_time_sec', 'aof_last_bgrewrite_status'],
  ...['aof_rewrites', 'aof_rewrites_consecutive_failures', 'aof_last_write_status', 'aof_last_cow_size'],
  ...['module_fork_in_progress', 'module_fork_last_cow_size'],
];

const GETKEYS_ARITY = 'Redis 7.2 takes commands of one word, 7.0 does not';

export const server: Cases = {
  'COMMAND INFO describes each command as Redis does': COMMANDS.map(commandInfo),
  'COMMAND INFO describes containers as Redis does': CONTAINERS.map(ownInfo),
  'COMMAND INFO of subcommands and of unknown names': [
    unordered('COMMAND INFO config|get config|set client|id client|list command|count'),
    'COMMAND INFO nonsense',
    unordered('COMMAND INFO GET nonsense set'),
    'COMMAND INFO config|nonsense',
  ],
  'COMMAND DOCS describes each command as Redis does, in words of its own': COMMANDS.filter(
    (name) => !WITH_RENAMED_ARGUMENTS.has(name),
  ).map((name) => docs(`COMMAND DOCS ${name}`)),
  'COMMAND DOCS leaves out unknown names': ['COMMAND DOCS nonsense', docs('COMMAND DOCS get nonsense')],
  'COMMAND GETKEYS finds the keys': [
    'COMMAND GETKEYS GET k',
    'COMMAND GETKEYS MSET a 1 b 2 c 3',
    'COMMAND GETKEYS MGET a b c',
    'COMMAND GETKEYS DEL a a',
    'COMMAND GETKEYS SET k v EX 10',
    differs('COMMAND GETKEYS GET', GETKEYS_ARITY, '-ERR Invalid number of arguments specified for command'),
    'COMMAND GETKEYS MSET a',
    differs('COMMAND GETKEYS PING', GETKEYS_ARITY, '-ERR The command has no key arguments'),
    'COMMAND GETKEYS nonsense k',
    'COMMAND GETKEYS CONFIG GET x',
    'COMMAND GETKEYS',
    unordered('COMMAND GETKEYSANDFLAGS SET k v'),
    unordered('COMMAND GETKEYSANDFLAGS SET k v GET'),
    unordered('COMMAND GETKEYSANDFLAGS MSET a 1 b 2'),
    unordered('COMMAND GETKEYSANDFLAGS EXPIRE k 1'),
  ],
  'COMMAND COUNT and LIST': [
    shape('COMMAND COUNT'),
    unordered('COMMAND LIST FILTERBY PATTERN ge*ex'),
    unordered('COMMAND LIST FILTERBY PATTERN nonsense'),
    'COMMAND LIST FILTERBY MODULE nonsense',
    'COMMAND LIST FILTERBY ACLCAT nonsense',
    'COMMAND LIST FILTERBY NONSENSE x',
    'COMMAND LIST FILTERBY',
    'COMMAND LIST NONSENSE',
    'COMMAND NONSENSE',
    'COMMAND COUNT x',
  ],
  'INFO has the sections and fields that tools read': [
    info(
      'server',
      'redis_version',
      'redis_mode',
      'os',
      'process_id',
      'run_id',
      'tcp_port',
      'uptime_in_seconds',
      'config_file',
    ),
    info('clients', 'connected_clients', 'maxclients', 'blocked_clients'),
    info(
      'memory',
      'used_memory',
      'used_memory_human',
      'used_memory_rss',
      'used_memory_peak',
      'maxmemory',
      'maxmemory_policy',
    ),
    info('persistence', 'loading', 'rdb_last_save_time', 'aof_enabled', ...PERSISTENCE_FIELDS),
    info(
      'stats',
      'total_connections_received',
      'total_commands_processed',
      'instantaneous_ops_per_sec',
      'expired_keys',
      'evicted_keys',
      'keyspace_hits',
      'keyspace_misses',
    ),
    info('replication', 'role', 'connected_slaves'),
    info('cpu', 'used_cpu_sys', 'used_cpu_user'),
    info('cluster', 'cluster_enabled'),
    shape('INFO'),
    shape('INFO default'),
    shape('INFO all'),
    shape('INFO everything'),
    'INFO nonsense',
    shape('INFO server clients'),
  ],
  'INFO keyspace counts keys by database': [
    'INFO keyspace',
    'MSET a 1 b 2 c 3',
    'EXPIRE a 100',
    'SELECT 4',
    'SET d 1',
    masked('INFO keyspace', /(?<=avg_ttl=)\d+/g),
    masked('INFO KEYSPACE', /(?<=avg_ttl=)\d+/g),
  ],
  'CONFIG GET matches names': [
    'CONFIG GET timeout',
    'CONFIG GET TimeOut',
    'CONFIG GET appendonly',
    'CONFIG GET databases',
    'CONFIG GET proto-max-bulk-len',
    'CONFIG GET tcp-keepalive',
    'CONFIG GET hz',
    'CONFIG GET maxclients',
    'CONFIG GET client-query-buffer-limit',
    'CONFIG GET nonsense',
    'CONFIG GET ""',
    unordered('CONFIG GET tcp-[bk]*'),
    unordered('CONFIG GET timeout databases'),
    unordered('CONFIG GET databases databases database?'),
    'CONFIG GET',
  ],
  'CONFIG SET changes and refuses': [
    'CONFIG SET client-query-buffer-limit 100mb',
    'CONFIG GET client-query-buffer-limit',
    'CONFIG SET client-query-buffer-limit 2000k',
    'CONFIG GET client-query-buffer-limit',
    'CONFIG SET client-query-buffer-limit abc',
    'CONFIG SET client-query-buffer-limit -1',
    'CONFIG SET client-query-buffer-limit 1gb',
    'CONFIG SET timeout 10',
    'CONFIG GET timeout',
    'CONFIG SET TIMEOUT 11',
    'CONFIG GET timeout',
    'CONFIG SET timeout -1',
    'CONFIG SET timeout abc',
    'CONFIG SET timeout ""',
    'CONFIG SET timeout 0 timeout 0',
    'CONFIG SET timeout 5 nonsense 1',
    'CONFIG SET hz 20 timeout abc',
    'CONFIG GET hz',
    'CONFIG GET timeout',
    'CONFIG SET timeout 0 hz 10',
    'CONFIG GET timeout',
    'CONFIG SET nonsense 1',
    'CONFIG SET databases 3',
    'CONFIG SET timeout',
    'CONFIG SET timeout 1 hz',
    'CONFIG SET',
    'CONFIG NONSENSE',
    'CONFIG',
    'CONFIG RESETSTAT',
    'CONFIG RESETSTAT x',
  ],
  'TIME says seconds and microseconds': [shape('TIME'), 'TIME x'],
  'DEBUG sleeps and looks at objects': [
    'DEBUG SLEEP 0',
    'DEBUG SLEEP 0.01',
    'DEBUG OBJECT none',
    'SET i 12345',
    'SET e short',
    'SET r 0123456789012345678901234567890123456789012345678901234567890123456789',
    masked('DEBUG OBJECT i', /(?<=at:|lru:|idle:)\S+/g),
    masked('DEBUG OBJECT e', /(?<=at:|lru:|idle:)\S+/g),
    masked('DEBUG OBJECT r', /(?<=at:|lru:|idle:|serializedlength:)\S+/g),
    'DEBUG SET-ACTIVE-EXPIRE 1',
    'DEBUG NONSENSE',
    'DEBUG OBJECT',
    'DEBUG',
  ],
};
