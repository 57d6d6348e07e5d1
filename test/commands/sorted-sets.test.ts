/** Sorted sets, on one shard and over several. */
import { afterEach, expect, test } from 'vitest';
import { blocks, untilForgotten } from '../server/blocked.ts';
import type { Client, Reply } from '../support/client.ts';
import { Random } from '../support/random.ts';
import { describeServed, error, NOT_AN_INTEGER, SYNTAX_ERROR, wrongArity } from './served.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 9 }, (_, i) => `zset:${i}`);

/** `count` members with their scores, as ZADD takes them. */
function pairs(count: number, score: (i: number) => number = (i) => i): string[] {
  return Array.from({ length: count }, (_, i) => [
    String(score(i)),
    `m:${String(i).padStart(5, '0')}`,
  ]).flat();
}

describeServed('ZADD, ZINCRBY and what tells of members', ({ run, connect }) => {
  test('scores are in their shortest form, as in Redis 7.2', async () => {
    await run(
      'ZADD',
      'k',
      '0.1',
      'a',
      '1e20',
      'b',
      '-0.5',
      'c',
      '1e-9',
      'd',
      '3.0',
      'e',
      '123456789012',
      'f',
    );
    expect(await run('ZMSCORE', 'k', 'a', 'b', 'c', 'd', 'e', 'f', 'none')).toEqual([
      ...['0.1', '1e+20', '-0.5', '1e-9', '3', '123456789012', null],
    ]);
    expect(await run('ZINCRBY', 'k', '0.2', 'a')).toBe('0.30000000000000004');
    expect(await run('ZADD', 'k', 'INCR', '1', 'e')).toBe('4');
    expect(await run('ZSCORE', 'k', 'a')).toBe('0.30000000000000004');
  });

  test('ZRANK and ZREVRANK return scores as well', async () => {
    await run('ZADD', 'k', 1, 'a', 2.5, 'b', 3, 'c');
    expect(await run('ZRANK', 'k', 'b', 'WITHSCORE')).toEqual([1, '2.5']);
    expect(await run('ZREVRANK', 'k', 'a', 'withscore')).toEqual([2, '1']);
    expect(await run('ZRANK', 'k', 'none', 'WITHSCORE')).toBe(null);
    expect(await run('ZREVRANK', 'none', 'a', 'WITHSCORE')).toBe(null);
    expect(await run('ZRANK', 'k', 'a', 'WITHSCORES')).toEqual(SYNTAX_ERROR);
    expect(await run('ZRANK', 'k', 'a', 'WITHSCORE', 'x')).toEqual(wrongArity('zrank'));
  });

  test('a wrong score leaves everything as it was', async () => {
    await run('ZADD', 'k', 1, 'a');
    expect(await run('ZADD', 'k', 2, 'a', 'x', 'b')).toEqual(error('ERR value is not a valid float'));
    await run('ZADD', 'k', 'inf', 'b');
    expect(await run('ZINCRBY', 'k', '-inf', 'b')).toEqual(
      error('ERR resulting score is not a number (NaN)'),
    );
    expect(await run('ZRANGE', 'k', 0, -1, 'WITHSCORES')).toEqual(['a', '1', 'b', 'inf']);
  });

  test('many members keep their order while clients change their scores', async () => {
    const clients = await Promise.all([0, 1, 2, 3].map(() => connect()));
    await run('ZADD', 'k', ...pairs(5000));
    const scores = new Map(Array.from({ length: 5000 }, (_, i) => [i, i]));
    await Promise.all(
      clients.map(async (client, own) => {
        const random = new Random(own);
        const steps = Array.from({ length: 3000 }, () => ({
          member: random.below(1250) * 4 + own,
          by: random.between(-500, 500),
        }));
        for (const { member, by } of steps) scores.set(member, scores.get(member)! + by);
        const replies = await client.pipeline(
          steps.map(({ member, by }) => ['ZINCRBY', 'k', by, `m:${String(member).padStart(5, '0')}`]),
        );
        expect(replies.every((reply) => typeof reply === 'string')).toBe(true);
        client.destroy();
      }),
    );
    const expected = [...scores].sort(([a, x], [b, y]) => x - y || a - b);
    expect(await run('ZRANGE', 'k', 0, -1, 'WITHSCORES')).toEqual(
      expected.flatMap(([member, score]) => [`m:${String(member).padStart(5, '0')}`, String(score)]),
    );
    expect(await run('ZCARD', 'k')).toBe(5000);
    for (const rank of [0, 77, 2500, 4999]) {
      const name = `m:${String(expected[rank]![0]).padStart(5, '0')}`;
      expect(await run('ZRANK', 'k', name)).toBe(rank);
      expect(await run('ZREVRANGE', 'k', 4999 - rank, 4999 - rank)).toEqual([name]);
    }
    const below = expected.filter(([, score]) => score >= 100 && score < 2000).length;
    expect(await run('ZCOUNT', 'k', 100, '(2000')).toBe(below);
    expect(await run('ZRANGEBYSCORE', 'k', 100, '(2000')).toHaveLength(below);
    expect(await run('ZREVRANGEBYSCORE', 'k', '(2000', 100, 'LIMIT', 0, 3)).toHaveLength(3);
    expect(await run('ZREMRANGEBYSCORE', 'k', 100, '(2000')).toBe(below);
    expect(await run('ZREMRANGEBYRANK', 'k', 10, -11)).toBe(5000 - below - 20);
    expect(await run('ZCARD', 'k')).toBe(20);
  });

  test('members hold any bytes, of any length', async () => {
    const names = ['', '\0', '\r\n', '\xff\xfe', 'x'.repeat(127), 'x'.repeat(128), 'y'.repeat(100_000)];
    const words = names.flatMap((name, i) => [i, Buffer.from(name, 'latin1')]);
    expect(await run('ZADD', 'k', ...words)).toBe(names.length);
    expect(await run('ZRANGE', 'k', 0, -1)).toEqual(names);
    expect(await run('ZREM', 'k', Buffer.from('\xff\xfe', 'latin1'), 'y'.repeat(100_000))).toBe(2);
    expect(await run('ZRANGE', 'k', 0, -1)).toEqual(names.filter((_, i) => i !== 3 && i !== 6));
  });
});

