import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { createConfig, type Options } from '../../../src/config/load.ts';
import { type OptionName, optionAliases, optionNames, options, rowOf } from '../../../src/config/options.ts';
import { optionsTable } from '../../../src/config/options-table.ts';
import { redisDirectives } from '../../../src/config/redis-directives.ts';
import { repositoryRoot } from '../../support/paths.ts';

function value(config: Config, name: string): string | undefined {
  return config.matching([name])[0]?.[1];
}

function refusal(name: string, text: string): string | undefined {
  return createConfig().set([[name, text]]);
}

function failed(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}

describe('CONFIG GET', () => {
  test('prints values as Redis does', () => {
    const config = createConfig({ bind: ['127.0.0.1', '::1'], unixsocketperm: 0o700, shards: 3 });
    expect(Object.fromEntries(config.matching(['*']))).toMatchObject({
      port: '6379',
      bind: '127.0.0.1 ::1',
      unixsocket: '',
      unixsocketperm: '700',
      'proto-max-bulk-len': '536870912',
      'client-output-buffer-limit': 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
      shards: '3',
      'direct-reads': 'yes',
      save: '3600 1 300 100 60 10000',
      appendonly: 'yes',
      loglevel: 'notice',
      requirepass: '',
    });
    const shown = config.matching(['*']).map(([name]) => name);
    expect(shown.filter((name) => !optionAliases.has(name))).toEqual(
      optionNames.filter((name) => !rowOf(name).isHidden && !rowOf(name).isForStart),
    );
    expect(shown).toEqual(expect.arrayContaining([...optionAliases.keys()]));
  });

  test('takes several patterns in any case and names each option once', () => {
    const config = createConfig();
    expect(config.matching(['MAXC*', 'port', 'maxclients', 'po?t'])).toEqual([
      ['maxclients', '10000'],
      ['port', '6379'],
    ]);
    expect(config.matching(['maxc[l]ients'])).toEqual([['maxclients', '10000']]);
    expect(config.matching(['nothing', 'bgsave-cpulist', 'constructor'])).toEqual([]);
  });

  test('gives a name without wildcards back in the spelling of the question', () => {
    expect(createConfig().matching(['PORT'])).toEqual([['PORT', '6379']]);
  });
});

