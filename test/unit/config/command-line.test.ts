import { describe, expect, test } from 'vitest';
import { optionNames, rowOf } from '../../../src/config/options.ts';
import { failure, load, run } from './loading.ts';

describe('the command line', () => {
  test('without arguments every option has its default', () => {
    const { config, ignored, configFile } = run({});
    expect(config.get('port')).toBe(6379);
    expect(config.get('bind')).toEqual(['127.0.0.1']);
    expect(config.get('shards')).toBeGreaterThanOrEqual(1);
    expect(config.get('proto-max-bulk-len')).toBe(512 * 1024 * 1024);
    expect(config.get('direct-reads')).toBe(true);
    expect(ignored).toEqual([]);
    expect(configFile).toBeUndefined();
  });

  test('flags set options, in any case, with = or without, and the last one counts', () => {
    const { config } = run({
      argv: ['--PORT', '7000', '--maxclients=5', '--lane-size', '1mb', '--port', '7001'],
    });
    expect(config.get('port')).toBe(7001);
    expect(config.get('maxclients')).toBe(5);
    expect(config.get('lane-size')).toBe(1024 * 1024);
  });

  test('a boolean flag alone means yes', () => {
    expect(
      run({ argv: ['--direct-reads', '--port', '1'], env: { SHARDIS_DIRECT_READS: 'no' } }).config.get(
        'direct-reads',
      ),
    ).toBe(true);
    expect(run({ argv: ['--direct-reads', 'no'] }).config.get('direct-reads')).toBe(false);
    expect(run({ argv: ['--direct-reads', 'YES'] }).config.get('direct-reads')).toBe(true);
  });

  test('a list takes all words up to the next flag, also ones that begin with a dash', () => {
    const { config } = run({ argv: ['--bind', '127.0.0.1', '-::1', '--port', '1'] });
    expect(config.get('bind')).toEqual(['127.0.0.1', '-::1']);
    expect(config.get('port')).toBe(1);
    expect(run({ argv: ['--bind', '127.0.0.1 ::1'] }).config.get('bind')).toEqual(['127.0.0.1', '::1']);
    expect(run({ argv: ['--bind', ''] }).config.get('bind')).toEqual([]);
    expect(run({ argv: ['--bind', 'a', '--bind', 'b'] }).config.get('bind')).toEqual(['b']);
  });

  test('output limits of several flags add up, class by class', () => {
    const argv = [
      '--client-output-buffer-limit',
      'normal 1kb 2 3',
      '--client-output-buffer-limit',
      'pubsub',
      '4',
      '5',
      '6',
    ];
    expect(run({ argv }).config.get('client-output-buffer-limit')).toEqual({
      normal: { hardBytes: 1024, softBytes: 2, softSeconds: 3 },
      replica: { hardBytes: 268435456, softBytes: 67108864, softSeconds: 60 },
      pubsub: { hardBytes: 4, softBytes: 5, softSeconds: 6 },
    });
  });

  test('a value may be empty or look like a flag', () => {
    expect(run({ argv: ['--requirepass', '--secret'] }).config.get('requirepass')).toBe('--secret');
    expect(run({ argv: ['--logfile', '', '--save', ''] }).config.get('logfile')).toBe('');
  });

  test('a positional argument is the config file, before or after flags', () => {
    const files = { 'a.conf': 'maxclients 7' };
    expect(run({ argv: ['a.conf', '--port', '1'], files }).config.get('maxclients')).toBe(7);
    expect(run({ argv: ['--port', '1', 'a.conf'], files }).config.get('maxclients')).toBe(7);
    expect(run({ argv: ['a.conf'], files }).configFile).toMatch(/^\/.*\/a\.conf$/);
    expect(failure({ argv: ['a.conf', 'b.conf'], files })).toBe(
      'expected at most one config file, got "a.conf" "b.conf"',
    );
  });

  test('an unknown flag is one line that names close ones', () => {
    expect(failure({ argv: ['--prot', '1'] })).toBe(
      '--prot: no such option (did you mean --port or --proto-max-bulk-len or --protected-mode?); see shardis --help',
    );
    expect(failure({ argv: ['--zzzzzz'] })).toBe('--zzzzzz: no such option; see shardis --help');
    expect(failure({ argv: ['-p', '1'] })).toBe(
      '-p: no such option (did you mean --port or --proto-max-bulk-len or --protected-mode?); see shardis --help',
    );
  });

  test('a bad value is one line that says what was expected', () => {
    expect(failure({ argv: ['--port', 'abc'] })).toBe(
      '--port: expected an integer from 0 to 65535, got "abc"',
    );
    expect(failure({ argv: ['--port', '-1'] })).toBe('--port: expected an integer from 0 to 65535, got "-1"');
    expect(failure({ argv: ['--port'] })).toBe('--port: expected a value');
    expect(failure({ argv: ['--bind'] })).toBe('--bind: expected a value');
    expect(failure({ argv: ['--direct-reads', 'a\nb'] })).toBe(
      '--direct-reads: expected yes or no, got "a\\nb"',
    );
    expect(failure({ argv: ['--loglevel', 'loud'] })).toBe(
      '--loglevel: expected one of debug, verbose, notice, warning, nothing, got "loud"',
    );
    expect(failure({ argv: ['--lane-size', '100kb'] })).toBe(
      '--lane-size: expected a power of two from 64kb to 64mb, such as 64kb, got "100kb"',
    );
    expect(failure({ argv: ['--proto-max-bulk-len', '1kb'] })).toBe(
      '--proto-max-bulk-len: expected a size of at least 1mb, such as 1mb, got "1kb"',
    );
    expect(failure({ argv: ['--unixsocketperm', '888'] })).toBe(
      '--unixsocketperm: expected an octal number from 0 to 777, got "888"',
    );
  });

  test("any of Redis's directives is taken as a flag and noted", () => {
    const { config, ignored } = run({
      argv: [
        '--bgsave-cpulist',
        '100mb',
        '--no-appendfsync-on-rewrite',
        'yes',
        '--daemonize',
        '--bgsave-cpulist',
        '1',
        '--port',
        '1',
      ],
    });
    expect(config.get('port')).toBe(1);
    expect(ignored).toEqual([
      {
        name: 'bgsave-cpulist',
        message: '--bgsave-cpulist: not available in this version, ignored',
      },
      {
        name: 'no-appendfsync-on-rewrite',
        message: '--no-appendfsync-on-rewrite: has no effect in this version',
      },
      { name: 'daemonize', message: '--daemonize: shardis runs in the foreground, ignored "yes"' },
    ]);
  });

  test('says what is kept on disk', () => {
    const asked = run({ argv: ['--save', '60', '1', '--appendonly', 'yes', '--appendfsync', 'always'] });
    expect(asked.ignored).toEqual([]);
    expect(asked.config.get('save')).toEqual([{ seconds: 60, changes: 1 }]);
    expect(asked.config.get('appendonly')).toBe(true);
    expect(asked.config.get('appendfsync')).toBe('always');
    expect(run({ argv: ['--save', '60', '1', '--save', ''] }).config.get('save')).toEqual([]);
    expect(failure({ argv: ['--save', 'often'] })).toBe(
      '--save: expected pairs of seconds and changes, such as 3600 1 300 100, or "" for none, got "often"',
    );
    expect(failure({ argv: ['--appendonly', 'maybe'] })).toBe(
      '--appendonly: expected yes or no, got "maybe"',
    );
    expect(failure({ argv: ['--dbfilename', 'a/b'] })).toBe(
      '--dbfilename: expected a file name without a path, got "a/b"',
    );
  });

  test('--version and --help print and end without an error', () => {
    expect(load({ argv: ['--version'] })).toEqual({ kind: 'exit', code: 0, output: 'shardis 1.2.3\n' });
    expect(load({ argv: ['-v'] })).toMatchObject({ code: 0 });
    const help = load({ argv: ['--help'] });
    expect(help).toMatchObject({ kind: 'exit', code: 0 });
    const { output } = help as { output: string };
    for (const name of optionNames) expect(output.includes(`--${name} `)).toBe(!rowOf(name).isInert);
    expect(output).toContain('[config-file]');
    expect(output).toContain('SHARDIS_TCP_BACKLOG');
  });
});