describeServed('ZLEXCOUNT, ZRANGEBYLEX, ZREVRANGEBYLEX and ZREMRANGEBYLEX', ({ run }) => {
  test.each([100, 3000])('find strings among %i', async (count) => {
    await run('ZADD', 'k', ...pairs(count, () => 0));
    const names = Array.from({ length: count }, (_, i) => `m:${String(i).padStart(5, '0')}`);
    expect(await run('ZRANGEBYLEX', 'k', '[m:00010', '(m:00013')).toEqual(names.slice(10, 13));
    expect(await run('ZREVRANGEBYLEX', 'k', '(m:00013', '-', 'LIMIT', 1, 2)).toEqual([names[11], names[10]]);
    expect(await run('ZRANGE', 'k', '+', '(m:00097', 'BYLEX', 'REV')).toEqual(names.slice(98).toReversed());
    expect(await run('ZLEXCOUNT', 'k', '(m:00050', '+')).toBe(count - 51);
    expect(await run('ZREMRANGEBYLEX', 'k', '-', '[m:00089')).toBe(90);
    expect(await run('ZRANGE', 'k', 0, 0)).toEqual([names[90]]);
  });
});

describeServed('ZUNION, ZINTER, ZDIFF, ZRANGESTORE and their like', ({ run }) => {
  test.each(KEYS)('sorted sets of all shards are combined at %s', async (target) => {
    for (const [i, key] of KEYS.entries()) await run('ZADD', key, i, 'all', i, `own:${i}`);
    const sum = String(KEYS.reduce((total, _, i) => total + i, 0));
    expect(await run('ZINTER', 9, ...KEYS, 'WITHSCORES')).toEqual(['all', sum]);
    expect(await run('ZINTERCARD', 9, ...KEYS)).toBe(1);
    expect(await run('ZUNION', 9, ...KEYS)).toHaveLength(10);
    expect(await run('ZDIFF', 2, KEYS[3]!, KEYS[4]!)).toEqual(['own:3']);
    expect(await run('ZUNIONSTORE', target, 9, ...KEYS, 'AGGREGATE', 'MAX')).toBe(10);
    expect(await run('ZRANGE', target, 8, 9, 'WITHSCORES')).toEqual(['all', '8', 'own:8', '8']);
    expect(await run('ZINTERSTORE', target, 2, KEYS[1]!, KEYS[2]!, 'WEIGHTS', 10, 100)).toBe(
      target === KEYS[1] || target === KEYS[2] ? 2 : 1,
    );
    expect(await run('ZDIFFSTORE', target, 2, KEYS[7]!, KEYS[8]!)).toBe(
      target === KEYS[7] || target === KEYS[8] ? await run('ZCARD', target) : 1,
    );
    expect(await run('ZRANGESTORE', target, KEYS[5]!, 0, 0)).toBe(1);
    expect(await run('ZCARD', target)).toBe(1);
    expect(await run('ZRANGESTORE', target, 'none', 0, -1)).toBe(0);
    expect(await run('EXISTS', target)).toBe(0);
  });

  test('large ones are combined, and what they store is theirs', async () => {
    for (const key of KEYS.slice(0, 3)) await run('ZADD', key, ...pairs(2000));
    expect(await run('ZUNIONSTORE', KEYS[3]!, 3, ...KEYS.slice(0, 3))).toBe(2000);
    expect(await run('ZSCORE', KEYS[3]!, 'm:01999')).toBe('5997');
    await run('ZREM', KEYS[3]!, 'm:00000');
    expect(await run('ZCARD', KEYS[0]!)).toBe(2000);
    expect(await run('ZINTERCARD', 2, KEYS[0]!, KEYS[3]!, 'LIMIT', 1500)).toBe(1500);
    expect(await run('ZINTERCARD', 2, KEYS[0]!, KEYS[3]!)).toBe(1999);
    expect(await run('ZRANGESTORE', KEYS[4]!, KEYS[3]!, 10, '(300', 'BYSCORE')).toBe(96);
    expect(await run('ZRANGE', KEYS[4]!, 0, 0, 'WITHSCORES')).toEqual(['m:00004', '12']);
    expect(await run('OBJECT', 'ENCODING', KEYS[4]!)).toBe('listpack');
    expect(await run('OBJECT', 'ENCODING', KEYS[3]!)).toBe('skiplist');
  });

  test('refuse what is wrong', async () => {
    await run('SET', 's', 'v');
    await run('ZADD', 'k', 1, 'a');
    expect(await run('ZUNION', 2, 'k', 's')).toEqual(WRONG_TYPE);
    expect(await run('ZUNION', 0, 'k')).toEqual(
      error("ERR at least 1 input key is needed for 'zunion' command"),
    );
    expect(await run('ZDIFFSTORE', 'to', 0, 'k')).toEqual(
      error("ERR at least 1 input key is needed for 'zdiffstore' command"),
    );
    expect(await run('ZINTER', 'x', 'k')).toEqual(NOT_AN_INTEGER);
    expect(await run('ZRANGESTORE', 'to', 's', 0, -1)).toEqual(WRONG_TYPE);
    expect(await run('EXISTS', 'to')).toBe(0);
  });
});

