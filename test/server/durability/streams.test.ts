/** Streams over restarts: entries, groups, who has got what, when and how often; snapshots while they are written. */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forEachShardCount } from '../../support/both.ts';
import type { Client, Reply, Word } from '../../support/client.ts';
import { requirePeer, startRedis } from '../../support/server.ts';
import { blocks } from '../blocked.ts';
import { Kept, runAll, untilIdle } from './kept.ts';

const MAX = '18446744073709551615';
const KEYS = Array.from({ length: 6 }, (_, i) => `stream:${i}`);

function changes(key: string): Word[][] {
  const read = (consumer: string, ...words: Word[]) => [
    ...['XREADGROUP', 'GROUP', 'g', consumer, ...words, 'STREAMS', key],
  ];
  return [
    ...Array.from({ length: 250 }, (_, i) => [
      'XADD',
      key,
      `${i + 1}-${i}`,
      'n',
      i,
      ...(i % 9 ? [] : ['odd', 'x']),
    ]),
    ['XADD', key, '*', 'made', 'here'],
    ['XADD', key, '9007199254740993-*', 'wide', 'id'],
    ['XADD', key, `9007199254740993-${MAX}`, 'wide', '\0\xff'],
    ['XGROUP', 'CREATE', key, 'g', 0],
    ['XGROUP', 'CREATE', key, 'gone', '$'],
    ['XGROUP', 'CREATE', key, 'set', '$', 'ENTRIESREAD', 3],
    ['XGROUP', 'CREATECONSUMER', key, 'g', 'idle'],
    ['XGROUP', 'CREATECONSUMER', key, 'g', 'left'],
    read('alice', 'COUNT', 40).concat('>'),
    read('left', 'COUNT', 4).concat('>'),
    read('noack', 'NOACK', 'COUNT', 5).concat('>'),
    read('bob', 'COUNT', 30).concat('>'),
    read('alice', 'COUNT', 3).concat('0'),
    ['XACK', key, 'g', '1-0', '50-49', '51-50'],
    ['XDEL', key, '3-2', '60-59', '100-99', '251-1'],
    ['XCLAIM', key, 'g', 'carol', 0, '5-4', '6-5', '3-2'],
    ['XCLAIM', key, 'g', 'carol', 0, '7-6', '200-199', 'FORCE', 'TIME', 12345, 'RETRYCOUNT', 77, 'JUSTID'],
    ['XCLAIM', key, 'g', 'carol', 0, '1-1', 'LASTID', '150-1'],
    ['XAUTOCLAIM', key, 'g', 'dora', 0, '20', 'COUNT', 5],
    ['XGROUP', 'DELCONSUMER', key, 'g', 'left'],
    ['XGROUP', 'SETID', key, 'set', '99-98', 'ENTRIESREAD', 99],
    ['XGROUP', 'DESTROY', key, 'gone'],
    ['XTRIM', key, 'MAXLEN', '~', 200],
    ['XTRIM', key, 'MINID', '5'],
    ['XADD', key, 'MAXLEN', 190, `9007199254740994-0`, 'last', 'one'],
    ['XADD', `${key}:emptied`, '7-7', 'a', 'b'],
    ['XGROUP', 'CREATE', `${key}:emptied`, 'g', 0],
    ['XDEL', `${key}:emptied`, '7-7'],
    ['XSETID', `${key}:emptied`, '9-9', 'ENTRIESADDED', 5, 'MAXDELETEDID', '8-8'],
    ['XGROUP', 'CREATE', `${key}:made`, 'g', '$', 'MKSTREAM'],
    ['COPY', key, `${key}:copy`],
    ['RENAME', `${key}:copy`, `${key}:renamed`],
    ['XADD', `${key}:renamed`, '9007199254740994-*', 'after', 'rename'],
  ];
}

/** Without what is not the same: how many nodes there are, and when consumers were active, which files of Redis 7.0 do not tell. */
function withoutNodes(reply: Reply, isFromFile: boolean): Reply {
  const hidden = ['radix-tree-keys', 'radix-tree-nodes', ...(isFromFile ? ['active-time'] : [])];
  if (!Array.isArray(reply)) return reply;
  return reply.map((item, i) =>
    i > 0 && hidden.includes(String(reply[i - 1])) ? '#' : withoutNodes(item, isFromFile),
  );
}

async function stateOf(client: Client, isFromFile: boolean): Promise<Reply[]> {
  const keys = ((await client.command('KEYS', '*')) as string[]).sort();
  const replies = await client.pipeline(keys.map((key) => ['XINFO', 'STREAM', key, 'FULL', 'COUNT', 0]));
  return replies.map((reply, i) => [keys[i]!, withoutNodes(reply, isFromFile)]);
}

