/** COMMAND and its subcommands. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CommandTable } from '../../src/commands/table.ts';
import { forEachShardCount } from '../support/both.ts';
import { type Client, type Reply, ReplyError } from '../support/client.ts';
import { describeWithRedis, type RunningServer, startRedis, startServer } from '../support/server.ts';

const table = new CommandTable();

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer({ shards });
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    client = await server.client();
  });
  afterEach(() => client.destroy());

  test('COMMAND COUNT counts what COMMAND and COMMAND INFO list', async () => {
    const count = await client.command('COMMAND', 'COUNT');
    expect(count).toBe(table.top.length);
    const all = (await client.command('COMMAND')) as Reply[][];
    expect(all).toHaveLength(Number(count));
    expect(all.map((info) => info[0])).toContain('get');
    expect(await client.command('COMMAND', 'INFO')).toEqual(all);
  });

  test('COMMAND INFO describes a command in ten elements, and null for one that does not exist', async () => {
    await client.command('HELLO', 3);
    const [get, nothing, sub] = (await client.command(
      'COMMAND',
      'INFO',
      'GET',
      'foo',
      'config|GET',
    )) as Reply[][];
    expect(get).toEqual([
      'get',
      2,
      new Set(['readonly', 'fast']),
      1,
      1,
      1,
      new Set(['@read', '@string', '@fast']),
      new Set(),
      new Set([
        new Map<Reply, Reply>([
          ['flags', new Set(['RO', 'access'])],
          [
            'begin_search',
            new Map<Reply, Reply>([
              ['type', 'index'],
              ['spec', new Map([['index', 1]])],
            ]),
          ],
          [
            'find_keys',
            new Map<Reply, Reply>([
              ['type', 'range'],
              [
                'spec',
                new Map([
                  ['lastkey', 0],
                  ['keystep', 1],
                  ['limit', 0],
                ]),
              ],
            ]),
          ],
        ]),
      ]),
      new Set(),
    ]);
    expect(nothing).toBe(null);
    expect(sub![0]).toBe('config|get');
  });

  test('COMMAND INFO of a container lists its subcommands', async () => {
    const [client_] = (await client.command('COMMAND', 'INFO', 'client')) as Reply[][];
    const names = (client_![9] as Reply[][]).map((info) => info[0]);
    expect(names).toEqual(expect.arrayContaining(['client|kill', 'client|help']));
  });

  test('COMMAND DOCS documents the named commands as maps and leaves out those that do not exist', async () => {
    await client.command('HELLO', 3);
    const docs = (await client.command('COMMAND', 'DOCS', 'SET', 'foo', 'getset')) as Map<
      string,
      Map<string, Reply>
    >;
    expect([...docs.keys()]).toEqual(['set', 'getset']);
    expect([...docs.get('set')!.keys()]).toEqual([
      ...['summary', 'since', 'group', 'complexity', 'history', 'arguments'],
    ]);
    expect(docs.get('getset')!.get('doc_flags')).toEqual(new Set(['deprecated']));
    const all = (await client.command('COMMAND', 'DOCS')) as Map<string, Map<string, Reply>>;
    expect(all.size).toBe(table.top.length);
    expect([...(all.get('config')!.get('subcommands') as Map<string, Reply>).keys()]).toContain('config|get');
  });

  test('COMMAND DOCS is a flat list in RESP2', async () => {
    const docs = (await client.command('COMMAND', 'DOCS', 'get')) as Reply[];
    expect(docs[0]).toBe('get');
    expect((docs[1] as Reply[]).slice(2, 6)).toEqual(['since', '1.0.0', 'group', 'string']);
  });

  test('COMMAND LIST lists all names or those that pass the filter', async () => {
    const all = (await client.command('COMMAND', 'LIST')) as string[];
    const shown = table.all.filter(({ container }) => !container?.readsOwnWords);
    expect(new Set(all)).toEqual(new Set(shown.map(({ fullName }) => fullName)));
    expect(await client.command('COMMAND', 'LIST', 'FILTERBY', 'MODULE', 'x')).toEqual([]);
    expect(await client.command('COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'nothing')).toEqual([]);
    const connection = await client.command('COMMAND', 'LIST', 'filterby', 'aclcat', 'CONNECTION');
    expect(connection).toEqual(expect.arrayContaining(['ping', 'client|id', 'command|docs']));
    expect(connection).not.toContain('get');
    const named = await client.command('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'CONFIG|*');
    expect(new Set(named as string[])).toEqual(
      new Set(['config|get', 'config|set', 'config|resetstat', 'config|rewrite', 'config|help']),
    );
  });

  test.each([
    [['foo']],
    [['FILTERBY']],
    [['FILTERBY', 'foo', 'bar']],
    [['FILTERBY', 'ACLCAT']],
    [['FILTERBY', 'ACLCAT', 'read', 'x']],
  ])('COMMAND LIST %j is a syntax error', async (words) => {
    expect(await client.command('COMMAND', 'LIST', ...words)).toEqual(new ReplyError('ERR syntax error'));
  });

  test.each([
    [['GET', 'a'], ['a']],
    [
      ['mset', 'a', '1', 'b', '2'],
      ['a', 'b'],
    ],
    [
      ['DEL', 'a', 'a', 'b'],
      ['a', 'a', 'b'],
    ],
    [['debug', 'object', 'k'], ['k']],
  ])('COMMAND GETKEYS %j finds %j', async (words, keys) => {
    expect(await client.command('COMMAND', 'GETKEYS', ...words)).toEqual(keys);
  });

  test.each([
    [['foo', 'x'], 'ERR Invalid command specified'],
    [['client', 'foo'], 'ERR Invalid command specified'],
    [['config|get', 'x'], 'ERR Invalid command specified'],
    [['PING', 'x'], 'ERR The command has no key arguments'],
    [['config', 'get', 'x'], 'ERR The command has no key arguments'],
    [['GET', 'a', 'b'], 'ERR Invalid number of arguments specified for command'],
    [['GET'], 'ERR Invalid number of arguments specified for command'],
    [[], "ERR wrong number of arguments for 'command|getkeys' command"],
  ])('COMMAND GETKEYS %j is an error', async (words, message) => {
    expect(await client.command('COMMAND', 'GETKEYS', ...words)).toEqual(new ReplyError(message));
  });

  test('COMMAND GETKEYSANDFLAGS tells what is done to each key', async () => {
    expect(await client.command('COMMAND', 'GETKEYSANDFLAGS', 'MSET', 'a', 1, 'b', 2)).toEqual([
      ['a', ['OW', 'update']],
      ['b', ['OW', 'update']],
    ]);
    expect(await client.command('COMMAND', 'GETKEYSANDFLAGS', 'PING', 'x')).toEqual(
      new ReplyError('ERR The command has no key arguments'),
    );
  });

  test('COMMAND HELP lists the subcommands and what COMMAND alone does', async () => {
    const lines = (await client.command('COMMAND', 'HELP')) as string[];
    expect(lines[0]).toBe('COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(lines[1]).toBe('(no subcommand)');
    expect(lines).toEqual(expect.arrayContaining(['COUNT', 'INFO [<command-name> [<command-name> ...]]']));
  });

  test('COMMAND with an unknown subcommand or too many words is an error', async () => {
    expect(await client.command('COMMAND', 'foo')).toEqual(
      new ReplyError("ERR unknown subcommand 'foo'. Try COMMAND HELP."),
    );
    expect(await client.command('COMMAND', 'COUNT', 'x')).toEqual(
      new ReplyError("ERR wrong number of arguments for 'command|count' command"),
    );
  });
});

describeWithRedis('beside the real Redis', () => {
  let servers: RunningServer[];
  let ours: Client;
  let redis: Client;
  beforeAll(async () => {
    servers = await Promise.all([startServer({ shards: 1 }), startRedis()]);
    ours = await servers[0]!.client({ exact: true });
    redis = await servers[1]!.client({ exact: true });
    await ours.command('HELLO', 3);
    await redis.command('HELLO', 3);
  });
  afterAll(async () => {
    ours?.destroy();
    redis?.destroy();
    await Promise.all(servers?.map((server) => server.close()) ?? []);
  });

  /** Those that Redis 7.0 lacks, or describes otherwise than 7.2. */
  const DIFFERENT = [
    ...['client|no-touch', 'client|setinfo', 'client|setname', 'command|getkeys', 'command|getkeysandflags'],
    ...[
      'randomkey',
      'scan',
      'keys',
      'msetnx',
      'wait',
      'waitaof',
      'latency|reset',
      'config|resetstat',
      'config|rewrite',
    ],
    ...['blpop', 'brpop', 'blmove', 'brpoplpush', 'bzpopmin', 'bzpopmax', 'zrank', 'zrevrank'],
    ...['cluster|myshardid', 'cluster|shards', 'cluster|slots', 'acl|deluser', 'acl|save', 'acl|setuser'],
  ];
  const same = table.all.filter(
    ({ fullName, since, container }) =>
      since !== 'shardis' &&
      !since.startsWith('7.4') &&
      !container?.readsOwnWords &&
      !DIFFERENT.includes(fullName),
  );

  test.each(same)(
    'COMMAND INFO $fullName is the same to the byte, subcommands left out',
    async ({ fullName }) => {
      const [mine] = (await ours.command('COMMAND', 'INFO', fullName)) as Reply[][];
      const [theirs] = (await redis.command('COMMAND', 'INFO', fullName)) as Reply[][];
      expect(mine!.slice(0, 9)).toEqual(theirs!.slice(0, 9));
      expect(mine).toHaveLength(theirs!.length);
    },
  );

  describe('COMMAND DOCS has the same structure', () => {
    /** The keys of a map, and of the maps in its lists; texts and what 7.2 added are left out. */
    function shape(reply: Reply): unknown {
      if (Array.isArray(reply)) return reply.map(shape);
      if (typeof reply !== 'object' || reply === null || !('items' in reply)) return typeof reply;
      const { type, items } = reply;
      if (type !== 'map') return { type, items: items.map(shape) };
      const pairs: unknown[] = [];
      for (let i = 0; i < items.length; i += 2) {
        if (items[i] !== '$display_text') pairs.push([items[i], shape(items[i + 1]!)]);
      }
      return { type, pairs };
    }

    test.each(['get', 'set', 'mset', 'getset', 'getex', 'expire', 'ping', 'auth', 'time'])(
      'for %s',
      async (name) => {
        const mine = shape(await ours.command('COMMAND', 'DOCS', name));
        expect(mine).toEqual(shape(await redis.command('COMMAND', 'DOCS', name)));
      },
    );
  });
});
