/** Every kind of change is there again after the server was shut down or killed. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forEachShardCount } from '../../support/both.ts';
import type { Client, Reply, Word } from '../../support/client.ts';
import { until } from '../waiting.ts';
import { expectSame, Kept, runAll, stateOf } from './kept.ts';

const FAR = 4_000_000_000_000;
const BINARY = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const BIG = Buffer.alloc(10_000_000, 'big value ');

/** Names the keys by `tag`, so that the same can be done again elsewhere. */
function changes(tag: string): Word[][] {
  const k = (name: string) => `${tag}:${name}`;
  return [
    ['SET', k('plain'), 'value'],
    ['SET', k('ex'), 'v', 'EX', 1e9],
    ['SET', k('px'), 'v', 'PX', 1e12],
    ['SET', k('exat'), 'v', 'EXAT', FAR / 1000],
    ['SET', k('pxat'), 'v', 'PXAT', FAR],
    ['SET', k('keepttl'), 'v', 'PXAT', FAR],
    ['SET', k('keepttl'), 'other', 'KEEPTTL'],
    ['SET', k('ttl-gone'), 'v', 'PXAT', FAR],
    ['SET', k('ttl-gone'), 'other'],
    ['SETEX', k('setex'), 1e9, 'v'],
    ['PSETEX', k('psetex'), 1e12, 'v'],
    ['SETNX', k('setnx'), 'v'],
    ['GETSET', k('getset'), 'a'],
    ['GETSET', k('getset'), 'b'],
    ['SET', k('int'), 12345],
    ['SET', k('long'), 'x'.repeat(45)],
    ['SET', k('empty'), ''],
    ['SET', '', `${tag} has the empty key`],
    ['SET', Buffer.concat([Buffer.from(k('')), BINARY]), BINARY],
    ['APPEND', k('append'), 'a'],
    ['APPEND', k('append'), 'b'],
    ['SET', k('appended'), '1'],
    ['APPEND', k('appended'), '2'],
    ['SETRANGE', k('setrange'), 5, 'behind a gap'],
    ['SET', k('overwritten'), 'Hello World'],
    ['SETRANGE', k('overwritten'), 6, 'Redis'],
    ['SETBIT', k('setbit'), 1000, 1],
    ['SETBIT', k('setbit'), 7, 1],
    ['BITFIELD', k('bitfield'), 'SET', 'u8', 40, 200, 'INCRBY', 'i16', 100, 30000, 'OVERFLOW', 'SAT'],
    ['PFADD', k('hll'), 'a', 'b', 'c'],
    ['PFCOUNT', k('hll')],
    ['PFADD', k('hll'), ...Array.from({ length: 50 }, (_, i) => i)],
    ['PFADD', k('hll-dense'), ...Array.from({ length: 5000 }, (_, i) => i)],
    ['PFADD', k('hll-dense'), ...Array.from({ length: 50 }, (_, i) => -i)],
    ['PFMERGE', k('hll-merged'), k('hll'), k('hll-dense'), k('no-such')],
    ['PFCOUNT', k('hll-merged')],
    ['GEOADD', k('geo'), 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'],
    ['GEOADD', k('geo'), 'XX', 'CH', 15, 37, 'Catania'],
    ['GEOADD', k('geo-large'), ...Array.from({ length: 300 }, (_, i) => [i / 2, i / 4, `place:${i}`]).flat()],
    ['GEOSEARCHSTORE', k('geo-near'), k('geo-large'), 'FROMLONLAT', 9, 4, 'BYRADIUS', 1000, 'km'],
    ['GEORADIUS', k('geo'), 15, 37, 200, 'km', 'STOREDIST', k('geo-distances')],
    ['INCR', k('incr')],
    ['INCRBY', k('incr'), 41],
    ['DECRBY', k('decr'), 9],
    ['INCRBYFLOAT', k('float'), '3.25'],
    ['INCRBYFLOAT', k('float'), '-0.05'],
    ['SET', k('getdel'), 'v'],
    ['GETDEL', k('getdel')],
    ['SET', k('getex'), 'v'],
    ['GETEX', k('getex'), 'PXAT', FAR],
    ['SET', k('getex-persist'), 'v', 'EX', 100],
    ['GETEX', k('getex-persist'), 'PERSIST'],
    ['SET', k('expire'), 'v'],
    ['EXPIRE', k('expire'), 1e9],
    ['PEXPIREAT', k('expire'), FAR, 'GT'],
    ['SET', k('expire-past'), 'v'],
    ['EXPIREAT', k('expire-past'), 1],
    ['SET', k('persist'), 'v', 'EX', 100],
    ['PERSIST', k('persist')],
    ['SET', k('deleted'), 'v'],
    ['DEL', k('deleted'), k('no-such')],
    ['SET', k('unlinked'), 'v'],
    ['UNLINK', k('unlinked')],
    ...Array.from({ length: 6 }, (_, i): Word[][] => [
      ['SET', k(`rename-from-${i}`), `v${i}`, 'PXAT', FAR],
      ['RENAME', k(`rename-from-${i}`), k(`rename-to-${i}`)],
      ['SET', k(`copied-${i}`), `v${i}`],
      ['COPY', k(`copied-${i}`), k(`copy-${i}`)],
      ['COPY', k(`copied-${i}`), k(`copied-${i}`), 'DB', 3],
      ['SET', k(`moved-${i}`), `v${i}`],
      ['MOVE', k(`moved-${i}`), 4],
    ]).flat(),
    ['MSET', ...Array.from({ length: 20 }, (_, i) => [k(`mset-${i}`), i]).flat()],
    ['MSETNX', ...Array.from({ length: 20 }, (_, i) => [k(`msetnx-${i}`), `v${i}`]).flat()],
    ['DEL', ...Array.from({ length: 10 }, (_, i) => k(`mset-${i * 2}`))],
    ['BITOP', 'XOR', k('bitop'), k('overwritten'), k('setbit'), k('long')],
    ['BITOP', 'AND', k('bitop-empty'), k('no-such'), k('nor-such')],
    ['SET', k('big'), BIG],
    ['SETRANGE', k('big'), 5_000_000, 'patched'],
    ['SET', k('flushed'), 'v'],
    ...listChanges(k),
  ];
}

function listChanges(k: (name: string) => string): Word[][] {
  const many = Array.from({ length: 2000 }, (_, i) => `element:${i}`);
  return [
    ['RPUSH', k('list'), 'a', 'b', 12, -70000, '', BINARY],
    ['LPUSH', k('list'), 'first', 'x'.repeat(300), 'b'],
    ['RPUSHX', k('list'), 'last'],
    ['LPUSHX', k('no-list'), 'x'],
    ['LPOP', k('list')],
    ['LSET', k('list'), -1, 'replaced'],
    ['LINSERT', k('list'), 'BEFORE', 'a', 'inserted'],
    ['LINSERT', k('list'), 'AFTER', 'replaced', 'behind'],
    ['EXPIREAT', k('list'), FAR / 1000],
    ['RPUSH', k('many'), ...many],
    ['RPUSH', k('many'), ...many],
    ['LREM', k('many'), 1, 'element:77'],
    ['LREM', k('many'), -1, 'element:78'],
    ['LREM', k('many'), 0, 'element:79'],
    ['LTRIM', k('many'), 100, -200],
    ['RPOP', k('many'), 300],
    ['LSET', k('many'), 1500, 'y'.repeat(20_000)],
    ['RPUSH', k('popped'), 'a', 'b'],
    ['LPOP', k('popped'), 2],
    ['RPUSH', k('overwritten-list'), 'a'],
    ['SET', k('overwritten-list'), 'v'],
    ...Array.from({ length: 6 }, (_, i): Word[][] => [
      ['RPUSH', k(`queue-${i}`), 'a', 'b', i],
      ['LMOVE', k(`queue-${i}`), k(`queue-${(i + 1) % 6}`), 'LEFT', 'RIGHT'],
      ['RPOPLPUSH', k(`queue-${i}`), k('sink')],
      ['LMPOP', 2, k('no-list'), k(`queue-${i}`), 'LEFT', 'COUNT', 1],
      ['RPUSH', k(`list-from-${i}`), 'x', i],
      ['RENAME', k(`list-from-${i}`), k(`list-to-${i}`)],
      ['COPY', k(`list-to-${i}`), k(`list-copy-${i}`)],
      ['RPUSH', k(`list-copy-${i}`), 'more'],
      ['MOVE', k(`list-to-${i}`), 4],
    ]).flat(),
    ['RPUSH', k('numbers'), 3, 1, 2],
    ['SORT', k('numbers'), 'STORE', k('sorted')],
  ];
}

async function change(client: Client, tag: string): Promise<void> {
  await runAll(client, changes(tag));
  const payload = Buffer.from((await client.command('DUMP', `${tag}:plain`)) as string, 'latin1');
  await runAll(client, [
    ['RESTORE', `${tag}:restored`, 0, payload],
    ['RESTORE', `${tag}:restored-until`, FAR, payload, 'ABSTTL'],
    ['SELECT', 5],
    ['SET', `${tag}:five`, 'v', 'PXAT', FAR],
    ['SELECT', 6],
    ['SET', `${tag}:six`, 'v'],
    ['SELECT', 7],
    ['SET', `${tag}:flushed`, 'v'],
    ['FLUSHDB'],
    ['SET', `${tag}:seven`, 'v'],
    ['SWAPDB', 5, 6],
    ['SELECT', 6],
    ['APPEND', `${tag}:five`, 'swapped'],
    ['SELECT', 0],
  ]);
}

/** Keys that are gone by themselves: found by a read, by a write, or by nobody. */
async function expireSome(client: Client, tag: string): Promise<void> {
  const names = Array.from({ length: 30 }, (_, i) => `${tag}:brief-${i}`);
  await runAll(client, [
    ['DEBUG', 'SET-ACTIVE-EXPIRE', 0],
    ...names.map((name): Word[] => ['SET', name, 'v', 'PX', 1]),
  ]);
  await until('they have expired', async () => {
    const replies = await client.pipeline(names.slice(0, 10).map((name) => ['GET', name]));
    return replies.every((reply) => reply === null);
  });
  await runAll(client, [
    ...names.slice(10, 20).map((name): Word[] => ['APPEND', name, 'again']),
    ['DEBUG', 'SET-ACTIVE-EXPIRE', 1],
  ]);
  await until('all of them are gone', async () => {
    const names = (await client.command('KEYS', `${tag}:brief-*`)) as Reply[];
    return names.length === 10;
  });
}

forEachShardCount([1, 3], (shards) => {
  let kept: Kept;
  beforeEach(() => {
    kept = new Kept({ shards });
  });
  afterEach(() => kept.remove());

  /** The state is the same however often the server ends. */
  async function expectKept(
    ends: readonly (() => Promise<void>)[],
    args: readonly string[] = [],
  ): Promise<void> {
    const expected = await stateOf(kept.client);
    const digest = await kept.client.command('DEBUG', 'DIGEST');
    for (const end of ends) {
      await end();
      await kept.start(shards, args);
      expectSame(await stateOf(kept.client), expected);
      expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);
    }
  }

  test('all changes are there after SHUTDOWN and after a kill', async () => {
    const client = await kept.start();
    await change(client, 'a');
    await expireSome(client, 'a');
    await expectKept([() => kept.kill(), () => kept.shutDown('NOSAVE')]);
    // What is written behind what was loaded.
    await change(kept.client, 'b');
    await expectKept([() => kept.terminate()]);
  });

  test('with appendfsync always, small segments, and new bases in between', async () => {
    const args = ['--appendfsync', 'always', '--wal-segment-size', '1mb'];
    const client = await kept.start(shards, args);
    await change(client, 'a');
    await runAll(
      client,
      Array.from({ length: 40 }, (_, i) => ['SET', `filler:${i}`, Buffer.alloc(100_000, `${i} `)]),
    );
    expect(kept.files(/^wal-/).length).toBeGreaterThan(shards * 2);
    await kept.rewrite();
    expect(kept.files(/^wal-/).length).toBe(shards);
    expect(kept.files(/^base-/).length).toBe(shards);
    await change(client, 'b');
    // Bases do not tell that a value was changed in place, as in Redis: `raw` may be another encoding after them.
    const digest = await client.command('DEBUG', 'DIGEST');
    await kept.kill();
    await kept.start(shards, args);
    expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);
    await kept.rewrite();
    await kept.rewrite();
    await kept.kill();
    await kept.start(shards, args);
    expect(await kept.client.command('DEBUG', 'DIGEST')).toBe(digest);
  });

  if (shards === 1) return;

  test('what was emptied stays empty', async () => {
    const client = await kept.start();
    await change(client, 'a');
    await runAll(client, [['FLUSHALL'], ['SET', 'after', 1]]);
    await expectKept([() => kept.kill()]);
    expect(await kept.client.command('KEYS', '*')).toEqual(['after']);
    await runAll(kept.client, [['SELECT', 2], ['SET', 'x', 1], ['SELECT', 0], ['FLUSHDB']]);
    await expectKept([() => kept.kill()]);
    expect(await kept.client.command('DBSIZE')).toBe(0);
  });

  test('what has expired while the server was away is gone, from logs and from bases', async () => {
    const client = await kept.start();
    await runAll(client, [
      ['SET', 'in-base', 'v', 'PX', 700],
      ['SET', 'stays', 'v'],
    ]);
    await kept.rewrite();
    await runAll(client, [
      ['SET', 'in-log', 'v', 'PX', 700],
      ['SET', 'changed', 'v', 'PX', 700],
      ['APPEND', 'changed', 'v'],
      ['SET', 'kept', 'v', 'PX', 700],
      ['PERSIST', 'kept'],
    ]);
    const allExpired = Date.now() + 800;
    await kept.kill();
    await until('their time has come', () => Date.now() > allExpired);
    const again = await kept.start();
    expect(await again.command('MGET', 'in-base', 'in-log', 'changed', 'stays', 'kept')).toEqual([
      null,
      null,
      null,
      'v',
      'v',
    ]);
    expect(await kept.client.command('DBSIZE')).toBe(2);
  });
});
