/** XREAD and XREADGROUP with BLOCK: who gets what is added, on one shard and on several. */
import { afterEach, expect, test } from 'vitest';
import { blocks, untilForgotten } from '../server/blocked.ts';
import { infoField } from '../server/served.ts';
import type { Client, Reply, Word } from '../support/client.ts';
import { describeServed, error } from './served.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 9 }, (_, i) => `stream:${i}`);
const LAST = KEYS.map(() => '$');
const NEW = KEYS.map(() => '>');

function noGroup(key: string): unknown {
  return error(`NOGROUP No such key '${key}' or consumer group 'g' in XREADGROUP with GROUP option`);
}

describeServed('commands that wait for entries of streams', ({ run, connect }) => {
  const opened: Client[] = [];

  async function client(): Promise<Client> {
    const one = await connect();
    opened.push(one);
    return one;
  }

  /** A new client that waits, and what it will get. */
  async function waiting(looking: Client, ...words: readonly Word[]): Promise<{ reply: Promise<Reply> }> {
    return blocks(looking, await client(), ...words);
  }

  afterEach(async () => {
    for (const each of opened.splice(0)) each.destroy();
    const looking = await connect();
    await untilForgotten(looking);
    looking.destroy();
  });

  test('a new entry goes to all who wait for it with XREAD', async () => {
    const looking = await client();
    await run('XADD', KEYS[3]!, '1-1', 'old', 1);
    const replies = [
      await waiting(looking, 'XREAD', 'BLOCK', 0, 'STREAMS', KEYS[3]!, '$'),
      await waiting(looking, 'XREAD', 'BLOCK', 0, 'STREAMS', ...KEYS, ...LAST),
      await waiting(looking, 'XREAD', 'COUNT', 5, 'BLOCK', 60_000, 'STREAMS', KEYS[3]!, '1-1'),
    ];
    expect(await infoField(looking, 'total_blocking_keys')).toBe('9');
    expect(await infoField(looking, 'total_blocking_keys_on_nokey')).toBe('0');
    expect(await run('XADD', KEYS[3]!, '2-1', 'new', 1)).toBe('2-1');
    for (const { reply } of replies) expect(await reply).toEqual([[KEYS[3], [['2-1', ['new', '1']]]]]);
  });

  test('what was the last id when the command came counts, on whichever shard', async () => {
    const looking = await client();
    for (const [i, key] of KEYS.entries()) await run('XADD', key, `${i + 1}-5`, 'old', i);
    for (const [i, key] of KEYS.entries()) {
      const { reply } = await waiting(looking, 'XREAD', 'BLOCK', 0, 'STREAMS', ...KEYS, ...LAST);
      // Two in one step: the second is not the last id any more.
      await looking.pipeline([
        ['MULTI'],
        ['XADD', key, `${i + 1}-6`, 'n', 1],
        ['XADD', key, `${i + 1}-7`, 'n', 2],
        ['EXEC'],
      ]);
      expect(await reply).toEqual([
        [
          key,
          [
            [`${i + 1}-6`, ['n', '1']],
            [`${i + 1}-7`, ['n', '2']],
          ],
        ],
      ]);
    }
  });

  test('XREAD waits on when its stream goes, is trimmed, or is something else for a while', async () => {
    const looking = await client();
    await run('XADD', KEYS[1]!, '5-5', 'a', 1);
    const { reply } = await waiting(looking, 'XREAD', 'BLOCK', 0, 'STREAMS', KEYS[1]!, KEYS[2]!, '$', '0');
    await run('XTRIM', KEYS[1]!, 'MAXLEN', 0);
    await run('DEL', KEYS[1]!);
    await run('SET', KEYS[1]!, 'string');
    await run('DEL', KEYS[1]!);
    // Not behind the id that was the last one.
    await run('XADD', KEYS[1]!, '4-4', 'a', 1);
    await run('XGROUP', 'CREATE', KEYS[2]!, 'g', '$', 'MKSTREAM');
    expect(await infoField(looking, 'blocked_clients')).toBe('1');
    await run('XADD', KEYS[1]!, '6-6', 'a', 2);
    expect(await reply).toEqual([[KEYS[1], [['6-6', ['a', '2']]]]]);
  });

  test('consumers of a group are served in the order in which they came', async () => {
    const looking = await client();
    for (const key of KEYS) await run('XGROUP', 'CREATE', key, 'g', '$', 'MKSTREAM');
    const replies: Promise<Reply>[] = [];
    for (let i = 0; i < 4; i++) {
      const words = ['GROUP', 'g', `c${i}`, 'COUNT', 1, 'BLOCK', 0, 'STREAMS'];
      const keys = i % 2 === 0 ? [KEYS[4]!, '>'] : [...KEYS, ...NEW];
      replies.push((await waiting(looking, 'XREADGROUP', ...words, ...keys)).reply);
    }
    expect(await infoField(looking, 'total_blocking_keys_on_nokey')).toBe('9');
    for (let i = 0; i < 4; i++) await run('XADD', KEYS[4]!, `${i + 1}-1`, 'n', i);
    expect(await Promise.all(replies)).toEqual(
      [0, 1, 2, 3].map((i) => [[KEYS[4], [[`${i + 1}-1`, ['n', String(i)]]]]]),
    );
    expect(await run('XPENDING', KEYS[4]!, 'g')).toEqual([
      ...[4, '1-1', '4-1'],
      [0, 1, 2, 3].map((i) => [`c${i}`, '1']),
    ]);
  });

  test('whoever asks for what is pending does not wait', async () => {
    await run('XGROUP', 'CREATE', KEYS[0]!, 'g', '$', 'MKSTREAM');
    expect(await run('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', KEYS[0]!, 0)).toEqual([
      [KEYS[0], []],
    ]);
    expect(await run('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 5, 'STREAMS', KEYS[0]!, '>')).toBeNull();
  });

  const LOSSES: [string, (key: string) => Word[][], unknown][] = [
    ['is deleted', (key) => [['DEL', key]], undefined],
    ['is unlinked in a transaction', (key) => [['MULTI'], ['UNLINK', key], ['EXEC']], undefined],
    ['loses the group', (key) => [['XGROUP', 'DESTROY', key, 'g']], undefined],
    ['expires', (key) => [['PEXPIRE', key, 20]], undefined],
    ['becomes a string', (key) => [['SET', key, 'v']], WRONG_TYPE],
    ['becomes a list', (key) => [['MULTI'], ['DEL', key], ['RPUSH', key, 'v'], ['EXEC']], WRONG_TYPE],
    ['is emptied away', () => [['FLUSHALL']], undefined],
    ['is renamed', (key) => [['RENAME', key, `{${key}}2`]], undefined],
    ['is moved', (key) => [['MOVE', key, 5]], undefined],
    ['is swapped away', () => [['SWAPDB', 0, 3]], undefined],
    [
      'becomes a stream without the group',
      (key) => [
        ['XADD', 'x', '*', 'a', 'b'],
        ['RENAME', 'x', key],
      ],
      undefined,
    ],
  ];

  test.each(LOSSES)('XREADGROUP ends with an error when its stream %s', async (_, loss, problem) => {
    const looking = await client();
    for (const key of [KEYS[2]!, KEYS[5]!, KEYS[7]!]) {
      await run('FLUSHALL');
      for (const each of KEYS) await run('XGROUP', 'CREATE', each, 'g', '$', 'MKSTREAM');
      const words = ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS'];
      const { reply } = await waiting(looking, ...words, key, '>');
      const caught = reply.catch((reason) => reason);
      await looking.pipeline(loss(key));
      expect(await caught).toEqual(problem ?? noGroup(key));
    }
    await run('FLUSHALL');
  });

  test('CLIENT UNBLOCK and the end of the time end the wait', async () => {
    const looking = await client();
    const one = await client();
    const id = Number(await one.command('CLIENT', 'ID'));
    let { reply } = await blocks(looking, one, 'XREAD', 'BLOCK', 0, 'STREAMS', ...KEYS, ...LAST);
    expect(await run('CLIENT', 'UNBLOCK', id)).toBe(1);
    expect(await reply).toBeNull();
    ({ reply } = await blocks(looking, one, 'XREAD', 'BLOCK', 0, 'STREAMS', ...KEYS, ...LAST));
    expect(await run('CLIENT', 'UNBLOCK', id, 'ERROR')).toBe(1);
    expect(await reply.catch((reason) => reason)).toEqual(
      error('UNBLOCKED client unblocked via CLIENT UNBLOCK'),
    );
    expect(await one.command('XREAD', 'BLOCK', 10, 'STREAMS', ...KEYS, ...LAST)).toBeNull();
  });

  test('those who wait for lists and for streams at one key get what is theirs', async () => {
    const looking = await client();
    const list = await waiting(looking, 'BLPOP', KEYS[0]!, 0);
    const stream = await waiting(looking, 'XREAD', 'BLOCK', 0, 'STREAMS', KEYS[0]!, 0);
    await run('RPUSH', KEYS[0]!, 'element');
    expect(await list.reply).toEqual([KEYS[0], 'element']);
    await run('XADD', KEYS[0]!, '1-1', 'a', 'b');
    expect(await stream.reply).toEqual([[KEYS[0], [['1-1', ['a', 'b']]]]]);
  });
});
