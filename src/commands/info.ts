/** The text of INFO: Redis's sections and field names, wherever a field has a meaning here, and a section `shards`. */
import os from 'node:os';
import type { Config } from '../config/config.ts';
import type { ServerReport } from './context.ts';

/** The version whose behaviour clients may expect: they branch on it. */
export const REDIS_VERSION = '7.2.4';

export interface InfoSource {
  readonly report: ServerReport;
  readonly config: Config;
}

type Field = readonly [name: string, value: string | number];

interface Section {
  /** What a client asks for, in lower case. */
  readonly name: string;
  readonly title: string;
  readonly fields: (source: InfoSource) => readonly Field[];
}

/** In the order in which they are printed, whatever the order of the request. */
const SECTIONS: readonly Section[] = [
  { name: 'server', title: 'Server', fields: server },
  { name: 'clients', title: 'Clients', fields: clients },
  { name: 'memory', title: 'Memory', fields: memory },
  { name: 'persistence', title: 'Persistence', fields: persistence },
  { name: 'stats', title: 'Stats', fields: stats },
  { name: 'replication', title: 'Replication', fields: replication },
  { name: 'cpu', title: 'CPU', fields: cpu },
  { name: 'modules', title: 'Modules', fields: () => [] },
  { name: 'errorstats', title: 'Errorstats', fields: () => [] },
  { name: 'cluster', title: 'Cluster', fields: () => [['cluster_enabled', 0]] },
  { name: 'keyspace', title: 'Keyspace', fields: keyspace },
  { name: 'shards', title: 'Shards', fields: shards },
];

const ALL = ['all', 'default', 'everything'];

/** The sections that `wanted` names, all of them when it is empty; what does not exist is left out. */
export function infoText(wanted: readonly string[], source: InfoSource): string {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  const isAll = names.size === 0 || ALL.some((name) => names.has(name));
  return SECTIONS.filter(({ name }) => isAll || names.has(name))
    .map(({ title, fields }) => {
      const lines = fields(source).map(([name, value]) => `${name}:${value}\r\n`);
      return `# ${title}\r\n${lines.join('')}`;
    })
    .join('\r\n');
}

function server({ report, config }: InfoSource): Field[] {
  const uptimeSeconds = Math.max(0, Math.floor((Date.now() - report.startedAtMs) / 1000));
  return [
    ['redis_version', REDIS_VERSION],
    ['shardis_version', report.version],
    ['redis_mode', 'standalone'],
    ['os', `${os.type()} ${os.release()} ${os.machine()}`],
    ['arch_bits', 64],
    ['multiplexing_api', multiplexingApi()],
    ['node_version', process.versions.node],
    ['process_id', process.pid],
    ['process_supervised', 'no'],
    ['run_id', report.runId],
    ['tcp_port', report.port],
    ['server_time_usec', Date.now() * 1000],
    ['uptime_in_seconds', uptimeSeconds],
    ['uptime_in_days', Math.floor(uptimeSeconds / 86400)],
    ['hz', config.get('hz')],
    ['configured_hz', config.get('hz')],
    ['executable', process.argv[1] ?? process.execPath],
    ['config_file', report.configFile],
    ['io_threads_active', 0],
  ];
}

/** What libuv waits with on this platform. */
function multiplexingApi(): string {
  switch (process.platform) {
    case 'linux':
      return 'epoll';
    case 'win32':
      return 'iocp';
    default:
      return 'kqueue';
  }
}

function clients({ report, config }: InfoSource): Field[] {
  return [
    ['connected_clients', report.clients],
    ['cluster_connections', 0],
    ['maxclients', config.get('maxclients')],
    ['client_recent_max_input_buffer', 0],
    ['client_recent_max_output_buffer', 0],
    ['blocked_clients', report.blockedClients],
    ['tracking_clients', 0],
    ['clients_in_timeout_table', 0],
  ];
}

