/** INFO. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { Client } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';

/** The fields of an INFO text. */
function fieldsOf(text: unknown): Map<string, string> {
  const lines = String(text)
    .split('\r\n')
    .filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

function titlesOf(text: unknown): string[] {
  return [...String(text).matchAll(/^# (.*)\r$/gm)].map((match) => match[1]!);
}

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ shards });
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    client = await server.client();
    await client.command('FLUSHALL');
  });
  afterEach(() => client.destroy());

  test('INFO gives every section, and the named ones alone', async () => {
    const all = titlesOf(await client.command('INFO'));
    expect(all).toEqual(expect.arrayContaining(['Server', 'Clients', 'Memory', 'Stats', 'CPU', 'Shards']));
    expect(titlesOf(await client.command('INFO', 'default'))).toEqual(all);
    expect(all).not.toContain('Commandstats');
    const everything = titlesOf(await client.command('INFO', 'everything'));
    expect(everything).toEqual(expect.arrayContaining([...all, 'Commandstats', 'Latencystats']));
    expect(titlesOf(await client.command('INFO', 'keyspace', 'SERVER', 'foo'))).toEqual([
      'Server',
      'Keyspace',
    ]);
    expect(await client.command('INFO', 'foo')).toBe('');
  });

  test('INFO is a verbatim string in RESP3', async () => {
    const exact = await Client.connect(server.port, '127.0.0.1', { exact: true });
    await exact.command('HELLO', 3);
    expect(await exact.command('INFO', 'cluster')).toBe('=txt:# Cluster\r\ncluster_enabled:0\r\n');
    exact.destroy();
  });

  test('INFO server names the process that answers', async () => {
    const fields = fieldsOf(await client.command('INFO', 'server'));
    expect(fields.get('process_id')).toBe(String(server.pid));
    expect(fields.get('tcp_port')).toBe(String(server.port));
    expect(fields.get('redis_version')).toBe('7.2.4');
    expect(fields.get('run_id')).toMatch(/^[0-9a-f]{40}$/);
    expect(Number(fields.get('uptime_in_seconds'))).toBeLessThan(600);
  });

  test('INFO keyspace counts over all shards what the same pipeline has just written', async () => {
    const replies = await client.pipeline([
      ['MSET', 'a', 1, 'b', 2, 'c', 3],
      ['SET', 'd', 4, 'EX', 100],
      ['INFO', 'keyspace'],
    ]);
    expect(String(replies[2])).toMatch(/^# Keyspace\r\ndb0:keys=4,expires=1,avg_ttl=\d+\r\n$/);
    await client.pipeline([
      ['SELECT', 5],
      ['SET', 'x', 1],
    ]);
    expect(String(await client.command('INFO', 'keyspace'))).toContain(
      '\r\ndb5:keys=1,expires=0,avg_ttl=0\r\n',
    );
  });

  test('INFO shards has a line for each shard, and their keys add up', async () => {
    for (let i = 0; i < 30; i++) await client.command('SET', `key:${i}`, i);
    const fields = fieldsOf(await client.command('INFO', 'shards'));
    expect(fields.get('shard_restarts')).toBe('0');
    fields.delete('shard_restarts');
    for (let shard = 0; shard < shards; shard++) {
      const memory = fields.get(`shard${shard}_memory`)!;
      expect(memory).toMatch(
        /^entries=\d+,collections=0,index=\d+,arena=\d+,arena_free=\d+,pool_free=\d+,heap_used=\d+,heap_total=\d+,heap_limit=\d+$/,
      );
      fields.delete(`shard${shard}_memory`);
    }
    expect([...fields.keys()]).toEqual(Array.from({ length: shards }, (_, i) => `shard${i}`));
    const keys = [...fields.values()].map((line) => {
      expect(line).toMatch(
        /^keys=\d+,bytes=\d+,ops=\d+,queue_bytes=\d+,direct_reads=\d+,hits=\d+,misses=\d+,evicted_keys=0,expired_keys=\d+,expiry_lag_ms=\d+,waiting_clients=0,holds=\d+,hold_ms=\d+,parks=\d+,parked_ms=\d+,parked=0,restarts=0,state=serving$/,
      );
      return Number(/keys=(\d+)/.exec(line)![1]);
    });
    expect(keys.reduce((a, b) => a + b)).toBe(30);
  });

  test('INFO stats counts hits, misses, commands and connections', async () => {
    await client.command('CONFIG', 'RESETSTAT');
    const other = await server.client();
    await other.command('SET', 'hit', 1);
    for (let i = 0; i < 5; i++) await other.command('GET', 'hit');
    for (let i = 0; i < 3; i++) await other.command('GET', 'miss');
    const fields = fieldsOf(await client.command('INFO', 'stats'));
    expect(fields.get('keyspace_hits')).toBe('5');
    expect(fields.get('keyspace_misses')).toBe('3');
    expect(fields.get('total_connections_received')).toBe('1');
    expect(Number(fields.get('total_commands_processed'))).toBeGreaterThanOrEqual(9);
    expect(Number(fields.get('total_net_input_bytes'))).toBeGreaterThan(0);
    other.destroy();
  });

  test('INFO clients counts connections, and INFO memory grows with the data', async () => {
    const other = await server.client();
    await other.command('PING');
    const clients = fieldsOf(await client.command('INFO', 'clients'));
    expect(Number(clients.get('connected_clients'))).toBeGreaterThanOrEqual(2);
    expect(clients.get('maxclients')).toBe('10000');
    other.destroy();
    const dataset = async () =>
      Number(fieldsOf(await client.command('INFO', 'memory')).get('used_memory_dataset'));
    const before = await dataset();
    await client.command('SET', 'big', 'x'.repeat(1_000_000));
    expect((await dataset()) - before).toBeGreaterThan(900_000);
  });

  test('INFO commandstats counts calls, and those that were refused or failed', async () => {
    await client.command('CONFIG', 'RESETSTAT');
    const errors = [['SET', 'a'], ['INCR', 'text'], ['MSET', 'a', 1, 'b'], ['nonsense'], ['SCAN', 'x']];
    await client.command('SET', 'text', 'abc');
    for (const words of errors) await client.command(...words);
    await client.pipeline(Array.from({ length: 100 }, () => ['GET', 'text']));
    await client.command('MGET', 'a', 'b', 'c', 'd');
    const fields = fieldsOf(await client.command('INFO', 'commandstats'));
    const counts = (name: string) => {
      const [, calls, rejected, failed] =
        /^calls=(\d+),usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=(\d+),failed_calls=(\d+)$/.exec(
          fields.get(`cmdstat_${name}`) ?? '',
        )!;
      return [calls, rejected, failed].map(Number);
    };
    expect(counts('set')).toEqual([1, 1, 0]);
    expect(counts('incr')).toEqual([1, 0, 1]);
    expect(counts('mset')).toEqual([1, 0, 1]);
    expect(counts('scan')).toEqual([1, 0, 1]);
    expect(counts('get')).toEqual([100, 0, 0]);
    expect(counts('mget')).toEqual([1, 0, 0]);
    expect(counts('config|resetstat')).toEqual([1, 0, 0]);
    expect(fieldsOf(await client.command('INFO', 'errorstats'))).toEqual(
      new Map([['errorstat_ERR', `count=${errors.length}`]]),
    );
    expect(fieldsOf(await client.command('INFO', 'stats')).get('total_error_replies')).toBe('5');
    await client.command('CONFIG', 'RESETSTAT');
    expect(await client.command('INFO', 'errorstats')).toBe('# Errorstats\r\n');
    expect([...fieldsOf(await client.command('INFO', 'commandstats')).keys()]).toEqual([
      'cmdstat_config|resetstat',
      'cmdstat_info',
    ]);
  });

  test('INFO latencystats has the wanted percentiles, while latencies are tracked', async () => {
    await client.command('CONFIG', 'RESETSTAT');
    for (let i = 0; i < 20; i++) await client.command('SET', `key:${i}`, i);
    const line = async () =>
      fieldsOf(await client.command('INFO', 'latencystats')).get('latency_percentiles_usec_set');
    expect(await line()).toMatch(/^p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}$/);
    await client.command('CONFIG', 'SET', 'latency-tracking-info-percentiles', '0.0 12.5 100.0');
    const [p0, p12, p100] = [...(await line())!.matchAll(/=([\d.]+)/g)].map((match) => Number(match[1]));
    expect(await line()).toMatch(/^p0=.*,p12\.5=.*,p100=/);
    expect(p0!).toBeLessThanOrEqual(p12!);
    expect(p12!).toBeLessThanOrEqual(p100!);
    await client.command('CONFIG', 'SET', 'latency-tracking', 'no');
    expect(await client.command('INFO', 'latencystats')).toBe('# Latencystats\r\n');
    await client.command('CONFIG', 'SET', 'latency-tracking', 'yes');
    await client.command('CONFIG', 'SET', 'latency-tracking-info-percentiles', '50 99 99.9');
  });

  test('INFO counts reads, writes, and what passes through them', async () => {
    await client.command('CONFIG', 'RESETSTAT');
    for (let i = 0; i < 10; i++) await client.command('PING');
    const fields = fieldsOf(await client.command('INFO', 'stats'));
    expect(Number(fields.get('total_reads_processed'))).toBeGreaterThanOrEqual(11);
    expect(Number(fields.get('total_writes_processed'))).toBeGreaterThanOrEqual(10);
    expect(Number(fields.get('eventloop_duration_sum'))).toBeGreaterThan(0);
    expect(fields.get('acl_access_denied_auth')).toBe('0');
  });
});
