/** Streams, on one shard and over several. What Redis answers as well stands in conformance/cases/streams.ts. */
import { expect, test } from 'vitest';
import { untilForgotten } from '../server/blocked.ts';
import { describeServed, error } from './served.ts';

/** With three shards these are on all of them. */
const KEYS = Array.from({ length: 9 }, (_, i) => `stream:${i}`);

describeServed('XADD, XLEN, XRANGE, XREVRANGE, XDEL, XTRIM and XSETID', ({ run, connect }) => {
  test('ids that the server makes are times, and go on from the last one', async () => {
    const before = Date.now();
    const ids = (await (
      await connect()
    ).pipeline(Array.from({ length: 500 }, (_, i) => ['XADD', 's', '*', 'n', i]))) as string[];
    const halves = ids.map((id) => id.split('-').map(Number) as [number, number]);
    expect(halves[0]![0]).toBeGreaterThanOrEqual(before - 1);
    expect(halves.at(-1)![0]).toBeLessThanOrEqual(Date.now() + 1);
    for (let i = 1; i < halves.length; i++) {
      const [[ms, seq], [nextMs, nextSeq]] = [halves[i - 1]!, halves[i]!];
      expect(nextMs === ms ? nextSeq === seq + 1 : nextMs > ms && nextSeq === 0).toBe(true);
    }
    const entries = (await run('XRANGE', 's', '-', '+')) as [string, string[]][];
    expect(entries.map(([id]) => id)).toEqual(ids);
    expect(entries.map(([, fields]) => fields)).toEqual(ids.map((_, i) => ['n', String(i)]));
    expect(((await run('XREVRANGE', 's', '+', '-', 'COUNT', 2)) as unknown[][]).map(([id]) => id)).toEqual(
      ids.slice(-2).toReversed(),
    );
  });

  test('a stream without entries stays, with its last id', async () => {
    await run('XADD', 's', '5-5', 'a', 'b');
    expect(await run('XDEL', 's', '5-5')).toBe(1);
    expect([await run('EXISTS', 's'), await run('XLEN', 's')]).toEqual([1, 0]);
    expect(await run('XADD', 's', '5-5', 'a', 'b')).toEqual(
      error('ERR The ID specified in XADD is equal or smaller than the target stream top item'),
    );
    expect(await run('XADD', 's', '5-*', 'a', 'b')).toBe('5-6');
    expect(await run('XTRIM', 's', 'MAXLEN', 0)).toBe(1);
    expect(await run('TYPE', 's')).toBe('stream');
  });

  test('XSETID sets no id below one that was deleted', async () => {
    await run('XADD', 's', '5-5', 'a', 'b');
    expect(await run('XSETID', 's', '7-1', 'ENTRIESADDED', 10, 'MAXDELETEDID', '6-1')).toBe('OK');
    expect(await run('XSETID', 's', '6-0')).toEqual(
      error('ERR The ID specified in XSETID is smaller than current max_deleted_entry_id'),
    );
    expect(await run('XSETID', 's', '6-1')).toBe('OK');
  });

  test('an entry of any length and bytes comes back', async () => {
    const long = ['', '\0\r\n\xff', 'x'.repeat(300_000), '-12', '9223372036854775808', 'y'.repeat(70)];
    for (const [i, value] of long.entries()) {
      await run(
        'XADD',
        's',
        `${i + 1}-0`,
        Buffer.from(value, 'latin1'),
        'v',
        'n',
        Buffer.from(value, 'latin1'),
      );
    }
    const entries = (await run('XRANGE', 's', '-', '+')) as [string, string[]][];
    expect(entries.map(([, fields]) => fields)).toEqual(long.map((value) => [value, 'v', 'n', value]));
  });

  test('MEMORY USAGE grows with the entries, and with what is pending', async () => {
    await run('XADD', 's', '1-1', 'a', 'b');
    const usage = async () => Number(await run('MEMORY', 'USAGE', 's'));
    const small = await usage();
    const client = await connect();
    await client.pipeline(
      Array.from({ length: 1000 }, (_, i) => ['XADD', 's', `2-${i}`, 'a', 'x'.repeat(50)]),
    );
    const large = await usage();
    expect(large - small).toBeGreaterThan(50_000);
    await run('XGROUP', 'CREATE', 's', 'g', 0);
    await run('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>');
    const pending = await usage();
    expect(pending - large).toBeGreaterThan(50_000);
    await run('XGROUP', 'DESTROY', 's', 'g');
    expect(await usage()).toBe(large);
    await run('XTRIM', 's', 'MAXLEN', 0);
    expect(await usage()).toBeLessThan(small);
  });

  test('OBJECT ENCODING, DUMP, RESTORE and COPY keep the groups', async () => {
    await run('XADD', 's', '1-1', 'a', 'b');
    await run('XGROUP', 'CREATE', 's', 'g', 0);
    await run('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>');
    expect(await run('OBJECT', 'ENCODING', 's')).toBe('stream');
    const payload = Buffer.from((await run('DUMP', 's')) as string, 'latin1');
    await run('XADD', 's', '2-2', 'a', 'b');
    for (const key of KEYS) {
      expect(await run('RESTORE', key, 0, payload)).toBe('OK');
      expect(await run('XPENDING', key, 'g')).toEqual([1, '1-1', '1-1', [['c', '1']]]);
      expect(await run('COPY', 's', key, 'REPLACE')).toBe(1);
      expect([await run('XLEN', key), await run('XACK', key, 'g', '1-1')]).toEqual([2, 1]);
    }
    expect(await run('XPENDING', 's', 'g')).toEqual([1, '1-1', '1-1', [['c', '1']]]);
  });
});