describeServed('ZPOPMIN, ZPOPMAX and ZMPOP', ({ run, connect }) => {
  test('take members in order, each once, for many clients', async () => {
    await run('ZADD', 'k', ...pairs(3000));
    const clients = await Promise.all([0, 1, 2].map(() => connect()));
    const popped = await Promise.all(
      clients.map(async (client) => {
        const replies = (await client.pipeline(
          Array.from({ length: 400 }, () => ['ZPOPMIN', 'k']),
        )) as string[][];
        client.destroy();
        return replies.map(([member]) => member!);
      }),
    );
    for (const each of popped) expect(each).toEqual(each.toSorted());
    expect(new Set(popped.flat()).size).toBe(1200);
    expect(await run('ZRANGE', 'k', 0, 0)).toEqual(['m:01200']);
    expect(await run('ZPOPMAX', 'k', 2)).toEqual(['m:02999', '2999', 'm:02998', '2998']);
    expect(await run('ZMPOP', 2, 'none', 'k', 'MAX', 'COUNT', 2)).toEqual([
      'k',
      [
        ['m:02997', '2997'],
        ['m:02996', '2996'],
      ],
    ]);
    expect(await run('ZPOPMIN', 'k', 100_000)).toHaveLength(2 * 1796);
    expect(await run('EXISTS', 'k')).toBe(0);
  });
});

