import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { wordsOf } from '../../../src/config/config-file.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { failure, run } from './loading.ts';

function fromFile(text: string) {
  return run({ argv: ['redis.conf'], files: { 'redis.conf': text } });
}

function failureOfFile(text: string): string {
  return failure({ argv: ['redis.conf'], files: { 'redis.conf': text } });
}

describe('a config file', () => {
  test('has comments, blank lines, directives in any case, and the last one counts', () => {
    const { config } = fromFile('# comment\n\n  \t\n  PORT 1  \r\n#port 2\nport 3\r\nMaxClients 4');
    expect(config.get('port')).toBe(3);
    expect(config.get('maxclients')).toBe(4);
  });

  test('may begin with a byte-order mark', () => {
    expect(fromFile('\uFEFFport 3').config.get('port')).toBe(3);
  });

  test('has several values on a line, or several in quotes', () => {
    expect(fromFile('bind 127.0.0.1 -::1').config.get('bind')).toEqual(['127.0.0.1', '-::1']);
    expect(fromFile('bind "127.0.0.1 -::1"').config.get('bind')).toEqual(['127.0.0.1', '-::1']);
    const limits = fromFile(
      'client-output-buffer-limit normal 1 2 3\nclient-output-buffer-limit slave 1mb 2mb 3 pubsub 0 0 0',
    ).config;
    expect(limits.text('client-output-buffer-limit')).toBe(
      'normal 1 2 3 slave 1048576 2097152 3 pubsub 0 0 0',
    );
  });

  test('includes other files at their place', () => {
    const files = {
      'redis.conf': 'port 1\ntimeout 1\ninclude more.conf\ntimeout 3',
      'more.conf': 'port 2\ntimeout 2\ninclude "even more.conf"',
      'even more.conf': 'maxclients 9',
    };
    const { config } = run({ argv: ['redis.conf'], files });
    expect(config.get('port')).toBe(2);
    expect(config.get('timeout')).toBe(3);
    expect(config.get('maxclients')).toBe(9);
  });

  test('that cannot be read is one line', () => {
    expect(failure({ argv: ['no.conf'] })).toBe('cannot read config file no.conf: no such file or directory');
    expect(failureOfFile('\ninclude no.conf')).toBe(
      'redis.conf:2: include: cannot read no.conf: no such file or directory',
    );
    expect(failureOfFile('include')).toBe('redis.conf:1: include: expected one path');
    expect(failureOfFile('include redis.conf')).toBe(
      'redis.conf:1: include: files include each other too deep',
    );
  });

  test('reports a mistake with the file and the line of it', () => {
    expect(failureOfFile('\n\nport abc')).toBe(
      'redis.conf:3: port: expected an integer from 0 to 65535, got "abc"',
    );
    expect(failureOfFile('port')).toBe(
      'redis.conf:1: port: expected an integer from 0 to 65535, got nothing',
    );
    expect(failureOfFile('port 1 2')).toBe(
      'redis.conf:1: port: expected an integer from 0 to 65535, got "1" "2"',
    );
    expect(failureOfFile('save "abc')).toBe('redis.conf:1: unbalanced quotes');
    expect(failureOfFile('prot 1')).toBe(
      'redis.conf:1: prot: no such option (did you mean port or proto-max-bulk-len or protected-mode?)',
    );
    expect(failureOfFile('client-output-buffer-limit normal 1 2')).toBe(
      'redis.conf:1: client-output-buffer-limit: expected groups of four, "normal|replica|pubsub <hard size> <soft size> <soft seconds>", got "normal" "1" "2"',
    );
    const files = { 'redis.conf': 'include more.conf', 'more.conf': '\nhz x' };
    expect(failure({ argv: ['redis.conf'], files })).toBe(
      'more.conf:2: hz: expected an integer from 0 to 2147483647, got "x"',
    );
  });

  test('never has its password repeated in a message', () => {
    expect(failureOfFile('requirepass correct horse')).toBe(
      'redis.conf:1: requirepass: expected one value (put quotes around spaces)',
    );
  });

  test('is standard input when it is named -', () => {
    const started = run({ argv: ['-', '--timeout', '2'], files: { '-': 'port 5\ntimeout 1' } });
    expect(started.config.get('port')).toBe(5);
    expect(started.config.get('timeout')).toBe(2);
    expect(started.configFile).toBeUndefined();
    expect(failure({ argv: ['-'], files: { '-': 'port x' } })).toBe(
      'stdin:1: port: expected an integer from 0 to 65535, got "x"',
    );
  });

  test("may have Redis's other directives, each of which is noted once", () => {
    const { config, ignored } = fromFile(
      'bgsave-cpulist 1gb\nport 1\nbgsave-cpulist 2gb\nloadmodule x.so\ndaemonize yes',
    );
    expect(config.get('port')).toBe(1);
    expect(ignored).toEqual([
      {
        name: 'bgsave-cpulist',
        file: 'redis.conf',
        line: 1,
        message: 'redis.conf:1: bgsave-cpulist: not available in this version, ignored',
      },
      {
        name: 'loadmodule',
        file: 'redis.conf',
        line: 4,
        message: 'redis.conf:4: loadmodule: not available in this version, ignored',
      },
      {
        name: 'daemonize',
        file: 'redis.conf',
        line: 5,
        message: 'redis.conf:5: daemonize: shardis runs in the foreground, ignored "yes"',
      },
    ]);
  });

  test('may set what has no effect here, which is noted unless it is the default', () => {
    const { config, ignored } = fromFile(
      'list-compress-depth 0\nactive-defrag-max-scan-fields 64\nslave-read-only no\nreplica-serve-stale-data yes',
    );
    expect(config.get('active-defrag-max-scan-fields')).toBe(64);
    expect(config.get('replica-read-only')).toBe(false);
    expect(ignored.map(({ message }) => message)).toEqual([
      'redis.conf:2: active-defrag-max-scan-fields: has no effect in this version',
      'redis.conf:3: slave-read-only: has no effect in this version',
    ]);
    expect(fromFile('hz 20\nslave-read-only no\nreplica-read-only yes').ignored).toEqual([]);
  });

  test('renames commands, each line one more', () => {
    const { config } = fromFile('rename-command FLUSHALL ""\nrename-command config "my config"');
    expect(config.get('rename-command')).toEqual([
      ['FLUSHALL', ''],
      ['config', 'my config'],
    ]);
    expect(config.matching(['rename-command', 'rename*'])).toEqual([]);
    expect(failureOfFile('rename-command FLUSHALL')).toBe(
      'redis.conf:1: rename-command: expected pairs of a command and its new name, "" to take it away, got "FLUSHALL"',
    );
  });

  test('that asks for what cannot be had is no longer noted when a flag takes that back', () => {
    const files = { 'redis.conf': 'daemonize yes' };
    expect(run({ argv: ['redis.conf'], files }).ignored).toHaveLength(1);
    expect(run({ argv: ['redis.conf', '--daemonize', 'no'], files }).ignored).toEqual([]);
  });

  test('adds up its lines of save, the first of which replaces the defaults', () => {
    const saved = (text: string, ...argv: string[]) =>
      run({ argv: ['redis.conf', ...argv], files: { 'redis.conf': text } }).config.text('save');
    expect(saved('port 1')).toBe('3600 1 300 100 60 10000');
    expect(saved('Save 900 1\nport 1\nsave 300 10')).toBe('900 1 300 10');
    expect(saved('save 900 1 300 10\nsave "60 0"')).toBe('900 1 300 10 60 0');
    expect(saved('save 900 1\nsave ""')).toBe('');
    expect(saved('save ""\nsave 900 1')).toBe('900 1');
    expect(saved('save 900 1\nsave 300 10', '--save', '60', '5', '--save', '1 2')).toBe('60 5 1 2');
    expect(saved('save 900 1', '--save', '')).toBe('');
    expect(failureOfFile('save 900')).toBe(
      'redis.conf:1: save: expected pairs of seconds and changes, such as 3600 1 300 100, or "" for none, got "900"',
    );
  });

  test('is read from the disk', () => {
    const directory = mkdtempSync(join(tmpdir(), 'shardis-config-'));
    try {
      const path = join(directory, 'shardis.conf');
      writeFileSync(path, 'requirepass "pässword"\n');
      const loaded = loadConfig({ argv: [path], env: {}, version: '1' });
      expect(loaded.kind === 'run' && loaded.config.get('requirepass')).toBe('pässword');
      expect(loaded).toMatchObject({ configFile: path });
      expect(loadConfig({ argv: [directory], env: {}, version: '1' })).toMatchObject({
        code: 1,
        output: `shardis: cannot read config file ${directory}: illegal operation on a directory\n`,
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test.skipIf(!existsSync('/etc/redis/redis.conf'))(
    'of a Redis that is installed here starts shardis too',
    () => {
      let text: string;
      try {
        text = readFileSync('/etc/redis/redis.conf', 'utf8');
      } catch {
        return; // Debian lets only root and redis read it.
      }
      const { ignored } = fromFile(text);
      expect(ignored.map(({ name }) => name)).toContain('daemonize');
    },
  );
});

describe('the words of a line', () => {
  test.each([
    ['a  b\tc ', ['a', 'b', 'c']],
    ['a ""', ['a', '']],
    ["a ''", ['a', '']],
    [`"a b" 'c d'`, ['a b', 'c d']],
    [String.raw`"\n\r\t\a\b\\\"\q"`, ['\n\r\t\x07\b\\"q']],
    [String.raw`"\x41\x4a\xzz"`, ['AJxzz']],
    [String.raw`"\xc3\xa4"`, ['ä']],
    [String.raw`'\n\'"'`, [String.raw`\n'"`]],
    ['pre"fix d"', ['prefix d']],
    ['ä "ö"', ['ä', 'ö']],
  ])('%j is %j', (line, words) => {
    expect(wordsOf(line)).toEqual(words);
  });

  test.each(['"a', "'a", '"a"b', "'a'b", String.raw`"a\"`, String.raw`'a\'`])('%j is unbalanced', (line) => {
    expect(wordsOf(line)).toBeUndefined();
  });
});
