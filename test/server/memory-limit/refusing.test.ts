/** `maxmemory` where nothing can be evicted: what would add to a full server is refused, everything else goes on. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../../support/both.ts';
import { ReplyError } from '../../support/client.ts';
import { infoField, useServer } from '../served.ts';
import { until } from '../waiting.ts';
import { FULL, limit, MB, send } from './filling.ts';

const REFUSED = new ReplyError(FULL);
const ABORTED = new ReplyError(`EXECABORT Transaction discarded because of: ${FULL}`);
const SPOILED = new ReplyError('EXECABORT Transaction discarded because of previous errors.');
const VALUE = 'v'.repeat(100_000);

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards });

  test('writes are refused beyond the limit, reads and deletions are not, and it is lifted at once', async () => {
    const client = await server().client();
    for (let i = 0; i < 100; i++) await client.command('SET', `k:${i}`, VALUE);
    expect(await client.command('CONFIG', 'SET', 'maxmemory', '8mb')).toBe('OK');
    expect(await client.command('SET', 'more', 'v')).toEqual(REFUSED);
    expect(await client.command('MSET', 'a', '1', 'b', '2', 'c', '3', 'd', '4')).toEqual(REFUSED);
    expect(await client.command('SUNIONSTORE', 'a', 'b', 'c', 'd')).toEqual(REFUSED);
    expect(await client.command('EXISTS', 'more', 'a', 'b', 'c', 'd')).toBe(0);
    expect(await client.command('GET', 'k:0')).toBe(VALUE);
    expect(await client.command('EXPIRE', 'k:0', 1000)).toBe(1);
    const info = String(await client.command('INFO', 'everything'));
    expect(info).toContain('maxmemory:8388608\r\n');
    expect(info).toContain('maxmemory_policy:noeviction\r\n');
    expect(info).toContain('evicted_keys:0\r\n');
    expect(info).toContain('errorstat_OOM:count=3\r\n');
    expect(info).toMatch(/cmdstat_set:calls=100,.*rejected_calls=1,/);
    for (let i = 0; i < 80; i++) await client.command('DEL', `k:${i}`);
    expect(await client.command('SET', 'more', 'v')).toBe('OK');
    for (let i = 0; i < 80; i++) await client.command('SET', `k:${i}`, VALUE);
    expect(await client.command('SET', 'yet more', 'v')).toEqual(REFUSED);
    expect(await client.command('CONFIG', 'SET', 'maxmemory', '0')).toBe('OK');
    expect(await client.command('SET', 'yet more', 'v')).toBe('OK');
    client.destroy();
  });

  test('a transaction that may add to a full server is refused as a whole, others run', async () => {
    const client = await server().client();
    await limit(client, 0, 'noeviction');
    await client.command('MULTI');
    await client.command('SET', 'a', '1');
    await client.command('INCR', 'b');
    await client.command('DEL', 'c');
    const other = await server().client();
    for (let i = 0; i < 20; i++) await other.command('SET', `k:${i}`, VALUE);
    await other.command('CONFIG', 'SET', 'maxmemory', MB);
    expect(await client.command('EXEC')).toEqual(ABORTED);
    expect(await client.command('EXISTS', 'a', 'b')).toBe(0);
    // Not even what adds nothing may be queued, for the queue itself would.
    expect(await client.command('MULTI')).toBe('OK');
    expect(await client.command('DEL', 'k:1')).toEqual(REFUSED);
    expect(await client.command('EXEC')).toEqual(SPOILED);
    await other.command('CONFIG', 'SET', 'maxmemory', 0);
    expect(await client.command('MULTI')).toBe('OK');
    expect(await client.command('DEL', 'k:1')).toBe('QUEUED');
    expect(await client.command('GET', 'k:2')).toBe('QUEUED');
    await other.command('CONFIG', 'SET', 'maxmemory', MB);
    expect(await client.command('EXEC')).toEqual([1, VALUE]);
    expect(await client.command('MULTI')).toBe('OK');
    expect(await client.command('DISCARD')).toBe('OK');
    client.destroy();
    other.destroy();
  });

  test('policies of volatile keys refuse when none is left, on any shard, and go on when there are some again', async () => {
    const client = await server().client();
    await limit(client, 4 * MB, 'volatile-lru');
    await send(client, 300, (i) => ['SET', `volatile:${i}`, 'v'.repeat(10_000), 'EX', 1000]);
    let kept = 0;
    let refused: unknown = 'OK';
    while (refused === 'OK') refused = await client.command('SET', `kept:${kept++}`, 'v'.repeat(10_000));
    expect(refused).toEqual(REFUSED);
    expect(Number(await infoField(client, 'evicted_keys'))).toBe(300);
    const names = Array.from({ length: kept - 1 }, (_, i) => `kept:${i}`);
    expect(await client.command('EXISTS', ...names)).toBe(kept - 1);
    // Buffers are smaller by now, and it may just have come below the limit.
    await client.command('CONFIG', 'SET', 'maxmemory', 3 * MB);
    expect(await client.command('MSET', 'a', '1', 'b', '2', 'c', '3', 'd', '4')).toEqual(REFUSED);
    for (const name of names) await client.command('EXPIRE', name, 1000);
    await until('a write finds room', async () => (await client.command('SET', 'new', '1')) === 'OK');
    expect(await client.command('EXISTS', ...names)).toBeLessThan(names.length);
    client.destroy();
  });

  test('how long more was used than there may be is counted', async () => {
    const client = await server().client();
    await limit(client, 0, 'noeviction');
    await send(client, 20, (i) => ['SET', `k:${i}`, VALUE]);
    await client.command('CONFIG', 'SET', 'maxmemory', MB);
    await until(
      'it is seen',
      async () => Number(await infoField(client, 'current_eviction_exceeded_time')) > 0,
    );
    await client.command('FLUSHALL');
    await client.command('SET', 'k', 'v');
    await until(
      'it is over',
      async () => (await infoField(client, 'current_eviction_exceeded_time')) === '0',
    );
    expect(Number(await infoField(client, 'total_eviction_exceeded_time'))).toBeGreaterThan(0);
    client.destroy();
  });
});
