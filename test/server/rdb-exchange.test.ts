/** RDB files and DUMP payloads go both ways between a real Redis and ours. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FileSource } from '../../src/rdb/rdb-source.ts';
import { RdbWriter } from '../../src/rdb/rdb-writer.ts';
import type { Client, Reply } from '../support/client.ts';
import { Random } from '../support/random.ts';
import { type Contents, readRdb } from '../support/rdb-bytes.ts';
import { describeWithRedis, type RunningServer, startRedis, startServer } from '../support/server.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'shardis-test-'));
const file = path.join(directory, 'dump.rdb');
const servers: RunningServer[] = [];

async function redis(...args: string[]): Promise<Client> {
  const server = await startRedis(['--dir', directory, '--enable-debug-command', 'yes', ...args]);
  servers.push(server);
  return server.client();
}

async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) await server.close();
}

/** What a Redis has in memory, saved by itself and read by us. */
async function saved(client: Client): Promise<Contents> {
  expect(await client.command('SAVE')).toBe('OK');
  const size = statSync(file).size;
  const fd = openSync(file, 'r');
  const fromFile = readRdb(new FileSource(fd, size));
  closeSync(fd);
  expect(readRdb(readFileSync(file))).toEqual(fromFile);
  return fromFile;
}

type Plain = Record<string, unknown>;

/** The value of an entry in the order of its names, as that is not defined for sets and hashes. */
function sorted(value: unknown): unknown {
  const { kind, members, fields, values } = value as Record<string, string[]> & { kind: string };
  if (kind === 'set') return [...members!].sort();
  if (kind === 'hash') return fields!.map((field, i) => [field, values![i]]).sort();
  return value;
}

/** What the commands of Redis say is at the key, in the same form. */
async function told(client: Client, key: string): Promise<unknown> {
  const type = await client.command('TYPE', key);
  if (type === 'string') return client.command('GET', key);
  if (type === 'list') return { kind: 'list', elements: await client.command('LRANGE', key, 0, -1) };
  if (type === 'set') return ((await client.command('SMEMBERS', key)) as string[]).sort();
  const pairs = async (...words: string[]) => {
    const flat = (await client.command(...words)) as string[];
    return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!]] : []));
  };
  if (type === 'hash') return (await pairs('HGETALL', key)).sort();
  const scored = await pairs('ZRANGE', key, '0', '-1', 'WITHSCORES');
  return {
    kind: 'sorted-set',
    members: scored.map(([member]) => member),
    scores: scored.map(([, score]) => Number(score!.replace('inf', 'Infinity'))),
  };
}

/** The members of a sorted set that is kept as a tree are written from the largest on. */
function byScore(value: unknown): unknown {
  if ((value as Plain | undefined)?.kind !== 'sorted-set') return value;
  const { members, scores } = value as { members: string[]; scores: number[] };
  const order = members.map((member, i) => ({ member, score: scores[i]! }));
  order.sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1));
  return {
    kind: 'sorted-set',
    members: order.map(({ member }) => member),
    scores: order.map(({ score }) => score),
  };
}

async function fillCollections(client: Client): Promise<void> {
  for (const [size, count] of [
    ['small', 5],
    ['large', 700],
  ] as const) {
    const words = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? `${i * 1000 - 1500}` : `word:${i}`));
    await client.command('RPUSH', `list:${size}`, ...words);
    await client.command('SADD', `set:${size}`, ...words);
    await client.command('SADD', `numbers:${size}`, ...words.map((_, i) => i * 1_000_000_007));
    await client.command('HSET', `hash:${size}`, ...words.flatMap((word, i) => [word, i * -77_777]));
    const scores = ['-inf', '0.1', '3', '1e100', 'inf'];
    await client.command('ZADD', `zset:${size}`, ...words.flatMap((word, i) => [scores[i] ?? i / 8, word]));
  }
  await client.command('RPUSH', 'list:long', 'x'.repeat(20_000), 'y', 'z'.repeat(100_000));
  await client.command('HSET', 'hash:long', 'f', 'v'.repeat(5000), 'g', '\0\xff');
  await client.command('ZADD', 'zset:long', 1, 'm'.repeat(200));
}

