/** What `shardis cli` prints is what redis-cli prints, byte by byte. */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { mainScript } from '../support/paths.ts';
import { describeWithPeer, requirePeer, startRedis } from '../support/server.ts';

/** Lines that print the same each time they are run after one another from an empty server. */
const LINES = String.raw`
flushall
ping
set k "a\x00\xffb\n\"q\\ é"
get k
strlen k
get missing
incr n
3 incr n
rpush l a b c d e f g h i j k
lrange l 0 -1
lrange l 5 2
sadd s x
smembers s
zadd z 1.5 a 2 b
zscore z a
zrange z 0 -1 withscores
hset h f1 v1 f2 "v 2"
hgetall h
hgetall missing
mget k missing
eval "return {1,{2,{3,'x'},'y'},false,{},{ok='fine'},{err='ERR bad'},{{{1}}}}" 0
config get maxmemory*
command info get
command getkeysandflags set a b
object encoding k
nosuch a b
get
lpush k x
multi
set a 1
incr k
exec
discard
select 3
dbsize
select 0
geoadd g 13.361389 38.115556 p
geopos g p missing
xadd x 1-1 f v
xrange x - +
info replication
memory doctor
debug protocol double
debug protocol true
debug protocol false
debug protocol set
debug protocol map
debug protocol array
debug protocol null
debug protocol string
debug protocol integer
debug protocol verbatim
echo ""
set "unclosed
client getname
type k
`;

interface Printed {
  readonly code: number | null;
  /** latin1 */
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], input: string): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const { REDISCLI_AUTH: _, ...env } = process.env;
    const child = spawn(program, args, { env, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('latin1');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('latin1');
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

describeWithPeer('redis-cli', 'beside redis-cli', () => {
  test.each([
    [[]],
    [['--no-raw']],
    [['--csv']],
    [['-3']],
    [['-3', '--no-raw']],
    [['-3', '--csv']],
    [['--json']],
    [['-2', '--json']],
    [['-d', ';', '-D', '|']],
  ])('with %j lines are answered alike', async (flags) => {
    const redis = await startRedis(['--enable-debug-command', 'yes']);
    try {
      const args = ['-p', String(redis.port), ...flags];
      const theirs = await run('redis-cli', args, LINES);
      expect(theirs.stdout.length).toBeGreaterThan(1000);
      expect(await run(process.execPath, [mainScript, 'cli', ...args], LINES)).toEqual(theirs);
    } finally {
      await redis.close();
    }
  });

  test.each([
    [['get', 'k'], ''],
    [['--no-raw', 'get', 'k'], ''],
    [['-e', 'nosuch'], ''],
    [['nosuch'], ''],
    [['-x', 'echo'], 'a\nb\n'],
    [['-r', '2', '-n', '3', 'echo', 'again'], ''],
    [['--scan', '--pattern', 'k*'], ''],
    [['-a', 'wrong', 'ping'], ''],
    [['--pipe'], 'set k 1\nnosuch\n*1\r\n$4\r\nPING\r\n'],
    [['--pipe'], 'set k 1'],
  ])('%j is answered alike', async (words, input) => {
    const redis = await startRedis();
    try {
      const args = ['-p', String(redis.port), ...words];
      await run('redis-cli', ['-p', String(redis.port), 'set', 'k', 'v'], '');
      const theirs = await run('redis-cli', args, input);
      expect(await run(process.execPath, [mainScript, 'cli', ...args], input)).toEqual(theirs);
    } finally {
      await redis.close();
    }
  });

  test('a connection that fails is told alike', async (context) => {
    requirePeer(context);
    const args = ['-s', '/nonexistent', 'ping'];
    const theirs = await run('redis-cli', args, '');
    expect(await run(process.execPath, [mainScript, 'cli', ...args], '')).toEqual(theirs);
  });
});