describeServed('XREAD and XREADGROUP', ({ run, connect }) => {
  test('read streams on all shards at one instant', async () => {
    for (const key of KEYS) await run('XADD', key, '1-1', 'n', 0);
    let isOver = false;
    const writer = await connect();
    const writing = (async () => {
      for (let i = 1; !isOver; i++) {
        await writer.pipeline([
          ['MULTI'],
          ...KEYS.map((key) => ['XADD', key, `1-${i + 1}`, 'n', i]),
          ['EXEC'],
        ]);
      }
    })();
    for (let i = 0; i < 60; i++) {
      const read = (await run('XREAD', 'STREAMS', ...KEYS, ...KEYS.map(() => 0))) as [string, unknown[]][];
      expect(read.map(([key]) => key)).toEqual(KEYS);
      expect(new Set(read.map(([, entries]) => entries.length)).size).toBe(1);
    }
    isOver = true;
    await writing;
    writer.destroy();
  });

  test('answer a map in RESP3', async () => {
    const client = await connect();
    await client.command('HELLO', 3);
    for (const key of KEYS) await run('XADD', key, '1-1', 'a', key);
    const words = [...KEYS, ...KEYS.map(() => '0')];
    const expected = new Map(KEYS.map((key) => [key, [['1-1', ['a', key]]]]));
    expect(await client.command('XREAD', 'STREAMS', ...words)).toEqual(expected);
    for (const key of KEYS) await run('XGROUP', 'CREATE', key, 'g', 0);
    const news = [...KEYS, ...KEYS.map(() => '>')];
    expect(await client.command('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', ...news)).toEqual(expected);
    for (const key of KEYS) await run('XDEL', key, '1-1');
    const gone = new Map(KEYS.map((key) => [key, [['1-1', null]]]));
    expect(await client.command('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', ...words)).toEqual(gone);
    client.destroy();
  });

  test('XREADGROUP delivers each entry to one consumer, however many ask', async () => {
    const COUNT = 600;
    for (const key of KEYS.slice(0, 3)) await run('XGROUP', 'CREATE', key, 'g', '$', 'MKSTREAM');
    const consumers = await Promise.all(Array.from({ length: 6 }, connect));
    let left = COUNT;
    const got: string[] = [];
    const reading = consumers.map(async (client, i) => {
      while (left > 0) {
        const words = ['GROUP', 'g', `c${i}`, 'COUNT', 5, 'BLOCK', 20, 'STREAMS', ...KEYS.slice(0, 3)];
        const read = (await client.command('XREADGROUP', ...words, '>', '>', '>')) as
          | [string, [string][]][]
          | null;
        for (const [key, entries] of read ?? []) {
          for (const [id] of entries) {
            got.push(`${key} ${id}`);
            left--;
            expect(await client.command('XACK', key, 'g', id)).toBe(1);
          }
        }
      }
    });
    for (let i = 0; i < COUNT; i++) await run('XADD', KEYS[i % 3]!, `${i + 1}-1`, 'n', i);
    await Promise.all(reading);
    expect(got.sort()).toEqual(Array.from({ length: COUNT }, (_, i) => `${KEYS[i % 3]} ${i + 1}-1`).sort());
    for (const key of KEYS.slice(0, 3)) {
      expect(await run('XPENDING', key, 'g')).toEqual([0, null, null, null]);
      expect(((await run('XINFO', 'GROUPS', key)) as unknown[][])[0]!.slice(-2)).toEqual(['lag', 0]);
    }
    for (const client of consumers) client.destroy();
    await untilForgotten(await connect());
  });
});

