/** BLPOP, BRPOP, BLMOVE, BRPOPLPUSH, BLMPOP: who gets what is pushed, on one shard and on several. */
import { afterEach, expect, test } from 'vitest';
import { blocks, untilBlocked, untilForgotten } from '../server/blocked.ts';
import { infoField } from '../server/served.ts';
import type { Client, Reply } from '../support/client.ts';
import { describeServed, error, SYNTAX_ERROR } from './served.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');

/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 9 }, (_, i) => `list:${i}`);

describeServed('commands that wait for lists', ({ run, connect }) => {
  const opened: Client[] = [];

  async function clients(count: number): Promise<Client[]> {
    const all = await Promise.all(Array.from({ length: count }, connect));
    opened.push(...all);
    return all;
  }

  async function client(): Promise<Client> {
    return (await clients(1))[0]!;
  }

  afterEach(async () => {
    for (const each of opened.splice(0)) each.destroy();
    const looking = await connect();
    await untilForgotten(looking);
    looking.destroy();
  });

  test('BLPOP and BRPOP take what is there at once, from the first key that has any', async () => {
    await run('RPUSH', KEYS[3]!, 'a', 'b', 'c');
    await run('RPUSH', KEYS[5]!, 'x');
    expect(await run('BLPOP', KEYS[3]!, 0)).toEqual([KEYS[3], 'a']);
    expect(await run('BRPOP', ...KEYS, 0)).toEqual([KEYS[3], 'c']);
    expect(await run('BLPOP', ...KEYS.toReversed(), 0)).toEqual([KEYS[5], 'x']);
    expect(await run('BLPOP', ...KEYS, '0')).toEqual([KEYS[3], 'b']);
    expect(await run('EXISTS', ...KEYS)).toBe(0);
  });

  test('BLMPOP takes several elements of the first key that has any', async () => {
    await run('RPUSH', KEYS[4]!, 'a', 'b', 'c', 'd');
    expect(await run('BLMPOP', 0, 9, ...KEYS, 'RIGHT', 'COUNT', 3)).toEqual([KEYS[4], ['d', 'c', 'b']]);
    expect(await run('BLMPOP', 0.5, 1, KEYS[4]!, 'left')).toEqual([KEYS[4], ['a']]);
    expect(await run('BLMPOP', 0.01, 2, KEYS[4]!, KEYS[5]!, 'left')).toBeNull();
  });

  test.each(KEYS)('BLMOVE and BRPOPLPUSH move at once to %s what is there', async (target) => {
    await run('RPUSH', KEYS[0]!, 'a', 'b', 'c');
    expect(await run('BLMOVE', KEYS[0]!, target, 'LEFT', 'RIGHT', 0)).toBe('a');
    expect(await run('BRPOPLPUSH', KEYS[0]!, target, 0)).toBe(target === KEYS[0] ? 'a' : 'c');
    expect(await run('LRANGE', target, 0, -1)).toEqual(target === KEYS[0] ? ['a', 'b', 'c'] : ['c', 'a']);
  });

  test('wrong words are told before anything else', async () => {
    await run('SET', KEYS[0]!, 'string');
    for (const [timeout, problem] of [
      ['-1', 'timeout is negative'],
      ['-0.001', 'timeout is negative'],
      ['x', 'timeout is not a float or out of range'],
      ['nan', 'timeout is not a float or out of range'],
      ['', 'timeout is not a float or out of range'],
      ['inf', 'timeout is out of range'],
      ['0x7FFFFFFFFFFFFFFF', 'timeout is out of range'],
      ['9223372036854775', 'timeout is out of range'],
    ] as const) {
      for (const words of [
        ['BLPOP', KEYS[0]!, KEYS[1]!, timeout],
        ['BRPOP', KEYS[0]!, timeout],
        ['BLMOVE', KEYS[0]!, KEYS[1]!, 'LEFT', 'RIGHT', timeout],
        ['BRPOPLPUSH', KEYS[0]!, KEYS[1]!, timeout],
        ['BLMPOP', timeout, 1, KEYS[0]!, 'LEFT'],
      ]) {
        expect({ words, reply: await run(...words) }).toEqual({ words, reply: error(`ERR ${problem}`) });
      }
    }
    expect(await run('BLMOVE', KEYS[0]!, KEYS[1]!, 'up', 'LEFT', 'x')).toEqual(SYNTAX_ERROR);
    expect(await run('BLMOVE', KEYS[0]!, KEYS[1]!, 'LEFT', 'down', 0)).toEqual(SYNTAX_ERROR);
    expect(await run('BLMPOP', 'x', 0, KEYS[1]!, 'LEFT')).toEqual(
      error('ERR numkeys should be greater than 0'),
    );
    expect(await run('BLMPOP', 'x', 1, KEYS[1]!, 'up')).toEqual(SYNTAX_ERROR);
    expect(await run('BLMPOP', 1, 1, KEYS[1]!, 'LEFT', 'COUNT', 0)).toEqual(
      error('ERR count should be greater than 0'),
    );
  });

  test('a key of another type is an error, unless a list is before it', async () => {
    await run('SET', KEYS[2]!, 'string');
    for (const words of [
      ['BLPOP', ...KEYS, 0],
      ['BLMPOP', 0, 9, ...KEYS, 'LEFT'],
      ['BLMOVE', KEYS[2]!, KEYS[1]!, 'LEFT', 'LEFT', 0],
      ['BRPOPLPUSH', KEYS[2]!, KEYS[1]!, 0],
    ]) {
      expect(await run(...words)).toEqual(WRONG_TYPE);
    }
    await run('RPUSH', KEYS[1]!, 'a', 'b');
    expect(await run('BLPOP', ...KEYS, 0)).toEqual([KEYS[1], 'a']);
    expect(await run('BLMOVE', KEYS[1]!, KEYS[2]!, 'LEFT', 'LEFT', 0)).toEqual(WRONG_TYPE);
    expect(await run('LRANGE', KEYS[1]!, 0, -1)).toEqual(['b']);
  });

  test('those who wait are served in the order in which they came, one element each', async () => {
    const waiting = await clients(6);
    const looking = await client();
    const replies: Promise<Reply>[] = [];
    for (const [i, each] of waiting.entries()) {
      // Every other one waits for several keys.
      const keys = i % 2 === 0 ? [KEYS[7]!] : KEYS;
      replies.push((await blocks(looking, each, 'BLPOP', ...keys, 0)).reply);
    }
    expect(await infoField(looking, 'total_blocking_keys')).toBe('9');
    expect(await run('RPUSH', KEYS[7]!, 'a', 'b', 'c', 'd')).toBe(4);
    expect(await Promise.all(replies.slice(0, 4))).toEqual(
      ['a', 'b', 'c', 'd'].map((element) => [KEYS[7], element]),
    );
    expect(await run('LPUSH', KEYS[7]!, 'e', 'f', 'g')).toBe(3);
    expect(await Promise.all(replies.slice(4))).toEqual([
      [KEYS[7], 'g'],
      [KEYS[7], 'f'],
    ]);
    expect(await run('LRANGE', KEYS[7]!, 0, -1)).toEqual(['e']);
  });

  test('nobody else gets in between a push and who waits for it', async () => {
    const looking = await client();
    const { reply } = await blocks(looking, await client(), 'BRPOP', KEYS[0]!, 0);
    const other = await client();
    expect(
      await other.pipeline([
        ['RPUSH', KEYS[0]!, 'a'],
        ['LPOP', KEYS[0]!],
        ['EXISTS', KEYS[0]!],
      ]),
    ).toEqual([1, null, 0]);
    expect(await reply).toEqual([KEYS[0], 'a']);
  });

  test('a client is served once, whichever of its keys there is something of', async () => {
    const looking = await client();
    const { reply } = await blocks(looking, await client(), 'BLPOP', ...KEYS, KEYS[1]!, 0);
    const replies = await looking.pipeline(KEYS.map((key) => ['RPUSH', key, `of ${key}`]));
    expect(replies).toEqual(KEYS.map(() => 1));
    const got = (await reply) as string[];
    expect(got[1]).toBe(`of ${got[0]}`);
    const left = await looking.command('EXISTS', ...KEYS);
    expect(left).toBe(KEYS.length - 1);
    expect(await looking.command('EXISTS', got[0]!)).toBe(0);
  });

  test('whatever makes the key a list serves those who wait', async () => {
    const looking = await client();
    const waiting = await client();
    await run('RPUSH', '{list:1}other', 'z');
    const image = Buffer.from(String(await run('DUMP', '{list:1}other')), 'latin1');
    const ways: (string | Buffer)[][][] = [
      [['RPUSH', KEYS[1]!, 'z']],
      [['RENAME', KEYS[5]!, KEYS[1]!]],
      [['RENAME', KEYS[6]!, KEYS[1]!]],
      [['RENAMENX', KEYS[7]!, KEYS[1]!]],
      [['COPY', KEYS[5]!, KEYS[1]!]],
      [['COPY', KEYS[6]!, KEYS[1]!]],
      [['RESTORE', KEYS[1]!, '0', image]],
      [['SORT', KEYS[8]!, 'BY', 'nosort', 'STORE', KEYS[1]!]],
      [['LMOVE', KEYS[4]!, KEYS[1]!, 'LEFT', 'RIGHT']],
      [
        ['SELECT', '1'],
        ['RPUSH', KEYS[1]!, 'z'],
        ['MOVE', KEYS[1]!, '0'],
        ['SELECT', '0'],
      ],
      [
        ['SELECT', '1'],
        ['RPUSH', KEYS[1]!, 'z'],
        ['SWAPDB', '0', '1'],
        ['SELECT', '0'],
      ],
      [['MULTI'], ['RPUSH', KEYS[1]!, 'y'], ['LPOP', KEYS[1]!], ['RPUSH', KEYS[1]!, 'z'], ['EXEC']],
      [['MULTI'], ['SET', KEYS[2]!, 'y'], ['RPUSH', KEYS[1]!, 'z'], ['SET', KEYS[3]!, 'y'], ['EXEC']],
      [
        ['SET', KEYS[1]!, 'string'],
        ['DEL', KEYS[1]!],
        ['RPUSH', KEYS[1]!, 'z'],
      ],
    ];
    for (const way of ways) {
      await run('FLUSHALL');
      for (const key of KEYS.slice(4)) await run('RPUSH', key, 'z');
      const { reply } = await blocks(looking, waiting, 'BLPOP', KEYS[1]!, 0);
      await looking.pipeline(way);
      expect({ way, reply: await reply }).toEqual({ way, reply: [KEYS[1], 'z'] });
      expect(await run('EXISTS', KEYS[1]!)).toBe(0);
    }
  });

  test('in a transaction those who wait see only its end', async () => {
    const looking = await client();
    const { reply } = await blocks(looking, await client(), 'BLPOP', ...KEYS, 0);
    expect(
      await looking.pipeline([
        ['MULTI'],
        ['RPUSH', KEYS[0]!, 'a'],
        ['RPUSH', KEYS[1]!, 'b'],
        ['RPUSH', KEYS[2]!, 'c'],
        ['DEL', ...KEYS],
        ['RPUSH', KEYS[4]!, 'd', 'e'],
        ['LLEN', KEYS[4]!],
        ['EXEC'],
      ]),
    ).toEqual(['OK', ...Array(6).fill('QUEUED'), [1, 1, 1, 3, 2, 2]]);
    expect(await reply).toEqual([KEYS[4], 'd']);
  });

  test('within a transaction nobody waits', async () => {
    await run('RPUSH', KEYS[3]!, 'a', 'b', 'c', 'd');
    const other = await client();
    expect(
      await other.pipeline([
        ['MULTI'],
        ['BLPOP', ...KEYS, 0],
        ['BLMOVE', KEYS[3]!, KEYS[5]!, 'LEFT', 'LEFT', 0],
        ['BLMPOP', 0, 9, ...KEYS, 'LEFT', 'COUNT', 5],
        ['BRPOPLPUSH', KEYS[5]!, KEYS[7]!, 0],
        ['BRPOP', ...KEYS.slice(0, 5), 0],
        ['BLMOVE', KEYS[3]!, KEYS[4]!, 'LEFT', 'LEFT', 0],
        ['BLMPOP', 0, 1, KEYS[0]!, 'LEFT'],
        ['EXEC'],
      ]),
    ).toEqual([
      'OK',
      ...Array(7).fill('QUEUED'),
      [[KEYS[3], 'a'], 'b', [KEYS[3], ['c', 'd']], 'b', null, null, null],
    ]);
  });

  test('a key of another type does not end the wait', async () => {
    const looking = await client();
    const { reply } = await blocks(looking, await client(), 'BLPOP', KEYS[1]!, KEYS[2]!, 0);
    await run('SET', KEYS[2]!, 'string');
    await run('APPEND', KEYS[2]!, 'more');
    await untilBlocked(looking, 1);
    await run('DEL', KEYS[2]!);
    await run('RPUSH', KEYS[2]!, 'a');
    expect(await reply).toEqual([KEYS[2], 'a']);
  });

  test('BLMOVE to a key of another type fails when there is something, and leaves it there', async () => {
    for (const target of KEYS.slice(1)) {
      const looking = await client();
      const { reply } = await blocks(looking, await client(), 'BLMOVE', KEYS[0]!, target, 'LEFT', 'LEFT', 0);
      const behind = await blocks(looking, await client(), 'BLPOP', KEYS[0]!, 0);
      await run('SET', target, 'string');
      await run('RPUSH', KEYS[0]!, 'a');
      expect(await reply).toEqual(WRONG_TYPE);
      expect(await behind.reply).toEqual([KEYS[0], 'a']);
      expect(await run('GET', target)).toBe('string');
    }
  });

  test('moves that wait serve each other in a chain, over any shards', async () => {
    const looking = await client();
    const movers = await clients(KEYS.length - 1);
    const replies: Promise<Reply>[] = [];
    for (const [i, mover] of movers.entries()) {
      replies.push(
        (await blocks(looking, mover, 'BLMOVE', KEYS[i]!, KEYS[i + 1]!, 'LEFT', 'RIGHT', 0)).reply,
      );
    }
    const last = await blocks(looking, await client(), 'BLPOP', KEYS.at(-1)!, 0);
    await run('RPUSH', KEYS[0]!, 'a');
    expect(await Promise.all(replies)).toEqual(movers.map(() => 'a'));
    expect(await last.reply).toEqual([KEYS.at(-1), 'a']);
    expect(await run('EXISTS', ...KEYS)).toBe(0);
  });

  test('a circle of moves ends when each has moved once', async () => {
    const looking = await client();
    const movers = await clients(KEYS.length);
    const replies: Promise<Reply>[] = [];
    for (const [i, mover] of movers.entries()) {
      const words = ['BRPOPLPUSH', KEYS[i]!, KEYS[(i + 1) % KEYS.length]!, 0];
      replies.push((await blocks(looking, mover, ...words)).reply);
    }
    await run('RPUSH', KEYS[4]!, 'a');
    expect(await Promise.all(replies)).toEqual(movers.map(() => 'a'));
    expect(await run('LRANGE', KEYS[4]!, 0, -1)).toEqual(['a']);
    expect(await run('EXISTS', ...KEYS)).toBe(1);
  });

  test('a move to another shard keeps its place before those who came later', async () => {
    for (const target of KEYS.slice(1)) {
      const looking = await client();
      const first = await blocks(looking, await client(), 'BLMOVE', KEYS[0]!, target, 'LEFT', 'RIGHT', 0);
      const second = await blocks(looking, await client(), 'BLPOP', KEYS[0]!, 0);
      const third = await blocks(looking, await client(), 'BLMOVE', KEYS[0]!, target, 'LEFT', 'RIGHT', 0);
      await run('RPUSH', KEYS[0]!, 'a');
      expect(await first.reply).toBe('a');
      await run('RPUSH', KEYS[0]!, 'b', 'c', 'd');
      expect(await second.reply).toEqual([KEYS[0], 'b']);
      expect(await third.reply).toBe('c');
      expect(await run('LRANGE', target, 0, -1)).toEqual(['a', 'c']);
      expect(await run('LRANGE', KEYS[0]!, 0, -1)).toEqual(['d']);
      await run('FLUSHALL');
    }
  });

  test('a timeout ends the wait, not before its time', async () => {
    const other = await client();
    for (const words of [
      ['BLPOP', KEYS[0]!, 0.03],
      ['BRPOP', ...KEYS, '3e-2'],
      ['BLMOVE', KEYS[0]!, KEYS[1]!, 'LEFT', 'LEFT', '.03'],
      ['BRPOPLPUSH', KEYS[0]!, KEYS[1]!, 0.03],
      ['BLMPOP', 0.03, 9, ...KEYS, 'LEFT'],
    ]) {
      const before = performance.now();
      other.send(`HELLO 2\r\n`);
      await other.reply();
      const raw = other.readRaw(5);
      raw.catch(() => {});
      other.send(`${words.join(' ')}\r\n`);
      expect({ words, raw: await raw }).toEqual({ words, raw: '*-1\r\n' });
      expect(performance.now() - before).toBeGreaterThan(29);
    }
  });

  test('replies are in the version of the protocol that the client speaks', async () => {
    const looking = await client();
    const waiting = await client();
    await waiting.command('HELLO', 3);
    waiting.send(`BLPOP ${KEYS[0]} 0.01\r\n`);
    expect(await waiting.readRaw(3)).toBe('_\r\n');
    waiting.send(`BLMPOP 0 2 ${KEYS[0]} ${KEYS[1]} LEFT\r\n`);
    await untilBlocked(looking, 1);
    await run('RPUSH', KEYS[1]!, 'a');
    expect(await waiting.readRaw(27)).toBe('*2\r\n$6\r\nlist:1\r\n*1\r\n$1\r\na\r\n');
  });

  test('the count of commands has them once, however long they waited', async () => {
    const looking = await client();
    await looking.command('CONFIG', 'RESETSTAT');
    const { reply } = await blocks(looking, await client(), 'BLPOP', ...KEYS, 0);
    await run('RPUSH', KEYS[0]!, 'a');
    await reply;
    const statistics = String(await looking.command('INFO', 'commandstats'));
    expect(statistics).toMatch(/cmdstat_blpop:calls=1,.*failed_calls=0/);
    expect(statistics).toMatch(/cmdstat_rpush:calls=1,/);
  });
});
