/** `maxmemory` without eviction: what would add to a full server is refused, everything else goes on. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { ReplyError } from '../support/client.ts';
import { useServer } from './served.ts';

const FULL = new ReplyError("OOM command not allowed when used memory > 'maxmemory'.");
const VALUE = 'v'.repeat(100_000);

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards });

  test('writes are refused beyond the limit, reads and deletions are not, and it is lifted at once', async () => {
    const client = await server().client();
    for (let i = 0; i < 100; i++) await client.command('SET', `k:${i}`, VALUE);
    expect(await client.command('CONFIG', 'SET', 'maxmemory', '8mb')).toBe('OK');
    expect(await client.command('SET', 'more', 'v')).toEqual(FULL);
    expect(await client.command('MSET', 'a', '1', 'b', '2')).toEqual(FULL);
    expect(await client.command('EXISTS', 'more', 'a', 'b')).toBe(0);
    expect(await client.command('GET', 'k:0')).toBe(VALUE);
    expect(await client.command('EXPIRE', 'k:0', 1000)).toBe(1);
    const info = String(await client.command('INFO', 'everything'));
    expect(info).toContain('maxmemory:8388608\r\n');
    expect(info).toContain('maxmemory_policy:noeviction\r\n');
    expect(info).toContain('errorstat_OOM:count=2\r\n');
    expect(info).toMatch(/cmdstat_set:calls=100,.*rejected_calls=1,/);
    for (let i = 0; i < 80; i++) await client.command('DEL', `k:${i}`);
    expect(await client.command('SET', 'more', 'v')).toBe('OK');
    for (let i = 0; i < 80; i++) await client.command('SET', `k:${i}`, VALUE);
    expect(await client.command('SET', 'yet more', 'v')).toEqual(FULL);
    expect(await client.command('CONFIG', 'SET', 'maxmemory', '0')).toBe('OK');
    expect(await client.command('SET', 'yet more', 'v')).toBe('OK');
    client.destroy();
  });
});
