/** What people look at a server with: the modes of redis-cli, redis-benchmark's own list, and Python's client. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { Client } from '../support/client.ts';
import { converse, runProgram, runUntil } from '../support/programs.ts';
import { describeWithPeer, type RunningServer, startServer } from '../support/server.ts';

const KEYS = 500;
const LONGEST = 'k:longest';

forEachShardCount([1, 3], (shards) => {
  let server: RunningServer | undefined;
  beforeAll(async () => {
    server = await startServer({ shards });
    const client = await Client.connect(server.port);
    for (let i = 0; i < KEYS; i++) await client.command('SET', `k:${i}`, 'v'.repeat(i % 50));
    await client.command('SET', LONGEST, 'x'.repeat(100_000));
    client.destroy();
  });
  afterAll(async () => {
    if (server !== undefined) expect((await server.close()).code).toBe(0);
  });
  const port = () => String(server!.port);

  describeWithPeer('redis-cli', 'redis-cli', () => redisCliModes(port));
  describeWithPeer('redis-benchmark', 'redis-benchmark', () => benchmarkList(port));
  describe('python3-redis', () => pythonClient(port));
});

function redisCliModes(port: () => string): void {
  const cli = (...args: string[]) => runProgram('redis-cli', ['-p', port(), ...args]);

  test('--bigkeys finds the longest string', async () => {
    const { code, output } = await cli('--bigkeys');
    expect(output).toMatch(/Biggest string found ["']+k:longest["']+ has 100000 bytes/);
    expect(output).toContain(`Sampled ${KEYS + 1} keys`);
    expect(code).toBe(0);
  });

  test('--memkeys finds what takes most memory', async () => {
    const { code, output } = await cli('--memkeys');
    expect(output).toMatch(/Biggest string found ["']+k:longest["']+ has 1\d{5} bytes/);
    expect(code).toBe(0);
  });

  test('--scan with a pattern lists every key once', async () => {
    const { output } = await cli('--scan', '--pattern', 'k:1*');
    const found = output.trim().split('\n');
    expect(found.length).toBe(111);
    expect(new Set(found).size).toBe(111);
  });

  test('--latency measures', async () => {
    // Without a terminal it prints one line of figures and ends.
    const { output } = await cli('--latency', '-i', '0.2', '--raw');
    expect(output).toMatch(/^\d+ \d+ \d+\.\d+ \d+/);
  });

  test('--stat prints a line of figures again and again', async () => {
    const { output } = await runUntil('redis-cli', ['-p', port(), '--stat', '-i', '0.02'], /(\n\d+ .*){3}/);
    expect(output).toContain('------- data ------');
    expect(output).toMatch(new RegExp(`\\n${KEYS + 1} `));
  });

  test('commands typed on a terminal are answered', async () => {
    const lines = ['set tty 1', 'incr tty', 'object encoding tty', 'client getname', 'del tty', 'quit'];
    const { output } = await converse(`redis-cli -p ${port()}`, /:\d+> [^a-z]*$/, lines);
    expect(output).toContain('(integer) 2');
    expect(output).toContain('"int"');
    expect(output).toContain('(nil)');
  });
}

function benchmarkList(port: () => string): void {
  test('every test of its default list that needs strings alone runs to its end', async () => {
    const args = ['-p', port(), '-q', '-n', '2000', '-t', 'ping_inline,ping_mbulk,set,get,incr,mset'];
    const { code, output } = await runProgram('redis-benchmark', args);
    expect(output).not.toMatch(/error/i);
    for (const name of ['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR', 'MSET (10 keys)']) {
      expect(output).toContain(`${name}: `);
    }
    expect(code).toBe(0);
  });
}

/** Debian's package is for Debian's own Python. */
const PYTHON = '/usr/bin/python3';

const PYTHON_SESSION = `
import sys, redis
r = redis.Redis(port=int(sys.argv[1]))
assert r.ping()
assert r.set('py', b'\\x00\\xff', ex=100) and r.get('py') == b'\\x00\\xff'
assert 0 < r.ttl('py') <= 100
p = r.pipeline(transaction=False)
for i in range(1000): p.set('py:%d' % i, i).incr('py:%d' % i)
out = p.execute()
assert out[1::2] == list(range(1, 1001)), out[:4]
assert len(list(r.scan_iter('py:*', count=50))) == 1000
assert r.mget('py:0', 'none') == [b'1', None]
assert r.setbit('bits', 7, 1) == 0 and r.bitcount('bits') == 1
assert r.rename('bits', 'bits2') and r.exists('bits') == 0
assert r.bitfield('bf').set('u8', 0, 255).incrby('u8', 0, 10).execute() == [0, 9]
assert r.client_setname('snake') and r.client_getname() == 'snake'
assert any(c['name'] == 'snake' for c in r.client_list())
assert r.config_get('maxclients')['maxclients'] == '10000'
assert r.info('server')['redis_mode'] == 'standalone'
assert r.slowlog_len() >= 0 and r.memory_usage('py') > 0
assert r.acl_whoami() == 'default' and r.acl_list()[0].startswith('user default on')
try:
    r.incr('py')
    assert False
except redis.ResponseError as error:
    assert 'not an integer' in str(error)
r.delete('py', 'bits2', 'bf', *['py:%d' % i for i in range(1000)])
print('all well')
`;

async function hasPythonClient(): Promise<boolean> {
  try {
    return (await runProgram(PYTHON, ['-c', 'import redis'])).code === 0;
  } catch {
    return false;
  }
}

function pythonClient(port: () => string): void {
  test('strings, pipelines, bitmaps and what it asks about the server', async (context) => {
    if (!(await hasPythonClient())) {
      if (process.env.REQUIRE_PEERS === '1')
        throw new Error('python3-redis is not installed, and REQUIRE_PEERS=1');
      context.skip('python3-redis is not installed');
    }
    const { code, output } = await runProgram(PYTHON, ['-c', PYTHON_SESSION, port()]);
    expect(output).toBe('all well\n');
    expect(code).toBe(0);
  });
}