forEachShardCount([1, 3], (shards) => {
  let kept: Kept;
  beforeEach(() => {
    kept = new Kept({ shards });
  });
  afterEach(() => kept.remove());

  test('all of a stream is there after a kill, from the log and from bases', async () => {
    await kept.start(shards, ['--save', '']);
    for (const key of KEYS) await runAll(kept.client, changes(key));
    const logged = await stateOf(kept.client, false);
    expect(logged).toHaveLength(KEYS.length * 4);
    await kept.kill();
    await kept.start(shards);
    expect(await stateOf(kept.client, false)).toEqual(logged);
    const state = await stateOf(kept.client, true);
    await kept.rewrite();
    await kept.kill();
    await kept.start(shards);
    expect(await stateOf(kept.client, true)).toEqual(state);
    // What is written behind a base.
    for (const key of KEYS) {
      await runAll(kept.client, [
        ['XADD', key, '9007199254740994-*', 'behind', 'base'],
        ['XREADGROUP', 'GROUP', 'g', 'erin', 'STREAMS', key, '>'],
      ]);
    }
    const again = await stateOf(kept.client, true);
    await kept.kill();
    await kept.start(shards === 3 ? 2 : shards);
    expect(await stateOf(kept.client, true)).toEqual(again);
  });
});

test('what a client got that waited is pending after a kill', async () => {
  const kept = new Kept({ shards: 3 });
  try {
    await kept.start(3, ['--save', '', '--appendfsync', 'always']);
    for (const key of KEYS) await kept.client.command('XGROUP', 'CREATE', key, 'g', '$', 'MKSTREAM');
    for (const [i, key] of KEYS.entries()) {
      const waiting = await kept.server.client();
      const words = [
        'XREADGROUP',
        'GROUP',
        'g',
        `c${i}`,
        'BLOCK',
        0,
        'STREAMS',
        ...KEYS,
        ...KEYS.map(() => '>'),
      ];
      const { reply } = await blocks(kept.client, waiting, ...words);
      await kept.client.command('XADD', key, '1-1', 'a', 'b');
      expect(await reply).toEqual([[key, [['1-1', ['a', 'b']]]]]);
      waiting.destroy();
    }
    await kept.kill();
    await kept.start(3);
    for (const [i, key] of KEYS.entries()) {
      expect(await kept.client.command('XPENDING', key, 'g')).toEqual([1, '1-1', '1-1', [[`c${i}`, '1']]]);
    }
  } finally {
    await kept.remove();
  }
});

test('dumps have streams as they were at one moment, and Redis reads them', async (context) => {
  requirePeer(context);
  const kept = new Kept({ shards: 3 });
  try {
    await kept.start(3, ['--save', '']);
    const client = await kept.server.client();
    for (const key of KEYS) {
      await runAll(
        client,
        Array.from({ length: 3000 }, (_, i) => ['XADD', key, `1-${i + 1}`, 'n', 'x'.repeat(i % 90)]),
      );
      await runAll(client, [['XGROUP', 'CREATE', key, 'g', 0]]);
    }
    let isOver = false;
    const writing = (async () => {
      for (let i = 1; !isOver; i++) {
        await runAll(client, [
          ['MULTI'],
          ...KEYS.map((key) => ['XADD', key, `2-${i}`, 'n', i]),
          ...KEYS.map((key) => ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 1, 'STREAMS', key, '>']),
          ['EXEC'],
        ]);
      }
    })();
    const dumps: string[] = [];
    for (let i = 0; i < 2; i++) {
      expect(await kept.client.command('BGSAVE')).toBe('Background saving started');
      await untilIdle(kept.client);
      dumps.push(kept.file(`copy-${i}.rdb`));
      copyFileSync(kept.file('dump.rdb'), dumps[i]!);
    }
    isOver = true;
    await writing;
    const redis = await startRedis(['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes']);
    const theirs = await redis.client();
    for (const dump of dumps) {
      await theirs.command('CONFIG', 'SET', 'dir', path.dirname(dump));
      await theirs.command('CONFIG', 'SET', 'dbfilename', path.basename(dump));
      expect(await theirs.command('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK');
      const found = await Promise.all(
        KEYS.map(async (key) => {
          const pending = (await theirs.command('XPENDING', key, 'g')) as Reply[];
          const entries = (await theirs.command('XRANGE', key, '-', '+')) as Reply[][];
          return [await theirs.command('XLEN', key), entries.length, entries.at(-1)![0], pending[0]];
        }),
      );
      for (const each of found) expect(each).toEqual(found[0]);
      expect(found[0]![0]).toBe(found[0]![1]);
      expect(found[0]![1]).toBe(Number(String(found[0]![2]).split('-')[1]) + 3000);
      expect(found[0]![3]).toBe((found[0]![1] as number) - 3000);
    }
    await redis.close();
  } finally {
    await kept.remove();
  }
});