describeServed('BZPOPMIN, BZPOPMAX and BZMPOP', ({ run, connect }) => {
  const opened: Client[] = [];

  async function client(): Promise<Client> {
    const made = await connect();
    opened.push(made);
    return made;
  }

  afterEach(async () => {
    for (const each of opened.splice(0)) each.destroy();
    const looking = await connect();
    await untilForgotten(looking);
    looking.destroy();
  });

  test('take what is there at once, from the first key that has any', async () => {
    await run('ZADD', KEYS[3]!, 1, 'a', 2, 'b', 3, 'c', 4, 'd');
    expect(await run('BZPOPMIN', ...KEYS, 0)).toEqual([KEYS[3], 'a', '1']);
    expect(await run('BZPOPMAX', ...KEYS, 0)).toEqual([KEYS[3], 'd', '4']);
    expect(await run('BZMPOP', 0, 9, ...KEYS, 'MIN', 'COUNT', 5)).toEqual([
      KEYS[3],
      [
        ['b', '2'],
        ['c', '3'],
      ],
    ]);
    expect(await run('EXISTS', KEYS[3]!)).toBe(0);
    expect(await run('BZPOPMIN', ...KEYS, 0.01)).toBe(null);
  });

  test('those who wait are served in their order, in either protocol', async () => {
    const looking = await client();
    const waiting = await Promise.all([client(), client(), client()]);
    await waiting[1]!.command('HELLO', 3);
    const replies: Promise<Reply>[] = [];
    replies.push((await blocks(looking, waiting[0]!, 'BZPOPMIN', ...KEYS, 0)).reply);
    replies.push((await blocks(looking, waiting[1]!, 'BZPOPMAX', KEYS[7]!, 0)).reply);
    replies.push(
      (await blocks(looking, waiting[2]!, 'BZMPOP', 0, 2, KEYS[7]!, KEYS[2]!, 'MIN', 'COUNT', 2)).reply,
    );
    expect(await run('ZADD', KEYS[7]!, 1.5, 'a', 2.5, 'b', 3.5, 'c', 4.5, 'd', 5.5, 'e')).toBe(5);
    expect(await Promise.all(replies)).toEqual([
      [KEYS[7], 'a', '1.5'],
      [KEYS[7], 'e', 5.5],
      [
        KEYS[7],
        [
          ['b', '2.5'],
          ['c', '3.5'],
        ],
      ],
    ]);
    expect(await run('ZRANGE', KEYS[7]!, 0, -1)).toEqual(['d']);
  });

  test('whatever makes the key a sorted set serves those who wait', async () => {
    const looking = await client();
    const waiting = await client();
    await run('ZADD', '{zset:1}other', 1, 'z');
    const image = Buffer.from(String(await run('DUMP', '{zset:1}other')), 'latin1');
    for (const way of [
      ['ZINCRBY', KEYS[1]!, 1, 'z'],
      ['ZUNIONSTORE', KEYS[1]!, 1, '{zset:1}other'],
      ['ZRANGESTORE', KEYS[1]!, '{zset:1}other', 0, -1],
      ['COPY', '{zset:1}other', KEYS[1]!],
      ['RESTORE', KEYS[1]!, 0, image],
    ]) {
      const { reply } = await blocks(looking, waiting, 'BZPOPMIN', KEYS[1]!, 0);
      await run(...way);
      expect(await reply).toEqual([KEYS[1], 'z', '1']);
      expect(await run('EXISTS', KEYS[1]!)).toBe(0);
    }
  });

  test('a list wakes nobody who waits for a sorted set', async () => {
    const looking = await client();
    const { reply } = await blocks(looking, await client(), 'BZPOPMIN', KEYS[1]!, 0);
    await run('RPUSH', KEYS[1]!, 'x');
    await run('DEL', KEYS[1]!);
    await run('ZADD', KEYS[1]!, 1, 'a');
    expect(await reply).toEqual([KEYS[1], 'a', '1']);
  });
});