describe('CONFIG SET', () => {
  test('sets several options at once', () => {
    const config = createConfig();
    expect(
      config.set([
        ['MaxClients', '5'],
        ['proto-max-bulk-len', '2mb'],
        ['direct-reads', 'NO'],
        ['loglevel', 'DEBUG'],
      ]),
    ).toBeUndefined();
    expect(config.get('maxclients')).toBe(5);
    expect(config.get('proto-max-bulk-len')).toBe(2097152);
    expect(config.get('direct-reads')).toBe(false);
    expect(config.get('loglevel')).toBe('debug');
  });

  test.each([
    ['maxclients', 'abc', "argument couldn't be parsed into an integer"],
    ['maxclients', '', "argument couldn't be parsed into an integer"],
    ['maxclients', '٣', "argument couldn't be parsed into an integer"],
    ['maxclients', '\u0131', "argument couldn't be parsed into an integer"],
    ['maxclients', '99999999999999999999', "argument couldn't be parsed into an integer"],
    ['maxclients', '0', 'argument must be between 1 and 4294967295 inclusive'],
    ['maxclients', '-1', 'argument must be between 1 and 4294967295 inclusive'],
    ['timeout', '1mb', "argument couldn't be parsed into an integer"],
    ['timeout', ' 1', "argument couldn't be parsed into an integer"],
    ['timeout', '+1', "argument couldn't be parsed into an integer"],
    ['timeout', '007', "argument couldn't be parsed into an integer"],
    ['timeout', '99999999999', 'argument must be between 0 and 2147483647 inclusive'],
    ['timeout', '9223372036854775807', 'argument must be between 0 and 2147483647 inclusive'],
    ['active-expire-effort', '11', 'argument must be between 1 and 10 inclusive'],
    ['proto-max-bulk-len', '1', 'argument must be between 1048576 and 9223372036854775807 inclusive'],
    ['proto-max-bulk-len', '', 'argument must be between 1048576 and 9223372036854775807 inclusive'],
    [
      'proto-max-bulk-len',
      '9223372036854775808',
      'argument must be between 1048576 and 9223372036854775807 inclusive',
    ],
    [
      'proto-max-bulk-len',
      '100000000000gb',
      'argument must be between 1048576 and 9223372036854775807 inclusive',
    ],
    ['proto-max-bulk-len', 'abc', 'argument must be a memory value'],
    ['proto-max-bulk-len', '1.5gb', 'argument must be a memory value'],
    ['client-query-buffer-limit', '-1', 'argument must be a memory value'],
    ['direct-reads', 'maybe', "argument must be 'yes' or 'no'"],
    ['direct-reads', '', "argument must be 'yes' or 'no'"],
    ['loglevel', 'bla', 'argument(s) must be one of the following: debug, verbose, notice, warning, nothing'],
    ['databases', '3', "can't set immutable config"],
    ['enable-debug-command', 'yes', "can't set immutable config"],
    ['client-output-buffer-limit', 'normal 1 2', 'Wrong number of arguments in buffer limit configuration.'],
    [
      'client-output-buffer-limit',
      'foo 1 2 3',
      'Invalid client class specified in buffer limit configuration.',
    ],
    [
      'client-output-buffer-limit',
      'master 1 2 3',
      'Invalid client class specified in buffer limit configuration.',
    ],
    [
      'client-output-buffer-limit',
      'normal 1 x 3',
      'Error in hard, soft or soft_seconds setting in buffer limit configuration.',
    ],
    [
      'client-output-buffer-limit',
      'normal 1 2 -3',
      'Error in hard, soft or soft_seconds setting in buffer limit configuration.',
    ],
  ])('%s %j is refused in the words of Redis', (name, text, reason) => {
    expect(refusal(name, text)).toBe(failed(name, reason));
  });

  test('names the first option that does not exist, in the spelling of the client', () => {
    expect(refusal('foo', '1')).toBe("ERR Unknown option or number of arguments for CONFIG SET - 'foo'");
    expect(refusal('bgsave-cpulist', '1')).toBe(
      "ERR Unknown option or number of arguments for CONFIG SET - 'bgsave-cpulist'",
    );
    const pairs: [string, string][] = [
      ['timeout', 'abc'],
      ['Bar', '1'],
      ['databases', '1'],
    ];
    expect(createConfig().set(pairs)).toBe(
      "ERR Unknown option or number of arguments for CONFIG SET - 'Bar'",
    );
  });

  test('judges names before values, each in the order of the pairs', () => {
    const set = (...pairs: [string, string][]) => createConfig().set(pairs);
    expect(set(['timeout', 'abc'], ['databases', '3'])).toBe(
      failed('databases', "can't set immutable config"),
    );
    expect(set(['databases', '3'], ['foo', '1'])).toBe(failed('databases', "can't set immutable config"));
    expect(set(['timeout', 'abc'], ['TIMEOUT', '1'])).toBe(failed('TIMEOUT', 'duplicate parameter'));
    expect(set(['timeout', '1'], ['hz', 'abc'], ['maxclients', '0'])).toBe(
      failed('hz', "argument couldn't be parsed into an integer"),
    );
  });

  test('sets nothing when one of the pairs is wrong', () => {
    const config = createConfig();
    config.set([
      ['maxclients', '5'],
      ['timeout', 'abc'],
    ]);
    expect(config.get('maxclients')).toBe(10000);
  });

  test('moves hz into its range without a word', () => {
    const config = createConfig();
    expect(config.set([['hz', '0']])).toBeUndefined();
    expect(value(config, 'hz')).toBe('1');
    config.set([['hz', '501']]);
    expect(value(config, 'hz')).toBe('500');
  });

  test('changes only the classes of output limits that it names', () => {
    const config = createConfig();
    expect(config.set([['client-output-buffer-limit', 'replica 1mb 2mb 3 PUBSUB 1k 2k 3']])).toBeUndefined();
    expect(value(config, 'client-output-buffer-limit')).toBe(
      'normal 0 0 0 slave 1048576 2097152 3 pubsub 1000 2000 3',
    );
    expect(config.set([['client-output-buffer-limit', '']])).toBeUndefined();
    expect(config.get('client-output-buffer-limit').pubsub.softBytes).toBe(2000);
  });

  test('takes a size beyond what JavaScript counts to as no limit', () => {
    const config = createConfig();
    expect(config.set([['proto-max-bulk-len', '10000000gb']])).toBeUndefined();
    expect(config.get('proto-max-bulk-len')).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('a listener', () => {
  test('hears once of all the changes it asked for, with the new values in place', () => {
    const config = createConfig();
    const heard: unknown[] = [];
    config.onChange(['maxclients', 'timeout', 'hz'], (changed) => {
      heard.push([...changed, config.get('maxclients')]);
    });
    config.set([
      ['maxclients', '5'],
      ['loglevel', 'debug'],
      ['timeout', '7'],
    ]);
    expect(heard).toEqual([['maxclients', 'timeout', 5]]);
  });

  test('does not hear of a value that stays the same, nor after it has left', () => {
    const config = createConfig();
    let calls = 0;
    const leave = config.onChange('maxclients', () => {
      calls++;
    });
    config.set([['maxclients', '10000']]);
    expect(calls).toBe(0);
    config.set([['maxclients', '1']]);
    leave();
    leave();
    config.set([['maxclients', '2']]);
    expect(calls).toBe(1);
  });

  test('can refuse, and then everything is as before for everybody', () => {
    const config = createConfig();
    const seen: number[] = [];
    const shards: string[] = [];
    config.onChange('timeout', () => {
      seen.push(config.get('timeout'));
    });
    config.onChange(['hz', 'maxclients'], () => 'The operating system has too few file descriptors');
    config.onChange('loglevel', () => {
      seen.push(-1);
    });
    config.onShardChange((name) => shards.push(name));
    const answer = config.set([
      ['timeout', '9'],
      ['maxclients', '99'],
      ['loglevel', 'debug'],
      ['active-expire-effort', '2'],
    ]);
    expect(answer).toBe(failed('maxclients', 'The operating system has too few file descriptors'));
    expect(config.get('timeout')).toBe(0);
    expect(config.get('maxclients')).toBe(10000);
    expect(config.get('loglevel')).toBe('notice');
    expect(seen).toEqual([9, 0]);
    expect(shards).toEqual([]);
  });

  test('for the shards hears of their options only', () => {
    const config = createConfig();
    const heard: unknown[] = [];
    const leave = config.onShardChange((name, value) => heard.push([name, value]));
    config.set([
      ['hz', '20'],
      ['timeout', '1'],
      ['active-expire-effort', '10'],
    ]);
    leave();
    config.set([['hz', '30']]);
    expect(heard).toEqual([
      ['hz', 20],
      ['active-expire-effort', 10],
    ]);
  });
});

describe('CONFIG SET that takes time', () => {
  /** A preparer of `names` that notes what happens, and refuses what `refuses` says. */
  function prepare(config: Config, names: readonly OptionName[], seen: string[], refuses = () => false) {
    config.onPrepare(names, async (changed, proposed) => {
      seen.push(`prepare ${changed.map((name) => `${name}=${String(proposed(name))}`).join(' ')}`);
      await new Promise((resolve) => setImmediate(resolve));
      if (refuses()) return { option: changed[0]!, reason: 'not now' };
      return {
        commit: () => seen.push(`commit ${names[0]}=${config.text(names[0]!)}`),
        abort: async () => {
          seen.push(`abort ${names[0]}=${config.text(names[0]!)}`);
        },
      };
    });
  }

  test('puts the values in place when all is ready', async () => {
    const config = createConfig();
    const seen: string[] = [];
    prepare(config, ['port', 'bind'], seen);
    config.onChange('maxclients', () => void seen.push('told'));
    const answer = config.apply([
      ['port', '7000'],
      ['maxclients', '5'],
    ]);
    expect(answer).toBeInstanceOf(Promise);
    expect(config.get('port')).toBe(6379);
    expect(await answer).toBeUndefined();
    expect([config.get('port'), config.get('maxclients')]).toEqual([7000, 5]);
    expect(seen).toEqual(['prepare port=7000', 'told', 'commit port=7000']);
  });

  test('answers at once when nothing of it needs time', () => {
    const config = createConfig();
    prepare(config, ['port'], []);
    expect(config.apply([['timeout', '7']])).toBeUndefined();
    expect(config.apply([['port', '6379']])).toBeUndefined();
    expect(config.apply([['port', 'x']])).toBe(failed('port', "argument couldn't be parsed into an integer"));
    expect(config.get('timeout')).toBe(7);
  });

  test('changes nothing when a preparer or a listener refuses', async () => {
    const config = createConfig();
    const seen: string[] = [];
    let isRefused = true;
    prepare(config, ['port'], seen);
    prepare(config, ['bind'], seen, () => isRefused);
    config.onChange('timeout', () => 'no timeouts here');
    const pairs = [
      ['port', '7000'],
      ['bind', '::1'],
    ] as const;
    expect(await config.apply(pairs)).toBe(failed('bind', 'not now'));
    isRefused = false;
    expect(await config.apply([...pairs, ['timeout', '1']])).toBe(failed('timeout', 'no timeouts here'));
    expect(seen).toEqual([
      ...['prepare port=7000', 'prepare bind=::1', 'abort port=6379'],
      ...['prepare port=7000', 'prepare bind=::1', 'abort bind=127.0.0.1', 'abort port=6379'],
    ]);
    expect(config.text('port')).toBe('6379');
  });

  test('holds up those that come in the meantime, in their order', async () => {
    const config = createConfig();
    const seen: string[] = [];
    prepare(config, ['port'], seen);
    const answers = [
      config.apply([['port', '1']]),
      config.apply([['timeout', '1']]),
      config.apply([['nothing', '1']]),
      config.apply([['port', '2']]),
    ];
    expect(config.get('timeout')).toBe(0);
    expect(await Promise.all(answers)).toEqual([
      undefined,
      undefined,
      "ERR Unknown option or number of arguments for CONFIG SET - 'nothing'",
      undefined,
    ]);
    expect(seen).toEqual(['prepare port=1', 'commit port=1', 'prepare port=2', 'commit port=2']);
    expect(config.apply([['timeout', '2']])).toBeUndefined();
    expect(config.get('timeout')).toBe(2);
  });

  test('takes the name of a file that may have changed as a change', async () => {
    const config = createConfig();
    const seen: string[] = [];
    prepare(config, ['tls-cert-file'], seen);
    const set = () => config.apply([['tls-cert-file', 'a.crt']]);
    expect([await set(), await set()]).toEqual([undefined, undefined]);
    expect(seen.filter((event) => event.startsWith('commit'))).toHaveLength(2);
  });
});

describe('the config of shards', () => {
  test('is plain data with the options that they use', () => {
    const forShards = createConfig({ databases: 4 }).forShards();
    expect(structuredClone(forShards)).toEqual({
      ...{ appendfsync: 'everysec', 'aof-load-truncated': true, 'wal-segment-size': 67108864 },
      ...{ rdbchecksum: true, rdbcompression: true, 'notify-keyspace-events': '' },
      ...{ 'proto-max-bulk-len': 536870912, databases: 4, 'lane-size': 524288 },
      ...{ hz: 10, 'active-expire-effort': 1 },
      ...{ 'maxmemory-policy': 'noeviction', 'maxmemory-samples': 5 },
      ...{ 'lfu-log-factor': 10, 'lfu-decay-time': 1 },
      ...{ 'slowlog-log-slower-than': 10000, 'latency-monitor-threshold': 0, 'latency-tracking': true },
      ...{ 'list-max-listpack-size': -2, 'hll-sparse-max-bytes': 3000 },
      ...{ 'hash-max-listpack-entries': 512, 'hash-max-listpack-value': 64 },
      ...{ 'set-max-intset-entries': 512, 'set-max-listpack-entries': 128, 'set-max-listpack-value': 64 },
      ...{ 'zset-max-listpack-entries': 128, 'zset-max-listpack-value': 64 },
      ...{ 'stream-node-max-bytes': 4096, 'stream-node-max-entries': 100 },
    });
    expectTypeOf(forShards.hz).toEqualTypeOf<number>();
    expectTypeOf(forShards).not.toHaveProperty('port');
  });
});

describe('the embeddable API', () => {
  test('takes typed options', () => {
    const config = createConfig({
      port: 0,
      bind: ['::1'],
      'lane-size': '1mb',
      'proto-max-bulk-len': 2 ** 21,
      'direct-reads': false,
      'enable-debug-command': 'local',
      requirepass: 'a "b" c',
      unixsocketperm: 0o770,
      timeout: undefined,
      'client-output-buffer-limit': { normal: { hardBytes: 1, softBytes: 2, softSeconds: 3 } },
    });
    expect(config.get('port')).toBe(0);
    expect(config.get('bind')).toEqual(['::1']);
    expect(config.get('lane-size')).toBe(2 ** 20);
    expect(config.get('direct-reads')).toBe(false);
    expect(config.get('requirepass')).toBe('a "b" c');
    expect(config.get('unixsocketperm')).toBe(0o770);
    expect(config.get('timeout')).toBe(0);
    expect(config.text('client-output-buffer-limit')).toMatch(/^normal 1 2 3 slave 268435456 /);
    expect(createConfig({ bind: [] }).get('bind')).toEqual([]);
  });

  test.each<[unknown, string]>([
    [{ port: 70000 }, 'port: expected an integer from 0 to 65535, got "70000"'],
    [{ port: 1.5 }, 'port: expected an integer from 0 to 65535, got "1.5"'],
    [{ port: null }, 'port: expected an integer from 0 to 65535, got "null"'],
    [{ bind: 7 }, 'bind: a value of the wrong type'],
    [{ requirepass: 7 }, 'requirepass: a value of the wrong type'],
    [
      { 'client-output-buffer-limit': { normal: null } },
      'client-output-buffer-limit: a value of the wrong type',
    ],
    [{ prot: 1 }, 'prot: no such option (did you mean port or proto-max-bulk-len or protected-mode?)'],
    [{ toString: 1 }, 'toString: no such option'],
    [{ 'direct-reads': 1 }, 'direct-reads: expected yes or no, got "1"'],
    [{ daemonize: true }, 'daemonize: shardis runs in the foreground'],
  ])('%j is refused in one line', (wrong, message) => {
    expect(() => createConfig(wrong as Options)).toThrow(new Error(message));
  });

  test('has the type of each option', () => {
    const config = createConfig();
    expectTypeOf(config.get('maxclients')).toEqualTypeOf<number>();
    expectTypeOf(config.get('direct-reads')).toEqualTypeOf<boolean>();
    expectTypeOf(config.get('bind')).toEqualTypeOf<readonly string[]>();
    expectTypeOf(config.get('enable-debug-command')).toEqualTypeOf<'no' | 'yes' | 'local'>();
    expectTypeOf<Options['lane-size']>().toEqualTypeOf<number | string | undefined>();
  });
});

describe('the table of options', () => {
  test('has a line for each option with an effect in the README, and the names of the others', () => {
    const lines = optionsTable().trimEnd().split('\n');
    expect(lines.pop()).toMatch(/^`replicaof`, .*`list-compress-depth`, .*\.$/);
    expect(lines.splice(-2)).toEqual(['', expect.stringContaining('without effect')]);
    expect(lines).toHaveLength(optionNames.filter((name) => !rowOf(name).isInert).length + 2);
    expect(lines[0]).toBe('| option | default | changeable at run time | what it does |');
    expect(lines).toContain(
      '| `shards` | cores less one | no | worker threads, each of which owns a part of the keys |',
    );
    expect(lines).toContain('| `maxclients` | `10000` | yes | connections at the same time |');
    expect(lines).toContain(
      '| `client-query-buffer-limit` | `1gb` | yes | close a client whose unfinished command is larger |',
    );
    for (const line of lines) expect(line.replaceAll('\\|', '').split('|')).toHaveLength(6);
  });

  test.each(optionNames)('%s has a default that its own kind accepts', (name: OptionName) => {
    const config = createConfig();
    const { kind, help } = options[name];
    const parsed = (kind.parse as (words: readonly string[], current: unknown) => unknown)(
      [config.text(name)],
      config.get(name),
    );
    expect(parsed).toEqual({ value: config.get(name) });
    expect(help).toMatch(/^[^\n]{5,100}$/);
  });

  test('has each option in one of its files only, and no option has the other name of another', async () => {
    const folder = join(repositoryRoot, 'src/config/table');
    const names: string[] = [];
    for (const file of readdirSync(folder)) {
      const module = (await import(join(folder, file))) as Record<string, object>;
      for (const rows of Object.values(module)) names.push(...Object.keys(rows));
    }
    expect(names.sort()).toEqual([...optionNames].sort());
    const aliases = optionNames.flatMap((name) => rowOf(name).aliases ?? []);
    expect(new Set([...aliases, ...optionNames]).size).toBe(aliases.length + optionNames.length);
  });

  test("only shardis's own options are unknown to Redis", () => {
    const own = optionNames.filter((name) => !redisDirectives.has(name));
    expect(own).toEqual([
      'max-key-size',
      'max-value-size',
      'rate-limit-ops',
      'rate-limit-burst',
      'rate-limit-user-ops',
      'rate-limit-user-burst',
      'rate-limit-mode',
      'shards',
      'virtual-nodes',
      'lane-size',
      'on-shard-crash',
      'direct-reads',
      'wal-segment-size',
      'allow-from',
    ]);
  });
});