describe('the environment', () => {
  test('a variable sets the option of its name', () => {
    const env = {
      SHARDIS_TCP_BACKLOG: '10',
      SHARDIS_BIND: '127.0.0.1 ::1',
      SHARDIS_REQUIREPASS: 'a b',
      PATH: '/bin',
    };
    const { config } = run({ env });
    expect(config.get('tcp-backlog')).toBe(10);
    expect(config.get('bind')).toEqual(['127.0.0.1', '::1']);
    expect(config.get('requirepass')).toBe('a b');
  });

  test('mistakes are one line that names the variable', () => {
    expect(failure({ env: { SHARDIS_PROT: '1' } })).toBe(
      'SHARDIS_PROT: no such option (did you mean SHARDIS_PORT or SHARDIS_PROTO_MAX_BULK_LEN or SHARDIS_PROTECTED_MODE?)',
    );
    expect(failure({ env: { SHARDIS_PORT: 'x' } })).toBe(
      'SHARDIS_PORT: expected an integer from 0 to 65535, got "x"',
    );
  });

  test("a variable for one of Redis's other directives is noted", () => {
    expect(run({ env: { SHARDIS_BGSAVE_CPULIST: 'KEA' } }).ignored).toEqual([
      {
        name: 'bgsave-cpulist',
        message: 'SHARDIS_BGSAVE_CPULIST: not available in this version, ignored',
      },
    ]);
  });

  test('what Kubernetes says about a service named shardis is no setting', () => {
    const env = {
      SHARDIS_SERVICE_HOST: '10.0.0.1',
      SHARDIS_SERVICE_PORT: '6379',
      SHARDIS_SERVICE_PORT_REDIS: '6379',
      SHARDIS_PORT: 'tcp://10.0.0.1:6379',
      SHARDIS_PORT_6379_TCP: 'tcp://10.0.0.1:6379',
      SHARDIS_PORT_6379_TCP_PROTO: 'tcp',
      SHARDIS_PORT_6379_TCP_PORT: '6379',
      SHARDIS_PORT_6379_TCP_ADDR: '10.0.0.1',
    };
    expect(run({ env }).config.get('port')).toBe(6379);
  });

  test('a flag beats the environment, which beats the config file, which beats the default', () => {
    const files = { f: 'timeout 1\nmaxclients 1\nport 1' };
    const { config } = run({
      argv: ['f', '--timeout', '3'],
      env: { SHARDIS_TIMEOUT: '2', SHARDIS_MAXCLIENTS: '2' },
      files,
    });
    expect(config.get('timeout')).toBe(3);
    expect(config.get('maxclients')).toBe(2);
    expect(config.get('port')).toBe(1);
    expect(config.get('databases')).toBe(16);
  });
});