describeServed('XACK, XPENDING, XCLAIM, XAUTOCLAIM, XGROUP and XINFO', ({ run }) => {
  async function deliver(key: string): Promise<void> {
    for (let i = 1; i <= 4; i++) await run('XADD', key, `${i}-1`, 'n', i);
    await run('XGROUP', 'CREATE', key, 'g', 0);
    await run('XREADGROUP', 'GROUP', 'g', 'alice', 'STREAMS', key, '>');
  }

  test('consumers have been seen, and are active only when they get something', async () => {
    await deliver('s');
    await run('XREADGROUP', 'GROUP', 'g', 'bob', 'STREAMS', 's', '>');
    const [alice, bob] = (await run('XINFO', 'CONSUMERS', 's', 'g')) as (string | number)[][];
    expect([alice![1], alice![3], alice![4], alice![6]]).toEqual(['alice', 4, 'idle', 'inactive']);
    expect(alice![7]).toBeGreaterThanOrEqual(0);
    expect([bob![1], bob![3], bob![7]]).toEqual(['bob', 0, -1]);
    const full = (await run('XINFO', 'STREAM', 's', 'FULL')) as unknown[];
    const group = (full.at(-1) as unknown[][])[0]!;
    const consumers = group.at(-1) as (string | number | null)[][];
    expect(consumers[0]!.filter((_, i) => i % 2 === 0)).toEqual([
      ...['name', 'seen-time', 'active-time', 'pel-count', 'pending'],
    ]);
    expect(consumers[1]![5]).toBe(-1);
  });

  test('XCLAIM and XAUTOCLAIM leave what was delivered only a moment ago', async () => {
    await deliver('s');
    expect(await run('XCLAIM', 's', 'g', 'bob', 60_000, '1-1')).toEqual([]);
    expect(await run('XAUTOCLAIM', 's', 'g', 'bob', 60_000, 0)).toEqual(['0-0', [], []]);
    expect(await run('XCLAIM', 's', 'g', 'bob', 60_000, '1-1', 'IDLE', 1)).toEqual([]);
    expect(await run('XCLAIM', 's', 'g', 'bob', 0, '1-1', 'IDLE', 100_000, 'JUSTID')).toEqual(['1-1']);
    expect(await run('XAUTOCLAIM', 's', 'g', 'carol', 60_000, 0, 'JUSTID')).toEqual(['0-0', ['1-1'], []]);
    const [pending] = (await run('XPENDING', 's', 'g', '-', '+', 1)) as (string | number)[][];
    expect([pending![1], pending![3]]).toEqual(['carol', 1]);
  });

  test('one id that is named twice is claimed twice', async () => {
    await deliver('s');
    expect(await run('XCLAIM', 's', 'g', 'bob', 0, '1-1', '1-1', 'JUSTID')).toEqual(['1-1', '1-1']);
    expect(await run('XCLAIM', 's', 'g', 'bob', 0, '2-1', '2-1')).toHaveLength(2);
    const pending = (await run('XPENDING', 's', 'g', '-', '+', 2)) as number[][];
    expect(pending.map((entry) => entry[3])).toEqual([1, 3]);
  });

  test('XGROUP makes, sets and removes', async () => {
    expect(await run('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')).toBe('OK');
    expect(await run('XGROUP', 'CREATECONSUMER', 's', 'g', 'alice')).toBe(1);
    expect(await run('XGROUP', 'CREATECONSUMER', 's', 'g', 'alice')).toBe(0);
    await run('XADD', 's', '1-1', 'a', 'b');
    await run('XREADGROUP', 'GROUP', 'g', 'alice', 'STREAMS', 's', '>');
    expect(await run('XGROUP', 'SETID', 's', 'g', 0, 'ENTRIESREAD', 0)).toBe('OK');
    expect(await run('XREADGROUP', 'GROUP', 'g', 'bob', 'STREAMS', 's', '>')).toHaveLength(1);
    // It was delivered once more, to another.
    expect(await run('XPENDING', 's', 'g')).toEqual([1, '1-1', '1-1', [['bob', '1']]]);
    expect(await run('XGROUP', 'DELCONSUMER', 's', 'g', 'alice')).toBe(0);
    expect(await run('XGROUP', 'DELCONSUMER', 's', 'g', 'bob')).toBe(1);
    expect(await run('XGROUP', 'DESTROY', 's', 'g')).toBe(1);
    expect(await run('XINFO', 'GROUPS', 's')).toEqual([]);
  });

  test('HELP tells the subcommands', async () => {
    for (const [name, lines] of [
      ['XGROUP', await run('XGROUP', 'HELP')],
      ['XINFO', await run('XINFO', 'HELP')],
    ] as [string, string[]][]) {
      expect(lines[0]).toMatch(new RegExp(`^${name} <subcommand>`));
      expect(lines.at(-1)).toBe('    Print this help.');
    }
  });
});