function memory({ report }: InfoSource): Field[] {
  const used = report.usedBytes;
  const peak = Math.max(report.peakBytes, used);
  const rss = process.memoryUsage.rss();
  const total = os.totalmem();
  return [
    ['used_memory', used],
    ['used_memory_human', humanBytes(used)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', humanBytes(rss)],
    ['used_memory_peak', peak],
    ['used_memory_peak_human', humanBytes(peak)],
    ['used_memory_peak_perc', percent(used, peak)],
    ['used_memory_overhead', used - report.datasetBytes],
    ['used_memory_dataset', report.datasetBytes],
    ['used_memory_dataset_perc', percent(report.datasetBytes, used)],
    ['total_system_memory', total],
    ['total_system_memory_human', humanBytes(total)],
    // There is no limit to set yet: what Redis says when none is set.
    ['maxmemory', 0],
    ['maxmemory_human', '0B'],
    ['maxmemory_policy', 'noeviction'],
    ['mem_fragmentation_ratio', (used === 0 ? 0 : rss / used).toFixed(2)],
    ['mem_fragmentation_bytes', rss - used],
    ['mem_allocator', 'shardis-arena'],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', 0],
    ['lazyfreed_objects', 0],
  ];
}

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

/** Bytes as Redis prints them for people: `1.56M`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes / 1024;
  for (const unit of ['K', 'M', 'G']) {
    if (value < 1024) return `${value.toFixed(2)}${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(2)}T`;
}

/** Nothing is persisted yet: what tools look for, in the state of a server that never saved. */
function persistence({ report }: InfoSource): Field[] {
  return [
    ['loading', 0],
    ['async_loading', 0],
    ['rdb_bgsave_in_progress', 0],
    ['rdb_last_save_time', Math.floor(report.startedAtMs / 1000)],
    ['rdb_last_bgsave_status', 'ok'],
    ['rdb_last_bgsave_time_sec', -1],
    ['rdb_current_bgsave_time_sec', -1],
    ['aof_enabled', 0],
    ['aof_rewrite_in_progress', 0],
    ['aof_rewrite_scheduled', 0],
    ['aof_last_rewrite_time_sec', -1],
    ['aof_current_rewrite_time_sec', -1],
    ['aof_last_bgrewrite_status', 'ok'],
    ['aof_last_write_status', 'ok'],
  ];
}

function stats({ report }: InfoSource): Field[] {
  return [
    ['total_connections_received', report.connectionsReceived],
    ['total_commands_processed', report.commandsProcessed],
    ['instantaneous_ops_per_sec', report.opsPerSecond],
    ['total_net_input_bytes', report.inputBytes],
    ['total_net_output_bytes', report.outputBytes],
    ['rejected_connections', report.rejectedConnections],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', report.expiredKeys],
    ['expired_stale_perc', report.expiredStalePercent.toFixed(2)],
    ['evicted_keys', 0],
    ['evicted_clients', report.evictedClients],
    ['keyspace_hits', report.keyspaceHits],
    ['keyspace_misses', report.keyspaceMisses],
    ['pubsub_channels', 0],
    ['pubsub_patterns', 0],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['total_error_replies', report.errorReplies],
    ['acl_access_denied_auth', report.deniedLogins],
    ['acl_access_denied_cmd', report.deniedCommands],
    ['acl_access_denied_key', report.deniedKeys],
    ['acl_access_denied_channel', report.deniedChannels],
  ];
}

function replication({ report }: InfoSource): Field[] {
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', report.runId],
    ['master_replid2', '0'.repeat(40)],
    ['master_repl_offset', 0],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', 0],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  ];
}

function cpu(): Field[] {
  // Of the whole process, all threads together.
  const { system, user } = process.cpuUsage();
  return [
    ['used_cpu_sys', (system / 1e6).toFixed(6)],
    ['used_cpu_user', (user / 1e6).toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ];
}

function keyspace({ report }: InfoSource): Field[] {
  return report.databases
    .filter(({ keys }) => keys > 0)
    .map(({ db, keys, expires, averageTtlMs }) => [
      `db${db}`,
      `keys=${keys},expires=${expires},avg_ttl=${Math.round(averageTtlMs)}`,
    ]);
}

function shards({ report }: InfoSource): Field[] {
  return report.shards.map(({ index, keys, bytes, commands, queueBytes, directReads }) => [
    `shard${index}`,
    `keys=${keys},bytes=${bytes},ops=${commands},queue_bytes=${queueBytes},direct_reads=${directReads}`,
  ]);
}

/** The few lines of STATS: what one wants to know first. */
export function summaryText(report: ServerReport): string {
  const keys = report.shards.reduce((sum, shard) => sum + shard.keys, 0);
  const { keyspaceHits: hits, keyspaceMisses: misses } = report;
  const lines = [
    ['items', keys],
    ['shards', report.shards.length],
    ['memory', humanBytes(report.usedBytes)],
    ['connections', report.clients],
    ['hit rate', hits + misses === 0 ? 'no reads yet' : percent(hits, hits + misses)],
    ['ops', `${report.commandsProcessed} (${report.opsPerSecond}/s)`],
  ];
  return lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}