describeServed('ZRANDMEMBER and ZSCAN', ({ run }) => {
  test.each([5, 2000])('%i members are chosen at random, and all of them are found', async (count) => {
    await run('ZADD', 'k', ...pairs(count));
    const all = new Set((await run('ZRANGE', 'k', 0, -1)) as string[]);
    const chosen = new Set<string>();
    for (let i = 0; i < 200; i++) chosen.add(String(await run('ZRANDMEMBER', 'k')));
    expect(chosen.size).toBeGreaterThan(count === 5 ? 4 : 100);
    for (const each of chosen) expect(all.has(each)).toBe(true);
    const different = (await run('ZRANDMEMBER', 'k', 3)) as string[];
    expect(new Set(different).size).toBe(3);
    expect(await run('ZRANDMEMBER', 'k', count + 10)).toHaveLength(count);
    expect(await run('ZRANDMEMBER', 'k', -30, 'WITHSCORES')).toHaveLength(60);
    expect(await run('ZRANDMEMBER', 'k', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await run('ZRANDMEMBER', 'k', '4611686018427387904', 'WITHSCORES')).toEqual(
      error('ERR value is out of range'),
    );

    const found = new Map<string, string>();
    let cursor = '0';
    do {
      const [next, elements] = (await run('ZSCAN', 'k', cursor, 'COUNT', 20)) as [string, string[]];
      for (let i = 0; i < elements.length; i += 2) found.set(elements[i]!, elements[i + 1]!);
      expect(elements.length).toBeLessThan(200);
      cursor = next;
    } while (cursor !== '0');
    expect(found).toEqual(new Map(Array.from(all, (name) => [name, String(Number(name.slice(2)))])));
  });
});

describeServed('other commands', ({ run }) => {
  test.each([20, 3000])('see a sorted set of %i members', async (count) => {
    await run('ZADD', 'k', ...pairs(count));
    expect(await run('TYPE', 'k')).toBe('zset');
    expect(await run('OBJECT', 'ENCODING', 'k')).toBe(count === 20 ? 'listpack' : 'skiplist');
    expect(await run('MEMORY', 'USAGE', 'k')).toBeGreaterThan(count * 8);
    expect(await run('GET', 'k')).toEqual(WRONG_TYPE);
    expect(await run('SORT', 'k', 'BY', 'nosort', 'DESC', 'LIMIT', 0, 1)).toEqual([
      `m:${String(count - 1).padStart(5, '0')}`,
    ]);
    const digest = await run('DEBUG', 'DIGEST-VALUE', 'k');
    for (const to of KEYS) {
      expect(await run('COPY', 'k', to)).toBe(1);
      expect(await run('DEBUG', 'DIGEST-VALUE', to)).toEqual(digest);
    }
    expect(await run('RENAME', KEYS[0]!, KEYS[8]!)).toBe('OK');
    const payload = Buffer.from(String(await run('DUMP', KEYS[8]!)), 'latin1');
    expect(await run('RESTORE', 'restored', 0, payload)).toBe('OK');
    expect(await run('DEBUG', 'DIGEST-VALUE', 'restored')).toEqual(digest);
    expect(await run('ZRANGE', 'restored', 0, -1)).toEqual(await run('ZRANGE', 'k', 0, -1));
  });
});
