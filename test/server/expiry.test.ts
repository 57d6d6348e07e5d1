/** Keys with a time to live are gone when it is over, whether or not anybody looks. */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client } from '../support/client.ts';
import { infoField, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const KEYS = 600;

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards, args: ['--enable-debug-command', 'yes'] });

  async function clean(): Promise<Client> {
    const client = await server().client();
    expect(await client.pipeline([['DEBUG', 'SET-ACTIVE-EXPIRE', '1'], ['FLUSHALL']])).toEqual(['OK', 'OK']);
    return client;
  }

  test('keys vanish without being touched, in all databases', async () => {
    const client = await clean();
    const expired = Number(await infoField(client, 'expired_keys'));
    for (const db of [0, 5, 15]) {
      expect(await client.command('SELECT', db)).toBe('OK');
      await client.pipeline(brief(KEYS, 100));
      expect(await client.command('SET', 'lasting', 'v')).toBe('OK');
    }
    for (const db of [0, 5, 15]) {
      expect(await client.command('SELECT', db)).toBe('OK');
      await until(`database ${db} has one key left`, async () => (await client.command('DBSIZE')) === 1);
      expect(await client.command('GET', 'lasting')).toBe('v');
    }
    expect(Number(await infoField(client, 'expired_keys')) - expired).toBe(3 * KEYS);
    expect(await infoField(client, 'db5.expires')).toBe('0');
    client.destroy();
  });

  test('many keys that end together are gone soon, and others are served meanwhile', async () => {
    const client = await clean();
    const other = await server().client();
    await client.pipeline(brief(60_000, 500));
    await until('all keys are gone', async () => {
      expect(
        await other.pipeline([
          ['SET', 'k', 'v'],
          ['GET', 'k'],
        ]),
      ).toEqual(['OK', 'v']);
      return (await client.command('DBSIZE')) === 1;
    });
    client.destroy();
    other.destroy();
  });

  test('without active expiry they stay until somebody looks', async () => {
    const client = await clean();
    expect(await client.command('DEBUG', 'SET-ACTIVE-EXPIRE', '0')).toBe('OK');
    const expired = Number(await infoField(client, 'expired_keys'));
    await client.pipeline(brief(KEYS, 50));
    await pause(1_000);
    expect(await client.command('DBSIZE')).toBe(KEYS);
    expect(Number(await infoField(client, 'expired_keys')) - expired).toBe(0);
    // A write looks in the shard itself; a read may pass it by.
    expect(await client.command('DEL', 'brief 1', 'brief 2', 'brief 3')).toBe(0);
    expect(await client.command('GET', 'brief 4')).toBe(null);
    expect(await client.command('MGET', 'brief 5', 'brief 6')).toEqual([null, null]);
    expect(await client.command('DBSIZE')).toBeLessThanOrEqual(KEYS - 3);
    expect(await client.command('DEBUG', 'SET-ACTIVE-EXPIRE', '1')).toBe('OK');
    await until('all keys are gone', async () => (await client.command('DBSIZE')) === 0);
    expect(Number(await infoField(client, 'expired_keys')) - expired).toBe(KEYS);
    client.destroy();
  });

  test('a key that is written anew in time stays', async () => {
    const client = await clean();
    await client.pipeline(brief(KEYS, 150));
    const keys = Array.from({ length: KEYS }, (_, i) => `brief ${i}`);
    await client.pipeline(
      keys.map((key, i) =>
        i % 3 === 0 ? ['PERSIST', key] : i % 3 === 1 ? ['SET', key, 'new'] : ['PEXPIRE', key, 100_000],
      ),
    );
    await pause(500);
    expect(await client.command('EXISTS', ...keys)).toBe(KEYS);
    expect(await client.command('DBSIZE')).toBe(KEYS);
    client.destroy();
  });

  test("expired keys are in nobody's sight before they are removed", async () => {
    const client = await clean();
    expect(await client.command('DEBUG', 'SET-ACTIVE-EXPIRE', '0')).toBe('OK');
    await client.pipeline(brief(30, 30));
    expect(await client.command('SET', 'lasting', 'v')).toBe('OK');
    await pause(100);
    expect(await client.command('KEYS', '*')).toEqual(['lasting']);
    expect(await client.command('EXISTS', 'brief 0', 'lasting')).toBe(1);
    expect(await client.command('TYPE', 'brief 1')).toBe('none');
    expect(await client.command('TTL', 'brief 2')).toBe(-2);
    for (let i = 0; i < 20; i++) expect(await client.command('RANDOMKEY')).toBe('lasting');
    expect(await client.command('SET', 'brief 3', 'v', 'XX')).toBe(null);
    expect(await client.command('SET', 'brief 4', 'v', 'NX')).toBe('OK');
    expect(await client.command('APPEND', 'brief 5', 'x')).toBe(1);
    expect(await client.command('INCR', 'brief 6')).toBe(1);
    client.destroy();
  });
});

describe('CONFIG SET hz', () => {
  const server = useServer({ shards: 2, args: ['--hz', '1'] });

  test('changes how often keys are looked for', async () => {
    const client = await server().client();
    expect(await client.command('CONFIG', 'SET', 'hz', '100')).toBe('OK');
    expect(await infoField(client, 'hz')).toBe('100');
    await client.pipeline(brief(200, 50));
    await until('all keys are gone', async () => (await client.command('DBSIZE')) === 0);
    client.destroy();
  });
});

/** Commands that set so many keys for so many milliseconds. */
function brief(count: number, ms: number): (string | number)[][] {
  return Array.from({ length: count }, (_, i) => ['SET', `brief ${i}`, i, 'PX', ms]);
}
