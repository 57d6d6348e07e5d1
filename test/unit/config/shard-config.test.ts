/** What of the configuration a shard's thread is started with. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { createConfig } from '../../../src/config/load.ts';

describe('the config of shards', () => {
  test('is plain data with the options that they use', () => {
    const forShards = createConfig({ databases: 4 }).forShards();
    expect(structuredClone(forShards)).toEqual({
      ...{ appendfsync: 'everysec', 'aof-load-truncated': true, 'wal-segment-size': 67108864 },
      ...{ rdbchecksum: true, rdbcompression: true, 'notify-keyspace-events': '' },
      ...{ 'proto-max-bulk-len': 536870912, databases: 4, 'lane-size': 524288 },
      ...{ hz: 10, 'active-expire-effort': 1 },
      ...{ activedefrag: true, 'active-defrag-ignore-bytes': 16777216 },
      ...{ 'active-defrag-threshold-lower': 10, 'active-defrag-threshold-upper': 100 },
      ...{ 'active-defrag-cycle-min': 1, 'active-defrag-cycle-max': 25 },
      ...{ 'slowlog-log-slower-than': 10000, 'latency-monitor-threshold': 0, 'latency-tracking': true },
      ...{ 'list-max-listpack-size': -2, 'hll-sparse-max-bytes': 3000 },
      ...{ 'hash-max-listpack-entries': 512, 'hash-max-listpack-value': 64 },
      ...{ 'set-max-intset-entries': 512, 'set-max-listpack-entries': 128, 'set-max-listpack-value': 64 },
      ...{ 'zset-max-listpack-entries': 128, 'zset-max-listpack-value': 64 },
      ...{ 'stream-node-max-bytes': 4096, 'stream-node-max-entries': 100 },
      ...{ maxmemory: 0, 'maxmemory-policy': 'noeviction', 'maxmemory-samples': 5 },
      ...{ 'lfu-log-factor': 10, 'lfu-decay-time': 1, 'maxmemory-eviction-tenacity': 10 },
    });
    expectTypeOf(forShards.hz).toEqualTypeOf<number>();
    expectTypeOf(forShards).not.toHaveProperty('port');
  });
});
