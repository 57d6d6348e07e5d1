import { expect, test } from 'vitest';
import { LATENCY_BUCKETS, LatencyHistogram, latencyBucket } from '../../../src/base/latency-histogram.ts';
import { infoText, summaryText } from '../../../src/commands/info.ts';
import { humanBytes } from '../../../src/commands/info-fields.ts';
import { FakeServer, REPORT } from './fake-server.ts';

const server = new FakeServer();
const { config, commands, measurements } = server;
const source = { report: REPORT, config, commands, measurements };

function titles(text: string): string[] {
  return [...text.matchAll(/^# (.*)\r$/gm)].map((match) => match[1]!);
}

const ALL = [
  'Server',
  'Clients',
  'Memory',
  'Persistence',
  'Stats',
  'Replication',
  'CPU',
  'Modules',
  'Commandstats',
  'Errorstats',
  'Latencystats',
  'Cluster',
  'Keyspace',
  'Shards',
];
const EXTRA = ['Commandstats', 'Latencystats'];
const DEFAULT = ALL.filter((title) => !EXTRA.includes(title));

test('gives all sections for all and everything, and without a name or for default not those by command', () => {
  for (const name of ['all', 'EVERYTHING']) expect(titles(infoText([name], source))).toEqual(ALL);
  expect(titles(infoText([], source))).toEqual(DEFAULT);
  expect(titles(infoText(['Default'], source))).toEqual(DEFAULT);
  expect(titles(infoText(['default', 'latencystats'], source))).toEqual(
    ALL.filter((title) => title !== 'Commandstats'),
  );
  expect(titles(infoText(['cpu', 'all'], source))).toEqual(ALL);
});

test('gives the named sections in their own order, once each, and nothing for an unknown one', () => {
  expect(titles(infoText(['keyspace', 'SERVER', 'server', 'nope'], source))).toEqual(['Server', 'Keyspace']);
  expect(infoText(['nope'], source)).toBe('');
});

test('separates sections by an empty line and ends every line with CR LF', () => {
  expect(infoText(['cluster', 'keyspace'], source)).toBe(
    '# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n' +
      'db0:keys=9,expires=4,avg_ttl=1235\r\ndb3:keys=2,expires=0,avg_ttl=0\r\n',
  );
  expect(infoText([], source)).not.toMatch(/[^\r]\n/);
});

test('tells how far loading is, while there is any', () => {
  const loading = { startedAtMs: 5_000_000, loadedBytes: 250, totalBytes: 1000, etaSeconds: 3 };
  const text = infoText(['persistence'], { ...source, report: { ...REPORT, loading } });
  expect(text).toContain('# Persistence\r\nloading:1\r\nasync_loading:0\r\n');
  expect(text).toContain(
    'loading_start_time:5000\r\nloading_total_bytes:1000\r\nloading_rdb_used_mem:0\r\n' +
      'loading_loaded_bytes:250\r\nloading_loaded_perc:25.00\r\nloading_eta_seconds:3\r\n',
  );
  const idle = infoText(['persistence'], source);
  expect(idle).toContain('\r\nloading:0\r\n');
  expect(idle).not.toContain('loading_');
});

test('tells of persistence', () => {
  const lines = infoText(['persistence'], source).split('\r\n');
  expect(lines.slice(0, 9)).toEqual([
    '# Persistence',
    'loading:0',
    'async_loading:0',
    'current_cow_peak:4096',
    'current_cow_size:4096',
    'current_cow_size_age:0',
    'current_fork_perc:12.50',
    'current_save_keys_processed:25',
    'current_save_keys_total:200',
  ]);
  expect(lines.slice(9)).toEqual([
    ...['rdb_changes_since_last_save:17', 'rdb_bgsave_in_progress:1', 'rdb_last_save_time:1700000000'],
    ...['rdb_last_bgsave_status:err', 'rdb_last_bgsave_time_sec:3', 'rdb_current_bgsave_time_sec:2'],
    ...['rdb_saves:4', 'rdb_last_cow_size:500', 'rdb_last_load_keys_expired:9'],
    ...['rdb_last_load_keys_loaded:10', 'aof_enabled:1', 'aof_rewrite_in_progress:0'],
    ...['aof_rewrite_scheduled:1', 'aof_last_rewrite_time_sec:5', 'aof_current_rewrite_time_sec:-1'],
    ...['aof_last_bgrewrite_status:ok', 'aof_rewrites:6', 'aof_rewrites_consecutive_failures:1'],
    ...['aof_last_write_status:ok', 'aof_last_cow_size:7', 'module_fork_in_progress:0'],
    ...['module_fork_last_cow_size:0', 'aof_current_size:3300', 'aof_base_size:3100'],
    ...['aof_pending_rewrite:0', 'aof_buffer_length:33', 'aof_pending_bio_fsync:1', 'aof_delayed_fsync:2'],
    ...['snapshot_last_ms:12', 'snapshot_last_sync_ms:2', 'load_last_ms:9', 'load_last_keys:11'],
    'wal_shard0:wal_bytes=100,base_bytes=1000,segments=1,last_sync_ms=0.250,status=ok',
    'wal_shard1:wal_bytes=200,base_bytes=2000,segments=3,last_sync_ms=1.000,status=err',
    '',
  ]);
});

test('tells of the log only where there is one', () => {
  const { persistence } = REPORT;
  const log = { ...persistence.log, isEnabled: false, shards: [], problem: 'Input/output error' };
  const report = { ...REPORT, persistence: { ...persistence, log } };
  const text = infoText(['persistence'], { ...source, report });
  expect(text).toContain('aof_enabled:0\r\n');
  expect(text).toContain('aof_last_write_status:err\r\n');
  expect(text).not.toContain('aof_current_size');
});

const MEMORY_LINE =
  'entries=400,collections=40,index=60,arena=4000,arena_free=3600,pool_free=30,heap_used=5000,heap_total=6000,heap_limit=7000';

test('gives a line for each shard, and one of its memory', () => {
  expect(infoText(['shards'], source)).toBe(
    '# Shards\r\nshard_restarts:2\r\n' +
      'shard0:keys=5,bytes=500,ops=60,queue_bytes=8,direct_reads=20,hits=15,misses=7,evicted_keys=8,expired_keys=1,expiry_lag_ms=3,waiting_clients=0,holds=3,hold_ms=4,parks=5,parked_ms=7,parked=1,restarts=2,state=serving\r\n' +
      'shard1:keys=6,bytes=600,ops=70,queue_bytes=0,direct_reads=30,hits=25,misses=5,evicted_keys=0,expired_keys=1,expiry_lag_ms=0,waiting_clients=0,holds=0,hold_ms=0,parks=0,parked_ms=0,parked=0,restarts=0,state=down\r\n' +
      [0, 1].map((shard) => `shard${shard}_memory:${MEMORY_LINE}\r\n`).join(''),
  );
});

test('prints the figures of the report under the names of Redis', () => {
  const text = infoText([], source);
  for (const line of [
    'redis_version:7.2.4',
    'shardis_version:0.1.0',
    'redis_mode:standalone',
    'tcp_port:6379',
    'uptime_in_seconds:90000',
    'uptime_in_days:1',
    'config_file:/etc/shardis.conf',
    'connected_clients:3',
    'maxclients:10000',
    'used_memory:3145728',
    'used_memory_human:3.00M',
    'used_memory_peak_perc:75.00%',
    'used_memory_startup:524288',
    'used_memory_dataset_perc:40.00%',
    'allocator_frag_ratio:1.25',
    'mem_fragmentation_ratio:2.00',
    'mem_clients_normal:30000',
    'client_recent_max_input_buffer:20480',
    'instantaneous_input_kbps:2.00',
    'total_reads_processed:90',
    'eventloop_duration_sum:12500',
    'expire_cycle_cpu_milliseconds:8',
    'used_cpu_user_main_thread:1.250000',
    'total_connections_received:12',
    'rejected_connections:1',
    'expired_stale_perc:12.35',
    'keyspace_hits:30',
    'total_error_replies:7',
    'role:master',
  ]) {
    expect(text).toContain(`\r\n${line}\r\n`);
  }
});

test('prints a line for each command that was called or refused', () => {
  const latencies = new Float64Array(LATENCY_BUCKETS);
  latencies[latencyBucket(1500)] = 3;
  latencies[latencyBucket(60000)] = 1;
  const get = commands.byName('get')!;
  measurements.reports.set(get.id, {
    calls: 4,
    microseconds: 64.5,
    rejected: 0,
    failed: 1,
    latencies: new LatencyHistogram(latencies),
  });
  const refused = { calls: 0, microseconds: 0, rejected: 2, failed: 0 };
  measurements.reports.set(commands.byName('config|get')!.id, {
    ...refused,
    latencies: new LatencyHistogram(new Float64Array(LATENCY_BUCKETS)),
  });
  measurements.errorCounts.push(['ERR', 2], ['a:b', 1]);
  expect(infoText(['commandstats', 'errorstats', 'latencystats'], source)).toBe(
    '# Commandstats\r\n' +
      'cmdstat_get:calls=4,usec=64,usec_per_call=16.13,rejected_calls=0,failed_calls=1\r\n' +
      'cmdstat_config|get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=2,failed_calls=0\r\n' +
      '\r\n# Errorstats\r\nerrorstat_ERR:count=2\r\nerrorstat_a_b:count=1\r\n' +
      '\r\n# Latencystats\r\nlatency_percentiles_usec_get:p50=1.503,p99=60.415,p99.9=60.415\r\n',
  );
  server.options['latency-tracking'] = false;
  expect(infoText(['latencystats'], source)).toBe('# Latencystats\r\n');
  server.options['latency-tracking'] = true;
});

test('prints no field twice', () => {
  const names = [...infoText([], source).matchAll(/^([^#:]+):/gm)].map((match) => match[1]);
  expect(names.length).toBe(new Set(names).size);
});

test('prints bytes for people as Redis does', () => {
  expect([0, 1023, 1024, 1633848, 3 * 2 ** 30, 2 ** 42].map(humanBytes)).toEqual([
    '0B',
    '1023B',
    '1.00K',
    '1.56M',
    '3.00G',
    '4.00T',
  ]);
});

test('STATS sums up in a few lines', () => {
  expect(summaryText(REPORT)).toBe(
    'items: 11\r\nshards: 2\r\nmemory: 3.00M\r\nconnections: 3\r\nhit rate: 75.00%\r\nops: 1000 (50/s)\r\n',
  );
  expect(summaryText({ ...REPORT, keyspaceHits: 0, keyspaceMisses: 0 })).toContain('hit rate: no reads yet');
});
