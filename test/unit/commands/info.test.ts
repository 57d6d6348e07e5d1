import { expect, test } from 'vitest';
import { humanBytes, infoText, summaryText } from '../../../src/commands/info.ts';
import { FakeServer, REPORT } from './fake-server.ts';

const source = { report: REPORT, config: new FakeServer().config };

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
  'Errorstats',
  'Cluster',
  'Keyspace',
  'Shards',
];

test('gives all sections without a name and for all, default and everything', () => {
  expect(titles(infoText([], source))).toEqual(ALL);
  for (const name of ['all', 'DEFAULT', 'everything']) expect(titles(infoText([name], source))).toEqual(ALL);
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

test('gives a line for each shard', () => {
  expect(infoText(['shards'], source)).toBe(
    '# Shards\r\nshard0:keys=5,bytes=500,ops=60,queue_bytes=8,direct_reads=20\r\n' +
      'shard1:keys=6,bytes=600,ops=70,queue_bytes=0,direct_reads=30\r\n',
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
    'used_memory_dataset_perc:33.33%',
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
