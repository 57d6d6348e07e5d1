/** Sections of INFO about what the server does and holds: persistence, stats, replication, keyspace and shards. */
import type { DefragReport, LoadingReport, ShardReport } from './context.ts';
import { type Field, type InfoSource, percentage } from './info-fields.ts';
import { diskTimeFields, logFields, shardLogFields, snapshotFields } from './info-persistence.ts';

export function persistenceSection(source: InfoSource): Field[] {
  return [
    ['loading', source.report.loading === undefined ? 0 : 1],
    ['async_loading', 0],
    ...snapshotFields(source),
    ...logFields(source),
    ...diskTimeFields(source),
    ...shardLogFields(source),
    ...loadingFields(source.report.loading),
  ];
}

/** As in Redis, there only while it loads. */
function loadingFields(loading: LoadingReport | undefined): Field[] {
  if (loading === undefined) return [];
  const { startedAtMs, loadedBytes, totalBytes, etaSeconds } = loading;
  return [
    ['loading_start_time', Math.floor(startedAtMs / 1000)],
    ['loading_total_bytes', totalBytes],
    ['loading_rdb_used_mem', 0],
    ['loading_loaded_bytes', loadedBytes],
    ['loading_loaded_perc', percentage(loadedBytes, totalBytes).toFixed(2)],
    ['loading_eta_seconds', etaSeconds],
  ];
}

export function statsSection(source: InfoSource): Field[] {
  const { report } = source;
  return [
    ['total_connections_received', report.connectionsReceived],
    ['total_commands_processed', report.commandsProcessed],
    ['instantaneous_ops_per_sec', report.opsPerSecond],
    ['total_net_input_bytes', report.inputBytes],
    ['total_net_output_bytes', report.outputBytes],
    ['total_net_repl_input_bytes', 0],
    ['total_net_repl_output_bytes', 0],
    ['instantaneous_input_kbps', (report.inputBytesPerSecond / 1024).toFixed(2)],
    ['instantaneous_output_kbps', (report.outputBytesPerSecond / 1024).toFixed(2)],
    ['instantaneous_input_repl_kbps', '0.00'],
    ['instantaneous_output_repl_kbps', '0.00'],
    ['rejected_connections', report.rejectedConnections],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', report.expiredKeys],
    ['expired_stale_perc', report.expiredStalePercent.toFixed(2)],
    ['expired_time_cap_reached_count', report.expiryCapsReached],
    ['expire_cycle_cpu_milliseconds', Math.floor(report.expiryMs)],
    ['evicted_keys', report.evictedKeys],
    ['evicted_clients', report.evictedClients],
    ['total_eviction_exceeded_time', Math.floor(report.evictionExceededMs)],
    ['current_eviction_exceeded_time', Math.floor(report.evictionExceedingMs)],
    ['keyspace_hits', report.keyspaceHits],
    ['keyspace_misses', report.keyspaceMisses],
    ['pubsub_channels', report.pubSub.channels],
    ['pubsub_patterns', report.pubSub.patterns],
    ['pubsubshard_channels', report.pubSub.shardChannels],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['migrate_cached_sockets', 0],
    ['slave_expires_tracked_keys', 0],
    ...defragFields(report.memory.defrag),
    ['tracking_total_keys', report.tracking.keys],
    ['tracking_total_items', report.tracking.items],
    ['tracking_total_prefixes', report.tracking.prefixes],
    ['unexpected_error_replies', 0],
    ['total_error_replies', report.errorReplies],
    ['dump_payload_sanitizations', 0],
    ['total_reads_processed', report.reads],
    ['total_writes_processed', report.writes],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['reply_buffer_shrinks', 0],
    ['reply_buffer_expands', 0],
    ...eventLoopFields(source),
    ['acl_access_denied_auth', report.deniedLogins],
    ['acl_access_denied_cmd', report.deniedCommands],
    ['acl_access_denied_key', report.deniedKeys],
    ['acl_access_denied_channel', report.deniedChannels],
  ];
}

/** Each allocation that can move is an entry with its key, so both are counted alike. */
function defragFields({ moved, left, totalMs, currentMs }: DefragReport): Field[] {
  return [
    ['active_defrag_hits', moved],
    ['active_defrag_misses', left],
    ['active_defrag_key_hits', moved],
    ['active_defrag_key_misses', left],
    ['total_active_defrag_time', Math.floor(totalMs)],
    ['current_active_defrag_time', Math.floor(currentMs)],
  ];
}

/** Of the acceptor's event loop, but for the time of commands, which is that of all threads. */
function eventLoopFields({ report }: InfoSource): Field[] {
  return [
    ['eventloop_cycles', report.eventLoopCycles],
    ['eventloop_duration_sum', Math.floor(report.eventLoopMs * 1000)],
    ['eventloop_duration_cmd_sum', Math.floor(report.commandMs * 1000)],
    ['instantaneous_eventloop_cycles_per_sec', Math.round(report.eventLoopCyclesPerSecond)],
    ['instantaneous_eventloop_duration_usec', Math.round(report.eventLoopCycleMs * 1000)],
  ];
}

export function replicationSection({ report }: InfoSource): Field[] {
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

export function keyspaceSection({ report }: InfoSource): Field[] {
  return report.databases
    .filter(({ keys }) => keys > 0)
    .map(({ db, keys, expires, averageTtlMs }) => [
      `db${db}`,
      `keys=${keys},expires=${expires},avg_ttl=${Math.round(averageTtlMs)}`,
    ]);
}

export function shardsSection({ report }: InfoSource): Field[] {
  return [
    ['shard_restarts', report.shardRestarts],
    ...report.shards.map((shard): Field => [`shard${shard.index}`, shardLine(shard)]),
    ...report.shards.map((shard): Field => [`shard${shard.index}_memory`, memoryLine(shard)]),
  ];
}

function shardLine(shard: ShardReport): string {
  const figures = {
    keys: shard.keys,
    bytes: shard.bytes,
    ops: shard.commands,
    queue_bytes: shard.queueBytes,
    direct_reads: shard.directReads,
    hits: shard.hits,
    misses: shard.misses,
    evicted_keys: shard.evictedKeys,
    expired_keys: shard.expiredKeys,
    expiry_lag_ms: Math.round(shard.expiryLagMs),
    waiting_clients: shard.waitingClients,
    holds: shard.holds,
    hold_ms: Math.round(shard.holdMs),
    parks: shard.parks,
    parked_ms: Math.round(shard.parkedMs),
    parked: shard.isParked ? 1 : 0,
    restarts: shard.restarts,
    state: shard.state,
  };
  return lineOf(figures);
}

function memoryLine({ memory }: ShardReport): string {
  return lineOf({
    entries: memory.entries,
    collections: memory.collections,
    index: memory.index,
    arena: memory.arena,
    arena_free: memory.arenaFree,
    pool_free: memory.poolFree,
    heap_used: memory.heapUsed,
    heap_total: memory.heapTotal,
    heap_limit: memory.heapLimit,
  });
}

function lineOf(figures: Record<string, number | string>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
