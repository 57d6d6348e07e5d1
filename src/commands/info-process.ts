/** Sections of INFO about the process: server, clients, memory and cpu. */
import os from 'node:os';
import { type Field, humanBytes, type InfoSource, percent, ratio } from './info-fields.ts';
import { REDIS_VERSION } from './redis-version.ts';

/** Redis's clock of 24 bits that dates the use of keys. */
const LRU_CLOCK_MASK = 0xffffff;

export function serverSection({ report, config }: InfoSource): Field[] {
  const uptimeSeconds = Math.max(0, Math.floor((Date.now() - report.startedAtMs) / 1000));
  return [
    ['redis_version', REDIS_VERSION],
    ['shardis_version', report.version],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', '0'],
    ['redis_mode', 'standalone'],
    ['os', `${os.type()} ${os.release()} ${os.machine()}`],
    ['arch_bits', 64],
    ['monotonic_clock', 'performance.now'],
    ['multiplexing_api', multiplexingApi()],
    ['atomicvar_api', 'ecmascript-atomics'],
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
    ['lru_clock', Math.floor(Date.now() / 1000) & LRU_CLOCK_MASK],
    ['executable', process.argv[1] ?? process.execPath],
    ['config_file', report.configFile],
    ['io_threads_active', 0],
    ...listeners({ report, config }),
  ];
}

function listeners({ report, config }: Pick<InfoSource, 'report' | 'config'>): Field[] {
  const all: string[] = [];
  if (report.port > 0) {
    const addresses = config.get('bind').map((address) => `,bind=${address}`);
    all.push(`name=tcp${addresses.join('')},port=${report.port}`);
  }
  const path = config.get('unixsocket');
  if (path !== '') all.push(`name=unix,bind=${path}`);
  return all.map((text, i) => [`listener${i}`, text]);
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

export function clientsSection({ report, config }: InfoSource): Field[] {
  return [
    ['connected_clients', report.clients],
    ['cluster_connections', 0],
    ['maxclients', config.get('maxclients')],
    ['client_recent_max_input_buffer', report.largestInputBytes],
    ['client_recent_max_output_buffer', report.largestOutputBytes],
    ['blocked_clients', report.blockedClients],
    ['tracking_clients', report.tracking.clients],
    ['pubsub_clients', report.pubSub.clients],
    ['clients_in_timeout_table', 0],
    ['total_blocking_keys', report.blockingKeys],
    ['total_blocking_keys_on_nokey', report.neededBlockingKeys],
  ];
}

export function memorySection(source: InfoSource): Field[] {
  const { usedBytes: used, datasetBytes, peakBytes, memory } = source.report;
  const peak = Math.max(peakBytes, used);
  const { rssBytes: rss, startupBytes } = memory;
  const total = os.totalmem();
  return [
    ['used_memory', used],
    ['used_memory_human', humanBytes(used)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', humanBytes(rss)],
    ['used_memory_peak', peak],
    ['used_memory_peak_human', humanBytes(peak)],
    ['used_memory_peak_perc', percent(used, peak)],
    ['used_memory_overhead', used - datasetBytes],
    ['used_memory_startup', startupBytes],
    ['used_memory_dataset', datasetBytes],
    ['used_memory_dataset_perc', percent(datasetBytes, Math.max(datasetBytes, used - startupBytes))],
    ...allocatorFields(source),
    ['total_system_memory', total],
    ['total_system_memory_human', humanBytes(total)],
    ...scriptFields(),
    ['maxmemory', source.config.get('maxmemory')],
    ['maxmemory_human', humanBytes(source.config.get('maxmemory'))],
    ['maxmemory_policy', source.config.get('maxmemory-policy')],
    ['mem_fragmentation_ratio', ratio(rss, used).toFixed(2)],
    ['mem_fragmentation_bytes', rss - used],
    ['mem_not_counted_for_evict', 0],
    ['mem_replication_backlog', 0],
    ['mem_total_replication_buffers', 0],
    ['mem_clients_slaves', 0],
    ['mem_clients_normal', memory.clientBytes],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', 0],
    ['mem_allocator', 'shardis-arena'],
    ['active_defrag_running', Math.ceil(memory.defrag.runningPercent)],
    ['lazyfree_pending_objects', source.report.freedLaterPending],
    ['lazyfreed_objects', source.report.freedLater],
  ];
}

/** The arena is our allocator: what is in its blocks, the extents that it has taken, and what the process has. */
function allocatorFields({ report: { memory } }: InfoSource): Field[] {
  const allocated = memory.entryBytes + memory.indexBytes;
  const active = memory.arenaBytes + memory.indexBytes;
  return [
    ['allocator_allocated', allocated],
    ['allocator_active', active],
    ['allocator_resident', active],
    ['allocator_frag_ratio', ratio(active, allocated).toFixed(2)],
    ['allocator_frag_bytes', active - allocated],
    ['allocator_rss_ratio', '1.00'],
    ['allocator_rss_bytes', 0],
    ['rss_overhead_ratio', ratio(memory.rssBytes, active).toFixed(2)],
    ['rss_overhead_bytes', memory.rssBytes - active],
  ];
}

/** No scripts yet: what tools look for, in the state of a server that has none. */
function scriptFields(): Field[] {
  return [
    ['used_memory_lua', 0],
    ['used_memory_vm_eval', 0],
    ['used_memory_lua_human', '0B'],
    ['used_memory_scripts_eval', 0],
    ['number_of_cached_scripts', 0],
    ['number_of_functions', 0],
    ['number_of_libraries', 0],
    ['used_memory_vm_functions', 0],
    ['used_memory_vm_total', 0],
    ['used_memory_vm_total_human', '0B'],
    ['used_memory_functions', 0],
    ['used_memory_scripts', 0],
    ['used_memory_scripts_human', '0B'],
  ];
}

export function cpuSection({ report: { mainThreadCpu } }: InfoSource): Field[] {
  // Of the whole process, all threads together.
  const { system, user } = process.cpuUsage();
  const fields: Field[] = [
    ['used_cpu_sys', (system / 1e6).toFixed(6)],
    ['used_cpu_user', (user / 1e6).toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ];
  if (mainThreadCpu !== undefined) {
    fields.push(['used_cpu_sys_main_thread', mainThreadCpu.system.toFixed(6)]);
    fields.push(['used_cpu_user_main_thread', mainThreadCpu.user.toFixed(6)]);
  }
  return fields;
}