async function fillStream(client: Client): Promise<void> {
  for (let i = 1; i <= 300; i++) {
    await client.command('XADD', 'stream', `${1000 + (i >> 2)}-${i}`, 'n', i, ...(i % 7 ? [] : ['odd', 'x']));
  }
  await client.command('XDEL', 'stream', '1025-100', '1025-102', '1000-1');
  await client.command('XGROUP', 'CREATE', 'stream', 'group', '0');
  await client.command('XREADGROUP', 'GROUP', 'group', 'alice', 'COUNT', 3, 'STREAMS', 'stream', '>');
  await client.command('XREADGROUP', 'GROUP', 'group', 'bob', 'COUNT', 2, 'STREAMS', 'stream', '>');
  await client.command('XACK', 'stream', 'group', '1000-3');
  await client.command('XADD', 'emptied', '5-1', 'a', 'b');
  await client.command('XDEL', 'emptied', '5-1');
}

async function startAfresh(): Promise<void> {
  await closeServers();
  rmSync(file, { force: true });
}

afterAll(() => rmSync(directory, { recursive: true }));

describeWithRedis('Files of a real Redis', () => {
  afterEach(startAfresh);

  test('strings, their expiries, databases and functions are read', async () => {
    const client = await redis();
    await client.command('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() end)");
    const strings: Record<string, string> = { empty: '', binary: '\0\xff\r\n', '123': '-7', long: '' };
    strings.long = 'shardis '.repeat(20_000);
    for (const number of ['127', '-129', '40000', '2147483648', '9223372036854775807', '007', '1.5']) {
      strings[`n${number}`] = number;
    }
    for (const [key, value] of Object.entries(strings)) await client.command('SET', key, value);
    await client.command('SET', 'expires', 'v', 'PXAT', 4102444800123);
    await client.command('SELECT', 7);
    await client.command('SET', 'elsewhere', 'w');
    const contents = await saved(client);
    expect(contents.aux['redis-ver']).toMatch(/^7\./);
    expect(contents.functions).toEqual([expect.stringContaining('#!lua name=lib')]);
    const expected = [
      ...Object.entries(strings).map(([key, value]) => ({ db: 0, key, value })),
      { db: 0, key: 'expires', value: 'v', expiresAt: 4102444800123 },
      { db: 7, key: 'elsewhere', value: 'w' },
    ];
    const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
    expect(contents.entries.sort(byKey)).toEqual(expected.sort(byKey));
  });

  test.each([
    ['as they come', []],
    ['all in their large encodings', ['--set-max-intset-entries', '0', '--hash-max-listpack-entries', '0']],
    ['without compression', ['--rdbcompression', 'no', '--zset-max-listpack-entries', '0']],
  ])('collections are read, %s', async (_, args) => {
    const client = await redis(...args);
    await fillCollections(client);
    const { entries } = await saved(client);
    expect(entries).toHaveLength(13);
    for (const { key, value } of entries) {
      const ours = byScore(sorted(value));
      expect(ours, key).toEqual(byScore(await told(client, key)));
    }
  });

  test('streams are read with their groups', async () => {
    const client = await redis();
    await fillStream(client);
    const { entries } = await saved(client);
    const stream = entries.find(({ key }) => key === 'stream')!.value as Plain & {
      entries: { id: string; fields: string[] }[];
      groups: (Plain & { pending: Plain[]; consumers: Plain[] })[];
    };
    const range = (await client.command('XRANGE', 'stream', '-', '+')) as [string, Reply[]][];
    expect(stream.entries.map(({ id, fields }) => [id, fields])).toEqual(range);
    expect(stream).toMatchObject({ lastId: '1075-300', maxDeletedId: '1025-102', entriesAdded: 300 });
    expect(stream.groups).toHaveLength(1);
    const [group] = stream.groups;
    expect(group).toMatchObject({ name: 'group', lastDelivered: '1001-6' });
    expect(group!.pending.map(({ id }) => id)).toEqual(['1000-2', '1001-4', '1001-5', '1001-6']);
    expect(group!.pending.every(({ deliveries }) => deliveries === 1)).toBe(true);
    expect(group!.consumers).toMatchObject([
      { name: 'alice', pending: ['1000-2', '1001-4'] },
      { name: 'bob', pending: ['1001-5', '1001-6'] },
    ]);
    const emptied = entries.find(({ key }) => key === 'emptied')!.value;
    expect(emptied).toMatchObject({ entries: [], lastId: '5-1', maxDeletedId: '5-1', entriesAdded: 1 });
  });

  test('how much entries were used is read, under both kinds of policy', async () => {
    const client = await redis('--maxmemory-policy', 'allkeys-lfu');
    await client.command('SET', 'k', 'v');
    for (let i = 0; i < 10; i++) await client.command('GET', 'k');
    const [used] = (await saved(client)).entries;
    expect(used!.frequency).toBe(await client.command('OBJECT', 'FREQ', 'k'));
    await client.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const payload = Buffer.from((await client.command('DUMP', 'k')) as string, 'latin1');
    await client.command('RESTORE', 'idle', 0, payload, 'IDLETIME', 1000);
    const idle = (await saved(client)).entries.find(({ key }) => key === 'idle');
    expect(idle!.idle).toBeGreaterThanOrEqual(1000);
    expect(idle!.idle).toBeLessThan(1100);
  });
});

describeWithRedis('Files of ours', () => {
  afterEach(startAfresh);

  test.each([[false], [true]])('are loaded by a real Redis (compressed: %s)', async (compress) => {
    const random = new Random(compress ? 1 : 2);
    const parts: Buffer[] = [];
    const writer = new RdbWriter((bytes, start, end) => parts.push(Buffer.from(bytes.slice(start, end))), {
      compress,
    });
    writer.begin({
      redisVersion: '7.2.4',
      createdAtSeconds: Date.now() / 1000,
      usedMemoryBytes: 1e6,
      extra: { 'shardis-sequence': '12345678' },
    });
    writer.functionLibrary(Buffer.from("#!lua name=lib\nredis.register_function('f', function() end)"));
    const values = new Map<string, { value: Buffer; expiresAt: number }>();
    writer.selectDatabase(3);
    writer.resizeHint(10_001, 2500);
    for (let i = 0; i < 10_000; i++) {
      const key = `key:${i}`;
      const kinds = [
        () => random.bytes(random.below(200)),
        () => Buffer.from(String(random.between(-2_000_000_000, 2_000_000_000))),
        () => Buffer.alloc(random.below(i % 100 === 0 ? 100_000 : 300), 'abcabd'),
        () => Buffer.from(`00${random.below(100)}`),
      ];
      const value = random.pick(kinds)();
      const expiresAt = i % 4 === 0 ? 4102444800000 + i : -1;
      const name = Buffer.from(key);
      if (i % 3 === 0) writer.idle(i);
      writer.entry(name, 0, name.length, value, 0, value.length, expiresAt);
      values.set(key, { value, expiresAt });
    }
    const big = random.bytes(300_000);
    writer.beginEntry(Buffer.from('big'), 0, 3, big.length, -1);
    for (let at = 0; at < big.length; at += 7000) {
      writer.writeValuePart(big, at, Math.min(at + 7000, big.length));
    }
    writer.end();
    writeFileSync(file, Buffer.concat(parts));

    const client = await redis();
    expect(await client.command('SELECT', 3)).toBe('OK');
    expect(await client.command('DBSIZE')).toBe(10_001);
    expect(await client.command('GET', 'big')).toBe(big.toString('latin1'));
    const keys = [...values.keys()];
    const stored = (await client.command('MGET', ...keys)) as string[];
    keys.forEach((key, i) => {
      const value = values.get(key)!.value.toString('latin1');
      if (stored[i] !== value) expect(stored[i], key).toBe(value);
    });
    for (const key of keys.slice(0, 40)) {
      expect(await client.command('PEXPIRETIME', key), key).toBe(values.get(key)!.expiresAt);
    }
    expect(await client.command('FUNCTION', 'LIST')).toHaveLength(1);
  });
});

describeWithRedis('DUMP payloads', () => {
  let theirs: Client;
  let ours: Client;
  beforeAll(async () => {
    const [a, b] = await Promise.all([startRedis(), startServer({ shards: 2 })]);
    servers.push(a, b);
    theirs = await a.client();
    ours = await b.client();
  });
  afterAll(closeServers);

  const VALUES = ['', 'text', '12', '-129', '70000', '2147483648', '0012', '\0\xff', 'ab'.repeat(5000)];

  test.each(VALUES.map((value) => [value.slice(0, 12), value]))('of %j go both ways', async (_, value) => {
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      await from.command('SET', 'source', value);
      await to.command('DEL', 'copy');
      const payload = Buffer.from((await from.command('DUMP', 'source')) as string, 'latin1');
      expect(await to.command('RESTORE', 'copy', 0, payload)).toBe('OK');
      expect(await to.command('GET', 'copy')).toBe(value);
    }
  });

  const LISTS = {
    short: ['a', '', '1', '-70000', '9223372036854775807', '007'],
    long: Array.from({ length: 3000 }, (_, i) => `element number ${i}`),
    large: ['x'.repeat(20_000), 'y', 'ab'.repeat(60_000), '5'],
    'around the forms of elements': [
      63, 64, 126, 127, 128, 4095, 4096, 16_375, 16_376, 16_377, 16_378, 16_379,
    ].map((length) => 'e'.repeat(length)),
  };

  test.each(Object.entries(LISTS))('of lists go both ways: %s', async (_, elements) => {
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      await from.command('DEL', 'source');
      await from.command('RPUSH', 'source', ...elements);
      await to.command('DEL', 'copy');
      const payload = Buffer.from((await from.command('DUMP', 'source')) as string, 'latin1');
      expect(await to.command('RESTORE', 'copy', 0, payload)).toBe('OK');
      expect(await to.command('LRANGE', 'copy', 0, -1)).toEqual(elements);
      expect(await to.command('RPOP', 'copy')).toBe(elements.at(-1));
    }
  });

  const SORTED_SETS = {
    'a small one': [
      ['-inf', 'a'],
      ['-1.5', ''],
      ['0.25', '007'],
      ['3', '12'],
      ['1e100', 'x'.repeat(64)],
      ['inf', '\0\xff'],
    ],
    'one with a long member': [
      ['1', 'ab'.repeat(60_000)],
      ['2', 'b'],
    ],
    'many members': Array.from({ length: 3000 }, (_, i) => [String(i / 8), `member:${i}`]),
  };

  test.each(Object.entries(SORTED_SETS))('of sorted sets go both ways: %s', async (_, pairs) => {
    const words = pairs.flatMap(([score, member]) => [score!, Buffer.from(member!, 'latin1')]);
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      await from.command('DEL', 'source');
      await from.command('ZADD', 'source', ...words);
      await to.command('DEL', 'copy');
      const payload = Buffer.from((await from.command('DUMP', 'source')) as string, 'latin1');
      expect(await to.command('RESTORE', 'copy', 0, payload)).toBe('OK');
      expect(await to.command('ZRANGE', 'copy', 0, -1)).toEqual(pairs.map(([, member]) => member));
      const scores = (await to.command(
        'ZMSCORE',
        'copy',
        ...words.filter((_, i) => i % 2 === 1),
      )) as string[];
      expect(scores.map((text) => text.replace('inf', 'Infinity')).map(Number)).toEqual(
        pairs.map(([score]) => Number(score!.replace('inf', 'Infinity'))),
      );
      expect(await to.command('OBJECT', 'ENCODING', 'copy')).toBe(
        await from.command('OBJECT', 'ENCODING', 'source'),
      );
      // The same bytes, where nothing is compressed: in the same order, and with the same forms of integers.
      if (from === theirs && payload.length < 1000)
        expect(await to.command('DUMP', 'copy')).toBe(payload.toString('latin1'));
    }
  });

  const HASHES = {
    'a small one': { a: '1', '': 'empty', b: '', '-7': '9223372036854775807', long: 'x'.repeat(64) },
    'one with a long value': { a: 'ab'.repeat(60_000), b: '2' },
    'many fields': Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`field:${i}`, `value:${i}`])),
  };

  test.each(Object.entries(HASHES))('of hashes go both ways: %s', async (_, fields) => {
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      await from.command('DEL', 'source');
      await from.command('HSET', 'source', ...Object.entries(fields).flat());
      await to.command('DEL', 'copy');
      const payload = Buffer.from((await from.command('DUMP', 'source')) as string, 'latin1');
      expect(await to.command('RESTORE', 'copy', 0, payload)).toBe('OK');
      const found = (await to.command('HGETALL', 'copy')) as string[];
      expect(found.sort()).toEqual(Object.entries(fields).flat().sort());
      expect(await to.command('OBJECT', 'ENCODING', 'copy')).toBe(
        await from.command('OBJECT', 'ENCODING', 'source'),
      );
      expect(await to.command('HDEL', 'copy', 'a', 'field:1')).toBe(1);
    }
  });

  test('of hashes whose fields expire are what Redis 7.4 writes, and the older one refuses them', async () => {
    await ours.command('DEL', 'source');
    await ours.command('HSET', 'source', 'a', '1', 'b', '2', 'c', '3');
    await ours.command('HPEXPIREAT', 'source', 4_000_000_000_000, 'FIELDS', 1, 'a');
    await ours.command('HPEXPIREAT', 'source', 4_000_000_000_005, 'FIELDS', 1, 'b');
    const payload = Buffer.from((await ours.command('DUMP', 'source')) as string, 'latin1');
    const first = Buffer.alloc(8);
    first.writeBigInt64LE(4_000_000_000_000n);
    const fields = Buffer.from('\x03\x01\x01a\xc0\x01\x06\x01b\xc0\x02\x00\x01c\xc0\x03', 'latin1');
    expect(payload.subarray(0, -10)).toEqual(Buffer.concat([Buffer.from([24]), first, fields]));
    await expect(theirs.command('RESTORE', 'copy', 0, payload, 'REPLACE')).resolves.toMatchObject({
      message: 'ERR Bad data format',
    });
    expect(await ours.command('RESTORE', 'copy', 0, payload, 'REPLACE')).toBe('OK');
    expect(await ours.command('HPEXPIRETIME', 'copy', 'FIELDS', 3, 'a', 'b', 'c')).toEqual([
      4_000_000_000_000, 4_000_000_000_005, -1,
    ]);
  });

  test('of streams go both ways, with their groups', async () => {
    const state = async (client: Client) => {
      const all = (await client.command('XINFO', 'STREAM', 'stream', 'FULL', 'COUNT', 0)) as unknown[];
      const group = (all.at(-1) as unknown[][])[0]!;
      const consumers = (group.at(-1) as unknown[][]).map((each) => [each[1], each[3], each.at(-1)]);
      return [all.filter((_, i) => i < 14 && i !== 3 && i !== 5), all[15], group.slice(0, 12), consumers];
    };
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      await from.command('FLUSHALL');
      await to.command('FLUSHALL');
      await fillStream(from);
      await from.command('XADD', 'stream', '18446744073709551615-9007199254740993', 'wide', 'id');
      for (const key of ['stream', 'emptied']) {
        const payload = Buffer.from((await from.command('DUMP', key)) as string, 'latin1');
        expect(await to.command('RESTORE', key, 0, payload)).toBe('OK');
      }
      expect(await state(to)).toEqual(await state(from));
      expect(await to.command('XADD', 'emptied', '5-*', 'a', 'b')).toBe('5-2');
      expect(await to.command('XDEL', 'stream', '1000-2')).toBe(1);
    }
  });

  const SETS = {
    'of small integers': ['1', '-5', '300'],
    'of integers of 32 bits': ['1', '-70000', '300'],
    'of integers of 64 bits': ['1', '9223372036854775807', '-9223372036854775808'],
    'of few members': ['a', '', '1', '-70000', '007', '9223372036854775808'],
    'of many members': Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? `${i * 1000}` : `member ${i}`)),
    'of long members': ['x'.repeat(20_000), 'y', 'ab'.repeat(60_000), '5', 'z'.repeat(1100)],
  };

  test.each(Object.entries(SETS))('of sets go both ways: %s', async (_, members) => {
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      await from.command('DEL', 'source');
      await from.command('SADD', 'source', ...members);
      await to.command('DEL', 'copy');
      const payload = Buffer.from((await from.command('DUMP', 'source')) as string, 'latin1');
      expect(await to.command('RESTORE', 'copy', 0, payload)).toBe('OK');
      const found = (await to.command('SMEMBERS', 'copy')) as string[];
      expect(found.sort()).toEqual([...members].sort());
      expect(await to.command('SADD', 'copy', 'one more')).toBe(1);
    }
  });

  test('of collections that are damaged are refused', async () => {
    await theirs.command('SADD', 'set', 'a', 'b');
    const payload = Buffer.from((await theirs.command('DUMP', 'set')) as string, 'latin1');
    payload[2]! ^= 1;
    await expect(ours.command('RESTORE', 'set', 0, payload)).resolves.toMatchObject({
      message: 'ERR DUMP payload version or checksum are wrong',
    });
    expect(await ours.command('EXISTS', 'set')).toBe(0);
  });
});
