import { describe, expect, test } from 'vitest';
import { type CliOptions, parseOptions } from '../../../src/cli/options.ts';

function parse(line: string, env: Record<string, string> = {}): CliOptions {
  const parsed = parseOptions(line === '' ? [] : line.split(' '), env);
  if (parsed.kind === 'exit') throw new Error(parsed.text);
  return parsed.options;
}

describe('the command line', () => {
  test('talks to the local server by default', () => {
    const options = parse('');
    expect(options.target).toEqual({ host: '127.0.0.1', port: 6379, db: 0 });
    expect(options).toMatchObject({
      mode: 'command',
      command: [],
      repeat: 1,
      intervalMs: 0,
      protocol: undefined,
    });
    expect(options.format).toBeUndefined();
  });

  test('says where the server is and who asks', () => {
    expect(parse('-h ::1 -p 7777 -n 3 --user me -a secret').target).toEqual({
      ...{ host: '::1', port: 7777, db: 3, user: 'me', password: 'secret' },
    });
    expect(parse('-s /tmp/sock').target.socket).toBe('/tmp/sock');
    expect(parse('-p7777').target.port).toBe(7777);
  });

  test('takes a URI, which other flags add to', () => {
    expect(parse('-u redis://me:p%40ss@example.com:7000/4').target).toEqual({
      ...{ host: 'example.com', port: 7000, db: 4, user: 'me', password: 'p@ss' },
    });
    expect(parse('-u redis://example.com -n 2').target).toEqual({ host: 'example.com', port: 6379, db: 2 });
    expect(parse('-u rediss://example.com --cacert ca.pem').target.tls).toEqual({ cacert: 'ca.pem' });
  });

  test('takes the password from the environment when it is not given', () => {
    expect(parse('', { REDISCLI_AUTH: 'hidden' }).target.password).toBe('hidden');
    expect(parse('-a given', { REDISCLI_AUTH: 'hidden' }).target.password).toBe('given');
  });

  test('warns about a password that others can see', () => {
    expect(parse('-a x').warnings).toHaveLength(1);
    expect(parse('-a x --no-auth-warning').warnings).toEqual([]);
    expect(parse('', { REDISCLI_AUTH: 'x' }).warnings).toEqual([]);
  });

  test('leaves what follows the command alone', () => {
    expect(parse('-p 1 set -a -5 --raw').command).toEqual(['set', '-a', '-5', '--raw']);
    expect(parse('-p 1 set -a -5 --raw').format).toBeUndefined();
  });

  test.each([
    ['--raw', { format: 'raw' }],
    ['--no-raw', { format: 'standard' }],
    ['--csv', { format: 'csv' }],
    ['--json', { format: 'json', protocol: 'best' }],
    ['--json -2', { format: 'json', protocol: 2 }],
    ['-3', { protocol: 3 }],
    ['-r -1 -i 0.5', { repeat: -1, intervalMs: 500 }],
    ['-x -e', { lastWordFromInput: true, errorsFail: true }],
    ['--pipe', { mode: 'pipe', pipeTimeoutMs: 30_000 }],
    [
      '--scan --pattern a* --count 5 --type set',
      { mode: 'scan', scan: { pattern: 'a*', count: '5', type: 'set' } },
    ],
  ])('%s', (line, options) => {
    expect(parse(line)).toMatchObject(options);
  });

  test.each([
    ['--nosuch', "shardis cli: unknown option '--nosuch'; see shardis cli --help\n"],
    ['-p x', /^shardis cli: option '-p <port>' argument 'x' is invalid/],
    ['-p', /^shardis cli: option '-p <port>' argument missing/],
    ['-u http://a', /^shardis cli: Invalid URI/],
    ['-u redis://%@a', /^shardis cli: Illegal character/],
    ['-i soon', /Expected a number of seconds/],
  ])('%s is a mistake that is told in one line', (line, text) => {
    const parsed = parseOptions(line.split(' '), {});
    expect(parsed).toMatchObject({ kind: 'exit', code: 1, text: expect.stringMatching(text) });
    expect((parsed as { text: string }).text.trimEnd()).not.toContain('\n');
  });

  test.each(['--help', '-h'])('%s explains', (line) => {
    expect(parseOptions([line], {})).toMatchObject({
      kind: 'exit',
      code: 0,
      text: expect.stringContaining('--pipe-timeout'),
    });
  });
});
